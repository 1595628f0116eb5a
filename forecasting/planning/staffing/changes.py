"""What a scenario changes: sums of whole paths in both plans, the same path in each, so that luck cancels."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.numerics import Floats, Floats64, Ints
from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.staffing.loads import PoolLoad, usual_handles
from forecasting.planning.staffing.periods import HOUR


@dataclass(frozen=True)
class PathSums:
    """Sums of P periods on S paths."""

    calls: Floats64
    work: Floats64
    """Hours."""
    served: Floats64
    """Calls that are answered in time."""

    def __add__(self, other: "PathSums") -> "PathSums":
        return PathSums(self.calls + other.calls, self.work + other.work, self.served + other.served)

    @property
    def service_level(self) -> Floats64:
        """Share of all offered calls that is answered in time; 1 where nobody calls."""
        return np.where(self.calls > 0, self.served / np.maximum(self.calls, 1e-12), 1.0)

    def total(self) -> "PathSums":
        """All periods as one."""
        return PathSums(*(one.sum(axis=0, keepdims=True) for one in (self.calls, self.work, self.served)))


def sum_paths(pool: PoolLoad, agents: Ints, table: ServiceTable, *, place: Ints, periods: int) -> PathSums:
    """Sums of a pool whose agents are known. agents: (H,); place: (H,) period of each interval, -1 for none."""
    service = table.service
    handle = usual_handles(pool, interval=service.interval)
    within = table.served_within(pool.work / service.interval, agents[:, None], handle)
    held = place >= 0

    def summed(values: Floats) -> Floats64:
        found = np.zeros((periods, values.shape[1]))
        np.add.at(found, place[held], values[held].astype(np.float64))
        return found

    return PathSums(summed(pool.calls), summed(pool.work) / HOUR, summed(pool.calls * within))


def nothing(like: PathSums) -> PathSums:
    """Sums of a pool that is not there."""
    zeros = np.zeros_like(like.calls)
    return PathSums(zeros, zeros, zeros)


def grow(pool: PoolLoad, name: str, share: Floats64, *, since: np.datetime64) -> PoolLoad:
    """A pool whose calls are shares of another's, path by path, from an instant on.

    share: (H,) of the other pool's calls.
    """
    scaled = replace(
        pool,
        pool_id=name,
        calls=pool.calls * share[:, None],
        work=pool.work * share[:, None],
        median_calls=pool.median_calls * share,
    )
    return scaled.only(pool.ts >= since)
