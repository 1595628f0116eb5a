"""Small panels with a known pattern."""

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.panel.grid import Panel


def make_panel(
    n_series: int = 4,
    weeks: int = 10,
    season: int = 28,
    horizon: int | None = None,
    gaps: float = 0.0,
    noise: float = 0.05,
    drift: float = 0.0,
    seed: int = 0,
) -> Panel:
    """Series with a weekly profile each: level x shape x (1 + drift x weeks) x noise.

    season: columns a week, a divisor of 7 x 24 x 60 minutes. gaps: share of history that is unobserved. drift: growth a
    week, drawn anew per series around zero. The horizon is one season unless given.
    """
    rng = np.random.default_rng(seed)
    horizon = season if horizon is None else horizon
    history, total = weeks * season, weeks * season + horizon
    column = np.arange(total)
    phase = 2 * np.pi * column / season
    level = rng.uniform(20, 200, size=(n_series, 1))
    shape = 1 + 0.5 * np.sin(phase + rng.uniform(0, 6, size=(n_series, 1)))
    growth = np.exp(drift * rng.normal(size=(n_series, 1)) * column / season)
    y = level * shape * growth * np.exp(noise * rng.normal(size=(n_series, total)))
    observed = rng.random((n_series, history)) >= gaps
    interval = np.timedelta64(7 * 24 * 60 // season, "m")
    ids = np.array([f"series-{i:05d}" for i in range(n_series)])
    ts = (np.datetime64("2024-01-01T00:00", "us") + column * interval).astype("datetime64[us]")
    return Panel(
        series_ids=ids,
        attributes=pd.DataFrame({"region": [f"r{i % 3}" for i in range(n_series)]}, index=ids),
        ts=ts,
        wall=ts,
        horizon_step=np.arange(1, horizon + 1, dtype=np.int32),
        slot=(column % season).astype(np.int32),
        cycle=(column // season).astype(np.int32),
        season=season,
        max_horizon=horizon,
        y=np.where(observed, y[:, :history], np.nan).astype(np.float32),
        observed=observed,
        open=np.ones((n_series, total), dtype=bool),
        covariates=np.stack([np.sin(phase), np.cos(phase)], axis=1).astype(np.float32),
        covariate_names=("sin_week", "cos_week"),
        campaign=np.zeros((n_series, total), dtype=bool),
        fault=np.zeros((n_series, history), dtype=np.uint8),
        level_start=np.zeros(n_series, dtype=np.int64),
    )


def wandering_panel(weeks: int = 24, seed: int = 0, n_series: int = 4) -> Panel:
    """Quarters of days whose level walks from day to day: what members that are trained see and the last four weeks do
    not."""
    panel = make_panel(n_series=n_series, weeks=weeks, season=28, noise=0.03, seed=seed)
    steps = np.random.default_rng(seed).normal(scale=0.12, size=(n_series, panel.n_history // 4)).cumsum(axis=1)
    steps -= np.linspace(0, 1, steps.shape[1]) * steps[:, -1:]
    return replace(panel, y=(panel.y * np.exp(np.repeat(steps, 4, axis=1))).astype(np.float32))


def hide(panel: Panel, rows: int | slice, columns: slice) -> Panel:
    """The panel without what was observed of some series in some columns."""
    observed, y = panel.observed.copy(), panel.y.copy()
    observed[rows, columns], y[rows, columns] = False, np.nan
    return replace(panel, observed=observed, y=y)


def repeat_slot(panel: Panel, *, column: int) -> Panel:
    """The panel with a history column that comes twice, as the hour does when summer time ends."""

    def doubled(values: np.ndarray) -> np.ndarray:
        return np.insert(values, column, values[..., column], axis=values.ndim - 1)

    return replace(
        panel,
        ts=np.insert(panel.ts, column, panel.ts[column]),
        wall=np.insert(panel.wall, column, panel.wall[column]),
        slot=doubled(panel.slot),
        cycle=doubled(panel.cycle),
        y=doubled(panel.y),
        observed=doubled(panel.observed),
        open=doubled(panel.open),
        covariates=np.insert(panel.covariates, column, panel.covariates[column], axis=0),
        campaign=doubled(panel.campaign),
        fault=doubled(panel.fault),
    )


def scramble_from(panel: Panel, at: int, *, seed: int = 0) -> Panel:
    """The same panel with another demand, observed elsewhere, from column `at` on: nothing known at `at` differs."""
    rng = np.random.default_rng(seed)
    y, observed = panel.y.copy(), panel.observed.copy()
    later = y[:, at:].shape
    observed[:, at:] = rng.random(later) < 0.7
    y[:, at:] = np.where(observed[:, at:], rng.uniform(0, 1e6, later), np.nan)
    return replace(panel, y=y, observed=observed)
