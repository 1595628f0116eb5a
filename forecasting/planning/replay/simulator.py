"""Calls replayed one by one against staff: the truth that formulas of queues are checked by.

Nothing here is random and nothing is assumed of arrivals, handle times or patience: the same calls and staff always
give the same replay (`sampling` draws calls where there are no real ones). The rules:

- A call goes at once to a free agent of the least flexible group (fewest skills, then the first named) that serves it.
  If there is none it waits, and hangs up as soon as it has waited longer than its patience.
- A freed agent takes, among the waiting calls of the skills it holds, the one of lowest priority number and of these
  the one that waits longest.
- A group takes a call whenever fewer of it are busy than are on the phones. So when staff rises, waiting calls are
  taken at once, least flexible groups first; when it falls, free agents go first, busy ones finish their call and go.
- Nobody is on the phones before the first bound: early callers wait. The last bound closes the lines: who still waits
  is cut off then, and who calls later is turned away. Both count as calls that were not answered.
- At one and the same instant staff changes first, then calls end, then calls arrive.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from heapq import heappop, heappush
from itertools import pairwise
from math import inf, nan
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import SettingsError
from forecasting.numerics import Floats64, Ints
from forecasting.planning.queues.checks import require

Names = NDArray[np.str_]


@dataclass(frozen=True)
class Calls:
    """(N,) calls in order of arrival.

    at: seconds since some start; handle: seconds that an agent spends on the call; patience: seconds after which the
    caller hangs up (inf: never; 0: at once when nobody is free); priority: whole numbers, the lowest is taken first
    (None: all alike); skill: the name of what an agent must hold (None where everybody serves every call).
    """

    at: Floats64
    handle: Floats64
    patience: Floats64
    priority: Ints | None = None
    skill: Names | None = None

    def __post_init__(self) -> None:
        require("arrivals", self.at, np.isfinite(self.at), "finite seconds")
        require("handle times", self.handle, np.isfinite(self.handle) & (self.handle >= 0), "finite seconds >= 0")
        require("patience", self.patience, self.patience >= 0, "seconds >= 0")
        require("arrivals", self.at, np.diff(self.at, prepend=-inf) >= 0, "the order of time")
        for field in fields(self):
            column = getattr(self, field.name)
            if column is not None and column.shape != self.at.shape:
                raise SettingsError(f"calls: expected {len(self.at)} of {field.name}, found shape {column.shape}")
        if self.priority is not None and not np.issubdtype(self.priority.dtype, np.integer):
            raise SettingsError(f"calls: expected whole numbers as priority, found {self.priority.dtype}")


@dataclass(frozen=True)
class Staff:
    """People on the phones as a step function of time.

    bounds: (T + 1,) finite, ascending seconds on the clock of the calls, the edges of T intervals. agents: (G, T)
    people of each group on the phones from one bound to the next, or (T,) of a single group. skills: what each group
    serves (None: everybody serves every call).
    """

    bounds: Floats64
    agents: Ints
    skills: tuple[Collection[str], ...] | None = None

    def __post_init__(self) -> None:
        require("bounds of staff", self.bounds, np.isfinite(self.bounds), "finite seconds")
        require("bounds of staff", self.bounds, np.diff(self.bounds, prepend=-inf) > 0, "ascending seconds")
        agents = np.atleast_2d(self.agents)
        if len(self.bounds) < 2 or agents.shape[1:] != (len(self.bounds) - 1,):
            raise SettingsError(
                f"staff: expected agents of every interval between {len(self.bounds)} bounds, "
                f"found shape {np.shape(self.agents)}"
            )
        require("agents", agents, (agents >= 0) & (agents == np.floor(agents)), "whole numbers >= 0")
        if self.skills is not None and len(self.skills) != len(agents):
            raise SettingsError(f"staff: expected the skills of {len(agents)} groups, found {len(self.skills)}")
        object.__setattr__(self, "agents", agents.astype(np.int64))


@dataclass(frozen=True)
class Replay:
    """(N,) what became of each call, in order of arrival.

    wait: seconds until it was answered or given up; answered; end: the instant at which the talk ended or the caller
    gave up; group: number of the group that answered, -1 for none.
    """

    at: Floats64
    wait: Floats64
    answered: NDArray[np.bool_]
    end: Floats64
    group: Ints

    def only(self, some: NDArray[np.bool_]) -> Self:
        """What became of some of the calls (a mask), say those of one skill."""
        return type(self)(**{field.name: getattr(self, field.name)[some] for field in fields(self)})


def replay(calls: Calls, staff: Staff) -> Replay:
    """What became of each call, by the rules at the top of this file.

    Raises SettingsError where a call needs a skill that no group holds. Time and memory grow with calls only (times the
    logarithm of those in the system), whatever the length of the intervals.
    """
    skill, held = _number_skills(calls, staff)
    give_up = calls.at + calls.patience
    start, group = _serve(calls, staff, give_up=give_up, skill=skill, held=held)
    answered = group >= 0
    cut_off = np.minimum(give_up, np.maximum(calls.at, staff.bounds[-1]))
    wait = np.where(answered, start, cut_off) - calls.at
    return Replay(calls.at, wait, answered, np.where(answered, start + calls.handle, cut_off), group)


def _number_skills(calls: Calls, staff: Staff) -> tuple[Ints, list[list[int]]]:
    """The number of each call's skill, and the numbers of the skills of each group."""
    if staff.skills is None:
        return np.zeros(len(calls.at), np.int64), [[0] for _ in staff.agents]
    if calls.skill is None:
        raise SettingsError("calls: expected the skill of each, because the staff's groups serve some skills only")
    names = sorted(set().union(*staff.skills))
    unheld = ~np.isin(calls.skill, np.array(names, dtype=np.str_))
    if unheld.any():
        raise SettingsError(
            f"calls: no group holds skill {str(calls.skill[unheld][0])!r}, which {unheld.sum()} calls need; "
            f"groups hold {', '.join(names) or 'none'}"
        )
    return np.searchsorted(names, calls.skill), [sorted(map(names.index, own)) for own in staff.skills]


def _queue_order(calls: Calls) -> tuple[list[int], list[int]]:
    """Calls by priority, then arrival; and the place of each call in that order."""
    count = len(calls.at)
    if calls.priority is None:
        return list(range(count)), list(range(count))
    order = np.argsort(calls.priority, kind="stable")
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    return order.tolist(), place.tolist()


def _serve(
    calls: Calls, staff: Staff, *, give_up: Floats64, skill: Ints, held: list[list[int]]
) -> tuple[Floats64, Ints]:
    """Start (NaN: never) and group (-1: none) of each call. held: numbers of the skills of each group."""
    # plain lists: reading one element of an array costs more than a step of the heap
    arrivals, handle, leaves, kinds = [*calls.at.tolist(), inf], calls.handle.tolist(), give_up.tolist(), skill.tolist()
    order, place = _queue_order(calls)
    starts, answers = [nan] * len(order), [-1] * len(order)
    groups = sorted(range(len(held)), key=lambda group: len(held[group]))
    waiting: list[list[int]] = [[] for _ in range(1 + max((number for own in held for number in own), default=0))]
    sources = [[waiting[number] for number in own] for own in held]
    routes = [[group for group in groups if number in held[group]] for number in range(len(waiting))]
    free, ends = [0] * len(held), [(inf, -1)]

    def begin(call: int, group: int, now: float) -> None:
        free[group] -= 1
        starts[call], answers[call] = now, group
        heappush(ends, (now + handle[call], group))

    def take_waiting(group: int, now: float) -> None:
        while free[group] > 0:
            first, source = len(order), None
            for queue in sources[group]:
                while queue and leaves[order[queue[0]]] < now:
                    heappop(queue)
                if queue and queue[0] < first:
                    first, source = queue[0], queue
            if source is None:
                return
            begin(order[heappop(source)], group, now)

    def take_or_queue(call: int, now: float) -> None:
        for group in routes[kinds[call]]:
            if free[group] > 0:
                begin(call, group, now)
                return
        heappush(waiting[kinds[call]], place[call])

    call = 0
    changes = np.diff(staff.agents, axis=1, prepend=0).T.tolist()
    for (now, until), change in zip(pairwise([-inf, *staff.bounds.tolist()]), [[0] * len(held), *changes], strict=True):
        for group in groups:
            free[group] += change[group]
            take_waiting(group, now)
        while min(arrivals[call], ends[0][0]) < until:
            if ends[0][0] <= arrivals[call]:
                ended, group = heappop(ends)
                free[group] += 1
                take_waiting(group, ended)
            else:
                take_or_queue(call, arrivals[call])
                call += 1
    return np.array(starts, dtype=np.float64), np.array(answers, dtype=np.int64)
