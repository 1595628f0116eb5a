"""Scores of forecasts: statistics of each interval, their sums over groups, and ratios of the sums."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.evaluation.counts import count_pit, poisson_deviation, share_inside
from forecasting.numerics import Floats
from forecasting.quantiles import pinball
from forecasting.terms import DAY, MEDIAN, QUANTILE_COLUMNS

PUBLISHED = "published"
"""Member name of the published forecast, which combines the others."""
ALL_SERIES = "*"
ALL_BUCKETS = "all"
BUCKETS = ("d1", "d2-3", "d4-7", "d8-14", "later")
"""Days ahead: the first 24 hours, the next two days and so on."""

_LAST_DAY = (1, 3, 7, 14)
_KEY = ["series_id", "horizon_bucket"]

SCORES = ("wape", "mase", "wql", "cover80", "cover90", "pit80", "pit90", "bias", "bias_mean", "noise_floor", "rows")
SCORE_COLUMNS = (*_KEY, *SCORES)
NO_COUNTS = (
    "the definition says that values are counts, but they are not whole numbers or vary less than counts do by chance; "
    "set counts = false below [stream]"
)
"""What to say where `are_counts` denies what the definition says."""
_DEVIATION_SPREAD = 1 - 2 / np.pi
"""Variance of the absolute deviation of a normal variable over its own; Poisson counts have that of their mean."""
_DOUBT = 4.0
"""Standard errors, as overlapping horizons score a value several times, by which an error must lie below the floor."""


def absolute_error(y: Floats, forecast: Floats) -> Floats:
    """|y - forecast|, elementwise."""
    return np.abs(y - forecast)


def is_inside(y: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Whether y lies in [low, high], both ends included."""
    return (y >= low) & (y <= high)


def seasonal_scale(y: Floats, *, season: int) -> Floats:
    """MASE scale of each series: mean |y(t) - y(t - season)| over the history before the origin.

    y: (N, T), NaN where unobserved; a pair counts where both are observed. Returns (N,), NaN where there is no pair
    (Hyndman and Koehler, Another Look at Measures of Forecast Accuracy, 2006).
    """
    change = np.abs(y[:, season:] - y[:, : max(y.shape[1] - season, 0)])
    pairs = np.isfinite(change).sum(axis=1)
    total = np.nansum(change, axis=1, dtype=np.float64)
    scale: Floats = np.divide(total, pairs, out=np.full(len(y), np.nan), where=pairs > 0)
    return scale


def horizon_buckets(horizon_step: NDArray[np.integer], *, interval: timedelta) -> NDArray[np.str_]:
    """Bucket of each 1-based step by the day ahead on which its interval ends."""
    day = -(-np.asarray(horizon_step, np.int64) * np.timedelta64(interval) // np.timedelta64(DAY))
    return np.array(BUCKETS)[np.searchsorted(_LAST_DAY, day)]


def score_rows(frame: pd.DataFrame, *, counts: bool = True) -> pd.DataFrame:
    """Scores of each (series_id, horizon_bucket), of each series over all buckets, and of all series together.

    frame, counts: as of `sum_statistics`. Returns SCORE_COLUMNS, see `score_sums`.
    """
    return score_sums(sum_statistics(frame, counts=counts))


def sum_statistics(frame: pd.DataFrame, *, counts: bool = True) -> pd.DataFrame:
    """Numerators and denominators of scores, summed over each (series_id, horizon_bucket); sums can be pooled.

    frame: one row an interval with series_id, horizon_bucket (both fastest as categoricals), y, mean, the quantile
    columns and scale (`seasonal_scale` of the series); rows whose y is NaN are not scored. rate: where given, the mean
    at which counts scatter, so that all members have one noise floor; else a member's own mean. counts: whether the
    definition says that values are counts.
    """
    scored = frame[frame["y"].notna()]
    sums = (
        _statistics(scored, counts=counts)
        .groupby([scored[key] for key in _KEY], observed=True)
        .sum(skipna=False)
        .reset_index()
    )
    return sums.astype(dict.fromkeys(_KEY, str))


def score_sums(sums: pd.DataFrame, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Scores from sums, with totals over buckets, over series and over both; rows of equal keys are pooled.

    sums: rows of `sum_statistics`, with columns `by` of groups to score separately. Returns by + SCORE_COLUMNS; the
    series_id of totals over series is ALL_SERIES.

    wape = sum |y - q50| / sum |y|; wql = mean over levels of 2 sum pinball / sum |y|; bias = sum (q50 - y) / sum |y|,
    bias_mean the same of the mean; mase = mean |y - q50| / scale where the scale is above 0; noise_floor = sum of
    Poisson deviations at the rate / sum |y|; pit80, pit90 = share of the randomised PIT inside the central interval
    (`count_pit`). noise_floor and the two shares are NaN where a y is no count and where the values of the whole deny
    that they are counts (`are_counts`); a ratio is NaN where its denominator is 0.
    """
    keys = [*by, *_KEY]
    wholes = [
        sums,
        sums.assign(horizon_bucket=ALL_BUCKETS),
        sums.assign(series_id=ALL_SERIES),
        sums.assign(series_id=ALL_SERIES, horizon_bucket=ALL_BUCKETS),
    ]
    totals = pd.concat(wholes).groupby(keys).sum(skipna=False).reset_index()
    order = {bucket: place for place, bucket in enumerate((*BUCKETS, ALL_BUCKETS))}
    totals = totals.sort_values(keys, key=lambda key: key.map(order) if key.name == "horizon_bucket" else key)
    return _ratios(totals.reset_index(drop=True), keys, deny=not are_counts(sums))


def are_counts(sums: pd.DataFrame) -> bool:
    """Whether values may be counts: whole numbers that no member forecasts better than the rate of counts would.

    sums: rows of `sum_statistics`, of several members where there is a column member. The best possible forecast of
    counts errs by the Poisson deviation; a total error clearly below that is proof of a false guess.
    """
    if not len(sums) or (sums["uncounted"] > 0).any():
        return False
    by = sums["member"] if "member" in sums else np.zeros(len(sums))
    totals = sums[["error", "noise", "volume"]].groupby(by).sum(skipna=False)
    least = totals["noise"] - _DOUBT * np.sqrt(_DEVIATION_SPREAD * totals["volume"])
    return not (totals["error"] < least).any()


def _statistics(frame: pd.DataFrame, *, counts: bool) -> pd.DataFrame:
    """Contribution of each row to the sums."""
    y = frame["y"].to_numpy(np.float64)
    mean = frame["mean"].to_numpy(np.float64)
    quantiles = frame[list(QUANTILE_COLUMNS)].to_numpy(np.float64)
    scale = frame["scale"].to_numpy(np.float64)
    column = dict(zip(QUANTILE_COLUMNS, quantiles.T, strict=True))
    error = absolute_error(y, quantiles[:, MEDIAN])
    has_scale = np.isfinite(scale) & (scale > 0)
    counted = (y % 1 == 0) & (y >= 0) & counts
    rate = frame["rate"].to_numpy(np.float64) if "rate" in frame else mean
    pit80, pit90 = _pit_shares(y, quantiles, mean, counted)
    return pd.DataFrame(
        {
            "rows": np.ones(len(y), np.int64),
            "volume": np.abs(y),
            "error": error,
            "over": quantiles[:, MEDIAN] - y,
            "over_mean": mean - y,
            "pinball": 2 * pinball(y, quantiles).mean(axis=-1),
            "inside80": is_inside(y, column["q10"], column["q90"]).astype(float),
            "inside90": is_inside(y, column["q05"], column["q95"]).astype(float),
            "pit80": pit80,
            "pit90": pit90,
            "scaled": np.divide(error, scale, out=np.zeros_like(error), where=has_scale),
            "with_scale": has_scale.astype(np.int64),
            "noise": poisson_deviation(np.maximum(rate, 0)),
            "uncounted": (~counted).astype(np.int64),
        },
        index=frame.index,
    )


def _pit_shares(y: Floats, quantiles: Floats, mean: Floats, counted: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(R,) share of each row's PIT inside 80% and 90%; 0 where y is no count, NaN where a quantile is missing."""
    shares = np.zeros((2, len(y)))
    if counted.any():
        low, high = count_pit(y[counted], quantiles[counted], mean[counted])
        has_forecast = np.isfinite(quantiles[counted]).all(axis=1)
        for share, coverage in zip(shares, (0.8, 0.9), strict=True):
            share[counted] = np.where(has_forecast, share_inside(low, high, coverage=coverage), np.nan)
    return shares[0], shares[1]


def _ratios(sums: pd.DataFrame, keys: list[str], *, deny: bool) -> pd.DataFrame:
    volume = sums["volume"].where(sums["volume"] > 0)
    counted = (sums["uncounted"] == 0) & (not deny)
    return sums[keys].assign(
        wape=sums["error"] / volume,
        mase=sums["scaled"] / sums["with_scale"].where(sums["with_scale"] > 0),
        wql=sums["pinball"] / volume,
        cover80=sums["inside80"] / sums["rows"],
        cover90=sums["inside90"] / sums["rows"],
        pit80=(sums["pit80"] / sums["rows"]).where(counted),
        pit90=(sums["pit90"] / sums["rows"]).where(counted),
        bias=sums["over"] / volume,
        bias_mean=sums["over_mean"] / volume,
        noise_floor=(sums["noise"] / volume).where(counted),
        rows=sums["rows"],
    )
