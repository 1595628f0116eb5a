"""Adjustments as people write them, read through their contract: each is taken, or refused with a reason in words."""

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.adjustments import find_faults
from forecasting.errors import ForecastingError, SettingsError
from forecasting.jobs.common.partners import handle_stream_of
from forecasting.jobs.staffing.plan import staffing_rules
from forecasting.panel.event_rows import read_instant
from forecasting.panel.event_scopes import Streams, as_object, cell_text, check_scope, meant, read_scope, some
from forecasting.planning.adjustments import Adjustment
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.tables import BESIDE
from forecasting.store.tables.planners.adjustments import BASE
from forecasting.terms import Operation

COLUMNS = (
    *("stream", "scope", "starts_at", "ends_at", "operation", "value", "reason", "author", "metric", "scenario"),
    *("id", "known_at"),
)
"""Columns with a meaning of their own; others are attributes of series."""
HANDLE_TIME = "handle_time"


@dataclass(frozen=True)
class Wanted:
    """An adjustment that a row asks for."""

    stream: str
    """Whose forecast it adjusts: that of the handle times where the row says so of a stream of calls."""
    scenario: str
    one: Adjustment


@dataclass(frozen=True)
class Refused:
    """A row that breaks the contract."""

    stream: str
    """As the row names it."""
    reason: str


Read = Wanted | Refused


def read_rows(
    settings: Settings,
    rows: Sequence[Mapping[str, Any]],
    streams: Streams,
    *,
    now: datetime,
    scenarios: Collection[str] = (BASE,),
) -> list[Read]:
    """What rows ask for, in their order, each known a microsecond after the one before it.

    rows: texts by column, as in a CSV; times are local ones of the stream unless they have an offset. A key is made of
    what a row says, so that the same row has the same one.
    """
    fields = [_fields(settings, row, streams) for row in rows]
    sound = {number: found for number, found in enumerate(fields) if isinstance(found, dict)}
    faults = find_faults(pd.DataFrame(sound.values(), index=list(sound)), scenarios=scenarios)
    read: list[Read] = []
    for number, found in enumerate(fields):
        if isinstance(found, Refused):
            read.append(found)
        elif number in faults:
            read.append(Refused(found["named"], faults[number]))
        else:
            read.append(_wanted(found, now + timedelta(microseconds=number)))
    return read


def stream_adjusted(settings: Settings, stream: str, metric: str | None) -> Stream:
    """The stream whose forecast a metric of another means. Raises SettingsError where it has none."""
    definition = read_definition(settings, stream).stream
    if metric is None or metric == definition.stream.metric:
        return definition
    if metric != HANDLE_TIME:
        raise SettingsError(
            f"metric {metric!r}: expected {definition.stream.metric!r}, or {HANDLE_TIME} where {stream} is staffed"
        )
    handles = handle_stream_of(settings, definition, staffing_rules(definition))
    if handles is None:
        raise SettingsError(f"stream {stream}: its handle time is constant; change handle_time in [planning.staffing]")
    return handles


def _fields(settings: Settings, row: Mapping[str, Any], streams: Streams) -> dict[str, Any] | Refused:
    """A row as the contract reads it."""
    named = cell_text(row.get("stream")) or ""
    try:
        if not named:
            raise ValueError("stream is missing")
        if named not in streams:
            raise ValueError(f"there is no stream {named!r}{meant(named, streams)}; there are {some(sorted(streams))}")
        if row.get(BESIDE):
            raise ValueError(f"it has more cells than the header: {row[BESIDE]}; put a text with a separator in quotes")
        stream = stream_adjusted(settings, named, cell_text(row.get("metric")))
        others = {name: value for name, value in row.items() if name not in COLUMNS}
        scope = read_scope(as_object(row.get("scope")), others)
        if scope.pop("stream", named) != named:
            raise ValueError("scope names another stream than the column stream")
        check_scope({"stream": stream.name, **scope}, streams)
        times = {name: _instant(row, name, stream) for name in ("starts", "ends")}
    except (ValueError, ForecastingError) as error:
        return Refused(named, str(error))
    value, operation = (cell_text(row.get(name)) or "" for name in ("value", "operation"))
    operation = operation.lower()
    return {
        "named": named,
        "stream": stream.name,
        "scope": scope,
        "metric": stream.stream.metric,
        "value": value,
        "amount": _number(value.removesuffix("%") if operation == Operation.PERCENT else value),
        "operation": operation,
        "scenario": cell_text(row.get("scenario")) or BASE,
        **{name: cell_text(row.get(name)) or "" for name in ("reason", "author")},
        **{name: str(row.get(f"{name}_at")) for name in times},
        **{f"{name}_at": pd.Timestamp(at) for name, at in times.items()},
        "id": cell_text(row.get("id")),
    }


def _wanted(found: Mapping[str, Any], known_at: datetime) -> Wanted:
    parts = [found[name] for name in ("stream", "scenario", "scope", "operation", "amount", "reason", "author", "id")]
    parts += [found[name].isoformat() for name in ("starts_at", "ends_at")]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:10]
    one = Adjustment(
        f"{found['starts_at']:%Y%m%d}-{key}",
        known_at,
        found["scope"],
        found["starts_at"].to_pydatetime(),
        found["ends_at"].to_pydatetime(),
        Operation(found["operation"]),
        found["amount"],
        found["reason"],
        found["author"],
    )
    return Wanted(found["stream"], found["scenario"], one)


def _instant(row: Mapping[str, Any], name: str, stream: Stream) -> datetime:
    text = cell_text(row.get(f"{name}_at"))
    if text is None:
        raise ValueError(f"{name}: no time is given")
    try:
        at = read_instant(text, [stream.zone])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if not 1900 <= at.year < 2200:
        raise ValueError(f"{name}: {text} lies outside of the years 1900 to 2200")
    return at


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
