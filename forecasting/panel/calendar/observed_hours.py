"""Opening hours estimated from a feed: times of the local week that practically never hold a value are closed.

All series count together: an interval is seen when any of them has a value in it, zero included. The result is in spans
of local time, as in `[[calendar.hours]]`, for a person to check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from forecasting.config.hours import MINUTES_A_DAY, WEEKDAYS, Span
from forecasting.config.stream import Stream
from forecasting.numerics import Times
from forecasting.panel.calendar.calendar import MONDAY, grid_between, step_of, wall_times
from forecasting.terms import DAY

LEAST_FILLED = 0.6
"""Share of open intervals with a value below which the feed is assumed to leave out intervals without demand."""

_LEAST_WEEKS = 4
"""Weeks of feed that are needed before any minute of the week is taken for closed."""
_RARE = 0.05
"""Share of weeks: intervals that are seen in fewer are closed."""
_STRAY = 1
"""Weeks: an interval that was seen in no more, and not in the last one, was seen by mistake."""
_SHORT_HOLE = 60
"""Minutes: shorter closed times within open hours are taken for open."""
_MOST_SPANS = 2
"""Spans of a weekday at most; the shortest holes between more are filled."""

_MINUTE = np.timedelta64(1, "m")
_WEEK = 7 * MINUTES_A_DAY

Minutes = NDArray[np.bool_]


@dataclass(frozen=True)
class ObservedHours:
    """The open spans of each weekday, Monday first, and the share of them that the feed fills."""

    weekdays: tuple[tuple[Span, ...], ...]
    """Minutes after local midnight; a span may end after 1440, past midnight."""
    filled: float
    """Share of the open intervals that hold a value, of the weeks that hold any."""

    @property
    def credible(self) -> bool:
        """Whether absent intervals are probably closed; in a sparse feed they may be open without demand."""
        return self.filled >= LEAST_FILLED

    @property
    def by_days(self) -> dict[str, str]:
        """The hours as a definition writes them, equal neighbouring days together: `mon-fri` to `07:00-21:00`."""
        days = range(7)
        # begin at the first day of a group, so that sun-thu stays one group
        first = next((day for day in days if self.weekdays[day] != self.weekdays[day - 1]), 0)
        hours = {}
        for spans, group in groupby(np.roll(days, -first).tolist(), key=lambda day: self.weekdays[day]):
            names = [WEEKDAYS[day] for day in group]
            if spans:
                hours["-".join(dict.fromkeys([names[0], names[-1]]))] = ",".join(map(_format_span, spans))
        return hours


def observe_hours(stream: Stream, seen: Times) -> ObservedHours | None:
    """Opening hours of a feed, or None where it shows no closed time.

    seen: (M,) starts of the stream's grid, ascending, distinct, in which any series has a value. An interval of the
    local week is closed when it was seen in fewer than 5% of the weeks that hold any value, or in a single one before
    the last; a minute is closed when any interval over it is, which allows for a grid that clock changes move against
    the wall clock. None also for intervals of a day or more or not of whole minutes, and for a feed of less than four
    weeks.
    """
    if stream.interval >= DAY or stream.interval % timedelta(minutes=1) or not len(seen):
        return None
    ts = grid_between(stream, seen[0], seen[-1] + step_of(stream))
    minute = (wall_times(ts, stream.zone) - np.datetime64(MONDAY, "us")) // _MINUTE
    is_seen = np.isin(ts, seen)
    passed = np.isin(minute // _WEEK, minute[is_seen] // _WEEK)
    starts, place = np.unique(minute[passed] % _WEEK, return_inverse=True)
    weeks = np.bincount(place)
    weeks_seen = np.bincount(place, weights=is_seen[passed])
    is_last = minute[passed] // _WEEK == minute[is_seen][-1] // _WEEK
    is_stray = (weeks_seen <= _STRAY) & (np.bincount(place, weights=is_seen[passed] & is_last) == 0)
    covered = (starts[:, None] + np.arange(step_of(stream) // _MINUTE)) % _WEEK
    weeks_of_minute = np.zeros(_WEEK)
    np.add.at(weeks_of_minute, covered, weeks[:, None])
    if weeks_of_minute.min() < _LEAST_WEEKS:
        return None
    is_open = np.ones(_WEEK, bool)
    is_open[covered[(weeks >= _LEAST_WEEKS) & ((weeks_seen < _RARE * weeks) | is_stray)]] = False
    for start, end in _runs(~is_open):
        if end - start < _SHORT_HOLE:
            is_open[np.arange(start, end) % _WEEK] = True
    weekdays = tuple(map(_simplified, _spans(is_open)))
    is_open = _open_minutes(weekdays)
    if is_open.all():
        return None
    inside = is_open[covered].any(axis=1)
    return ObservedHours(weekdays, float(weeks_seen[inside].sum() / max(weeks[inside].sum(), 1)))


def _runs(flags: Minutes) -> list[Span]:
    """Runs of True in the cyclic week, each by its first minute and its end, which may lie in the following week."""
    if flags.all():
        return [(0, _WEEK)]
    first = int(np.argmin(flags))
    edges = np.flatnonzero(np.diff(np.roll(flags, -first), prepend=False, append=False)).reshape(-1, 2)
    return [((int(start) + first) % _WEEK, (int(start) + first) % _WEEK + int(end - start)) for start, end in edges]


def _spans(is_open: Minutes) -> list[list[Span]]:
    """The open spans of each weekday; spans of a day or more are cut at midnight, shorter ones may pass it."""
    weekdays: list[list[Span]] = [[] for _ in WEEKDAYS]
    for start, end in _runs(is_open):
        midnights = range(start - start % MINUTES_A_DAY + MINUTES_A_DAY, end, MINUTES_A_DAY)
        for since, until in pairwise([start, *(midnights if end - start >= MINUTES_A_DAY else ()), end]):
            day, minute = divmod(since % _WEEK, MINUTES_A_DAY)
            weekdays[day].append((minute, minute + until - since))
    return weekdays


def _simplified(spans: Sequence[Span]) -> tuple[Span, ...]:
    kept = sorted(spans)
    while len(kept) > _MOST_SPANS:
        hole = min(range(len(kept) - 1), key=lambda number: kept[number + 1][0] - kept[number][1])
        kept[hole : hole + 2] = [(kept[hole][0], kept[hole + 1][1])]
    return tuple(kept)


def _open_minutes(weekdays: Sequence[Sequence[Span]]) -> Minutes:
    is_open = np.zeros(_WEEK, bool)
    for day, spans in enumerate(weekdays):
        for start, end in spans:
            is_open[(day * MINUTES_A_DAY + np.arange(start, end)) % _WEEK] = True
    return is_open


def _format_span(span: Span) -> str:
    start, end = span
    end -= MINUTES_A_DAY if end > MINUTES_A_DAY else 0
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"
