import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.planning.queues.attainment import interval_service, reached
from forecasting.planning.queues.erlang import served_within
from forecasting.planning.replay.sampling import sample_arrivals, sample_exponential
from forecasting.planning.replay.simulator import Calls, Staff, replay

INF = float("inf")
HALF_HOUR, SHARE = 1800.0, 0.8


def service(load, agents, *, handle=300.0, within=20.0, patience=INF):
    return interval_service(load, agents, handle=handle, within=within, patience=patience, interval=HALF_HOUR)


def chance(load, agents, **kwargs) -> float:
    return float(reached(*service(load, agents, **kwargs), SHARE))


def simulate(load, agents, *, handle, within, patience, half_hours) -> np.ndarray:
    """Share of calls answered in time in each of many half hours in a row; 1 where nobody called."""
    generator = np.random.default_rng(int(agents))
    bounds = HALF_HOUR * np.arange(half_hours + 1)
    at = sample_arrivals(np.full(half_hours, load * HALF_HOUR / handle), bounds, generator=generator)
    handles = sample_exponential(handle, count=len(at), generator=generator)
    calls = Calls(at, handles, sample_exponential(patience, count=len(at), generator=generator))
    found = replay(calls, Staff(bounds, np.full(half_hours, agents)))
    place = np.searchsorted(bounds, at, side="right") - 1
    served = np.bincount(place, weights=found.answered & (found.wait <= within), minlength=half_hours)
    count = np.bincount(place, minlength=half_hours)
    return np.where(count > 0, served / np.maximum(count, 1), 1.0)[4:]


@pytest.mark.parametrize(
    ("load", "agents", "handle", "within", "patience"),
    [
        (3.0, 5, 180.0, 20.0, 300.0),
        (5.0, 8, 300.0, 20.0, INF),
        (10.0, 13, 180.0, 20.0, 300.0),
        (10.0, 14, 300.0, 60.0, INF),
        (10.0, 10, 300.0, 60.0, 60.0),
    ],
)
def test_half_hours_meet_the_target_as_often_as_in_long_simulations(load, agents, handle, within, patience):
    predicted = chance(load, agents, handle=handle, within=within, patience=patience)
    shares = simulate(load, agents, handle=handle, within=within, patience=patience, half_hours=4000)
    assert predicted > 0.5
    # three points of the approximation, two of chance
    assert predicted == pytest.approx((shares >= SHARE).mean(), abs=0.05)
    mean, variance = service(load, agents, handle=handle, within=within, patience=patience)
    assert mean == pytest.approx(shares.mean(), abs=0.015)
    assert np.sqrt(variance) == pytest.approx(shares.std(), rel=0.15)


@pytest.mark.parametrize(
    ("load", "agents", "handle", "within", "patience"), [(3.0, 3, 180.0, 60.0, 60.0), (2.0, 2, 300.0, 60.0, 60.0)]
)
def test_the_luck_of_single_calls_is_in_the_spread(load, agents, handle, within, patience):
    shares = simulate(load, agents, handle=handle, within=within, patience=patience, half_hours=6000)
    _, variance = service(load, agents, handle=handle, within=within, patience=patience)
    assert np.sqrt(variance) == pytest.approx(shares.std(), rel=0.12)


@pytest.mark.parametrize(("load", "agents"), [(0.5, 2), (1.0, 3)])
def test_of_a_handful_of_calls_less_is_promised_than_comes_true(load, agents):
    predicted = chance(load, agents, within=20.0)
    came = (simulate(load, agents, handle=300.0, within=20.0, patience=INF, half_hours=8000) >= SHARE).mean()
    assert predicted - 0.01 <= came <= predicted + 0.06


@pytest.mark.parametrize("patience", [300.0, 60.0])
@pytest.mark.parametrize("load", [0.5, 10.0, 100.0, 1000.0])
def test_the_mean_is_that_of_the_stationary_queue(load, patience):
    agents = np.round(load + np.array([-0.5, 0.0, 1.0, 2.0]) * np.sqrt(load)) + 1
    mean, variance = service(load, agents, patience=patience)
    exact = served_within(load, agents, handle=300.0, within=20.0, patience=patience)
    np.testing.assert_allclose(mean, exact, atol=0.015 if load < 3 else 0.005)
    assert (variance > 0).all()


@pytest.mark.parametrize("load", [0.5, 10.0, 100.0, 1000.0])
def test_the_mean_is_that_of_erlang_c_where_the_target_is_near(load):
    agents = np.ceil(load + np.array([1.0, 2.0]) * np.sqrt(load))
    mean, _ = service(load, agents)
    np.testing.assert_allclose(mean, served_within(load, agents, handle=300.0, within=20.0), atol=0.005)


def test_without_calls_all_are_served_and_without_agents_none():
    mean, variance = service([0.0, 0.0, 5.0], [0, 3, 0])
    np.testing.assert_array_equal(mean, [1, 1, 0])
    np.testing.assert_array_equal(variance, [0, 0, 0])
    np.testing.assert_allclose(reached(mean, variance, SHARE), [1, 1, 0], atol=0.01)


@pytest.mark.parametrize("patience", [INF, 300.0])
def test_far_too_few_agents_hardly_ever_meet_the_target(patience):
    found = [chance(*case, patience=patience) for case in [(200.0, 50), (1000.0, 900), (5.0, 1)]]
    assert max(found) < 0.02


def test_a_steady_thousand_keeps_closer_to_its_mean_than_ten():
    agents = {load: int(load + 1.2 * np.sqrt(load)) for load in (10.0, 1000.0)}
    ten, thousand = (service(load, people)[1] for load, people in agents.items())
    assert thousand < ten


def test_longer_intervals_are_nearer_to_their_mean():
    hour, day = (
        interval_service(10.0, 13, handle=180.0, within=20.0, patience=300.0, interval=seconds)[1]
        for seconds in (3600.0, 86400.0)
    )
    # beyond the memory of the queue, variance falls as time grows
    assert hour / day == pytest.approx(24, rel=0.25)


@given(
    st.floats(0, 400, allow_subnormal=False) | st.sampled_from([0.0, 1e-6]),
    st.integers(0, 400),
    st.sampled_from([5.0, 180.0, 900.0]),
    st.sampled_from([0.0, 20.0, 120.0]),
    st.sampled_from([1.0, 300.0, INF]),
)
@settings(max_examples=60, deadline=None)
def test_service_and_chance_are_shares_and_never_missing(load, agents, handle, within, patience):
    mean, variance = service(load, agents, handle=handle, within=within, patience=patience)
    assert -1e-9 <= mean <= 1 + 1e-9
    assert variance >= 0
    assert 0 <= reached(mean, variance, SHARE) <= 1


def test_more_agents_meet_the_target_more_often():
    for patience in (INF, 300.0):
        agents = np.arange(105 if patience == INF else 80, 140)
        found = reached(*service(100.0, agents, patience=patience), SHARE)
        assert (np.diff(found) >= -1e-6).all()
        assert found[0] < 0.5 < 0.999 < found[-1]


def test_shapes_broadcast():
    mean, variance = service(np.array([[5.0], [9.0]]), np.array([6, 10, 14]))
    assert mean.shape == variance.shape == (2, 3)
    assert mean[1, 2] == pytest.approx(float(service(9.0, 14)[0]), abs=1e-6)


def test_certain_shares_meet_or_miss():
    found = reached(np.array([0.0, 0.5, 0.9, 1.0]), np.zeros(4), SHARE)
    np.testing.assert_allclose(found, [0, 0, 1, 1], atol=0.01)
