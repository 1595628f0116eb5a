"""Pull new usage of a stream, check it, keep the good rows as versions and the bad ones in quarantine."""

import logging
from datetime import datetime
from functools import partial

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.history import DemandLimits
from forecasting.errors import ContractError, LakeBusyError, SettingsError
from forecasting.jobs.common.batches import judge_batch
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.streams.events import take_events
from forecasting.panel.calendar.calendar import day_starts, floor_to_grid, interval_ends, is_on_grid, resolve_origin
from forecasting.settings import Settings
from forecasting.store.batches import append_lasting
from forecasting.store.files.feeds import open_feed
from forecasting.store.series_views import refresh_series_views
from forecasting.store.tables.history import (
    BatchCounts,
    Window,
    append_batch,
    append_rejects,
    count_batch,
    last_ingest,
    release_rows,
    resolve_rejects,
    stage_batch,
)
from forecasting.store.tables.runs import Run
from forecasting.terms import DAY, RunKind, RunStatus

logger = logging.getLogger(__name__)

ATTEMPTS = 3


def run(settings: Settings, stream: str, *, until: str | None = None, since: str | None = None) -> JobSummary:
    """Ingest the window that ends at `until`.

    until: origin text, now when absent. since: origin text that re-pulls from there; else the window begins at the
    watermark minus the stream's look-back. Raises FeedError or ContractError for bad data, QueryError for bad SQL; no
    demand is appended then, and what was rejected can be looked at in quarantine.
    """
    with open_session(settings, stream) as session:
        definition = session.definition.stream
        end = resolve_origin(until, definition) if until else floor_to_grid(wall_clock(), definition)
        start = resolve_origin(since, definition) if since else None
        return pull(session, since=start, until=end, confirmed=start is not None)


def pull(session: Session, *, since: datetime | None, until: datetime, confirmed: bool = False) -> JobSummary:
    """Ingest up to an instant; see `run`.

    Rows that waited in quarantine within a re-pulled span and now pass are resolved. confirmed: a person has said that
    values which the feed no longer holds are really gone, however many.
    """
    stream = session.definition.stream
    with session.run(RunKind.INGEST, origin=until) as record:
        for _ in range(ATTEMPTS):
            ingests, watermark = last_ingest(session.lake, stream)
            if since is None and watermark is not None and watermark > until:
                return _leave(session, record, watermark)
            window = choose_window(stream, since=since, until=until, watermark=watermark)
            counts, remarks = _stage(session, record, window, confirmed=confirmed)
            record.message = "; ".join(remarks) or None
            if session.lake.write(
                partial(_append, session, record, window, counts, ingests), message=f"ingest {record.run_id}"
            ):
                refresh_series_views(session.lake, stream.name)
                return _summary(record, window, counts)
            logger.info("stream %s: another ingest was first; comparing again with what it wrote", stream.name)
        raise LakeBusyError(f"stream {stream.name}: {ATTEMPTS} times another ingest was first; run again later")


def _leave(session: Session, record: Run, watermark: datetime) -> JobSummary:
    """Pull nothing up to an instant that was passed: it is in the history, though perhaps no longer in the feed."""
    record.status, record.rows = RunStatus.UNCHANGED, 0
    record.message = f"ingested up to {watermark.isoformat()} already; a range is pulled again with --since"
    session.lake.write(lambda: record.finish(session.lake, finished_at=wall_clock()), message=f"ingest {record.run_id}")
    logger.info("stream %s: %s", record.stream.name, record.message)
    return JobSummary(
        job="ingest",
        stream=record.stream.name,
        status=str(record.status),
        run_id=record.run_id,
        origin=record.origin.isoformat() if record.origin else None,
        message=record.message,
    )


def _stage(session: Session, record: Run, window: Window, *, confirmed: bool) -> tuple[BatchCounts, list[str]]:
    """Stage and judge the batch: its counts, and what is to be said of series that were held back."""
    lake, stream = session.lake, session.definition.stream
    with open_feed(lake, session.definition) as feed:
        feed.check_files()
        on_events = take_events(feed, window, run_id=record.run_id)
        levels = stage_batch(feed, window, limits=demand_limits(stream, window.until), confirmed=confirmed)
        feed.check_unchanged()
        try:
            remarks = judge_batch(feed, window, levels=levels, confirmed=confirmed)
            feed.check_unchanged()
        except ContractError:
            lake.write(lambda: _append_rejects(session, record), message=f"quarantine {record.run_id}")
            raise
    counts = count_batch(lake)
    release_rows(lake)
    return counts, [*remarks, *on_events]


def _append(session: Session, record: Run, window: Window, counts: BatchCounts, ingests: int) -> bool:
    """Write the staged batch, unless another ingest came between reading and writing."""
    lake, stream = session.lake, session.definition.stream
    if last_ingest(lake, stream)[0] != ingests:
        return False
    now = wall_clock()
    _append_rejects(session, record)
    append_batch(lake, stream, window, counts=counts, run_id=record.run_id, now=now)
    append_lasting(lake, stream, learned_at=window.learned_at, run_id=record.run_id, now=now)
    resolve_rejects(lake, stream, window, first_ts=counts.first_ts, run_id=record.run_id, now=now)
    record.rows, record.status = counts.versions, RunStatus.PUBLISHED if counts.versions else RunStatus.UNCHANGED
    record.finish(lake, finished_at=now)
    return True


def _append_rejects(session: Session, record: Run) -> None:
    source = session.definition.extract.path.name
    append_rejects(session.lake, session.definition.stream, run_id=record.run_id, now=wall_clock(), source=source)


def _summary(record: Run, window: Window, counts: BatchCounts) -> JobSummary:
    since, until = window.since.isoformat(), window.until.isoformat()
    logger.info(
        "stream %s: ingested %s to %s: %d rows, %d versions, %d withdrawn, %d rejected",
        *(record.stream.name, since, until, counts.good, counts.versions, counts.withdrawn, counts.rejected),
    )
    return JobSummary(
        job="ingest",
        stream=record.stream.name,
        status=str(record.status),
        run_id=record.run_id,
        origin=until,
        rows=counts.versions,
        message=record.message,
        details={
            "since": since,
            "read": counts.extracted,
            "good": counts.good,
            "withdrawn": counts.withdrawn,
            "rejected": counts.rejected,
        },
    )


def choose_window(stream: Stream, *, since: datetime | None, until: datetime, watermark: datetime | None) -> Window:
    """The span to pull: from `since` when given, else the watermark minus the look-back, else the start of history.

    Raises SettingsError where the span is empty.
    """
    first = _first_interval(stream)
    start = since or (min(watermark, until) - stream.source.lookback if watermark else first)
    start = max(start, first)
    if stream.interval < DAY:
        start = floor_to_grid(start, stream)
    if start >= until:
        raise SettingsError(
            f"stream {stream.name}: nothing to ingest: the window would begin at {start.isoformat()} and end at "
            f"{until.isoformat()}; history begins at source.start = {stream.source.start}"
        )
    return Window(since=start, until=until, learned_at=max(until, watermark or until))


def _first_interval(stream: Stream) -> datetime:
    """Start of the first interval of history: the one that holds the first local midnight."""
    first = stream.first_origin()
    return floor_to_grid(first, stream) if stream.interval < DAY else first


def demand_limits(stream: Stream, until: datetime) -> DemandLimits:
    """The contract's limits for a stream."""
    return DemandLimits(
        earliest=pd.Timestamp(_first_interval(stream)).tz_convert("UTC"),
        until=pd.Timestamp(until),
        keys=stream.source.series,
        on_grid=partial(is_on_grid, stream=stream),
        day_starts=partial(day_starts, zone=stream.zone),
        interval_ends=partial(interval_ends, stream=stream),
    )
