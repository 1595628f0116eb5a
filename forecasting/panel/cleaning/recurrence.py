"""Which runs of days are seasons: they come in other months, quarters or years too, or lie beside public holidays."""

import numpy as np

from forecasting.numerics import Floats64, Mask
from forecasting.panel.cleaning.day_levels import DayLevels

_PERIODS = (1, 3, 12)
"""Months after which a season returns: month ends and bills, quarters, years."""
_TIMES = 6
"""Occurrences before and after that are looked at."""
_SHIFT = 4
"""Days by which a season can move: weekends move month ends, and Easter more than that is a holiday."""
_LIKE = 0.5
"""Share of a run's deviation that an earlier or later occurrence must have."""
_FEWEST = 3
"""Days of an occurrence that must be known."""
_MOSTLY = 0.5
"""Share of the known occurrences that must have it."""
_NEAR = 3
"""Days beside a public holiday that belong to it."""
_HOLIDAYS = 1 / 3
"""Share of a run's days that make it a holiday's, while no year before it is known."""
_YEAR = 365
_EDGE = 5
"""First and last days of a month, on which bills and wages are due, and the longest run that is taken for these."""


def recurs(days: DayLevels, excess: Floats64, low: int, high: int, *, height: float, off: Mask) -> bool:
    """Whether a run (days low to high) is a season of its series.

    excess: (D,) in the direction of the run; height: its mean over the run; off: (D,) public holidays.
    """
    known = False
    for months in _PERIODS:
        seen = [
            found
            for number in (*range(-_TIMES, 0), *range(1, _TIMES + 1))
            if (found := _at(days, excess, low, high, months=number * months)) is not None
        ]
        known = known or bool(seen)
        if seen and np.mean([found >= _LIKE * height for found in seen]) >= _MOSTLY:
            return True
    if not known and _at_month_edge(days, low, high):
        return True
    if (days.date[low] - days.date[0]).astype(int) >= _YEAR:
        return False
    date = days.date[low : high + 1].astype(np.int64)
    near = np.abs(date[:, None] - days.date[off].astype(np.int64)).min(axis=1, initial=_YEAR) <= _NEAR
    return bool(near.mean() >= _HOLIDAYS)


def _at_month_edge(days: DayLevels, low: int, high: int) -> bool:
    """Whether a run lies on the first or last days of a month, while no other month is known."""
    date = days.date[low : high + 1]
    month = date.astype("datetime64[M]")
    start, end = month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]")
    edge = ((date - start).astype(int) < _EDGE) | ((end - date).astype(int) <= _EDGE)
    return bool(edge.all()) and high - low < _EDGE


def _at(days: DayLevels, excess: Floats64, low: int, high: int, *, months: int) -> float | None:
    """The greatest mean deviation of as many days near the same day some months away; None where that is unknown."""
    month = days.date[low].astype("datetime64[M]")
    target = (month + months).astype("datetime64[D]") + (days.date[low] - month.astype("datetime64[D]"))
    means = []
    for shift in range(-max(_SHIFT, days.length), max(_SHIFT, days.length) + 1):
        first = int(np.searchsorted(days.date, target + shift))
        last = first + high - low
        if target + shift < days.date[0] or first >= len(excess):
            continue
        if first <= high and last >= low:
            return None
        own = excess[first : last + 1]
        # one that goes on is known by its first days
        if np.isfinite(own).sum() >= min(high - low + 1, _FEWEST):
            means.append(float(np.nanmean(own)))
    return max(means) if means else None
