"""Faults and breaks in a history: which values are set aside, and where the present level began."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Mask, Times
from forecasting.panel.calendar.runs import Grid, Values, chance_threshold
from forecasting.panel.cleaning.counters import find_spikes, find_stuck
from forecasting.panel.cleaning.levels import find_level_start
from forecasting.panel.cleaning.silence import (
    FeedEvidence,
    feed_evidence,
    find_feed_losses,
    find_lost,
    weigh_silence,
)
from forecasting.panel.cleaning.surges import LevelShift, Surge, find_surges

_CELLS = 250_000
"""Values that are processed together: few enough for a core's cache, enough for numpy to be fast."""


class Fault(IntEnum):
    """Why a measured value is set aside."""

    NONE = 0
    OUTAGE = 1
    """An outage event covers it."""
    LOST = 2
    STUCK = 3
    SPIKE = 4
    SURGE = 5
    """Measured right, but beyond the plausible for some days: no guide to what comes later."""


@dataclass(frozen=True)
class Calendar:
    """What the calendar says of the T columns of a history."""

    date: Times
    """(T,) local dates."""
    holiday: Mask
    """(N, T) public holidays and their eves: low demand is explained there."""
    announced: Mask
    """(N, T) whether high or low demand was announced, by a holiday or a campaign."""
    confirmed: Mask
    """(N, T) what a person called a surge."""
    rejected: Mask
    """(N, T) what a person called demand like any other."""


@dataclass(frozen=True)
class Breaks:
    """Faults and level shifts of a history of N series and T columns."""

    fault: NDArray[np.uint8]
    """(N, T) a Fault each."""
    level_start: NDArray[np.int64]
    """(N,) first column of the present level, 0 where there is no shift."""
    level_factor: NDArray[np.float32]
    """(N,) that level over the one before, where it is a few weeks old at most; else 1."""
    surges: tuple[Surge, ...] = ()
    """Those that were found, whatever a person said of them."""


def find_breaks(y: Values, grid: Grid, ts: Times, *, explained: Mask, calendar: Calendar | None = None) -> Breaks:
    """Search a history for spikes, stuck counters, lost data and surges, and the rest of it for level shifts.

    y: (N, T) demand, NaN where unknown, closed or under an outage; ts: (T,) UTC starts. explained: (N, T) where the
    calendar explains low demand, such as on a holiday; nothing is taken for lost there. Without a calendar no surges
    are searched for. Working memory is that of a few hundred thousand values.
    """
    fault = np.zeros(y.shape, np.uint8)
    silent = np.zeros(y.shape, bool)
    evidence = FeedEvidence(*np.zeros((3, y.shape[1])))
    threshold = chance_threshold(y.size)
    for rows in _chunks(y.shape):
        part = y[rows].copy()
        for kind, found in (
            (Fault.SPIKE, find_spikes(part, grid)),
            (Fault.STUCK, find_stuck(part, grid, threshold=threshold)),
        ):
            fault[rows][found] = kind
            part[found] = np.nan
        part[explained[rows]] = np.nan
        silence = weigh_silence(part, grid)
        fault[rows][find_lost(part, silence, grid, threshold=threshold)] = Fault.LOST
        silent[rows] = silence.silent
        evidence += feed_evidence(part, silence, grid)
    fault[silent & find_feed_losses(evidence, grid, threshold=threshold)] = Fault.LOST
    level_start, factor = np.zeros(len(y), np.int64), np.ones(len(y), np.float32)
    surges: list[Surge] = []
    for rows in _chunks(y.shape):
        part = np.where(fault[rows] > 0, np.nan, y[rows])
        shifts: list[LevelShift] = []
        if calendar is not None:
            chance = chance_threshold(len(y) * len(np.unique(calendar.date)))
            own, shifts = _set_aside(part, fault[rows], grid, calendar, rows, threshold=chance)
            surges += own
        level_start[rows] = find_level_start(part, grid, ts)
        for shift in shifts:
            level_start[rows][shift.row], factor[rows][shift.row] = shift.start, shift.factor
    return Breaks(fault, level_start, factor, tuple(surges))


def _set_aside(
    y: Values, fault: NDArray[np.uint8], grid: Grid, calendar: Calendar, rows: slice, *, threshold: float
) -> tuple[list[Surge], list[LevelShift]]:
    """Surges, by the row of the panel, and new levels of some rows; y and fault (n, T) are changed where one lies."""
    confirmed, rejected = calendar.confirmed[rows], calendar.rejected[rows]
    known = np.isfinite(y)
    surges, shifts = find_surges(
        np.where(calendar.announced[rows], np.nan, y),
        grid,
        calendar.date,
        holiday=calendar.holiday[rows],
        threshold=threshold,
    )
    marked = np.zeros(y.shape, bool)
    for surge in surges:
        marked[surge.row, surge.first : surge.end] = True
    marked = ((marked & ~rejected) | confirmed) & known
    fault[marked], y[marked] = Fault.SURGE, np.nan
    kept = [shift for shift in shifts if not confirmed[shift.row, shift.start :].any()]
    return [replace(surge, row=surge.row + rows.start) for surge in surges], kept


def _chunks(shape: tuple[int, ...]) -> Iterable[slice]:
    rows = max(_CELLS // max(shape[1], 1), 1)
    return (slice(first, first + rows) for first in range(0, shape[0], rows))
