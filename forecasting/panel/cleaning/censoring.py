"""Censored demand: restores demand that was measured only up to a limit, such as a link's capacity or busy lines.

A censored value is a lower bound. Planning needs the demand behind it (ITU-T E.501), because added capacity is filled
by what was suppressed before. Demand is taken to be lognormal around the level of its cycle and the usual shape of its
slot. A censored value is replaced by its mean, given that it is at least the bound: the regression of Tobin (Estimation
of Relationships for Limited Dependent Variables, Econometrica 26, 1958), fitted by expectation maximisation (Dempster,
Laird and Rubin, Journal of the Royal Statistical Society B 39, 1977).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from forecasting.numerics import MAD_TO_DEVIATION, Floats, Mask, inverse_mills
from forecasting.panel.calendar.runs import Grid, Values

MOST = 1.5
"""Largest factor by which demand is raised above its bound: more would be a guess that drives what is built."""
_CELLS = 250_000
"""Values that are processed together, as in the search for faults."""
_ROUNDS = 2
"""Of expectation maximisation: further ones change little compared with the uncertainty of a restored value."""
_SWEEPS = 3
"""Of alternating least squares for levels and shapes; of a complete history one is exact."""
_NEIGHBOURS = 8
"""Cycles on either side from which the drift of a slot's shape against the whole history is estimated."""
_FILLED = 0.1
"""Share of the slots that must be known for a cycle to have a level of its own."""
_CLIP = 2.5
"""Standard deviations at which residuals are clipped: holidays and surges are not part of the shape."""
_PRIOR = 8.0
"""Values that the spread of the whole series counts for beside that of a slot."""
_STEADIEST = 1e-3
"""Smallest standard deviation of the logarithm."""
_FARTHEST = 35.0
"""Standard deviations by which a bound may lie above what is expected; the mean beyond equals the bound long before."""


def restore_demand(
    y: NDArray[np.float32], censored: Mask, grid: Grid, *, special: Mask
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, T) demand with censored values restored, and (N, T) the amount added to each: its suppressed demand.

    y: (N, T), NaN where unknown; censored: (N, T) where y is a lower bound; special: (N, T) where the calendar makes
    the usual shape wrong, which is not learned from. A value is never lowered, and raised to `MOST` times itself at
    most. Uncensored values are kept, and so are all values of series with fewer uncensored values than a season has
    slots. The level of a cycle that is censored throughout is interpolated from its neighbours. A slot that is always
    censored is interpolated from the slots beside it; where these are lower, it is taken to be at its bound and raised
    by its scatter. Demand is assumed to be far from zero, as traffic is: counts of a few per slot are not lognormal and
    hardly change.
    """
    restored = y.copy()
    for rows in _chunks(censored):
        restored[rows] = _restore(y[rows], censored[rows], grid, special=special[rows])
    return restored, np.where(censored, restored - y, np.float32(0))


def _chunks(censored: Mask) -> Iterator[NDArray[np.intp]]:
    """Series with censored values, so many at a time that their tables are small."""
    rows = np.flatnonzero(censored.any(axis=1))
    size = max(_CELLS // max(censored.shape[1], 1), 1)
    return (rows[first : first + size] for first in range(0, len(rows), size))


def _restore(y: Values, censored: Mask, grid: Grid, *, special: Mask) -> Values:
    with np.errstate(divide="ignore"):
        log = np.log(y, dtype=np.float64)
    usual = np.isfinite(log) & ~special
    seen, bound = grid.table(usual & ~censored), grid.table(usual & censored)
    value = grid.table(np.where(usual, log, 0.0))
    expected = first = _expect(value, seen)
    spread = usual_spread = _spread(value - expected, seen)
    for _ in range(_ROUNDS):
        # mean and root mean square, about what is expected, of a normal value that is at least the bound
        distance = _distance(value, expected, spread)
        hazard = inverse_mills(distance)
        error = np.where(bound, np.minimum(spread * hazard, value - expected + np.log(MOST)), value - expected)
        size = spread * np.sqrt(1 + distance * hazard)
        expected = _expect(expected + np.clip(error, -_CLIP * spread, _CLIP * spread), seen | bound)
        spread = _spread(np.where(bound, size, value - expected), seen | bound)
    # of a slot that is always censored, with lower ones beside it, it is only known that demand was at its bound
    whole = np.asarray(seen.any(axis=1))
    blind = np.broadcast_to(~whole[:, None, :], seen.shape)
    unknown = grid.columns(blind & (first < value)) & np.isfinite(log)
    mean = np.where(unknown, log, grid.columns(expected))
    spread = np.where(unknown, grid.columns(usual_spread), grid.columns(spread))
    distance = _distance(log, mean, spread)
    with np.errstate(over="ignore", invalid="ignore"):
        # E[Y | Y >= c] of a lognormal: e^(m + s^2/2) Phi(s - a) / Phi(-a), a = (log c - m) / s
        beyond = np.exp(mean + spread**2 / 2 + log_ndtr(spread - distance) - log_ndtr(-distance))
    known = seen.sum(axis=(1, 2)) >= grid.season
    raised = censored & np.isfinite(log) & known[:, None] & (beyond > y)
    return np.where(raised, np.minimum(beyond, MOST * y), y).astype(np.float32)


def _distance(bound: Floats, expected: Floats, spread: Floats) -> Floats:
    """Standard deviations by which a bound lies above what is expected."""
    return np.minimum((bound - expected) / spread, _FARTHEST)


def _expect(value: Floats, known: Mask) -> Floats:
    """(n, cycles, season) level of the cycle plus shape of the slot, by least squares over the known values."""
    there = known.astype(np.float64)
    per_cycle, per_slot = there.sum(axis=2), there.sum(axis=1)
    value = value * there
    level, shape = np.zeros(per_cycle.shape), np.zeros(per_slot.shape)
    for _ in range(_SWEEPS):
        shape = value.sum(axis=1) - np.einsum("nc,ncs->ns", level, there)
        shape = _between(shape / np.maximum(per_slot, 1), per_slot > 0, around=True)
        level = value.sum(axis=2) - np.einsum("ns,ncs->nc", shape, there)
        level = _between(level / np.maximum(per_cycle, 1), per_cycle > _FILLED * known.shape[2])
    expected = level[:, :, None] + shape[:, None, :]
    drift, count = _around(value - expected * there), _around(there)
    return expected + drift / (count + 1)


def _around(table: Floats) -> Floats:
    """Sum of the same slot over the cycles around each one, with its own."""
    total = np.cumsum(np.pad(table, ((0, 0), (1, 0), (0, 0))), axis=1)
    centre = np.arange(table.shape[1])
    around: Floats = (
        total[:, np.minimum(centre + _NEIGHBOURS + 1, len(centre))] - total[:, np.maximum(centre - _NEIGHBOURS, 0)]
    )
    return around


def _spread(error: Floats, known: Mask) -> Floats:
    """(n, cycles, season) standard deviation around what is expected, by slot, shrunk toward that of the series.

    That of the series is estimated from the median absolute error, so that holidays do not widen it.
    """
    size = np.where(known, np.abs(error), np.inf)
    middle = np.take_along_axis(
        np.sort(size.reshape(len(known), -1), axis=1), known.sum(axis=(1, 2))[:, None] // 2, axis=1
    )
    whole = MAD_TO_DEVIATION * np.where(np.isfinite(middle), middle, 0.0)
    square = np.where(known, np.minimum(size, _CLIP * whole[:, :, None]), 0.0) ** 2
    slots = (square.sum(axis=1) + _PRIOR * whole**2) / (known.sum(axis=1) + _PRIOR)
    spread: Floats = np.broadcast_to(np.sqrt(slots).clip(_STEADIEST)[:, None, :], known.shape)
    return spread


def _between(values: Floats, known: Mask, *, around: bool = False) -> Floats:
    """(n, K) values with unknown ones interpolated linearly, and constant beyond the outermost known ones.

    around: places are cyclic, the last one is followed by the first.
    """
    width = values.shape[1]
    if around:
        values, known = np.tile(values, 3), np.tile(known, 3)
    place = np.arange(values.shape[1])
    before = np.maximum.accumulate(np.where(known, place, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, place, len(place))[:, ::-1], axis=1)[:, ::-1]
    left, right = np.where(before < 0, after, before), np.where(after == len(place), before, after)
    left, right = left.clip(0, len(place) - 1), right.clip(0, len(place) - 1)
    share = (place - left) / np.maximum(right - left, 1)
    low, high = np.take_along_axis(values, left, axis=1), np.take_along_axis(values, right, axis=1)
    filled: Floats = low + share.clip(0, 1) * (high - low)
    return filled[:, width : 2 * width] if around else filled
