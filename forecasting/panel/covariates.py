"""Covariates that are known in advance and shared by all series of a stream."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.panel.calendar import MONDAY, Times, wall_times, weekend
from forecasting.panel.hours import OpeningGroup
from forecasting.streams import Stream
from forecasting.terms import DAY

Column = NDArray[np.floating]

_DAY = np.timedelta64(1, "D")
_YEAR = np.timedelta64(8766, "h")


def build_covariates(
    stream: Stream, groups: Sequence[OpeningGroup], *, ts: Times, days: Times
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(columns, C) float32 in [-1, 1] and the C names, by the local time at which each interval starts.

    Intervals shorter than a day have the time of day; up to a day, the place in the week, the weekend and the days
    beside a holiday; all have the time of year and the share of the series' days that are holidays.
    days: the local dates of the groups; they start before and end after those of the intervals.
    """
    wall = wall_times(ts, stream.zone)
    date = wall.astype("datetime64[D]")
    columns: dict[str, Column] = {}
    if stream.interval < DAY:
        columns |= _harmonics("day", (wall - date) / _DAY, count=2)
    holiday = _holiday_share(groups)
    day = (date - days[0]).astype(np.int64)
    if stream.interval <= DAY:
        week = (wall - np.datetime64(MONDAY, "us")) / _DAY % 7
        columns |= _harmonics("week", week / 7, count=1)
        columns["weekend"] = np.isin(week.astype(np.int64), weekend(stream)).astype(float)
        columns["holiday"] = holiday[day]
        columns["before_holiday"] = holiday[day + 1]
        columns["after_holiday"] = holiday[day - 1]
    else:
        length = stream.interval // DAY
        total = np.concatenate([[0.0], np.cumsum(holiday)])
        columns["holiday"] = (total[day + length] - total[day]) / length
    year = (wall - wall.astype("datetime64[Y]")) / _YEAR
    columns |= _harmonics("year", year, count=1)
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)


def _harmonics(name: str, phase: Column, *, count: int) -> dict[str, Column]:
    """Sine and cosine of a phase in turns, and of its multiples."""
    return {
        f"{name}_{function.__name__}{number}": function(2 * np.pi * number * phase)
        for number in range(1, count + 1)
        for function in (np.sin, np.cos)
    }


def _holiday_share(groups: Sequence[OpeningGroup]) -> Column:
    """(D,) share of the series for which each local date is a holiday."""
    sizes = np.array([len(group.series) for group in groups], float)
    share: Column = sizes @ np.array([group.holidays for group in groups]) / sizes.sum()
    return share
