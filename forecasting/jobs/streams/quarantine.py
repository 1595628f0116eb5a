"""Look at rejected rows, take them in after a fix, or take a person's word for them."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from forecasting.errors import LakeBusyError, SettingsError
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.ingest import ATTEMPTS, pull
from forecasting.panel.calendar.calendar import floor_to_grid, interval_ends
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.history import last_ingest
from forecasting.store.tables.quarantine import (
    append_accepted,
    append_word,
    count_reasons,
    list_rows,
    stage_accepted,
    waiting_rows,
    waiting_series,
)
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus


def show_rows(settings: Settings, *, stream: str | None, every: bool = False, most: int = 20) -> pd.DataFrame:
    """Rejected rows, newest first."""
    with open_lake_to_read(settings) as lake:
        return list_rows(lake, stream=stream, every=every, most=most)


def show_reasons(settings: Settings, *, stream: str | None, every: bool = False) -> pd.DataFrame:
    """Rejected rows by stream and reason."""
    with open_lake_to_read(settings) as lake:
        return count_reasons(lake, stream=stream, every=every)


def replay(settings: Settings, stream: str) -> JobSummary:
    """Pull the span of the waiting rows again, from the first of them to the watermark.

    Rows that now pass become versions, known from this pull's end on; rows that are rejected again go on waiting, as do
    those that the feed no longer holds.
    """
    with open_session(settings, stream, must_exist=True) as session:
        definition = session.definition.stream
        waiting, since = waiting_rows(session.lake, definition)
        _, watermark = last_ingest(session.lake, definition)
        if not waiting:
            return JobSummary(job="quarantine replay", stream=stream, status="unchanged", message="no row waits")
        first = definition.first_origin()
        start = max(floor_to_grid(since, definition), first) if since else first
        end = watermark or floor_to_grid(since or first, definition) + definition.interval
        pulled = pull(session, since=start, until=end)
        still, _ = waiting_rows(session.lake, definition)
    return JobSummary(
        job="quarantine replay",
        stream=stream,
        status=pulled.status,
        run_id=pulled.run_id,
        rows=pulled.rows,
        message=pulled.message,
        details={"waiting_before": waiting, "waiting_after": still},
    )


def accept(settings: Settings, stream: str, *, series: Sequence[str] = (), by: str) -> JobSummary:
    """Take a person's word for what waits: a level that was not believed is one, and bad rows are to be left out.

    Rows of a level become versions, from what quarantine kept of them, known from the watermark on; from then on the
    series is compared with its new level. Rows that break a rule go on waiting, but no longer count as bad, so that
    they stop no ingest. series: all when empty. by: for the record. Raises SettingsError for a series of which nothing
    waits.
    """
    with open_session(settings, stream, must_exist=True) as session:
        definition = session.definition.stream
        waiting = waiting_series(session.lake, definition)
        unknown = sorted(set(series) - {one.series_id for one in waiting})
        if unknown:
            there = ", ".join(sorted({one.series_id for one in waiting})) or "none"
            raise SettingsError(f"stream {stream}: nothing waits of series {unknown[0]!r}; rows wait of {there}")
        if not waiting:
            return JobSummary(job="quarantine accept", stream=stream, status="unchanged", message="no row waits")
        _, watermark = last_ingest(session.lake, definition)
        with session.run(RunKind.INGEST, origin=watermark) as record:
            for _ in range(ATTEMPTS):
                if _accept(session, record, series, by=by):
                    break
            else:
                raise LakeBusyError(f"stream {stream}: {ATTEMPTS} times an ingest was first; run again later")
    chosen = [one for one in waiting if not series or one.series_id in series]
    levels = sum(one.rows for one in chosen if one.is_level)
    return JobSummary(
        job="quarantine accept",
        stream=stream,
        status=str(record.status),
        run_id=record.run_id,
        rows=record.rows or 0,
        message=record.message,
        details={"levels": levels, "left_out": sum(one.rows for one in chosen) - levels},
    )


def _accept(session: Session, record: Run, series: Sequence[str], *, by: str) -> bool:
    """Write the word and the versions of what it releases, unless an ingest came between reading and writing."""
    lake, stream = session.lake, session.definition.stream
    ingests, watermark = last_ingest(lake, stream)
    ends = partial(interval_ends, stream=stream)
    versions = (
        stage_accepted(lake, stream, series_ids=series, watermark=watermark, interval_ends=ends) if watermark else 0
    )

    def write() -> bool:
        if last_ingest(lake, stream)[0] != ingests:
            return False
        now = wall_clock()
        append_word(lake, stream, series_ids=series, known_at=watermark or now, by=by, run_id=record.run_id, now=now)
        if watermark and versions:
            append_accepted(lake, stream, versions=versions, watermark=watermark, run_id=record.run_id, now=now)
        record.rows, record.status = versions, RunStatus.PUBLISHED
        record.message = f"accepted by {by}; run `forecasting ingest {stream.name}` for what is newer"
        record.finish(lake, finished_at=now)
        return True

    return lake.write(write, message=f"accept {record.run_id}")
