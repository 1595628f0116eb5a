"""Conformal calibration: quantiles are widened or narrowed until they have their nominal coverage.

The distance of each quantile from the median is multiplied by the factor with which it would have covered its share of
the actual values of held-back origins (normalised conformal prediction, level by level: Lei and others,
Distribution-Free Predictive Inference for Regression, 2018, section 5). Factors are learned by group of series and days
ahead. With little evidence they are shrunk toward those of the group, these toward those of the stream, and these
toward one.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import LEVELS
from forecasting.terms import MEDIAN

EVIDENCE = 100.0
"""Series-days at which a factor of its own weighs as much as that of the larger set of rows."""
DAY_SERIES = 10
"""Series of a stream whose errors of one day count as independent; more are no further evidence."""
SMALLEST, LARGEST = 0.4, 2.5
"""Limits of a factor: beyond them a forecast is broken, not badly calibrated."""
THIN = 1e-3
"""Distances from the median below this give no factor: counts near zero."""


def learn_factors(
    y: Floats, quantiles: Floats, *, group: Ints, lead: Ints, series: Ints, day: Ints, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """(groups, leads, 7) factors of the distance of each quantile from the median; that of the median is 1.

    y: (R,) actual values, in a unit that makes series comparable; quantiles: (R, 7) in the same unit, as forecast
    before y was known; group, lead, series, day: (R,) numbers from 0; shape: (groups, leads).
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
    """(7,) logarithms of the factors of some rows, shrunk toward the prior the more the less evidence there is."""
    # errors within a day are dependent, and so are, less, those of the series of a stream
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
    """(..., 7) quantiles with each distance from the median times its factor, sorted and not negative."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    moved = median + (quantiles - median) * factors
    widened: Floats = np.maximum(np.sort(moved, axis=-1), 0.0).astype(quantiles.dtype)
    return widened
