"""From published forecasts to a published plan: what it holds, what it is made from, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.contracts.plans import check_plan
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import plan
from forecasting.jobs.common.outlook import newest_origin
from forecasting.jobs.common.session import open_session
from forecasting.jobs.staffing.loads import pool_loads
from forecasting.jobs.staffing.plan import read_pool_loads, staffing_rules
from forecasting.panel.calendar.calendar import resolve_origin
from tests.backfills import ask, frame
from tests.contact_centre import (
    CALLS,
    HANDLES,
    HOURS,
    NEXT,
    ORIGIN,
    POOLS,
    QUEUES,
    RULES,
    SHIFTS,
    ZONE,
    changed_definitions,
    forecast_centre,
    speaking,
)
from tests.network import ORIGIN as PEAKS_ORIGIN
from tests.network import PEAKS, TRAFFIC

SUNDAY, MONDAY = pd.Timestamp(ORIGIN, tz=ZONE), pd.Timestamp(NEXT, tz=ZONE)
FROM_SUNDAY = f"origin = '{SUNDAY.isoformat()}'"
STAFFING = f"select * from planning.staffing where {FROM_SUNDAY} order by pool_id, ts, confidence"
PUBLICATIONS = "select * from forecast.publications order by all"


def loads_of(settings, origin):
    with open_session(settings, CALLS) as session:
        return read_pool_loads(session, resolve_origin(origin, session.definition.stream))


def test_every_open_interval_of_every_pool_has_a_row_at_each_risk_with_the_forecasts_behind_it(centre):
    staffing = frame(centre, STAFFING)
    wall = staffing["ts"].dt.tz_convert(ZONE)
    assert staffing.groupby("pool_id").size().to_dict() == dict.fromkeys(("care", "sales", "tech"), 8 * 20 * 2)
    assert (
        staffing.groupby(["pool_id", "ts"])["confidence"]
        .apply(list)
        .map(lambda confidence: confidence == [0.5, 0.8])
        .all()
    )
    assert wall.dt.hour.between(8, 17).all()
    assert wall.dt.date.nunique() == 8
    runs = dict(ask(centre, f"select stream, run_id from forecast.publications where kind <> 'plan' and {FROM_SUNDAY}"))
    assert staffing[["forecast_run_id", "handle_run_id"]].drop_duplicates().to_numpy().tolist() == [
        [runs[CALLS], runs[HANDLES]]
    ]
    assert not staffing.isna().any(axis=None)


def test_agents_are_those_of_the_calls_and_handle_times_that_were_forecast(centre):
    staffing = frame(centre, STAFFING)
    own = staffing[(staffing["pool_id"] == "sales") & (staffing["confidence"] == 0.8)].set_index("ts")
    medians = frame(
        centre,
        f"select stream, ts, q50, mean from forecast.forecasts where series_id = 'sales.voice' and {FROM_SUNDAY}",
    )
    calls = medians[medians["stream"] == CALLS].set_index("ts")
    assert own["calls"].sum() == pytest.approx(calls["mean"].sum(), rel=0.03)
    assert own["handle"].mean() == pytest.approx(medians.loc[medians["stream"] == HANDLES, "q50"].mean(), rel=0.05)
    assert own["load"].to_numpy() == pytest.approx((own["calls"] * own["handle"] / 1800).to_numpy(), rel=0.02)
    assert (own["rostered"] == np.ceil(own["agents"] / 0.75 - 1e-9)).all()
    assert (own["occupancy"] <= 0.9 + 1e-9).all()
    assert (own["load_at_confidence"] > own["load"]).mean() > 0.9
    by_day = staffing.groupby([staffing["pool_id"], staffing["ts"].dt.date, "confidence"])["met"].mean()
    assert (by_day >= by_day.index.get_level_values("confidence") - 1e-6).all()


def test_days_and_weeks_are_whole_and_add_up_the_agents(centre):
    periods = frame(centre, "select * from analyst.staffing_periods_latest")
    staffing = frame(centre, STAFFING)
    wall = staffing["ts"].dt.tz_convert(ZONE)
    days = periods[periods["period"] == "day"]
    assert days.groupby("pool_id").size().to_dict() == dict.fromkeys(("care", "sales", "tech"), 8 * 2)
    hours = (staffing["agents"] / 2).groupby([staffing["pool_id"], wall.dt.date, staffing["confidence"]]).sum()
    found = days.set_index(["pool_id", days["ts"].dt.tz_convert(ZONE).dt.date, "confidence"])["agent_hours"]
    assert found.sort_index().to_list() == hours.sort_index().to_list()
    weeks = periods[periods["period"] == "week"]
    assert set(weeks["ts"].dt.tz_convert(ZONE).dt.date) == {MONDAY.date()}
    inside = wall >= MONDAY
    own = (staffing["agents"] / 2)[inside].groupby([staffing["pool_id"], staffing["confidence"]]).sum()
    assert (
        weeks.set_index(["pool_id", "confidence"])["agent_hours"].sort_index().to_list() == own.sort_index().to_list()
    )


def test_a_plan_made_again_after_a_later_night_says_the_same_and_publishes_nothing(centre):
    """Both streams were forecast again a day later, and history went on."""
    earlier, later = loads_of(centre, ORIGIN), loads_of(centre, NEXT)
    assert (earlier.handles.origin, later.handles.origin) == (SUNDAY, MONDAY)
    assert earlier.handles.run_id != later.handles.run_id
    assert ask(centre, f"select max(ts) from history.demand where stream = '{CALLS}'")[0][0] > SUNDAY
    before = ask(centre, PUBLICATIONS)
    summary = plan.run(centre, CALLS, origin=ORIGIN)
    assert summary.status == "unchanged"
    assert summary.details["pools"] == 3
    json.dumps(summary.as_dict())
    assert ask(centre, PUBLICATIONS) == before


def test_a_forecast_that_says_something_else_is_planned_again(centre):
    first = frame(centre, STAFFING)
    more = ", ".join(f"{name} * 1.5 as {name}" for name in ("mean", "q05", "q10", "q25", "q50", "q75", "q90", "q95"))
    with speaking(centre, CALLS, ORIGIN, change=more) as run_id:
        summary = plan.run(centre, CALLS, origin=ORIGIN)
        assert summary.status == "published"
        assert summary.details["forecast"] == run_id
        second = frame(centre, f"select * from analyst.staffing_latest where {FROM_SUNDAY}")
        assert set(second["forecast_run_id"]) == {run_id}
        assert second["calls"].sum() == pytest.approx(1.5 * first["calls"].sum(), rel=0.03)
        assert second["agents"].sum() > 1.15 * first["agents"].sum()
    assert plan.run(centre, CALLS, origin=ORIGIN).status == "published"


def test_what_was_forecast_with_hindsight_is_not_planned_from(centre):
    expected = loads_of(centre, NEXT)
    with speaking(centre, CALLS, NEXT, hindsight=True), speaking(centre, HANDLES, NEXT, hindsight=True):
        found = loads_of(centre, NEXT)
        assert (found.calls.run_id, found.handles.run_id) == (expected.calls.run_id, expected.handles.run_id)
    tuesday = MONDAY + pd.DateOffset(days=1)
    with speaking(centre, HANDLES, NEXT, hindsight=True, origin=tuesday), open_session(centre, HANDLES) as session:
        assert newest_origin(session.lake, session.definition.stream, tuesday) == MONDAY


def test_handle_times_of_an_older_forecast_serve_and_are_told_and_a_part_of_a_week_has_no_shifts(centre):
    wednesday = "2024-03-27"
    forecast_centre(centre, wednesday, streams=(CALLS,))
    summary = plan.run(centre, CALLS, origin=wednesday)
    assert (
        summary.message == f"handle times are those of an older forecast, from {MONDAY.tz_convert('UTC').isoformat()}"
    )
    assert "people" not in summary.details
    staffing = frame(centre, f"select * from planning.staffing where run_id = '{summary.run_id}'")
    assert staffing["ts"].dt.tz_convert(ZONE).dt.date.nunique() == 8
    # beyond what was forecast of them, handle times stay at their mean
    last = staffing[(staffing["ts"] >= "2024-04-03") & (staffing["pool_id"] == "sales")]
    assert np.ptp(last["handle"]) < 3
    assert last["handle"].mean() == pytest.approx(QUEUES["sales.voice"][1], rel=0.1)
    assert ask(centre, f"select count(*) from planning.rosters where run_id = '{summary.run_id}'") == [(0,)]


def test_a_series_without_handle_times_has_those_of_its_pool(centre):
    with speaking(centre, HANDLES, ORIGIN, where="series_id <> 'care.chat'"):
        care, *others = loads_of(centre, ORIGIN).pools
    assert len(others) == 2
    assert np.isfinite(care.handle).all()
    assert care.handle.mean() == pytest.approx(QUEUES["care.voice"][1], rel=0.1)


def refused(settings, error, told, origin=ORIGIN, stream=CALLS):
    """A plan that is refused says why in one line, is on record as failed, and publishes nothing."""
    before = ask(settings, PUBLICATIONS)
    with pytest.raises(error, match=told) as caught:
        plan.run(settings, stream, origin=origin)
    assert "\n" not in str(caught.value)
    assert ask(settings, PUBLICATIONS) == before


def test_a_pool_without_handle_times_is_refused(centre):
    with speaking(centre, HANDLES, ORIGIN, where="series_id not like 'care.%'"):
        refused(
            centre, FeedError, r"pool care: none of its series \(care.chat, care.voice\) has a forecast of its handle"
        )


def test_an_origin_without_a_forecast_is_refused(centre):
    refused(
        centre,
        FeedError,
        "no forecast from 2024-03-19T23:00:00.*forecast first: forecasting forecast calls",
        "2024-03-20",
    )
    (status,) = ask(centre, "select status from forecast.runs where kind = 'plan' order by started_at desc limit 1")[0]
    assert status == "failed"


def test_a_forecast_that_lacks_a_part_of_a_day_is_refused(centre):
    hole = "not (series_id = 'tech.voice' and ts between '2024-03-27 09:00:00+00' and '2024-03-27 10:00:00+00')"
    with speaking(centre, CALLS, ORIGIN, where=hole):
        refused(
            centre, FeedError, r"lacks 3 open intervals, first tech.voice at 2024-03-27T09:00:00\S*Z; expected every"
        )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"pools": POOLS + 'voice = ["*.voice"]\n', "groups": ""},
            "series care.voice is in the pools care and voice of planning.staffing.pools; expected one team",
        ),
        (
            {"pools": POOLS + 'fax = ["*.fax"]\n', "groups": ""},
            r"planning.staffing.pools.fax = \['\*.fax'\] matches none of 4 series, such as care.chat",
        ),
        ({"handle_interval": "20min"}, "aht_stream handle has intervals of 20min, expected a multiple of 30min"),
        (
            {"rules": "", "pools": "", "groups": "", "shifts": ""},
            r"has neither \[planning.staffing\] nor \[planning.cap",
        ),
        ({"rules": RULES.replace('"handle"', '"nope"')}, "aht_stream nope does not exist"),
        (
            {"groups": '\n[planning.staffing.groups]\nfew = { pools = ["care", "sales", "tech"], most = 1 }\n'},
            "care, sales, tech need .* agents between them, 1 hold any of these skills",
        ),
    ],
)
def test_rules_that_do_not_fit_are_refused(centre, tmp_path, changes, told):
    refused(changed_definitions(centre, tmp_path, **changes), SettingsError, told)


def test_hours_that_no_shift_covers_void_no_plan(centre, tmp_path):
    settings = changed_definitions(centre, tmp_path, shifts=SHIFTS.replace('"08:00-', '"09:00-'), groups="")
    loads = loads_of(settings, ORIGIN)
    tables = plan.make_tables(loads, staffing_rules(loads.calls.stream), begin=lambda _: None)
    check_plan(tables)
    assert (tables["staffing"]["agents"] > 0).all()
    assert (tables["rosters"]["short_hours"] > 0).all()
    findings = tables["findings"].set_index(["series_id", "finding"])["note"]
    assert set(findings.index) == {(pool, "uncovered") for pool in ("care", "sales", "tech")}
    # in one piece or two, by what the forecast says of each half of the hour
    assert findings["care", "uncovered"].startswith("pool care: no shift covers: Mon 2024-03-25 08:00-")


def test_a_pool_that_is_closed_throughout_needs_nobody(centre, tmp_path):
    closed = '[[calendar.hours]]\nwhere = { series_id = "tech.voice" }\nmon-sun = "closed"\n\n'
    settings = changed_definitions(centre, tmp_path, hours=closed + HOURS)
    loads = loads_of(settings, ORIGIN)
    assert [pool.pool_id for pool in loads.pools] == ["care", "sales"]


def test_every_series_is_a_pool_where_none_is_named(centre, tmp_path):
    settings = changed_definitions(centre, tmp_path, pools="", groups="")
    assert [pool.pool_id for pool in loads_of(settings, ORIGIN).pools] == list(QUEUES)


def test_the_same_forecasts_give_the_same_loads_whatever_the_order_of_pools(centre):
    loads = loads_of(centre, ORIGIN)
    pools = {"tech": ("tech.voice",), "care": ("care.chat", "care.voice")}
    tech, care = pool_loads(loads.calls, loads.handles, pools)
    assert np.array_equal(tech.work, loads.pools[2].work)
    assert np.array_equal(care.calls, loads.pools[0].calls)
    # the spread that counting brings is taken out, what is left is the rate's own
    mean, spread = care.calls.mean(axis=1), care.calls.std(axis=1)
    assert (spread > 0).all()
    assert (spread < np.sqrt(mean + (0.25 * mean) ** 2)).mean() > 0.95


def test_a_constant_handle_time_holds_for_all_calls(centre, tmp_path):
    constant = RULES.replace('aht_stream = "handle"', 'handle_time = "4min"')
    loads = loads_of(changed_definitions(centre, tmp_path, rules=constant), ORIGIN)
    assert loads.handles is None
    for pool, forecast_too in zip(loads.pools, loads_of(centre, ORIGIN).pools, strict=True):
        np.testing.assert_allclose(pool.work, 240 * pool.calls, rtol=1e-5)
        np.testing.assert_array_equal(pool.calls, forecast_too.calls)
    tables = plan.make_tables(loads, staffing_rules(loads.calls.stream), begin=lambda _: None)
    assert set(tables["staffing"]["handle_run_id"]) == {loads.calls.run_id}
    assert tables["staffing"]["handle"].to_numpy() == pytest.approx(240)


def test_demand_that_is_no_count_keeps_the_whole_spread_of_its_forecast(centre):
    loads = loads_of(centre, ORIGIN)
    stream = loads.calls.stream
    amounts = stream.model_copy(update={"stream": stream.stream.model_copy(update={"counts": False})})
    pools = {"tech": ("tech.voice",)}
    (rates,) = pool_loads(loads.calls, loads.handles, pools)
    (values,) = pool_loads(replace(loads.calls, stream=amounts), loads.handles, pools)
    np.testing.assert_allclose(values.calls.mean(axis=1), rates.calls.mean(axis=1), rtol=1e-3)
    assert (values.calls.std(axis=1) > rates.calls.std(axis=1)).mean() > 0.9


def test_half_a_day_is_planned_without_days_and_weeks(centre, tmp_path):
    loads = loads_of(changed_definitions(centre, tmp_path, horizon="12h"), ORIGIN)
    tables = plan.make_tables(loads, staffing_rules(loads.calls.stream), begin=lambda _: None)
    assert {name: len(rows) for name, rows in tables.items()} == {
        "staffing": 3 * 8 * 2,
        "pool_calls": 3 * 8,
        "groups": 3 * 8 * 2,
    }
    calls = tables["pool_calls"].merge(tables["staffing"], on=["pool_id", "ts"], suffixes=("", "_staffed"))
    np.testing.assert_allclose(calls["calls"], calls["calls_staffed"])
    assert (calls["q05"] < calls["calls"]).all()
    assert (calls["q95"] > calls["calls"]).all()


def test_a_plan_of_capacity_is_on_record_with_its_findings_and_what_is_due_first(network):
    details = plan.run(network, TRAFFIC, origin=PEAKS_ORIGIN).details
    assert (details["links"], details["due"], details["cases"]) == (9, 3, 19)
    told = ask(network, "select series_id, note from analyst.capacity_findings order by series_id, finding")
    assert [note for _, note in told] == sorted(details["findings"])
    assert [name for name, _ in told] == [
        *("b.upgraded", "c.alone", "d.loose", "e.nothing", "e.text", "e.zero", "f.giant", "g.new")
    ]
    runs = f"from forecast.runs where kind = 'plan' and stream = '{TRAFFIC}' order by started_at"
    run_id, status, message = ask(network, f"select run_id, status, message {runs}")[0]
    assert (status, message.split("; ")[-1]) == ("published", "5 more findings")
    peaks = f"select run_id from forecast.publications where stream = '{PEAKS}' and kind <> 'plan'"
    assert ask(network, "select distinct run_id, forecast_run_id from analyst.capacity_latest") == [
        (run_id, ask(network, peaks)[0][0])
    ]
    watched = ask(network, "select series_id, due, order_by from analyst.capacity_watchlist")
    assert [due for _, due, _ in watched] == [True, True, True, False]
    assert [name for name, *_ in watched][2:] == ["a.full_soon", "f.twin"], (
        "overdue ones, one for which it is time, one that fails"
    )
    assert [day for *_, day in watched[:3]] == sorted(day for *_, day in watched[:3])


def test_a_plan_of_capacity_made_again_from_a_forecast_that_says_the_same_publishes_nothing(network):
    before = ask(network, PUBLICATIONS)
    summary = plan.run(network, TRAFFIC, origin=PEAKS_ORIGIN)
    assert summary.status == "unchanged"
    json.dumps(summary.as_dict())
    assert ask(network, PUBLICATIONS) == before
    with speaking(network, PEAKS, PEAKS_ORIGIN) as run_id:
        again = plan.run(network, TRAFFIC, origin=PEAKS_ORIGIN)
    assert (again.status, again.details["peaks"]) == ("unchanged", run_id)
    assert ask(network, PUBLICATIONS) == before


def test_a_plan_of_capacity_without_a_forecast_of_peaks_is_refused(network):
    refused(network, FeedError, "stream peaks: no forecast from 2024-05-01T04:00", origin="2024-05-01", stream=TRAFFIC)
