"""Covariates that are known in advance and shared by all series of a stream."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.config.hours import MINUTES_A_DAY
from forecasting.config.stream import Stream
from forecasting.numerics import Times
from forecasting.panel.calendar.calendar import MONDAY, wall_times
from forecasting.panel.calendar.holidays import holiday_phases, partial_holidays, weekend
from forecasting.panel.calendar.hours import OpeningGroup, open_minutes_a_day
from forecasting.panel.events import Event
from forecasting.terms import DAY, EventKind

Column = NDArray[np.floating]

DAYS_AROUND = 6
"""Dates needed on either side of the intervals: the longest row of days off that counts, and some more."""

_LONGEST_BREAK = 4
"""Days off in a row that count at most: a long weekend; more of them make the first day back no busier."""
_MONTH_EDGE = 5
"""First and last days of a month that bills, wages and renewals affect."""
_PARTIAL = 0.5
"""Value of a holiday for half the people or half the day; a public holiday is 1."""
_DAY = np.timedelta64(1, "D")
_YEAR = np.timedelta64(8766, "h")


@dataclass(frozen=True)
class _DayOff:
    """Days off by local date, averaged over the series; (D,) shares each."""

    holiday: Column
    open: Column
    """Open time over that of the longest day of the week."""
    before: Column
    """Days off in a row that end the day before, over the longest that counts."""
    after: Column
    """Days off in a row that begin the day after, over the longest that counts."""
    bridge: Column
    """Working days between two days off of which at least one is not a usual one."""


def build_covariates(
    stream: Stream, groups: Sequence[OpeningGroup], events: Sequence[Event], *, ts: Times, days: Times
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """(columns, C) float32 covariates in [-1, 1], and their C names, by the local start of each interval.

    Intervals shorter than a day have the time of day. Intervals up to a day have the place in the week, weekend,
    holiday and which one it is, the days beside a holiday, days off before and after, bridge days, the open share of
    the day and the edges of the month. All have the time of year and the share of days that are holidays. days: the
    local dates of the groups, with DAYS_AROUND more on both sides. Covariates of a date depend only on the calendar,
    the events and the set of series.
    """
    wall = wall_times(ts, stream.zone)
    date = wall.astype("datetime64[D]")
    columns: dict[str, Column] = {}
    if stream.interval < DAY:
        columns |= _harmonics("day", (wall - date) / _DAY, count=2)
    off = _days_off(stream, groups, events, days)
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
        columns |= _month_edges(date)
    else:
        length = stream.interval // DAY
        total = np.concatenate([[0.0], np.cumsum(off.holiday)])
        columns["holiday"] = (total[day + length] - total[day]) / length
    year = (wall - wall.astype("datetime64[Y]")) / _YEAR
    columns |= _harmonics("year", year, count=1)
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)


def _harmonics(name: str, phase: Column, *, count: int) -> dict[str, Column]:
    """Sine and cosine of a phase (1 is a full turn), and of its multiples."""
    return {
        f"{name}_{function.__name__}{number}": function(2 * np.pi * number * phase)
        for number in range(1, count + 1)
        for function in (np.sin, np.cos)
    }


def _month_edges(date: Times) -> dict[str, Column]:
    """1 on the first and the last day of a month, falling to 0 over `_MONTH_EDGE` days."""
    month = date.astype("datetime64[M]")
    since = (date - month.astype("datetime64[D]")) / _DAY
    until = ((month + 1).astype("datetime64[D]") - date) / _DAY - 1
    return {
        "month_start": (1 - since / _MONTH_EDGE).clip(0),
        "month_end": (1 - until / _MONTH_EDGE).clip(0),
    }


def _days_off(stream: Stream, groups: Sequence[OpeningGroup], events: Sequence[Event], days: Times) -> _DayOff:
    """Each date averaged over the series, which may differ in their hours, holidays and closures."""
    partial = np.where(partial_holidays(stream, days), _PARTIAL, 0.0)
    weekday = (days - np.datetime64(MONDAY)).astype(np.int64) % 7
    closures = [event for event in events if event.kind == EventKind.CLOSURE]
    sums, total = np.zeros((5, len(days))), 0
    for group, closed, size in _alike(groups, closures):
        minutes = open_minutes_a_day(group, closed, days=days, zone=stream.zone)
        usual = _usual_days_off(stream, group)[weekday]
        off = usual | group.holidays | (minutes == 0)
        before, after = _days_in_a_row(off), _days_in_a_row(off[::-1])[::-1]
        extra = off & ~usual
        bridge = ~off & np.roll(off, 1) & np.roll(off, -1) & (np.roll(extra, 1) | np.roll(extra, -1))
        share = minutes / _longest_day(group)
        sums += size * np.array([np.maximum(group.holidays, partial), share.clip(0, 1), before, after, bridge])
        total += size
    return _DayOff(*(sums / total))


def _alike(groups: Sequence[OpeningGroup], closures: Sequence[Event]) -> list[tuple[OpeningGroup, list[Event], int]]:
    """Groups split into series with the same closures, and the number of series of each part."""
    found = []
    for group in groups:
        touched = np.zeros((len(group.series), len(closures)), bool)
        for number, closure in enumerate(closures):
            touched[:, number] = np.isin(group.series, closure.series)
        for own, size in zip(*np.unique(touched, axis=0, return_counts=True), strict=True):
            found.append((group, [closure for closure, hit in zip(closures, own, strict=True) if hit], int(size)))
    return found


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


def _days_in_a_row(off: NDArray[np.bool_]) -> Column:
    """(D,) days off in a row that end the day before each, over the longest that counts.

    The first dates wrap around to the last ones; no interval lies on them.
    """
    row = np.zeros(len(off))
    unbroken = np.ones(len(off), bool)
    for back in range(1, _LONGEST_BREAK + 1):
        unbroken &= np.roll(off, back)
        row += unbroken
    return row / _LONGEST_BREAK
