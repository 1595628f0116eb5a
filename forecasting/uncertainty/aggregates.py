"""Totals, peaks and busy hours of days, weeks and months: statistics of every path, and the quantiles of these.

A quantile of a week's highest hour is no function of the hours' quantiles; it is computed from paths, each of which has
a highest hour. Closed intervals add nothing to sums and do not count in means, percentiles and maxima.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.numerics import Floats, Mask, Times
from forecasting.terms import QUANTILE_COLUMNS, QUANTILES, Period, Stat
from forecasting.uncertainty.periods import HOUR, Columns, find_periods, period_columns

PERCENTILE = 0.95
CHUNK = 4_000_000
"""Values of paths that are processed together, which bounds memory."""


@dataclass(frozen=True)
class Aggregate:
    """One statistic of K nodes in P periods of a kind, on S paths."""

    stat: Stat
    period: Period
    ts: Times
    """(P,) UTC starts of the periods."""
    paths: Floats
    """(K, P, S) the statistic on each path."""
    is_open: Mask
    """(K, P) whether the node is open in the period at all; paths are undefined where not."""


def aggregate_paths(paths: Floats, columns: Columns, *, is_open: Mask, rate: bool) -> list[Aggregate]:
    """Statistics of the whole local days, weeks and months of a horizon, path by path.

    Weeks begin on Monday; a horizon without such a week has one of its first seven whole days. paths: (K, H, S), not
    negative; is_open: (K, H). rate: values are means over time, such as Mbit/s, and do not add over time as calls do: a
    period has a mean instead of a sum, and so has its busy hour. `p95` interpolates between the open intervals of the
    period as numpy and DuckDB's quantile_cont do. The busy hour of a day is the largest total of 60 minutes that begin
    with an interval, closed time counting as 0; that of a week or month is the mean over its open days (ITU-T E.500
    averages daily busy hours). With intervals of an hour or more it is the highest interval; intervals of a day or more
    have no busy hour and no statistics of days.
    """
    opened = is_open[..., None]
    flow = paths if is_open.all() else np.where(opened, paths, paths.dtype.type(0))
    days = np.unique(columns.day)
    places = period_columns(columns.day, days)
    day_open = _any_open(is_open, places)
    busy = None if columns.is_daily else _busy_hours(flow, columns, places, rate=rate)
    found = []
    for period, first, lengths in find_periods(columns):
        own = period_columns(columns.day, first, lengths)
        values = _statistics(flow, is_open, own, rate=rate)
        if busy is not None:
            of_days = period_columns(days, first, lengths)
            values[Stat.BUSY_HOUR] = np.stack([_mean(busy[:, some], day_open[:, some]) for some in of_days], axis=1)
        ts, open_in_period = columns.midnights[first - columns.first_day], _any_open(is_open, own)
        found += [Aggregate(stat, period, ts, value, open_in_period) for stat, value in values.items()]
    return found


def aggregate_rows(
    paths: Floats,
    columns: Columns,
    *,
    level: Sequence[str],
    keys: Sequence[str],
    is_open: Mask,
    rate: bool,
    intervals: bool,
) -> pd.DataFrame:
    """Rows of forecast.aggregates: level, group_key, stat, period, ts, mean, q05..q95; none where a node is closed.

    level, keys: (K,) of each node. intervals: also a row of each open interval, with the value as its sum or, of a
    rate, its mean. Otherwise as `aggregate_paths`.
    """
    frames = []
    size = max(CHUNK // max(paths[0].size if len(paths) else 1, 1), 1)
    for first in range(0, len(paths), size):
        some = slice(first, first + size)
        found = aggregate_paths(paths[some], columns, is_open=is_open[some], rate=rate)
        if intervals:
            own_stat = Stat.MEAN if rate else Stat.SUM
            found.append(Aggregate(own_stat, Period.INTERVAL, columns.ts, paths[some], is_open[some]))
        frames += [_rows(one, level[some], keys[some]) for one in found]
    if not frames:
        # without rows, but with the usual types: concatenation must not change those of other frames
        nothing = np.zeros((0, 0), dtype=bool)
        frames = [_rows(Aggregate(Stat.SUM, Period.INTERVAL, columns.ts[:0], paths[:0, :0], nothing), [], [])]
    return pd.concat(frames, ignore_index=True)


def quantiles_of_paths(paths: Floats) -> NDArray[np.float64]:
    """(..., 7) quantiles of (..., S) equally likely paths; path s of S is the quantile at (s + 1/2) / S.

    Paths are drawn at these probabilities, so that the paths of an interval give its forecast back (definition 5 of
    Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996).
    """
    ordered = np.sort(paths, axis=-1)
    most = paths.shape[-1] - 1
    at = np.clip(np.asarray(QUANTILES) * (most + 1) - 0.5, 0, most)
    low = np.floor(at).astype(np.int64)
    below, above = (ordered[..., place].astype(np.float64) for place in (low, np.minimum(low + 1, most)))
    quantiles: NDArray[np.float64] = np.maximum.accumulate(below + (above - below) * (at - low), axis=-1)
    return quantiles


def _rows(found: Aggregate, level: Sequence[str], keys: Sequence[str]) -> pd.DataFrame:
    node, place = np.nonzero(found.is_open)
    paths = found.paths[node, place]
    starts = pd.DatetimeIndex(found.ts[place]).tz_localize("UTC")
    named = {"level": np.asarray(level, dtype=object)[node], "group_key": np.asarray(keys, dtype=object)[node]}
    rows = pd.DataFrame(named | {"stat": str(found.stat), "period": str(found.period), "ts": starts})
    rows["mean"] = paths.mean(axis=1, dtype=np.float64)
    rows[list(QUANTILE_COLUMNS)] = quantiles_of_paths(paths)
    return rows


def _any_open(is_open: Mask, places: Sequence[slice]) -> Mask:
    return np.stack([is_open[:, part].any(axis=1) for part in places], axis=1)


def _statistics(flow: Floats, is_open: Mask, places: Sequence[slice], *, rate: bool) -> dict[Stat, Floats]:
    """(K, P, S) sum or mean, maximum and percentile of each period. flow: paths, 0 where closed."""
    totals, peaks = [], []
    for part in places:
        total = flow[:, part].sum(axis=1, dtype=np.float64)
        count = is_open[:, part].sum(axis=1)[:, None]
        totals.append((total / np.maximum(count, 1) if rate else total).astype(flow.dtype))
        peaks.append(_peaks(flow[:, part], is_open[:, part]))
    highest, percentile = (np.stack(values, axis=1) for values in zip(*peaks, strict=True))
    return {Stat.MEAN if rate else Stat.SUM: np.stack(totals, axis=1), Stat.MAX: highest, Stat.P95: percentile}


def _peaks(flow: Floats, is_open: Mask) -> tuple[Floats, Floats]:
    """(K, S) maximum and percentile over the open ones of n intervals; 0 where none is open. flow: (K, n, S)."""
    nodes, n, paths = flow.shape
    highest, percentile = (np.zeros((nodes, paths), dtype=flow.dtype) for _ in range(2))
    counts = is_open.sum(axis=1)
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        # closed intervals are 0 and sort below all others; one sort is faster than partial ones for three places
        values = flow[rows].transpose(0, 2, 1).copy()
        values.sort(axis=2)
        at = n - count + PERCENTILE * (count - 1)
        low = int(at)
        below, above = values[..., low], values[..., min(low + 1, n - 1)]
        highest[rows] = values[..., -1]
        percentile[rows] = below + (above - below) * flow.dtype.type(at - low)
    return highest, percentile


def _busy_hours(flow: Floats, columns: Columns, days: Sequence[slice], *, rate: bool) -> Floats:
    """(K, D, S) largest total, or mean of a rate, of 60 minutes from the start of an interval of each day."""
    length = max(HOUR // columns.interval_minutes, 1)
    # time without a column counts as 0; days are laid a window's length apart, so that no window holds two of them
    steps = np.diff(columns.ts) // np.timedelta64(columns.interval_minutes, "m")
    apart = np.where(np.diff(columns.day) > 0, length, np.minimum(steps, length))
    place = np.concatenate([[0], np.cumsum(apart)])
    laid = np.zeros((len(flow), int(place[-1]) + 1, flow.shape[2]), dtype=flow.dtype)
    laid[:, place] = flow
    windows = _sum_windows(laid, length)
    highest = [windows[:, place[day.start] : place[day.stop - 1] + 1].max(axis=1) for day in days]
    busy: Floats = np.stack(highest, axis=1) / flow.dtype.type(length if rate else 1)
    return busy


def _sum_windows(flow: Floats, length: int) -> Floats:
    """(K, H, S) sums over `length` columns from each column on, fewer at the end.

    Windows are composed of those of 1, 2, 4, .. columns: few additions, and no differences of running sums, which lose
    digits in single precision.
    """
    if length == 1:
        return flow
    doubled, windows, covered, size = flow.copy(), np.zeros_like(flow), 0, 1
    while True:
        if length & size:
            windows[:, : max(flow.shape[1] - covered, 0)] += doubled[:, covered:]
            covered += size
        if covered == length:
            return windows
        doubled[:, : max(flow.shape[1] - size, 0)] += doubled[:, size:]
        size *= 2


def _mean(values: Floats, counted: Mask) -> Floats:
    """(K, S) mean of (K, D, S) over the days that count; 0 where none does."""
    total = np.where(counted[..., None], values, 0).sum(axis=1)
    mean: Floats = (total / np.maximum(counted.sum(axis=1), 1)[:, None]).astype(values.dtype)
    return mean
