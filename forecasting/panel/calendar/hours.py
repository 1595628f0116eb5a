"""Opening hours: which minutes of local time are open, and therefore which intervals.

An interval is open when any minute of it is. Minutes are counted on the local clock, 1440 a day: the doubled hour of a
25-hour day is open twice, the skipped hour of a 23-hour day does not occur.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.hours import MINUTES_A_DAY, HoursRule
from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.numerics import Mask, Times
from forecasting.panel.calendar.calendar import MONDAY, first_instants, step_of, wall_times
from forecasting.panel.calendar.holidays import public_holidays
from forecasting.panel.events import Event, in_scope, overlapped
from forecasting.terms import DAY, EventKind

Minutes = NDArray[np.int64]
_MINUTE = np.timedelta64(1, "m")
_HALF_DAY = np.timedelta64(12, "h")


@dataclass(frozen=True)
class OpeningGroup:
    """Series that share opening hours and holidays."""

    series: NDArray[np.intp]
    rule: HoursRule | None
    """None: always open."""
    holidays: Mask
    """(D,) whether each local date is a holiday for these series."""


def rules_of_series(stream: Stream, attributes: pd.DataFrame) -> NDArray[np.int64]:
    """(N,) index of the first rule of the stream that matches each series, -1 where none does.

    Raises SettingsError where a rule names an attribute that the series do not have.
    """
    found = np.full(len(attributes), -1)
    for number, rule in reversed(list(enumerate(stream.calendar.hours))):
        unknown = sorted(rule.where.keys() - {"series_id", "stream", *attributes.columns})
        if unknown:
            raise SettingsError(
                f"stream {stream.name}: calendar.hours.{number}.where names {unknown[0]!r}, but the series' attributes "
                f"are {', '.join(attributes.columns) or 'none'}; add the column to the extract or correct the rule"
            )
        found[in_scope(rule.where, attributes=attributes, stream_name=stream.name)] = number
    return found


def group_series(
    stream: Stream, *, rules: NDArray[np.int64], events: Sequence[Event], days: Times
) -> tuple[OpeningGroup, ...]:
    """Series grouped by equal hours and equal holidays (public ones and holiday events).

    rules: (N,) as of `rules_of_series`; days: (D,) consecutive local dates, datetime64[D].
    """
    added = holiday_dates(stream, events, n_series=len(rules), days=days)
    public = public_holidays(stream, days)
    keys = np.column_stack([rules, added[:, added.any(axis=0)]])
    distinct, group = np.unique(keys, axis=0, return_inverse=True)
    return tuple(
        OpeningGroup(
            series=(members := np.flatnonzero(group.ravel() == number)),
            rule=stream.calendar.hours[key[0]] if key[0] >= 0 else None,
            holidays=public | added[members[0]],
        )
        for number, key in enumerate(distinct)
    )


def holiday_dates(stream: Stream, events: Iterable[Event], *, n_series: int, days: Times) -> Mask:
    """(N, D) whether a holiday event of the series lies on the local date.

    It applies to the dates whose noon it covers, so that it means one date whether its bounds are UTC or local
    midnights.
    """
    noons = first_instants(days + np.array(_HALF_DAY), stream.zone)
    added = np.zeros((n_series, len(days)), bool)
    for event in events:
        if event.kind == EventKind.HOLIDAY:
            first, last = np.searchsorted(noons, [event.starts_at, event.ends_at])
            added[event.series, first:last] = True
    return added


def open_mask(
    stream: Stream, groups: Sequence[OpeningGroup], events: Sequence[Event], *, ts: Times, ends: Times, days: Times
) -> Mask:
    """(N, columns) whether each series is open in each interval by its hours, its holidays and closures.

    A closure closes the intervals of which it leaves no open minute. days: the local dates of the groups; they start
    before and end after those of the intervals.
    """
    start, end = _wall_minutes(stream, ts, days)
    mask = np.zeros((sum(len(group.series) for group in groups), len(ts)), bool)
    closures = [event for event in events if event.kind == EventKind.CLOSURE]
    for group in groups:
        total = running_total(open_minutes(group.rule, group.holidays, days))
        mask[group.series] = total[end] > total[start]
        for closure in closures:
            members = np.intersect1d(group.series, closure.series, assume_unique=True)[:, None]
            columns = np.arange(len(ts))[overlapped(closure, ts=ts, ends=ends)]
            if members.size and columns.size:
                window = np.array([max(closure.starts_at, ts[0]), min(closure.ends_at, ends[-1])])
                low, high = (wall_times(window, stream.zone) - _midnight(days)) // _MINUTE
                first, last = start[columns], end[columns]
                shut = total[np.clip(high, first, last)] - total[np.clip(low, first, last)]
                # the doubled hour has the same minutes twice: whether an interval is covered is decided on instants
                whole = (ts[columns] >= closure.starts_at) & (ends[columns] <= closure.ends_at)
                mask[members, columns] &= (total[last] - total[first] > shut) & ~whole
    return mask


def special_mask(groups: Sequence[OpeningGroup], *, ts: Times, days: Times, zone: ZoneInfo) -> Mask:
    """(N, columns) whether an interval lies on a holiday of its series or on the eve of one."""
    day = (wall_times(ts, zone).astype("datetime64[D]") - days[0]).astype(np.int64)
    mask = np.zeros((sum(len(group.series) for group in groups), len(ts)), bool)
    for group in groups:
        mask[group.series] = (group.holidays | np.roll(group.holidays, -1))[day]
    return mask


def open_minutes_a_day(group: OpeningGroup, closures: Sequence[Event], *, days: Times, zone: ZoneInfo) -> Minutes:
    """(D,) open minutes of each local date for the series of a group that the given closures touch."""
    minutes = open_minutes(group.rule, group.holidays, days)
    if closures:
        edges = np.array([[event.starts_at, event.ends_at] for event in closures])
        since = (wall_times(edges.ravel(), zone) - _midnight(days)) // _MINUTE
        for first, last in since.clip(0, len(minutes)).reshape(-1, 2):
            minutes[first:last] = False
    total: Minutes = minutes.reshape(len(days), MINUTES_A_DAY).sum(axis=1)
    return total


def _wall_minutes(stream: Stream, ts: Times, days: Times) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last (exclusive) minute of each interval on the local clock, counted from midnight of the first day."""
    wall = wall_times(ts, stream.zone)
    if stream.interval >= DAY:
        wall = wall.astype("datetime64[D]").astype("datetime64[us]")
    since = wall - _midnight(days)
    return since // _MINUTE, -(-(since + step_of(stream)) // _MINUTE)


def _midnight(days: Times) -> np.datetime64:
    return np.datetime64(days[0], "us")


def open_minutes(rule: HoursRule | None, holidays: Mask, days: Times) -> Mask:
    """(D * 1440,) open minutes of the local clock. A span past midnight belongs to the day that it starts on."""
    if rule is None:
        return np.ones(len(days) * MINUTES_A_DAY, bool)
    spans = [*rule.weekdays, rule.holiday or ()]
    table = np.zeros((len(spans), 2 * MINUTES_A_DAY), bool)
    for row, spans_of_day in enumerate(spans):
        for start, end in spans_of_day:
            table[row, start:end] = True
    kind = (days - np.datetime64(MONDAY)).astype(np.int64) % 7
    if rule.holiday is not None:
        kind = np.where(holidays, len(spans) - 1, kind)
    minutes = table[kind, :MINUTES_A_DAY]
    minutes[1:] |= table[kind[:-1], MINUTES_A_DAY:]
    return minutes.ravel()


def running_total(minutes: Mask) -> NDArray[np.int32]:
    """(M + 1,) number of open minutes before each minute, and of all: that of [a, b) is total[b] - total[a]."""
    return np.concatenate([[0], np.cumsum(minutes, dtype=np.int32)]).astype(np.int32)
