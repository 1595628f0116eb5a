"""Quantile arithmetic: pinball loss, order, and the mean and the values of the distribution through seven quantiles."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from forecasting.numerics import Floats
from forecasting.terms import QUANTILES

LEVELS = np.asarray(QUANTILES)
LEVEL_SCORES = ndtri(LEVELS)
"""Normal scores of the levels."""


@dataclass(frozen=True)
class Tails:
    """Mean excess of values beyond the outermost quantiles, in normal scores.

    Scores are converted to values with the slope of the outermost segment. Excesses are exponentially distributed, as
    they are far out for most distributions (Balkema and de Haan, Residual Life Time at Great Age, 1974).
    """

    low: float
    """Below the lowest quantile."""
    high: float
    """Above the highest."""


def pinball(y: Floats, forecast: Floats, levels: Floats = LEVELS) -> Floats:
    """Pinball loss of each quantile, elementwise.

    y: (...); forecast: (..., Q) in the order of `levels`. Returns (..., Q), NaN where either is NaN (Koenker and
    Bassett, Regression Quantiles, 1978).
    """
    error = np.asarray(y)[..., None] - forecast
    return np.maximum(levels * error, (levels - 1) * error)


def sort_quantiles(forecast: Floats, *, lower: float | None = None) -> Floats:
    """Quantiles in non-decreasing order along the last axis, not below `lower`.

    Sorting never worsens the pinball loss (Chernozhukov, Fernandez-Val and Galichon, Quantile and Probability Curves
    without Crossing, 2010).
    """
    ordered = np.sort(forecast, axis=-1)
    return ordered if lower is None else np.maximum(ordered, lower)


def mean_of_quantiles(forecast: Floats, levels: Floats = LEVELS) -> Floats:
    """Mean of the piecewise linear distribution through the quantiles.

    forecast: (..., Q), sorted. Returns (...). Beyond the outermost levels the outermost segments go on with their
    slope, so that the mean of a right-skewed forecast lies above its median.
    """
    q = np.asarray(forecast)
    widths = np.diff(levels)
    inside = ((q[..., 1:] + q[..., :-1]) / 2 * widths).sum(axis=-1)
    low, high = levels[0], 1 - levels[-1]
    low_slope = (q[..., 1] - q[..., 0]) / widths[0]
    high_slope = (q[..., -1] - q[..., -2]) / widths[-1]
    tails = low * (q[..., 0] - low_slope * low / 2) + high * (q[..., -1] + high_slope * high / 2)
    mean: Floats = inside + tails
    return mean


def scores_at(forecast: Floats, count: int, tails: Tails | None = None) -> Floats:
    """(..., count) ascending values of the distribution through the quantiles, at probabilities (i + 1/2) / count.

    forecast: (..., Q) at `LEVELS`, sorted. Values are linear in the normal score of the probability, between the
    quantiles and, with the slope of the outermost segments, beyond them: exact for a normal distribution. tails: of the
    values beyond the quantiles, those of a normal distribution unless given.
    """
    probability, marks = (np.arange(count) + 0.5) / count, LEVEL_SCORES
    scores = ndtri(probability)
    if tails is not None:
        rarer, rare = LEVELS[0] / np.minimum(probability, LEVELS[0]), 1 - LEVELS[-1]
        scores = np.where(probability < LEVELS[0], marks[0] - tails.low * np.log(rarer), scores)
        above = marks[-1] + tails.high * np.log(rare / np.minimum(1 - probability, rare))
        scores = np.where(probability > LEVELS[-1], above, scores)
    segment = np.clip(np.searchsorted(marks, scores, side="right") - 1, 0, len(marks) - 2)
    share = ((scores - marks[segment]) / (marks[segment + 1] - marks[segment])).astype(forecast.dtype)
    low = forecast[..., segment]
    values: Floats = low + (forecast[..., segment + 1] - low) * share
    return values
