"""What planners say of a forecast: in the final numbers, in the plan, and nowhere else."""

import json
import re
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import forecast, plan
from forecasting.jobs.planners import adjust
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake
from forecasting.terms import Operation
from tests.backfills import frame
from tests.contact_centre import CALLS, HANDLES, NEXT, ORIGIN, ZONE

FINAL = "select * from analyst.forecast_final where stream = 'calls' order by series_id, ts"
STAFFING = (
    "select pool_id, ts, confidence, calls, handle, agents from analyst.staffing_latest "
    "where stream = 'calls' order by all"
)
DAY = {"starts": "2024-03-26", "ends": "2024-03-27"}


def say(settings: Settings, percent: float = 15, /, **changes):
    given = {
        "operation": Operation.PERCENT,
        "value": percent,
        "scope": {"series_id": "care.*"},
        "reason": "campaign",
        "author": "ana",
        **DAY,
    }
    return adjust.add(settings, CALLS, **given | changes)


def test_fifteen_percent_on_two_queues_move_these_and_nobody_else_by_a_bit(desk):
    before = frame(desk, FINAL)
    plan.run(desk, CALLS, origin=NEXT)
    staffed = frame(desk, STAFFING)
    effect = say(desk)
    assert effect.series == ["care.chat", "care.voice"]
    assert effect.intervals == 2 * 20
    assert effect.after == pytest.approx(1.15 * effect.before)
    after = frame(desk, FINAL)
    day = after["ts"].dt.tz_convert(ZONE).dt.strftime("%Y-%m-%d") == "2024-03-26"
    touched = day & after["series_id"].str.startswith("care.")
    numbers = ["mean", "q05", "q10", "q25", "q50", "q75", "q90", "q95"]
    np.testing.assert_array_equal(after.loc[touched, numbers], before.loc[touched, numbers] * 1.15)
    np.testing.assert_array_equal(after.loc[~touched, numbers], before.loc[~touched, numbers])
    # the statistical numbers stay beside them
    np.testing.assert_array_equal(after["statistical_mean"], before["mean"])
    assert [list(ids) for ids in after.loc[touched, "adjustment_ids"].head(1)] == [[effect.adjustment_id]]

    summary = plan.run(desk, CALLS, origin=NEXT)
    assert summary.details["adjustments"] == [effect.adjustment_id]
    planned = frame(desk, STAFFING)
    care = (planned["pool_id"] == "care") & (planned["ts"].dt.tz_convert(ZONE).dt.day == 26)
    np.testing.assert_allclose(planned.loc[care, "calls"], 1.15 * staffed.loc[care, "calls"], rtol=1e-6)
    np.testing.assert_allclose(planned.loc[care, "handle"], staffed.loc[care, "handle"], rtol=1e-12)
    assert planned.loc[care, "agents"].sum() > staffed.loc[care, "agents"].sum()
    pd.testing.assert_frame_equal(planned[~care], staffed[~care])

    adjust.withdraw(desk, effect.adjustment_id)
    pd.testing.assert_frame_equal(frame(desk, FINAL)[numbers], before[numbers])
    plan.run(desk, CALLS, origin=NEXT)
    pd.testing.assert_frame_equal(frame(desk, STAFFING), staffed)


def plan_tables(settings: Settings) -> dict[str, pd.DataFrame]:
    views = ("staffing", "staffing_periods", "rosters", "shifts", "groups")
    lineage = "exclude (run_id, published_at)"
    return {
        view: frame(settings, f"select * {lineage} from analyst.{view}_latest where stream = 'calls' order by all")
        for view in views
    }


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame], *, but: tuple[str, ...] = ()) -> None:
    for name, rows in one.items():
        if name not in but:
            pd.testing.assert_frame_equal(rows, other[name])


def test_a_quick_plan_is_the_full_one_but_for_shifts_and_what_is_withdrawn_is_as_it_was(desk):
    plan.run(desk, CALLS, origin=NEXT)
    night = plan_tables(desk)
    assert plan.run(desk, CALLS, origin=NEXT, quick=True).status == "unchanged"
    effect = say(desk, 60)
    quick = plan.run(desk, CALLS, origin=NEXT, quick=True)
    assert quick.details["as planned before"] == quick.details["pools"] - 1
    hurried = plan_tables(desk)
    plan.run(desk, CALLS, origin=NEXT)
    same(hurried, plan_tables(desk), but=("rosters", "shifts"))
    rosters = [tables["rosters"].set_index("pool_id") for tables in (night, hurried)]
    pd.testing.assert_frame_equal(*(rows.drop("care") for rows in rosters))
    assert rosters[1].loc["care", "bound"] > rosters[0].loc["care", "bound"]
    assert (rosters[1]["gap"] <= 0.05).all()

    adjust.withdraw(desk, effect.adjustment_id)
    assert plan.run(desk, CALLS, origin=NEXT, quick=True).details["as planned before"] == quick.details["pools"]
    same(plan_tables(desk), night)


def test_it_is_said_beforehand_what_staff_it_takes(desk):
    plan.run(desk, CALLS, origin=NEXT)
    before = frame(desk, STAFFING)
    effect = say(desk, 40)
    line, exactly = effect.plans
    said = re.fullmatch(r"care ([\d.]+) -> about ([\d.]+) agent-hours, at most (\d+) -> (\d+) at a time", line)
    assert exactly == f"exactly, and the shifts: forecasting plan calls --origin {NEXT}T00:00 --quick"
    plan.run(desk, CALLS, origin=NEXT, quick=True)
    after = frame(desk, STAFFING)
    hours = [
        rows[
            (rows["pool_id"] == "care")
            & (rows["ts"].dt.tz_convert(ZONE).dt.day == 26)
            & (rows["confidence"] == rows["confidence"].max())
        ]["agents"].sum()
        * 0.5
        for rows in (before, after)
    ]
    assert float(said[1]) == pytest.approx(hours[0])
    assert float(said[2]) == pytest.approx(hours[1], rel=0.05)
    slower = say(desk, operation=Operation.ADD, value=60.0, metric="handle_time", preview=True)
    assert slower.plans[0].startswith("care ")


def test_the_next_forecast_keeps_what_was_said_and_a_past_morning_what_was_said_then(desk):
    untouched = frame(desk, FINAL)
    earlier = frame(desk, "select max(published_at) as at from forecast.publications")["at"][0]
    effect = say(desk, starts="2024-03-27", ends="2024-03-28")
    # published again with other values: what stands is put on them as well
    with open_lake(desk) as lake:
        lake.connection.execute("update forecast.publications set content_hash = 'other' where stream = 'calls'")
    again = forecast.run(desk, CALLS, origin=NEXT)
    assert again.status == "published"
    now = frame(desk, FINAL)
    assert set(now.loc[now["factor"] != 1, "series_id"]) == {"care.chat", "care.voice"}
    assert set(now["run_id"]) == {again.run_id}
    as_of = frame(
        desk,
        f"select * from analyst.forecast_final_as_of(timestamptz '{earlier.isoformat()}') "
        f"where stream = 'calls' and origin = '{untouched['origin'][0].isoformat()}' order by series_id, ts",
    )
    np.testing.assert_array_equal(as_of["mean"], untouched["mean"])
    assert effect.status == "added"


def test_a_preview_says_the_same_and_writes_nothing(desk):
    before = frame(desk, FINAL)
    seen = say(desk, preview=True)
    assert seen.status == "not written"
    assert adjust.show(desk).empty
    pd.testing.assert_frame_equal(frame(desk, FINAL), before)
    done = say(desk)
    assert (seen.before, seen.after, seen.series) == (done.before, done.after, done.series)
    assert adjust.show(desk)["what"].tolist() == ["+15%"]


def test_handle_time_of_a_stream_of_calls_is_that_of_the_stream_of_its_handle_times(desk):
    effect = say(desk, operation=Operation.ADD, value=20.0, metric="handle_time", scope={"series_id": "sales.voice"})
    assert effect.stream == HANDLES
    assert effect.after == pytest.approx(effect.before + 20)
    summary = plan.run(desk, CALLS, origin=NEXT)
    assert summary.details["adjustments"] == [effect.adjustment_id]


def test_what_it_comes_on_top_of_is_said(desk):
    first = say(desk)
    second = say(desk, 5, scope={"series_id": "care.voice"})
    assert second.notes[0] == f"comes on top of adjustment {first.adjustment_id}: +15%, campaign (ana)"
    assert "rises of up to 10%" in second.notes[1]
    table = adjust.show(desk, stream=CALLS)
    assert table["adjustment_id"].tolist() == [first.adjustment_id, second.adjustment_id]
    assert table["starts"].tolist() == ["2024-03-26 00:00"] * 2
    json.dumps(second.as_dict())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope": {"series_id": "cart.*"}}, r"no series has series_id=cart\.\*; there are series_id: care\.chat"),
        ({"scope": {"region": "north"}}, "'region' is no attribute of series of calls"),
        ({"starts": "2025-01-01", "ends": "2025-01-02"}, "lies outside; nothing was adjusted"),
        (
            {"starts": "2024-03-26T20:00", "ends": "2024-03-26T22:00"},
            "are closed from 2024-03-26 20:00 to 2024-03-26 22:00",
        ),
        ({"value": -101.0}, "nothing falls by more than 100%"),
        ({"operation": Operation.SET, "value": -1.0}, "expected 0 or more"),
        ({"value": float("nan")}, "expected a number"),
        ({"reason": " "}, "reason is empty"),
        ({"author": ""}, "author is empty"),
        ({"ends": "2024-03-26"}, "expected a time after starts 2024-03-26"),
        ({"starts": "2024-03-31T02:30", "ends": "2024-04-01"}, "starts: .*(skip|not exist|no such)"),
        ({"metric": "visitors"}, "expected 'usage', or handle_time"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(desk, changes, told):
    with pytest.raises(SettingsError, match=told):
        say(desk, changes.pop("value", 15), **changes)
    assert adjust.show(desk).empty


def test_an_adjustment_that_is_not_there_or_is_withdrawn_already_is_refused(desk):
    with pytest.raises(SettingsError, match="there is no adjustment 'nope'; the latest are none"):
        adjust.withdraw(desk, "nope")
    effect = say(desk)
    adjust.withdraw(desk, effect.adjustment_id)
    with pytest.raises(SettingsError, match="was withdrawn at"):
        adjust.withdraw(desk, effect.adjustment_id)
    assert adjust.show(desk).empty
    assert adjust.show(desk, every=True)["withdrawn"].tolist() == [True]


def test_origins_of_before_know_nothing_of_it(desk):
    say(desk)
    past = frame(
        desk,
        f"select max(factor) as factor from analyst.forecast_final_from_origin(timestamptz '{ORIGIN} 12:00:00+00') "
        "where stream = 'calls'",
    )
    assert past["factor"].tolist() == [1.0]
    assert isinstance(say(desk, 20).origin, datetime)
