"""Real calls replayed against the plans of their mornings."""

from datetime import timedelta

import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import plan
from forecasting.jobs.common.session import open_session
from forecasting.jobs.staffing import replay
from forecasting.jobs.staffing.plan import read_pool_loads, staffing_rules
from forecasting.jobs.staffing.replayed import PlanOutcome, Replayed
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.planning.replay.plans import Attained
from tests.backfills import ask, snapshot
from tests.contact_centre import CALLS, NEXT, ORIGIN, RULES, ZONE, changed_definitions, make_calls

FIRST, LAST = "2024-03-31", "2024-04-01"
"""A week after ORIGIN and NEXT; clocks change in the night before the first."""


@pytest.fixture(scope="module")
def replayed(centre) -> Replayed:
    before = snapshot(centre), ask(centre, "select count(*) from forecast.runs")
    found = replay.run(centre, CALLS, since=FIRST, until=LAST)
    assert (snapshot(centre), ask(centre, "select count(*) from forecast.runs")) == before, "a replay writes nothing"
    return found


def line(found: Replayed, name: str, formula: str = "A") -> Attained:
    (own,) = [one.attained for one in found.outcomes if one.formula == formula and one.plan == name]
    return own


def test_every_plan_is_told_for_erlang_a_and_c(replayed):
    plans = [
        "median",
        "median +10%",
        "median +20%",
        "median +30%",
        "expected service",
        "confidence 0.5",
        "confidence 0.8",
    ]
    for formula in ("A", "C"):
        told = [one.plan for one in replayed.outcomes if one.formula == formula]
        assert told[:7] == plans
        assert told[7].startswith("confidence 0.")
        assert told[7].endswith(": target on 80% of days")
        assert told[8].startswith("true rate of each day, ")
    table = replayed.table()
    assert len(table) == 18
    assert not table.isna().any(axis=None)
    assert table[["intervals", "days", "service_level", "abandoned", "occupancy"]].max(axis=None) <= 100
    assert replayed.as_dict()["lead"] == "7d"


def test_calls_are_those_of_the_days_while_the_lines_were_open(replayed):
    made = make_calls()["arrived_at"].dt.tz_convert(ZONE)
    inside = made.dt.date.astype(str).isin([FIRST, LAST])
    assert (replayed.days, replayed.calls) == (2, inside.sum())


def test_hours_are_those_of_the_plans_that_were_made_a_week_before(replayed, centre):
    hours = dict.fromkeys((0.5, 0.8), 0.0)
    plug_in = 0.0
    with open_session(centre, CALLS) as session:
        stream = session.definition.stream
        for origin, day in ((ORIGIN, FIRST), (NEXT, LAST)):
            loads = read_pool_loads(session, resolve_origin(origin, stream))
            rules = staffing_rules(stream).model_copy(update={"shifts": ()})
            rows = plan.make_tables(loads, rules, begin=lambda _: None)["staffing"]
            own = rows[rows["ts"].dt.tz_convert(ZONE).dt.date.astype(str) == day]
            for confidence in hours:
                hours[confidence] += own.loc[own["confidence"] == confidence, "agents"].sum() / 2
            plug_in += own.loc[own["confidence"] == 0.5, "plug_in_agents"].sum() / 2
    assert line(replayed, "confidence 0.5").agent_hours == hours[0.5]
    assert line(replayed, "confidence 0.8").agent_hours == hours[0.8]
    medians = [one.attained.agent_hours for one in replayed.outcomes if one.plan.startswith("median")]
    assert medians[0] == plug_in
    assert medians[:4] == sorted(medians[:4])


def test_more_agents_serve_more(replayed):
    low, high = line(replayed, "confidence 0.5"), line(replayed, "confidence 0.8")
    assert low.agent_hours < high.agent_hours
    assert low.service_level < high.service_level
    assert low.mean_wait > high.mean_wait
    assert low.abandoned > high.abandoned


def test_the_cheapest_plan_of_who_knew_the_days_reaches_as_much_as_the_product(replayed):
    told = [one for one in replayed.outcomes if one.formula == "A"]
    own, best = told[7].attained, told[8].attained
    assert own.days >= 0.8
    assert best.days >= own.days


def test_a_stream_of_callers_who_never_give_up_is_planned_by_erlang_c_alone(centre, tmp_path):
    settings = changed_definitions(centre, tmp_path, rules=RULES.replace('"3min"', '"none"'))
    found = replay.run(settings, CALLS, since=FIRST, until=FIRST)
    assert {one.formula for one in found.outcomes} == {"C"}


def test_days_on_which_nobody_is_open_are_passed_over_even_at_the_end_of_a_horizon(centre, tmp_path):
    settings = changed_definitions(centre, tmp_path, hours='[[calendar.hours]]\nmon-sat = "08:00-18:00"\n')
    with pytest.raises(SettingsError, match=f"stream calls: no pool is open from {FIRST} to {FIRST}; choose days with"):
        replay.run(settings, CALLS, since=FIRST, until=FIRST)


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        (
            {"lead": timedelta(days=8)},
            SettingsError,
            "does not hold all of 2024-04-01; expected a horizon a day longer",
        ),
        ({"lead": timedelta(hours=36)}, SettingsError, "--lead 36h: expected whole days, such as 7d"),
        ({"lead": timedelta(days=6)}, FeedError, "no forecast from 2024-03-25T23:00.* was published"),
        ({"since": "2024-04-31"}, SettingsError, r"--replay 2024-04-31..2024-04-01: expected two dates such as"),
        ({"since": "2024-04-02"}, SettingsError, "expected the first date first"),
        ({"since": "2026-04-01", "until": "2026-04-01"}, FeedError, "no calls between"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_line(centre, asked, error, told):
    with pytest.raises(error, match=told) as caught:
        replay.run(centre, CALLS, **{"since": LAST, "until": LAST} | asked)
    assert "\n" not in str(caught.value)


def test_table_rounds_and_shares_are_percent():
    attained = Attained(12.345, 0.8123, 0.5, 0.79999, 9.87, 0.01, 0.6)
    found = Replayed("calls", FIRST, LAST, timedelta(days=7), "80/20", 2, 10, [PlanOutcome("A", "x", attained)])
    assert found.table().to_dict("records") == [
        {
            **{"formula": "A", "plan": "x", "agent_hours": 12.3, "intervals": 81.2, "days": 50.0},
            **{"service_level": 80.0, "mean_wait": 9.9, "abandoned": 1.0, "occupancy": 60.0},
        }
    ]
    assert pd.DataFrame([one.as_dict() for one in found.outcomes]).shape == (1, 9)
