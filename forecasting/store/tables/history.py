"""Writing history: an extract's rows are stamped, judged, compared with what is known and appended as versions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.batches import is_widespread
from forecasting.contracts.history import DemandLimits, IntervalEnds, find_faulty_rows
from forecasting.errors import FeedError, QueryError
from forecasting.store.attributes import stage_attributes
from forecasting.store.batches import Levels, judge_levels
from forecasting.store.files.feeds import Feed
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import Statement
from forecasting.store.rejects import mask_rejects
from forecasting.terms import DAY

CHUNK_ROWS = 5_000_000
_REQUIRED = ("series_id", "ts", "y")
MEASURES = (*_REQUIRED, "available_at", "weight", "censored")
"""Columns of an extract that are no attributes of a series."""
_RESERVED = ("row_no", "instant", "local_ts", "attributes_hash")
_INSTANTS = "ingest/time_instants.sql"
_NO_MIDNIGHTS = pd.Series([], dtype="datetime64[us]")
_NONE_UNEVEN = pd.DataFrame({name: pd.Series([], dtype="datetime64[us, UTC]") for name in ("ts", "ends_at")})
_TIMED_BY = {
    "TIMESTAMP WITH TIME ZONE": _INSTANTS,
    "TIMESTAMP": "ingest/time_local.sql",
    "TIMESTAMP_S": "ingest/time_local.sql",
    "TIMESTAMP_MS": "ingest/time_local.sql",
    "TIMESTAMP_NS": "ingest/time_local.sql",
    "DATE": "ingest/time_local.sql",
    "VARCHAR": "ingest/time_text.sql",
}


@dataclass(frozen=True)
class Window:
    """The half-open span of time that one ingest pulls."""

    since: datetime
    until: datetime
    learned_at: datetime
    """When what the ingest finds late or changed became known: its end or, where an earlier ingest went further, the
    watermark. A window that is pulled again says what its source says now, which was not known then."""


@dataclass(frozen=True)
class BatchCounts:
    """What a staged batch holds."""

    extracted: int
    good: int
    versions: int
    withdrawn: int
    rejected: int
    first_ts: datetime | None
    """First row that the feed gave."""


def last_ingest(lake: Lake, stream: Stream) -> tuple[int, datetime | None]:
    """Number of ingests of a stream and its watermark."""
    ((ingests, watermark),) = lake.rows("ingest/ingests.sql", stream=stream.name)
    return int(ingests), watermark


def ingested_streams(lake: Lake) -> set[str]:
    """Streams that were ever ingested."""
    return {stream for (stream,) in lake.rows("ingest/ingested_streams.sql")}


def check_extract_columns(columns: dict[str, str], statement: Statement) -> None:
    """Raises QueryError where an extract lacks a column, or has one of a type or a name that cannot be read."""
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        raise QueryError(
            f"{statement.path}: column {missing[0]} is missing; expected series_id, ts, y[, available_at, weight, "
            f"censored, attributes...], found {', '.join(columns)}"
        )
    taken = [name for name in columns if name.lower() in _RESERVED]
    if taken:
        raise QueryError(
            f"{statement.path}: column {taken[0]} has a name that the ingest uses itself; give it another one, such as "
            f"`{taken[0]} as {taken[0]}_of_feed`"
        )
    if columns["ts"] not in _TIMED_BY:
        raise QueryError(
            f"{statement.path}: column ts has type {columns['ts']}; expected TIMESTAMPTZ, TIMESTAMP, DATE or VARCHAR"
        )
    numeric = ("DOUBLE", "FLOAT", "INT", "DECIMAL", "HUGEINT", "VARCHAR")
    if not any(kind in columns["y"] for kind in numeric):
        raise QueryError(f"{statement.path}: column y has type {columns['y']}; expected a number")


def stage_batch(feed: Feed, window: Window, *, limits: DemandLimits, confirmed: bool = False) -> Levels:
    """Pull the window, judge every row and work out the versions; all in temporary tables, nothing is written.

    confirmed: what the source no longer holds is really gone, whole series too.
    Returns what was found of levels that are not believed. Raises FeedError or QueryError where the feed or its extract
    cannot be used.
    """
    lake, stream, extract = feed.lake, feed.definition.stream, feed.definition.extract
    feed.create_table("extracted", extract, since=window.since, until=window.until)
    columns = {row[0]: row[1] for row in lake.connection.execute("describe extracted").fetchall()}
    check_extract_columns(columns, extract)
    clocked = "available_at" in columns
    lake.execute("ingest/complete_batch.sql")
    _stamp_rows(lake, stream, limits, timed_by=_TIMED_BY[columns["ts"]], clocked=clocked)
    _judge_rows(lake, stream, limits, extract=extract, window=window, named=set(columns) - set(MEASURES) != set())
    earliest = lake.rows("ingest/earliest.sql")[0][0] or window.since
    stage_versions(lake, stream, window, since=earliest, clocked=clocked, interval_ends=limits.interval_ends)
    gone: dict[str, Any] = {"learned_at": window.learned_at, "since": window.since, "confirmed": confirmed}
    lake.execute("ingest/versions_withdrawn.sql", **gone)
    levels = judge_levels(lake, stream, since=earliest, until=window.until, learned_at=window.learned_at)
    lake.execute("ingest/drop_rejected_versions.sql")
    stage_attributes(lake, stream, until=window.until, learned_at=window.learned_at)
    _collect_rejects(feed, window)
    return levels


def stage_versions(
    lake: Lake, stream: Stream, window: Window, *, since: datetime, clocked: bool, interval_ends: IntervalEnds
) -> None:
    """Compare the good rows from `since` on with what is known and keep what is new. clocked: they say when each became
    known; else a value is known when its interval has ended and the publication delay has passed."""
    span: dict[str, Any] = {"stream": stream.name, "since": since, "until": window.until}
    lake.execute("ingest/latest.sql", **span)
    uneven = _uneven(lake, interval_ends, stream=stream) if stream.interval >= DAY else _NONE_UNEVEN
    delay = stream.source.publication_delay
    lake.execute("ingest/ripening.sql", frames={"uneven": uneven}, interval=stream.interval, delay=delay)
    versions = "ingest/versions_clocked.sql" if clocked else "ingest/versions_ruled.sql"
    lake.execute(versions, **span, learned_at=window.learned_at)


def _uneven(lake: Lake, interval_ends: IntervalEnds, *, stream: Stream) -> pd.DataFrame:
    """Intervals of whole days that are longer or shorter than others, because clocks change in them: ts, ends_at."""
    ts = lake.frame("ingest/good_starts.sql")["ts"]
    ends = interval_ends(ts)
    odd = ends - ts != stream.interval
    return pd.DataFrame({"ts": ts[odd], "ends_at": ends[odd]})


def count_batch(lake: Lake) -> BatchCounts:
    """Counts of the staged batch."""
    return BatchCounts(*lake.rows("ingest/ingested_counts.sql")[0])


def audit_raw_rows(feed: Feed, window: Window, *, counts: BatchCounts) -> int:
    """Number of raw rows that the window's batch was made from.

    Where the stream has an audit query, every raw event must be counted, rejected or dropped by a named rule. Raises
    FeedError where some are none of these.
    """
    audit = feed.definition.audit
    if audit is None:
        return counts.extracted + (counts.rejected if feed.definition.rejects else 0)
    feed.create_table("audited", audit, since=window.since, until=window.until)
    rules = {rule: int(rows) for rule, rows in feed.lake.rows("ingest/audit.sql")}
    if "raw" not in rules or "counted" not in rules:
        raise QueryError(
            f"{audit.path}: expected rows for rule raw and rule counted, found {', '.join(rules) or 'none'}"
        )
    raw = rules.pop("raw")
    events = int(feed.lake.connection.table("rejected_events").shape[0]) if feed.definition.rejects else 0
    if sum(rules.values()) + events != raw:
        counted = ", ".join(f"{rows} {rule}" for rule, rows in sorted(rules.items()))
        raise FeedError(
            f"{audit.path}: {raw} raw rows, but {counted} and {events} rejected make {sum(rules.values()) + events}; "
            "every raw row must be counted, rejected or dropped by a named rule"
        )
    return raw


def release_rows(lake: Lake) -> None:
    """Drop the batch's rows once they are judged; what is to be written keeps the memory that they held."""
    for table in ("extracted", "stamped"):
        lake.connection.execute(f"drop table {table}")


def append_batch(
    lake: Lake, stream: Stream, window: Window, *, counts: BatchCounts, run_id: str, now: datetime
) -> None:
    """Write the staged versions, series and the ingest itself; to be called inside `Lake.write`."""
    lake.execute("ingest/insert_demand.sql", stream=stream.name, run_id=run_id, now=now)
    lake.execute("ingest/insert_series.sql", stream=stream.name, run_id=run_id)
    lake.execute(
        "ingest/insert_ingest.sql",
        stream=stream.name,
        run_id=run_id,
        since=window.since,
        until=window.until,
        good=counts.good,
        versions=counts.versions,
        withdrawn=counts.withdrawn,
        rejected=counts.rejected,
    )


def append_rejects(lake: Lake, stream: Stream, *, run_id: str, now: datetime, source: str) -> None:
    """Write the staged rejects to quarantine; to be called inside `Lake.write`."""
    lake.execute("ingest/insert_quarantine.sql", stream=stream.name, run_id=run_id, now=now, source=source)


def resolve_rejects(
    lake: Lake, stream: Stream, window: Window, *, first_ts: datetime | None, run_id: str, now: datetime
) -> None:
    """Mark unresolved rejects of the window that were not rejected again; to be called inside `Lake.write`.

    first_ts: the first row that the feed still holds; what waits from before it was not put right.
    """
    span: dict[str, Any] = {"since": window.since, "until": window.until, "first": stream.first_origin()}
    span["first_ts"] = first_ts
    lake.execute("quarantine/resolve.sql", stream=stream.name, run_id=run_id, now=now, **span)


def _refuse_unfiltered(lake: Lake, extract: Statement, limits: DemandLimits, window: Window) -> None:
    """Reject rows from before the window; where nearly every series has some, the extract does not filter."""
    earliest = max(pd.Timestamp(window.since), limits.earliest)
    span: dict[str, Any] = {"earliest": limits.earliest, "since": earliest}
    ((rows, affected, series),) = lake.rows("ingest/rows_before.sql", **span)
    if is_widespread(affected, series):
        raise QueryError(
            f"{extract.path}: {rows} rows lie before $since = {window.since.isoformat()}; "
            "the extract must keep to ts >= $since and ts < $until"
        )
    lake.execute("ingest/reject_before.sql", **span)


def _stamp_rows(lake: Lake, stream: Stream, limits: DemandLimits, *, timed_by: str, clocked: bool) -> None:
    """Give every row its instant; on streams of whole days a date is the first instant of its day."""
    for macro in ("ingest/create_key_fault.sql", "ingest/create_measure_fault.sql"):
        lake.execute(macro)
    if timed_by == _INSTANTS and stream.interval < DAY:
        lake.execute("ingest/stamp_instants.sql", clocked=clocked)
        return
    zone = stream.stream.timezone
    lake.execute(timed_by)
    midnights = lake.frame("ingest/midnights.sql", zone=zone)["midnight"] if stream.interval >= DAY else _NO_MIDNIGHTS
    starts = {"day_starts": limits.day_starts(midnights)}
    lake.execute("ingest/stamp_local.sql", frames=starts, zone=zone, clocked=clocked)


def _judge_rows(
    lake: Lake, stream: Stream, limits: DemandLimits, *, extract: Statement, window: Window, named: bool
) -> None:
    """Reject the rows that break a rule, those that were recalled from quarantine among them. named: there are
    attributes."""
    lake.execute("ingest/create_verdict.sql")
    lake.execute("ingest/reject_stamped.sql")
    _refuse_unfiltered(lake, extract, limits, window)
    if named:
        lake.execute("ingest/reject_attributes.sql")
    lake.execute("ingest/recall_waiting.sql", stream=stream.name, since=window.since)
    for since, until in _chunks(lake.rows("ingest/local_days.sql", zone=stream.stream.timezone)):
        rows = lake.frame("ingest/chunk.sql", categories=["series_id"], since=since, until=until)
        faults = find_faulty_rows(rows, limits)
        if len(faults):
            lake.execute("ingest/insert_verdict.sql", frames={"faults": faults})
    keep_good(lake)


def keep_good(lake: Lake) -> None:
    """Reject what shares its key with another row, and keep what no rule rejects."""
    lake.execute("ingest/find_repeated.sql")
    lake.execute("ingest/reject_duplicates.sql")
    lake.execute("ingest/keep_good.sql")


def _chunks(days: list[tuple[datetime, int]]) -> list[tuple[datetime, datetime]]:
    """Spans of whole local days of at most `CHUNK_ROWS` rows, or of one day."""
    spans: list[tuple[datetime, datetime]] = []
    filled = CHUNK_ROWS
    starts = [day for day, _ in days] + [days[-1][0] + timedelta(days=2)] if days else []
    for (day, rows), following in zip(days, starts[1:], strict=True):
        if filled + rows > CHUNK_ROWS:
            spans.append((day, following))
            filled = rows
        else:
            spans[-1] = (spans[-1][0], following)
            filled += rows
    return spans


def _collect_rejects(feed: Feed, window: Window) -> None:
    lake, rejects = feed.lake, feed.definition.rejects
    lake.execute("ingest/create_rejected.sql")
    lake.execute("ingest/reject_rows.sql")
    if rejects is not None:
        feed.create_table("rejected_events", rejects, since=window.since, until=window.until)
        lake.execute("ingest/take_rejects.sql")
    mask_rejects(lake)
