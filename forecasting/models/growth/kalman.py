"""A structural model of daily or longer peaks, in logarithms, and its Kalman filter over many series at once.

What is measured is level + swell + effects of weekday, New Year and season + noise. The level walks and grows; its
growth a year is what the series keeps for good plus a turn that fades. A swell is what passes within weeks: an event,
bad weather. Series differ in the effects by a mixture of few shapes that all of them share: a season is as sharp as the
others show it, and what the week tells of a series tells of its summer. In continuous time, so that missing columns and
columns of unequal length need no special case.

References: Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, chapters 2 and 3; West and
Harrison (1997), Bayesian Forecasting and Dynamic Models, section 11.4, for shifts that the filter notices by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats64, Ints, Mask, inverse_mills

YEAR = 365.2425
"""Days."""
HARMONICS = 16
"""Of the year: what begins or ends within two weeks."""
LEVEL, CYCLE, GROWTH, DEVIATION, FIXED = range(5)
"""Places in the state; from FIXED on, how much of each shape a series has."""
CHRISTMAS = np.timedelta64(9, "D"), np.timedelta64(3, "D")
"""Days before and after the New Year when offices are empty: too few for the harmonics, too many to be outliers."""
FADE = 6.0
"""Years in which also the growth that a series keeps fades to 1/e of it, ahead: trends that are damped are more often
right than straight ones (Gardner and McKenzie 1985, Forecasting trends in time series)."""
DIFFUSE = 4.0
"""Variance of a level of which nothing is known, beside the median of its series."""
STEP = 1.0
"""Variance that a level gains where it is known to have shifted."""
CLIP = 3.0
"""Standard deviations from which on a surprise counts only as much as this, as in Huber's estimate."""
MEMORY, ALARM, RELEASE = 0.85, 1.4, 4.0
"""A level is set free where surprises, averaged with this memory, exceed ALARM standard deviations, which takes a step
of three of them four columns: it gains RELEASE times their mean square in variance."""


@dataclass(frozen=True)
class GrowthParameters:
    """How series move and differ. Rates are of logarithms: 0.1 is ten percent, about."""

    season: int
    """Slots of a week with a weekday effect each; 1 for none."""
    roughness: float
    """Of the typical series, what one column differs from the same slot of the season before, over root two."""
    noise: float
    """Standard deviation of a column's own noise, over the roughness of its series."""
    cycle: float
    """Standard deviation of swells, over the roughness of the series."""
    cycle_days: float
    """In which a swell fades to 1/e."""
    level_drift: float
    """Standard deviation of the level's walk in a day, of the typical series; it grows with the root of roughness."""
    growth: float
    """Mean over series of the growth a year that a series keeps."""
    spread: float
    """Standard deviation of it over series."""
    growth_deviation: float
    """Standard deviation of how far the present growth a year lies from the kept one."""
    deviation_years: float
    """In which a turn fades to 1/e: the damping."""
    pattern: Floats64
    """(E,) mean over series of the effects: of each weekday, of the days around the New Year, of the cosine and
    the sine of each harmonic of the year."""
    shapes: Floats64
    """(E, r) how series differ from it: each has its own standard normal share of every column. So who is empty on
    weekends is expected to be so in summer, where the others show it."""

    @property
    def weekdays(self) -> int:
        return self.season if self.season > 1 else 0

    @property
    def size(self) -> int:
        return FIXED + int(self.shapes.shape[1])


@dataclass(frozen=True)
class Measured:
    """What was measured of n series, in T columns."""

    x: Floats64
    """(n, T) logarithms beside the median of the series; anything where not seen."""
    seen: Mask
    """(n, T)"""
    bound: Mask
    """(n, T) seen, but as a lower bound of what was wanted."""
    roughness: Floats64
    """(n,)"""
    shift: Ints
    """(n,) column at which the level is known to have shifted; 0 where none is."""


@dataclass(frozen=True)
class Clock:
    """When the columns are: T of history or more."""

    day: Floats64
    """(T,) days since 1970 by the local clock, ascending."""
    slot: Ints
    """(T,)"""


@dataclass(frozen=True)
class State:
    """What is known of n series after a column."""

    mean: Floats64
    """(d, n)"""
    cov: Floats64
    """(d, d, n)"""
    day: float
    """Of that column."""


def filter_states(
    parameters: GrowthParameters, clock: Clock, measured: Measured, *, marks: Sequence[int]
) -> list[State]:
    """What was known before each of the columns `marks`, ascending and positive, from the columns before it only."""
    n = len(measured.x)
    mean, cov = _start(parameters, n)
    noise = (parameters.noise * measured.roughness) ** 2
    load, usual = loadings(parameters, clock)
    alarm = np.zeros(n)
    wanted, states = set(marks), []
    for t in range(max(marks, default=0)):
        if t:
            _predict(parameters, mean, cov, measured.roughness, days=clock.day[t] - clock.day[t - 1])
            cov[LEVEL, LEVEL] += np.where(measured.shift == t, STEP, 0.0)
        if (seen := measured.seen[:, t]).any():
            _update(mean, cov, alarm, load[t], noise, measured.x[:, t] - usual[t], seen, measured.bound[:, t])
        if t + 1 in wanted:
            states.append(State(mean.copy(), cov.copy(), float(clock.day[t])))
    return states


def look_ahead(
    parameters: GrowthParameters, state: State, clock: Clock, roughness: Floats64
) -> tuple[Floats64, Floats64]:
    """Mean and variance (L, n) of what would be measured in the columns of a clock, all after the state."""
    ahead = clock.day - state.day
    load, usual = loadings(parameters, clock)
    load[:, CYCLE] = np.exp(-ahead / parameters.cycle_days)
    load[:, GROWTH] = FADE * -np.expm1(-ahead / YEAR / FADE)
    load[:, DEVIATION] = parameters.deviation_years * -np.expm1(-ahead / YEAR / parameters.deviation_years)
    size, n = state.mean.shape
    projected = (load @ state.cov.reshape(size, size * n)).reshape(len(load), size, n)
    known = np.einsum("ldn,ld->ln", projected, load)
    drift, cycle_variance = _drift_variance(parameters, roughness), (parameters.cycle * roughness) ** 2
    own = cycle_variance * -np.expm1(-2 * ahead / parameters.cycle_days)[:, None] + (parameters.noise * roughness) ** 2
    fresh, _, _ = _deviation_noise(parameters, ahead)
    return load @ state.mean + usual[:, None], known + ahead[:, None] * drift + own + fresh[:, None]


def loadings(parameters: GrowthParameters, clock: Clock) -> tuple[Floats64, Floats64]:
    """(T, d) how the state adds up to what is measured in each column, and (T,) what all series have in common."""
    effects = effects_of(clock, weekdays=parameters.weekdays)
    load = np.zeros((len(effects), parameters.size))
    load[:, [LEVEL, CYCLE]] = 1.0
    load[:, FIXED:] = effects @ parameters.shapes
    return load, effects @ parameters.pattern


def effects_of(clock: Clock, *, weekdays: int) -> Floats64:
    """(T, E) which effects each column has."""
    effects = np.zeros((len(clock.day), weekdays + 1 + 2 * HARMONICS))
    if weekdays:
        effects[np.arange(len(effects)), clock.slot] = 1.0
    date = np.floor(clock.day).astype("datetime64[D]")
    newer = date.astype("datetime64[Y]") + np.timedelta64(1, "Y")
    effects[:, weekdays] = (date >= newer - CHRISTMAS[0]) | (date < newer - np.timedelta64(1, "Y") + CHRISTMAS[1])
    angle = 2 * np.pi / YEAR * clock.day[:, None] * np.arange(1, HARMONICS + 1)
    effects[:, weekdays + 1 :: 2] = np.cos(angle)
    effects[:, weekdays + 2 :: 2] = np.sin(angle)
    return effects


def _start(parameters: GrowthParameters, n: int) -> tuple[Floats64, Floats64]:
    mean = np.zeros(parameters.size)
    mean[GROWTH] = parameters.growth
    variance = np.ones(parameters.size)
    variance[:FIXED] = DIFFUSE, 0.0, parameters.spread**2, parameters.growth_deviation**2
    return np.repeat(mean[:, None], n, axis=1), np.repeat(np.diag(variance)[..., None], n, axis=2)


def _drift_variance(parameters: GrowthParameters, roughness: Floats64) -> Floats64:
    """(n,) variance of the level's walk in a day."""
    walk: Floats64 = parameters.level_drift**2 * roughness / parameters.roughness
    return walk


def _deviation_noise(parameters: GrowthParameters, days: Floats64 | float) -> tuple[Floats64, Floats64, Floats64]:
    """Variance that fresh turns add to the level in some days, their covariance with the turn, and its variance.

    Those of an integrated Ornstein-Uhlenbeck process.
    """
    t = parameters.deviation_years
    gone = -np.expm1(-np.asarray(days) / YEAR / t)
    level = parameters.growth_deviation**2 * t * (2 * np.asarray(days) / YEAR - 2 * t * gone - t * gone**2)
    return (
        np.maximum(level, 0.0),
        parameters.growth_deviation**2 * t * gone**2,
        parameters.growth_deviation**2 * gone * (2 - gone),
    )


def _predict(parameters: GrowthParameters, mean: Floats64, cov: Floats64, roughness: Floats64, *, days: float) -> None:
    """Move states on by some days, in place."""
    fade, keep = np.exp(-days / parameters.cycle_days), np.exp(-days / YEAR / parameters.deviation_years)
    grown, deviated = days / YEAR, parameters.deviation_years * (1 - keep)
    mean[LEVEL] += grown * mean[GROWTH] + deviated * mean[DEVIATION]
    mean[CYCLE] *= fade
    mean[DEVIATION] *= keep
    cov[LEVEL] += grown * cov[GROWTH] + deviated * cov[DEVIATION]
    cov[:, LEVEL] += grown * cov[:, GROWTH] + deviated * cov[:, DEVIATION]
    for place, share in ((CYCLE, fade), (DEVIATION, keep)):
        cov[place] *= share
        cov[:, place] *= share
    level, both, own = _deviation_noise(parameters, days)
    cov[LEVEL, LEVEL] += days * _drift_variance(parameters, roughness) + level
    cov[LEVEL, DEVIATION] += both
    cov[DEVIATION, LEVEL] += both
    cov[DEVIATION, DEVIATION] += own
    cov[CYCLE, CYCLE] += (parameters.cycle * roughness) ** 2 * (1 - fade**2)


def _update(
    mean: Floats64,
    cov: Floats64,
    alarm: Floats64,
    load: Floats64,
    noise: Floats64,
    x: Floats64,
    seen: Mask,
    bound: Mask,
) -> None:
    """Take in what was measured in a column, in place.

    A value beyond CLIP counts by the share that brings it there. Of a lower bound the state learns that what was wanted
    lies above: the mean and the variance of the normal distribution cut off there (Tobin 1958; the moments as in
    Johnson, Kotz and Balakrishnan 1994, section 13.10).
    """
    size, n = mean.shape
    cross = (load @ cov.reshape(size, size * n)).reshape(size, n)
    variance = load @ cross + noise
    deviation = np.sqrt(variance)
    surprise = np.where(seen, (x - load @ mean) / deviation, 0.0)
    share = np.where(seen, np.minimum(1.0, CLIP / np.maximum(np.abs(surprise), CLIP)), 0.0)
    innovation = surprise * share
    if bound.any():
        above = inverse_mills(surprise)
        share = np.where(bound, np.clip(above * (above - surprise), 0.0, 1.0) * share, share)
        innovation = np.where(bound, np.minimum(above, CLIP), innovation)
    mean += cross * (innovation / deviation)
    cov -= cross[:, None] * (cross * (share / variance))[None]
    alarm *= np.where(seen, MEMORY, 1.0)
    alarm += np.where(seen, (1 - MEMORY) * innovation, 0.0)
    free = np.abs(alarm) > ALARM
    if free.any():
        more = np.where(free, RELEASE * alarm**2 * variance, 0.0)
        cov[LEVEL, LEVEL] += more
        cov[CYCLE, CYCLE] += more
        alarm[free] = 0.0
