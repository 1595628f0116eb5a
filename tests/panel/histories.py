"""Histories without faults: a week of hours a season, many kinds of demand."""

import numpy as np
from numpy.typing import NDArray

from forecasting.panel.calendar.runs import Grid
from forecasting.panel.cleaning.breaks import Breaks, Calendar, find_breaks

WEEK = 168
HOUR = np.timedelta64(1, "h")


def make_grid(columns: int, *, season: int = WEEK) -> Grid:
    at = np.arange(columns)
    return Grid((at % season).astype(np.int32), (at // season).astype(np.int32), season)


def make_ts(columns: int, *, step: np.timedelta64) -> NDArray[np.datetime64]:
    return np.datetime64("2022-01-03", "us") + np.arange(columns) * step


def make_shape(weeks: int) -> NDArray[np.float64]:
    """Quiet nights and weekends, mean about 0.8."""
    hour = np.arange(weeks * WEEK)
    return (1 + 0.9 * np.sin(2 * np.pi * hour / 24)) * np.where(hour // 24 % 7 > 4, 0.3, 1)


def make_counts(level: float, *, n_series: int = 20, weeks: int = 20, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.poisson(level * make_shape(weeks), (n_series, weeks * WEEK)).astype(np.float32)


def make_traffic(*, spread: float = 0.3, n_series: int = 20, weeks: int = 20, seed: int = 0) -> NDArray[np.float32]:
    """Lognormal around a level of its own a series."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(3, 1, (n_series, 1))
    return (level * (0.5 + make_shape(weeks)) * rng.lognormal(0, spread, (n_series, weeks * WEEK))).astype(np.float32)


def drift(n_series: int, weeks: int, *, step: float, memory: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n_series, weeks * WEEK) level that strays by `step` a week in logarithms and keeps `memory` of it."""
    log = np.zeros((n_series, weeks))
    for week in range(1, weeks):
        log[:, week] = memory * log[:, week - 1] + step * rng.normal(size=n_series)
    return np.exp(np.repeat(log, WEEK, axis=1))


def search(y: NDArray[np.floating], *, season: int = WEEK, step: np.timedelta64 = HOUR) -> Breaks:
    """Breaks of a history on which the calendar explains nothing; surges are not searched for."""
    y = y.astype(np.float32)
    grid, ts = make_grid(y.shape[1], season=season), make_ts(y.shape[1], step=step)
    return find_breaks(y, grid, ts, explained=np.zeros(y.shape, bool))


def search_surges(
    y: NDArray[np.floating],
    *,
    season: int = WEEK,
    step: np.timedelta64 = HOUR,
    holiday: NDArray[np.bool_] | None = None,
    campaign: NDArray[np.bool_] | None = None,
    confirmed: NDArray[np.bool_] | None = None,
    rejected: NDArray[np.bool_] | None = None,
) -> Breaks:
    """Breaks and surges of a history; masks are (N, T), and nothing is explained unless they are given."""
    y = y.astype(np.float32)
    grid, ts = make_grid(y.shape[1], season=season), make_ts(y.shape[1], step=step)
    nothing = np.zeros(y.shape, bool)
    off = nothing if holiday is None else holiday
    calendar = Calendar(
        date=ts.astype("datetime64[D]"),
        holiday=off,
        announced=off if campaign is None else off | campaign,
        confirmed=nothing if confirmed is None else confirmed,
        rejected=nothing if rejected is None else rejected,
    )
    return find_breaks(y, grid, ts, explained=off, calendar=calendar)
