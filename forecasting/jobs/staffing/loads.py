"""Loads of pools: paths of calls and handle times together, from two published forecasts.

Volume and handle time are taken as independent of each other; within each of them intervals and series move together
as they did in history. The sampling noise of counts (a rate of 30 calls gives 25 or 36) and of means over few calls
is removed from the forecasts' spread, because the queueing formula contains it already.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.ensemble.factors import apply_factors, remove_factors
from forecasting.errors import FeedError
from forecasting.jobs.common.outlook import Outlook
from forecasting.numerics import Floats, Ints
from forecasting.planning.staffing.handle_time import single_call_variance
from forecasting.planning.staffing.loads import PoolLoad
from forecasting.terms import DAY, MEDIAN
from forecasting.uncertainty.dependence import Dependence, learn_dependence
from forecasting.uncertainty.paths import RankMaker, draw_paths, rate_variance, remove_noise

LEAST_HANDLE = 1.0
"""Seconds: no path of a mean handle time is shorter."""


def pool_loads(calls: Outlook, handles: Outlook | float, pools: dict[str, tuple[str, ...]]) -> list[PoolLoad]:
    """The load of every pool, pools in their order; of those that are open at all. pools: series of each.

    handles: a forecast, or seconds that hold for all calls.

    Where a series has no forecast of its handle time in some interval its own mean over the horizon is used, and where
    it has none at all the mean of the other series of its pool. Raises FeedError for a pool without any.
    """
    rates = _rates(calls)
    if isinstance(handles, Outlook):
        seconds = _handle_times(handles, calls, _containing(handles, calls.ts))
    else:
        seconds = np.full_like(rates, handles)
    place = {series: number for number, series in enumerate(calls.series_ids)}
    rows = {name: [place[one] for one in own] for name, own in pools.items()}
    is_open = np.any(calls.panel.open[:, calls.panel.n_history :], axis=1)
    return [_pool(name, own, calls, rates, seconds) for name, own in rows.items() if is_open[own].any()]


def _pool(name: str, rows: list[int], calls: Outlook, rates: Floats, seconds: Floats) -> PoolLoad:
    is_open = calls.panel.open[rows][:, calls.panel.n_history :].any(axis=0)
    own, median = rates[rows][:, is_open].astype(np.float64), calls.median[rows][:, is_open]
    handle = seconds[rows][:, is_open].astype(np.float64)
    without = np.isnan(handle).all(axis=(1, 2))
    if without.all():
        raise FeedError(
            f"pool {name}: none of its series ({', '.join(calls.series_ids[row] for row in rows[:3])}) has a forecast "
            "of its handle time; ingest and forecast the stream that planning.staffing.aht_stream names"
        )
    if without.any():
        handle[without] = handle[~without].mean(axis=0)
    total, usual = median.sum(axis=0), handle.mean(axis=2)
    return PoolLoad(
        pool_id=name,
        ts=calls.ts[is_open],
        day=calls.horizon_day[is_open],
        calls=own.sum(axis=0),
        work=(own * handle).sum(axis=0),
        median_calls=total,
        usual_handle=np.where(total > 0, (median * usual).sum(axis=0) / np.maximum(total, 1e-12), usual.mean(axis=0)),
    )


def _rates(calls: Outlook) -> Floats:
    """(N, H, S) rates of calls; 0 where a series is closed.

    Events multiply rates, not counts: counting noise is learned from the forecasts without them, so that an event moves
    the pools of its own series alone.
    """
    panel, season = calls.panel, calls.panel.season
    # a count's variance about its rate is the rate, of which the count itself is an unbiased measure
    noise = np.nan_to_num(panel.y.astype(np.float64)) if calls.stream.counts else np.zeros(panel.y.shape)
    dependence = _dependence(calls, np.maximum(noise, 0.0), season)
    ranks = RankMaker(dependence, calls.horizon_day, seed=calls.seed)
    usual = remove_factors(np.nan_to_num(calls.quantiles), calls.factors)
    drawn = np.stack([draw_paths(one, ranks.of(row)).astype(np.float32) for row, one in enumerate(usual)])
    if not calls.stream.counts:
        return apply_factors(drawn, [calls.factors, calls.adjusted])
    mean, variance = drawn.mean(axis=2, dtype=np.float64), drawn.var(axis=2, dtype=np.float64)
    counting = variance - rate_variance(mean, variance)
    rates = np.stack([remove_noise(paths, noise) for paths, noise in zip(drawn, counting, strict=True)])
    return apply_factors(rates, [calls.factors, calls.adjusted])


def _handle_times(handles: Outlook, calls: Outlook, column: Ints) -> Floats:
    """(N, H, S) mean handle times on the columns of the calls; NaN for a series without any.

    column: (H,) column of the handle times that holds each of the calls, -1 where none does.
    """
    panel = handles.panel
    weight = panel.weight if panel.weight is not None else panel.observed.astype(np.float32)
    level = np.array([[_level(y, w)] for y, w in zip(panel.y, weight, strict=True)])
    variance = single_call_variance(panel.y, weight, level)
    noise = np.where(weight > 0, variance.single[:, None] / np.maximum(weight, 1e-9), 0.0)
    dependence = _dependence(handles, noise, panel.season)
    ranks = RankMaker(dependence, handles.horizon_day, seed=(*handles.seed, 1))

    place = {series: number for number, series in enumerate(calls.series_ids)}
    shape = (len(calls.series_ids), len(calls.ts))
    seconds = np.full((*shape, ranks.paths), np.nan, np.float32)
    for row, (series, quantiles) in enumerate(zip(handles.series_ids, handles.quantiles, strict=True)):
        known = np.isfinite(quantiles[:, 0])
        if series not in place or not known.any():
            continue
        # the noise of a mean is that of as many calls as usual, whatever planners expect beyond them
        expected = np.nan_to_num(calls.quantiles[place[series], :, MEDIAN])
        held = np.bincount(np.maximum(column, 0), weights=np.where(column >= 0, expected, 0.0), minlength=len(known))
        answered = np.maximum(held, 1.0)
        paths = draw_paths(np.nan_to_num(quantiles), ranks.of(row))
        paths = remove_noise(paths, variance.single[row] / answered, least=float(variance.remaining[row]))
        paths = np.maximum(paths * handles.adjusted[row][:, None], LEAST_HANDLE)
        paths[~known] = paths[known].mean(axis=0)
        inside = column >= 0
        at = np.where(inside, column, 0)
        seconds[place[series]] = np.where(inside[:, None], paths[at], paths.mean(axis=0))
    return seconds


def _dependence(outlook: Outlook, noise: Floats, season: int) -> Dependence:
    panel = outlook.panel
    return learn_dependence(
        panel.y,
        panel.observed,
        season=season,
        day=outlook.day[: panel.n_history],
        noise=noise,
        horizon_days=max(int(outlook.stream.stream.horizon / DAY), 1),
    )


def _level(y: Floats, weight: Floats) -> float:
    """Mean of a series, each value by its weight; NaN without any."""
    known = np.isfinite(y) & (weight > 0)
    return float(np.average(y[known], weights=weight[known])) if known.any() else np.nan


def _containing(outer: Outlook, ts: NDArray[np.datetime64]) -> Ints:
    """(H,) column of the outer forecast whose interval holds each start, -1 where none does."""
    step = np.timedelta64(int(outer.stream.interval.total_seconds()), "s")
    column = np.searchsorted(outer.ts, ts, side="right") - 1
    held = (column >= 0) & (ts < outer.ts[np.maximum(column, 0)] + step)
    return np.where(held, column, -1)
