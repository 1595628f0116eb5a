"""A plan of shifts written out person by person, and the count that proves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from forecasting.numerics import Ints
from forecasting.planning.shifts.plan import ShiftPlan, Start, Tour


@dataclass(frozen=True)
class RosterRow:
    """One shift of one person. Times are intervals of the week; past the last one they are of the week after."""

    person: int
    """1 is the first; a number means nobody in particular."""
    shift: str
    day: int
    """The working day, 0 the first of the week; a start after midnight may be on the next local day."""
    start: int
    end: int
    """The first interval after the shift."""
    breaks: tuple[tuple[int, int], ...]
    """First interval of each break, and the first one after it."""


def write_roster(plan: ShiftPlan) -> list[RosterRow]:
    """Rows of every person, by person and day.

    People keep their order in a band, the early ones beginning and breaking early, so that their week varies little.
    """
    rows: list[RosterRow] = []
    first = 1
    tours: dict[int, list[Tour]] = {}
    for tour in plan.tours:
        tours.setdefault(tour.band, []).append(tour)
    for band, of_band in tours.items():
        working: dict[int, list[int]] = {}
        for tour in of_band:
            for day in tour.days:
                working.setdefault(day, []).extend(range(first, first + tour.people))
            first += tour.people
        for day, people in working.items():
            begun = [start for start in plan.starts if (start.band, start.day) == (band, day)]
            shared = [(start, place) for start in begun for place in range(start.people)]
            rows.extend(
                _row(person, start, place, plan.interval) for person, (start, place) in zip(people, shared, strict=True)
            )
    return sorted(rows, key=lambda row: (row.person, row.day))


def _row(person: int, start: Start, place: int, interval: timedelta) -> RosterRow:
    """The shift of the person who is at this place among those who begin together."""
    breaks = []
    for one, begins in zip(start.shift.breaks, start.breaks, strict=True):
        first = start.interval + begins[place]
        breaks.append((first, first + one.length // interval))
    end = start.interval + start.shift.length // interval
    return RosterRow(person, start.shift.name, start.day, start.interval, end, tuple(breaks))


def count_at_work(rows: Sequence[RosterRow], *, intervals: int) -> Ints:
    """(intervals,) people at work, counted from the rows of a roster alone, the week taken as a cycle."""
    at_work = np.zeros(intervals, np.int64)
    for row in rows:
        away = {at for first, last in row.breaks for at in range(first, last)}
        for at in range(row.start, row.end):
            at_work[at % intervals] += at not in away
    return at_work
