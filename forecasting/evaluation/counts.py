"""Scores particular to counts: the error that no forecast avoids, and coverage of discrete distributions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import pdtr

from forecasting.numerics import Floats, log_poisson
from forecasting.quantiles import LEVELS

POISSON_UP_TO = 100.0
"""Largest mean tested for a Poisson distribution; above, levels lie so far apart that the shape between them is
irrelevant."""

_EDGES = np.concatenate([[0.0], LEVELS, [1.0]])


def poisson_deviation(rate: ArrayLike) -> Floats:
    """Mean absolute deviation of Poisson counts from their median: the least expected absolute error of any forecast.

    rate: mean counts, >= 0. About the mean m the deviation is 2 m P(X = floor m) (De Moivre; Diaconis and Zabell,
    Closed Form Summation for Classical Distributions, 1991). E|X - c| is linear in c between whole numbers, and the
    median is floor m or the number after it (Choi, On the Medians of Gamma Distributions, 1994). Divided by the rate it
    is the least possible WAPE.
    """
    mean = np.atleast_1d(np.asarray(rate, np.float64))
    floor = np.floor(mean)
    slope = 2 * pdtr(floor, mean) - 1
    around_mean = 2 * mean * np.exp(log_poisson(floor, np.maximum(mean, np.finfo(np.float64).tiny)))
    least: Floats = around_mean - np.maximum((mean - floor) * slope, (mean - floor - 1) * slope)
    return least.reshape(np.shape(rate))


def count_pit(y: Floats, quantiles: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """The interval [F(y - 1), F(y)] over which the randomised PIT of a count is uniform.

    y: (R,) whole numbers >= 0; quantiles: (R, 7), sorted; mean: (R,). Returns two (R,) arrays, low <= high (Czado,
    Gneiting and Held, Predictive Model Assessment for Count Data, 2009). Quantiles of counts are counts, so quantiles
    are rounded: quantile k at level t means F(k - 1) < t <= F(k). F is the Poisson distribution of the forecast mean
    where it meets the conditions of all seven levels. Elsewhere the mass between two levels is spread evenly over the
    counts between them, and tails decay geometrically at the rate between q05 and q25, q75 and q95.
    """
    rounded = np.rint(np.asarray(quantiles, np.float64))
    rate = np.asarray(mean, np.float64)
    low, high = _between_levels(y - 1, rounded), _between_levels(y, rounded)
    rows = np.flatnonzero(_is_poisson(rounded, rate))
    low[rows], high[rows] = _poisson_up_to(y[rows] - 1, rate[rows]), _poisson_up_to(y[rows], rate[rows])
    return low, high


def share_inside(low: Floats, high: Floats, *, coverage: float) -> Floats:
    """Share of [low, high] inside the central interval of probability `coverage`, elementwise; 0 or 1 for a point.

    Its mean over intervals of `count_pit` is the coverage of a forecast of counts without drawing random numbers.
    """
    edge = (1 - coverage) / 2
    width = high - low
    inside = np.maximum(np.minimum(high, 1 - edge) - np.maximum(low, edge), 0)
    whole = ((low >= edge) & (high <= 1 - edge)).astype(np.float64)
    share: Floats = np.divide(inside, width, out=whole, where=width > 0)
    return share


def _is_poisson(rounded: Floats, mean: Floats) -> NDArray[np.bool_]:
    """(R,) whether the seven quantiles (R, 7) are those of a Poisson distribution with this mean."""
    rows = np.flatnonzero((mean > 0) & (mean <= POISSON_UP_TO))
    for level, quantile in zip(LEVELS, rounded.T, strict=True):
        rate, count = mean[rows], quantile[rows]
        rows = rows[(_poisson_up_to(count, rate) >= level) & (_poisson_up_to(count - 1, rate) < level)]
    found = np.zeros(len(mean), bool)
    found[rows] = True
    return found


def _poisson_up_to(count: Floats, mean: Floats) -> Floats:
    return np.where(count >= 0, pdtr(np.maximum(count, 0), mean), 0.0)


def _between_levels(count: Floats, rounded: Floats) -> Floats:
    """F(count) from quantiles alone, strictly between the published levels that bound it; 0 below a count of 0."""
    passed = (rounded <= count[:, None]).sum(axis=1)
    below, above = (
        np.take_along_axis(rounded, np.clip(place, 0, 6)[:, None], axis=1)[:, 0] for place in (passed - 1, passed)
    )
    share = (count - below + 0.5) / np.maximum(above - below, 1)
    inner = _EDGES[passed] + (_EDGES[np.minimum(passed + 1, 8)] - _EDGES[passed]) * share
    pace = LEVELS[2] / LEVELS[0]
    widths = np.maximum(rounded[:, [2, 6]] - rounded[:, [0, 4]], 0.5)
    lower = LEVELS[0] * pace ** -(np.maximum(rounded[:, 0] - count - 0.5, 0) / widths[:, 0])
    upper = 1 - LEVELS[0] * pace ** -(np.maximum(count - rounded[:, 6] + 0.5, 0) / widths[:, 1])
    known: Floats = np.where(count < 0, 0.0, np.select([passed == 0, passed == 7], [lower, upper], inner))
    return known
