"""From people needed in each interval of a week to people rostered on shifts, with OR-Tools CP-SAT.

Two levels of whole numbers: how many people work each band of starts in each working week (their days), and how many
begin at each start of each day; the two agree day by day. That is all a roster needs, because people of a band are
alike: `roster.py` writes it out person by person. Breaks are counted by when they begin, whoever takes them: every
window after a start being as wide as the others, the first to begin may break first, and this suits all if and only if
breaks so far are never fewer than the windows that closed, nor more than those that opened (Bechtold and Jacobs, 1990).
Breaks of one shift never overlap (the catalogue sees to it), so that any may go with any.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from ortools.sat.python import cp_model

from forecasting.config.shifts import Pattern, ShiftRule
from forecasting.errors import SettingsError
from forecasting.numerics import Ints, Mask
from forecasting.planning.shifts.patterns import Band, Offer, Week, find_offer, find_uncovered
from forecasting.planning.shifts.plan import HOUR, ShiftPlan, Start, Tour
from forecasting.planning.shifts.search import ORDINARY, Effort, Found, search


@dataclass
class _Model:
    """The model under construction: everything counted in intervals."""

    week: Week
    most: int
    """Upper bound of every count of people."""
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    people: dict[tuple[int, Pattern], cp_model.IntVar] = field(default_factory=dict)
    begins: dict[tuple[int, int, int], cp_model.IntVar] = field(default_factory=dict)
    """Band, day, start."""
    away: dict[tuple[ShiftRule, int, int], dict[int, cp_model.IntVar]] = field(default_factory=dict)
    """Shift, day, break: people whose break begins so many intervals after the start of the day."""
    present: list[list[cp_model.LinearExprT]] = field(default_factory=list)
    """For each interval, what adds up to the people at work."""

    def count(self) -> cp_model.IntVar:
        return self.cp.new_int_var(0, self.most, "")


def plan_shifts(
    required: Ints,
    week: Week,
    shifts: Sequence[ShiftRule],
    *,
    max_heads: int | None = None,
    weight: int | None = None,
    effort: Effort = ORDINARY,
) -> ShiftPlan:
    """Shifts that cover the requirement of one pool with the fewest paid hours.

    required: (n,) rostered people needed in each interval of the week, 0 where closed. weight: paid hours that an hour
    of one person short counts as; unless given, more than the longest working week, so that people are short only where
    `max_heads` or a `max_share` keeps them away. The solver may stop early, and says by `gap` how far it can be from
    the best plan. A shift that cannot be worked this week is left out, and where no other covers an interval that needs
    people, these are short. Raises SettingsError on a requirement that is negative or in a closed interval.
    """
    _check(required, week, max_heads=max_heads, weight=weight)
    offer = find_offer(shifts, week)
    uncovered = find_uncovered(required, offer, week)
    weight = _default_weight(offer, week) if weight is None else weight
    if not offer.bands:
        return _nobody(required, week, offer, uncovered, weight=weight)
    most = _most_people(required, shifts) if max_heads is None else max_heads
    model = _Model(week=week, most=most, present=[[] for _ in range(len(week))])
    for number, band in enumerate(offer.bands):
        _add_band(model, number, band)
    for shift, day in dict.fromkeys((band.shift, day) for band in offer.bands for day in band.starts):
        _add_breaks(model, offer, shift, day)
    _limit_heads(model, offer, max_heads=max_heads)
    found = _solve(model, offer, required, weight=weight, effort=effort)
    starts = _read_starts(model, offer, found)
    return ShiftPlan(
        tours=tuple(
            Tour(number, offer.bands[number].shift, pattern, found.of(variable))
            for (number, pattern), variable in model.people.items()
            if found.of(variable)
        ),
        starts=starts,
        required=np.asarray(required, np.int64),
        coverage=_coverage(starts, week),
        interval=week.interval,
        weight=weight,
        bound=found.bound * (week.interval / HOUR),
        left_out=offer.left_out,
        uncovered=uncovered,
    )


def _nobody(required: Ints, week: Week, offer: Offer, uncovered: Mask, *, weight: int) -> ShiftPlan:
    """The plan of a week in which no shift can be worked."""
    return ShiftPlan(
        tours=(),
        starts=(),
        required=np.asarray(required, np.int64),
        coverage=np.zeros(len(week), np.int64),
        interval=week.interval,
        weight=weight,
        bound=weight * int(required.sum()) * (week.interval / HOUR),
        left_out=offer.left_out,
        uncovered=uncovered,
    )


def _check(required: Ints, week: Week, *, max_heads: int | None, weight: int | None) -> None:
    if required.shape != (len(week),) or not np.issubdtype(required.dtype, np.integer):
        raise SettingsError(
            f"shifts need one whole number of people an interval: expected {len(week)} of the week, found "
            f"{required.dtype} of shape {required.shape}"
        )
    for wrong, why in ((required < 0, "is negative"), ((required > 0) & ~week.open, "asks for people while closed")):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise SettingsError(f"the requirement of {week.name(first)}, {required[first]}, {why}")
    if (max_heads is not None and max_heads < 0) or (weight is not None and weight < 1):
        raise SettingsError(f"expected max_heads of 0 or more and a weight of 1 or more: found {max_heads}, {weight}")


def _paid(shift: ShiftRule, week: Week) -> int:
    """Paid intervals of one shift."""
    return shift.paid // week.interval


def _default_weight(offer: Offer, week: Week) -> int:
    """More than the longest working week, and in steps that all weeks are multiples of, which sharpens the bound."""
    weeks = [_paid(band.shift, week) * len(band.patterns[0]) for band in offer.bands]
    return max(weeks, default=1) + math.gcd(*weeks)


def _most_people(required: Ints, shifts: Sequence[ShiftRule]) -> int:
    """No fewer than any useful plan has: one an interval of need, and those who make room for a `max_share`."""
    least_share = min((shift.max_share for shift in shifts if shift.max_share is not None), default=1.0)
    return int(np.ceil(int(required.sum()) / least_share))


def _add_band(model: _Model, number: int, band: Band) -> None:
    """People of a band: as many begin on each day as work on it."""
    n = len(model.week)
    for pattern in band.patterns:
        model.people[number, pattern] = model.count()
    for day, starts in band.starts.items():
        for start in starts:
            begin = model.begins[number, day, start] = model.count()
            for after in range(band.shift.length // model.week.interval):
                model.present[(start + after) % n].append(begin)
        working = sum(model.people[number, pattern] for pattern in band.patterns if day in pattern)
        model.cp.add(sum(model.begins[number, day, start] for start in starts) == working)


def _add_breaks(model: _Model, offer: Offer, shift: ShiftRule, day: int) -> None:
    """Breaks of the people who begin a shift on a day: each takes each of them once, within its window."""
    n, interval = len(model.week), model.week.interval
    begins: dict[int, list[cp_model.IntVar]] = {}
    for (number, of_day, start), begin in model.begins.items():
        if of_day == day and offer.bands[number].shift == shift:
            begins.setdefault(model.week.since_midnight(day, start), []).append(begin)
    for place, one in enumerate(shift.breaks):
        earliest, latest = one.earliest // interval, one.latest // interval
        times = sorted({start + after for start in begins for after in range(earliest, latest + 1)})
        away = model.away[shift, day, place] = {time: model.count() for time in times}
        for time, variable in away.items():
            so_far = sum(away[other] for other in times if other <= time)
            model.cp.add(so_far >= sum(_until(begins, time - latest)))
            model.cp.add(so_far <= sum(_until(begins, time - earliest)))
            for during in range(one.length // interval):
                model.present[(model.week.midnight(day) + time + during) % n].append(-variable)


def _until(begins: dict[int, list[cp_model.IntVar]], last: int) -> list[cp_model.IntVar]:
    """Those who begin up to a time, itself included."""
    return [begin for start, of_start in begins.items() if start <= last for begin in of_start]


def _limit_heads(model: _Model, offer: Offer, *, max_heads: int | None) -> None:
    everybody = sum(model.people.values())
    if max_heads is not None and model.people:
        model.cp.add(everybody <= max_heads)
    offered = dict.fromkeys(band.shift for band in offer.bands)
    if sum(1.0 if shift.max_share is None else shift.max_share for shift in offered) < 1:
        return  # with the others left out this week, these shares would leave nobody at work
    for shift in (shift for shift in offered if shift.max_share is not None):
        share = Fraction(shift.max_share or 1.0).limit_denominator(1000)
        of_shift = sum(who for (number, _), who in model.people.items() if offer.bands[number].shift == shift)
        model.cp.add(share.denominator * of_shift <= share.numerator * everybody)


def _solve(model: _Model, offer: Offer, required: Ints, *, weight: int, effort: Effort) -> Found:
    """Minimise paid intervals plus the weighted shortfall; every interval may be short, so that there is a plan."""
    cost: list[cp_model.LinearExprT] = [
        _paid(offer.bands[number].shift, model.week) * len(pattern) * people
        for (number, pattern), people in model.people.items()
    ]
    for at in np.flatnonzero(required):
        short = model.cp.new_int_var(0, int(required[at]), "")
        model.cp.add(sum(model.present[at]) + short >= int(required[at]))
        cost.append(weight * short)
    model.cp.minimize(sum(cost))
    return search(model.cp, list(model.people.values()), effort)


def _read_starts(model: _Model, offer: Offer, found: Found) -> tuple[Start, ...]:
    """Who begins when, the first to begin taking the first breaks."""
    unassigned = {
        key: [time for time, variable in away.items() for _ in range(found.of(variable))]
        for key, away in model.away.items()
    }
    starts = []
    by_time = sorted(model.begins, key=lambda key: (key[1], model.week.since_midnight(key[1], key[2]), key[0]))
    for number, day, start in by_time:
        people = found.of(model.begins[number, day, start])
        if people:
            shift = offer.bands[number].shift
            began = model.week.since_midnight(day, start)
            breaks = []
            for place in range(len(shift.breaks)):
                line = unassigned[shift, day, place]
                breaks.append(tuple(time - began for time in line[:people]))
                del line[:people]
            starts.append(Start(number, shift, day, start, people, tuple(breaks)))
    return tuple(starts)


def _coverage(starts: Sequence[Start], week: Week) -> Ints:
    """(n,) people at work, from the counts of people who begin and break."""
    coverage = np.zeros(len(week), np.int64)
    for start in starts:
        whole = start.interval + np.arange(start.shift.length // week.interval)
        coverage[whole % len(week)] += start.people
        for one, options in zip(start.shift.breaks, start.breaks, strict=True):
            for after in options:
                away = start.interval + after + np.arange(one.length // week.interval)
                coverage[away % len(week)] -= 1
    return coverage
