import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.planning.replay.sampling import sample_arrivals, sample_exponential
from forecasting.planning.replay.service import summarise
from forecasting.planning.replay.simulator import Calls, Staff, replay
from tests.planning.shifts.centres import calls_at, centres, staff_of

INF = float("inf")
RATE, HANDLE, WITHIN = 100 / 1800, 180.0, 20.0


@pytest.mark.parametrize(
    ("agents", "patience", "served_within", "abandoned", "mean_wait", "occupancy"),
    [
        (12, INF, 0.6401580404, 0.0, 40.44494, 10 / 12),
        (13, INF, 0.7955947884, 0.0, 17.116227, 10 / 13),
        (14, INF, 0.8883500192, 0.0, 7.835937, 10 / 14),
        (13, 300.0, 0.858178, 0.0249633036, 0.124816518 * 60, 0.750028228),
        (14, 300.0, 0.916792, 0.0139837441, 0.0699187206 * 60, 0.704297326),
    ],
    ids=["C, 12", "C, 13", "C, 14", "A, 13", "A, 14"],
)
def test_long_replays_agree_with_erlang_within_the_error_of_chance(
    agents, patience, served_within, abandoned, mean_wait, occupancy
):
    batches, length = 100, 36_000.0
    bounds, generator = length * np.arange(batches + 1), np.random.default_rng(agents)
    at = sample_arrivals(np.full(batches, RATE * length), bounds, generator=generator)
    calls = Calls(
        at=at,
        handle=sample_exponential(HANDLE, count=len(at), generator=generator),
        patience=sample_exponential(patience, count=len(at), generator=generator),
    )
    staff = Staff(bounds, np.full(batches, agents))
    found = summarise(replay(calls, staff), staff, within=WITHIN)
    for batch, exact in [
        (found.served_within, served_within),
        (found.abandoned[:-1], abandoned),  # the close of the lines cuts off the last batch
        (found.mean_wait, mean_wait),
        (found.occupancy, occupancy),
    ]:
        error = batch.std(ddof=1) / np.sqrt(len(batch))
        assert abs(batch.mean() - exact) <= 3.5 * error
        assert error <= 0.07 * max(exact, 1e-9)


def test_sums_of_a_tiny_day_are_those_done_by_hand():
    calls = calls_at(0, 2, 3, 4, 5, handle=[10, 10, 9, 1, 2], patience=[INF, 0, 4, 6, 99])
    staff = staff_of(2)
    found = summarise(replay(calls, staff), staff, within=6.0, edges=np.array([0.0, 4.0, 11.0, 100.0]))
    np.testing.assert_array_equal(found.calls, [3, 2, 0])
    np.testing.assert_array_equal(found.served, [2, 2, 0])
    np.testing.assert_array_equal(found.lost, [1, 0, 0])
    np.testing.assert_array_equal(found.waited, [4, 12, 0])
    np.testing.assert_array_equal(found.busy, [4 + 2, 6 + 7 + 1, 1 + 2])
    np.testing.assert_array_equal(found.staffed, [8, 14, 178])
    np.testing.assert_allclose(found.served_within, [2 / 3, 1, 1])
    np.testing.assert_allclose(found.abandoned, [1 / 3, 0, 0])
    np.testing.assert_allclose(found.mean_wait, [4 / 3, 6, 0])
    np.testing.assert_allclose(found.total().occupancy, [23 / 200])


@given(centres(), st.lists(st.integers(-30, 260), min_size=2, max_size=6, unique=True))
@settings(max_examples=80, deadline=None)
def test_sums_over_intervals_keep_every_call_and_second(centre, edges):
    calls, staff = centre
    found = replay(calls, staff)
    wide = summarise(found, staff, within=10.0, edges=np.array([-100.0, 1000.0])).total()
    fine = summarise(found, staff, within=10.0, edges=np.array([-100.0, *sorted(edges), 1000.0])).total()
    for name in ("calls", "served", "lost", "waited", "busy", "staffed"):
        np.testing.assert_allclose(getattr(fine, name), getattr(wide, name), rtol=1e-12, atol=1e-6)
    assert wide.calls[0] == len(calls.at)
    assert wide.lost[0] + found.answered.sum() == len(calls.at)
    np.testing.assert_allclose(wide.busy, calls.handle[found.answered].sum(), atol=1e-6)
    np.testing.assert_allclose(wide.staffed, (staff.agents * 50.0).sum())


def test_an_empty_day_has_no_missing_numbers():
    staff = staff_of(0, 2)
    found = summarise(replay(calls_at(), staff), staff, within=20.0)
    np.testing.assert_array_equal(found.served_within, [1, 1])
    for ratio in (found.abandoned, found.mean_wait, found.occupancy):
        np.testing.assert_array_equal(ratio, [0, 0])
