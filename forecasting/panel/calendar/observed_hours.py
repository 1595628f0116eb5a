"""Opening hours read off a feed: the times of the local week in which it practically never holds a value.

All series count together: an interval is seen when any of them has a value in it, zero included. Written down are whole
spans of local time, as in `[[calendar.hours]]`, for a person to check.
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
"""Share of open intervals that hold a value, below which a feed seems to leave out intervals without demand."""

_LEAST_WEEKS = 4
"""How often every minute of the week must have passed before any is called closed."""
_RARE = 0.05
"""Intervals seen in a smaller share of the weeks than this are closed."""
_SHORT_HOLE = 60
"""Minutes; whatever is closed for less lies inside the hours."""
_MOST_SPANS = 2
"""Spans a weekday; of more holes than they leave, the shortest are filled."""

_MINUTE = np.timedelta64(1, "m")
_WEEK = 7 * MINUTES_A_DAY

Minutes = NDArray[np.bool_]


@dataclass(frozen=True)
class ObservedHours:
    """The open spans of each weekday, Monday first, and how far the feed fills them."""

    weekdays: tuple[tuple[Span, ...], ...]
    """Minutes after local midnight; a span may end after 1440, past midnight."""
    filled: float
    """Share of the open intervals that hold a value, of the weeks that hold any."""

    @property
    def credible(self) -> bool:
        """Whether absent intervals look closed; in a feed of few rows they may just as well be without demand."""
        return self.filled >= LEAST_FILLED

    @property
    def by_days(self) -> dict[str, str]:
        """The hours as a definition writes them, neighbours that share hours together: `mon-fri` to `07:00-21:00`."""
        days = range(7)
        # begin where a group does, so that sun-thu stays one
        first = next((day for day in days if self.weekdays[day] != self.weekdays[day - 1]), 0)
        hours = {}
        for spans, group in groupby(np.roll(days, -first).tolist(), key=lambda day: self.weekdays[day]):
            names = [WEEKDAYS[day] for day in group]
            if spans:
                hours["-".join(dict.fromkeys([names[0], names[-1]]))] = ",".join(map(_format_span, spans))
        return hours


def observe_hours(stream: Stream, seen: Times) -> ObservedHours | None:
    """Opening hours that explain in which intervals a feed holds values, or None where it tells of no closed time.

    seen: (M,) starts of the stream's grid, ascending, distinct, in which any series has a value.
    An interval of the local week is closed when it was seen in practically no week, counting weeks that hold anything;
    a minute is closed when any interval over it is, so that a grid which clock changes move against the wall clock is
    read right. None also for intervals of a day or more, or of odd seconds, and while the feed is younger than four
    weeks: then every interval counts as open.
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
    covered = (starts[:, None] + np.arange(step_of(stream) // _MINUTE)) % _WEEK
    weeks_of_minute = np.zeros(_WEEK)
    np.add.at(weeks_of_minute, covered, weeks[:, None])
    if weeks_of_minute.min() < _LEAST_WEEKS:
        return None
    is_open = np.ones(_WEEK, bool)
    is_open[covered[(weeks >= _LEAST_WEEKS) & (weeks_seen < _RARE * weeks)]] = False
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
    """Stretches of True round the week, each by its first minute and its end, which may lie in the following week."""
    if flags.all():
        return [(0, _WEEK)]
    first = int(np.argmin(flags))
    edges = np.flatnonzero(np.diff(np.roll(flags, -first), prepend=False, append=False)).reshape(-1, 2)
    return [((int(start) + first) % _WEEK, (int(start) + first) % _WEEK + int(end - start)) for start, end in edges]


def _spans(is_open: Minutes) -> list[list[Span]]:
    """The open stretches of each weekday; those of less than a day stay whole past midnight, others end there."""
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
