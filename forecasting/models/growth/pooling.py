"""Means and spreads of the growth model over the series of a stream: empirical Bayes.

One step of expectation and maximisation (Dempster, Laird and Rubin 1977) from the filtered states of all series, shrunk
toward what is usual of network traffic where series are few or their history is short.
"""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.models.growth.kalman import Measured, filter_states
from forecasting.models.growth.model import FIXED, GROWTH, HARMONICS, Clock, GrowthParameters
from forecasting.numerics import Floats64, Mask

USUAL_GROWTH, USUAL_GROWTH_DOUBT = 0.1, 0.4
USUAL_SPREAD, USUAL_SPREAD_SERIES = 0.25, 4.0
"""Usual standard deviation of growth over series, and the number of series that it counts for."""
USUAL_WEEKDAY, USUAL_YEAR, USUAL_HOLIDAY = 0.15, 0.06, 0.1
"""Standard deviations over series of a weekday, of the first harmonic, of which the k-th has the k-th part, and of the
days around the New Year."""
USUAL_SERIES = 4.0
"""Series that the usual weekday pattern and season, which are flat, count for."""
SEASON_DAYS = 395
"""Thirteen months: with less history a series says nothing of the season."""


@dataclass(frozen=True)
class Sample:
    """The series from which parameters are learned."""

    measured: Measured
    clock: Clock

    @property
    def span(self) -> Floats64:
        """(n,) days from the first to the last value seen."""
        seen, day = self.measured.seen, self.clock.day
        last = seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
        return np.where(seen.any(axis=1), day[last] - day[seen.argmax(axis=1)], 0.0)


def usual_parameters(*, season: int, roughness: float) -> GrowthParameters:
    """What is usual of network traffic, before anything is learned of a stream."""
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


def pool(parameters: GrowthParameters, sample: Sample, usual: GrowthParameters) -> GrowthParameters:
    """Parameters with means and spreads over series from one step of expectation and maximisation."""
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
    """Mean (E,) and covariance (E, E) over n series of effects (E, n), each known up to a covariance (E, E, n).

    Weekday effects are learned from all series; those of the year, and their covariance with the weekdays', from series
    with a long history alone (monotone missing values, Little and Rubin 1987, section 6.5).
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
    """Mean over series of some effects, shrunk toward zero, and their covariance, shrunk toward the usual one."""
    n = own.shape[1]
    mean = own.sum(axis=1) / (n + USUAL_SERIES)
    apart = own - mean[:, None]
    moment = apart @ apart.T + unsure.sum(axis=2)
    return mean, (USUAL_SERIES * target + moment) / (USUAL_SERIES + n)
