"""Days off by local date: weekends, holidays, closures and the bridge days between them, averaged over the series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.config.hours import MINUTES_A_DAY
from forecasting.config.stream import Stream
from forecasting.numerics import Floats, Times
from forecasting.panel.calendar.calendar import MONDAY
from forecasting.panel.calendar.holidays import partial_holidays, weekend
from forecasting.panel.calendar.hours import OpeningGroup, open_minutes_a_day
from forecasting.panel.events import Event

DAYS_AROUND = 6
"""Dates needed on either side of the intervals: the longest row of days off that counts, and some more."""
_LONGEST_BREAK = 4
"""Days off in a row that count at most: a long weekend; more of them make the first day back no busier."""
_PARTIAL = 0.5
"""Value of a holiday for half the people or half the day; a public holiday is 1."""


@dataclass(frozen=True)
class DaysOff:
    """Days off by local date, averaged over the series; (D,) shares each."""

    holiday: Floats
    open: Floats
    """Open time over that of the longest day of the week."""
    before: Floats
    """Days off in a row that end the day before, over the longest that counts."""
    after: Floats
    """Days off in a row that begin the day after, over the longest that counts."""
    bridge: Floats
    """Working days between two days off of which at least one is not a usual one."""


def find_days_off(stream: Stream, groups: Sequence[OpeningGroup], closures: Sequence[Event], days: Times) -> DaysOff:
    """Each date averaged over the series, which may differ in their hours; the closures count for all of them."""
    partial = np.where(partial_holidays(stream, days), _PARTIAL, 0.0)
    weekday = (days - np.datetime64(MONDAY)).astype(np.int64) % 7
    sums, total = np.zeros((5, len(days))), 0
    for group in groups:
        minutes, size = open_minutes_a_day(group, closures, days=days, zone=stream.zone), len(group.series)
        usual = _usual_days_off(stream, group)[weekday]
        off = usual | group.holidays | (minutes == 0)
        before, after = _days_in_a_row(off), _days_in_a_row(off[::-1])[::-1]
        extra = off & ~usual
        bridge = ~off & np.roll(off, 1) & np.roll(off, -1) & (np.roll(extra, 1) | np.roll(extra, -1))
        share = minutes / _longest_day(group)
        sums += size * np.array([np.maximum(group.holidays, partial), share.clip(0, 1), before, after, bridge])
        total += size
    return DaysOff(*(sums / total))


def _usual_days_off(stream: Stream, group: OpeningGroup) -> NDArray[np.bool_]:
    """(7,) weekdays without opening hours or, where every day has some, the weekend."""
    if group.rule is None or all(group.rule.weekdays):
        return np.isin(np.arange(7), weekend(stream))
    return np.array([not spans for spans in group.rule.weekdays])


def _longest_day(group: OpeningGroup) -> int:
    """Open minutes of the longest day of a week."""
    if group.rule is None:
        return MINUTES_A_DAY
    return max(1, *(sum(end - start for start, end in spans) for spans in group.rule.weekdays))


def _days_in_a_row(off: NDArray[np.bool_]) -> Floats:
    """(D,) days off in a row that end the day before each, over the longest that counts.

    The first dates wrap around to the last ones; no interval lies on them.
    """
    row = np.zeros(len(off))
    unbroken = np.ones(len(off), bool)
    for back in range(1, _LONGEST_BREAK + 1):
        unbroken &= np.roll(off, back)
        row += unbroken
    return row / _LONGEST_BREAK
