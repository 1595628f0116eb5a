"""Correlation of forecast errors between intervals and between series, learned from history.

An error of next Tuesday at ten is shared with eleven o'clock, less with Wednesday, and partly with the other queues. It
is measured on the relative deviation of demand from the mean of the same slot in the four weeks before, which is known
at a forecast's origin. Covariances between different intervals hold no counting noise; variances are corrected for it.
Three curves are learned for a whole stream: the correlation of intervals of one day by the time between them, and that
of different days by the days between them, at equal times of day (a shape that is wrong today is wrong tomorrow) and at
others. Each is learned again between different series, because what series share (the weather, a holiday) lasts longer
than what is a series' own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.uncertainty.curves import Curves

WEEKS = 4
"""Weeks before an interval over whose same slot the mean is taken."""
CLIP = 3.0
"""Deviations are clipped at so many times the mean: beyond lie events of their own (an outage, a broken counter)."""
EVIDENCE_DAYS = 3.0
"""Days of history at which estimated correlations weigh as much as assumed ones; few, as a day holds many pairs."""
ASSUMED_DAY, ASSUMED_NEXT, ASSUMED_SERIES = 0.7, 0.4, 0.3
"""Correlations assumed of a stream without history: within a day, between days, between series."""


@dataclass(frozen=True)
class Dependence:
    """Correlations of relative errors."""

    within: Floats
    """(L,) of a series between intervals of one day, l = 0.. columns apart; within[0] = 1, non-increasing."""
    between: Floats
    """(D,) of a series between intervals of days d = 0.. apart, at different times of day; non-increasing."""
    same: Floats
    """(D,) the same at equal times of day; at least `between`."""
    shared_within: Floats
    """(L,) of two different series between intervals of one day; at most `within`, non-increasing."""
    shared_between: Floats
    """(D,) of two different series between intervals of days d = 0.. apart; at most `between`, non-increasing."""
    shared_same: Floats
    """(D,) the same at equal times of day; at most `same`."""

    @classmethod
    def alike(cls, within: Floats, between: Floats, *, series: float) -> "Dependence":
        """The dependence in which two series correlate by `series` times the correlation of one with itself."""
        return cls(within, between, between, series * within, series * between, series * between)

    @property
    def series(self) -> float:
        """Correlation of two series at the same time."""
        return float(self.shared_within[0])

    def shrunk_toward(self, other: "Dependence", share: float) -> "Dependence":
        """Weighted mean of this (share 0) and another (share 1); a shorter curve goes on with its last value."""
        mixed = []
        for one, two in zip(self._curves, other._curves, strict=True):
            count = max(len(one), len(two))
            own, more = (np.pad(curve, (0, count - len(curve)), mode="edge") for curve in (one, two))
            mixed.append((1 - share) * own + share * more)
        return Dependence(*mixed)

    @property
    def _curves(self) -> tuple[Floats, ...]:
        return self.within, self.between, self.same, self.shared_within, self.shared_between, self.shared_same

    def of_columns(self, day: Ints, clock: Ints | None = None) -> Floats:
        """(H, H) correlation of the columns of a horizon within a series, positive semidefinite.

        day: (H,) number of each column's local day; clock: (H,) number of its time of day, if equal times are to count.
        """
        matrix = _positive(_matrix(self.within, self.between, self.same, day, clock))
        scale = 1 / np.sqrt(np.maximum(np.diag(matrix), 1e-12))
        correlation: Floats = matrix * scale[:, None] * scale[None]
        return correlation

    def roots(self, day: Ints, clock: Ints | None = None) -> tuple[Floats, Floats]:
        """Square roots (H, H) of the covariance that all series share, and of the rest, which is a series' own."""
        shared = _positive(_matrix(self.shared_within, self.shared_between, self.shared_same, day, clock))
        return _root(shared), _root(self.of_columns(day, clock) - shared)


def learn_dependence(
    y: Floats,
    observed: NDArray[np.bool_],
    *,
    season: int,
    day: Ints,
    noise: Floats,
    horizon_days: int,
    clock: Ints | None = None,
) -> Dependence:
    """Dependence of a stream as known at an origin.

    y: (N, T) demand up to the origin; observed: (N, T) where it counts; season: columns in a week; day: (T,) ascending
    number of each column's local day; horizon_days: days apart at most, at least 1; clock: (T,) number of the time of
    day, if equal times are to count. noise: (N, T) variance of y about its rate, to learn how rates move (that of a
    count is its rate: pass a local mean; that of a mean is the variance of one value over its weight); 0 to learn how
    measured values move.
    """
    error, mean, found = _deviations(y, observed, season=season, noise=noise)
    excess = np.where(found, error**2 - noise * (1 + 1 / WEEKS), 0.0)
    # the square of a mean of four weeks holds a quarter of their noise
    mass = float(np.where(found, mean**2 - noise / WEEKS, 0.0).sum())
    variance = float(excess.sum()) / mass if mass > 0 else 0.0
    days = len(np.unique(day[(mean > 0).any(axis=0)]))
    trust = days / (days + EVIDENCE_DAYS)

    own = Curves.of(error, mean, day, horizon_days, clock)
    pairs = Curves.of(error.sum(axis=0)[None], mean.sum(axis=0)[None], day, horizon_days, clock) - own
    # with noise taken for too large every correlation would be 1: the variance is no less than the nearest covariance
    nearest = own.within if len(own.within.total) > 1 else own.between
    variance = max(variance, float(nearest.ratio[1]), 1e-12)
    return dependence_of(own, pairs, variance).shrunk_toward(_assumed(own), 1 - trust)


def dependence_of(own: "Curves", pairs: "Curves", variance: float) -> Dependence:
    """Correlations from sums over pairs of each series with itself (own) and with others (pairs).

    variance: relative variance of the errors.
    """
    between = own.between.non_increasing(variance, first=1)
    same = np.maximum(own.same.non_increasing(variance, first=1), between)
    # the longest distances within a day have few pairs: their correlation is no less than that of neighbouring days
    within = np.append(1.0, np.maximum(own.within.non_increasing(variance, first=1), between[0]))
    apart = np.minimum(pairs.between.non_increasing(variance, first=1), between)
    shared = np.minimum(np.maximum(pairs.within.non_increasing(variance), apart[0]), within)
    # two series correlate no more on different days than at one moment
    alike = np.clip(pairs.same.non_increasing(variance, first=1), apart, np.minimum(same, shared[0]))
    return Dependence(
        within=within,
        between=np.append(1.0, between),
        same=np.append(1.0, same),
        shared_within=shared,
        shared_between=np.append(shared[0], apart),
        shared_same=np.append(shared[0], alike),
    )


def _assumed(like: "Curves") -> Dependence:
    """The correlations that are assumed without history, over as many distances."""
    within = np.where(np.arange(len(like.within.total)) == 0, 1.0, ASSUMED_DAY)
    between = np.where(np.arange(len(like.between.total)) == 0, 1.0, ASSUMED_NEXT)
    return Dependence.alike(within, between, series=ASSUMED_SERIES)


def _deviations(
    y: Floats, observed: NDArray[np.bool_], *, season: int, noise: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(N, T) errors, recent means and whether both are known: where the slot was observed in each of the weeks before.

    Errors and means are 0 elsewhere.
    """
    error, mean, found = np.zeros(y.shape), np.zeros(y.shape), np.zeros(y.shape, bool)
    start = WEEKS * season
    if y.shape[1] <= start:
        return error, mean, found
    known = np.where(observed, y, np.nan).astype(np.float64)
    # of few calls, sampling noise alone exceeds a multiple of the mean: two standard deviations of it are added
    sampling_noise = np.sqrt(np.where(observed, noise, 0.0).sum(axis=1) / np.maximum(observed.sum(axis=1), 1))
    before = sum(known[:, start - week * season : y.shape[1] - week * season] for week in range(1, WEEKS + 1))
    recent = np.asarray(before) / WEEKS
    found[:, start:] = np.isfinite(recent) & np.isfinite(known[:, start:])
    mean[:, start:] = np.where(found[:, start:], recent, 0.0)
    most = CLIP * (mean[:, start:] + 2 * sampling_noise[:, None])
    error[:, start:] = np.clip(np.where(found[:, start:], known[:, start:] - recent, 0.0), -most, most)
    return error, mean, found


def _matrix(within: Floats, between: Floats, same: Floats, day: Ints, clock: Ints | None) -> Floats:
    """(H, H) correlation of each pair of columns by the distance between them."""
    column = np.arange(len(day))
    apart = np.minimum(np.abs(column[:, None] - column[None]), len(within) - 1)
    days = np.minimum(np.abs(day[:, None] - day[None]), len(between) - 1)
    matrix: Floats = np.where(day[:, None] == day[None], within[apart], between[days])
    if clock is not None:
        alike = (clock[:, None] == clock[None]) & (day[:, None] != day[None])
        matrix = np.where(alike, same[days], matrix)
    return matrix


def _positive(matrix: Floats) -> Floats:
    """The nearest positive semidefinite matrix: negative eigenvalues set to zero (Higham, 1988)."""
    root = _root(matrix)
    positive: Floats = root @ root.T
    return positive


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
