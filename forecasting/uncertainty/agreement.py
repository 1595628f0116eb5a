"""From separate forecasts of series and of groups to paths of the series that agree with those of the groups."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtri

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import Tails, mean_of_quantiles
from forecasting.terms import QUANTILES
from forecasting.uncertainty.mint import Mint
from forecasting.uncertainty.paths import RankMaker, draw_paths
from forecasting.uncertainty.reconcile import find_gain, in_order_of, reconcile

Paths = NDArray[np.float32]

LOW, HIGH = QUANTILES.index(0.10), QUANTILES.index(0.90)
WIDTH = float(ndtri(0.90) - ndtri(0.10))
"""Standard deviations of a normal distribution between the 10% and the 90% quantile."""
CLIP = 6.0
"""Standard deviations at which errors are clipped: squares of larger ones would outweigh all others."""


def spread_of(quantiles: Floats) -> NDArray[np.float64]:
    """(...) standard deviation of a forecast (..., 7) by its 80% interval; 0 where it is missing."""
    spread: NDArray[np.float64] = np.nan_to_num((quantiles[..., HIGH] - quantiles[..., LOW]) / WIDTH).astype(np.float64)
    return spread


def errors_of(y: Floats, quantiles: Floats) -> NDArray[np.float64]:
    """(...) errors of the forecast's mean in forecast standard deviations, clipped at `CLIP`.

    y: (...) actual values; quantiles: (..., 7). NaN where either is missing or the forecast has no spread.
    """
    spread = spread_of(quantiles)
    error = y - mean_of_quantiles(quantiles)
    errors = np.divide(error, spread, out=np.full(np.shape(y), np.nan), where=spread > 0)
    clipped: NDArray[np.float64] = np.clip(errors, -CLIP, CLIP)
    return clipped


def series_paths(quantiles: Floats, ranks: RankMaker, tails: Tails, *, places: Ints | None = None) -> Paths:
    """(N, H, S) paths of all series. quantiles: (N, H, 7), NaN where a series is closed: paths are 0 there.

    places: (N,) by which the series draw their ranks, where they are some of a stream's; 0.. unless given.
    """
    shape = (*quantiles.shape[:2], ranks.paths)
    paths = np.empty(shape, np.float32)
    for row, own in enumerate(quantiles):
        place = row if places is None else int(places[row])
        paths[row] = draw_paths(np.nan_to_num(own), ranks.of(place), tails)
    return paths


def sum_paths(paths: Paths, summing: sparse.csr_array) -> Paths:
    """(G, H, S) sums of (N, H, S) over the series of each group."""
    sums = np.zeros((summing.shape[0], *paths.shape[1:]), np.float64)
    for group, (first, last) in enumerate(zip(summing.indptr[:-1], summing.indptr[1:], strict=True)):
        for series in summing.indices[first:last]:
            sums[group] += paths[series]
    return sums.astype(np.float32)


def reconcile_paths(
    paths: Paths, series: Floats, groups: Floats, summing: sparse.csr_array, mint: Mint, tails: Tails
) -> Paths:
    """(N, H, S) paths of the series, reconciled with the groups' own forecasts by MinT, column by column.

    paths: (N, H, S) of the series alone; series: (N, H, 7), groups: (G, H, 7) forecasts, NaN where closed or missing: a
    group without a forecast leaves its members as they are. summing: (G, N); mint: learned from `errors_of` series and
    groups; tails: of the groups' forecasts.
    """
    agreed, ordered = np.empty_like(paths), sum_paths(paths, summing)
    spread = np.concatenate([spread_of(groups), spread_of(series)])
    known = np.isfinite(groups[..., 0])
    ascending = np.arange(paths.shape[2])[None].repeat(int(known.sum()), axis=0)
    ordered[known] = in_order_of(draw_paths(groups[known], ascending, tails).astype(np.float32), ordered[known])
    for column in range(paths.shape[1]):
        has_forecast = known[:, column]
        constraints = summing
        if not has_forecast.all():
            constraints = sparse.csr_array(summing.multiply(has_forecast[:, None].astype(np.float32)))
        gain = find_gain(mint, constraints, spread=spread[:, column])
        agreed[:, column] = reconcile(paths[:, column], ordered[:, column], constraints, gain)
    return agreed
