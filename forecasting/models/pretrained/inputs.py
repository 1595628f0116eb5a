"""What the pretrained network reads of a row: a series, the origin, a column to forecast.

All of it is relative: expectations and errors in units of the series' own noise, time of day and week, steps ahead. No
level, no age, no name, so that what was learned on one series holds for any other, whatever the unit or the interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.models.features.history import BASE, COUNT_POWER, LEVEL_SHARE, PreparedHistory, expect
from forecasting.models.features.lagged import CLIP, DEVIATIONS, RECENT_DAYS, LaggedFeatures
from forecasting.models.features.rows import Rows, by_chunk, row_features
from forecasting.models.features.slots import NAN
from forecasting.numerics import Floats, Floats32, Floats64, Ints
from forecasting.panel.calendar.calendar import MONDAY
from forecasting.panel.grid import Panel

SAME_SLOT, BESIDE = 8, 3
"""Newest values of the slot, and of each slot beside it."""
SAME_CLOCK, DAY_MEANS, LAST_COLUMNS = 8, 14, 8
"""Newest days whose errors at the same time of day, newest days whose mean errors, and newest columns whose errors are
read."""
CALENDAR = ("holiday", "before_holiday", "after_holiday", "month_start", "month_end")
"""Covariates that are read where the panel has them; 0 where not."""
TIMES = 14
WIDTH = sum(
    (
        *(DEVIATIONS, len(RECENT_DAYS), 4, 2, TIMES, len(CALENDAR)),
        *(SAME_SLOT, 2 * BESIDE, SAME_CLOCK, DAY_MEANS, LAST_COLUMNS, 3),
    )
)
"""Number of inputs."""


@dataclass(frozen=True)
class Errors:
    """Errors of the expectation (the base of a cycle before) of n series, over their expected size."""

    by_column: Floats32
    """(n, T) 0 where unknown."""
    by_day: Floats32
    """(n, D) means."""
    special: Floats32
    """(n, D + 1) mean of the daily means of all holidays before a day."""


def measure_errors(history: PreparedHistory) -> Errors:
    """Errors of all columns of a prepared history; each depends on columns up to it only."""
    panel, grid, days = history.panel, history.grid, history.days
    columns, rows = panel.n_history, slice(history.first, history.first + len(history.cube))
    y = np.where(panel.observed[rows], panel.y[rows], NAN)
    expected, size = expect(y, history.slots[BASE].values, grid, power=history.power)
    known = np.isfinite(y) & np.isfinite(expected) & (size > 0)
    error = np.divide(y - expected, size, out=np.zeros(y.shape), where=known).astype(np.float32)
    day, count = days.day[:columns], len(days.first) - 1
    by_day = _sums(error, day, count) / np.maximum(_sums(known.astype(float), day, count), 1)
    special = _holiday_means(history, by_day)
    return Errors(error, by_day.astype(np.float32), special)


def _sums(values: Floats, day: Ints, count: int) -> Floats64:
    """(n, D) sums of (n, T) values by day, ascending."""
    total = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    edge = np.searchsorted(day, np.arange(count + 1))
    sums: Floats64 = total[:, edge[1:]] - total[:, edge[:-1]]
    return sums


def _holiday_means(history: PreparedHistory, by_day: Floats64) -> Floats32:
    panel, days = history.panel, history.days
    means = np.zeros((len(by_day), by_day.shape[1] + 1), dtype=np.float32)
    if "holiday" not in panel.covariate_names:
        return means
    first = days.first[:-1]
    holiday = panel.covariates[first, panel.covariate_names.index("holiday")] >= 1
    total, count = np.cumsum(np.where(holiday, by_day, 0.0), axis=1), np.cumsum(holiday)
    means[:, 1:] = total / np.maximum(count, 1)
    return means


@dataclass(frozen=True)
class Chunk:
    """Some of the rows that were asked for."""

    inputs: Floats32
    """(R, WIDTH)"""
    lagged: LaggedFeatures
    rows: Rows
    part: slice
    """Their places among all rows."""


def read_rows(panel: Panel, rows: Rows, *, power: float) -> Iterator[Chunk]:
    """Inputs of rows, given in the order of their series, in chunks of whole series; see `by_chunk`."""
    measured: tuple[PreparedHistory, Errors] | None = None
    for history, some, part in by_chunk(panel, rows, power=power):
        # several chunks may be of one prepared history
        if measured is None or measured[0] is not history:
            measured = history, measure_errors(history)
        lagged = row_features(history, some)
        yield Chunk(build_inputs(history, measured[1], some, lagged), lagged, some, part)


def build_inputs(history: PreparedHistory, errors: Errors, rows: Rows, lagged: LaggedFeatures) -> Floats32:
    """(R, WIDTH) inputs, from columns before the origin and from the calendar only."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(lagged.base / lagged.level), np.log(lagged.noise / lagged.base)]
    logs = [np.nan_to_num(value, nan=0.0, posinf=CLIP, neginf=-CLIP) for value in logs]
    single = [*logs, *_times(history, rows, lagged), *_calendar(history, rows)]
    sequences = np.nan_to_num(np.stack(_sequences(history, errors, rows, lagged), axis=1), nan=0.0).clip(-CLIP, CLIP)
    parts = [lagged.deviations, np.log(lagged.ratios), lagged.spread, np.stack(single, axis=1), sequences]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _times(history: PreparedHistory, rows: Rows, lagged: LaggedFeatures) -> list[Floats]:
    panel, days, column = history.panel, history.days, rows.column
    ahead = (days.day[column] - days.day[rows.origin]).astype(float)
    step = (column - rows.origin).astype(float)
    date = panel.wall[column].astype("datetime64[D]")
    angle = 2 * np.pi * ((panel.wall[column] - date) / np.timedelta64(1, "D"))
    weekday = (date - np.datetime64(MONDAY)).astype(np.int64) % 7
    return [
        *(ahead / 7, np.exp(-ahead), np.exp(-step / 6), np.exp(-step / 30)),
        *(np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)),
        *((weekday == day).astype(float) for day in (0, 4, 5, 6)),
        *(lagged.weeks - 1.0, np.full(len(column), float(history.power == COUNT_POWER))),
    ]


def _calendar(history: PreparedHistory, rows: Rows) -> list[Floats]:
    panel = history.panel
    known = panel.covariates_of(rows.series, rows.column)
    nothing = np.zeros(len(rows), dtype=np.float32)
    place = {name: number for number, name in enumerate(panel.covariate_names)}
    return [known[:, place[name]] if name in place else nothing for name in CALENDAR]


def _sequences(history: PreparedHistory, errors: Errors, rows: Rows, lagged: LaggedFeatures) -> list[Floats]:
    """What came of the expectation lately, in units of the noise of the row."""
    grid, days, series = history.grid, history.days, rows.series - history.first
    at, column, noise = rows.origin, rows.column, lagged.noise
    level = np.where(np.isfinite(lagged.level), lagged.level, np.maximum(lagged.base, 0))
    size = (np.maximum(lagged.base, 0) + LEVEL_SHARE * np.maximum(level, 0)) ** history.power
    typical = noise / np.maximum(size, 1e-6)
    slot, cycle = grid.slot[column], grid.cycle[at]
    sequence: list[Floats] = []
    for beside, count in ((0, SAME_SLOT), (-1, BESIDE), (1, BESIDE)):
        place = np.clip(slot + beside, 0, grid.season - 1)
        newest = cycle - (grid.column[cycle, place] >= at)
        base = history.slots[BASE].at(series, newest, place)
        for back in range(count):
            value = history.cube[series, np.maximum(newest - back, 0), place]
            sequence.append(np.where(newest >= back, value - base, NAN) / noise)
    clock, day = days.clock[column], days.day[at]
    yesterday = day - (days.column[day, clock] >= at)
    for back in range(SAME_CLOCK):
        there = np.where(yesterday >= back, days.column[np.maximum(yesterday - back, 0), clock], -1)
        known = (there >= 0) & (there < at)
        sequence.append(np.where(known, errors.by_column[series, np.where(known, there, 0)], NAN) / typical)
    # a mean of a day varies less than a value does
    for back in range(1, DAY_MEANS + 1):
        sequence.append(np.where(day >= back, errors.by_day[series, np.maximum(day - back, 0)], NAN) / typical * 2)
    for back in range(1, LAST_COLUMNS + 1):
        sequence.append(np.where(at >= back, errors.by_column[series, np.maximum(at - back, 0)], NAN) / typical)
    return [*sequence, *(value / typical * 2 for value in _special(history, errors, rows, series))]


def _special(history: PreparedHistory, errors: Errors, rows: Rows, series: Ints) -> list[Floats]:
    """Mean errors of the same day of the month, one and two months ago, and of earlier holidays."""
    panel, days = history.panel, history.days
    dates = panel.wall[days.first[:-1]].astype("datetime64[D]")
    date = panel.wall[rows.column].astype("datetime64[D]")
    month, since = date.astype("datetime64[M]"), date - date.astype("datetime64[M]").astype("datetime64[D]")
    today, found = days.day[rows.origin], []
    for back in (1, 2):
        last = (month - back + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
        wanted = np.minimum((month - back).astype("datetime64[D]") + since, last)
        place = np.minimum(np.searchsorted(dates, wanted), len(dates) - 1)
        known = (dates[place] == wanted) & (place < today)
        found.append(np.where(known, errors.by_day[series, np.where(known, place, 0)], 0.0))
    return [*found, errors.special[series, today]]
