"""Random processes of which generated demand is made: curves, walks, and mean-reverting noise."""

import numpy as np
from scipy.signal import lfilter

from forecasting.numerics import Floats, Floats64, Mask


def between(rng: np.random.Generator, low: float, high: float, n: int) -> Floats64:
    """(n,) log-uniform draws."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def some(rng: np.random.Generator, share: float, n: int) -> Mask:
    """(n,) which of n series have a feature."""
    return np.asarray(rng.random(n) < share)


def curves(rng: np.random.Generator, roughness: Floats, *, points: int) -> Floats64:
    """(n, points) random periodic curves of unit deviation; the rougher, the smaller `roughness` (n,).

    The amplitude of the k-th harmonic is k to the power of -roughness.
    """
    n = len(roughness)
    harmonic = np.arange(1, max(points // 2, 1) + 1)[:60]
    amplitude = rng.standard_normal((n, len(harmonic))) * harmonic[None] ** -roughness[:, None]
    angle = 2 * np.pi * np.arange(points) / points
    phase = rng.uniform(0, 2 * np.pi, (n, len(harmonic)))
    # sum of a cos(kx + p) as two matrix products
    wave = harmonic[:, None] * angle
    curve = (amplitude * np.cos(phase)) @ np.cos(wave) - (amplitude * np.sin(phase)) @ np.sin(wave)
    scaled: Floats64 = curve / np.maximum(curve.std(axis=1, keepdims=True), 1e-6)
    return scaled


def reverting(rng: np.random.Generator, memory: Floats, *, steps: int) -> Floats64:
    """(n, steps) first-order autoregressions of unit variance; memory: (n,) correlation of neighbours."""
    drawn = rng.standard_normal((len(memory), steps))
    start = rng.standard_normal(len(memory))
    path = np.empty_like(drawn)
    for row, correlation in enumerate(memory):
        gain = np.sqrt(1 - correlation**2)
        path[row], _ = lfilter([gain], [1, -correlation], drawn[row], zi=[correlation * start[row]])
    return path


def bursts(rng: np.random.Generator, rate: Floats, *, steps: int) -> Floats64:
    """(n, steps) sudden rises that decay; rate: (n,) probability of one a step."""
    risen = (rng.random((len(rate), steps)) < rate[:, None]) * rng.exponential(1.0, (len(rate), steps))
    for row in np.flatnonzero(risen.any(axis=1)):
        risen[row] = lfilter([1], [1, -np.exp(-1 / between(rng, 1, 12, 1)[0])], risen[row])
    return np.asarray(risen, dtype=np.float64)
