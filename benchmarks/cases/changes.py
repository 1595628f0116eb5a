"""Generated demand with a change in it, and the same demand without: new levels, surges, shapes that move, events."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from cases.worlds import START, define, to_rows, walk, week_factors
from numpy.typing import NDArray
from scipy.stats import norm, poisson

Array = NDArray[np.float64]
Factor = Callable[[Array], Array]
"""What demand is multiplied by, or an hour is moved by, of the day (T,) from START on, with its fraction."""


@dataclass(frozen=True)
class Kind:
    """Demand of some series: its grid, and how it comes about."""

    name: str
    interval: str
    horizon: int
    """Days."""
    hours: str = ""
    n_series: int = 6
    counts: bool = True
    views: bool = False
    """Whether events drive it: a level that wanders, bursts that decay, a weak week."""

    @property
    def definition(self) -> str:
        unit = "calls" if self.counts else "MB"
        return define(self.name, unit=unit, interval=self.interval, horizon=f"{self.horizon}d", hours=self.hours)


CALLS = Kind("half_hour_calls", "30min", 7, hours="08:00-20:00")
TWENTY = Kind("twenty_queues", "30min", 7, hours="08:00-20:00", n_series=20)
DAILY = Kind("daily_calls", "1d", 14)
TRAFFIC = Kind("hourly_traffic", "1h", 7, counts=False)
DAILY_VIEWS = Kind("daily_views", "1d", 14, n_series=8, views=True)
HOURLY_VIEWS = Kind("hourly_views", "1h", 7, n_series=8, views=True)


@dataclass(frozen=True)
class Change:
    """What happens to a kind of demand, and when it is forecast."""

    name: str
    kind: Kind
    origins: tuple[int, ...]
    """Days from START on; the model is trained before the first."""
    labels: tuple[str, ...]
    factor: Factor | None = None
    """Of demand; none of the change where None."""
    touched: int | None = None
    """Series that the factor touches, the first ones; all unless given."""
    weekend: Factor | None = None
    """Of the weekend's demand."""
    moved: Factor | None = None
    """Hours by which the day's shape is later."""

    @property
    def days(self) -> int:
        return max(self.origins) + self.kind.horizon

    @property
    def is_surge(self) -> bool:
        return self.name.startswith("surge")


def make(change: Change, *, seed: int, changed: bool) -> pd.DataFrame:
    """Rows of a change's demand; with and without the change from the same random numbers."""
    kind, rng = change.kind, np.random.default_rng(seed)
    a_day = round(pd.Timedelta("1d") / pd.Timedelta(kind.interval))
    day = np.arange(change.days * a_day) / a_day
    nothing: Factor = np.zeros_like
    one: Factor = np.ones_like
    later = (change.moved if changed and change.moved else nothing)(day)
    weekend = (change.weekend if changed and change.weekend else one)(day)
    factor = np.ones((kind.n_series, len(day)))
    if changed and change.factor:
        factor[: change.touched] = change.factor(day)
    if kind.views:
        rate = _view_rate(kind, day, rng=rng)
    else:
        rate = _usual_rate(kind, day, later=later, weekend=weekend, rng=rng) * factor
    chance = rng.random(rate.shape)
    y = poisson.ppf(chance, rate) if kind.counts else rate * np.exp(0.06 * norm.ppf(chance))
    rows = to_rows(y.astype(float), kind.interval)
    if kind.hours:
        opens, closes = (int(text[:2]) for text in kind.hours.split("-"))
        rows = rows[rows["ts"].dt.hour.between(opens, closes - 1)].reset_index(drop=True)
    return rows


def _usual_rate(kind: Kind, day: Array, *, later: Array, weekend: Array, rng: np.random.Generator) -> Array:
    hour = (day % 1) * 24 - later
    if kind.interval == "1d":
        shape, size = np.ones(len(day)), np.geomspace(60, 1500, kind.n_series)
    elif kind.counts:
        shape = 0.08 + np.exp(-(((hour - 10.5) / 2.4) ** 2)) + 0.8 * np.exp(-(((hour - 15.5) / 2.8) ** 2))
        size = np.geomspace(4, 60, kind.n_series)
    else:
        shape = 1.1 + 0.7 * np.sin(2 * np.pi * (hour - 14) / 24) + 0.4 * np.exp(-(((hour - 20) / 2) ** 2))
        size = rng.lognormal(5, 1, kind.n_series)
    number = day.astype(int)
    week = week_factors(int(number[-1]) + 1, weekend=0.6 if kind.counts else 1.0)[number]
    week = week * np.where(number % 7 >= 5, weekend, 1.0)
    noise = np.exp(rng.normal(0, 0.08, (kind.n_series, int(number[-1]) + 1)))[:, number]
    rate: Array = size[:, None] * shape * week * noise
    return rate


def _view_rate(kind: Kind, day: Array, *, rng: np.random.Generator) -> Array:
    """Page views: the logarithm of the level wanders, and twice a month news triple it for days."""
    number, n = day.astype(int), kind.n_series
    days = int(number[-1]) + 1
    level = np.cumsum(rng.normal(0, 0.06, (n, days)), axis=1) + walk(rng, (n, days), memory=0.6, spread=0.15)
    burst = np.zeros((n, days))
    start = rng.random((n, days)) < 1 / 15
    height = rng.lognormal(0.5, 0.8, (n, days)) * start
    for step in range(days):
        burst[:, step] = height[:, step] + (0.75 * burst[:, step - 1] if step else 0)
    hour = (day % 1) * 24
    shape = np.ones(len(day)) if kind.interval == "1d" else 1 + 0.5 * np.sin(2 * np.pi * (hour - 14) / 24)
    week = week_factors(days, weekend=0.93)[number]
    size = rng.lognormal(6 if kind.interval == "1d" else 3.5, 1, n)[:, None]
    rate: Array = size * shape * week * (np.exp(level) * (1 + burst))[:, number]
    return rate


def _shift(kind: Kind, factor: float) -> Change:
    return Change(
        f"level x{factor}",
        kind,
        origins=(112, 113, 115, 119, 126),
        labels=("before", "day 1", "day 3", "day 7", "day 14"),
        factor=lambda day: np.where(day >= 112, factor, 1.0),
    )


def _surge(name: str, kind: Kind, days: int, factor: Factor, *, touched: int | None = None) -> Change:
    """factor: of the days (T,) since the surge began; it has `days` days."""
    end = 98 + days
    return Change(
        f"surge: {name}",
        kind,
        origins=(end + 7, end + 14, end + 21, end + 28),
        labels=("week 1", "week 2", "week 3", "week 4"),
        factor=lambda day: factor(day - 98),
        touched=touched,
    )


def _within(days: float, factor: float, *, since: float = 0) -> Factor:
    return lambda day: np.where((day >= since) & (day < since + days), factor, 1.0)


def _decay(day: Array) -> Array:
    steps = np.array([6.0, 4.0, 2.5, 1.6, 1.2])
    number = np.floor(day).astype(int)
    return np.where((number >= 0) & (number < len(steps)), steps[number.clip(0, len(steps) - 1)], 1.0)


def _afternoon(day: Array) -> Array:
    return np.where((day >= 0.5) & (day < 1), 5.0, 1.0)


def _twice(day: Array) -> Array:
    return _within(7, 5)(day) * _within(5, 4, since=-45)(day)


_WEEKS = ("week 1", "week 2", "week 3", "week 4")
CHANGES = (
    *(_shift(kind, factor) for kind in (CALLS, DAILY, TRAFFIC) for factor in (1.6, 0.6, 3.0)),
    *(
        change
        for kind in (CALLS, DAILY, TRAFFIC)
        for change in (
            _surge("decays from 6", kind, 5, _decay),
            _surge("one day of 4", kind, 1, _within(1, 4)),
            _surge("two days of 4", kind, 2, _within(2, 4)),
            *((_surge("an afternoon of 5", kind, 1, _afternoon),) if kind is not DAILY else ()),
            _surge("two in two months", kind, 7, _twice),
            _surge("ten days at 0.3", kind, 10, _within(10, 0.3)),
        )
    ),
    _surge("five of twenty", TWENTY, 10, _within(10, 5), touched=5),
    *(
        Change(
            f"weekend bump {name}",
            kind,
            origins=(84, 91, 98, 105),
            labels=_WEEKS,
            weekend=lambda day: np.interp(day, [0, 112], [1.15, 1.08]),
        )
        for kind, name in ((TRAFFIC, "15% to 8%"), (DAILY, "15% to 8%"))
    ),
    *(
        Change(
            "peak an hour later in three months",
            kind,
            origins=(84, 91, 98, 105),
            labels=_WEEKS,
            moved=lambda day: day / 91,
        )
        for kind in (CALLS, TRAFFIC)
    ),
    *(
        Change("driven by events", kind, origins=(98, 112, 126, 140), labels=_WEEKS)
        for kind in (DAILY_VIEWS, HOURLY_VIEWS)
    ),
)
__all__ = ["CHANGES", "START", "Change", "make"]
