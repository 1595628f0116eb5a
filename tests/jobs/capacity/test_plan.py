"""From a forecast of peaks to run-out dates and orders: links that fill, that never do, that fail, and trunks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from forecasting.contracts.plans import check_plan
from forecasting.errors import SettingsError
from forecasting.jobs.capacity import plan
from forecasting.jobs.capacity.links import Links, capacity_rules, read_links
from forecasting.jobs.capacity.plan import NO_FAILURE, FailureCase, failure_cases, make_capacity, path_maker, plan_case
from forecasting.jobs.common.session import open_session
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.terms import QUANTILE_COLUMNS, QUANTILES
from tests.network import CIRCUITS, HORIZON, LATER, ORIGIN, PLANNED, RULES, STEPS, TRAFFIC, changed_network

TODAY = pd.Timestamp(ORIGIN)
GROUPS = (["a.full_soon", "a.never", "a.steady"], ["b.pinned", "b.upgraded"], ["f.giant", "f.twin"])
RUNOUT = [f"runout_{name}" for name in QUANTILE_COLUMNS]


@dataclass(frozen=True)
class Planned:
    links: Links
    tables: dict[str, pd.DataFrame]

    @property
    def rows(self) -> pd.DataFrame:
        return self.tables["capacity"].set_index(["series_id", "failure"])


def plan_of(settings, origin=ORIGIN) -> Planned:
    """A plan that holds its contract."""
    with open_session(settings, TRAFFIC) as session:
        stream = session.definition.stream
        links = read_links(session, resolve_origin(origin, stream))
    tables = make_capacity(links, capacity_rules(stream), begin=lambda _: None)
    check_plan(tables)
    return Planned(links, tables)


@pytest.fixture(scope="module")
def planned(network) -> Planned:
    return plan_of(network)


@pytest.fixture(scope="module")
def rules(network):
    with open_session(network, TRAFFIC) as session:
        return capacity_rules(session.definition.stream)


@pytest.fixture(scope="module")
def made(planned, rules) -> dict[str, FailureCase]:
    """The scenes of the first group, by name."""
    return {one.name: one for one in failure_cases(planned.links, rules, path_maker(planned.links), np.arange(3))}


def test_every_link_is_planned_as_it_is_and_with_each_parallel_one_failed(planned):
    failed = [(one, f"n-1:{other}") for group in GROUPS for one in group for other in group if one != other]
    assert sorted(planned.rows.index) == sorted([(name, NO_FAILURE) for name in PLANNED] + failed)
    told = planned.tables["runout"].groupby(["series_id", "failure"]).size()
    assert set(told.index) == set(planned.rows.index)


def test_a_link_that_fills_is_ordered_for_and_one_that_does_not_is_left_alone(planned):
    full = planned.rows.loc[("a.full_soon", NO_FAILURE)]
    assert TODAY < full["runout_q10"] < full["runout_q50"] < TODAY + pd.Timedelta(days=240)
    assert full["order_by"] == full["runout_q10"] - pd.Timedelta(days=60)
    assert (full["step"], full["step_capacity"], full["cost"]) == ("10G", 10_000.0, 12_000.0)
    assert 0.4 < full["growth"] < 2.0
    assert full["peak"] == pytest.approx(360 * np.exp(1.2 * 161 / 365), rel=0.1)
    never = planned.rows.loc[("a.never", NO_FAILURE)]
    assert (
        never[[*RUNOUT, "order_by", "step", "step_capacity", "cost", "wait_cost", "expected_delay_loss"]].isna().all()
    )
    assert (never["runout_probability"], never["due"], never["rule"]) == (0.0, False, "not_needed")
    pinned = planned.rows.loc[("b.pinned", NO_FAILURE)]
    assert (pinned["runout_q95"], pinned["due"]) == (TODAY, True)
    assert pinned["suppressed"] > 0
    assert planned.rows.loc[("b.upgraded", NO_FAILURE), "utilisation"] < 0.1, "by the newest capacity"


def test_run_out_is_the_first_day_above_the_ceiling_for_long_enough_under_each_failure(planned, made):
    """Counted day by day, the measured days before the origin included."""
    for name, case in made.items():
        share = 0.7 if name == NO_FAILURE else 0.9
        for at, link in enumerate(case.link):
            series = PLANNED[link]
            before = planned.links.before(np.arange(3), 6).astype(float)
            own = before[link]
            if name != NO_FAILURE:
                lost = PLANNED.index(name.removeprefix("n-1:"))
                own = own + before[lost] / 2  # three links of equal capacity
            ceiling = share * 1000.0
            days = []
            for path in case.paths[at].T:
                above = np.concatenate([own, path]) > ceiling
                held = [day for day in range(HORIZON) if above[day : day + 7].sum() >= 3]
                days.append(min(held, default=HORIZON))
            ordered, row = np.sort(days), planned.rows.loc[(series, name)]
            assert row["ceiling"] == pytest.approx(ceiling)
            assert row["headroom"] == pytest.approx(ceiling - row["peak"])
            assert row["runout_probability"] == np.mean(ordered < HORIZON)
            for level, column in zip(QUANTILES, RUNOUT, strict=True):
                day = ordered[round(level * 200) - 1]
                assert row[column] == TODAY + pd.Timedelta(days=int(day)) if day < HORIZON else pd.isna(row[column])


def test_what_a_failed_link_carried_goes_to_the_others_by_capacity_and_none_is_lost(planned, rules, made):
    total = made[NO_FAILURE].paths.sum(axis=0)
    for name in GROUPS[0]:
        np.testing.assert_allclose(made[f"n-1:{name}"].paths.sum(axis=0), total, rtol=1e-5)
    peak = planned.rows["peak"]
    assert peak["b.upgraded", "n-1:b.pinned"] > peak["b.upgraded", NO_FAILURE]
    batch = np.array([3, 4])
    intact, fails, _ = failure_cases(planned.links, rules, path_maker(planned.links), batch)
    assert fails.name == "n-1:b.pinned"
    np.testing.assert_allclose(fails.paths[0], intact.paths.sum(axis=0), rtol=1e-6)


def test_probabilities_rise_to_that_of_the_horizon_at_the_ends_of_quarters_of_the_year(planned):
    dates = ["2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-05-05"]
    for key, own in planned.tables["runout"].groupby(["series_id", "failure"]):
        row = planned.rows.loc[key]
        assert own["date"].dt.strftime("%Y-%m-%d").tolist() == dates
        assert own["probability"].is_monotonic_increasing
        assert own["probability"].iloc[-1] == row["runout_probability"]
        for level, column in zip(QUANTILES, RUNOUT, strict=True):
            by_then = own.loc[own["date"] >= row[column], "probability"] if pd.notna(row[column]) else pd.Series([1.0])
            assert (by_then >= level - 1e-9).all()


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (4, 3), (1000, 1)])
def test_portions_and_threads_do_not_matter_to_the_last_bit(planned, rules, monkeypatch, batch, workers):
    monkeypatch.setattr(plan, "BATCH", batch)
    monkeypatch.setattr(plan, "WORKERS", workers)
    told = []
    again = make_capacity(planned.links, rules, begin=told.append)
    assert told[-1] == "run-out of 9 of 9 links"
    for name, rows in planned.tables.items():
        key = ["series_id", "failure", "date"] if name == "runout" else list(rows.columns[:2])
        ordered = [table.sort_values(key, ignore_index=True) for table in (rows, again[name])]
        pd.testing.assert_frame_equal(*ordered, check_exact=True)


def test_a_catalogue_that_does_not_reach_is_told_and_the_rest_is_planned(planned):
    giant, told = planned.rows.loc[("f.giant", NO_FAILURE)], planned.tables["findings"]
    assert (giant["rule"], giant["due"]) == ("no_sufficient_step", True)
    assert giant[["step", "step_capacity", "cost", "wait_cost", "expected_delay_loss"]].isna().all()
    lines = told.loc[told["finding"] == "no_sufficient_step"]
    assert lines["series_id"].tolist() == ["f.giant"], "what only a failure asks for is in its row"
    assert lines["note"].tolist() == [
        "f.giant: no step of the catalogue lasts 180 days at confidence 0.9; add a larger one to "
        "planning.capacity.steps, or plan another route"
    ]
    assert planned.rows.loc[("f.twin", "n-1:f.giant"), "rule"] == "no_sufficient_step"


def test_without_a_catalogue_dates_and_deadlines_stand(network, tmp_path, planned):
    bare = plan_of(changed_network(network, tmp_path, steps="")).rows
    assert bare["step"].isna().all()
    assert set(bare["rule"]) == {"no_catalogue", "not_needed"}
    same = [*RUNOUT, "order_by", "due", "peak"]
    pd.testing.assert_frame_equal(bare[same], planned.rows[same])
    assert "no_sufficient_step" not in set(planned.links.findings)


def test_a_plan_from_an_older_forecast_counts_from_its_own_day(network, tmp_path, planned):
    """The last day of an order lies between the forecast and the plan: by then it is overdue."""
    soonest = (planned.rows.loc[("a.full_soon", NO_FAILURE), "runout_q10"] - TODAY).days
    tight = changed_network(network, tmp_path, rules=RULES.replace('"60d"', f'"{soonest - 3}d"'))
    early, late = (plan_of(tight, origin).rows.loc[("a.full_soon", NO_FAILURE)] for origin in (ORIGIN, LATER))
    assert (early["order_by"], early["due"]) == (TODAY + pd.Timedelta(days=3), False)
    assert (late["order_by"], late["due"]) == (TODAY + pd.Timedelta(days=3), True)
    assert late["wait_cost"] > early["wait_cost"], "a week of rising peaks nearer"
    later = plan_of(network, LATER)
    assert later.rows.loc[("b.pinned", NO_FAILURE), "runout_q50"] == pd.Timestamp(LATER), "not in the past"
    assert later.tables["runout"]["date"].min() == pd.Timestamp("2024-06-30")
    assert later.rows["due"].equals((later.rows["order_by"] <= pd.Timestamp(LATER)).rename("due"))


def test_a_horizon_within_the_lead_time_is_refused(network, tmp_path):
    with pytest.raises(SettingsError, match=r"expected a horizon of peaks beyond lead_time, found 14 days against 60"):
        plan_of(changed_network(network, tmp_path, horizon="14d"))


@pytest.mark.parametrize("last", [1e-6, 1e9])
def test_a_few_days_that_rise_or_fall_without_measure_are_no_growth_without_measure(network, tmp_path, last):
    short = changed_network(network, tmp_path, horizon="14d", rules=RULES.replace('"60d"', '"5d"'))
    links = plan_of(short).links
    paths = np.full((1, 14, 200), 1.0, np.float32)
    paths[:, 7:] = last
    with open_session(short, TRAFFIC) as session:
        case = FailureCase(
            NO_FAILURE,
            np.array([0]),
            capacity_rules(session.definition.stream),
            paths,
            np.full((1, 200), 14),
            np.ones(1),
        )
    rows, _ = plan_case(links, case)
    check_plan({"capacity": rows})


def test_trunks_have_the_load_of_their_circuits_as_a_ceiling(network, tmp_path):
    """The peak is taken for Erlangs: as many circuits block one call in a hundred of just the ceiling's load."""
    changed = RULES.replace("capacity_mbps", "circuits").replace("threshold = 0.7", "grade = 0.01")
    found = plan_of(changed_network(network, tmp_path, rules=changed, steps=STEPS.replace("1000\n", "1400\n")))
    assert found.links.series_ids == list(CIRCUITS)
    intact = found.rows.xs(NO_FAILURE, level="failure")
    for name, circuits in CIRCUITS.items():
        load, blocking = intact.loc[name, "ceiling"], 1.0
        for lines in range(1, circuits + 1):
            blocking = load * blocking / (lines + load * blocking)
        assert blocking == pytest.approx(0.01, rel=1e-6)
    assert intact.loc["a.full_soon", ["due", "step"]].tolist() == [True, "1G"]
    assert intact.loc["a.never", "rule"] == "not_needed"
    assert len(found.rows) == 9
    assert (found.tables["findings"]["finding"] == "no_capacity").sum() == 10
