import numpy as np
import pandas as pd
import pytest

from forecasting.planning.staffing.agents import staff_pool
from forecasting.planning.staffing.periods import sum_periods
from tests.planning.staffing.loads import lognormal, make_pool, make_rules, make_service_table

HOURS, PATHS = 20, 400


def comonotone(cv: float = 0.2) -> np.ndarray:
    return lognormal(np.linspace(4, 12, 2 * HOURS), cv, paths=PATHS)


def independent(cv: float = 0.2) -> np.ndarray:
    return np.random.default_rng(0).permuted(comonotone(cv), axis=1)


def sum_up(load, *, period=None, **rules) -> pd.DataFrame:
    held = make_rules(**({"patience": "5min"} | rules))
    service_table = make_service_table(held)
    days = np.repeat([0, 1], len(load) // 2)
    pool = make_pool(load, day=days)
    return sum_periods(
        pool,
        staff_pool(pool, held, service_table),
        held,
        service_table,
        period=days if period is None else period,
        name="day",
    )


def test_a_day_is_told_with_each_level_of_risk():
    rows = sum_up(comonotone())
    assert list(zip(rows["confidence"], rows["period"], strict=True)) == [(0.5, "day"), (0.8, "day")] * 2
    assert rows["ts"].is_monotonic_increasing
    assert str(rows["ts"].dt.tz) == "UTC"
    assert (rows["ts"].iloc[[0, 2]] == pd.to_datetime(["2026-03-02T08:00Z", "2026-03-02T18:00Z"])).all()


def test_totals_are_wider_where_intervals_move_together():
    together, apart = sum_up(comonotone()), sum_up(independent())
    np.testing.assert_allclose(together["calls"], apart["calls"])
    width = [(rows["calls_q90"] - rows["calls_q10"]).to_numpy() for rows in (together, apart)]
    assert (width[0] > 3 * width[1]).all()
    levels = [(rows["service_level_q50"] - rows["service_level_q10"]).to_numpy() for rows in (together, apart)]
    assert (levels[0] > 2 * levels[1]).all()
    # what varies by itself evens out over a day, and its chance is nearly all or nothing
    by_confidence = [rows.groupby("confidence")["met"].mean() for rows in (together, apart)]
    assert by_confidence[1][0.5] < by_confidence[0][0.5] < by_confidence[0][0.8] < by_confidence[1][0.8]


def test_a_total_is_that_of_whole_paths():
    load = comonotone()
    rows = sum_up(load).drop_duplicates("ts")
    calls = (load * 1800 / 300).reshape(2, HOURS, PATHS).sum(axis=1)
    np.testing.assert_allclose(rows["calls"], calls.mean(axis=1))
    for name, level in [("calls_q10", 0.1), ("calls_q50", 0.5), ("calls_q90", 0.9)]:
        np.testing.assert_allclose(rows[name], np.quantile(calls, level, axis=1))


def test_hours_add_up_and_more_risk_costs_more():
    held = make_rules(patience="5min", shrinkage=0.3)
    service_table, pool = make_service_table(held), make_pool(comonotone(), day=np.repeat([0, 1], HOURS))
    staffing = staff_pool(pool, held, service_table)
    days = sum_periods(pool, staffing, held, service_table, period=pool.day, name="day").groupby("confidence")
    week = sum_periods(pool, staffing, held, service_table, period=np.zeros(2 * HOURS, int), name="week").set_index(
        "confidence"
    )
    for name, column in [("agent_hours", "agents"), ("rostered_hours", "rostered")]:
        np.testing.assert_allclose(week[name], staffing.groupby("confidence")[column].sum() / 2)
        np.testing.assert_allclose(days[name].sum(), week[name])
        assert week.loc[0.5, name] < week.loc[0.8, name]
    np.testing.assert_allclose(days["calls"].sum(), week["calls"])


@pytest.mark.parametrize("patience", ["none", "1min"])
@pytest.mark.parametrize("cv", [0.01, 0.8])
def test_chances_and_service_are_shares(patience, cv):
    rows = sum_up(independent(cv), patience=patience)
    for name in ("met", "service_level", "service_level_q10", "service_level_q50"):
        assert rows[name].between(0, 1).all()
    assert (rows["service_level_q10"] <= rows["service_level_q50"]).all()
    low, high = (rows.loc[rows["confidence"] == confidence, "met"].to_numpy() for confidence in (0.5, 0.8))
    assert (high >= low).all()


def test_the_chance_of_a_period_of_one_interval_is_about_that_of_the_interval():
    held = make_rules(patience="5min")
    service_table, pool = make_service_table(held), make_pool(lognormal([10.0, 60.0], 0.05), day=[0, 1])
    staffing = staff_pool(pool, held, service_table)
    rows = sum_periods(pool, staffing, held, service_table, period=pool.day, name="day")
    np.testing.assert_allclose(rows["met"], staffing["met"], atol=0.02)


def test_the_service_of_a_period_is_that_of_its_intervals_by_calls():
    held = make_rules(patience="5min", confidence=(0.5,))
    service_table, pool = make_service_table(held), make_pool(comonotone(0.4), day=np.repeat([0, 1], HOURS))
    staffing = staff_pool(pool, held, service_table)
    rows = sum_periods(pool, staffing, held, service_table, period=np.zeros(2 * HOURS, int), name="week")
    weighted = np.average(staffing["service_level"], weights=staffing["calls"])
    assert rows["service_level"].iloc[0] == pytest.approx(weighted, abs=0.006)


def test_a_period_without_calls_meets_its_target():
    rows = sum_up(np.zeros((4, 30)))
    assert (rows["calls"] == 0).all()
    assert (rows[["met", "service_level", "service_level_q10", "service_level_q50"]] == 1).all().all()
