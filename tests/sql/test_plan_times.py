"""What is planned now, was planned by an instant, is planned from a night: views and macros over published plans."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.plans import CONFIDENCES, POOLS, STEPS, publish_planned, write_plan
from tests.publications import ask, day, publish_run

ROWS = len(POOLS) * STEPS * len(CONFIDENCES)
LATEST = {
    "staffing_latest": ROWS,
    "staffing_periods_latest": 24,
    "pool_calls_latest": len(POOLS) * STEPS,
    "groups_latest": 32,
    "rosters_latest": 12,
    "shifts_latest": 12,
}


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def as_of(lake: Lake, t: datetime) -> list[tuple]:
    """(stream, origin, run, fewest agents, rows) of what was planned by t."""
    query = """
        select stream, origin, run_id, min(agents), count(*)
        from analyst.staffing_as_of($t) group by all order by 1, 2
    """
    return ask(lake, query, t=t)


def from_origin(lake: Lake, t: datetime) -> list[tuple]:
    query = """
        select stream, origin, run_id, published_at, count(*)
        from analyst.staffing_from_origin($t) group by all order by 1
    """
    return ask(lake, query, t=t)


def test_newest_plan_of_each_stream_speaks_in_every_table(lake):
    publish_planned(lake, "old", day(1), day(1.25))
    publish_planned(lake, "new-first", day(2), day(2.25))
    publish_planned(lake, "new", day(2), day(2.5), level=7)
    publish_planned(lake, "late-old", day(1), day(9))
    publish_planned(lake, "calls", day(1), day(1.25), stream="calls")
    write_plan(lake, "killed", day(2), level=99)
    for view, rows in LATEST.items():
        found = ask(lake, f"select stream, origin, run_id, count(*) from analyst.{view} group by all order by 1")
        assert found == [("calls", day(1), "calls", rows), ("usage", day(2), "new", rows)], view


def test_plan_that_speaks_is_named_with_its_issue(lake):
    publish_planned(lake, "old", day(1), day(1.25))
    publish_planned(lake, "new", day(1), day(2.5))
    publish_run(lake, "night", day(3), day(3.25))
    assert ask(lake, "from analyst.plan_latest") == [("usage", day(1), "new", day(2.5), True)]


def test_what_was_replaced_is_reached_by_an_instant_before_its_replacement(lake):
    publish_planned(lake, "first", day(1), day(1.25), level=1)
    publish_planned(lake, "second", day(1), day(5), level=2)
    publish_planned(lake, "other", day(2), day(2.25), level=3)
    publish_run(lake, "night", day(1), day(1.3))
    assert as_of(lake, day(1.2)) == []
    assert as_of(lake, day(1.25)) == [("usage", day(1), "first", 1, ROWS)]
    assert as_of(lake, day(4.9)) == [("usage", day(1), "first", 1, ROWS), ("usage", day(2), "other", 3, ROWS)]
    assert as_of(lake, day(5)) == [("usage", day(1), "second", 2, ROWS), ("usage", day(2), "other", 3, ROWS)]
    assert {row[0] for row in ask(lake, "select published_at from analyst.staffing_as_of($t)", t=day(4))} == {
        day(1.25),
        day(2.25),
    }


def test_night_is_told_by_its_newest_plan_whenever_that_was_issued(lake):
    publish_planned(lake, "plan-1", day(1), day(1.25))
    publish_planned(lake, "plan-3", day(3), day(3.25))
    publish_planned(lake, "late-2", day(2), day(100))
    publish_planned(lake, "again-2", day(2), day(101))
    publish_run(lake, "night", day(2.5), day(2.75))
    assert from_origin(lake, day(0.5)) == []
    assert from_origin(lake, day(1.9)) == [("usage", day(1), "plan-1", day(1.25), ROWS)]
    assert from_origin(lake, day(2.9)) == [("usage", day(2), "again-2", day(101), ROWS)]
    assert from_origin(lake, day(9)) == [("usage", day(3), "plan-3", day(3.25), ROWS)]


PAIRS = {
    "aggregates": "aggregates_latest",
    "paths": "paths_latest",
    "staffing": "staffing_latest",
    "staffing_periods": "staffing_periods_latest",
    "pool_calls": "pool_calls_latest",
    "groups": "groups_latest",
    "rosters": "rosters_latest",
    "shifts": "shifts_latest",
    "capacity": "capacity_latest",
    "runout": "runout_latest",
    "capacity_findings": "capacity_findings",
    "surges": "surges_latest",
}


@pytest.mark.parametrize("name", PAIRS)
def test_everything_published_can_be_asked_by_instant_and_by_origin(lake, name):
    columns = [row[0] for row in ask(lake, f"describe from analyst.{PAIRS[name]}")]
    for question in ("as_of", "from_origin"):
        found = [row[0] for row in ask(lake, f"describe from analyst.{name}_{question}($t)", t=day(1))]
        assert found == columns
        assert {"published_at", "complete"} <= set(columns)


@pytest.mark.parametrize("name", ["staffing_periods", "groups", "rosters", "shifts"])
def test_every_table_of_a_plan_is_seen_as_it_stood_and_by_its_origin(lake, name):
    publish_planned(lake, "first", day(1), day(1.25))
    publish_planned(lake, "second", day(1), day(100))
    publish_planned(lake, "later", day(2), day(2.25))
    stood = f"select distinct run_id from analyst.{name}_as_of($t) order by 1"
    newest = f"select distinct run_id from analyst.{name}_from_origin($t)"
    assert ask(lake, stood, t=day(1)) == []
    assert ask(lake, stood, t=day(5)) == [("first",), ("later",)]
    assert ask(lake, stood, t=day(101)) == [("later",), ("second",)]
    assert ask(lake, newest, t=day(1.5)) == [("second",)]


def test_forecast_is_there_beside_its_plan(lake):
    publish_run(lake, "night", day(1), day(1.25))
    publish_planned(lake, "plan", day(1), day(1.5))
    publish_planned(lake, "plan-ahead", day(2), day(2.5))
    for place in ("forecast_latest", "forecast_vs_actual", "forecast_as_of($t)", "forecast_from_origin($t)"):
        named = {"t": day(9)} if "$t" in place else {}
        assert ask(lake, f"select distinct run_id from analyst.{place}", **named) == [("night",)], place
