"""Sums of products of errors by the distance between intervals, from which correlations are estimated."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from forecasting.numerics import Floats, Ints


@dataclass(frozen=True)
class Sums:
    """Sums of products of pairs of intervals by the distance between them."""

    total: Floats
    """(L,) of errors."""
    mass: Floats
    """(L,) of the means that the errors are relative to."""

    @property
    def ratio(self) -> Floats:
        """Relative covariances; 0 where there is no pair."""
        ratio: Floats = np.divide(self.total, self.mass, out=np.zeros_like(self.total), where=self.mass > 0)
        return ratio

    def __add__(self, other: "Sums") -> "Sums":
        count = max(len(self.total), len(other.total))
        total, mass = (
            np.pad(own, (0, count - len(own))) + np.pad(more, (0, count - len(more)))
            for own, more in ((self.total, other.total), (self.mass, other.mass))
        )
        return Sums(total, mass)

    def __sub__(self, other: "Sums") -> "Sums":
        mass = self.mass - other.mass
        # what is left of equal sums is rounding
        left = mass > 1e-9 * self.mass
        return Sums(np.where(left, self.total - other.total, 0.0), np.where(left, mass, 0.0))

    def non_increasing(self, variance: float, *, first: int = 0) -> Floats:
        """Correlations in 0..1 that never rise with the distance, from distance `first` on.

        variance: relative variance of the errors. A correlation that rises again is noise of few pairs: it is averaged
        with those before it, weighted by mass (isotonic regression by pool adjacent violators; Barlow and others,
        Statistical Inference under Order Restrictions, 1972).
        """
        mass = self.mass[first:]
        if not len(mass):
            return np.zeros(0)
        weights = np.maximum(mass, 1e-9 * max(float(mass.max()), 1e-12))
        fitted = isotonic_regression(self.ratio[first:] / max(variance, 1e-12), weights=weights, increasing=False).x
        non_increasing: Floats = np.clip(fitted, 0.0, 1.0)
        return non_increasing


@dataclass(frozen=True)
class Curves:
    """Sums of products of pairs of intervals of one day and of different days."""

    within: Sums
    """Of one day, by the columns between them."""
    between: Sums
    """Of different days at different times of day, by the days between them; at all times where none was given."""
    same: Sums
    """Of different days at equal times of day, by the days between them."""

    @classmethod
    def of(cls, error: Floats, mean: Floats, day: Ints, most: int, clock: Ints | None = None) -> "Curves":
        """Sums over the pairs of each series with itself.

        error, mean: (N, T), 0 where unknown. day: (T,) ascending number of the local day; most: days apart at most;
        clock: (T,) number of the time of day, if equal times are to be kept apart from others.
        """
        longest = max(int(np.bincount(day - day.min()).max()) if len(day) else 1, 1)
        within, between, same = (Sums(np.zeros(count), np.zeros(count)) for count in (longest, most + 1, most + 1))
        for apart in range(longest):
            until = len(day) - apart
            kept = day[apart:] == day[:until]
            within.total[apart] = (error[:, apart:] * error[:, :until])[:, kept].sum()
            within.mass[apart] = (mean[:, apart:] * mean[:, :until])[:, kept].sum()
        if len(day):
            _add_days(between, *(_by_day(x, day, np.zeros_like(day)) for x in (error, mean)))
        if len(day) and clock is not None and longest > 1:
            _, time = np.unique(clock, return_inverse=True)
            _add_days(same, *(_by_day(x, day, time) for x in (error, mean)))
        return cls(within, between - same, same)

    def __add__(self, other: "Curves") -> "Curves":
        return Curves(self.within + other.within, self.between + other.between, self.same + other.same)

    def __sub__(self, other: "Curves") -> "Curves":
        """Sums over pairs of different series, where `self` is of the sum of all series and `other` of each alone."""
        return Curves(self.within - other.within, self.between - other.between, self.same - other.same)


def _by_day(values: Floats, day: Ints, time: Ints) -> Floats:
    """(N, days, times) sums of (N, T) by local day and number of the time of day."""
    times = int(time.max()) + 1
    place = (day - day.min()) * times + time
    count = (int(day.max() - day.min()) + 1) * times
    laid: Floats = np.array([np.bincount(place, weights=row, minlength=count) for row in values], dtype=np.float64)
    return laid.reshape(len(values), -1, times)


def _add_days(sums: Sums, errors: Floats, means: Floats) -> None:
    for apart in range(1, min(len(sums.total) - 1, errors.shape[1] - 1) + 1):
        sums.total[apart] = (errors[:, apart:] * errors[:, :-apart]).sum()
        sums.mass[apart] = (means[:, apart:] * means[:, :-apart]).sum()
