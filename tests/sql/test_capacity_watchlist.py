"""What a planner is shown: the newest plan of capacity, and the list of links that need something."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.publications import insert_published
from tests.plans import make_capacity_plan, publish_planned, write_plan
from tests.publications import ask, day, name_rows

FIRST = day(1)
LATEST = {"capacity_latest": 16, "runout_latest": 48, "capacity_findings": 12}
DATES = ("runout_q10", "runout_q50", "runout_q90", "order_by")


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def publish_links(
    lake: Lake, *links: dict[str, Any], run_id: str = "plan", stream: str = "usage", origin: datetime = FIRST
) -> None:
    """A plan of some rows of capacity, each like one that needs nothing but for what is given."""
    template = make_capacity_plan(day(1))["capacity"].iloc[[14]]
    rows = pd.concat([template.assign(**link) for link in links], ignore_index=True)
    rows = rows.astype(dict.fromkeys(DATES, "datetime64[us]"))
    insert_published(lake, "planning.capacity", rows, run_id=run_id, stream=stream, origin=origin)
    name_rows(lake, run_id, origin, origin, stream=stream, kind="plan", rows=len(rows))


def intact(series: str, **values: Any) -> dict[str, Any]:
    return {"series_id": series, "failure": "none", **values}


def failed(series: str, twin: str, **values: Any) -> dict[str, Any]:
    return {"series_id": series, "failure": f"n-1:{twin}", **values}


def needed(order_by: date | None, *, due: bool = False, **values: Any) -> dict[str, Any]:
    return {
        "rule": "no_sufficient_step",
        "order_by": pd.Timestamp(order_by) if order_by else pd.NaT,
        "due": due,
    } | values


def watched(lake: Lake, columns: str = "series_id") -> list[tuple]:
    return ask(lake, f"select {columns} from analyst.capacity_watchlist")


def test_newest_plan_of_each_stream_speaks_in_every_table(lake):
    publish_planned(lake, "old", day(1), day(1.25), make=make_capacity_plan)
    publish_planned(lake, "first", day(2), day(2.25), make=make_capacity_plan)
    publish_planned(lake, "new", day(2), day(2.5), level=7, make=make_capacity_plan)
    publish_planned(lake, "other", day(1), day(1.25), stream="trunks", make=make_capacity_plan)
    publish_planned(lake, "staff", day(3), day(3.25), stream="calls")
    write_plan(lake, "killed", day(2), level=9, make=make_capacity_plan)
    for view, rows in LATEST.items():
        found = ask(lake, f"select stream, origin, run_id, count(*) from analyst.{view} group by all order by 1")
        assert found == [("trunks", day(1), "other", rows), ("usage", day(2), "new", rows)], view
    assert {run for (run,) in watched(lake, "run_id")} == {"new", "other"}
    assert ask(lake, "select distinct peak from analyst.capacity_latest where run_id = 'new' order by 1") == [
        (7,),
        (14,),
    ]


def test_due_links_come_first_then_the_earliest_order_then_the_largest_regret(lake):
    soon, later = date(2024, 1, 1), date(2024, 3, 1)
    publish_links(
        lake,
        intact("later", **needed(later)),
        intact("never", **needed(None)),
        intact("calm"),
        intact("due-late", **needed(soon, due=True)),
        intact("rich", **needed(date(2024, 2, 1), rule="sufficient", expected_delay_loss=90.0)),
        intact("poor", **needed(date(2024, 2, 1), rule="sufficient", expected_delay_loss=10.0)),
        intact("unknown", **needed(date(2024, 2, 1))),
        intact("due-first", **needed(date(2023, 12, 1), due=True)),
    )
    expected = ["due-first", "due-late", "rich", "poor", "unknown", "later", "never"]
    assert [name for (name,) in watched(lake)] == expected
    assert [name for (name,) in ask(lake, "select series_id from analyst.capacity_watchlist limit 3")] == expected[:3]
    assert [row[1] for row in ask(lake, "from analyst.capacity_watchlist")] == expected


def test_link_stands_beside_the_failure_that_asks_for_the_earliest_order(lake):
    publish_links(
        lake,
        intact("a", **needed(date(2024, 2, 1))),
        failed("a", "b", **needed(date(2024, 1, 20)), utilisation=0.5),
        failed("a", "c", **needed(date(2024, 1, 10)), utilisation=0.4),
        failed("a", "d", **needed(None), utilisation=0.9),
        intact("b", **needed(date(2024, 2, 2))),
        failed("b", "a", utilisation=0.3, **needed(None)),
        failed("b", "c", utilisation=0.6, **needed(None)),
        intact("c", **needed(date(2024, 2, 3))),
    )
    columns = "series_id, n1_failure, n1_utilisation, n1_order_by, n1_due"
    assert watched(lake, columns) == [
        ("a", "n-1:c", 0.4, date(2024, 1, 10), False),
        ("b", "n-1:c", 0.6, None, False),
        ("c", None, None, None, None),
    ]


def test_link_that_needs_nothing_is_listed_once_a_failure_is_due(lake):
    publish_links(
        lake,
        intact("safe"),
        failed("safe", "x", **needed(date(2024, 5, 1))),
        intact("fragile"),
        failed("fragile", "x", **needed(date(2024, 1, 1), due=True)),
        intact("full", **needed(date(2024, 9, 1))),
    )
    assert watched(lake, "series_id, rule, n1_due") == [
        ("full", "no_sufficient_step", None),
        ("fragile", "not_needed", True),
        ("safe", "not_needed", False),
    ]


def sufficient(order_by: date, *, size: float, cost: float, **values: Any) -> dict[str, Any]:
    step = {"step": f"{size:g}G", "step_capacity": size, "cost": cost, "rule": "sufficient", "currency": "CAD"}
    return needed(order_by, **(step | values))


def test_the_step_that_only_a_failure_needs_is_listed_with_its_cost_and_counts_in_the_budget(lake):
    none = {"step": None, "step_capacity": None, "cost": None, "currency": "CAD"}
    early, late = date(2024, 2, 1), date(2024, 4, 2)
    publish_links(
        lake,
        intact("own", **sufficient(early, size=10, cost=100.0)),
        failed("own", "x", **none),
        intact("n1 only", **none),
        failed("n1 only", "x", **sufficient(late, size=10, cost=40.0)),
        failed("n1 only", "y", **sufficient(late, size=40, cost=70.0)),
        intact("both", **sufficient(late, size=10, cost=100.0)),
        failed("both", "x", **sufficient(early, size=40, cost=300.0)),
        intact("overdue", **sufficient(date(2023, 11, 1), size=10, cost=9.0, due=True)),
        intact("nothing lasts", **(needed(early) | none)),
        intact("calm", **none),
    )
    columns = "series_id, step, cost, n1_step, n1_cost, order_step, order_cost, order_quarter, currency"
    assert sorted(watched(lake, columns)) == [
        ("both", "10G", 100.0, "40G", 300.0, "40G", 300.0, "2024-Q1", "CAD"),
        ("n1 only", None, None, "40G", 70.0, "40G", 70.0, "2024-Q2", "CAD"),
        ("nothing lasts", None, None, None, None, None, None, "2024-Q1", "CAD"),
        ("overdue", "10G", 9.0, None, None, "10G", 9.0, "2024-Q1", "CAD"),
        ("own", "10G", 100.0, None, None, "10G", 100.0, "2024-Q1", "CAD"),
    ]
    budget = "select order_quarter, links, due, without_step, cost, currency from analyst.capacity_budget"
    assert ask(lake, budget) == [("2024-Q1", 4, 1, 1, 409.0, "CAD"), ("2024-Q2", 1, 0, 0, 70.0, "CAD")]


def test_streams_and_failures_of_one_name_are_kept_apart(lake):
    publish_links(lake, intact("a", **needed(date(2024, 2, 1))), run_id="one", stream="links")
    publish_links(
        lake, intact("a"), failed("a", "b", **needed(date(2024, 1, 1), due=True)), run_id="two", stream="trunks"
    )
    assert watched(lake, "stream, series_id, n1_failure") == [("links", "a", None), ("trunks", "a", "n-1:b")]


def test_due_link_of_a_later_plan_comes_before_an_earlier_order_that_is_not_due(lake):
    publish_links(lake, intact("coming", **needed(date(2024, 1, 5))), run_id="one", stream="links")
    due = intact("due", **needed(date(2024, 1, 9), due=True))
    publish_links(lake, due, run_id="two", stream="trunks", origin=day(10))
    assert watched(lake) == [("due",), ("coming",)]


def test_numbers_of_the_list_are_those_of_the_plan(lake):
    publish_planned(lake, "plan", day(1), day(1.25), make=make_capacity_plan)
    shared = "series_id, parallel, capacity, peak, utilisation, headroom, growth, runout_q10, runout_q50, runout_q90, "
    shared += "runout_probability, order_by, due, rule, step, cost, wait_cost, expected_delay_loss, suppressed, run_id"
    listed = ask(lake, f"select {shared} from analyst.capacity_watchlist order by series_id")
    told = f"select {shared} from analyst.capacity_latest where failure = 'none' and series_id < 'l7'"
    assert listed == ask(lake, f"{told} order by series_id")
