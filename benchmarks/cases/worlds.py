"""Generated cases of `benchmarks/accuracy.py`: demand whose rate is known, with a short history or few calls."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demo.calls import draw_counts, expected_calls, local_grid, make_queues

START = pd.Timestamp("2024-01-01", tz="UTC")
"""A Monday."""


@dataclass(frozen=True)
class World:
    """A generated case."""

    name: str
    definition: str
    origins: tuple[str, ...]
    season: int
    """Intervals between the values whose mean change is the scale of MASE."""
    make: Callable[[], pd.DataFrame]


def make_calls() -> pd.DataFrame:
    """Calls of twenty queues of the demo: Poisson counts around a known rate that varies from day to day."""
    rng = np.random.default_rng(7)
    utc, local = local_grid("2025-10-01", days=230)
    queues = make_queues(20, rng=rng)
    counts = draw_counts(expected_calls(queues, local=local), queues=queues, local=local, rng=rng)
    place, column = np.indices(counts.shape).reshape(2, -1)
    rows = queues[["series_id", "region", "queue", "skill"]].iloc[place].reset_index(drop=True)
    share = column / counts.shape[1]
    alive = (share >= queues["opens"].to_numpy()[place]) & (share < queues["closes"].to_numpy()[place])
    rows = rows.assign(ts=pd.DatetimeIndex(utc[column]).tz_localize("UTC"), y=counts.ravel().astype(float))
    known: pd.DataFrame = rows[alive].reset_index(drop=True)
    return known


def define(name: str, *, unit: str, interval: str, horizon: str, hours: str = "") -> str:
    opening = f'[calendar]\n[[calendar.hours]]\nmon-sun = "{hours}"\n' if hours else ""
    return f"""[stream]
name = "{name}"
metric = "demand"
unit = "{unit}"
interval = "{interval}"
timezone = "UTC"
horizon = "{horizon}"

[source]
extract = "{name}.sql"
start = 2024-01-01

{opening}"""


def _origins(first: int, count: int, *, every: int) -> tuple[str, ...]:
    return tuple(str((START + pd.Timedelta(days=first + every * k)).date()) for k in range(count))


def to_rows(y: NDArray[np.float64], interval: str) -> pd.DataFrame:
    """Rows of (N, T) demand from START on."""
    ts = pd.date_range(START, periods=y.shape[1], freq=interval)
    names = [f"s{number:02d}" for number in range(len(y))]
    return pd.DataFrame({"series_id": np.repeat(names, len(ts)), "ts": np.tile(ts, len(y)), "y": y.ravel()})


def week_factors(days: int, *, weekend: float) -> NDArray[np.float64]:
    """(days,) factor of each day of the week, from a Monday on."""
    return np.tile([1.08, 1.04, 1.0, 0.98, 0.95, weekend, weekend], days // 7 + 1)[:days]


def walk(rng: np.random.Generator, shape: tuple[int, int], *, memory: float, spread: float) -> NDArray[np.float64]:
    """First-order autoregression with the given standard deviation."""
    noise = rng.normal(0, spread * np.sqrt(1 - memory**2), shape)
    walk = np.zeros(shape)
    walk[:, 0] = rng.normal(0, spread, shape[0])
    for step in range(1, shape[1]):
        walk[:, step] = memory * walk[:, step - 1] + noise[:, step]
    return walk


def make_daily_trend() -> pd.DataFrame:
    """Daily calls of six queues: 12 weeks that fall by 2% a week, then further origins."""
    rng, days = np.random.default_rng(11), 154
    level = rng.lognormal(6.5, 0.8, 6)[:, None]
    rate = level * week_factors(days, weekend=0.6) * 0.98 ** (np.arange(days) / 7)
    return to_rows(rng.poisson(rate * np.exp(rng.normal(0, 0.06, rate.shape))).astype(float), "1D")


def make_daily_growth() -> pd.DataFrame:
    """Daily calls of one queue, 10 weeks that grow by 3% a week."""
    rng, days = np.random.default_rng(12), 140
    rate = 420 * week_factors(days, weekend=0.5) * 1.03 ** (np.arange(days) / 7)
    return to_rows(rng.poisson(rate * np.exp(rng.normal(0, 0.08, days)))[None].astype(float), "1D")


def make_ten_minutes() -> pd.DataFrame:
    """Traffic of four links every 10 minutes: slow swings, no counts."""
    rng, days = np.random.default_rng(13), 63
    clock = np.tile(np.arange(144) / 6, days)
    shape = 1 + 0.8 * np.sin(2 * np.pi * (clock - 15) / 24) + 0.35 * np.exp(-(((clock - 21) / 1.8) ** 2))
    week = np.repeat(week_factors(days, weekend=1.15), 144)
    slow = np.repeat(walk(rng, (4, days), memory=0.8, spread=0.1), 144, axis=1)
    fast = walk(rng, (4, days * 144), memory=0.95, spread=0.12)
    return to_rows(rng.lognormal(5, 1, 4)[:, None] * (0.3 + shape) * week * np.exp(slow + fast), "10min")


def make_few_calls() -> pd.DataFrame:
    """Calls of twelve small queues in half hours from 08:00 to 20:00: Poisson around 0.2 to 4."""
    rng, days = np.random.default_rng(14), 84
    clock = np.tile(np.arange(48) / 2, days)
    shape = np.exp(-(((clock - 10.5) / 2.5) ** 2)) + 0.8 * np.exp(-(((clock - 15.5) / 3) ** 2))
    week = np.repeat(week_factors(days, weekend=0.5), 48)
    rate = np.geomspace(0.2, 4, 12)[:, None] * shape * week
    rows = to_rows(rng.poisson(rate).astype(float), "30min")
    known: pd.DataFrame = rows[rows["ts"].dt.hour.between(8, 19)].reset_index(drop=True)
    return known


def make_single() -> pd.DataFrame:
    """Hourly calls of one queue for three weeks."""
    rng, days = np.random.default_rng(15), 49
    clock = np.tile(np.arange(24), days)
    shape = 0.1 + np.exp(-(((clock - 11) / 3) ** 2)) + 0.7 * np.exp(-(((clock - 16) / 3) ** 2))
    week = np.repeat(week_factors(days, weekend=0.4), 24)
    factor = np.repeat(np.exp(rng.normal(0, 0.1, days)), 24)
    return to_rows(rng.poisson(60 * shape * week * factor)[None].astype(float), "1h")


def make_alike() -> pd.DataFrame:
    """Hourly demand that is one mean and noise: all members agree, and no weight or factor can gain anything."""
    rng = np.random.default_rng(16)
    return to_rows(np.maximum(rng.normal(100, 10, (3, 91 * 24)), 0), "1h")


def make_persistent() -> pd.DataFrame:
    """Hourly demand whose level wanders from day to day: the newest days say all, means of four weeks little."""
    rng, days = np.random.default_rng(17), 91
    clock = np.tile(np.arange(24), days)
    level = np.cumsum(rng.normal(0, 0.12, (5, days)), axis=1)
    shape = 1.2 + np.sin(2 * np.pi * (clock - 9) / 24)
    return to_rows(200 * shape * np.exp(np.repeat(level, 24, axis=1) + rng.normal(0, 0.03, (5, days * 24))), "1h")


_DAILY = {"unit": "calls", "interval": "1d", "horizon": "14d"}
WORLDS = (
    World("daily_trend", define("daily_trend", **_DAILY), _origins(84, 4, every=14), 7, make_daily_trend),
    World("daily_growth", define("daily_growth", **_DAILY), _origins(70, 4, every=14), 7, make_daily_growth),
    World(
        "ten_minutes",
        define("ten_minutes", unit="Mbit/s", interval="10min", horizon="7d"),
        _origins(35, 3, every=7),
        1008,
        make_ten_minutes,
    ),
    World(
        "few_calls",
        define("few_calls", unit="calls", interval="30min", horizon="7d", hours="08:00-20:00"),
        _origins(42, 4, every=7),
        168,
        make_few_calls,
    ),
    World(
        "single",
        define("single", unit="calls", interval="1h", horizon="7d"),
        _origins(21, 4, every=7),
        168,
        make_single,
    ),
    World(
        "alike",
        define("alike", unit="MB", interval="1h", horizon="7d"),
        _origins(56, 4, every=7),
        168,
        make_alike,
    ),
    World(
        "persistent",
        define("persistent", unit="MB", interval="1h", horizon="7d"),
        _origins(56, 4, every=7),
        168,
        make_persistent,
    ),
)
