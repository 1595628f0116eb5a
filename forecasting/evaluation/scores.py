"""Scores of published forecasts: elementwise statistics, one sum over groups, ratios of the sums."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.quantiles import pinball
from forecasting.terms import DAY, MEDIAN, QUANTILE_COLUMNS

Floats = NDArray[np.floating]

ALL_SERIES = "*"
ALL_BUCKETS = "all"
BUCKETS = ("d1", "d2-3", "d4-7", "d8-14", "later")
"""Days ahead: the first 24 hours, the next two days and so on."""

_LAST_DAY = (1, 3, 7, 14)
_LOG_ROOT = 0.5 * math.log(2 * math.pi)
_KEY = ["series_id", "horizon_bucket"]

SCORE_COLUMNS = (*_KEY, "wape", "mase", "wql", "cover80", "cover90", "bias", "noise_floor", "rows")


def absolute_error(y: Floats, forecast: Floats) -> Floats:
    """|y - forecast|, elementwise."""
    return np.abs(y - forecast)


def is_inside(y: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Whether y lies in [low, high], both ends in."""
    return (y >= low) & (y <= high)


def seasonal_scale(y: Floats, *, season: int) -> Floats:
    """MASE scale of each series: mean |y(t) - y(t - season)| over the history before the origin.

    y: (N, T), NaN where unobserved; a pair counts where both are observed. Returns (N,), NaN where there is no pair
    (Hyndman and Koehler, 2006).
    """
    change = np.abs(y[:, season:] - y[:, : max(y.shape[1] - season, 0)])
    pairs = np.isfinite(change).sum(axis=1)
    total = np.nansum(change, axis=1, dtype=np.float64)
    scale: Floats = np.divide(total, pairs, out=np.full(len(y), np.nan), where=pairs > 0)
    return scale


def poisson_deviation(rate: ArrayLike) -> Floats:
    """Mean absolute deviation of Poisson counts from their mean: 2 m P(X = floor m) (De Moivre).

    rate: mean counts, >= 0. The probability is evaluated through the saddle point (Loader, 2000), so that nothing
    overflows or cancels at rates of millions. Divided by the rate it is the least WAPE that any forecast can reach.
    """
    mean = np.asarray(rate, np.float64)
    floor = np.floor(mean)
    count = np.maximum(floor, 1.0)
    deviance = (mean - count) - count * np.log1p((mean - count) / count, where=floor >= 1, out=np.zeros_like(mean))
    likelihood = np.exp(-_stirling_error(count) - deviance) / np.sqrt(2 * np.pi * count)
    return 2 * mean * np.where(floor >= 1, likelihood, np.exp(-mean))


def horizon_buckets(horizon_step: NDArray[np.integer], *, interval: timedelta) -> NDArray[np.str_]:
    """Bucket of each 1-based step by the day ahead on which its interval ends."""
    day = -(-np.asarray(horizon_step, np.int64) * np.timedelta64(interval) // np.timedelta64(DAY))
    return np.array(BUCKETS)[np.searchsorted(_LAST_DAY, day)]


def score_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores of each (series_id, horizon_bucket), of each series over all buckets, and of all series together.

    frame: series_id, horizon_bucket, y, mean, the quantile columns and scale (`seasonal_scale` of the series), one row
    an interval; rows whose y is NaN are not scored. Returns SCORE_COLUMNS; all series have series_id ALL_SERIES.

    wape = sum |y - q50| / sum |y|; bias = sum (q50 - y) / sum |y|; wql = mean over levels of 2 sum pinball / sum |y|;
    mase = mean |y - q50| / scale where the scale is above 0; noise_floor = sum of Poisson deviations at the forecast
    mean / sum |y|, NaN where y is no count. A ratio is NaN where its denominator is 0.
    """
    scored = frame[frame["y"].notna()]
    stats = _statistics(scored).groupby([scored[key].astype(str) for key in _KEY])
    sums = stats.sum(skipna=False).reset_index()
    wholes = [
        sums,
        sums.assign(horizon_bucket=ALL_BUCKETS),
        sums.assign(series_id=ALL_SERIES),
        sums.assign(series_id=ALL_SERIES, horizon_bucket=ALL_BUCKETS),
    ]
    totals = pd.concat(wholes).groupby(_KEY).sum(skipna=False).reset_index()
    order = {bucket: place for place, bucket in enumerate((*BUCKETS, ALL_BUCKETS))}
    totals = totals.sort_values(_KEY, key=lambda key: key.map(order) if key.name == "horizon_bucket" else key)
    return _ratios(totals.reset_index(drop=True))


def _statistics(frame: pd.DataFrame) -> pd.DataFrame:
    """What each row adds to the sums that the scores are ratios of."""
    y = frame["y"].to_numpy(np.float64)
    quantiles = frame[list(QUANTILE_COLUMNS)].to_numpy(np.float64)
    scale = frame["scale"].to_numpy(np.float64)
    column = dict(zip(QUANTILE_COLUMNS, quantiles.T, strict=True))
    error = absolute_error(y, quantiles[:, MEDIAN])
    has_scale = np.isfinite(scale) & (scale > 0)
    return pd.DataFrame(
        {
            "rows": np.ones(len(y), np.int64),
            "volume": np.abs(y),
            "error": error,
            "over": quantiles[:, MEDIAN] - y,
            "pinball": 2 * pinball(y, quantiles).mean(axis=-1),
            "inside80": is_inside(y, column["q10"], column["q90"]).astype(float),
            "inside90": is_inside(y, column["q05"], column["q95"]).astype(float),
            "scaled": np.divide(error, scale, out=np.zeros_like(error), where=has_scale),
            "with_scale": has_scale.astype(np.int64),
            "noise": poisson_deviation(np.maximum(frame["mean"].to_numpy(np.float64), 0)),
            "fractional": (y % 1 != 0).astype(np.int64),
        },
        index=frame.index,
    )


def _ratios(sums: pd.DataFrame) -> pd.DataFrame:
    volume = sums["volume"].where(sums["volume"] > 0)
    return sums[_KEY].assign(
        wape=sums["error"] / volume,
        mase=sums["scaled"] / sums["with_scale"].where(sums["with_scale"] > 0),
        wql=sums["pinball"] / volume,
        cover80=sums["inside80"] / sums["rows"],
        cover90=sums["inside90"] / sums["rows"],
        bias=sums["over"] / volume,
        noise_floor=(sums["noise"] / volume).where(sums["fractional"] == 0),
        rows=sums["rows"],
    )


def _stirling_error(count: Floats) -> Floats:
    """log(n!) less Stirling's formula, n >= 1: exact below 16, else four terms of its series (error below 1e-14)."""
    table = np.array([0.0, *(math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - _LOG_ROOT for n in range(1, 16))])
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / count**2) / count**2) / count**2) / count
    return np.where(count < 16, table[np.minimum(count, 15).astype(np.int64)], series)
