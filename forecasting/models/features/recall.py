"""What is remembered of a panel's series at any of its columns: slots, times of day, recent errors, level and noise.

Everything that `recall` returns depends on columns before `at` alone. It is worked out for rows, that is for triples of
a series, a column `at` to forecast from and a column to forecast, so that a training set of scattered rows and the
whole horizon of every series are the same question.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.models.features.slots import NAN, SlotGrid, slot_grid, to_cube, weighted_mean
from forecasting.numerics import Floats, Floats32, Floats64, Ints
from forecasting.panel.grid import Panel

SLOT_MEANS = (1, 2, 4, 8, 16)
"""Newest values of a slot of the week that are averaged."""
CLOCK_MEANS = (1, 2, 3, 10)
"""Newest days of which the same time of day is averaged."""
BASE = 4
"""The slot mean that forecasts start from: four weeks, which contact centres and networks alike find hard to beat."""
RECENT_COLUMNS = (1, 3, 8)
RECENT_DAYS = (1, 3, 7, 28)
LEVEL_DAYS = 28
LAST_VALUES = 6
LEVEL_SHARE = 0.2
"""How much of its level adds to a slot's base in what its noise is proportional to: an empty slot is not certain."""
COUNT_POWER, AMOUNT_POWER = 0.5, 0.75
"""How noise grows with the base: as that of counts does or, of measured amounts, between that and in proportion."""
GUESS = 0.25
"""Noise over level that is assumed, for as many intervals as GUESS_ROWS, before errors were seen; never below
Poisson's."""
GUESS_ROWS = 5
CLIP = 10.0
"""Multiples of the noise beyond which a deviation says nothing more."""
RATIO = 5.0
"""A level is taken to have changed by this factor at most."""


@dataclass(frozen=True)
class Days:
    """Where the columns of a panel lie in local days and times of day."""

    day: Ints
    """(T+H,) from 0, counting only days that have columns."""
    clock: Ints
    """(T+H,) which of the times of day that occur."""
    first: Ints
    """(D+1,) first column of each day."""
    column: Ints
    """(D, U) column of a day's time, -1 where there is none."""


def index_days(panel: Panel) -> Days:
    """Days and times of day of a panel's columns, by the local clock."""
    date = panel.wall.astype("datetime64[D]")
    _, day = np.unique(date, return_inverse=True)
    times, clock = np.unique(panel.wall - date, return_inverse=True)
    column = np.full((int(day[-1]) + 1, len(times)), -1, dtype=np.int64)
    column[day, clock] = np.arange(len(day))
    return Days(day, clock, np.searchsorted(day, np.arange(day[-1] + 2)), column)


@dataclass(frozen=True)
class Means:
    """Recent means (n, cycles, places) from a cycle on."""

    values: Floats32
    since: int

    def at(self, series: Ints, cycle: Ints, place: Ints) -> Floats32:
        """(R,) NaN before the first cycle."""
        return np.where(cycle >= 0, self.values[series, np.maximum(cycle - self.since, 0), place], NAN)


@dataclass(frozen=True)
class Memory:
    """Series of a panel prepared for `recall`: n series, T columns of history."""

    panel: Panel
    grid: SlotGrid
    days: Days
    first: int
    """The panel's series that is series 0 here."""
    power: float
    """Of the base, with which noise grows."""
    slots: dict[int, Means]
    """(n, K, S) means of the newest values of a slot up to and with a cycle."""
    clocks: dict[int, Means]
    """(n, D, U) means of the newest values of a time of day up to and with a day."""
    cube: Floats32
    """(n, K, S) demand by cycle and slot."""
    sums: Floats64
    """(4, n, T+1) running sums of what was expected, of demand where something was expected, of all demand and of
    errors in units of their expected size."""
    counts: NDArray[np.int32] | Floats64
    """(2, n, T+1) running counts of the intervals with an expectation and of the observed ones; of their weights, by
    which sums are weighted too, where values have any."""


@dataclass(frozen=True)
class Recall:
    """What is known of R rows."""

    base: Floats32
    """(R,) mean of the last four values of the slot, else the level; NaN where nothing was observed."""
    noise: Floats32
    """(R,) typical error of the base, above 0."""
    level: Floats32
    """(R,) mean demand of the last four weeks."""
    deviations: Floats32
    """(R, DEVIATIONS) other expectations less the base, in units of the noise."""
    ratios: Floats32
    """(R, len(RECENT_DAYS)) demand over what was expected of it, over the last days; 1 where nothing is known."""
    spread: Floats32
    """(R, 4) least, median, greatest and standard deviation of the slot's last values, in units of the noise."""
    weeks: Floats32
    """(R,) cycles since the slot was passed last."""


DEVIATIONS = len(SLOT_MEANS) + len(CLOCK_MEANS) + 2 * (len(RECENT_COLUMNS) + len(RECENT_DAYS)) + 1


def choose_power(panel: Panel, *, until: int) -> float:
    """Power of the base with which noise grows: that of counts where all demand before `until` is in whole numbers."""
    seen = panel.y[:, :until][panel.observed[:, :until]]
    return COUNT_POWER if (seen == np.round(seen)).all() else AMOUNT_POWER


def remember(panel: Panel, rows: slice, *, power: float, since: int = 0) -> Memory:
    """Prepare the series in `rows`, whose noise grows with a power of the base.

    since: the first column that will be forecast from; what is remembered does not depend on it.
    """
    grid, days, history = slot_grid(panel), index_days(panel), panel.n_history
    known = np.where(panel.observed[rows], panel.y[rows], NAN)
    weight = None if panel.weight is None else np.where(panel.observed[rows], panel.weight[rows], NAN)
    cycles = int(grid.cycle[-1]) + 1
    cube = to_cube(known, grid, cycles=cycles)
    weights = None if weight is None else to_cube(weight, grid, cycles=cycles)
    base = weighted_mean(cube, weights, last=BASE)
    cycle, day = max(int(grid.cycle[since]) - 1, 0), max(int(days.day[since]) - 1, 0)
    slots = {
        last: Means(weighted_mean(cube, weights, last=last, since=cycle), cycle) for last in SLOT_MEANS if last != BASE
    }
    by_day = _by_day(known, days)
    weights_by_day = None if weight is None else _by_day(weight, days)
    before = grid.cycle[:history] - 1
    expected = np.where(before >= 0, base[:, before, grid.slot[:history]], NAN)
    seen, both = np.isfinite(known), np.isfinite(known) & np.isfinite(expected)
    mean = np.cumsum(np.where(seen, known, 0), axis=1) / np.maximum(np.cumsum(seen, axis=1), 1)
    size = (np.maximum(expected, 0) + LEVEL_SHARE * mean) ** power
    error = np.divide(np.abs(known - expected), size, out=np.zeros_like(size), where=both & (size > 0))
    kinds = [np.where(both, expected, 0), np.where(both, known, 0), np.where(seen, known, 0), error]
    counted: NDArray[np.generic] = np.stack([both, seen])
    if weight is not None:
        share = np.where(seen, weight, 0)
        kinds, counted = [kind * share for kind in kinds], counted * share
    return Memory(
        panel=panel,
        grid=grid,
        days=days,
        first=rows.indices(panel.n_series)[0],
        power=power,
        slots=slots | {BASE: Means(base, 0)},
        clocks={last: Means(weighted_mean(by_day, weights_by_day, last=last, since=day), day) for last in CLOCK_MEANS},
        cube=cube,
        sums=np.stack([_running(kind, np.float64) for kind in kinds]),
        counts=np.stack([_running(count, np.int32 if weight is None else np.float64) for count in counted]),
    )


def _by_day(values: Floats32, days: Days) -> Floats32:
    """(n, T) values of the history as (n, D, U) by day and time of day, NaN where there is none."""
    history = values.shape[1]
    table = np.full((len(values), *days.column.shape), NAN, dtype=np.float32)
    table[:, days.day[:history], days.clock[:history]] = values
    return table


def _running(values: NDArray[np.generic], kind: type) -> NDArray[np.generic]:
    total = np.zeros((values.shape[0], values.shape[1] + 1), dtype=kind)
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def recall(memory: Memory, *, series: Ints, at: Ints, column: Ints, noise_until: int = 0) -> Recall:
    """What was known at `at` of the columns to forecast; all (R,), series counted from the memory's first.

    noise_until: the noise, a constant of a series, is taken from all columns before this one where `at` lies earlier:
    for training, whose first rows would else be measured by noise that is hardly known.
    """
    grid, days = memory.grid, memory.days
    slot, cycle = grid.slot[column], grid.cycle[at]
    # the cycle of `at` has answered for the slots that lie before `at`, the cycle before it for the others
    newest = cycle - (grid.column[cycle, slot] >= at)
    clock, day = days.clock[column], days.day[at]
    yesterday = day - (days.column[day, clock] >= at)

    def slot_mean(last: int, beside: int = 0) -> Floats32:
        place = np.clip(slot + beside, 0, grid.season - 1)
        return memory.slots[last].at(series, cycle - (grid.column[cycle, place] >= at), place)

    def clock_mean(last: int) -> Floats32:
        return memory.clocks[last].at(series, yesterday, clock)

    since_days = [days.first[np.maximum(day - back, 0)] for back in RECENT_DAYS]
    since = [np.maximum(at - back, 0) for back in RECENT_COLUMNS] + since_days
    level = _level(memory, series, at, days.first[np.maximum(day - LEVEL_DAYS, 0)])
    base = slot_mean(BASE)
    base = np.where(np.isfinite(base), base, level)
    # a series that was silent for four weeks has a base of older ones, and no level
    usual = np.where(np.isfinite(level), level, base)
    noise = _noise(memory, series, np.maximum(at, noise_until), base=base, level=usual)
    changes = [_change(memory, series, at, start) for start in since]
    others: list[Floats] = [slot_mean(last) for last in SLOT_MEANS if last != BASE]
    others += [(slot_mean(8, -1) + slot_mean(8) + slot_mean(8, 1)) / 3]
    others += [clock_mean(last) for last in CLOCK_MEANS]
    apart = [other - base for other in others] + [level - base]
    for error, ratio in changes:
        apart += [error, base * (ratio - 1)]
    values = np.stack(
        [
            np.where(newest >= back, memory.cube[series, np.maximum(newest - back, 0), slot], NAN)
            for back in range(LAST_VALUES)
        ]
    )
    return Recall(
        base=base,
        noise=noise,
        level=level,
        deviations=_scaled(np.stack(apart, axis=1), noise),
        ratios=np.stack([ratio for _, ratio in changes[-len(RECENT_DAYS) :]], axis=1).astype(np.float32),
        spread=_scaled(_spread(values, base), noise),
        weeks=(grid.cycle[column] - newest).astype(np.float32),
    )


def _level(memory: Memory, series: Ints, at: Ints, since: Ints) -> Floats32:
    total = memory.sums[2, series, at] - memory.sums[2, series, since]
    count = memory.counts[1, series, at] - memory.counts[1, series, since]
    level: Floats32 = np.divide(total, count, out=np.full(len(at), np.nan), where=count > 0).astype(np.float32)
    return level


def _noise(memory: Memory, series: Ints, at: Ints, *, base: Floats32, level: Floats32) -> Floats32:
    """Mean error of the base so far, taken to grow with a power of the base."""
    power, known = memory.power, np.maximum(level, 0)
    known = np.where(known > 0, known, 1.0)
    guess = np.maximum(known ** (COUNT_POWER - power), GUESS * known ** (1 - power))
    mean = (memory.sums[3, series, at] + GUESS_ROWS * guess) / (memory.counts[0, series, at] + GUESS_ROWS)
    noise: Floats32 = (mean * (np.maximum(base, 0) + LEVEL_SHARE * level) ** power).astype(np.float32)
    return np.where(noise > 0, noise, np.float32(1.0))


def _change(memory: Memory, series: Ints, at: Ints, since: Ints) -> tuple[Floats32, Floats32]:
    """Mean error of what was expected over [since, at), and demand over expectation; 0 and 1 where nothing is known."""
    expected = memory.sums[0, series, at] - memory.sums[0, series, since]
    demand = memory.sums[1, series, at] - memory.sums[1, series, since]
    count = memory.counts[0, series, at] - memory.counts[0, series, since]
    error = np.divide(demand - expected, count, out=np.zeros(len(at)), where=count > 0)
    ratio = np.divide(demand, expected, out=np.ones(len(at)), where=expected > 0)
    return error.astype(np.float32), ratio.clip(1 / RATIO, RATIO).astype(np.float32)


def _spread(values: Floats32, base: Floats32) -> Floats32:
    """Least, median and greatest of the last values (V, R) less the base, and their standard deviation."""
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
