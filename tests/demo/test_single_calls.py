"""Single calls of the call feed, for replays, beside the counts of the same feed."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from forecasting.demo.feeds import write_call_feed
from tests.demo.extracts import run_extract

TORONTO = ZoneInfo("America/Toronto")
DAYS = 12


def local(day: date, *, plus: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=plus), datetime.min.time(), TORONTO)


@pytest.mark.parametrize("start", [date(2025, 10, 27), date(2026, 1, 12)], ids=["autumn", "winter"])
def test_they_are_the_calls_that_were_counted_whatever_the_faults_of_the_feed(tmp_path, start):
    truth = write_call_feed(tmp_path, seed=3, days=DAYS, start=start)
    window = {"since": local(start), "until": local(start, plus=DAYS)}
    calls = run_extract("call_volume.calls", tmp_path, **window)
    counted = run_extract("call_volume", tmp_path, **window).groupby("series_id")["y"].sum()
    assert calls.groupby("series_id").size().to_dict() == counted[counted > 0].to_dict()
    assert len(calls) == truth.counts.sum()
    assert calls["arrived_at"].between(local(start), local(start, plus=DAYS)).all()
    assert calls["waited_seconds"].isna().all()
    assert calls["answered"].mean() == pytest.approx(0.95, abs=0.01)
    assert calls["handle_seconds"].dropna().between(1, 3600).all()
    assert calls.loc[calls["answered"], "handle_seconds"].notna().mean() > 0.999


def test_calls_of_one_day_are_those_of_its_half_hours(tmp_path):
    start = date(2026, 1, 12)
    write_call_feed(tmp_path, seed=4, days=4, start=start, with_faults=False)
    window = {"since": local(start, plus=1), "until": local(start, plus=2)}
    calls = run_extract("call_volume.calls", tmp_path, **window)
    counted = run_extract("call_volume", tmp_path, **window)
    slots = calls.groupby([calls["series_id"], calls["arrived_at"].dt.floor("30min")]).size()
    counted = counted[counted["y"] > 0].set_index(["series_id", "ts"])["y"].sort_index()
    assert slots.to_list() == counted.to_list()
    assert list(slots.index) == list(counted.index)
