"""Checks of aggregates and of plans of capacity: each fault is planted in a sound lake and taken back."""

from collections.abc import Iterator

import pytest

from forecasting.settings import read_settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.aggregates import publish_whole_night
from tests.plans import make_capacity_plan, publish_planned
from tests.publications import ask, day, record_run
from tests.store.test_plan_checks import broken_after

INTACT = "where series_id = 'l0' and failure = 'none'"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("capacity"))})) as opened:
        for run_id in ("night", "peaks", "plan"):
            record_run(opened, run_id, "published", day(1))
        ask(opened, "update forecast.runs set origin = $origin", origin=day(1))
        publish_whole_night(opened, "night", day(1), day(1.2))
        publish_planned(opened, "plan", day(1), day(1.2), make=make_capacity_plan)
        yield opened


def test_sound_lake_breaks_nothing(lake):
    assert broken_after(lake, "select 1") == {}


@pytest.mark.parametrize("table", ["capacity", "runout", "findings"])
def test_key_that_is_held_twice_is_found_and_one_row_too_many(lake, table):
    found = broken_after(lake, f"insert into planning.{table} select * from planning.{table} limit 1")
    assert found[f"key of planning.{table}"][0] == 1
    assert found[f"key of planning.{table}"][1].startswith("(plan, usage, ")
    assert found["checks/publications_rows.sql"] == (1, "plan claims 76, has 77")


@pytest.mark.parametrize("table", ["planning.runout", "planning.findings", "forecast.aggregates", "forecast.paths"])
def test_rows_that_are_gone_are_missed(lake, table):
    assert list(broken_after(lake, f"delete from {table}")) == ["checks/publications_rows.sql"]


def test_aggregate_that_is_held_twice_is_found(lake):
    again = "insert into forecast.aggregates select * from forecast.aggregates order by all limit 1"
    found = broken_after(lake, again, of="forecast.aggregates")
    first = "(night, usage, all, all, busy_hour, day, '2024-01-02 00:00:00+00')"
    assert found == {"key of forecast.aggregates": (1, first)}


@pytest.mark.parametrize("change", ["q25 = 99", "mean = 'nan'", "q95 = 'inf'"])
def test_aggregate_whose_quantiles_cross_is_found(lake, change):
    where = "where stat = 'sum' and group_key = 'qc' and ts = timestamptz '2024-01-03'"
    found = broken_after(lake, f"update forecast.aggregates set {change} {where}", of="forecast.aggregates")
    first = "night: sum of region qc in the day of 2024-01-03 00:00:00+00"
    assert found == {"checks/aggregates_crossing.sql": (1, first)}


def test_aggregates_and_paths_without_a_forecast_are_found(lake):
    for others in ("", "delete from forecast.aggregates", "delete from forecast.paths"):
        found = broken_after(lake, f"delete from forecast.forecasts; {others}", of="forecast.aggregates")
        assert found == {"checks/aggregates_alone.sql": (1, "night")}, others


@pytest.mark.parametrize(
    "change",
    [
        "capacity = 0",
        "peak = -1",
        "headroom = 0",
        "utilisation = 0.9",
        "growth = 'nan'",
        "suppressed = 'inf'",
        "runout_probability = 1.5",
        "confidence = 1",
        "runout_q25 = runout_q05 - 1",
        "runout_q50 = null",
        "lead_days = 120",
        "order_by = null, due = false",
        "order_by = order_by + 31",
        "due = false, order_by = date '2024-01-01'",
        "due = true, order_by = date '2024-01-04'",
        "due = true, order_by = null, runout_q10 = null",
        "step = null",
        "step_capacity = null",
        "cost = null",
        "rule = 'no_catalogue'",
    ],
)
def test_row_of_capacity_that_cannot_be_is_found(lake, change):
    found = broken_after(lake, f"update planning.capacity set {change} {INTACT}", of="planning.capacity")
    assert found == {"checks/capacity_sound.sql": (1, "plan: l0, failure none")}


def test_forecast_of_peaks_that_is_not_on_record_is_found(lake):
    found = broken_after(lake, "update planning.capacity set forecast_run_id = 'nobody'", of="planning.capacity")
    assert found == {"checks/capacity_lineage.sql": (1, "plan of nobody")}


@pytest.mark.parametrize(("value", "failed"), [("0.05", 1), ("1.5", 2), ("'nan'", 2)])
def test_probability_that_falls_or_cannot_be_is_found(lake, value, failed):
    change = f"update planning.runout set probability = {value} {INTACT} and date = date '2024-06-01'"
    found = broken_after(lake, change, of="planning.runout")
    assert found == {"checks/runout_falls.sql": (failed, "plan: l0, failure none by 2024-06-01")}


def test_run_out_of_a_link_that_is_not_planned_is_found(lake):
    found = broken_after(lake, f"delete from planning.capacity {INTACT}", of="planning.runout")
    assert found["checks/runout_falls.sql"] == (3, "plan: l0, failure none by 2024-03-02")
