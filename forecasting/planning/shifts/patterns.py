"""What a catalogue of shifts offers in one week: which starts on which days, in which working weeks.

A week is seven whole local days taken as a cycle: what a shift of the last day works past its midnight counts for the
first hours of the first day, as if the week before had been alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecasting.config.shifts import DAYS_A_WEEK, Pattern, ShiftRule, check_grid
from forecasting.errors import SettingsError
from forecasting.numerics import Ints, Mask
from forecasting.terms import DAY, format_duration

MINUTE = np.timedelta64(1, "m")
CLOCK_CHANGES = timedelta(hours=2)
"""A local day is no more than this shorter or longer than 24 hours."""


@dataclass(frozen=True)
class Week:
    """Seven whole local days of n intervals, open and closed, in the order of time."""

    day: Ints
    """(n,) number of the local day, 0 the first of the week."""
    minute: Ints
    """(n,) minutes of the local clock after midnight at the start of the interval."""
    open: Mask
    """(n,) whether people may be at work."""
    interval: timedelta

    def __len__(self) -> int:
        return len(self.day)

    def at(self, day: int, minute: int) -> int:
        """Interval that starts when the local clock first shows a minute of a day or, where it skips that, later.

        Minutes past 1440 are of the next day; the day after the last is the first.
        """
        days, minute = divmod(minute, DAY // timedelta(minutes=1))
        on_day = np.flatnonzero(self.day == (day + days) % DAYS_A_WEEK)
        reached = on_day[self.minute[on_day] >= minute]
        return int(reached[0] if len(reached) else (on_day[-1] + 1) % len(self))

    def midnight(self, day: int) -> int:
        """First interval of a local day."""
        return int(np.searchsorted(self.day, day))

    def since_midnight(self, day: int, at: int) -> int:
        """Intervals from the first of a day to another, round the week."""
        return (at - self.midnight(day)) % len(self)

    def name(self, at: int) -> str:
        """An interval in words, for messages."""
        return f"day {self.day[at] + 1} of the week at {self.minute[at] // 60:02d}:{self.minute[at] % 60:02d}"


def make_week(wall: NDArray[np.datetime64], is_open: Mask, *, interval: timedelta) -> Week:
    """The week whose intervals start at these local clock readings.

    wall: (n,) in the order of time, closed intervals too; days of 23 and 25 hours are as the clock shows them. is_open:
    (n,). Raises SettingsError where they are not seven whole days on end.
    """
    dates = wall.astype("datetime64[D]")
    present, counts = np.unique(dates, return_counts=True)
    whole = len(present) == DAYS_A_WEEK and present[-1] - present[0] == np.timedelta64(DAYS_A_WEEK - 1, "D")
    # minutes of the clock run backwards within a day, dates never
    if not whole or (np.diff(dates) < np.timedelta64(0, "D")).any() or len(is_open) != len(wall):
        raise SettingsError(
            f"shifts are planned for seven local days on end, in order, with one open flag an interval: found "
            f"{len(present)} days, {len(wall)} intervals and {len(is_open)} flags"
        )
    for date, count in zip(present, counts, strict=True):
        if abs(int(count) * interval - DAY) > CLOCK_CHANGES:
            raise SettingsError(
                f"shifts are planned for whole local days: {date} has {count} intervals of "
                f"{format_duration(interval)}; give closed ones too"
            )
    return Week(
        day=(dates - present[0]).astype(np.int64),
        minute=((wall - dates) // MINUTE).astype(np.int64),
        open=np.asarray(is_open, bool),
        interval=interval,
    )


@dataclass(frozen=True)
class Band:
    """Starts that one person may have within a week, on the days and in the working weeks that hold them."""

    shift: ShiftRule
    starts: dict[int, tuple[int, ...]]
    """Day: the intervals in which the shift may start, each lying within opening hours whole."""
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class Offer:
    """Everything that a catalogue offers in a week."""

    bands: tuple[Band, ...]
    left_out: dict[str, str]
    """Shifts that cannot be worked this week, and why."""


def find_offer(shifts: Sequence[ShiftRule], week: Week) -> Offer:
    """Bands of starts of every shift. A shift lies within opening hours whole, so that some may not fit this week;
    these, and those off the grid of intervals, are left out, and the others are offered all the same.

    People work the most days up to `days` that the week's open days allow (fewer where holidays close it).
    """
    bands: list[Band] = []
    left_out: dict[str, str] = {}
    for shift in shifts:
        try:
            check_grid([shift], week.interval)
        except ValueError as error:
            left_out[shift.name] = str(error)
            continue
        offered = _open_starts(shift, week)
        found = _bands(shift, offered)
        if found:
            bands.extend(found)
        else:
            left_out[shift.name] = _why_not(shift, week, offered)
    return Offer(bands=tuple(bands), left_out=left_out)


def _open_starts(shift: ShiftRule, week: Week) -> dict[int, dict[int, int]]:
    """Minute of the clock, day: interval of each start from which the whole shift is open."""
    length = shift.length // week.interval
    earliest, latest = shift.starts
    # open all the way from an interval for the length of the shift, round the week
    from_each = sliding_window_view(np.resize(week.open, len(week) + length - 1), length)
    whole: Mask = np.asarray(from_each.all(axis=1))
    offered: dict[int, dict[int, int]] = {}
    for minute in range(earliest, latest + 1, shift.every // timedelta(minutes=1)):
        starts = {day: week.at(day, minute) for day in range(DAYS_A_WEEK)}
        offered[minute] = {day: start for day, start in starts.items() if whole[start]}
    return offered


def _bands(shift: ShiftRule, offered: dict[int, dict[int, int]]) -> list[Band]:
    days = _working_days(shift, sorted({day for starts in offered.values() for day in starts}))
    size = shift.vary // shift.every + 1
    minutes = list(offered)
    found = []
    for first in range(0, len(minutes), size):
        starts: dict[int, set[int]] = {}
        for minute in minutes[first : first + size]:
            for day, start in offered[minute].items():
                starts.setdefault(day, set()).add(start)
        patterns = tuple(shift.patterns(sorted(starts), days=days)) if days else ()
        if patterns:
            worked = sorted({day for pattern in patterns for day in pattern})
            found.append(Band(shift, {day: tuple(sorted(starts[day])) for day in worked}, patterns))
    return found


def _working_days(shift: ShiftRule, open_days: list[int]) -> int:
    """Most working days, up to those of the shift, that the open days allow; 0 where they allow none."""
    for days in range(min(shift.days, len(open_days)), 0, -1):
        if any(True for _ in shift.patterns(open_days, days=days)):
            return days
    return 0


def _why_not(shift: ShiftRule, week: Week, offered: dict[int, dict[int, int]]) -> str:
    longest = _longest_open(week.open) * week.interval
    if shift.length > longest:
        return f"it lasts {format_duration(shift.length)}, and the longest opening is {format_duration(longest)}"
    if not any(offered.values()):
        return "from none of its starts does it lie within opening hours whole"
    return "no start, and no starts within its vary of each other, are open on as many days as people work"


def _longest_open(is_open: Mask) -> int:
    """Most open intervals in a row, round the week."""
    if is_open.all():
        return len(is_open)
    closed = np.flatnonzero(~is_open)
    return int(np.diff(np.append(closed, closed[0] + len(is_open))).max()) - 1


def find_uncovered(required: Ints, offer: Offer, week: Week) -> Mask:
    """(n,) intervals that need people and that no shift of the offer covers."""
    covered = np.zeros(len(week), bool)
    for band in offer.bands:
        present = _sometimes_present(band.shift, week.interval)
        for starts in band.starts.values():
            for start in starts:
                covered[(start + present) % len(week)] = True
    return (required > 0) & ~covered


def _sometimes_present(shift: ShiftRule, interval: timedelta) -> Ints:
    """Intervals after the start at which somebody on the shift can be at work: those that no break takes always."""
    present = np.ones(shift.length // interval, bool)
    for one in shift.breaks:
        present[one.latest // interval : (one.earliest + one.length) // interval] = False
    return np.flatnonzero(present)
