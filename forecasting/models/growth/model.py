"""The structural model of growth: what a day's or a longer peak is made of, in logarithms.

measured = level + cycle + effects of weekday, New Year and season + noise

The level is a random walk with growth; growth a year is what the series keeps for good plus a deviation that fades. The
cycle is what passes within weeks, such as an event or bad weather. Effects of a series are the stream's pattern plus a
mixture of few shapes that all series share, so that what the week shows of a series says something of its summer. In
continuous time: missing columns and columns of unequal length need no special case.

References: Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, chapters 2 and 3.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats64, Ints

YEAR = 365.2425
"""Days."""
HARMONICS = 16
"""Of the year; the highest has a period of 23 days."""
CHRISTMAS = np.timedelta64(9, "D"), np.timedelta64(3, "D")
"""Days before and after the New Year when offices are empty: too few for the harmonics, too many to be outliers."""
LEVEL, CYCLE, GROWTH, DEVIATION, FIXED = range(5)
"""Positions in the state; from FIXED on, how much of each shape a series has."""


@dataclass(frozen=True)
class GrowthParameters:
    """How the series of a stream move and differ. Rates are of logarithms: 0.1 is about ten percent."""

    season: int
    """Slots of a week with a weekday effect each; 1 for none."""
    roughness: float
    """Of the typical series: robust standard deviation of the change from a season before, over root two."""
    noise: float
    """Standard deviation of a column's own noise, over the roughness of its series."""
    cycle: float
    """Standard deviation of the cycle, over the roughness of its series."""
    cycle_days: float
    """Days in which a cycle fades to 1/e."""
    level_drift: float
    """Standard deviation of the level's random walk in a day, of the typical series; it grows with the square root of
    roughness."""
    growth: float
    """Mean over series of the growth a year that a series keeps."""
    spread: float
    """Standard deviation over series of that growth."""
    growth_deviation: float
    """Standard deviation of present growth a year around the growth that the series keeps."""
    deviation_years: float
    """Years in which a deviation of growth fades to 1/e."""
    pattern: Floats64
    """(E,) mean over series of the effects: of each weekday, of the days around the New Year, of the cosine and sine of
    each harmonic of the year."""
    shapes: Floats64
    """(E, r) how effects differ between series: pattern + shapes @ (r independent standard normal values)."""

    @property
    def weekdays(self) -> int:
        """Number of weekday effects."""
        return self.season if self.season > 1 else 0

    @property
    def size(self) -> int:
        """Length of the state."""
        return FIXED + int(self.shapes.shape[1])


@dataclass(frozen=True)
class Clock:
    """When T columns are."""

    day: Floats64
    """(T,) days since 1970 by the local clock, ascending."""
    slot: Ints
    """(T,) slot of the week."""

    def take(self, columns: Ints) -> "Clock":
        """Some of the columns."""
        return Clock(self.day[columns], self.slot[columns])


def loadings(parameters: GrowthParameters, clock: Clock) -> tuple[Floats64, Floats64]:
    """(T, d) weight of each part of the state in what is measured in a column, and (T,) the pattern there."""
    effects = effects_of(clock, weekdays=parameters.weekdays)
    load = np.zeros((len(effects), parameters.size))
    load[:, [LEVEL, CYCLE]] = 1.0
    load[:, FIXED:] = effects @ parameters.shapes
    return load, effects @ parameters.pattern


def effects_of(clock: Clock, *, weekdays: int) -> Floats64:
    """(T, E) weight of each effect in each column."""
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


def drift_variance(parameters: GrowthParameters, roughness: Floats64) -> Floats64:
    """(n,) variance that the level's random walk gains in a day."""
    variance: Floats64 = parameters.level_drift**2 * roughness / parameters.roughness
    return variance


def deviation_variance(parameters: GrowthParameters, days: Floats64 | float) -> tuple[Floats64, Floats64, Floats64]:
    """Variance that new deviations of growth add to the level in some days, its covariance with the deviation, and the
    variance of that; of an Ornstein-Uhlenbeck process and its integral."""
    t = parameters.deviation_years
    gone = -np.expm1(-np.asarray(days) / YEAR / t)
    level = parameters.growth_deviation**2 * t * (2 * np.asarray(days) / YEAR - 2 * t * gone - t * gone**2)
    return (
        np.maximum(level, 0.0),
        parameters.growth_deviation**2 * t * gone**2,
        parameters.growth_deviation**2 * gone * (2 - gone),
    )
