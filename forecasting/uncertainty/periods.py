"""The local days and weeks that lie whole in a horizon, and their columns."""

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


def find_periods(columns: Columns) -> list[tuple[Period, Ints, int]]:
    """Kinds of period, the first days of those that have columns, and their length in days; none without columns."""
    whole = columns.first_day + np.arange(len(columns.midnights))
    mondays = whole[: max(len(whole) - WEEK + 1, 0)]
    on_monday = (mondays - A_MONDAY) % WEEK == 0
    # a horizon of seven days holds a week from Monday at one origin of seven; else the seven days are its week
    mondays = whole[:1] if len(mondays) and not on_monday.any() else mondays[on_monday]
    kinds = [] if columns.is_daily else [(Period.DAY, whole, 1)]
    found = []
    for period, first, length in [*kinds, (Period.WEEK, mondays, WEEK)]:
        filled = first[[part.start < part.stop for part in period_columns(columns.day, first, length)]]
        found += [(period, filled, length)] * (len(filled) > 0)
    return found


def period_columns(day: Ints, first: Ints, length: int = 1) -> list[slice]:
    """Columns of the periods of `length` days that begin on each of `first`."""
    bounds = np.searchsorted(day, [first, first + length]).T
    return [slice(int(low), int(high)) for low, high in bounds]
