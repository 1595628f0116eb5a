"""`[[planning.staffing.shifts]]`: the shifts that a roster may use, typed and checked."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from forecasting.config.base import Duration, Section
from forecasting.terms import DAY, format_duration

DAYS_A_WEEK = 7
CLOCK_CHANGE = timedelta(hours=1)
"""How much shorter a rest between two shifts may be when clocks change."""

Pattern = tuple[int, ...]


_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _starts(value: Any) -> Any:
    """Minutes after local midnight of the earliest and the latest start; the latest may lie past midnight."""
    if not isinstance(value, str):
        return value
    clocks = [_CLOCK.fullmatch(part.strip()) for part in value.split("-")]
    if len(clocks) > 2 or None in clocks:
        raise ValueError(f"expected the earliest and latest start such as '07:00-16:00', or '08:00', found {value!r}")
    minutes = [int(clock[1]) * 60 + int(clock[2]) for clock in clocks if clock]
    earliest, latest = minutes[0], minutes[-1]
    return earliest, latest if latest >= earliest else latest + DAY // timedelta(minutes=1)


class BreakRule(Section):
    """A break that begins between `from` and `to` after the start of the shift, both included."""

    length: Duration
    earliest: Duration = Field(alias="from")
    latest: Duration = Field(alias="to")
    paid: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> "BreakRule":
        if self.latest < self.earliest:
            raise ValueError(
                f"the break begins from {format_duration(self.earliest)} to {format_duration(self.latest)}: "
                "expected to at or after from"
            )
        return self


class ShiftRule(Section):
    """A kind of shift and the working week of the people who work it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
    length: Duration
    """From start to end, breaks included."""
    starts: Annotated[tuple[int, int], BeforeValidator(_starts)]
    every: Duration = timedelta(minutes=30)
    breaks: tuple[BreakRule, ...] = ()
    days: int = Field(default=5, ge=1, le=DAYS_A_WEEK)
    """Working days a week."""
    consecutive: int | None = Field(default=None, ge=1, le=DAYS_A_WEEK)
    """Most working days in a row."""
    least_days_off_together: int | None = Field(default=None, ge=0, le=DAYS_A_WEEK - 1)
    """There is one run of at least so many days off; two unless given, or what `days` leaves."""
    vary: Duration = timedelta(0)
    """How far the starts of one person may lie apart within a week."""
    rest: Duration = timedelta(hours=11)
    """Least time between two shifts of one person (11 hours: directive 2003/88/EC)."""
    max_share: float | None = Field(default=None, gt=0, le=1)
    """Most people on this shift, as a share of all rostered people."""

    @model_validator(mode="after")
    def _breaks_fit(self) -> "ShiftRule":
        for one in self.breaks:
            if one.latest + one.length >= self.length:
                raise ValueError(
                    f"shift {self.name}: a break of {format_duration(one.length)} that begins "
                    f"{format_duration(one.latest)} after the start must end before the shift of "
                    f"{format_duration(self.length)} does"
                )
        for one, following in pairwise(self.breaks):
            if one.latest + one.length > following.earliest:
                raise ValueError(
                    f"shift {self.name}: the break from {format_duration(following.earliest)} may begin before the one "
                    f"before it ends, up to {format_duration(one.latest + one.length)}: move their from and to apart"
                )
        return self

    @model_validator(mode="after")
    def _week_is_possible(self) -> "ShiftRule":
        if self.length + self.vary + self.rest + CLOCK_CHANGE > DAY and self.days > 1:
            raise ValueError(
                f"shift {self.name}: length, vary and rest must leave an hour of the day for clock changes, found "
                f"{format_duration(self.length + self.vary + self.rest)}: shorten one of them"
            )
        if not any(True for _ in self.patterns(range(DAYS_A_WEEK), days=self.days)):
            raise ValueError(
                f"shift {self.name}: no week has {self.days} working days, at most {self.most_in_a_row} in a row and "
                f"{self.days_off_together} days off together"
            )
        return self

    @property
    def most_in_a_row(self) -> int:
        return self.consecutive or DAYS_A_WEEK

    @property
    def days_off_together(self) -> int:
        if self.least_days_off_together is None:
            return min(2, DAYS_A_WEEK - self.days)
        return self.least_days_off_together

    @property
    def paid(self) -> timedelta:
        """Paid time of one shift: its length less unpaid breaks."""
        return self.length - sum((one.length for one in self.breaks if not one.paid), timedelta(0))

    def patterns(self, offered: Sequence[int], *, days: int) -> Iterator[Pattern]:
        """Every choice of `days` working days among those offered that keeps the rules on days off.

        Weeks are alike: Monday follows Sunday of the same pattern.
        """
        for pattern in combinations(offered, days):
            working = [day in pattern for day in range(DAYS_A_WEEK)]
            off = [not works for works in working]
            if _longest_run(working) <= self.most_in_a_row and _longest_run(off) >= self.days_off_together:
                yield pattern


def _longest_run(days: list[bool]) -> int:
    """Most days in a row that are True, round the week."""
    if all(days):
        return len(days)
    longest = run = 0
    for day in days + days:
        run = run + 1 if day else 0
        longest = max(longest, run)
    return longest


def _catalogue(shifts: tuple[ShiftRule, ...]) -> tuple[ShiftRule, ...]:
    names = [shift.name for shift in shifts]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two shifts are named {name!r}")
    if shifts and sum(1.0 if shift.max_share is None else shift.max_share for shift in shifts) < 1:
        raise ValueError("the max_share of all shifts add up to less than 1: raise one, or leave it out")
    return shifts


Catalogue = Annotated[tuple[ShiftRule, ...], AfterValidator(_catalogue)]
"""All shifts of a stream; empty where it plans none."""


def check_grid(shifts: Sequence[ShiftRule], interval: timedelta) -> None:
    """Raise ValueError that names the first time of the catalogue that is no whole number of intervals."""
    for shift in shifts:
        times = {"length": shift.length, "every": shift.every, "vary": shift.vary}
        times["the earliest start"] = timedelta(minutes=shift.starts[0])
        for number, one in enumerate(shift.breaks, start=1):
            times |= {f"length of break {number}": one.length, f"from of break {number}": one.earliest}
            times[f"to of break {number}"] = one.latest
        for name, time in times.items():
            if time % interval:
                raise ValueError(
                    f"shift {shift.name}: {name} is {format_duration(time)}: expected whole intervals of "
                    f"{format_duration(interval)}"
                )
