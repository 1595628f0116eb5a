"""Conformal calibration: intervals are widened or narrowed until they have their nominal coverage.

The distance of an interval's two ends from the median is multiplied by the factor with which it would have covered its
share of the actual values of held-back origins (normalised conformal prediction, interval by interval: Lei and others,
Distribution-Free Predictive Inference for Regression, 2018, section 5). Both ends have one factor: what tells them
apart on a few weeks is mostly that demand went up or down, and the forecast's mean must not follow that; it stays.

Factors are learned by group of series and days ahead. With little evidence they are shrunk toward those of the group,
these toward those of the stream, and these toward one.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import LEVELS, mean_of_quantiles
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
    """(groups, leads, 7) factors of the distance of each quantile from the median: one for both ends of an interval.

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
    error = y - quantiles[:, MEDIAN]
    logs = np.array(prior, dtype=np.float64)
    for place in range(MEDIAN):
        low, high = place, len(LEVELS) - 1 - place
        distance = np.where(error >= 0, quantiles[:, high], -quantiles[:, low])
        distance = distance - np.where(error >= 0, 1, -1) * quantiles[:, MEDIAN]
        judged = distance > THIN
        if not judged.any():
            continue
        ratio = np.abs(error)[judged] / distance[judged]
        found = np.log(np.clip(np.quantile(ratio, LEVELS[high] - LEVELS[low]), SMALLEST, LARGEST))
        logs[[low, high]] += share * (found - logs[[low, high]])
    return logs


def widen(quantiles: Floats, factors: Floats) -> Floats:
    """(..., 7) quantiles with each distance from the median times its factor, sorted, not negative, of the same mean.

    quantiles: sorted and not negative. Skewed ones are scaled as a whole to the mean that they had.
    """
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    moved = np.maximum(np.sort(median + (quantiles - median) * factors, axis=-1), 0.0)
    mean, reached = np.maximum(mean_of_quantiles(quantiles), 0.0), mean_of_quantiles(moved)
    scale = np.divide(mean, reached, out=np.ones_like(mean), where=reached > 0)
    widened: Floats = (moved * scale[..., None]).astype(quantiles.dtype)
    return widened
