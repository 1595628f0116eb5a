from dataclasses import replace

import numpy as np
import pytest

from forecasting.planning.replay.plans import (
    Attained,
    Day,
    at_confidence,
    attain,
    cheapest_known,
    known,
    least_confidence,
)
from forecasting.planning.replay.sampling import sample_arrivals, sample_exponential
from forecasting.planning.replay.simulator import Calls
from forecasting.planning.staffing.agents import plug_in_agents
from tests.planning.shifts.centres import calls_at
from tests.planning.staffing.loads import (
    HALF_HOUR,
    START,
    lognormal,
    make_pool,
    make_rules,
    make_service_table,
)

INTERVALS, HANDLE, PATIENCE = 16, 300.0, 300.0
SHAPE = 8 + 3 * np.sin(np.arange(INTERVALS) * np.pi / INTERVALS)
RULES = make_rules(patience=PATIENCE, confidence=(0.8,))


def make_day(number: int, *, cv: float) -> Day:
    """A day whose true rate is one of the paths of its load, all intervals moving together."""
    generator = np.random.default_rng(number)
    load = lognormal(SHAPE, cv, paths=100)
    true = load[:, generator.integers(load.shape[1])]
    ts = START + np.timedelta64(number, "D") + np.arange(INTERVALS) * np.timedelta64(30, "m")
    start = ts[0].astype("datetime64[s]").astype(float)
    bounds = start + HALF_HOUR * np.arange(INTERVALS + 1)
    at = sample_arrivals(true * HALF_HOUR / HANDLE, bounds, generator=generator)
    handle = sample_exponential(HANDLE, count=len(at), generator=generator)
    patience = sample_exponential(PATIENCE, count=len(at), generator=generator)
    pool = make_pool(load, handle=HANDLE, ts=ts, day=np.full(INTERVALS, number))
    return Day(pool, Calls(at, handle, patience))


def make_days(count: int, *, cv: float) -> list[Day]:
    return [make_day(number, cv=cv) for number in range(count)]


def replay_plan(days, plan) -> Attained:
    return attain(days, plan, RULES, interval=HALF_HOUR)


def plug_in(day: Day) -> np.ndarray:
    return plug_in_agents(day.load, RULES, interval=HALF_HOUR)


@pytest.mark.parametrize("cv", [0.02, 0.2])
def test_the_target_is_met_as_often_as_was_asked(cv):
    days, service_table = make_days(80, cv=cv), make_service_table(RULES)
    for confidence in (0.5, 0.8):
        found = replay_plan(days, at_confidence(RULES, service_table, confidence))
        assert found.intervals == pytest.approx(confidence, abs=0.06)


def test_the_median_as_if_certain_meets_it_less_often_and_costs_less():
    days, service_table = make_days(60, cv=0.2), make_service_table(RULES)
    product, median = replay_plan(days, at_confidence(RULES, service_table, 0.8)), replay_plan(days, plug_in)
    assert median.intervals < product.intervals - 0.1
    assert median.days < product.days
    assert median.service_level < product.service_level
    assert median.abandoned > product.abandoned
    assert median.agent_hours < product.agent_hours
    assert median.occupancy > product.occupancy


def test_what_is_known_beforehand_costs_no_more_at_the_same_attainment():
    days, service_table = make_days(12, cv=0.15), make_service_table(RULES)
    confidence, own = least_confidence(days, RULES, service_table, days_met=0.8)
    name, best = cheapest_known(days, RULES, service_table, days_met=own.days)
    assert 0.3 <= confidence <= 0.95
    assert own.days >= 0.8 <= best.days
    assert best.agent_hours <= own.agent_hours * 1.01
    assert name.startswith(("load times", "confidence"))


def test_no_plan_is_found_where_none_is_enough():
    hopeless = [
        replace(day, calls=replace(day.calls, patience=np.zeros(len(day.calls.at)))) for day in make_days(2, cv=0.02)
    ]
    doubled = [Day(make_pool(SHAPE[:, None] / 4, ts=day.load.ts), day.calls) for day in hopeless]
    assert least_confidence(doubled, RULES, make_service_table(RULES), days_met=1.0) is None


def test_the_known_load_has_the_calls_and_seconds_of_the_day_in_the_shape_of_the_forecast():
    day = make_day(3, cv=0.2)
    told = known(day)
    assert told.calls.sum() == pytest.approx(len(day.calls.at))
    assert told.work.sum() == pytest.approx(day.calls.handle.sum())
    np.testing.assert_allclose(told.calls[:, 0] / told.calls.sum(), SHAPE / SHAPE.sum(), rtol=1e-6)


def test_a_day_without_calls_is_known_to_need_nobody():
    quiet = Day(make_day(0, cv=0.2).load, calls_at())
    told = known(quiet)
    assert (told.calls == 0).all()
    assert (told.usual_handle == HANDLE).all()
    found = attain([quiet], plug_in, RULES, interval=HALF_HOUR)
    assert (found.intervals, found.days, found.service_level, found.abandoned) == (1, 1, 0, 0)


def test_nobody_is_on_the_phones_between_two_spans_of_opening_hours():
    begin = START.astype("datetime64[s]").astype(float)
    ts = START + np.array([0, 1, 4]) * np.timedelta64(30, "m")
    calls = calls_at(begin + 10, begin + 2 * 1800 - 5, begin + 4 * 1800 + 5, handle=100.0)
    day = Day(make_pool(np.full((3, 5), 1.0), ts=ts), calls)
    found = attain([day], lambda _: np.array([1, 1, 1]), RULES, interval=HALF_HOUR)
    assert found.agent_hours == pytest.approx(1.5)
    assert found.service_level == 1
    # a call of the last second that has to wait is answered when the lines open again, much too late
    late = calls_at(begin + 2 * 1800 - 50, begin + 2 * 1800 - 5, handle=100.0)
    found = attain([Day(day.load, late)], lambda _: np.array([1, 1, 1]), RULES, interval=HALF_HOUR)
    assert found.service_level == pytest.approx(0.5)
    assert found.mean_wait == pytest.approx((2 * 1800 + 5) / 2)


def test_intervals_with_few_calls_are_not_judged():
    begin = START.astype("datetime64[s]").astype(float)
    ts = START + np.arange(2) * np.timedelta64(30, "m")
    five, six = np.arange(5) * 100.0, 1800 + np.arange(6) * 100.0
    day = Day(make_pool(np.full((2, 5), 1.0), ts=ts), calls_at(*(begin + np.concatenate([five, six])), handle=10.0))
    found = attain([day], lambda _: np.array([0, 1]), RULES, interval=HALF_HOUR)
    assert found.intervals == 1
    assert found.days == 0
    assert found.service_level == pytest.approx(5 / 11)


def test_a_share_on_the_line_is_met():
    """55% of 100 calls are 55, whatever the last binary digit says."""
    begin = START.astype("datetime64[s]").astype(float)
    rules = make_rules(target="55/20", patience="none")
    calls = calls_at(*(begin + np.arange(100) * 10.0), handle=np.r_[np.full(55, 1.0), np.full(45, 1000.0)])
    ts = START + np.arange(1) * np.timedelta64(30, "m")
    found = attain([Day(make_pool(np.ones((1, 2)), ts=ts), calls)], lambda _: np.array([1]), rules, interval=HALF_HOUR)
    assert found.service_level == pytest.approx(0.56)
    one_fewer = replace(calls, handle=np.r_[np.full(54, 1.0), np.full(46, 1000.0)])
    found = attain(
        [Day(make_pool(np.ones((1, 2)), ts=ts), one_fewer)], lambda _: np.array([1]), rules, interval=HALF_HOUR
    )
    assert found.service_level == pytest.approx(0.55)
    assert found.intervals == 1
