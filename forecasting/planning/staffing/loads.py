"""Load of a pool as equally likely paths, and the few points that stand for them."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.numerics import Floats, Ints
from forecasting.terms import QUANTILES

NODES = 20
"""Groups of paths with similar load over which the service of an interval is averaged."""
COUNTS = 9
"""Counts that stand for those of one path."""
_GOLDEN = (5**0.5 - 1) / 2


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


def call_quantiles(pool: PoolLoad, *, counts: bool) -> Floats:
    """(H, 7) quantiles of the calls of each interval at `QUANTILES`.

    counts: whether calls are single events: a rate of 30 gives 25 or 36, which paths of rates leave out. Each path then
    gives COUNTS counts, one from each part of equal probability, at places that differ from path to path by the golden
    ratio, so that no two paths repeat each other (Weyl's sequence). A count is that of the Poisson distribution by the
    first terms of Cornish and Fisher's expansion (Moments and Cumulants in the Specification of Distributions, 1937),
    whose skewness is one over the root of the rate; where less than one call is expected its term is less, and none
    where none is.
    """
    values = pool.calls
    if counts:
        steps, paths = values.shape
        within = ((np.arange(paths)[:, None] + 0.5) * _GOLDEN) % 1.0
        scores = ndtri((np.arange(COUNTS) + within) / COUNTS)
        rate = values[..., None]
        drawn = rate + np.sqrt(rate) * scores + (scores**2 - 1) / 6 * np.minimum(rate, 1.0)
        values = np.maximum(drawn, 0.0).reshape(steps, -1)
    return np.asarray(np.quantile(values, QUANTILES, axis=1).T)


@dataclass(frozen=True)
class LoadNodes:
    """(H, K) points that replace the paths of each interval: by ascending load, of equal weight."""

    calls: Floats
    load: Floats
    handle: Floats


def usual_handles(pool: PoolLoad, *, interval: float) -> Floats:
    """(H, S) handle times of a pool's paths, none beyond those of its nodes. interval: seconds.

    Tables of service reach as far as the handle times of all pools; what is beyond a pool's own must not depend on it.
    """
    usual = gather_nodes(pool, interval=interval).handle
    return np.clip(pool.handle, usual.min(), usual.max())


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
