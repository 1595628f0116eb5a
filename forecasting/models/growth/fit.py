"""How the law of growth is learned from all series of a stream at once: empirical Bayes.

Means and spreads over series (growth, weekdays, season) follow from the filtered states by expectation and
maximisation (Dempster, Laird and Rubin 1977). What moves (noise, swells, walk, turns) is chosen by forecasts that are
made from earlier columns of the history and judged by what came, from a day up to half of the history ahead: a law that
is only right on the next day promises too much for the next year. Where few series or little history speak, what is
usual of traffic stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from forecasting.models.growth.kalman import (
    CHRISTMAS,
    FIXED,
    GROWTH,
    HARMONICS,
    YEAR,
    Clock,
    GrowthParameters,
    Measured,
    filter_states,
    look_ahead,
)
from forecasting.numerics import Floats64, Ints, Mask
from forecasting.terms import QUANTILES

FIRST = 0.3
"""Share of the history before the first earlier origin, at least FIRST_DAYS."""
FIRST_DAYS = 56
LEAST_SEEN = 14
"""Floats64 that a series must have to be forecast."""
ORIGINS = 6
LEADS = (1, 7, 14, 30, 60, 90, 135, 180, 270, 365, 545)
"""Days ahead at which forecasts are judged, each over a week, as far as half of the history reaches."""
TAILS = 6.0
"""Degrees of freedom of the Student distribution by which they are judged: outliers must not choose the law."""
STRIDES = (2.5, 1.5)
"""By what a number of the law is multiplied or divided to see whether it gets better, by rounds."""
SEARCHED = ("cycle", "level_drift", "growth_deviation", "cycle_days", "deviation_years")
LEAST = {"cycle": 0.05, "level_drift": 1e-5, "growth_deviation": 0.01, "cycle_days": 3.0, "deviation_years": 0.25}
MOST = {"cycle": 4.0, "level_drift": 0.05, "growth_deviation": 1.5, "cycle_days": 60.0, "deviation_years": 2.0}
DOUBT = 1.0
"""Standard deviation of the logarithm of a number of the law around the usual."""
FORECASTS_A_YEAR, MOST_EVIDENCE = 2.0, 60.0
"""Independent forecasts that a year of a series can judge, and of all series, which often err together."""
USUAL_GROWTH, USUAL_GROWTH_DOUBT = 0.1, 0.4
USUAL_SPREAD, USUAL_SPREAD_SERIES = 0.25, 4.0
"""Spread of growth over series, and of how many series that is worth."""
USUAL_WEEKDAY, USUAL_YEAR, USUAL_HOLIDAY = 0.15, 0.06, 0.1
"""Standard deviations over series of a weekday, of the first harmonic, of which the k-th has the k-th part, and of the
days around the New Year."""
USUAL_SERIES = 4.0
"""Series that the usual weekday pattern and season, which are flat, are worth."""
SEASON_DAYS = 395
"""Thirteen months, from which on a series says something of the season."""
NORMAL, FARTHEST = 10.0, 1.0
"""Independent forecasts that the normal distribution is worth, and how far from its quantiles others may lie."""
SHAPES = 14
"""By which series differ from the pattern; by more of them the filter only gets slower."""
ROUNDS = 2
"""Of expectation and maximisation after each round of the search."""


@dataclass(frozen=True)
class Sample:
    """The series from which the law is learned."""

    measured: Measured
    clock: Clock

    @property
    def span(self) -> Floats64:
        """(n,) days from the first to the last value seen."""
        seen, day = self.measured.seen, self.clock.day
        last = seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
        return np.where(seen.any(axis=1), day[last] - day[seen.argmax(axis=1)], 0.0)


def usual_parameters(*, season: int, roughness: float) -> GrowthParameters:
    """What is usual of traffic, before anything is learned of a stream."""
    week = np.full(season if season > 1 else 0, USUAL_WEEKDAY)
    spread = np.concatenate([week, [USUAL_HOLIDAY], USUAL_YEAR / np.repeat(np.arange(1, HARMONICS + 1), 2)])
    return GrowthParameters(
        season=season,
        roughness=roughness,
        noise=0.8,
        cycle=0.5,
        cycle_days=10.0,
        level_drift=0.006,
        growth=USUAL_GROWTH,
        spread=USUAL_SPREAD,
        growth_deviation=0.2,
        deviation_years=0.75,
        pattern=np.zeros(len(spread)),
        shapes=np.diag(spread),
    )


def learn_parameters(sample: Sample, usual: GrowthParameters) -> GrowthParameters:
    """The law by which the held-back forecasts of the sample are the likeliest, as far as they are evidence."""
    parameters = usual
    for stride in (None, *STRIDES):
        if stride is not None:
            found = _search(shorten(parameters), sample, usual, stride=stride)
            parameters = replace(found, shapes=parameters.shapes)
        for _ in range(ROUNDS):
            parameters = pool(parameters, sample, usual)
    return shorten(parameters)


def shorten(parameters: GrowthParameters) -> GrowthParameters:
    """The law with only the SHAPES shapes by which series differ most over a year (principal components)."""
    week = np.full(parameters.weekdays, 1 / max(parameters.weekdays, 1))
    holidays = float(np.sum(CHRISTMAS).astype(float)) / YEAR
    weight = np.sqrt(np.concatenate([week, [holidays], np.full(2 * HARMONICS, 0.5)]))[:, None]
    left, size, _ = np.linalg.svd(weight * parameters.shapes, full_matrices=False)
    return replace(parameters, shapes=(left * size)[:, :SHAPES] / weight)


def _search(
    parameters: GrowthParameters, sample: Sample, usual: GrowthParameters, *, stride: float
) -> GrowthParameters:
    """Each number of the law in turn, a stride larger or smaller where that is better."""
    best = score(parameters, sample, usual)
    for name in SEARCHED:
        for factor in (stride, 1 / stride):
            changed: dict[str, Any] = {
                name: float(np.clip(getattr(parameters, name) * factor, LEAST[name], MOST[name]))
            }
            other = replace(parameters, **changed)
            found = score(other, sample, usual)
            if found > best:
                parameters, best = other, found
                break
    return parameters


def pool(parameters: GrowthParameters, sample: Sample, usual: GrowthParameters) -> GrowthParameters:
    """Means and spreads over series by one step of expectation and maximisation."""
    (state,) = filter_states(parameters, sample.clock, sample.measured, marks=(len(sample.clock.day),))
    n = state.mean.shape[1]
    doubt = np.einsum("ddn->dn", state.cov)
    certainty, pull = n / parameters.spread**2, 1 / USUAL_GROWTH_DOUBT**2
    growth = float((certainty * state.mean[GROWTH].mean() + pull * USUAL_GROWTH) / (certainty + pull))
    apart = ((state.mean[GROWTH] - growth) ** 2 + doubt[GROWTH]).sum()
    spread = np.sqrt((USUAL_SPREAD_SERIES * usual.spread**2 + apart) / (USUAL_SPREAD_SERIES + n))
    own = parameters.pattern[:, None] + parameters.shapes @ state.mean[FIXED:]
    unsure = np.einsum("er,rsn,fs->efn", parameters.shapes, state.cov[FIXED:, FIXED:], parameters.shapes, optimize=True)
    pattern, cov = _patterns(own, unsure, usual, old=sample.span >= SEASON_DAYS)
    value, vector = np.linalg.eigh(cov)
    shapes = vector * np.sqrt(np.maximum(value, 0.0))
    return replace(parameters, growth=growth, spread=float(spread), pattern=pattern, shapes=shapes)


def _patterns(own: Floats64, unsure: Floats64, usual: GrowthParameters, *, old: Mask) -> tuple[Floats64, Floats64]:
    """Mean (E,) and covariance (E, E) over series of effects (E, n), each known up to a covariance (E, E, n).

    Of the week all series speak; of the year, and how it hangs together with the week, the old ones alone (monotone
    missing values, Little and Rubin 1987, section 6.5).
    """
    week, year = slice(0, usual.weekdays), slice(usual.weekdays, None)
    target = usual.shapes @ usual.shapes.T
    mean, cov = _moments(own, unsure, target)
    mean[year], cov[year], cov[:, year] = 0.0, 0.0, 0.0
    cov[year, year] = target[year, year]
    if old.any():
        some, apart = _moments(own[:, old], unsure[..., old], target)
        slope = np.linalg.solve(apart[week, week], apart[week, year]).T
        mean[year] = some[year] + slope @ (mean[week] - some[week])
        cov[year, week] = slope @ cov[week, week]
        cov[week, year] = cov[year, week].T
        cov[year, year] = apart[year, year] - slope @ apart[week, year] + slope @ cov[week, year]
    return mean, cov


def _moments(own: Floats64, unsure: Floats64, target: Floats64) -> tuple[Floats64, Floats64]:
    """Mean over series of some effects, drawn to none, and their covariance, drawn to the usual one."""
    n = own.shape[1]
    mean = own.sum(axis=1) / (n + USUAL_SERIES)
    apart = own - mean[:, None]
    moment = apart @ apart.T + unsure.sum(axis=2)
    return mean, (USUAL_SERIES * target + moment) / (USUAL_SERIES + n)


def score(parameters: GrowthParameters, sample: Sample, usual: GrowthParameters) -> float:
    """Log density of what came under held-back forecasts, plus that of the law itself before any evidence."""
    surprise, spread = judge(parameters, sample)
    density = -np.log(spread) - (TAILS + 1) / 2 * np.log1p(surprise**2 / TAILS)
    unusual = sum(np.log(getattr(parameters, name) / getattr(usual, name)) ** 2 for name in SEARCHED) / (2 * DOUBT**2)
    known = np.isfinite(density)
    mean = np.where(known, density, 0.0).sum(axis=(1, 2)) / np.maximum(known.sum(axis=(1, 2)), 1)
    return float(mean.mean() * evidence(sample) - unusual)


def evidence(sample: Sample) -> float:
    """Independent forecasts that the sample can judge, about."""
    return min(FORECASTS_A_YEAR * float(sample.span.sum()) / YEAR, MOST_EVIDENCE)


def learn_quantile_z(parameters: GrowthParameters, sample: Sample) -> Floats64:
    """(7,) standard deviations from the mean at which the quantiles of a forecast lie.

    Those that would have held their shares of the held-back forecasts, as far as these are evidence, else of the normal
    distribution. They are the same for all days ahead: beyond those that could be held back the law alone widens.
    """
    normal: Floats64 = ndtri(np.asarray(QUANTILES))
    surprise, _ = judge(parameters, sample)
    known = surprise[np.isfinite(surprise)]
    if not len(known):
        return normal
    count = evidence(sample)
    found = np.clip(np.quantile(known, QUANTILES), normal - FARTHEST, normal + FARTHEST)
    return np.asarray(np.sort(normal + count / (count + NORMAL) * (found - normal)))


def judge(parameters: GrowthParameters, sample: Sample) -> tuple[Floats64, Floats64]:
    """Errors of held-back forecasts in standard deviations, and these: (leads, columns of a week x origins, n).

    NaN where nothing was measured, or too little of the series was before the origin.
    """
    clock, measured = sample.clock, sample.measured
    days = clock.day
    marks = origins(days)
    states = filter_states(parameters, clock, measured, marks=marks)
    wide = 7 if parameters.weekdays else 1
    shape = (len(LEADS), wide * len(marks), len(measured.x))
    surprise, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    most = (days[-1] - days[0]) / 2
    for number, (mark, state) in enumerate(zip(marks, states, strict=True)):
        able = measured.seen[:, :mark].sum(axis=1) >= LEAST_SEEN
        for row, lead in enumerate(LEADS):
            first = int(np.searchsorted(days, state.day + lead))
            columns = np.arange(first, min(first + wide, len(days)))
            if lead > most or not len(columns):
                continue
            center, variance = look_ahead(parameters, state, select_columns(clock, columns), measured.roughness)
            unit = np.sqrt(variance)
            scored = (measured.seen & ~measured.bound)[:, columns].T & able
            place = np.arange(len(columns)) + wide * number
            surprise[row, place] = np.where(scored, (measured.x[:, columns].T - center) / unit, np.nan)
            spread[row, place] = np.where(scored, unit, np.nan)
    return surprise, spread


def select_columns(clock: Clock, columns: Ints) -> Clock:
    """Some of the columns of a clock."""
    return Clock(clock.day[columns], clock.slot[columns])


def origins(days: Floats64) -> Sequence[int]:
    """Columns from which earlier forecasts are made."""
    first = max(days[0] + FIRST * (days[-1] - days[0]), days[0] + FIRST_DAYS)
    marks = np.searchsorted(days, np.linspace(first, days[-1], ORIGINS, endpoint=False))
    return sorted({int(mark) for mark in marks if 0 < mark < len(days)})
