"""Generated demand: panels of unlike series in which everything a telecom series does happens somewhere.

On the log scale a series is a sum of a daily and a weekly shape that change slowly, walks and mean-reverting levels of
weeks, days and intervals, some of them shared, growth and a year, months, holidays, steps, bursts and surges. Counts or
amounts are drawn around it, some held back by a bound, some with gaps.
"""

import numpy as np
import pandas as pd

from forecasting.numerics import Floats32, Floats64, Mask
from forecasting.panel.grid import Panel
from forecasting.pretraining.calendars import DAY_MINUTES, FORMS, WorldCalendar, covariates, draw_calendar
from forecasting.pretraining.processes import between, bursts, curves, reverting, some


def make_world(rng: np.random.Generator, *, series: int, most_values: int) -> Panel:
    """A panel of a random calendar; series: at most so many, with at most `most_values` values together."""
    form = str(rng.choice(list(FORMS)))
    short = rng.random() < 0.3
    weeks = int(rng.integers(4, 9)) if short else int(rng.integers(9, 40))
    if FORMS[form][0] >= 360 and not short:
        weeks = int(rng.integers(20, 110))
    calendar = draw_calendar(rng, form=form, weeks=weeks)
    n = int(np.clip(most_values // len(calendar.ts), 4, series))
    rate = _rate(rng, calendar, n)
    y = _observe(rng, rate)
    known = _gaps(rng, y.shape)
    return _panel(calendar, np.where(known, y, np.nan).astype(np.float32))


def _rate(rng: np.random.Generator, calendar: WorldCalendar, n: int) -> Floats64:
    """(n, T) expected demand over its mean, before the noise of a single interval."""
    log = _shapes(rng, calendar, n) + _levels(rng, calendar, n) + _calendar_effects(rng, calendar, n)
    log += _shocks(rng, calendar, n)
    log -= np.log(np.exp(log.clip(-15, 15)).mean(axis=1, keepdims=True))
    rate: Floats64 = np.exp(log.clip(-12, 6))
    return rate


def _shapes(rng: np.random.Generator, calendar: WorldCalendar, n: int) -> Floats64:
    """Time of day and weekday, which may change slowly."""
    points, at = DAY_MINUTES // calendar.interval, calendar.minute // calendar.interval
    weekly = rng.standard_normal((n, 7)) * between(rng, 0.03, 0.4, n)[:, None]
    quieter = some(rng, 0.5, n) * between(rng, 0.1, 1.5, n)
    weekly[:, 5:] -= quieter[:, None] * rng.uniform(0.6, 1.2, (n, 2))
    log = weekly[:, calendar.weekday]
    weeks = int(calendar.cycle[-1]) + 1
    if points > 1:
        daily, common = (
            curves(rng, rng.uniform(0.8, 2.2, n), points=points),
            curves(rng, np.array([1.5]), points=points),
        )
        alike = rng.uniform(0, 1, (n, 1)) * rng.choice([0, 1], (n, 1))
        daily = daily * (1 - alike) + common * alike
        log = log + between(rng, 0.1, 1.2, n)[:, None] * daily[:, at]
        kinds = np.stack([curves(rng, rng.uniform(1, 2.2, n), points=points) for _ in range(3)], axis=1)
        own = some(rng, 0.5, n) * between(rng, 0.03, 0.4, n)
        log += own[:, None] * kinds[:, np.array([0, 0, 0, 0, 0, 1, 2])[calendar.weekday], at]
        change = np.cumsum(reverting(rng, np.full(n, 0.9), steps=weeks), axis=1) * 0.15
        change *= (some(rng, 0.6, n) * between(rng, 0.01, 0.4, n))[:, None]
        log += change[:, calendar.cycle] * curves(rng, np.full(n, 1.6), points=points)[:, at]
    slots = between(rng, 0.005, 0.12, n)[:, None] * rng.standard_normal((n, calendar.season))
    fading = (some(rng, 0.4, n) * rng.uniform(-1, 1, n))[:, None] * (np.arange(weeks) / max(weeks - 1, 1))
    return np.asarray(log * (1 + 0.5 * fading[:, calendar.cycle]) + slots[:, calendar.slot])


def _levels(rng: np.random.Generator, calendar: WorldCalendar, n: int) -> Floats64:
    """What moves a level: walks, weeks, days, intervals, growth and the year."""
    days, weeks, columns = calendar.days, int(calendar.cycle[-1]) + 1, len(calendar.ts)
    walk = rng.standard_normal((n, days)).cumsum(axis=1) * (some(rng, 0.8, n) * between(rng, 0.001, 0.05, n))[:, None]
    week = (
        reverting(rng, rng.uniform(0.2, 0.95, n), steps=weeks)
        * (some(rng, 0.7, n) * between(rng, 0.005, 0.25, n))[:, None]
    )
    day = reverting(rng, rng.uniform(0, 0.95, n), steps=days)
    shared = reverting(rng, rng.uniform(0, 0.9, 1), steps=days)
    loading = rng.uniform(0, 1, (n, 1)) * (rng.random() < 0.6)
    day = np.sqrt(1 - loading**2) * day + loading * shared
    day *= (some(rng, 0.85, n) * between(rng, 0.01, 0.4, n))[:, None]
    log = (walk + day)[:, calendar.day] + week[:, calendar.cycle]
    log += (rng.normal(0, 0.01, n) * some(rng, 0.6, n))[:, None] * (calendar.day / 7)
    year = 2 * np.pi * (calendar.day / 365.25 + rng.random((n, 1)))
    log += (some(rng, 0.5, n) * between(rng, 0.02, 0.4, n))[:, None] * np.sin(year)
    for low, high, share in ((1.0, 8.0, 0.8), (8.0, 60.0, 0.6)):
        memory = np.exp(-1 / between(rng, low, high, n))
        log += (some(rng, share, n) * between(rng, 0.01, 0.35, n))[:, None] * reverting(rng, memory, steps=columns)
    if calendar.interval < DAY_MINUTES:
        # the time of day of a whole day runs off
        tilt = rng.standard_normal((n, days)) * (some(rng, 0.4, n) * between(rng, 0.01, 0.3, n))[:, None]
        angle = 2 * np.pi * calendar.minute / DAY_MINUTES + rng.uniform(0, 2 * np.pi, (n, 1))
        log += tilt[:, calendar.day] * np.sin(angle)
    return np.asarray(log)


def _calendar_effects(rng: np.random.Generator, calendar: WorldCalendar, n: int) -> Floats64:
    """Months and holidays, whose effects most series of a panel share in part."""
    day = calendar.day
    effects = np.zeros((n, len(calendar.holiday)))
    # bills and wages: some days of the month, each with its own effect
    monthly = np.zeros((n, 31))
    for _ in range(int(rng.integers(0, 4))):
        first, length = int(rng.integers(0, 31)), int(rng.integers(1, 5))
        monthly[:, np.arange(first, first + length) % 31] += rng.normal(0.15, 0.25, (n, 1)) * rng.choice([0, 1], (n, 1))
    effects += monthly[:, calendar.month_day]
    ends = rng.normal(0.1, 0.2, (n, 1)) * some(rng, 0.3, n)[:, None]
    effects += ends * (calendar.month_left < rng.integers(1, 4))
    size = rng.normal(-0.8, 0.6, (n, 1)) * some(rng, 0.8, n)[:, None]
    each = size + 0.2 * rng.standard_normal((n, len(calendar.holiday)))
    effects += each * calendar.holiday
    beside = rng.normal(0.1, 0.2, (n, 1)) * some(rng, 0.5, n)[:, None]
    effects[:, :-1] += beside * calendar.holiday[1:]
    effects[:, 1:] += rng.normal(0.15, 0.2, (n, 1)) * some(rng, 0.5, n)[:, None] * calendar.holiday[:-1]
    return np.asarray(effects[:, day])


def _shocks(rng: np.random.Generator, calendar: WorldCalendar, n: int) -> Floats64:
    """Steps to a new level, bursts, and surges of days."""
    columns = np.arange(len(calendar.ts))
    log = np.zeros((n, len(columns)))
    for _ in range(2):
        jump = rng.normal(0, 0.5, n) * some(rng, 0.12, n)
        log += jump[:, None] * (columns >= rng.integers(0, len(columns), n)[:, None])
    rate = between(rng, 1e-4, 5e-3, n) * some(rng, 0.5, n)
    log += bursts(rng, rate, steps=len(columns)) * rng.choice([1, 1, -1], (n, 1)) * rng.uniform(0.3, 1.2, (n, 1))
    rate = between(rng, 1e-3, 1e-2, n) * some(rng, 0.3, n)
    log += bursts(rng, rate, steps=calendar.days)[:, calendar.day] * rng.uniform(0.2, 0.8, (n, 1))
    return log


def _observe(rng: np.random.Generator, rate: Floats64) -> Floats32:
    """(n, T) counts or amounts around the rate."""
    n = len(rate)
    is_count = bool(rng.random() < 0.6)
    level = between(rng, 0.3, 3_000, n) if is_count else between(rng, 1, 1e4, n)
    mean = level[:, None] * rate
    if is_count:
        scatter = (between(rng, 1e-3, 0.5, n) * some(rng, 0.7, n))[:, None]
        varied = np.where(
            scatter > 0, rng.gamma(1 / np.maximum(scatter, 1e-4), np.maximum(scatter, 1e-4), mean.shape), 1
        )
        return rng.poisson(np.minimum(mean * varied, 1e6)).astype(np.float32)
    size, heavy = between(rng, 0.01, 0.8, n)[:, None], some(rng, 0.3, n)[:, None]
    noise = np.where(heavy, 0.7 * rng.standard_t(4, mean.shape), rng.standard_normal(mean.shape))
    y = mean * np.exp((size * noise).clip(-6, 3) - size**2 / 2)
    calm = some(rng, 0.15, n)  # amounts that swing a little around a level
    y[calm] = (level[calm, None] * (1 + 0.3 * (y[calm] / level[calm, None] - 1))).clip(0)
    bound = np.where(some(rng, 0.1, n), np.quantile(y, rng.uniform(0.85, 0.99), axis=1), np.inf)
    return np.minimum(y, bound[:, None]).astype(np.float32)


def _gaps(rng: np.random.Generator, shape: tuple[int, int]) -> Mask:
    known = np.ones(shape, dtype=bool)
    holes = some(rng, 0.15, shape[0])
    missing = np.repeat(rng.random((int(holes.sum()), -(-shape[1] // 6))) < 0.03, 6, axis=1)
    known[holes] &= ~missing[:, : shape[1]]
    young = np.flatnonzero(some(rng, 0.1, shape[0]))
    for row in young:
        known[row, : int(rng.uniform(0.1, 0.8) * shape[1])] = False
    return known


def _panel(calendar: WorldCalendar, y: Floats32) -> Panel:
    """A panel whose whole length is history; a horizon has two weeks at most."""
    n, columns = y.shape
    ids = np.array([f"s{number:05d}" for number in range(n)])
    values, names = covariates(calendar)
    return Panel(
        series_ids=ids,
        attributes=pd.DataFrame(index=pd.Index(ids, name="series_id")),
        ts=calendar.ts,
        wall=calendar.ts,
        horizon_step=np.zeros(0, dtype=np.int32),
        slot=calendar.slot,
        cycle=calendar.cycle,
        season=calendar.season,
        max_horizon=min(2 * calendar.season, columns // 3),
        y=y,
        observed=np.isfinite(y),
        open=np.ones((n, columns), dtype=bool),
        covariates=values,
        covariate_names=names,
        campaign=np.zeros((n, columns), dtype=bool),
        fault=np.zeros((n, columns), dtype=np.uint8),
        level_start=np.zeros(n, dtype=np.int64),
    )
