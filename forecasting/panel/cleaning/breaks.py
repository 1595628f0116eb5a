"""Faults and breaks in a history: which values are set aside, and where the present level began."""

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Breaks:
    """Faults and level shifts of a history of N series and T columns."""

    fault: NDArray[np.uint8]
    """(N, T) a Fault each."""
    level_start: NDArray[np.int64]
    """(N,) first column of the present level, 0 where there is no shift."""


def find_breaks(y: Values, grid: Grid, ts: Times, *, explained: Mask) -> Breaks:
    """Search a history for spikes, stuck counters and lost data, and the rest of it for level shifts.

    y: (N, T) demand, NaN where unknown, closed or under an outage; ts: (T,) UTC starts. explained: (N, T) where the
    calendar explains low demand, such as on a holiday; nothing is taken for lost there. Working memory is that of a few
    hundred thousand values.
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
    level_start = np.zeros(len(y), np.int64)
    for rows in _chunks(y.shape):
        level_start[rows] = find_level_start(np.where(fault[rows] > 0, np.nan, y[rows]), grid, ts)
    return Breaks(fault, level_start)


def _chunks(shape: tuple[int, ...]) -> Iterable[slice]:
    rows = max(_CELLS // max(shape[1], 1), 1)
    return (slice(first, first + rows) for first in range(0, shape[0], rows))
