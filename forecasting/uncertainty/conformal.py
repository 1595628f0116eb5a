"""Conformal calibration: how much wider or narrower the quantiles must be to hold what they promise.

Each quantile is moved along its distance from the median by a factor, the one with which it would have held its share
of what happened on held-back origins (as normalised conformal prediction does; Lei et al., 2018, level by level).
Factors are learned by group of series and days ahead and, with little evidence, stay near those of the next larger
whole; the whole stream's stay near one.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import LEVELS
from forecasting.terms import MEDIAN

EVIDENCE = 100.0
"""Series-days that weigh as much as what the larger whole says."""
DAY_SERIES = 10
"""Series of a stream that surprise independently on one day; more are no further evidence."""
SMALLEST, LARGEST = 0.4, 2.5
"""Factors beyond these say that a forecast is broken, not that it is badly calibrated."""
THIN = 1e-3
"""A distance from the median below this cannot be judged: counts near zero."""


def learn_factors(
    y: Floats, quantiles: Floats, *, group: Ints, lead: Ints, series: Ints, day: Ints, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Factors (groups, leads, 7) of the distance of each quantile from the median; that of the median is 1.

    y: (R,) in any unit that makes series alike; quantiles: (R, 7) in the same, as forecast before y was known. group,
    lead, series, day: (R,) numbers. shape: (groups, leads).
    """
    factors = np.ones((*shape, len(LEVELS)))
    if not len(y):
        return factors
    days = np.stack([series, day])
    stream = _shrunk_logs(np.zeros(len(LEVELS)), y, quantiles, days)
    logs = np.broadcast_to(stream, factors.shape).copy()
    for number in np.unique(group):
        own = group == number
        near = _shrunk_logs(stream, y[own], quantiles[own], days[:, own])
        logs[number] = near
        for cell in np.unique(lead[own]):
            some = own & (lead == cell)
            logs[number, cell] = _shrunk_logs(near, y[some], quantiles[some], days[:, some])
    factors[:] = np.exp(logs)
    return factors


def _shrunk_logs(prior: Floats, y: Floats, quantiles: Floats, days: Ints) -> NDArray[np.float64]:
    """Logarithms of the factors of some rows, drawn toward the prior as far as evidence is thin."""
    # the hours of a day err together, and so do, less, the series of a stream
    count = min(np.unique(days, axis=1).shape[1], DAY_SERIES * len(np.unique(days[1])))
    share = count / (count + EVIDENCE)
    median = quantiles[:, MEDIAN]
    logs = np.array(prior, dtype=np.float64)
    for place, level in enumerate(LEVELS):
        if place == MEDIAN:
            continue
        distance = quantiles[:, place] - median
        judged = np.abs(distance) > THIN
        if not judged.any():
            continue
        ratio = (y - median)[judged] / distance[judged]
        inside = level if place > MEDIAN else 1 - level
        found = np.log(np.clip(np.quantile(ratio, inside), SMALLEST, LARGEST))
        logs[place] += share * (found - logs[place])
    return logs


def widen(quantiles: Floats, factors: Floats) -> Floats:
    """Quantiles (..., 7) with every distance from the median times its factor (..., 7), sorted and not negative."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    moved = median + (quantiles - median) * factors
    widened: Floats = np.maximum(np.sort(moved, axis=-1), 0.0).astype(quantiles.dtype)
    return widened
