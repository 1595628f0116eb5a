"""Events as known at the origin: which series and which intervals they affect."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.numerics import Times
from forecasting.panel.calendar.instants import as_utc
from forecasting.terms import EventKind

_NEVER = np.datetime64("9999-01-01", "us")


@dataclass(frozen=True)
class Event:
    """One event and the series in its scope."""

    kind: EventKind
    series: NDArray[np.intp]
    """Rows of the panel in its scope."""
    starts_at: np.datetime64
    ends_at: np.datetime64
    """Exclusive; the year 9999 where the event has no end yet."""


def read_events(events: pd.DataFrame, *, attributes: pd.DataFrame, stream_name: str) -> tuple[Event, ...]:
    """Events of a frame (kind, scope, starts_at, ends_at) with any of the series in their scope.

    attributes: text, indexed by series_id.
    """
    if events.empty:
        return ()
    starts, ends = as_utc(events["starts_at"]), as_utc(events["ends_at"])
    ends = np.where(np.isnat(ends), _NEVER, ends)
    found = []
    for kind, scope, starts_at, ends_at in zip(events["kind"], events["scope"], starts, ends, strict=True):
        series = np.flatnonzero(in_scope(scope, attributes=attributes, stream_name=stream_name))
        if len(series):
            found.append(Event(EventKind(kind), series, starts_at, ends_at))
    return tuple(found)


def in_scope(scope: dict[str, str], *, attributes: pd.DataFrame, stream_name: str) -> NDArray[np.bool_]:
    """(N,) which series match a scope: all its keys must match, attributes as well as `series_id` and `stream`.

    A key that the series do not have matches none, because streams with other attributes share the events.
    """
    matched = np.ones(len(attributes), bool)
    for key, value in scope.items():
        if key == "stream":
            matched &= value == stream_name
        elif key == "series_id":
            matched &= attributes.index.to_numpy() == value
        elif key in attributes:
            matched &= attributes[key].to_numpy() == value
        else:
            matched[:] = False
    return matched


def overlapped(event: Event, *, ts: Times, ends: Times) -> slice:
    """Columns (intervals [ts, ends), ascending) that overlap an event."""
    return slice(int(np.searchsorted(ends, event.starts_at, "right")), int(np.searchsorted(ts, event.ends_at, "left")))


def touched(events: Iterable[Event], kind: EventKind, *, n_series: int, ts: Times, ends: Times) -> NDArray[np.bool_]:
    """(n_series, columns) whether an event of a kind overlaps the interval."""
    mask = np.zeros((n_series, len(ts)), bool)
    for event in events:
        if event.kind == kind:
            mask[event.series, overlapped(event, ts=ts, ends=ends)] = True
    return mask
