"""A week's shifts: who works which days, who begins when and breaks when, and how good the plan is."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from forecasting.config.shifts import Pattern, ShiftRule
from forecasting.numerics import Ints, Mask

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Tour:
    """People who work the same band of starts on the same days."""

    band: int
    shift: ShiftRule
    days: Pattern
    people: int


@dataclass(frozen=True)
class Start:
    """People who begin together, and when they take their breaks."""

    band: int
    shift: ShiftRule
    day: int
    interval: int
    people: int
    breaks: tuple[tuple[int, ...], ...]
    """For each break of the shift, how many intervals after the start it begins for each of the people, ascending."""


@dataclass(frozen=True)
class ShiftPlan:
    """A week's shifts, and how far they may be from the best ones."""

    tours: tuple[Tour, ...]
    starts: tuple[Start, ...]
    required: Ints
    coverage: Ints
    """(n,) people at work, not on a break."""
    interval: timedelta
    weight: int
    """Paid hours that an hour of one person short counts as."""
    bound: float
    """No plan has a lower objective than this, in hours."""
    left_out: dict[str, str]
    """Shifts that cannot be worked this week, and why."""
    uncovered: Mask
    """(n,) intervals that need people and that no shift covers."""

    @property
    def heads(self) -> int:
        return sum(tour.people for tour in self.tours)

    @property
    def paid_hours(self) -> float:
        return sum(tour.people * len(tour.days) * (tour.shift.paid / HOUR) for tour in self.tours)

    @property
    def short_hours(self) -> float:
        """Hours of people who are needed and not there."""
        return float(np.maximum(self.required - self.coverage, 0).sum() * (self.interval / HOUR))

    @property
    def over_hours(self) -> float:
        """Hours of people at work beyond those needed."""
        return float(np.maximum(self.coverage - self.required, 0).sum() * (self.interval / HOUR))

    @property
    def overhang(self) -> Ints:
        """(n,) people of the week's last shifts who are at work that long after its end, in the week after."""
        n = len(self.required)
        over = np.zeros(n, np.int64)
        for start in self.starts:
            length = start.shift.length // self.interval
            over[: max(start.interval + length - n, 0)][max(start.interval - n, 0) :] += start.people
            for one, options in zip(start.shift.breaks, start.breaks, strict=True):
                for after in options:
                    begin = start.interval + after - n
                    over[max(begin, 0) : max(begin + one.length // self.interval, 0)] -= 1
        return over

    @property
    def objective(self) -> float:
        return self.paid_hours + self.weight * self.short_hours

    @property
    def gap(self) -> float:
        """Most that the objective may be above the best possible one, as a share of the paid hours alone."""
        above = max(self.objective - self.bound, 0.0)
        return above / self.paid_hours if self.paid_hours else float(above > 0)
