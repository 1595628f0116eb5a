"""Sample paths: joint futures of intervals and series in which every interval is distributed as forecast.

A Gaussian copula with one part that all series share and one that is a series' own gives each path a rank in each
interval. Ranks are spread evenly over the paths of an interval (Latin hypercube sampling with dependence: Stein, Large
Sample Properties of Simulations Using Latin Hypercube Sampling, 1987), so that the paths of an interval are its
predictive distribution and not a sample of it.
"""

from collections.abc import Sequence

import numpy as np

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import Tails, mean_of_quantiles, scores_at
from forecasting.uncertainty.dependence import Dependence

PATHS = 200
SPREAD_ERROR = 0.25
"""Relative error that a forecast's variance is assumed to have."""


class RankMaker:
    """Ranks of one stream's paths, drawn series by series, so that a large stream is never in memory as a whole."""

    def __init__(
        self, dependence: Dependence, day: Ints, *, clock: Ints | None = None, paths: int = PATHS, seed: Sequence[int]
    ) -> None:
        """Draw what all series share.

        day: (H,) number of each column's local day; clock: (H,) number of its time of day, if equal times are to count.
        Equal seeds give equal ranks.
        """
        self._shared, self._own = dependence.roots(day, clock)
        self.paths, self._seed = paths, tuple(seed)
        self._common = self._draw(self._shared, 0)

    def of(self, series: int) -> Ints:
        """(H, S) rank of each path in every interval of a series, 0..S-1, whichever series were drawn before."""
        normal = self._common + self._draw(self._own, 1, series)
        ranks = np.empty(normal.shape, dtype=np.int64)
        np.put_along_axis(ranks, np.argsort(normal, axis=1), np.arange(self.paths)[None], axis=1)
        return ranks

    def _draw(self, root: Floats, *part: int) -> Floats:
        noise = np.random.default_rng((*self._seed, *part))
        drawn: Floats = root @ noise.standard_normal((len(root), self.paths))
        return drawn


def draw_paths(quantiles: Floats, ranks: Ints, tails: Tails | None = None) -> Floats:
    """(H, S) paths of one series, not negative, with the mean of the forecast (`mean_of_quantiles`).

    quantiles: (H, 7); ranks: (H, S), in each interval 0..S-1 in some order; tails: beyond the outermost quantiles, of a
    normal distribution unless given. Values are linear in the normal score of their probability (`scores_at`), so that
    tails go on beyond the last quantile; linear in the probability they would end there and cut off every maximum.
    """
    spread = np.maximum(scores_at(quantiles, ranks.shape[1], tails), 0.0)
    expected, mean = np.maximum(mean_of_quantiles(quantiles), 0.0), spread.mean(axis=1)
    spread *= np.divide(expected, mean, out=np.zeros_like(mean), where=mean > 0)[:, None]
    return np.take_along_axis(spread, ranks, axis=1)


def remove_noise(paths: Floats, noise: Floats, *, least: float = 0.0) -> Floats:
    """Paths of the rate behind paths of measured values: the same mean, the variance without measurement noise.

    paths: (H, S), not negative; noise: (H,) variance of a measurement about its rate: for counts the mean itself (mixed
    Poisson: Var N = E rate + Var rate), for a mean of n values the variance of one over n. least: variance of the rate
    that always remains, as estimated from history. The shape of the distribution is kept and paths stay not negative.
    """
    mean = paths.mean(axis=1, keepdims=True)
    variance = paths.var(axis=1, keepdims=True)
    left = np.maximum(variance - noise[:, None], np.minimum(variance, least))
    kept = np.sqrt(left / np.maximum(variance, 1e-12))
    rates: Floats = mean + kept * (paths - mean)
    return rates


def rate_variance(mean: Floats, variance: Floats) -> Floats:
    """(N, H) variance of the rates behind counts.

    mean, variance: (N, H) of the forecasts of the counts, 0 where closed. Rates of a series are assumed to have one
    coefficient of variation, Var N = m + r m^2 (mixed Poisson). Where counts are large, an interval's own variance
    gives r. Where they are small, most of the variance is counting noise and a slightly wrong forecast would give any
    r: there the r of the series is used, which is shrunk toward that of the stream.
    """
    excess = variance - mean
    mass = (mean**2).sum(axis=1)
    stream = max(float(excess.sum()) / max(float(mass.sum()), 1e-12), 0.0)
    own = np.maximum(excess.sum(axis=1) + stream * mass.mean(), 0.0) / np.maximum(mass + mass.mean(), 1e-12)
    usual = own[:, None] * mean**2
    trust = usual**2 / np.maximum(usual**2 + (SPREAD_ERROR * variance) ** 2, 1e-12)
    found: Floats = np.maximum(usual + trust * (excess - usual), 0.0)
    return found
