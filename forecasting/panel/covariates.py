"""Covariates that are known in advance and shared by all series of a stream."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.numerics import Floats, Times
from forecasting.panel.calendar.calendar import MONDAY, wall_times
from forecasting.panel.calendar.holidays import holiday_phases, weekend
from forecasting.panel.calendar.hours import OpeningGroup
from forecasting.panel.days_off import find_days_off
from forecasting.panel.events import Event
from forecasting.terms import DAY

_MONTH_EDGE = 5
"""First and last days of a month that bills, wages and renewals affect."""
_DAY = np.timedelta64(1, "D")
_YEAR = np.timedelta64(8766, "h")


def build_covariates(
    stream: Stream, groups: Sequence[OpeningGroup], closures: Sequence[Event], *, ts: Times, days: Times
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(columns, C) float32 covariates in [-1, 1], and their C names, by the local start of each interval.

    Intervals shorter than a day have the time of day. Intervals up to a day have the place in the week, weekend,
    holiday and which one it is, the days beside a holiday, days off before and after, bridge days, the open share of
    the day and the edges of the month. All have the time of year and the share of days that are holidays. closures:
    they count for every series. days: the local dates of the groups, with DAYS_AROUND more on both sides. Covariates of
    a date depend only on the calendar, the closures and the set of series.
    """
    wall = wall_times(ts, stream.zone)
    date = wall.astype("datetime64[D]")
    columns: dict[str, Floats] = {}
    if stream.interval < DAY:
        columns |= _harmonics("day", (wall - date) / _DAY, count=2)
    off = find_days_off(stream, groups, closures, days)
    day = (date - days[0]).astype(np.int64)
    if stream.interval <= DAY:
        week = (wall - np.datetime64(MONDAY, "us")) / _DAY % 7
        columns |= _harmonics("week", week / 7, count=1)
        columns["weekend"] = np.isin(week.astype(np.int64), weekend(stream)).astype(float)
        columns["holiday"] = off.holiday[day]
        columns["before_holiday"] = off.holiday[day + 1]
        columns["after_holiday"] = off.holiday[day - 1]
        phase = holiday_phases(stream, days)[day]
        columns |= {name: np.nan_to_num(value) for name, value in _harmonics("holiday", phase, count=1).items()}
        columns["off_before"] = off.before[day]
        columns["off_after"] = off.after[day]
        columns["bridge"] = off.bridge[day]
        columns["open_share"] = off.open[day]
        columns |= month_edges(date)
    else:
        length = stream.interval // DAY
        total = np.concatenate([[0.0], np.cumsum(off.holiday)])
        columns["holiday"] = (total[day + length] - total[day]) / length
    year = (wall - wall.astype("datetime64[Y]")) / _YEAR
    columns |= _harmonics("year", year, count=1)
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)


def _harmonics(name: str, phase: Floats, *, count: int) -> dict[str, Floats]:
    """Sine and cosine of a phase (1 is a full turn), and of its multiples."""
    return {
        f"{name}_{function.__name__}{number}": function(2 * np.pi * number * phase)
        for number in range(1, count + 1)
        for function in (np.sin, np.cos)
    }


def month_edges(date: Times) -> dict[str, Floats]:
    """1 on the first and the last day of a month, falling to 0 over `_MONTH_EDGE` days."""
    month = date.astype("datetime64[M]")
    since = (date - month.astype("datetime64[D]")) / _DAY
    until = ((month + 1).astype("datetime64[D]") - date) / _DAY - 1
    return {
        "month_start": (1 - since / _MONTH_EDGE).clip(0),
        "month_end": (1 - until / _MONTH_EDGE).clip(0),
    }
