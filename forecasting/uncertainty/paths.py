"""Sample paths: futures whose intervals and series move together, and whose every interval is as forecast.

A Gaussian copula, what all series share and what is a series' own, says which rank each path has in each interval;
ranks are spread evenly over the paths of an interval (as in Latin hypercube sampling), so that the paths of one
interval are its predictive distribution and not a sample of it.
"""

from collections.abc import Sequence

import numpy as np

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import Tails, mean_of_quantiles, scores_at
from forecasting.uncertainty.dependence import Dependence

PATHS = 200
SPREAD_ERROR = 0.25
"""Share by which a forecast's variance is commonly wrong."""


class RankMaker:
    """Ranks of one stream's paths, series by series, so that a large stream never stands in memory whole."""

    def __init__(
        self, dependence: Dependence, day: Ints, *, clock: Ints | None = None, paths: int = PATHS, seed: Sequence[int]
    ) -> None:
        """day: (H,) number of each column's local day; clock: (H,) its time of day, where that is to count. Equal seeds
        make equal ranks."""
        self._shared, self._own = dependence.roots(day, clock)
        self.paths, self._seed = paths, tuple(seed)
        self._common = self._draw(self._shared, 0)

    def of(self, series: int) -> Ints:
        """(H, S) rank of each path in every interval of a series, 0..S-1; the same whoever was asked for before."""
        normal = self._common + self._draw(self._own, 1, series)
        ranks = np.empty(normal.shape, dtype=np.int64)
        np.put_along_axis(ranks, np.argsort(normal, axis=1), np.arange(self.paths)[None], axis=1)
        return ranks

    def _draw(self, root: Floats, *part: int) -> Floats:
        noise = np.random.default_rng((*self._seed, *part))
        drawn: Floats = root @ noise.standard_normal((len(root), self.paths))
        return drawn


def draw_paths(quantiles: Floats, ranks: Ints, tails: Tails | None = None) -> Floats:
    """(H, S) paths of one series, never negative. quantiles: (H, 7); ranks: (H, S), those of an interval 0..S-1 in some
    order; tails: of the values beyond the quantiles, a normal distribution's where not given.

    Between the quantiles, and beyond them, values are linear in a score of their probability: a tail that goes on,
    where one that is linear in the probability itself would end right behind the last quantile and cut off every
    maximum. Their mean is that of the forecast (`mean_of_quantiles`).
    """
    spread = np.maximum(scores_at(quantiles, ranks.shape[1], tails), 0.0)
    expected, mean = np.maximum(mean_of_quantiles(quantiles), 0.0), spread.mean(axis=1)
    spread *= np.divide(expected, mean, out=np.zeros_like(mean), where=mean > 0)[:, None]
    return np.take_along_axis(spread, ranks, axis=1)


def remove_noise(paths: Floats, noise: Floats, *, least: float = 0.0) -> Floats:
    """Paths of the rate behind paths of what is measured: their variance less the noise's, about the same mean.

    paths: (H, S); noise: (H,) variance of a measurement about its rate: for counts the mean itself (mixed Poisson:
    Var N = E rate + Var rate), for a mean of n values the variance of one over n. least: variance of the rate that is
    left in any case, as history shows it; where noise is all there is, the rate is certain but for that. The shape of
    the distribution is kept; paths that are not negative stay so.
    """
    mean = paths.mean(axis=1, keepdims=True)
    variance = paths.var(axis=1, keepdims=True)
    left = np.maximum(variance - noise[:, None], np.minimum(variance, least))
    kept = np.sqrt(left / np.maximum(variance, 1e-12))
    rates: Floats = mean + kept * (paths - mean)
    return rates


def rate_variance(mean: Floats, variance: Floats) -> Floats:
    """(N, H) variance of the rates behind counts, from the mean and variance of their forecasts; 0 where closed.

    Rates differ from their means by a like share within a series, Var N = m + r m^2. Where calls are many an interval's
    own variance tells r; where they are few it is mostly counting, and a forecast whose spread is a little wrong would
    say anything: there the series' r stands, which in turn is drawn toward the stream's.
    """
    excess = variance - mean
    mass = (mean**2).sum(axis=1)
    stream = max(float(excess.sum()) / max(float(mass.sum()), 1e-12), 0.0)
    own = np.maximum(excess.sum(axis=1) + stream * mass.mean(), 0.0) / np.maximum(mass + mass.mean(), 1e-12)
    usual = own[:, None] * mean**2
    trust = usual**2 / np.maximum(usual**2 + (SPREAD_ERROR * variance) ** 2, 1e-12)
    found: Floats = np.maximum(usual + trust * (excess - usual), 0.0)
    return found
