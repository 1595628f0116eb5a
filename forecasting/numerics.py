"""Array types and numerical pieces that several packages need, each in one place."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, log_ndtr, xlogy

Floats = NDArray[np.floating]
Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Ints = NDArray[np.integer]
Mask = NDArray[np.bool_]
Times = NDArray[np.datetime64]
"""UTC instants or local clock readings without a zone, in microseconds; or local dates."""

MAD_TO_DEVIATION = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""
DEVIATION_TO_MAD = 0.6745
"""The way back: the upper quartile of a standard normal distribution. Each is rounded by itself, as what is stored was
made with them."""

STIRLING = 16.0
"""From here on four terms of Stirling's series are exact in double precision."""


def log_poisson(k: Floats, mean: Floats) -> NDArray[np.float64]:
    """Logarithm of mean^k exp(-mean) / Gamma(k + 1), elementwise for k >= 0 (real) and mean > 0, of one shape.

    Saddle-point form: no loss of digits where k and mean are large and close (Loader, Fast and Accurate Computation of
    Binomial Probabilities, 2000).
    """
    large = np.maximum(k, STIRLING)
    off = (mean - large) / large
    near = np.abs(off) < 0.5
    log_ratio = np.where(near, np.log1p(np.where(near, off, 0.0)), np.log(mean / large))
    square = large**-2
    stirling = (1 / 12 - (1 / 360 - (1 / 1260 - square / 1680) * square) * square) / large
    saddle = -large * (off - log_ratio) - 0.5 * np.log(2 * np.pi * large) - stirling
    few = k < STIRLING
    if few.any():
        saddle[few] = xlogy(k[few], mean[few]) - mean[few] - gammaln(k[few] + 1)
    return np.asarray(saddle)


def inverse_mills(bound: ArrayLike) -> NDArray[np.float64]:
    """Mean of a standard normal value, given that it is at least `bound`: density over upper tail, elementwise.

    Through logarithms, so that nothing divides by zero far out; relative error below 1e-9 up to bounds of 1000
    (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, 1994, section 13.10).
    """
    at = np.asarray(bound)
    ratio: NDArray[np.float64] = np.exp(-(at**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(-at))
    return ratio


def sample_rows(count: int, most: int) -> Ints:
    """Ascending places of at most `most` of `count` rows: all of them, or as many drawn at random from a fixed seed.

    Taking every n-th row instead would take the same hour of every day.
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def in_full(value: float, *, digits: int = 4, sign: bool = False) -> str:
    """A number with about this many significant digits and none before the point left out: 14,055 and never 1.41e+04.

    sign: whether a positive number has one too.
    """
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
