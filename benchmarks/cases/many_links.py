"""Paths of very many links over two years, their weeks, their groups and their run-out days: seconds and memory."""

import resource
import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from forecasting.config.capacity import Persistence
from forecasting.panel.hierarchy import build_hierarchy
from forecasting.planning.capacity.runout import date_quantiles, first_exceedance_day, probability_by
from forecasting.quantiles import LEVEL_SCORES
from forecasting.terms import QUANTILES
from forecasting.uncertainty.aggregates import aggregate_rows
from forecasting.uncertainty.long_dependence import learn_long_dependence
from forecasting.uncertainty.long_paths import LongPathMaker
from forecasting.uncertainty.periods import Columns

HISTORY, HORIZON, PATHS = 365, 730, 200
REGIONS, SITES = 8, 64
BLOCK = 50
"""Links whose paths stand in memory at once."""
THRESHOLD, PERSISTENCE = 0.8, Persistence(days=3, window=7)
FIRST = np.datetime64("2026-01-01")
QUARTER_ENDS = (89, 180, 272, 364, 454, 545, 637, 729)
"""Days from FIRST."""
PARTS = ("paths", "groups", "run-out", "weeks")


@dataclass(frozen=True)
class Cost:
    """What a number of links cost."""

    links: int
    seconds: dict[str, float]
    """By part."""
    processor: float
    """Seconds of one core in all: other work on the machine is not in it."""
    gib: float
    """Peak resident memory of the process, the forecasts included."""

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def measure(count: int, *, seed: int = 1) -> Cost:
    """Run all parts for `count` links. The memory is that of the whole process: start a fresh one."""
    rng = np.random.default_rng(seed)
    y, quantiles = _forecast(count, rng)
    capacity = y.mean(axis=1) * rng.uniform(1.4, 4.0, count)
    sites = [f"s{number:02d}" for number in rng.integers(0, SITES, count)]
    attributes = pd.DataFrame(
        {"region": [f"r{int(site[1:]) % REGIONS}" for site in sites], "site": sites},
        index=[f"link{number:05d}" for number in range(count)],
    )
    began, started = time.process_time(), time.perf_counter()
    hierarchy = build_hierarchy(attributes, ("region", "site"))
    summing = hierarchy.summing.tocsc()
    maker = LongPathMaker(learn_long_dependence(y, np.isfinite(y), season=7), HORIZON, paths=PATHS, seed=(seed,))
    seconds = dict.fromkeys(PARTS, 0.0) | {"dependence": time.perf_counter() - started}
    columns, groups = _columns(), np.zeros((len(hierarchy.keys), HORIZON * PATHS), np.float32)
    for first in range(0, count, BLOCK):
        some = np.arange(first, min(first + BLOCK, count))
        clock = [time.perf_counter()]
        paths = maker.paths_of(some, quantiles[some])
        clock.append(time.perf_counter())
        groups += summing[:, some] @ paths.reshape(len(some), -1)
        clock.append(time.perf_counter())
        first_exceedance = first_exceedance_day(
            paths, THRESHOLD * capacity[some], PERSISTENCE, before=y[some, -PERSISTENCE.window :]
        )
        date_quantiles(first_exceedance)
        probability_by(first_exceedance, QUARTER_ENDS)
        clock.append(time.perf_counter())
        _weeks(paths, columns, level="series", keys=list(attributes.index[some]))
        clock.append(time.perf_counter())
        for part, (begin, end) in zip(PARTS, pairwise(clock), strict=True):
            seconds[part] += end - begin
    started = time.perf_counter()
    _weeks(groups.reshape(-1, HORIZON, PATHS), columns, level="group", keys=list(hierarchy.keys))
    seconds["groups"] += time.perf_counter() - started
    processor = time.process_time() - began
    return Cost(count, seconds, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def _weeks(paths: np.ndarray, columns: Columns, *, level: str, keys: list[str]) -> pd.DataFrame:
    is_open = np.ones(paths.shape[:2], dtype=bool)
    levels = [level] * len(keys)
    return aggregate_rows(paths, columns, level=levels, keys=keys, is_open=is_open, rate=True, intervals=False)


def _forecast(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count, HISTORY) peaks and (count, HORIZON, 7) quantiles as a forecast of growing links would have them."""
    level, growth = rng.lognormal(7, 1, (count, 1)), rng.normal(0.22, 0.12, (count, 1))
    past = np.exp(growth * np.arange(-HISTORY, 0) / 365 + 0.05 * rng.standard_normal((count, HISTORY)))
    day = np.arange(1, HORIZON + 1) / 365
    spread = np.sqrt(0.05**2 + 0.02 * day + (rng.uniform(0.05, 0.2, (count, 1)) * day) ** 2).astype(np.float32)
    quantiles = np.empty((count, HORIZON, len(QUANTILES)), np.float32)
    median = (np.log(level) + growth * day).astype(np.float32)
    for place, normal in enumerate(LEVEL_SCORES.astype(np.float32)):
        np.exp(median + normal * spread, out=quantiles[..., place])
    return (level * past).astype(np.float32), quantiles


def _columns() -> Columns:
    days = FIRST + np.arange(HORIZON)
    number = days.astype(np.int64)
    starts = days.astype("M8[us]")
    return Columns(ts=starts, day=number, midnights=starts, first_day=int(number[0]), interval_minutes=1440)
