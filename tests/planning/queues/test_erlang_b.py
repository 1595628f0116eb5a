import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import SettingsError
from forecasting.planning.queues.erlang_b import circuits_for, erlang_b, load_for

BLOCKING = [0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1]
TABLE = {
    1: [0.001001001, 0.005025126, 0.01010101, 0.02040816, 0.03092784, 0.05263158, 0.1111111],
    2: [0.04575593, 0.1054019, 0.1525933, 0.2234668, 0.2815515, 0.3813157, 0.5954332],
    5: [0.7621147, 1.132036, 1.360787, 1.657143, 1.875206, 2.218472, 2.881079],
    10: [3.092045, 3.960665, 4.461177, 5.084005, 5.529418, 6.215707, 7.510582],
    15: [6.077182, 7.375542, 8.108043, 9.009622, 9.649987, 10.63272, 12.48379],
    20: [9.411453, 11.09162, 12.03061, 13.18154, 13.99742, 15.24926, 17.61316],
    30: [16.68386, 19.03389, 20.33729, 21.93157, 23.06228, 24.80181, 28.11261],
    50: [32.51185, 35.98176, 37.90140, 40.25514, 41.93275, 44.53305, 49.56211],
    100: [75.24198, 80.90992, 84.06416, 87.97198, 90.79389, 95.24037, 104.1098],
    200: [165.6239, 174.6450, 179.7380, 186.1582, 190.8859, 198.5073, 214.3226],
}
LOADS = st.floats(1e-3, 2e4)


@pytest.mark.parametrize("circuits", TABLE)
def test_loads_at_a_blocking_are_those_of_the_tables(circuits):
    found = load_for(circuits, blocking=BLOCKING)
    assert [f"{each:.7g}" for each in found] == [f"{each:.7g}" for each in TABLE[circuits]]


@pytest.mark.parametrize("circuits", TABLE)
def test_a_printed_load_needs_the_circuits_of_its_row_or_one_more(circuits):
    slack = 1e-6
    at_most = np.array(TABLE[circuits]) * (1 - slack)
    assert (circuits_for(at_most, blocking=BLOCKING) == circuits).all()
    assert (circuits_for(at_most * (1 + 2 * slack), blocking=BLOCKING) == circuits + 1).all()


def test_blocking_is_exact_where_it_is_known():
    assert erlang_b([1, 1], [1, 2]) == pytest.approx([1 / 2, 1 / 5], rel=1e-14)
    assert erlang_b(10, [17, 16]) == pytest.approx([0.012948875, 0.022301872], rel=5e-8)
    assert circuits_for(10, blocking=0.02) == 17
    assert circuits_for(1, blocking=[0.5, 0.2]).tolist() == [1, 2], "a tie is met"


def test_wrong_public_figures_of_blocking_are_not_ours():
    assert erlang_b(180, 200) == pytest.approx(0.010325, abs=5e-7)
    blocked = erlang_b(10, 17)
    assert 10 * (1 - blocked) / 17 == pytest.approx(0.5806, abs=5e-5)


@given(LOADS, st.integers(1, 20_000))
def test_blocking_obeys_its_recursion(load, circuits):
    before, after = erlang_b(load, [circuits - 1, circuits])
    assert after == pytest.approx(load * before / (circuits + load * before), rel=1e-10, abs=1e-290)


@given(LOADS, st.integers(1, 500))
def test_one_more_circuit_helps_less_than_the_one_before(load, circuits):
    carried = load * (1 - erlang_b(load, [circuits - 1, circuits, circuits + 1]))
    first, second = np.diff(carried)
    assert first >= second - 1e-9 * load
    assert second >= -1e-9 * load


@given(st.integers(1, 20_000), st.floats(1e-6, 0.99))
def test_load_and_circuits_invert_blocking(circuits, blocking):
    load = load_for(circuits, blocking=blocking)
    assert erlang_b(load, circuits) == pytest.approx(blocking, rel=1e-9)
    assert circuits_for(load * (1 - 1e-8), blocking=blocking) <= circuits
    assert circuits_for(load * (1 + 1e-6), blocking=blocking) > circuits


def test_nothing_offered_is_never_blocked_and_no_circuits_carry_nothing():
    assert erlang_b([0, 0, 5], [0, 3, 0]).tolist() == [0, 0, 1]
    assert circuits_for(0, blocking=0.01) == 0
    assert load_for(0, blocking=0.01) == 0
    assert erlang_b([], []).shape == circuits_for([], blocking=0.1).shape == load_for([], blocking=0.1).shape == (0,)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: erlang_b([1, np.nan], 1), "load: expected Erlangs, 0 or more, found nan at position 1"),
        (lambda: erlang_b(1, 1.5), "circuits: expected a whole number"),
        (lambda: circuits_for(-1, blocking=0.1), "load: expected Erlangs, 0 or more, found -1"),
        (lambda: circuits_for(1, blocking=0), "blocking: expected a share above 0 and below 1"),
        (lambda: load_for(3, blocking=1), "blocking: expected a share above 0 and below 1"),
        (lambda: load_for(-3, blocking=0.1), "circuits: expected a whole number"),
        (lambda: erlang_b([1, 2], [1, 2, 3]), "load, circuits: expected numbers"),
    ],
)
def test_wrong_arguments_are_named(ask, words):
    with pytest.raises(SettingsError, match=words):
        ask()
