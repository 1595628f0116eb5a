"""The local days, weeks and months that lie whole in a horizon, and their columns."""

from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Ints, Times
from forecasting.terms import Period

HOUR, DAY = 60, 1440
"""Minutes."""
WEEK = 7
"""Days."""
A_MONDAY = 4
"""1970-01-05, in days since 1970."""


@dataclass(frozen=True)
class Columns:
    """The H columns of a horizon, and which local days lie in it whole."""

    ts: Times
    """(H,) UTC starts, ascending."""
    day: Ints
    """(H,) local day of each, in days since 1970."""
    midnights: Times
    """(D,) UTC starts of the local days that lie in the horizon whole, each a day after the one before."""
    first_day: int
    """The first of them, in days since 1970."""
    interval_minutes: int

    @property
    def is_daily(self) -> bool:
        """Whether an interval is a day or more."""
        return self.interval_minutes >= DAY


def find_periods(columns: Columns) -> list[tuple[Period, Ints, Ints]]:
    """Kinds of period, the first days of those that have columns, and their lengths in days; none without columns."""
    whole = columns.first_day + np.arange(len(columns.midnights))
    mondays = whole[: max(len(whole) - WEEK + 1, 0)]
    on_monday = (mondays - A_MONDAY) % WEEK == 0
    # a horizon of seven days holds a week from Monday at one origin of seven; else the seven days are its week
    mondays = whole[:1] if len(mondays) and not on_monday.any() else mondays[on_monday]
    kinds: list[tuple[Period, Ints, Ints]] = []
    if not columns.is_daily:
        kinds.append((Period.DAY, whole, np.ones_like(whole)))
    kinds += [(Period.WEEK, mondays, np.full_like(mondays, WEEK)), (Period.MONTH, *_whole_months(whole))]
    found: list[tuple[Period, Ints, Ints]] = []
    for period, first, lengths in kinds:
        filled = [part.start < part.stop for part in period_columns(columns.day, first, lengths)]
        if any(filled):
            found.append((period, first[filled], lengths[filled]))
    return found


def _whole_months(days: Ints) -> tuple[Ints, Ints]:
    """First days and lengths of the calendar months whose days are all in `days`, which follow each other."""
    if not len(days):
        return days, days
    dates = days[[0, -1]].astype("datetime64[D]")
    first = np.arange(dates[0].astype("datetime64[M]"), dates[1].astype("datetime64[M]") + 2)
    starts = first.astype("datetime64[D]").astype(np.int64)
    whole = (starts[:-1] >= days[0]) & (starts[1:] - 1 <= days[-1])
    return starts[:-1][whole], np.diff(starts)[whole]


def period_columns(day: Ints, first: Ints, lengths: Ints | int = 1) -> list[slice]:
    """Columns of the periods of so many days that begin on each of `first`."""
    bounds = np.searchsorted(day, [first, first + lengths]).T
    return [slice(int(low), int(high)) for low, high in bounds]
