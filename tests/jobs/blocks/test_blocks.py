"""Streams that are too large for one panel: forecast block by block, in one process or several, visible at once."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import FeedError, LakeError
from forecasting.jobs import backfill, forecast, ingest, score
from forecasting.jobs.blocks import work
from forecasting.jobs.blocks.assist import assist
from forecasting.jobs.blocks.cut import cut_series, is_large, most_series
from forecasting.jobs.blocks.publish import publish_all
from forecasting.jobs.common.session import Session, wall_clock
from forecasting.jobs.explained.forecast import forecast as explain
from forecasting.jobs.training import train
from forecasting.jobs.training.bundles import newest_loaded
from forecasting.jobs.upkeep import doctor
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.tables.blocks import SharedRun, holds_publication
from forecasting.store.tables.runs import start_run
from forecasting.terms import RunStatus
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with

ORIGIN = "2024-01-29"
SERIES = tuple(f"link-{number:02d}" for number in range(40))
IN_BLOCKS = "block_series = 16"
VALUES = "select * exclude (run_id, published_at) from analyst.forecast_latest order by series_id, ts"


def frame(settings: Settings, query: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).to_arrow_table().to_pandas()


def define(settings: Settings, *, stream: str = IN_BLOCKS, tables: str = "") -> None:
    define_stream(settings, stream=stream, tables=tables, horizon="1d", members='["trees", "seasonal"]', budget="1s")


def fill(settings: Settings) -> None:
    """Four weeks of forty links, the last of which began to report three days ago, and a model."""
    define(settings)
    rows = hourly_rows(days=28, series=SERIES)
    rows["y"] *= rows["series_id"].map({name: 1.0 + number / 7 for number, name in enumerate(SERIES)})
    young = (rows["series_id"] == SERIES[-1]) & (rows["ts"] < pd.Timestamp("2024-01-26", tz="UTC"))
    deliver(settings, rows[~young])
    ingest.run(settings, "usage", until=ORIGIN)
    train.run(settings, "usage", origin=ORIGIN)


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


class Once:
    """The first call goes to one function, later ones to another."""

    def __init__(self, first, later):
        self.functions = iter([first])
        self.later = later

    def __call__(self, *given, **named):
        return next(self.functions, self.later)(*given, **named)


def run_of(settings: Settings, run_id: str) -> pd.Series:
    return frame(settings, f"select * from forecast.runs where run_id = '{run_id}'").iloc[0]


def test_blocks_publish_what_one_panel_publishes(filled):
    in_blocks = forecast.run(filled, "usage", origin=ORIGIN)
    assert in_blocks.details["blocks"] == 3
    assert in_blocks.rows == 40 * 24
    ours = frame(filled, VALUES)
    define(filled, stream="")
    together = forecast.run(filled, "usage", origin=ORIGIN)
    assert "blocks" not in together.details
    theirs = frame(filled, VALUES)
    older = ours["series_id"] != SERIES[-1]
    pd.testing.assert_frame_equal(ours[older], theirs[older])
    assert in_blocks.details["tiers"] == together.details["tiers"]


def test_a_series_of_a_block_is_explained_by_its_block_and_what_the_run_learned(filled):
    forecast.run(filled, "usage", origin=ORIGIN)
    for series in (SERIES[20], SERIES[-1]):
        found = explain(filled, "usage", series=series)
        query = f"select sum(mean) from analyst.forecast_latest where series_id = '{series}'"
        published = frame(filled, query).iloc[0, 0]
        assert found.parts["adds"].iloc[:-1].sum() == pytest.approx(published, abs=1e-6)
        assert found.members["held_back_loss"].min() == 1
        assert "a sample of 40 of 40 series" in found.lines[0]


def test_processes_change_no_number(filled):
    alone = forecast.run(filled, "usage", origin=ORIGIN)
    shared = forecast.run(filled, "usage", origin=ORIGIN, processes=2)
    assert (alone.status, shared.status) == ("published", "unchanged")
    assert alone.details == shared.details
    hashes = frame(filled, "select block, count(distinct content_hash) as n from forecast.blocks group by 1 order by 1")
    assert hashes.to_numpy().tolist() == [[0, 1], [1, 1], [2, 1]]


def test_nothing_is_seen_before_all_blocks_are_there(filled, monkeypatch):
    write = work.append_block

    def stop_at_last(*given, number, **named):
        if number == 2:
            raise LakeError("the disk is full")
        return write(*given, number=number, **named)

    monkeypatch.setattr(work, "append_block", stop_at_last)
    with pytest.raises(LakeError, match="the disk is full"):
        forecast.run(filled, "usage", origin=ORIGIN)
    assert frame(filled, "select count(*) as n from forecast.forecasts")["n"][0] > 0
    assert frame(filled, VALUES).empty
    assert frame(filled, "select status from forecast.runs where kind = 'manual'")["status"].tolist() == ["failed"]


def test_a_block_that_comes_twice_is_there_once(filled, monkeypatch):
    with open_lake(filled) as lake:
        stream = read_definition(filled, "usage").stream
        session = Session(filled, read_definition(filled, "usage"), lake)
        at = resolve_origin(ORIGIN, stream)
        run = start_run(lake, stream, kind="manual", origin=at, started_at=wall_clock(), token="t")
        model = newest_loaded(session, at)
        run.model_id = model.model_id
        shared = work.learn(session, run, model)
        assert work.forecast_blocks(session, run, shared, first=1) == 3
        # a worker that was thought dead writes its blocks after another has: when it looked, they were not there
        monkeypatch.setattr(work, "done_blocks", lambda *_: set())
        assert work.forecast_blocks(session, run, shared) == 0
        summary = publish_all(session, run, model, shared)
    assert summary.rows == 40 * 24
    assert len(frame(filled, VALUES)) == 40 * 24


def test_a_missing_block_publishes_nothing(filled, monkeypatch):
    monkeypatch.setattr("forecasting.jobs.blocks.processes.forecast_blocks", lambda *_, **__: 0)
    with pytest.raises(LakeError, match=r"expected 3 blocks of run .*, found 0; nothing was published"):
        forecast.run(filled, "usage", origin=ORIGIN)
    assert frame(filled, VALUES).empty


def test_a_process_that_is_killed_costs_time_and_nothing_else(filled, monkeypatch):
    monkeypatch.setattr("forecasting.jobs.blocks.processes._join", die)
    killed = forecast.run(filled, "usage", origin=ORIGIN, processes=2)
    monkeypatch.undo()
    assert (killed.status, killed.rows) == ("published", 960)
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "unchanged"


def test_a_worker_elsewhere_takes_part_and_waits_for_no_run_that_does_not_come(filled, monkeypatch):
    alone = assist(filled, "usage", origin=ORIGIN, worker=1, workers=2, patience=0)
    assert (alone.message, alone.details) == ("nothing to share", {"blocks": 0})
    shared = []

    def with_help(session, run, own, **named):
        shared.append(assist(filled, "usage", origin=ORIGIN, worker=1, workers=2))
        return work.forecast_blocks(session, run, own, **named)

    monkeypatch.setattr("forecasting.jobs.blocks.processes.forecast_blocks", Once(with_help, work.forecast_blocks))
    summary = forecast.run(filled, "usage", origin=ORIGIN)
    assert [(one.run_id, one.details) for one in shared] == [(summary.run_id, {"blocks": 3})]
    assert (summary.status, summary.rows) == ("published", 960)
    define(filled, stream="")
    assert assist(filled, "usage", origin=ORIGIN, worker=1, workers=2).message == "nothing to share"


@pytest.mark.parametrize("end", ["published", "failed"])
def test_a_worker_that_joins_just_as_the_run_ends_finds_nothing_left_to_do(filled, monkeypatch, end):
    run_id = forecast.run(filled, "usage", origin=ORIGIN).run_id
    with open_lake(filled) as lake:
        lake.connection.execute(f"update forecast.runs set status = '{end}' where run_id = '{run_id}'")
    seen = SharedRun(run_id, RunStatus.RUNNING, None)
    monkeypatch.setattr("forecasting.jobs.blocks.assist.shared_run", lambda *_, **__: seen)
    late = assist(filled, "usage", origin=ORIGIN, worker=1, workers=2)
    assert (late.run_id, late.message, late.details) == (run_id, "nothing left to do", {"blocks": 0})


def test_a_worker_that_comes_after_the_run_waits_for_no_other(filled):
    """As one whose task is tried again: it would hold up the night."""
    forecast.run(filled, "usage", origin=ORIGIN)
    begun = time.monotonic()
    late = assist(filled, "usage", origin=ORIGIN, worker=1, workers=2, patience=60)
    assert time.monotonic() - begun < 30
    assert (late.message, late.details) == ("nothing to share", {"blocks": 0})


def test_rows_that_were_lost_are_published_again(filled):
    first = forecast.run(filled, "usage", origin=ORIGIN)
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "unchanged"
    keys = {"run_id": first.run_id, "stream": "usage", "origin": datetime(2024, 1, 29, tzinfo=UTC)}
    with open_lake(filled) as lake:
        assert holds_publication(lake, **keys)
        lake.connection.execute(
            f"update forecast.forecasts set q50 = q50 + 1 where run_id = '{first.run_id}' and series_id = 'link-20'"
        )
        assert not holds_publication(lake, **keys)
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "published"


def test_a_backfill_finds_what_the_night_published(filled):
    night = forecast.run(filled, "usage", origin=ORIGIN, kind="nightly")
    report = backfill.run(filled, "usage", since=ORIGIN, until=ORIGIN, replace=True)
    assert [(str(one.status), one.run_id) for one in report.origins] == [("settled", night.run_id)]
    earlier = backfill.run(filled, "usage", since="2024-01-28", until="2024-01-28")
    assert [str(one.status) for one in earlier.origins] == ["published"]
    assert len(frame(filled, "select * from analyst.forecast_from_origin(timestamptz '2024-01-28 12:00:00+00')")) == 960


def test_a_feed_that_is_too_old_stops_the_forecast_of_all_blocks(filled):
    with pytest.raises(FeedError, match="too old to forecast from; nothing was published"):
        forecast.run(filled, "usage", origin="2024-02-12")
    assert frame(filled, VALUES).empty


def test_streams_of_few_series_stay_one_panel(filled):
    at = datetime(2024, 1, 29, tzinfo=UTC)
    with open_lake_to_read(filled) as lake:
        assert is_large(lake, read_definition(filled, "usage").stream, at)
        define(filled, stream="block_series = 40")
        assert not is_large(lake, read_definition(filled, "usage").stream, at)
        define(filled, stream="")
        assert not is_large(lake, read_definition(filled, "usage").stream, at)


def test_blocks_cover_every_series_once_and_are_alike(filled):
    define(filled, stream="")
    stream, at = read_definition(filled, "usage").stream, datetime(2024, 3, 25, tzinfo=UTC)
    since = np.datetime64("2024-01-01")
    blocks = cut_series(100_000, stream=stream, origin=at, since=since)
    assert [place for block in blocks for place in block] == list(range(100_000))
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1
    assert len(blocks[0]) <= most_series(stream, at, since=since, cells=8_000_000)


def test_the_age_of_the_feed_is_that_of_its_youngest_block(filled):
    summary = forecast.run(filled, "usage", origin="2024-01-29")
    assert run_of(filled, summary.run_id)["status"] == "published"
    ages = frame(filled, "select findings::json->>'age' as age from forecast.blocks")["age"].astype(float)
    assert (ages == timedelta(0).total_seconds()).all()


def test_scores_of_blocks_are_those_of_one_panel(filled):
    forecast.run(filled, "usage", origin="2024-01-27")
    query = "select * exclude eval_id from evaluation.scores order by all"
    assert score.run(filled, "usage", origin=ORIGIN).rows > 0
    ours = frame(filled, query)
    with open_lake(filled) as lake:
        lake.connection.execute("delete from evaluation.scores")
    define(filled, stream="")
    score.run(filled, "usage", origin=ORIGIN)
    pd.testing.assert_frame_equal(ours, frame(filled, query))


def test_doctor_counts_the_rows_of_all_blocks(filled):
    forecast.run(filled, "usage", origin=ORIGIN)
    found = [one for one in doctor.run(filled) if one.what == "open intervals"]
    assert [(one.verdict, one.message) for one in found] == [("ok", "960 rows, one each")]
