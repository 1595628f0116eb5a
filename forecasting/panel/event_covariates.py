"""Covariates of the series that holidays and closures of their own touch, beside those that all series share.

A series sees the stream's calendar as if the events in its scope, and no others, held for all series: an event changes
nothing for a series outside its scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.numerics import Floats32, Times
from forecasting.panel.calendar.hours import OpeningGroup, holiday_dates
from forecasting.panel.covariates import build_covariates
from forecasting.panel.events import Event
from forecasting.terms import EventKind


@dataclass(frozen=True)
class EventCovariates:
    """Rows of covariates beside the shared ones, and which series take them where."""

    covariates: Floats32
    """(M, C)"""
    row: NDArray[np.int32]
    """(K, columns) row of `covariates` by set of events; -1 where the shared covariates hold."""
    calendar: NDArray[np.int32]
    """(N,) set of events of each series."""


def find_event_covariates(
    stream: Stream,
    groups: Sequence[OpeningGroup],
    events: Sequence[Event],
    shared: Floats32,
    *,
    n_series: int,
    ts: Times,
    days: Times,
    n_history: int,
    at: np.datetime64,
) -> EventCovariates | None:
    """What holidays and closures change; None where they change nothing.

    groups: of all series of the stream, by opening hours and public holidays; shared: (columns, C) covariates without
    events; n_series: those that events name; at: the origin.
    Columns of the history know only of events that have begun by then: an event ahead leaves the history as it is.
    """
    own = [event for event in events if event.kind in (EventKind.HOLIDAY, EventKind.CLOSURE)]
    in_scope = np.zeros((n_series, len(own)), dtype=bool)
    for number, event in enumerate(own):
        in_scope[event.series, number] = True
    sets, calendar = np.unique(in_scope, axis=0, return_inverse=True)
    values, rows = [np.zeros((0, shared.shape[1]), np.float32)], np.full((len(sets), len(ts)), -1, dtype=np.int32)
    count = 0
    for number, inside in enumerate(sets):
        if not inside.any():
            continue
        chosen = [event for event, hit in zip(own, inside, strict=True) if hit]
        started = [event for event in chosen if event.starts_at < at]
        seen = _covariates(stream, groups, chosen, ts=ts, days=days)
        if len(started) < len(chosen):
            seen[:n_history] = _covariates(stream, groups, started, ts=ts, days=days)[:n_history]
        columns = np.flatnonzero((seen != shared).any(axis=1))
        rows[number, columns] = count + np.arange(len(columns), dtype=np.int32)
        values.append(seen[columns])
        count += len(columns)
    if not count:
        return None
    return EventCovariates(np.concatenate(values), rows, calendar.ravel().astype(np.int32))


def _covariates(
    stream: Stream, groups: Sequence[OpeningGroup], events: Sequence[Event], *, ts: Times, days: Times
) -> Floats32:
    """(columns, C) covariates as if the events held for every series."""
    everywhere = [replace(event, series=np.zeros(1, dtype=np.intp)) for event in events]
    added = holiday_dates(stream, everywhere, n_series=1, days=days)[0]
    with_holidays = [replace(group, holidays=group.holidays | added) for group in groups]
    closures = [event for event in events if event.kind == EventKind.CLOSURE]
    values, _ = build_covariates(stream, with_holidays, closures, ts=ts, days=days)
    return values
