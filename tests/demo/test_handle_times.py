"""Handle times of the call feed against their truth, through the real extract."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest

from forecasting.demo.calls import HANDLE_SIGMA, SHORTER
from forecasting.demo.feeds import CALL_SCHEMA, write_call_feed
from forecasting.demo.truth import CallTruth
from tests.demo.extracts import SQL, run_extract

TORONTO = ZoneInfo("America/Toronto")
DAYS = 14


def local(day: date, *, plus: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=plus), datetime.min.time(), TORONTO)


@pytest.fixture(scope="module", params=[date(2025, 10, 27), date(2026, 3, 5)], ids=["autumn", "spring"])
def feed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CallTruth, date]:
    folder = tmp_path_factory.mktemp("calls")
    return folder, write_call_feed(folder, seed=3, days=DAYS, start=request.param), request.param


def raw_calls(folder: Path) -> pd.DataFrame:
    return duckdb.sql(f"select * from read_parquet('{folder}/**/*.parquet')").df()


def write_calls(folder: Path, calls: list[tuple[str, float | None, str]]) -> None:
    """One file of 2026-01-20: calls of one queue by the minute after ten, their handle time and outcome."""
    names = ("call_id", "queue_id", "region", "queue", "skill", "arrived_at", "handle_seconds", "outcome")
    rows = [
        (number, "care.voice.qc", "qc", "voice", "care", f"2026-01-20T{at}", seconds, outcome)
        for number, (at, seconds, outcome) in enumerate(calls)
    ]
    frame = pd.DataFrame(rows, columns=list(names)).astype({"handle_seconds": "float32"})
    assert set(frame) == set(CALL_SCHEMA.names)
    (folder / "day=2026-01-20").mkdir(parents=True)
    frame.to_parquet(folder / "day=2026-01-20" / "calls.parquet", index=False)


def test_means_are_those_of_the_calls_that_arrived_in_the_hour_through_a_clock_change(feed):
    folder, truth, start = feed
    rows = run_extract("call_aht", folder, since=local(start), until=local(start, plus=DAYS))
    assert not rows.duplicated(["series_id", "ts"]).any()
    assert (rows["weight"] > 0).all()
    assert (rows["y"].between(1, 3600)).all()
    hour = pd.DatetimeIndex(truth.ts, tz="UTC").floor("h")
    offered = pd.DataFrame(truth.counts.T, index=hour, columns=list(truth.series["series_id"])).groupby(level=0).sum()
    wide = rows.pivot_table(index="ts", columns="series_id", values="weight")
    answered = wide.reindex_like(offered).fillna(0)
    # one call in twenty is abandoned
    assert (answered <= offered).all().all()
    assert answered.to_numpy().sum() / offered.to_numpy().sum() == pytest.approx(0.95, abs=0.005)
    seconds = pd.DataFrame((truth.handle * truth.counts).T, index=hour, columns=offered.columns).groupby(level=0).sum()
    found = rows.pivot_table(index="ts", columns="series_id", values="y").reindex_like(offered)
    luck = np.expm1(HANDLE_SIGMA**2) / answered.where(answered > 0)
    score = ((found / (seconds / offered) - 1) / np.sqrt(luck)).to_numpy()
    assert abs(np.nanmean(score)) < 0.03
    assert np.nanstd(score) == pytest.approx(1, abs=0.05)


def test_counted_rejected_and_dropped_rows_make_up_the_raw_rows(feed):
    folder, truth, start = feed
    window = {"since": local(start), "until": local(start, plus=DAYS)}
    counted = run_extract("call_aht", folder, **window)["weight"].sum()
    rejects = run_extract("call_aht.rejects", folder, **window)
    assert rejects["reason"].value_counts().to_dict() == truth.ledger.rejected
    raw = raw_calls(folder)
    sound = raw.drop_duplicates()
    assert len(raw) - len(sound) == truth.ledger.dropped["repeated_delivery"]
    bad = {json.loads(text)["call_id"] for text in rejects["raw"]}
    sound = sound[~sound["call_id"].isin(bad)]
    not_answered = (sound["outcome"] == "abandoned").sum()
    over_an_hour = (sound["handle_seconds"] > 3600).sum()
    assert over_an_hour > 0
    dropped = sum(truth.ledger.dropped.values()) + not_answered + over_an_hour
    assert counted + len(rejects) + dropped == truth.ledger.raw


def test_windows_pulled_one_by_one_say_what_one_pull_says(feed):
    folder, _, start = feed
    whole = run_extract("call_aht", folder, since=local(start), until=local(start, plus=DAYS))
    nights = [
        run_extract("call_aht", folder, since=local(start, plus=day), until=local(start, plus=day + 7))
        for day in range(0, DAYS, 7)
    ]
    order = ["series_id", "ts"]
    pd.testing.assert_frame_equal(
        pd.concat(nights).sort_values(order, ignore_index=True), whole.sort_values(order, ignore_index=True)
    )


def test_what_is_no_handle_time_is_dropped_and_what_is_short_stays(tmp_path):
    write_calls(
        tmp_path,
        [
            ("10:05:00", 300.0, "answered"),
            ("10:55:00", 4.0, "answered"),  # short, but a call
            ("10:56:00", 3600.0, "answered"),
            ("10:57:00", 3600.5, "answered"),  # the agent never hung up
            ("10:58:00", 0.0, "answered"),
            ("10:59:00", None, "answered"),
            ("10:59:30", 50.0, "abandoned"),
            ("10:59:40", 60.0, "test"),
            ("11:10:00", None, "abandoned"),
            ("12:10:00", 90.0, "answered"),
        ],
    )
    day = date(2026, 1, 20)
    rows = run_extract("call_aht", tmp_path, since=local(day), until=local(day, plus=1)).sort_values("ts")
    assert rows["y"].tolist() == pytest.approx([(300 + 4 + 3600) / 3, 90])
    assert rows["weight"].tolist() == [3, 1]
    hours = rows["ts"].dt.tz_convert(TORONTO).dt.hour.tolist()
    assert hours == [10, 12], "an hour without an answered call has no row"
    assert run_extract("call_aht.rejects", tmp_path, since=local(day), until=local(day, plus=1)).empty


def test_both_streams_of_the_feed_judge_a_call_alike():
    def statement(name: str) -> str:
        text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        return text[text.index("with\n-- include templates/call_rejects.sql\n") :]

    ours = statement("call_aht.rejects").replace("interval 1 hour, $until", "interval 30 minutes, $until")
    assert ours == statement("call_volume.rejects")


def test_handle_times_know_the_time_of_day_and_a_new_tool(tmp_path):
    truth = write_call_feed(tmp_path, seed=2, days=4, start=date(2026, 2, 2), with_faults=False)
    relative = truth.handle / truth.handle[:, :1]
    assert (relative[4, -96:] < SHORTER * 1.3).all()
    assert np.ptp(relative[0, :48]) > 0.15
    assert (truth.handle > 60).all()
