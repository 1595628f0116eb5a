"""Rejected rows: read, and taken in on a person's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.history import IntervalEnds
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.history import Window, keep_good, stage_versions


def list_rows(lake: Lake, *, stream: str | None, every: bool, most: int) -> pd.DataFrame:
    """Rejected rows, newest first; those already replayed only where `every` is set."""
    return lake.frame("quarantine/list.sql", stream=stream, every=every, most=most)


def count_reasons(lake: Lake, *, stream: str | None, every: bool) -> pd.DataFrame:
    """Rejected rows by stream and reason."""
    return lake.frame("quarantine/reasons.sql", stream=stream, every=every)


def waiting_rows(lake: Lake, stream: Stream) -> tuple[int, datetime | None]:
    """Number of unresolved rows, and the earliest instant that they may belong to."""
    ((rows, since),) = lake.rows("quarantine/unresolved.sql", stream=stream.name, first=stream.first_origin())
    return int(rows), since


@dataclass(frozen=True)
class WaitingSeries:
    """Unresolved rows of a series."""

    series_id: str
    """`*` where they name none."""
    is_level: bool
    """Whether they wait because their level is not believed; else they break a rule."""
    rows: int


def waiting_series(lake: Lake, stream: Stream) -> list[WaitingSeries]:
    """What waits, by series."""
    return [WaitingSeries(*row) for row in lake.rows("quarantine/waiting_series.sql", stream=stream.name)]


def stage_accepted(
    lake: Lake, stream: Stream, *, series_ids: Sequence[str], watermark: datetime, interval_ends: IntervalEnds
) -> int:
    """Work out the versions of waiting rows whose level is believed from now on, in temporary tables; their number.

    series_ids: all when empty. Rows from the watermark on are left to the next ingest.
    """
    lake.execute(
        "quarantine/stage_accepted.sql",
        stream=stream.name,
        until=watermark,
        series=list(series_ids),
        all=not series_ids,
    )
    lake.execute("ingest/create_verdict.sql")
    keep_good(lake)
    lake.execute("quarantine/suspect_accepted.sql")
    ((since, clocked),) = lake.rows("quarantine/staged_extent.sql")
    window = Window(since=since or watermark, until=watermark, learned_at=watermark)
    stage_versions(lake, stream, window, since=window.since, clocked=clocked, interval_ends=interval_ends)
    lake.execute("ingest/stamp_believed.sql", stream=stream.name, learned_at=watermark)
    return int(lake.connection.table("version").shape[0])


def append_accepted(
    lake: Lake, stream: Stream, *, versions: int, watermark: datetime, run_id: str, now: datetime
) -> None:
    """Write the staged versions as an ingest of no window, and mark their rows; to be called inside `Lake.write`."""
    lake.execute("ingest/insert_demand.sql", stream=stream.name, run_id=run_id, now=now)
    lake.execute(
        "ingest/insert_ingest.sql",
        stream=stream.name,
        run_id=run_id,
        since=watermark,
        until=watermark,
        good=versions,
        versions=versions,
        withdrawn=0,
        rejected=0,
    )
    lake.execute("quarantine/release_accepted.sql", stream=stream.name, now=now)


def append_word(
    lake: Lake, stream: Stream, *, series_ids: Sequence[str], known_at: datetime, by: str, run_id: str, now: datetime
) -> None:
    """Record that a person accepts what waits; to be called inside `Lake.write`. series_ids: all when empty."""
    lake.execute(
        "quarantine/insert_accepted.sql",
        stream=stream.name,
        series=list(series_ids),
        all=not series_ids,
        known_at=known_at,
        accepted_by=by,
        run_id=run_id,
        now=now,
    )
