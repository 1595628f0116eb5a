"""Take in events, from a file, from a person or from a stream's own extract; list them and call them off."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.session import JobSummary, wall_clock
from forecasting.jobs.streams.event_tables import clock, describe_events
from forecasting.jobs.streams.known import columns_of, known_streams, look_up_columns, readers_of
from forecasting.panel.event_rows import (
    EventFault,
    EventRow,
    column_fault,
    read_instant,
    read_row,
    scope_names,
    unmatched,
)
from forecasting.panel.event_scopes import KnownStream, Streams, local_zones, series_in_scope
from forecasting.settings import Settings
from forecasting.store.files.feeds import Feed
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.tables.events import append_events, current_events, read_event_file, staged_rows
from forecasting.store.tables.history import Window
from forecasting.terms import EventKind

logger = logging.getLogger(__name__)

_SHOWN = 3
"""Events that an error names."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class TakenEvents:
    """What became of events that a person gave."""

    summary: JobSummary
    events: pd.DataFrame
    """Of each that is new or changed: event_id, kind, name, starts, ends (local time), zone, series (in words)."""

    def as_dict(self) -> dict[str, Any]:
        return {**self.summary.as_dict(), "events": json.loads(self.events.to_json(orient="records"))}


def import_file(settings: Settings, path: Path) -> TakenEvents:
    """Import a file of events for every stream; a version is written for each that is new or changed.

    Raises SettingsError or FeedError; then no event of the file is taken in.
    """
    with open_lake(settings) as lake:
        columns, rows = read_event_file(lake, path)
        return _take(settings, lake, columns, rows, source=str(path), job="events import")


def add(
    settings: Settings,
    kind: str,
    *,
    starts: str,
    ends: str,
    scope: Mapping[str, str],
    name: str | None = None,
    event_id: str | None = None,
    known_at: str | None = None,
) -> TakenEvents:
    """Take in one event; the same id again changes it. Without an id it has one made of its kind, scope and start.

    starts, ends, known_at: ISO texts, local times of the streams that the scope concerns unless they have an offset;
    ends is exclusive. Raises SettingsError where something is wrong; then nothing is written.
    """
    made = ":".join([kind, *(f"{key}={value}" for key, value in sorted(scope.items())), starts])
    row = {
        "event_id": event_id or made,
        "kind": kind,
        "starts_at": starts,
        "ends_at": ends,
        "known_at": known_at,
        "name": name,
        "scope": dict(scope),
    }
    with open_lake(settings) as lake:
        try:
            return _take(settings, lake, list(row), [row], source="events add", job="events add")
        except FeedError as error:
            raise SettingsError(str(error)) from error


def withdraw(settings: Settings, event_id: str, *, known_at: str | None = None) -> TakenEvents:
    """Call an event off: forecasts from now on, or from `known_at` on, do not know of it; earlier origins still do.

    Raises SettingsError where there is no such event.
    """
    with open_lake(settings) as lake:
        events = current_events(lake)
        own = events[events["event_id"] == event_id]
        if own.empty:
            recent = ", ".join(events["event_id"].head(_SHOWN)) or "none"
            raise SettingsError(
                f"there is no event {event_id!r}; the latest are {recent}; see `forecasting events list`"
            )
        streams = known_streams(settings, lake)
        event = replace(_on_record(own.iloc[0].to_dict(), streams), withdrawn=True, known_at=None)
        if known_at is not None:
            try:
                event = replace(event, known_at=read_instant(known_at, local_zones(event.scope, streams)))
            except ValueError as error:
                raise SettingsError(f"--known-at: {error}") from error
        return _write(lake, [event], streams, source=f"event {event_id}", job="events withdraw")


def show(settings: Settings, *, stream: str | None = None, every: bool = False) -> pd.DataFrame:
    """Events as they are known now, the latest first, with the series in their scope; every: also those called off."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        streams = known_streams(settings, lake)
        rows = current_events(lake).to_dict("records")
    if stream is not None and stream not in streams:
        raise SettingsError(f"there is no stream {stream!r}; there are {', '.join(sorted(streams))}")
    events = [_on_record(row, streams) for row in rows if every or not row["withdrawn"]]
    if stream is not None:
        events = [one for one in events if stream in one.series or one.scope.get("stream", "") == stream]
    table = describe_events(events, streams)
    return table.assign(
        known_at=[clock(one.known_at) if one.known_at else "" for one in events],
        withdrawn=[one.withdrawn for one in events],
    )


def take_events(feed: Feed, window: Window, *, run_id: str) -> list[str]:
    """Take in the events that a stream's `[events]` SQL returns; those without known_at became known as the ingest
    learned of them. Returns what is to be said of them."""
    definition, lake = feed.definition, feed.lake
    statement = definition.events
    if statement is None:
        return []
    feed.create_table("event_file", statement, since=window.since, until=window.until)
    columns, rows = staged_rows(lake)
    if not rows:
        return []
    streams = known_streams(lake.settings, lake)
    own = streams.get(definition.stream.name)
    if own is not None and own.attributes is None:
        streams[definition.stream.name] = KnownStream(definition.stream.zone, None, columns_of(feed, definition))
    streams = look_up_columns(lake.settings, lake, streams, scope_names(rows))
    events = _read(columns, rows, streams, source=str(statement.path), readers=readers_of(lake.settings, definition))
    written = lake.write(
        lambda: append_events(lake, _staged(events), known_at=window.learned_at, run_id=run_id),
        message=f"events of {definition.stream.name}",
    )
    missed = ((event, unmatched(event, streams)) for event in events if event.event_id in written)
    return [f"event {event.event_id} concerns nothing: {reason}" for event, reason in missed if reason]


def _take(settings: Settings, lake: Lake, columns: Sequence[str], rows: Rows, *, source: str, job: str) -> TakenEvents:
    streams = look_up_columns(settings, lake, known_streams(settings, lake), scope_names(rows))
    events = _read(columns, rows, streams, source=source, readers=None)
    for event in events:
        if (reason := unmatched(event, streams)) is not None:
            raise FeedError(f"{source}: event {event.event_id}: {reason}; no event was taken in")
    return _write(lake, events, streams, source=source, job=job)


def _write(lake: Lake, events: Sequence[EventRow], streams: Streams, *, source: str, job: str) -> TakenEvents:
    now = wall_clock()
    run_id = f"events-{now:%Y%m%dT%H%M%S%f}"
    rows = _staged(events)
    written = lake.write(lambda: append_events(lake, rows, known_at=now, run_id=run_id), message=source)
    logger.info("events: %d new or changed from %s", len(written), source)
    status = "published" if written else "unchanged"
    summary = JobSummary(job=job, stream="*", status=status, run_id=run_id, rows=len(written))
    return TakenEvents(summary, describe_events([event for event in events if event.event_id in written], streams))


def _on_record(row: Mapping[Any, Any], streams: Streams) -> EventRow:
    """An event of the lake, whatever became of the streams that it names."""
    starts_at, ends_at, known_at = (row[name].to_pydatetime() for name in ("starts_at", "ends_at", "known_at"))
    scope, name = row["scope"], row["name"] if isinstance(row["name"], str) else None
    series = series_in_scope(scope, streams)
    kind = EventKind(row["kind"])
    return EventRow(row["event_id"], kind, starts_at, ends_at, known_at, name, scope, bool(row["withdrawn"]), series)


def _read(
    columns: Sequence[str], rows: Rows, streams: Streams, *, source: str, readers: Sequence[str] | None
) -> list[EventRow]:
    """The events of a table. Raises FeedError on its columns or its first bad row."""
    if (fault := column_fault(columns, streams)) is not None:
        raise FeedError(f"{source}: {fault}")
    read = [read_row(row, streams, readers=readers) for row in rows]
    faults = [one for one in read if isinstance(one, EventFault)]
    if faults:
        more = f" ({len(faults)} bad events in all)" if len(faults) > 1 else ""
        raise FeedError(f"{source}: event {faults[0].event_id}: {faults[0].fault}{more}; no event was taken in")
    return [one for one in read if isinstance(one, EventRow)]


def _staged(events: Iterable[EventRow]) -> pd.DataFrame:
    rows = [{**asdict(event), "kind": str(event.kind), "scope": json.dumps(event.scope)} for event in events]
    return pd.DataFrame(rows, columns=[*EventRow.__dataclass_fields__])
