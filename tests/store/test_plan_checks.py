"""Checks of plans: each fault is planted in a sound lake and taken back."""

from collections.abc import Iterator

import pytest

from forecasting.settings import read_settings
from forecasting.store.checks import OF_FORECASTS, LakeCheck, find_broken
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.plans import publish_planned
from tests.publications import ask, day, publish_run, record_run

TABLES = ("staffing", "staffing_periods", "pool_calls", "groups", "rosters", "shifts")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("plans"))})) as opened:
        for run_id in ("forecast", "handle", "plan"):
            record_run(opened, run_id, "published", day(1))
        ask(opened, "update forecast.runs set origin = $origin", origin=day(1))
        publish_run(opened, "forecast", day(1), day(1.2))
        publish_planned(opened, "plan", day(1), day(1.2))
        yield opened


def broken_after(lake: Lake, statement: str, *, of: str = "") -> dict[str, tuple[int, str | None]]:
    """Rules that are broken once a statement has run, with how often and where first. of: part of a table's name."""
    lake.connection.begin()
    try:
        lake.connection.execute(statement)
        broken = {
            named(check): find_broken(lake, check, stream="usage", since=day(0))
            for check in OF_FORECASTS
            if of in check.table
        }
    finally:
        lake.connection.rollback()
    return {query: (found.failed, found.first) for query, found in broken.items() if found.failed}


def named(check: LakeCheck) -> str:
    return f"key of {check.table}" if check.of else check.query


def test_sound_plan_breaks_nothing_though_its_forecast_came_at_the_same_moment(lake):
    assert broken_after(lake, "select 1") == {}


@pytest.mark.parametrize("table", TABLES)
def test_key_that_is_held_twice_is_found_and_one_row_too_many(lake, table):
    found = broken_after(lake, f"insert into planning.{table} select * from planning.{table} limit 1")
    assert found[f"key of planning.{table}"][0] == 1
    assert found[f"key of planning.{table}"][1].startswith("(plan, usage, ")
    assert found["checks/publications_rows.sql"] == (1, "plan claims 128, has 129")


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_are_gone_are_missed(lake, table):
    found = broken_after(lake, f"delete from planning.{table}")
    assert list(found) == ["checks/publications_rows.sql"]


@pytest.mark.parametrize(
    "change",
    [
        "met = 1.5",
        "service_level = -0.1",
        "occupancy = 'nan'",
        "abandonment = 2",
        "rostered = agents - 1",
        "confidence = 1",
        "calls = 'nan'",
        "asa = 'inf'",
        "ts = ts - interval 1 day",
    ],
)
def test_number_that_cannot_be_is_found(lake, change):
    where = "where pool_id = 'sales' and ts = timestamptz '2024-01-02 03:00' and confidence = 0.8"
    found = broken_after(lake, f"update planning.staffing set {change} {where}", of="planning.staffing")
    assert found["checks/staffing_sound.sql"][0] == 1
    assert found["checks/staffing_sound.sql"][1].startswith("plan: sales at 2024-01-0")


def test_agents_that_fall_with_risk_are_found(lake):
    found = broken_after(lake, "update planning.staffing set agents = 4 where confidence = 0.8 and pool_id = 'care'")
    assert found["checks/staffing_falls.sql"] == (8, "plan: care at 2024-01-02 00:00:00+00, confidence 0.8")


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ("forecast_run_id = 'nobody'", "plan of nobody and handle"),
        ("handle_run_id = 'who'", "plan of forecast and who"),
    ],
)
def test_forecast_that_is_not_on_record_is_found(lake, change, first):
    found = broken_after(lake, f"update planning.staffing set {change}")
    assert found == {"checks/plans_lineage.sql": (1, first)}


def test_forecast_of_another_origin_is_found(lake):
    found = broken_after(lake, "update forecast.runs set origin = timestamptz '2024-01-09' where run_id = 'forecast'")
    assert found["checks/plans_lineage.sql"][0] == 1
