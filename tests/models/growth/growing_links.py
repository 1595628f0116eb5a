"""Daily peaks of links that grow by mechanisms which are not those of the growth member."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecasting.models.growth.measure import clock_of, measure
from forecasting.models.growth.pooling import Sample
from forecasting.panel.grid import Panel
from tests.models.factories import make_panel

Values = NDArray[np.float64]

YEAR = 365.25
MECHANISMS = ("linear", "compound", "logistic", "wandering", "steps")


def daily_panel(y: Values, *, days: int, **others: NDArray) -> Panel:
    """A panel of the first `days` of y (n, T + H), the rest of the columns its horizon."""
    weeks = -(-y.shape[1] // 7)
    panel = make_panel(n_series=len(y), weeks=weeks, season=7, horizon=0)
    every = slice(y.shape[1])
    history = y[:, :days].astype(np.float32)
    return replace(
        panel,
        **{name: getattr(panel, name)[every] for name in ("ts", "wall", "slot", "cycle", "covariates")},
        **{name: getattr(panel, name)[:, every] for name in ("open", "campaign")},
        horizon_step=np.arange(1, y.shape[1] - days + 1, dtype=np.int32),
        max_horizon=y.shape[1] - days,
        y=history,
        observed=np.isfinite(history),
        fault=np.zeros(history.shape, np.uint8),
        **others,
    )


def grow_links(mechanism: str, n: int, days: int, *, seed: int) -> Values:
    """(n, days) daily peaks: trend x week x a year that is no sine x heavy-tailed noise that lingers."""
    rng = np.random.default_rng([seed, MECHANISMS.index(mechanism)])
    noise = rng.uniform(0.04, 0.12, (n, 1))
    lingering = noise * rng.standard_normal((n, days)) * 0.26
    for day in range(1, days):
        lingering[:, day] += 0.9 * lingering[:, day - 1]
    surprise = noise * rng.standard_t(5, (n, days)) + lingering
    level = np.maximum(_trend(mechanism, n, days, rng), 0.05) * rng.lognormal(5, 1, (n, 1))
    return level * _week(n, days, rng) * _year(n, days, rng) * np.exp(surprise)


def _trend(mechanism: str, n: int, days: int, rng: np.random.Generator) -> Values:
    years, growth = np.arange(days) / YEAR, rng.normal(0.25, 0.2, (n, 1))
    if mechanism == "linear":
        return 1 + np.maximum(growth, -0.3) * years
    if mechanism == "logistic":
        low, middle, pace = rng.uniform(0.3, 0.8, (n, 1)), rng.uniform(0, 2, (n, 1)), rng.uniform(1, 4, (n, 1))
        return low + (1 - low) / (1 + np.exp(-pace * (years - middle)))
    if mechanism == "wandering":
        growth = growth + rng.normal(0, 0.012, (n, days)).cumsum(axis=1)
        return np.exp(growth.cumsum(axis=1) / YEAR)
    trend = np.exp(growth * years)
    if mechanism == "steps":
        for row in range(n):
            for _ in range(rng.poisson(0.25 * days / YEAR)):
                trend[row, rng.integers(days) :] *= rng.choice([0.7, 1.3, 1.6])
    return trend


def _week(n: int, days: int, rng: np.random.Generator) -> Values:
    return np.where(np.arange(days) % 7 >= 5, rng.choice([0.6, 0.95, 1.1], (n, 1)), 1.0)


def _year(n: int, days: int, rng: np.random.Generator) -> Values:
    """A summer hole of two months and a peak of weeks, in a part of the year that differs by stream."""
    day, size = (np.arange(days) + rng.integers(365)) % YEAR, rng.uniform(0, 0.15, (n, 1))
    hole, peak = (day > 180) & (day < 240), np.exp(-(((day - 330) / 12) ** 2))
    return 1 - size * hole + 0.8 * size * peak + 0.3 * size * np.sin(2 * np.pi * day / YEAR)


def sample_of(panel: Panel) -> Sample:
    measured, _, _ = measure(panel, slice(None), at=panel.n_history, typical=0.1)
    return Sample(measured, clock_of(panel, slice(panel.n_history)))


def steady_links(n: int, days: int, *, seed: int = 0) -> Panel:
    """Links of one weekday pattern and one summer, whose growth a year has mean 0.4 and standard deviation 0.15."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    logs = 0.05 * rng.standard_normal((n, days)) + rng.normal(0.4, 0.15, (n, 1)) * day / YEAR
    logs += np.where(day % 7 >= 5, -0.3, 0.0) + 0.1 * np.cos(2 * np.pi * day / YEAR)
    return daily_panel(100 * np.exp(logs), days=days)
