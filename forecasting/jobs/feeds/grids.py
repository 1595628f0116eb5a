"""The interval that a feed really has, and how its rows come onto the stream's grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from forecasting.jobs.feeds.findings import FeedQuestionError, Notes
from forecasting.jobs.feeds.formats.steps import DAY_SECONDS, FeedStep
from forecasting.terms import format_duration

_NEARLY_ALL = 0.98


@dataclass(frozen=True)
class SampleTimes:
    """Distinct times of a sample in seconds since 1970: on the local clock and, in the same order, in UTC.

    standard: seconds by which the zone's standard time is ahead of UTC. is_local: whether the feed gives local times.
    """

    local: Sequence[int]
    utc: Sequence[int]
    standard: int
    is_local: bool

    def lie_on(self, seconds: int) -> bool:
        """Whether nearly all lie on one grid that a stream may have; what lies beside it are faults of single rows."""
        if seconds >= DAY_SECONDS:
            return _share(self.local, DAY_SECONDS, 0) >= _NEARLY_ALL
        return max(_share(self.utc, seconds, phase) for phase in (0, -self.standard % seconds)) >= _NEARLY_ALL

    def lie_on_utc(self, seconds: int, *, floored: bool) -> bool:
        """Whether intervals begin where those of UTC do, which is not where those of standard time do.

        floored: times are rounded down; instants are rounded down in UTC.
        """
        if seconds >= DAY_SECONDS or self.standard % seconds == 0:
            return False
        return not self.is_local if floored else _share(self.utc, seconds, 0) >= _NEARLY_ALL

    def move_with_clocks(self, seconds: int) -> bool:
        """Whether local times lie on a grid of their own, which clock changes move against that of UTC."""
        return 3600 < seconds < DAY_SECONDS and self.is_local and _share(self.local, seconds, 0) >= _NEARLY_ALL


def _share(moments: Sequence[int], seconds: int, phase: int) -> float:
    return sum(moment % seconds == phase for moment in moments) / max(len(moments), 1)


@dataclass(frozen=True)
class FeedGrid:
    """The stream's interval and how rows come onto it.

    parts: rows of the feed in one interval; 1 where a row is an interval. floor: whether times are rounded down to the
    start of their interval. by_week: whether the feed's weeks begin on another day than Monday.
    """

    interval: timedelta
    parts: int = 1
    floor: bool = False
    by_week: bool = False
    is_events: bool = False
    """Whether rows are single events, which follow no step."""
    on_utc: bool = False
    """Whether intervals begin at whole intervals of UTC, where those of the zone's standard time lie elsewhere."""

    @property
    def groups(self) -> bool:
        """Whether several rows may make one interval."""
        return self.parts > 1 or self.floor

    def bucket(self, ts: str) -> str:
        """SQL of the start of the interval that holds a time: local for intervals of days."""
        seconds = int(self.interval.total_seconds())
        if self.by_week:
            return f"date_trunc('week', {ts} + interval '3 days')"
        if not self.groups:
            return ts
        if seconds == 7 * DAY_SECONDS:
            return f"date_trunc('week', {ts})"
        if seconds == DAY_SECONDS:
            return f"date_trunc('day', {ts})"
        if seconds > DAY_SECONDS:
            return f"time_bucket(interval '{seconds // DAY_SECONDS} days', {ts}, timestamp '1970-01-05')"
        return f"time_bucket(interval '{seconds // 60} minutes', {ts})"


def fit_grid(step: FeedStep | None, moments: SampleTimes, stated: timedelta | None, notes: Notes) -> FeedGrid:
    """The grid of a feed by its step, the times of its rows and the interval that a person states.

    Raises FeedQuestionError where the interval cannot be had.
    """
    if step is None and stated is None:
        raise FeedQuestionError(
            "the interval is not clear: rows follow no regular step; say --interval, or count single events in SQL "
            "first (docs/streams.md)"
        )
    found = timedelta(seconds=step.seconds) if step else stated
    interval = stated or found
    assert found is not None
    assert interval is not None
    seconds, own = int(interval.total_seconds()), int(found.total_seconds())
    if DAY_SECONDS % seconds and seconds % DAY_SECONDS and stated is None:
        raise FeedQuestionError(f"the feed is in steps of {spelt(found)}, which divide no day: say --interval")
    if seconds < own:
        raise FeedQuestionError(
            f"--interval {format_duration(interval)}: the feed is in {spelt(found)}; say --interval "
            f"{format_duration(found)}"
        )
    if seconds % own:
        raise FeedQuestionError(
            f"--interval {format_duration(interval)}: the feed is in {spelt(found)}, of which no whole number makes "
            f"it; say --interval {format_duration(found)}, or a multiple of it"
        )
    if stated is None:
        notes.add("interval", format_duration(found), "the usual step from row to row", "--interval")
    if seconds == 7 * DAY_SECONDS and seconds == own:
        return _weeks(interval, moments, notes)
    floor = not moments.lie_on(seconds if seconds == own else min(own, DAY_SECONDS))
    if step and not step.is_regular:
        floor = True
        notes.add("interval", f"polls near every {spelt(found)}, put into intervals", "their times vary")
    elif seconds == own and floor:
        if moments.move_with_clocks(seconds):
            raise FeedQuestionError(
                f"intervals of {spelt(interval)} begin at whole local hours, which clock changes move against a "
                "regular grid; say --interval 1d, or a --timezone whose clocks do not change, such as UTC"
            )
        notes.add("interval", f"times are put at the start of their {spelt(interval)}", "they lie off the grid")
    parts = seconds // own
    return FeedGrid(
        interval,
        parts,
        floor,
        is_events=step is None and floor,
        on_utc=moments.lie_on_utc(seconds, floored=floor or parts > 1),
    )


def _weeks(interval: timedelta, moments: SampleTimes, notes: Notes) -> FeedGrid:
    # 1970-01-05 was a Monday
    shifts = {(moment // DAY_SECONDS - 4) % 7 for moment in moments.local}
    if len(shifts) > 1:
        raise FeedQuestionError("weeks begin on different days; bring days, or weeks that begin on one day")
    (shift,) = shifts or {0}
    if not shift:
        return FeedGrid(interval, floor=not moments.lie_on(DAY_SECONDS))
    name = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[shift]
    notes.add("interval", f"weeks that begin on {name}, each put at the nearest Monday", "weeks begin on Mondays here")
    return FeedGrid(interval, by_week=True)


def spelt(step: timedelta) -> str:
    """A duration in words: 15 minutes, 1 hour."""
    seconds = int(step.total_seconds())
    for unit, size in (("day", DAY_SECONDS), ("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
