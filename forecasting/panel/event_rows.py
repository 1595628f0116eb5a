"""Rows of events as people write them: their columns, their times and what is wrong with them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from forecasting.panel.calendar.stamps import instant_of, read_stamp
from forecasting.panel.event_scopes import (
    KEYS,
    Streams,
    as_object,
    attribute_names,
    cell_text,
    check_scope,
    local_zones,
    meant,
    read_scope,
    series_in_scope,
    why_unmatched,
)
from forecasting.terms import EventKind

REQUIRED = ("event_id", "kind", "starts_at", "ends_at")
COLUMNS = (*REQUIRED, "known_at", "name", "scope", "withdrawn")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_TRUTH = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}


@dataclass(frozen=True)
class EventRow:
    """One event that can be taken in."""

    event_id: str
    kind: EventKind
    starts_at: datetime
    ends_at: datetime
    known_at: datetime | None
    """None where its source does not say since when it is known."""
    name: str | None
    scope: dict[str, str]
    withdrawn: bool
    series: dict[str, list[str]] = field(default_factory=dict)
    """Series in its scope by stream; none of a stream before its first ingest."""


@dataclass(frozen=True)
class EventFault:
    """What is wrong with a row."""

    event_id: str
    fault: str


def scope_names(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names that rows use as attributes of a scope, in columns of their own or in `scope`, known or not."""
    found: set[str] = set()
    for row in rows:
        found |= {name for name in row if name not in COLUMNS}
        try:
            found |= set(as_object(row.get("scope")))
        except ValueError:
            continue  # its fault is reported with its event
    return found - set(KEYS)


def column_fault(columns: Sequence[str], streams: Streams) -> str | None:
    """Why the columns of a table are not those of events; None where they are."""
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        return f"column {missing[0]} is missing; expected {', '.join(REQUIRED)}, found {', '.join(sorted(columns))}"
    keys = [*KEYS, *attribute_names(streams.values())]
    unknown = next((name for name in columns if name not in (*COLUMNS, *keys)), None)
    if unknown is None:
        return None
    return (
        f"column {unknown!r} is neither one of events nor an attribute of series{meant(unknown, [*COLUMNS, *keys])}; "
        f"expected {', '.join(COLUMNS)}, and as the scope {', '.join(keys)}"
    )


def read_row(row: Mapping[str, Any], streams: Streams, *, readers: Sequence[str] | None) -> EventRow | EventFault:
    """One row as an event, or what is wrong with it.

    streams: by name, all that are defined or have history. readers: the streams whose own SQL returned the row, None of
    one that a person gives; see `local_zones`.
    """
    try:
        return _read(row, streams, readers)
    except ValueError as error:
        label = re.sub(r"[\x00-\x1f\x7f]", "?", cell_text(row.get("event_id")) or "(no event_id)")
        return EventFault(label, str(error))


def unmatched(event: EventRow, streams: Streams) -> str | None:
    """Why an event matches no series; None where it matches some, is called off, or a stream has no series yet."""
    return None if event.series or event.withdrawn else why_unmatched(event.scope, streams)


def read_instant(value: object, zones: Sequence[ZoneInfo]) -> datetime:
    """The UTC instant of a time as a person writes it, local in `zones` unless it has an offset. Raises ValueError."""
    try:
        stamp = read_stamp(value)
        return stamp.astimezone(UTC) if stamp.tzinfo else instant_of(stamp, zones)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _read(row: Mapping[str, Any], streams: Streams, readers: Sequence[str] | None) -> EventRow:
    event_id, kind, name = (cell_text(row.get(column)) for column in ("event_id", "kind", "name"))
    if not event_id:
        raise ValueError("event_id is missing")
    if kind not in list(EventKind):
        *most, last = EventKind
        raise ValueError(f"kind is {kind or 'missing'}; expected {', '.join(most)} or {last}")
    withdrawn = _TRUTH.get((cell_text(row.get("withdrawn")) or "false").lower())
    if withdrawn is None:
        raise ValueError("withdrawn is neither true nor false")
    own_columns = {column: value for column, value in row.items() if column not in COLUMNS}
    scope = read_scope(as_object(row.get("scope")), own_columns)
    if _CONTROL.search("".join([event_id, name or "", *scope, *scope.values()])):
        raise ValueError("it holds control characters")
    check_scope(scope, streams)
    zones = local_zones(scope, streams, readers=readers)
    starts_at, ends_at, known_at = (_instant(row, column, zones) for column in ("starts_at", "ends_at", "known_at"))
    if starts_at is None or ends_at is None:
        raise ValueError(f"{'starts_at' if starts_at is None else 'ends_at'} is no timestamp: it is empty")
    if ends_at <= starts_at:
        raise ValueError("ends_at is not after starts_at; ends_at is the first instant after the event")
    if starts_at < _EARLIEST or ends_at > _LATEST:
        raise ValueError("it lies outside of the years 1900 to 2200")
    if known_at is not None and not _EARLIEST <= known_at <= _LATEST:
        raise ValueError("known_at is no timestamp between the years 1900 and 2200")
    series = series_in_scope(scope, streams)
    return EventRow(event_id, EventKind(kind), starts_at, ends_at, known_at, name, scope, withdrawn, series)


def _instant(row: Mapping[str, Any], column: str, zones: Sequence[ZoneInfo]) -> datetime | None:
    value = row.get(column)
    if cell_text(value) is None:
        return None
    try:
        return read_instant(value, zones)
    except ValueError as error:
        raise ValueError(f"{column} is no timestamp: {error}") from error
