import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.config.capacity import CapacitySection
from forecasting.errors import SettingsError
from forecasting.planning.capacity.ceilings import (
    ceilings,
    circuits_needed,
    heavy_ceilings,
    improvement,
)
from forecasting.planning.queues.erlang_b import erlang_b

LINK = CapacitySection(peak_stream="link_peak", threshold=0.7)
TRUNK = CapacitySection(peak_stream="trunk_peak", grade=0.01, heavy_grade=0.1)


def test_a_link_is_full_at_a_share_of_its_capacity():
    assert ceilings(np.array([10_000.0, 400.0]), LINK) == pytest.approx([7_000, 280])


def test_a_trunk_group_is_full_at_the_load_of_its_grade():
    circuits = np.array([1, 15, 20, 200])
    assert ceilings(circuits, TRUNK) == pytest.approx([0.01010101, 8.108043, 12.03061, 179.7380], rel=1e-6)
    assert heavy_ceilings(circuits, TRUNK) == pytest.approx([0.1111111, 12.48379, 17.61316, 214.3226], rel=1e-6)


def test_parts_of_a_circuit_carry_nothing():
    assert (ceilings(np.array([15.9, 0.5, 100 * 1.15]), TRUNK) == ceilings(np.array([15, 0, 115]), TRUNK)).all()
    assert (heavy_ceilings(np.array([15.9, 100 * 1.15]), TRUNK) == heavy_ceilings(np.array([15, 115]), TRUNK)).all()


def test_circuits_meet_both_rules_of_the_recommendation():
    assert circuits_needed(8.1, 8.1) == 15
    assert circuits_needed(8.11, 8.11) == 16, "15 carry 8.108 at 1%"
    heavy = circuits_needed(8.1, 15.0)
    assert erlang_b(15.0, heavy) <= 0.07 < erlang_b(15.0, heavy - 1)
    assert heavy > 15
    assert circuits_needed([12.03, 8.1], [0.0, 9.0], grade=0.01).tolist() == [20, 15]


def test_one_more_circuit_carries_what_it_no_longer_blocks():
    assert improvement(10, 16) == pytest.approx(10 * (0.022301872 - 0.012948875), rel=1e-6)
    assert improvement([1, 1], [0, 1]) == pytest.approx([1 / 2, 3 / 10], rel=1e-13)
    assert improvement(0, 3) == 0


@given(st.floats(0.01, 500), st.integers(0, 500))
def test_a_circuit_never_improves_more_than_the_one_before(load, circuits):
    first, second = improvement(load, [circuits, circuits + 1])
    assert -1e-12 * load <= second <= first + 1e-12 * load
    assert first <= 1


def test_missing_circuits_are_named():
    with pytest.raises(SettingsError, match="circuits: expected a whole number >= 0, found nan at position 1"):
        ceilings(np.array([15, np.nan]), TRUNK)
