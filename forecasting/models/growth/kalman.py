"""Kalman filter of the growth model over many series at once, and forecasts from its states.

Outliers count as in Huber's estimate, censored values as lower bounds, and a level is set free where surprises of one
sign pile up.

References: Harvey (1989), chapter 3; West and Harrison (1997), Bayesian Forecasting and Dynamic Models, section 11.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.models.growth.model import (
    CYCLE,
    DEVIATION,
    FIXED,
    GROWTH,
    LEVEL,
    YEAR,
    Clock,
    GrowthParameters,
    deviation_variance,
    drift_variance,
    loadings,
)
from forecasting.numerics import Floats64, Ints, Mask, inverse_mills

FADE = 6.0
"""Years in which the growth that a series keeps fades to 1/e in forecasts: damped trends are more often right than
straight ones (Gardner and McKenzie 1985, Forecasting trends in time series)."""
DIFFUSE = 4.0
"""Variance of an unknown level, in logarithms beside the median of its series."""
STEP = 1.0
"""Variance that a level gains where it is known to have shifted."""
CLIP = 3.0
"""Standard deviations from which on a surprise counts only as much as this, as in Huber's estimate."""
MEMORY, ALARM, RELEASE = 0.85, 1.4, 4.0
"""A level is set free where surprises, averaged exponentially with weight MEMORY on the past, exceed ALARM standard
deviations, as after four columns of a step of three: it gains RELEASE times their mean square in variance."""


@dataclass(frozen=True)
class Measured:
    """What was measured of n series, in T columns."""

    x: Floats64
    """(n, T) logarithms over the median of the series; any number where not seen."""
    seen: Mask
    """(n, T)"""
    bound: Mask
    """(n, T) seen, but as a lower bound of demand."""
    roughness: Floats64
    """(n,)"""
    shift: Ints
    """(n,) column at which the level is known to have shifted; 0 where none is."""


@dataclass(frozen=True)
class State:
    """What is known of n series after a column; d is the length of the state."""

    mean: Floats64
    """(d, n)"""
    cov: Floats64
    """(d, d, n)"""
    day: float
    """Of that column."""


def filter_states(
    parameters: GrowthParameters, clock: Clock, measured: Measured, *, marks: Sequence[int]
) -> list[State]:
    """States before each of the columns `marks`, ascending and positive, from the columns before it only."""
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
    """Mean and variance (L, n) of what will be measured in the L columns of a clock, all after the state."""
    ahead = clock.day - state.day
    load, usual = loadings(parameters, clock)
    load[:, CYCLE] = np.exp(-ahead / parameters.cycle_days)
    load[:, GROWTH] = FADE * -np.expm1(-ahead / YEAR / FADE)
    load[:, DEVIATION] = parameters.deviation_years * -np.expm1(-ahead / YEAR / parameters.deviation_years)
    size, n = state.mean.shape
    projected = (load @ state.cov.reshape(size, size * n)).reshape(len(load), size, n)
    known = np.einsum("ldn,ld->ln", projected, load)
    drift, cycle_variance = drift_variance(parameters, roughness), (parameters.cycle * roughness) ** 2
    own = cycle_variance * -np.expm1(-2 * ahead / parameters.cycle_days)[:, None] + (parameters.noise * roughness) ** 2
    fresh, _, _ = deviation_variance(parameters, ahead)
    return load @ state.mean + usual[:, None], known + ahead[:, None] * drift + own + fresh[:, None]


def _start(parameters: GrowthParameters, n: int) -> tuple[Floats64, Floats64]:
    mean = np.zeros(parameters.size)
    mean[GROWTH] = parameters.growth
    variance = np.ones(parameters.size)
    variance[:FIXED] = DIFFUSE, 0.0, parameters.spread**2, parameters.growth_deviation**2
    return np.repeat(mean[:, None], n, axis=1), np.repeat(np.diag(variance)[..., None], n, axis=2)


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
    level, both, own = deviation_variance(parameters, days)
    cov[LEVEL, LEVEL] += days * drift_variance(parameters, roughness) + level
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
    """Update states by what was measured in a column, in place.

    A surprise beyond CLIP counts by the share that brings it there. A lower bound updates the state by the mean and the
    variance of the normal distribution above it (Tobin 1958, Estimation of relationships for limited dependent
    variables).
    """
    size, n = mean.shape
    # covariance of the state with what is measured
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
