"""The call feed against its truth, through the real extract."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest

from forecasting.demo.feeds import write_call_feed, write_late_calls
from forecasting.demo.truth import CallTruth
from tests.demo.extracts import count_rows, matrix, run_extract

TORONTO = ZoneInfo("America/Toronto")
AUTUMN = date(2025, 10, 27)
SPRING = date(2026, 3, 5)
DAYS = 14


def local(day: date, *, plus: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=plus), datetime.min.time(), TORONTO)


def truth_matrix(truth: CallTruth) -> pd.DataFrame:
    return pd.DataFrame(
        truth.counts.T, index=pd.DatetimeIndex(truth.ts, tz="UTC", name="ts"), columns=list(truth.series["series_id"])
    )


@pytest.fixture(scope="module", params=[AUTUMN, SPRING], ids=["autumn", "spring"])
def feed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CallTruth, date]:
    folder = tmp_path_factory.mktemp("calls")
    return folder, write_call_feed(folder, seed=3, days=DAYS, start=request.param), request.param


def test_extract_counts_every_call_of_every_half_hour_through_a_clock_change(feed):
    folder, truth, start = feed
    rows = run_extract("call_volume", folder, since=local(start), until=local(start, plus=DAYS))
    counted = matrix(rows, series=truth.series["series_id"], ts=pd.DatetimeIndex(truth.ts, tz="UTC"))
    assert (counted.fillna(0).to_numpy() == truth.counts.T).all()
    assert rows["y"].sum() == truth.ledger.counted == truth.counts.sum()


def test_counted_rejected_and_dropped_rows_make_up_the_raw_rows(feed):
    folder, truth, start = feed
    window = {"since": local(start), "until": local(start, plus=DAYS)}
    rejects = run_extract("call_volume.rejects", folder, **window)
    counted = run_extract("call_volume", folder, **window)["y"].sum()
    assert rejects["reason"].value_counts().to_dict() == truth.ledger.rejected
    assert counted + len(rejects) + sum(truth.ledger.dropped.values()) == truth.ledger.raw == count_rows(folder)


def test_rejects_name_the_very_rows_that_were_corrupted(feed):
    folder, truth, start = feed
    rejects = run_extract("call_volume.rejects", folder, since=local(start), until=local(start, plus=DAYS))
    raw = [json.loads(text) for text in rejects["raw"]]
    found = {
        (reason, str(Path(row["file"]).relative_to(folder)), row["row"])
        for reason, row in zip(rejects["reason"], raw, strict=True)
    }
    assert found == {(fault.reason, fault.file, fault.row) for fault in truth.ledger.faults}


def test_windows_pulled_one_by_one_say_what_one_pull_says(feed):
    folder, _, start = feed
    whole = run_extract("call_volume", folder, since=local(start), until=local(start, plus=DAYS))
    nights = [
        run_extract("call_volume", folder, since=local(start, plus=day), until=local(start, plus=day + 7))
        for day in range(0, DAYS, 7)
    ]
    order = ["series_id", "ts"]
    pd.testing.assert_frame_equal(
        pd.concat(nights).sort_values(order, ignore_index=True), whole.sort_values(order, ignore_index=True)
    )


def test_zeros_stand_only_where_some_queue_had_a_call(tmp_path):
    start = date(2026, 1, 16)
    truth = write_call_feed(tmp_path, seed=5, days=8, start=start)
    rows = run_extract("call_volume", tmp_path, since=local(start), until=local(start, plus=8))
    outage = (rows["ts"] >= datetime(2026, 1, 20, 13, tzinfo=TORONTO)) & (
        rows["ts"] < datetime(2026, 1, 20, 16, tzinfo=TORONTO)
    )
    assert not outage.any()
    counted = matrix(rows, series=truth.series["series_id"], ts=pd.DatetimeIndex(truth.ts, tz="UTC"))
    alive = truth.counts.sum(axis=0) > 0
    first, last = (
        np.argmax(truth.counts > 0, axis=1),
        truth.counts.shape[1] - np.argmax(truth.counts[:, ::-1] > 0, axis=1),
    )
    for number, name in enumerate(counted.columns):
        if truth.counts[number].any():
            column = counted[name].to_numpy()
            assert np.isnan(column[: first[number]]).all()
            assert np.isfinite(column[first[number] : last[number]][alive[first[number] : last[number]]]).all()


def test_doubled_hour_without_exactly_one_step_back_is_quarantined(tmp_path):
    start = date(2025, 11, 1)
    truth = write_call_feed(tmp_path, seed=3, days=3, start=start, with_faults=False)
    file = tmp_path / "day=2025-11-02" / "calls.parquet"
    doubled = truth_matrix(truth).loc["2025-11-02 05:00+00:00":"2025-11-02 06:30+00:00"].to_numpy().sum()
    duckdb.sql(f"copy (from '{file}' order by arrived_at) to '{file}.sorted' (format parquet)")
    Path(f"{file}.sorted").rename(file)
    window = {"since": local(start), "until": local(start, plus=3)}
    rejects = run_extract("call_volume.rejects", tmp_path, **window)
    assert rejects["reason"].value_counts().to_dict() == {"ambiguous_local_time": doubled}
    assert run_extract("call_volume", tmp_path, **window)["y"].sum() + doubled == truth.ledger.raw


def test_late_calls_are_counted_where_they_belong_once_their_day_is_pulled(tmp_path):
    start = date(2026, 1, 5)
    truth = write_call_feed(tmp_path, seed=4, days=6, start=start)
    late = write_late_calls(tmp_path, truth, seed=5, day=date(2026, 1, 9))
    assert (late.counts - truth.counts).sum() == 40
    before = run_extract("call_volume", tmp_path, since=local(start), until=local(start, plus=4))
    after = run_extract("call_volume", tmp_path, since=local(start), until=local(start, plus=6))
    assert before["y"].sum() == truth.counts[:, : 4 * 48].sum()
    assert after["y"].sum() == late.counts.sum() == late.ledger.counted


def test_equal_seeds_write_equal_feeds(tmp_path):
    first, second, other = (
        write_call_feed(tmp_path / name, seed=seed, days=3) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.ledger == second.ledger
    assert (first.counts == second.counts).all()
    assert (first.counts != other.counts).any()
    for file in sorted((tmp_path / "a").rglob("*.parquet")):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


def test_counts_scatter_around_what_is_expected(tmp_path):
    truth = write_call_feed(tmp_path, seed=6, days=5, start=date(2026, 2, 2), with_faults=False)
    assert truth.counts.sum() == pytest.approx(truth.expected.sum(), rel=0.05)
    assert (truth.counts[truth.expected == 0] == 0).all()
