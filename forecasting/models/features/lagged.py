"""Lagged features: what a series' own history says of a column to forecast.

Recent means of its slot and time of day, errors of the last hours and days, level and noise. Everything depends on
columns before the origin `at` alone. Features are computed for rows, triples of a series, a column `at` to forecast
from and a column to forecast, so that a scattered training set and a whole horizon take the same path.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.models.features.history import BASE, CLOCK_MEANS, COUNT_POWER, LEVEL_SHARE, SLOT_MEANS, PreparedHistory
from forecasting.models.features.slots import NAN
from forecasting.numerics import Floats, Floats32, Ints

RECENT_COLUMNS = (1, 3, 8)
"""Numbers of newest columns over which errors of the expectation are averaged."""
RECENT_DAYS = (1, 3, 7, 28)
"""Numbers of newest local days over which they are."""
LEVEL_DAYS = 28
LAST_VALUES = 6
"""Newest values of a slot whose spread is a feature."""
GUESS = 0.25
"""Noise over level that is assumed, for as many intervals as GUESS_ROWS, before errors were seen; never below
Poisson's."""
GUESS_ROWS = 5
CLIP = 10.0
"""Multiples of the noise beyond which a deviation says nothing more."""
RATIO = 5.0
"""A level is taken to have changed by this factor at most."""
DEVIATIONS = len(SLOT_MEANS) + len(CLOCK_MEANS) + 2 * (len(RECENT_COLUMNS) + len(RECENT_DAYS)) + 1


@dataclass(frozen=True)
class LaggedFeatures:
    """Features of R rows."""

    base: Floats32
    """(R,) mean of the last four values of the slot, else the level; NaN where nothing was observed."""
    noise: Floats32
    """(R,) typical absolute error of the base, above 0."""
    level: Floats32
    """(R,) mean demand of the last LEVEL_DAYS days."""
    deviations: Floats32
    """(R, DEVIATIONS) other expectations less the base, in units of the noise."""
    ratios: Floats32
    """(R, len(RECENT_DAYS)) demand over its expectation, over the last days; 1 where nothing is known."""
    spread: Floats32
    """(R, 4) minimum, median and maximum of the slot's last values less the base, and their standard deviation, in
    units of the noise."""
    weeks: Floats32
    """(R,) cycles since the slot occurred last."""


def lagged_features(
    history: PreparedHistory, *, series: Ints, at: Ints, column: Ints, noise_until: int = 0
) -> LaggedFeatures:
    """Features of R rows, from what was known at the origin column of each.

    series: counted from the first of `history`; at, column: the columns to forecast from and to forecast; all (R,).
    noise_until: columns before this one count in the noise, a constant of a series, also where `at` lies earlier: for
    training, whose first rows would else be measured by noise that is hardly known.
    """
    grid, days = history.grid, history.days
    slot, cycle = grid.slot[column], grid.cycle[at]
    # the newest known cycle of a slot: that of `at` for slots that lie before `at`, else the cycle before
    newest = cycle - (grid.column[cycle, slot] >= at)
    clock, day = days.clock[column], days.day[at]
    yesterday = day - (days.column[day, clock] >= at)

    def slot_mean(last: int, beside: int = 0) -> Floats32:
        place = np.clip(slot + beside, 0, grid.season - 1)
        return history.slots[last].at(series, cycle - (grid.column[cycle, place] >= at), place)

    def clock_mean(last: int) -> Floats32:
        return history.clocks[last].at(series, yesterday, clock)

    since_days = [days.first[np.maximum(day - back, 0)] for back in RECENT_DAYS]
    since = [np.maximum(at - back, 0) for back in RECENT_COLUMNS] + since_days
    level = _level(history, series, at, days.first[np.maximum(day - LEVEL_DAYS, 0)])
    base = slot_mean(BASE)
    base = np.where(np.isfinite(base), base, level)
    # a series without values in the last four weeks has a base of older ones, and no level
    usual = np.where(np.isfinite(level), level, base)
    noise = _noise(history, series, np.maximum(at, noise_until), base=base, level=usual)
    changes = [_change(history, series, at, start) for start in since]
    others: list[Floats] = [slot_mean(last) for last in SLOT_MEANS if last != BASE]
    others += [(slot_mean(8, -1) + slot_mean(8) + slot_mean(8, 1)) / 3]
    others += [clock_mean(last) for last in CLOCK_MEANS]
    apart = [other - base for other in others] + [level - base]
    for error, ratio in changes:
        apart += [error, base * (ratio - 1)]
    values = np.stack(
        [
            np.where(newest >= back, history.cube[series, np.maximum(newest - back, 0), slot], NAN)
            for back in range(LAST_VALUES)
        ]
    )
    return LaggedFeatures(
        base=base,
        noise=noise,
        level=level,
        deviations=_scaled(np.stack(apart, axis=1), noise),
        ratios=np.stack([ratio for _, ratio in changes[-len(RECENT_DAYS) :]], axis=1).astype(np.float32),
        spread=_scaled(_spread(values, base), noise),
        weeks=(grid.cycle[column] - newest).astype(np.float32),
    )


def _level(history: PreparedHistory, series: Ints, at: Ints, since: Ints) -> Floats32:
    total = history.sums[2, series, at] - history.sums[2, series, since]
    count = history.counts[1, series, at] - history.counts[1, series, since]
    level: Floats32 = np.divide(total, count, out=np.full(len(at), np.nan), where=count > 0).astype(np.float32)
    return level


def _noise(history: PreparedHistory, series: Ints, at: Ints, *, base: Floats32, level: Floats32) -> Floats32:
    """Mean absolute error of the base so far, scaled by a power of the base."""
    power, known = history.power, np.maximum(level, 0)
    known = np.where(known > 0, known, 1.0)
    guess = np.maximum(known ** (COUNT_POWER - power), GUESS * known ** (1 - power))
    mean = (history.sums[3, series, at] + GUESS_ROWS * guess) / (history.counts[0, series, at] + GUESS_ROWS)
    noise: Floats32 = (mean * (np.maximum(base, 0) + LEVEL_SHARE * level) ** power).astype(np.float32)
    return np.where(noise > 0, noise, np.float32(1.0))


def _change(history: PreparedHistory, series: Ints, at: Ints, since: Ints) -> tuple[Floats32, Floats32]:
    """Mean error of the expectation over [since, at), and demand over expectation; 0 and 1 where nothing is known."""
    expected = history.sums[0, series, at] - history.sums[0, series, since]
    demand = history.sums[1, series, at] - history.sums[1, series, since]
    count = history.counts[0, series, at] - history.counts[0, series, since]
    error = np.divide(demand - expected, count, out=np.zeros(len(at)), where=count > 0)
    ratio = np.divide(demand, expected, out=np.ones(len(at)), where=expected > 0)
    return error.astype(np.float32), ratio.clip(1 / RATIO, RATIO).astype(np.float32)


def _spread(values: Floats32, base: Floats32) -> Floats32:
    """(R, 4) minimum, median and maximum of the last values (V, R) less the base, and their standard deviation."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    rows = np.arange(values.shape[1])
    last = np.maximum(count - 1, 0)
    middle = (ordered[last // 2, rows] + ordered[(last + 1) // 2, rows]) / 2
    known = np.nan_to_num(values - base)
    square = (known**2).sum(axis=0) / np.maximum(count, 1) - (known.sum(axis=0) / np.maximum(count, 1)) ** 2
    return np.stack(
        [ordered[0] - base, middle - base, ordered[last, rows] - base, np.sqrt(np.maximum(square, 0))], axis=1
    )


def _scaled(values: Floats32, noise: Floats32) -> Floats32:
    """Values in units of the noise, 0 where unknown."""
    scaled: Floats32 = np.nan_to_num(values / noise[:, None], nan=0.0).clip(-CLIP, CLIP).astype(np.float32)
    return scaled
