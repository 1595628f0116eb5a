"""How the demand of intervals and series moves together, learned from what history did beside its recent mean.

A planner's error of next Tuesday at ten is shared with eleven o'clock, less with Wednesday, and partly with the other
queues. The measure is the relative deviation of demand from the mean of the same slot in the four weeks before, which
is known at a forecast's origin; its covariances between different intervals hold no counting noise, and its variances
are freed of theirs. Three things are learned for a whole stream: the correlation of intervals of one day by the time
between them, that of days by the days between them, and one correlation between series.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

WEEKS = 4
"""Same slots before an interval that its deviation is measured from."""
MOST = 3.0
"""Deviations beyond so many times the mean are events of their own (an outage, a broken counter)."""
EVIDENCE_DAYS = 14.0
"""Days of history that weigh as much as what is assumed without any."""
ASSUMED_DAY, ASSUMED_NEXT, ASSUMED_SERIES = 0.7, 0.4, 0.3
"""Correlations assumed of a stream without history: within a day, between days, between series."""


@dataclass(frozen=True)
class Dependence:
    """Correlations of relative errors."""

    within: Floats
    """(L,) between intervals of one day, l = 0.. columns apart; within[0] = 1, never rising."""
    between: Floats
    """(D,) between intervals of days d = 0.. apart; never rising."""
    series: float
    """Between two series at the same time."""

    def of_columns(self, day: Ints) -> Floats:
        """(H, H) correlation of the columns of a horizon, made positive semidefinite.

        day: (H,) number of each column's local day.
        """
        column = np.arange(len(day))
        apart = np.abs(column[:, None] - column[None])
        days = np.abs(day[:, None] - day[None])
        same = self.within[np.minimum(apart, len(self.within) - 1)]
        other = self.between[np.minimum(days, len(self.between) - 1)]
        return _nearest_correlation(np.where(days == 0, same, other))


def learn_dependence(
    y: Floats, observed: NDArray[np.bool_], *, season: int, day: Ints, noise: Floats, horizon_days: int
) -> Dependence:
    """Dependence of a stream as of an origin.

    y: (N, T) demand up to the origin; observed: (N, T) where it counts; season: columns in a week; day: (T,) ascending
    number of each column's local day; noise: (N, T) variance of y about its rate (a count's is its rate: pass a local
    mean; a mean's is that of one value over its weight; 0 where there is none). horizon_days: most days apart, at least
    1.
    """
    error, mean, found = _deviations(y, observed, season=season, noise=noise)
    excess = np.where(found, error**2 - noise * (1 + 1 / WEEKS), 0.0)
    # the square of a mean of four weeks holds a quarter of their noise
    mass = float(np.where(found, mean**2 - noise / WEEKS, 0.0).sum())
    variance = float(excess.sum()) / mass if mass > 0 else 0.0
    days = len(np.unique(day[(mean > 0).any(axis=0)]))
    trust = days / (days + EVIDENCE_DAYS)

    within = _within_days(error, mean, day)
    between = _between_days(error, mean, day, horizon_days)
    # noise that was taken for too large would make every correlation one: the nearest interval bounds it from below
    nearest = within if len(within) > 1 else between
    variance = max(variance, float(nearest[1]), 1e-12)
    within, between = within / variance, between / variance
    together = _between_series(error, mean) / variance

    between = trust * _falling(between) + (1 - trust) * ASSUMED_NEXT
    within = trust * _falling(within) + (1 - trust) * ASSUMED_DAY
    # the longest distances within a day have few pairs, and say no less than two days do
    within = np.maximum(within, between[1])
    within[0] = between[0] = 1.0
    series = trust * float(np.clip(together, 0.0, 1.0)) + (1 - trust) * ASSUMED_SERIES
    return Dependence(within=within, between=between, series=series)


def _deviations(
    y: Floats, observed: NDArray[np.bool_], *, season: int, noise: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Error and recent mean of every interval whose slot was seen in each of the four weeks before, 0 elsewhere; and
    which these are."""
    error, mean, found = np.zeros(y.shape), np.zeros(y.shape), np.zeros(y.shape, bool)
    start = WEEKS * season
    if y.shape[1] <= start:
        return error, mean, found
    known = np.where(observed, y, np.nan).astype(np.float64)
    # the luck of few calls is no event: twice its spread stands beside the mean
    luck = np.sqrt(np.where(observed, noise, 0.0).sum(axis=1) / np.maximum(observed.sum(axis=1), 1))
    before = sum(known[:, start - week * season : y.shape[1] - week * season] for week in range(1, WEEKS + 1))
    recent = np.asarray(before) / WEEKS
    found[:, start:] = np.isfinite(recent) & np.isfinite(known[:, start:])
    mean[:, start:] = np.where(found[:, start:], recent, 0.0)
    most = MOST * (mean[:, start:] + 2 * luck[:, None])
    error[:, start:] = np.clip(np.where(found[:, start:], known[:, start:] - recent, 0.0), -most, most)
    return error, mean, found


def _within_days(error: Floats, mean: Floats, day: Ints) -> Floats:
    """(L,) relative covariance of intervals of a day, by columns apart; 0 where there is no pair."""
    longest = int(np.bincount(day - day.min()).max()) if len(day) else 1
    covariances = np.zeros(max(longest, 1))
    for apart in range(1, longest):
        same = day[apart:] == day[:-apart]
        mass = float((mean[:, apart:] * mean[:, :-apart])[:, same].sum())
        covariances[apart] = float((error[:, apart:] * error[:, :-apart])[:, same].sum()) / mass if mass else 0.0
    return covariances


def _between_days(error: Floats, mean: Floats, day: Ints, most: int) -> Floats:
    """(most + 1,) relative covariance of intervals of different days, by days apart; 0 where there is no pair."""
    covariances = np.zeros(most + 1)
    if not len(day):
        return covariances
    number = day - day.min()
    starts = np.searchsorted(number, np.arange(int(number.max()) + 2))
    errors, means = (np.diff(np.pad(np.cumsum(x, axis=1), ((0, 0), (1, 0)))[:, starts], axis=1) for x in (error, mean))
    for apart in range(1, min(most, errors.shape[1] - 1) + 1):
        mass = float((means[:, apart:] * means[:, :-apart]).sum())
        covariances[apart] = float((errors[:, apart:] * errors[:, :-apart]).sum()) / mass if mass else 0.0
    return covariances


def _between_series(error: Floats, mean: Floats) -> float:
    """Relative covariance of two series at the same time, over all pairs."""
    together, apart = float((error.sum(axis=0) ** 2).sum()), float((error**2).sum())
    mass = float((mean.sum(axis=0) ** 2).sum()) - float((mean**2).sum())
    return (together - apart) / mass if mass > 0 else 0.0


def _falling(correlations: Floats) -> Floats:
    """The same, within 0..1 and never rising with distance: what rises again is noise of few pairs."""
    falling: Floats = np.clip(correlations, 0.0, 1.0)
    if len(falling) > 1:
        falling[1:] = np.minimum.accumulate(falling[1:])
    return falling


def _nearest_correlation(matrix: Floats) -> Floats:
    """A correlation matrix near the given one: negative eigenvalues to zero, diagonal back to one."""
    values, vectors = np.linalg.eigh(matrix)
    kept = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = 1 / np.sqrt(np.maximum(np.diag(kept), 1e-12))
    nearest: Floats = kept * scale[:, None] * scale[None]
    return nearest
