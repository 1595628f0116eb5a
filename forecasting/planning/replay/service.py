"""What calls met in a replay: service level, waits, abandonment and occupancy by interval."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats64, Ints
from forecasting.planning.replay.simulator import Replay, Staff


@dataclass(frozen=True)
class ServiceTotals:
    """(T,) sums by interval, which add up over intervals and days; their ratios are properties.

    Of calls that arrived in the interval: calls, served (answered within the threshold), lost (never answered), waited
    (seconds, of all calls). Of the interval itself: busy and staffed seconds of agents.
    """

    calls: Ints
    served: Ints
    lost: Ints
    waited: Floats64
    busy: Floats64
    staffed: Floats64

    @property
    def served_within(self) -> Floats64:
        """Service level: share of all offered calls that were answered within the threshold; 1 where nobody called."""
        return _ratio(self.served, self.calls, empty=1.0)

    @property
    def abandoned(self) -> Floats64:
        """Share of all offered calls that were never answered; 0 where nobody called."""
        return _ratio(self.lost, self.calls, empty=0.0)

    @property
    def mean_wait(self) -> Floats64:
        """Mean seconds in the queue of all offered calls; 0 where nobody called."""
        return _ratio(self.waited, self.calls, empty=0.0)

    @property
    def occupancy(self) -> Floats64:
        """Busy over staffed seconds; above 1 where agents had to finish calls past their time, 0 without staff."""
        return _ratio(self.busy, self.staffed, empty=0.0)

    def total(self) -> Self:
        """The sums of all intervals as one, arrays of shape (1,)."""
        return type(self)(**{field.name: getattr(self, field.name).sum(keepdims=True) for field in fields(self)})


def summarise(replayed: Replay, staff: Staff, *, within: float, edges: Floats64 | None = None) -> ServiceTotals:
    """Sums by interval between edges (T + 1 ascending seconds; those of the staff by default).

    A call belongs to the interval in which it arrived, calls outside of all to none. within: seconds, inclusive. Busy
    seconds belong to the interval in which they were worked; of `Replay.only` some calls they are those of these calls.
    """
    edges = staff.bounds if edges is None else edges
    inside = (replayed.at >= edges[0]) & (replayed.at < edges[-1])
    place = np.searchsorted(edges, replayed.at[inside], side="right") - 1

    def total(values: NDArray[Any]) -> Floats64:
        return np.bincount(place, weights=values[inside], minlength=len(edges) - 1).astype(np.float64)

    answered = replayed.only(replayed.answered)
    worked = _elapsed(answered.at + answered.wait, edges) - _elapsed(answered.end, edges)
    hours = np.cumsum(staff.agents.sum(axis=0) * np.diff(staff.bounds))
    return ServiceTotals(
        calls=np.bincount(place, minlength=len(edges) - 1),
        served=total(replayed.answered & (replayed.wait <= within)).astype(np.int64),
        lost=total(~replayed.answered).astype(np.int64),
        waited=total(replayed.wait),
        busy=np.maximum(np.diff(worked), 0.0),
        staffed=np.diff(np.interp(edges, staff.bounds, np.concatenate([[0.0], hours]))),
    )


def _elapsed(moments: Floats64, edges: Floats64) -> Floats64:
    """Seconds from all moments on until each edge, summed over the moments before it."""
    ordered = np.sort(moments)
    before = np.searchsorted(ordered, edges)
    totals = np.concatenate([[0.0], np.cumsum(ordered - edges[0])])
    elapsed: Floats64 = before * (edges - edges[0]) - totals[before]
    return elapsed


def _ratio(part: NDArray[Any], whole: NDArray[Any], *, empty: float) -> Floats64:
    ratio: Floats64 = np.divide(part, whole, out=np.full(whole.shape, empty), where=whole > 0)
    return ratio
