"""Service of numbers of agents at loads as tables, so that millions of evaluations are look-ups.

Service, and its variance within an interval, are smooth in the load on the scale of square-root staffing, in the handle
time and, for large numbers, in the agents: they are computed once on a grid of the three and interpolated.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forecasting.numerics import Floats, Ints
from forecasting.planning.queues.attainment import interval_service, reached
from forecasting.planning.queues.erlang import served_within

LOADS, LEAST, MOST = 97, -6.0, 10.0
"""Grid of loads: square-root staffing's own scale, (load - agents) / sqrt(agents), between these."""
HANDLE_PACE = 1.35
"""Ratio of neighbours on the grid of handle times."""
SINGLE, PACE = 40, 1.025
"""Numbers of agents up to the first are computed each by itself, then in steps of this ratio."""


@dataclass(frozen=True)
class Service:
    """The target and what it depends on, common to all intervals that are planned together."""

    share: float
    within: float
    """Seconds."""
    patience: float
    """Mean seconds; inf for Erlang C."""
    interval: float
    """Seconds."""


class ServiceTable:
    """Service of agents at loads, for handle times of a known range."""

    def __init__(self, service: Service, *, shortest: float, longest: float) -> None:
        """shortest, longest: mean handle times in seconds that the table covers; others are clipped to them."""
        self.service = service
        # without giving up, a queue with no more agents than load grows without end, and serves nobody in time
        self._most = 0.0 if np.isinf(service.patience) else MOST
        # near that point service falls ever steeper as teams grow, and the grid gets finer
        self._power = 2.0 if np.isinf(service.patience) else 1.0
        self._handles = _handle_grid(shortest, longest)
        self._knots = np.arange(SINGLE + 1)
        self._place = np.full(SINGLE + 1, -1, dtype=np.int64)
        self._tables = np.zeros((3, 0, LOADS, len(self._handles)))

    def served_within(self, load: Floats, agents: Ints, handle: Floats) -> Floats:
        """Expected share of all offered calls that is answered in time; the three broadcast."""
        return self._look(0, load, agents, handle)

    def variance(self, load: Floats, agents: Ints, handle: Floats) -> Floats:
        """Variance of that share within one interval."""
        return self._look(1, load, agents, handle)

    def met(self, load: Floats, agents: Ints, handle: Floats) -> Floats:
        """Probability that the target is met in the interval."""
        return self._look(2, load, agents, handle)

    def _look(self, layer: int, load: Floats, agents: Ints, handle: Floats) -> Floats:
        people = np.maximum(agents, 1)
        knot, nearer = self._between(people)
        lowest = np.maximum(LEAST, -np.sqrt(people))
        scale = np.clip((load - people) / np.sqrt(people), lowest, self._most)
        left_over = np.maximum((self._most - scale) / (self._most - lowest), 0.0)
        across = (1 - left_over ** (1 / self._power)) * (LOADS - 1)
        left = np.minimum(across.astype(np.int64), LOADS - 2)
        at_load = _Step(left, left + 1, across - left)
        near, far = self._place[knot], self._place[np.minimum(knot + 1, len(self._knots) - 1)]
        at_handle = self._at_handle(handle)
        table = self._tables[layer]
        found = _mix(table, near, at_load, at_handle)
        between = nearer > 0
        if between.any():
            found = found * (1 - nearer) + _mix(table, np.where(between, far, near), at_load, at_handle) * nearer
        # nobody at work serves nobody; where nobody calls everybody is served
        nothing = 1.0 if layer != 1 else 0.0
        answer: Floats = np.where(load > 0, np.where(agents > 0, found, 0.0), nothing)
        return answer

    def _at_handle(self, handle: Floats) -> "_Step":
        if len(self._handles) == 1:
            nowhere = np.zeros(np.shape(handle), np.int64)
            return _Step(nowhere, nowhere, np.zeros(np.shape(handle)))
        power = np.log(np.clip(handle, self._handles[0], self._handles[-1])) / np.log(HANDLE_PACE)
        first = round(np.log(self._handles[0]) / np.log(HANDLE_PACE))
        low = np.clip(np.floor(power).astype(np.int64) - first, 0, len(self._handles) - 2)
        return _Step(low, low + 1, power - (low + first))

    def _between(self, people: Ints) -> tuple[Ints, Floats]:
        """The knot at or below each number of agents, and how far that is on the way to the next.

        Computes the tables of both knots where they were not used before.
        """
        while self._knots[-1] < people.max():
            further = max(int(self._knots[-1] * PACE), int(self._knots[-1]) + 1)
            self._knots, self._place = np.append(self._knots, further), np.append(self._place, -1)
        knot = np.searchsorted(self._knots, people, side="right") - 1
        after = self._knots[np.minimum(knot + 1, len(self._knots) - 1)]
        nearer = np.where(
            after > self._knots[knot], (people - self._knots[knot]) / np.maximum(after - self._knots[knot], 1), 0.0
        )
        used = np.unique(knot)
        self._learn(
            np.unique(np.concatenate([used, np.minimum(np.unique(knot[nearer > 0]) + 1, len(self._knots) - 1)]))
        )
        return knot, nearer

    def _learn(self, knots: Ints) -> None:
        """Compute the tables of knots that were not used before."""
        new = knots[self._place[knots] < 0]
        if not len(new):
            return
        people = self._knots[new][:, None, None].astype(np.float64)
        lowest = np.maximum(LEAST, -np.sqrt(people))
        left_over = (1 - np.linspace(0.0, 1.0, LOADS)[:, None]) ** self._power
        scale = self._most - (self._most - lowest) * left_over
        load = np.maximum(people + scale * np.sqrt(people), 0.0)
        handle = self._handles[None, None]
        one = self.service
        mean = served_within(load, people, handle=handle, within=one.within, patience=one.patience)
        _, variance = interval_service(
            load, people, handle=handle, within=one.within, patience=one.patience, interval=one.interval
        )
        met = np.where(load > 0, reached(mean, variance, one.share), 1.0)
        self._place[new] = self._tables.shape[1] + np.arange(len(new))
        self._tables = np.concatenate([self._tables, np.stack([mean, variance, met])], axis=1)


def _handle_grid(shortest: float, longest: float) -> Floats:
    """One handle time, or powers of the pace, so that no answer depends on the range that is asked for."""
    if shortest == longest:
        return np.array([shortest])
    pace = np.log(HANDLE_PACE)
    first, last = np.floor(np.log(shortest) / pace), np.ceil(np.log(longest) / pace)
    grid: Floats = np.exp(pace * np.arange(first, last + 1))
    return grid


class _Step(NamedTuple):
    """Neighbours on a grid, and how far from the first to the second."""

    low: Ints
    high: Ints
    share: Floats


def _mix(table: Floats, place: Ints, load: _Step, handle: _Step) -> Floats:
    """Values between the four corners around a load and a handle time."""
    near = table[place, load.low, handle.low] * (1 - load.share) + table[place, load.high, handle.low] * load.share
    far = table[place, load.low, handle.high] * (1 - load.share) + table[place, load.high, handle.high] * load.share
    mixed: Floats = near * (1 - handle.share) + far * handle.share
    return mixed
