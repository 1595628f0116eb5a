"""Calls drawn at random: arrivals at given rates, handle times and patience. The generator is always an argument."""

import numpy as np

from forecasting.numerics import Floats64
from forecasting.planning.queues.checks import require


def sample_arrivals(expected: Floats64, bounds: Floats64, *, generator: np.random.Generator) -> Floats64:
    """Ascending seconds of the arrivals of a Poisson process whose rate is constant within each interval.

    expected: (T,) mean calls of each interval, >= 0; bounds: (T + 1,) its edges in seconds.
    """
    require("mean calls", expected, np.isfinite(expected) & (np.asarray(expected) >= 0), "finite numbers >= 0")
    counts = generator.poisson(expected)
    starts, lengths = np.repeat(bounds[:-1], counts), np.repeat(np.diff(bounds), counts)
    return np.sort(starts + lengths * generator.random(len(starts)))


def sample_exponential(mean: float | Floats64, *, count: int, generator: np.random.Generator) -> Floats64:
    """(count,) exponential seconds of a mean, one for all or one for each; a mean of inf gives inf, of 0 gives 0."""
    require("mean seconds", mean, np.asarray(mean) >= 0, "numbers >= 0")
    # a draw may be exactly 0, hardly ever, and endless patience times 0 would be NaN
    return np.asarray(mean) * np.maximum(generator.standard_exponential(count), np.finfo(float).tiny)
