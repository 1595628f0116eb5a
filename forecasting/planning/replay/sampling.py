"""Calls drawn at random: arrivals at given rates, handle times and patience. The generator is always an argument."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.errors import SettingsError

Floats = NDArray[np.float64]


def sample_arrivals(expected: Floats, bounds: Floats, *, generator: np.random.Generator) -> Floats:
    """Ascending seconds of the arrivals of a Poisson process whose rate is constant within each interval.

    expected: (T,) mean calls of each interval, >= 0; bounds: (T + 1,) its edges in seconds.
    """
    _require(expected, np.isfinite(expected) & (np.asarray(expected) >= 0), "mean calls", "finite numbers >= 0")
    counts = generator.poisson(expected)
    starts, lengths = np.repeat(bounds[:-1], counts), np.repeat(np.diff(bounds), counts)
    return np.sort(starts + lengths * generator.random(len(starts)))


def sample_exponential(mean: float | Floats, *, count: int, generator: np.random.Generator) -> Floats:
    """(count,) exponential seconds of a mean, one for all or one for each; a mean of inf gives inf, of 0 gives 0."""
    _require(mean, np.asarray(mean) >= 0, "mean seconds", "numbers >= 0")
    # a draw may be exactly 0, hardly ever, and endless patience times 0 would be NaN
    return np.asarray(mean) * np.maximum(generator.standard_exponential(count), np.finfo(float).tiny)


def _require(values: ArrayLike, good: ArrayLike, what: str, expected: str) -> None:
    flat = np.ravel(good)
    if not flat.all():
        raise SettingsError(f"{what}: expected {expected}, found {np.ravel(values)[int(np.argmin(flat))]}")
