"""Tools of the search for faults: history as a table of seasons, runs of values, and which runs are exceptional."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Mask

Values = NDArray[np.floating[Any]]

_DOUBT = 7.0
"""Nats added to the threshold: by chance alone, one panel in a thousand (e^-7) holds a false alarm."""
_UNLIKE = 3.0
"""Factor by which a fault's score must exceed that of what the series does every month."""
_MONTH = 4
"""Cycles: a run as extreme that occurs more than once in so many is the series' usual behaviour."""
_LONGEST = 2
"""Cycles that a fault can last; longer runs are a state of the series: out of season, retired, redefined."""


@dataclass(frozen=True)
class Grid:
    """Slot and cycle of each of the T columns of history."""

    slot: NDArray[np.int32]
    cycle: NDArray[np.int32]
    season: int

    @property
    def n_cycles(self) -> int:
        return int(self.cycle[-1]) + 1

    @property
    def cell(self) -> NDArray[np.int64]:
        """(T,) place of each column in a (cycles x season) table; the doubled hour of autumn shares one."""
        return self.cycle.astype(np.int64) * self.season + self.slot

    def table(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, cycles, season) of (N, T) values, zero where there is no column."""
        table = np.zeros((len(values), self.n_cycles * self.season), values.dtype)
        table[:, self.cell] = values
        return table.reshape(len(values), self.n_cycles, self.season)

    def columns(self, table: NDArray[Any]) -> NDArray[Any]:
        """(N, T) of an (N, cycles, season) table."""
        return table.reshape(len(table), -1)[:, self.cell]


@dataclass(frozen=True)
class Runs:
    """Runs of consecutive known values, each of one series."""

    row: NDArray[np.int64]
    first: NDArray[np.int64]
    """First and last column."""
    last: NDArray[np.int64]
    size: NDArray[np.int64]
    """Known values in the run."""
    at: NDArray[np.int64]
    """Flat places of the members of all runs, in order."""
    number: NDArray[np.int64]
    """The run of each of them."""

    def total(self, weight: Values) -> NDArray[np.float64]:
        """Sum over each run of an (N, T) weight."""
        return np.bincount(self.number, weight.ravel()[self.at], minlength=len(self.row)).astype(np.float64)

    def start(self, values: Values) -> Values:
        """First of (N, T) values in each run."""
        return values[self.row, self.first]

    def mark(self, chosen: Mask, shape: tuple[int, ...]) -> Mask:
        """(N, T) members of the chosen runs."""
        marked = np.zeros(shape, bool)
        marked.ravel()[self.at[chosen[self.number]]] = True
        return marked


def find_runs(member: Mask, known: Mask) -> Runs:
    """Maximal runs of members among the known values; unknown values between two members do not split a run.

    member, known: (N, T); every member is known.
    """
    width = member.shape[1]
    place = np.flatnonzero(member)
    row, column = np.divmod(place, width)
    starts = np.ones(len(place), bool)
    # rank of each member among the known values of the panel
    order = np.cumsum(known, dtype=np.int64)[place] if len(place) else place
    starts[1:] = (np.diff(order) > 1) | (row[1:] != row[:-1])
    first = np.flatnonzero(starts)
    size = np.diff(np.append(first, len(place)))
    return Runs(row[first], column[first], column[first + size - 1], size, place, np.cumsum(starts) - 1)


def exceptional(runs: Runs, score: NDArray[np.float64], *, threshold: float, n_cycles: int) -> Mask:
    """(runs,) which score above the threshold and far above what the same series does every month."""
    strong = np.flatnonzero(score > threshold / _UNLIKE)
    strong = strong[np.lexsort((-score[strong], runs.row[strong]))]
    owner = runs.row[strong]
    rank = np.arange(len(strong)) - np.searchsorted(owner, owner)
    monthly = strong[rank == monthly_rank(n_cycles) - 1]
    habit = np.zeros(int(runs.row.max(initial=0)) + 1)
    habit[runs.row[monthly]] = score[monthly]
    return (score > threshold) & (score > _UNLIKE * habit[runs.row])


def passes(runs: Runs, known: Mask, season: int) -> Mask:
    """(runs,) which are short enough for a fault.

    A run that lasts until the last known value may go on: after a season it counts as the new normal, so that a retired
    series is not forecast at its old level for longer.
    """
    last_known = known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    span = runs.last - runs.first + 1
    return np.where(runs.last < last_known[runs.row], span <= _LONGEST * season, span < season)


def chance_threshold(n_values: int) -> float:
    """Score in nats that none of `n_values` independent values exceeds by chance, except in one panel of a thousand."""
    return float(np.log(max(n_values, 1))) + _DOUBT


def monthly_rank(n_cycles: int) -> int:
    """Rank from the top of the value or run that shows what a series does every month."""
    return n_cycles // _MONTH + 1
