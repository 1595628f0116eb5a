import numpy as np
import pytest

from forecasting.config.capacity import CapacitySection
from forecasting.errors import SettingsError
from forecasting.planning.capacity.ceilings import (
    ceilings,
    heavy_ceilings,
)

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


def test_missing_circuits_are_named():
    with pytest.raises(SettingsError, match="circuits: expected a whole number >= 0, found nan at position 1"):
        ceilings(np.array([15, np.nan]), TRUNK)
