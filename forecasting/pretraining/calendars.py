"""Generated calendars: regular intervals with opening hours, holidays and months."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.panel.covariates import month_edges

MONDAYS = np.datetime64("2019-01-07")
"""The first Monday on which a generated history may begin."""
DAY_MINUTES = 1440
ROUND = dict.fromkeys(range(7), (0, DAY_MINUTES))
FORMS: dict[str, tuple[int, dict[int, tuple[int, int]]]] = {
    "hours": (60, ROUND),
    "half_hours": (30, ROUND),
    "quarters": (15, ROUND),
    "ten_minutes": (10, ROUND),
    "six_hours": (360, ROUND),
    "days": (DAY_MINUTES, ROUND),
    "bank": (30, dict.fromkeys(range(5), (420, 1260))),
    "short_friday": (30, {**dict.fromkeys((6, 0, 1, 2, 3), (420, 1440)), 4: (420, 840), 5: (1200, 1440)}),
    "office": (30, {**dict.fromkeys(range(5), (480, 1200)), 5: (540, 840)}),
    "retail": (30, dict.fromkeys(range(7), (480, 1320))),
    "hours_of_day": (60, dict.fromkeys(range(6), (480, 1260))),
    "weekdays": (DAY_MINUTES, dict.fromkeys(range(5), (0, DAY_MINUTES))),
}
"""By name: minutes of an interval, and by weekday the first minute and the one behind the last."""


@dataclass(frozen=True)
class WorldCalendar:
    """T intervals of D days."""

    ts: NDArray[np.datetime64]
    minute: Ints
    """(T,) of the day at which an interval starts."""
    day: Ints
    """(T,) number of the day."""
    weekday: Ints
    """(T,) Monday is 0."""
    slot: NDArray[np.int32]
    cycle: NDArray[np.int32]
    season: int
    interval: int
    """Minutes."""
    holiday: Floats
    """(D + 2,) 1 on holidays."""
    month_day: Ints
    """(D + 2,) day of the month, from 0."""
    month_left: Ints
    """(D + 2,) days of the month behind a day."""
    month: Ints
    """(D + 2,) number of the month."""

    @property
    def days(self) -> int:
        return len(self.holiday) - 2


def draw_calendar(rng: np.random.Generator, *, form: str, weeks: int) -> WorldCalendar:
    """A calendar of so many weeks that begins on a Monday of some year."""
    interval, hours = FORMS[form]
    start = MONDAYS + 7 * int(rng.integers(0, 250))
    count = weeks * 7 * DAY_MINUTES // interval
    every = start.astype("datetime64[us]") + np.arange(count) * np.timedelta64(interval, "m")
    date = every.astype("datetime64[D]")
    minute = ((every - date) // np.timedelta64(1, "m")).astype(int)
    day = (date - start).astype(int)
    weekday = day % 7
    is_open = np.zeros(len(every), dtype=bool)
    for one, (first, last) in hours.items():
        is_open |= (weekday == one) & (minute >= first) & (minute < last)
    season = int(is_open[: 7 * DAY_MINUTES // interval].sum())
    column = np.arange(int(is_open.sum()))
    dates = start + np.arange(weeks * 7 + 2)
    months = dates.astype("datetime64[M]")
    return WorldCalendar(
        ts=every[is_open],
        minute=minute[is_open],
        day=day[is_open],
        weekday=weekday[is_open],
        slot=(column % season).astype(np.int32),
        cycle=(column // season).astype(np.int32),
        season=season,
        interval=interval,
        holiday=(rng.random(len(dates)) < rng.choice([0.0, 0.02, 0.04])).astype(float),
        month_day=(dates - months.astype("datetime64[D]")).astype(int),
        month_left=((months + 1).astype("datetime64[D]") - dates).astype(int) - 1,
        month=months.astype(int),
    )


def covariates(calendar: WorldCalendar) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(T, 5) covariates that a panel of such a calendar has, and their names."""
    day = calendar.day
    columns = {
        "holiday": calendar.holiday[day],
        "before_holiday": calendar.holiday[day + 1],
        "after_holiday": np.where(day > 0, calendar.holiday[np.maximum(day - 1, 0)], 0.0),
        **month_edges(calendar.ts.astype("datetime64[D]")),
    }
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)
