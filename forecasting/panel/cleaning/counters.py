"""Broken counters: values that are repeated for too long, and values far beyond all others of the series."""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Mask
from forecasting.panel.calendar.runs import Grid, Runs, Values, exceptional, find_runs, monthly_rank, passes

_REPEATS = 5
"""Repetitions from which on a counter can be stuck: shorter ones change no forecast."""
_PRIOR = 5
"""Values that the repetition rate of the whole series counts for beside that of values of one size."""
_MOST_LIKELY = 0.95
"""Largest probability of a repetition: where values are usually repeated, only hundreds in a row are evidence."""
_ABSURD = 50.0
"""Factor over the series' monthly high. Real surges stay far below it; wrapped counters and wrong units do not."""
_MONTH = 4
"""Cycles that are needed to know a series' monthly high."""
_ALONE = 2
"""Intervals that a spike can last: longer runs may be a new level."""


def find_spikes(y: Values, grid: Grid) -> Mask:
    """(N, T) single values, or two in a row, far above the series' monthly high, with known values on either side.

    Values loaded twice are not searched for: they cannot be distinguished from busy days by their size.
    """
    rank, width = max(monthly_rank(grid.n_cycles), _ALONE + 1), y.shape[1]
    if grid.n_cycles < _MONTH or width <= rank:
        return np.zeros(y.shape, bool)
    filled = np.where(np.isfinite(y), y, np.float32(0))
    reached = np.partition(filled, width - rank, axis=1)[:, width - rank]
    high = filled > np.where(reached > 0, _ABSURD * reached, np.inf)[:, None]
    known = np.isfinite(y)
    runs = find_runs(high, known)
    first_known, last_known = np.argmax(known, axis=1), width - 1 - np.argmax(known[:, ::-1], axis=1)
    between = (runs.first > first_known[runs.row]) & (runs.last < last_known[runs.row])
    return runs.mark(between & (runs.size <= _ALONE), y.shape)


def find_stuck(y: Values, grid: Grid, *, threshold: float) -> Mask:
    """(N, T) repetitions of a value other than zero that are too long for how often the series repeats such values.

    The first value of a run may be right and is kept. The highest value of a series is a ceiling, not a stuck counter.
    """
    same = (y[:, 1:] == y[:, :-1]) & (y[:, 1:] != 0)
    width = same.shape[1] - _REPEATS + 1
    found = np.zeros(y.shape, bool)
    if width <= 0:
        return found
    long = same[:, :width].copy()
    for shift in range(1, _REPEATS):
        long &= same[:, shift : shift + width]
    rows = np.flatnonzero(long.any(axis=1))
    if len(rows):
        found[rows] = _find_stuck(y[rows], grid, threshold=threshold)
    return found


def _find_stuck(y: Values, grid: Grid, *, threshold: float) -> Mask:
    known = np.isfinite(y)
    repeated = _repeats(y, known)
    runs = find_runs(repeated, known)
    score = runs.total(repeated.astype(np.float32)) * -np.log(_repeat_chance(y, known & ~repeated, runs))
    stuck = exceptional(runs, score, threshold=threshold, n_cycles=grid.n_cycles) & (runs.size >= _REPEATS)
    stuck &= runs.start(y) < np.nanmax(y, axis=1)[runs.row]
    return runs.mark(stuck & passes(runs, known, grid.season), y.shape)


def _repeats(y: Values, known: Mask) -> Mask:
    """(N, T) whether a known value other than zero equals the known one before it."""
    place = np.flatnonzero(known)
    value, row = y.ravel()[place], place // y.shape[1]
    same = (value[1:] == value[:-1]) & (row[1:] == row[:-1]) & (value[1:] != 0)
    repeated = np.zeros(y.shape, bool)
    repeated.ravel()[place[1:][same]] = True
    return repeated


def _repeat_chance(y: Values, fresh: Mask, runs: Runs) -> NDArray[np.float64]:
    """(runs,) probability that a value of the run's size is followed by itself, from the series' other values.

    Values of one size share their binary exponent. Of counts it is at least the peak of the Poisson distribution of
    that mean, because small counts repeat by chance.
    """
    row, column = np.nonzero(fresh)
    value = runs.start(y)
    size, sizes = (np.frexp(values)[1].astype(np.int64) for values in (value, y[row, column]))
    low = int(min(size.min(), sizes.min()))
    span = int(max(size.max(), sizes.max())) - low + 1
    key, keys = runs.row * span + size - low, row * span + sizes - low
    length = len(y) * span
    repeating = (np.bincount(key, minlength=length)[key] - 1, np.bincount(runs.row, minlength=len(y))[runs.row])
    values = (np.bincount(keys, minlength=length)[key] - 1, np.bincount(row, minlength=len(y))[runs.row])
    overall = repeating[1] / values[1]
    chance = (repeating[0] + _PRIOR * overall) / (values[0] + _PRIOR)
    is_count = ~np.any(y % 1 > 0, axis=1)[runs.row]
    with np.errstate(invalid="ignore", divide="ignore"):
        peak = np.where(is_count & (value >= 1), 1 / np.sqrt(2 * np.pi * value), 0)
    floor = 1 / (values[1] + 1)
    likely: NDArray[np.float64] = np.clip(np.maximum(chance, peak), floor, _MOST_LIKELY)
    return likely
