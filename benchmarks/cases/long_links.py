"""Daily peaks of links over years, with the day on which each really runs out.

Nothing here is a smooth trend with a smooth year. Customers come in cohorts (Bass, 1969), each uses linearly more,
products ramp over weeks, school holidays are rectangles, traffic is moved between links of a group on a day, and what
an old capacity held back appears with its upgrade. Days that nobody can foresee (products, migrations) are drawn alike
before and after the origin. Everything follows from the seed.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.capacity import Persistence

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

YEAR = 365.25
LINKS_A_GROUP = 4
CAPACITIES, CAPACITY_SHARES = (1_000.0, 10_000.0, 40_000.0, 100_000.0), (0.35, 0.4, 0.1, 0.15)

COHORTS = 3
SETTLED = (0.4, 0.75)
"""Share of a link's eventual customers that had joined long ago."""
COHORT_STARTS = (-6.0, 1.5)
"""Years from the origin."""
INNOVATION, IMITATION = (0.01, 0.06), (0.4, 1.1)
"""Bass's p and q, a year."""
USAGE_GROWTH = (0.02, 0.2)
"""What a customer's usage grows by a year, in shares of that at the origin."""
LAUNCHES_A_YEAR, LAUNCH_LIFT, LAUNCH_DAYS = 0.4, (0.02, 0.12), (14, 70)
MOVES_A_YEAR, MOVED_SHARE = 0.05, (0.08, 0.3)
"""Migrations that a link is the source of, and the share of its traffic that goes."""

UPGRADED_SHARE, UPGRADE_TIMES = 0.2, (2.0, 2.0, 4.0)
FULL_AT_UPGRADE = (0.85, 1.15)
"""Demand over the old capacity on the day of the upgrade."""
LOAD = (0.25, 0.78)
"""Working days' peak over capacity at the origin, of links without an upgrade and before migrations."""
KNEE, CEILING, CENSORED = 0.8, 0.98, 0.9
"""Shares of the capacity: from where traffic is held back, what it never passes, from where a day is censored."""

NOISE, NOISE_MEMORY, NOISE_DEGREES, NOISE_SHARED = (0.03, 0.08), (0.3, 0.5), 5, 0.25
"""Day's relative deviation, its correlation with the day before, freedom of its t, share common to a group."""
MISSING_SHARE, GAPS_A_YEAR, GAP_DAYS = 0.01, 0.7, (2, 13)


@dataclass(frozen=True)
class _Kind:
    """Who is behind a link: peaks of Monday to Sunday, and what school holidays add (lowest, highest)."""

    share: float
    week: tuple[float, ...]
    summer: tuple[float, float]
    christmas: tuple[float, float]
    march: tuple[float, float]


KINDS = {
    "homes": _Kind(0.5, (1, 1, 1, 1, 1.01, 1.04, 1.07), (-0.18, -0.06), (0.02, 0.10), (0.0, 0.04)),
    "offices": _Kind(0.25, (1, 1, 1, 1, 0.95, 0.5, 0.45), (-0.2, -0.08), (-0.45, -0.3), (-0.06, 0.0)),
    "campus": _Kind(0.1, (1, 1, 1, 1, 0.92, 0.65, 0.7), (-0.5, -0.3), (-0.45, -0.3), (-0.25, -0.1)),
    "resort": _Kind(0.15, (0.95, 0.93, 0.93, 0.95, 1.02, 1.1, 1.06), (0.1, 0.28), (0.08, 0.2), (0.05, 0.18)),
}
SUMMER, CHRISTMAS, MARCH = (624, 831), (1222, 103), (302, 312)
"""First and last day, 100 x month + day."""


@dataclass(frozen=True)
class LongLinks:
    """N links on T days of history and D days beyond; Mbit/s.

    series: series_id, group, kind, capacity; capacity_before and upgraded (first day of the present capacity, NaT) of
    the links that were upgraded in their history. days: (T+D,) datetime64[D]. y: (N, T) float32 95th percentile of the
    day as measured, NaN where nothing was. censored: (N, T) the link was so full that y is a lower bound of demand.
    future: (N, D) float32 what will be asked for, whatever the capacity. expected: (N, T+D) demand without the day's
    noise. runs_out, expected_runs_out: (N,) first day from the origin, 0-based, on which future, or expected, has
    stood above the limit with `persistence`; -1 where it does not within D days.
    """

    series: pd.DataFrame
    days: NDArray[np.datetime64]
    y: NDArray[np.float32]
    censored: Bools
    future: NDArray[np.float32]
    expected: NDArray[np.float32]
    threshold: float
    persistence: Persistence
    runs_out: NDArray[np.int64]
    expected_runs_out: NDArray[np.int64]

    @property
    def limit(self) -> Floats:
        """(N,) Mbit/s that the peak must not pass."""
        limit: Floats = self.threshold * self.series["capacity"].to_numpy()
        return limit


def make_long_links(
    count: int,
    *,
    seed: int,
    origin: date = date(2026, 1, 1),
    history: tuple[int, int] = (180, 1095),
    horizon: int = 730,
    threshold: float = 0.8,
    persistence: Persistence = Persistence(days=3, window=7),  # noqa: B008  (frozen)
) -> LongLinks:
    """`count` links, each with its own number of days of history (least, most) before `origin`.

    history: at most four years. Yearly growth is mostly 10 to 40%. Links that stand above the limit already have
    runs_out 0.
    """
    streams = iter(np.random.default_rng(seed).spawn(9))
    first = np.datetime64(origin, "D")
    now = history[1]
    days = first - now + np.arange(now + horizon)
    years = np.arange(-now, horizon) / YEAR
    group = np.arange(count) // LINKS_A_GROUP

    draw = next(streams)
    capacity = draw.choice(CAPACITIES, group.max() + 1, p=CAPACITY_SHARES)[group]
    kind = draw.choice(list(KINDS), count, p=[one.share for one in KINDS.values()])
    length = draw.integers(history[0], history[1] + 1, count)

    own = _customers(count, years, next(streams)) * _usage(count, years, next(streams))
    own *= _launches(count, days=len(days), rng=next(streams))
    upgraded, before = _upgrades(capacity, length=length, now=now, rng=(draw := next(streams)))
    at = np.where(upgraded < 0, now, upgraded)
    full = np.where(upgraded < 0, draw.uniform(*LOAD, count), draw.uniform(*FULL_AT_UPGRADE, count))
    own *= (full * np.where(upgraded < 0, capacity, before) / own[np.arange(count), at])[:, None]

    expected = _moved(own, group, rng=next(streams)) * _calendar(kind, days, next(streams))
    demand = expected * (1 + _noise(group, days=len(days), rng=next(streams)))
    present = np.where(np.arange(now) < upgraded[:, None], before[:, None], capacity[:, None])
    y = _carried(demand[:, :now] / present) * present
    y[_missing(count, length=length, now=now, rng=next(streams))] = np.nan

    above = threshold * capacity[:, None]
    series = pd.DataFrame(
        {
            "series_id": [f"g{number // LINKS_A_GROUP:04d}.{number % LINKS_A_GROUP}" for number in range(count)],
            "group": [f"g{number:04d}" for number in group],
            "kind": kind,
            "capacity": capacity,
            "capacity_before": np.where(upgraded < 0, np.nan, before),
            "upgraded": np.where(upgraded < 0, np.datetime64("NaT"), days[upgraded]),
        }
    )
    return LongLinks(
        series=series,
        days=days,
        y=y.astype(np.float32),
        censored=y >= CENSORED * present,
        future=demand[:, now:].astype(np.float32),
        expected=expected.astype(np.float32),
        threshold=threshold,
        persistence=persistence,
        runs_out=first_day(demand > above, now, persistence),
        expected_runs_out=first_day(expected > above, now, persistence),
    )


def first_day(above: Bools, now: int, persistence: Persistence) -> NDArray[np.int64]:
    """(N,) days from column `now` to the first on which `days` of the last `window` days are above; -1 where none.

    above: (N, T+D); the window reaches back before `now`.
    """
    total: NDArray[np.int64] = np.cumsum(np.pad(above, ((0, 0), (persistence.window, 0))), axis=1)
    within: NDArray[np.int64] = total[:, persistence.window + now :] - total[:, now : -persistence.window]
    passed = within >= persistence.days
    day: NDArray[np.int64] = np.where(passed.any(axis=1), passed.argmax(axis=1), -1)
    return day


def _customers(count: int, years: Floats, rng: np.random.Generator) -> Floats:
    """(N, T+D) customers in shares of those that a link will ever have."""
    settled = rng.uniform(*SETTLED, count)
    sizes = (1 - settled)[:, None] * rng.dirichlet(np.ones(COHORTS), count)
    customers = np.repeat(settled[:, None], len(years), axis=1)
    for cohort in range(COHORTS):
        since = np.maximum(years - rng.uniform(*COHORT_STARTS, (count, 1)), 0.0)
        p, q = rng.uniform(*INNOVATION, (count, 1)), rng.uniform(*IMITATION, (count, 1))
        gone = np.exp(-(p + q) * since)
        customers += sizes[:, cohort, None] * (1 - gone) / (1 + q / p * gone)
    return customers


def _usage(count: int, years: Floats, rng: np.random.Generator) -> Floats:
    usage: Floats = 1 + rng.uniform(*USAGE_GROWTH, (count, 1)) * years
    return usage


def _launches(count: int, *, days: int, rng: np.random.Generator) -> Floats:
    """(N, T+D) what products have added: each ramps up in a straight line over weeks and stays."""
    lift, day = np.ones((count, days)), np.arange(days)
    for link, events in enumerate(rng.poisson(LAUNCHES_A_YEAR * days / YEAR, count)):
        for _ in range(events):
            ramp = (day - rng.integers(days)) / rng.integers(*LAUNCH_DAYS)
            lift[link] *= 1 + rng.uniform(*LAUNCH_LIFT) * np.clip(ramp, 0.0, 1.0)
    return lift


def _upgrades(
    capacity: Floats, *, length: NDArray[np.int64], now: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """(N,) column of the upgrade, -1 without, and the capacity before it; two months of history lie on both sides."""
    day = now - 60 - rng.integers(0, np.maximum(length - 120, 1))
    chosen = (rng.random(len(capacity)) < UPGRADED_SHARE) & (length > 180)
    return np.where(chosen, day, -1), capacity / rng.choice(UPGRADE_TIMES, len(capacity))


def _moved(own: Floats, group: NDArray[np.int64], *, rng: np.random.Generator) -> Floats:
    """(N, T+D) traffic after migrations, each of which moves a share of one link to another of its group for good."""
    traffic, (count, days) = own.copy(), own.shape
    for source, events in enumerate(rng.poisson(MOVES_A_YEAR * days / YEAR, count)):
        others = np.flatnonzero((group == group[source]) & (np.arange(count) != source))
        for day in np.sort(rng.integers(0, days, events)) if len(others) else ():
            moved = rng.uniform(*MOVED_SHARE) * traffic[source, day:]
            traffic[rng.choice(others), day:] += moved
            traffic[source, day:] -= moved
    return traffic


def _calendar(kind: NDArray[np.str_], days: NDArray[np.datetime64], rng: np.random.Generator) -> Floats:
    """(N, T+D) weekday times school holidays; a holiday is a little deeper in one year than in another."""
    date_of = pd.DatetimeIndex(days)
    month_day = (100 * date_of.month + date_of.day).to_numpy()
    week = np.array([KINDS[one].week for one in kind])
    factor: Floats = (week * rng.normal(1.0, 0.01, week.shape))[:, date_of.dayofweek]
    for name, (begin, end) in (("summer", SUMMER), ("christmas", CHRISTMAS), ("march", MARCH)):
        depth = rng.uniform(*np.array([getattr(KINDS[one], name) for one in kind]).T)
        # a season that spans New Year belongs to the year in which it begins
        season = date_of.year.to_numpy() - (begin > end) * (month_day <= end)
        yearly = rng.uniform(0.8, 1.2, season.max() - season.min() + 1)[season - season.min()]
        after, until = month_day >= begin, month_day <= end
        inside = (after | until) if begin > end else (after & until)
        factor *= 1 + depth[:, None] * (yearly * inside)
    return factor


def _noise(group: NDArray[np.int64], *, days: int, rng: np.random.Generator) -> Floats:
    """(N, T+D) relative deviations of days: autoregressive, with Student's tails, partly common to a group."""
    count, spread = len(group), np.sqrt(NOISE_DEGREES / (NOISE_DEGREES - 2))
    common = rng.standard_t(NOISE_DEGREES, (group.max() + 1, days))[group]
    drawn = rng.standard_t(NOISE_DEGREES, (count, days))
    drawn = (np.sqrt(NOISE_SHARED) * common + np.sqrt(1 - NOISE_SHARED) * drawn) / spread
    memory, size = rng.uniform(*NOISE_MEMORY, count), rng.uniform(*NOISE, count)
    for day in range(1, days):
        drawn[:, day] = memory * drawn[:, day - 1] + np.sqrt(1 - memory**2) * drawn[:, day]
    noise: Floats = np.clip(size[:, None] * drawn, -0.5, 0.5)
    return noise


def _carried(load: Floats) -> Floats:
    """What a link carries of a load, both in shares of its capacity: all below the knee, ever less above it."""
    room = CEILING - KNEE
    held = KNEE + room * -np.expm1(-np.maximum(load - KNEE, 0.0) / room)
    return np.where(load <= KNEE, load, held)


def _missing(count: int, *, length: NDArray[np.int64], now: int, rng: np.random.Generator) -> Bools:
    """(N, T) nothing was measured: before a link's first day, on single days, in gaps."""
    day = np.arange(now)
    missing: Bools = (day < now - length[:, None]) | (rng.random((count, now)) < MISSING_SHARE)
    for link, events in enumerate(rng.poisson(GAPS_A_YEAR * now / YEAR, count)):
        for _ in range(events):
            begin = rng.integers(now)
            missing[link, begin : begin + rng.integers(*GAP_DAYS)] = True
    return missing
