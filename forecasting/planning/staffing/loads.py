"""Load of a pool as equally likely paths, and the few points that stand for them."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints

NODES = 20
"""Groups of paths with similar load over which the service of an interval is averaged."""


@dataclass(frozen=True)
class PoolLoad:
    """Load of a pool: H open intervals on S equally likely paths, without sampling noise of single calls."""

    pool_id: str
    ts: NDArray[np.datetime64]
    """(H,) UTC starts, ascending."""
    day: Ints
    """(H,) number of each interval's local day, ascending."""
    calls: Floats
    """(H, S) expected calls of each interval."""
    work: Floats
    """(H, S) expected seconds of handling that they bring."""
    median_calls: Floats
    """(H,) sum of the series' median forecasts."""
    usual_handle: Floats
    """(H,) their mean handle times, by these calls."""

    @property
    def handle(self) -> Floats:
        """(H, S) mean seconds a call; the interval's own mean where a path has no calls."""
        usual = self.work.sum(axis=1, keepdims=True) / np.maximum(self.calls.sum(axis=1, keepdims=True), 1e-12)
        usual = np.where(usual > 0, usual, self.usual_handle[:, None])
        return np.where(self.calls > 1e-9, self.work / np.maximum(self.calls, 1e-9), usual)

    def only(self, kept: NDArray[np.bool_]) -> "PoolLoad":
        """Some of the intervals. kept: (H,)."""
        rows = {field.name: getattr(self, field.name)[kept] for field in fields(self) if field.name != "pool_id"}
        return PoolLoad(self.pool_id, **rows)


@dataclass(frozen=True)
class LoadNodes:
    """(H, K) points that replace the paths of each interval: by ascending load, of equal weight."""

    calls: Floats
    load: Floats
    handle: Floats


def gather_nodes(pool: PoolLoad, *, interval: float, count: int = NODES) -> LoadNodes:
    """Groups of paths of like load, each by its mean. interval: seconds."""
    load = pool.work / interval
    order = np.argsort(load, axis=1, kind="stable")
    parts = np.array_split(order, min(count, load.shape[1]), axis=1)

    def means(values: Floats) -> Floats:
        return np.stack([np.take_along_axis(values, part, axis=1).mean(axis=1) for part in parts], axis=1)

    calls, work = means(pool.calls), means(pool.work)
    usual = pool.handle.mean(axis=1, keepdims=True)
    return LoadNodes(calls, work / interval, np.where(calls > 1e-9, work / np.maximum(calls, 1e-9), usual))
