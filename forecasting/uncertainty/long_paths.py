"""Sample paths over months and years, drawn from the quantiles of a long forecast.

Two years ahead, most of the uncertainty is shared by all days: how fast demand grows. The parts are estimated from the
forecast itself. Its spread h steps ahead (the variance of the logarithm) is fitted by

    v(h) = noise + level + drift * h + growth * h^2,   all not negative.

The noise is estimated from history. Each part has its own dependence over time: noise is a first-order autoregression,
the level is one normal value for the whole path, drift is a random walk and growth is a random slope. Their sum gives
each path a normal score at every step, which is mapped through the forecast's quantiles, so that every step is
distributed as forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.signal import lfilter
from scipy.special import ndtri

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import LEVEL_SCORES
from forecasting.terms import MEDIAN
from forecasting.uncertainty.long_dependence import LongDependence

PATHS = 200
FLOOR = 1e-3
"""Share of the median that lower quantiles are raised to, because logarithms are taken."""
MARKS = 16
"""Steps of the horizon, evenly spaced in the logarithm, at which the spread is fitted."""
STEEPEST = 1.0
"""Largest slope of the logarithm over the normal score beyond the last quantile; without a limit, a forecast with a
median near zero would have an absurd tail."""


class LongPathMaker:
    """Draws paths of a stream's series, some at a time; those of a series do not depend on which others are drawn."""

    def __init__(self, dependence: LongDependence, steps: int, *, paths: int = PATHS, seed: Sequence[int]) -> None:
        """Draw what all series share.

        steps: of the horizon, at least 1. paths: an even number; the second half mirrors the first (antithetic
        variates), so that the median is exact. Raises ValueError otherwise.
        """
        if paths < 2 or paths % 2:
            raise ValueError(f"paths: expected an even number of them, found {paths}")
        if steps < 1:
            raise ValueError(f"steps: expected at least one, found {steps}")
        self._dependence, self.steps, self.paths, self._seed = dependence, steps, paths, tuple(seed)
        self._common = self._draw(None)

    def paths_of(self, series: Ints, quantiles: Floats) -> NDArray[np.float32]:
        """(n, H, S) paths of n series.

        series: (n,) places among the series of the dependence; quantiles: (n, H, 7), sorted, in the stream's unit.
        """
        paths = np.empty((len(series), self.steps, self.paths), np.float32)
        half = self.paths // 2
        for row, one in enumerate(series):
            normal = self._normal(int(one), spread_parts(quantiles[row], float(self._dependence.noise[one])))
            paths[row, :, :half] = normal
            paths[row, :, half:] = -normal
            _to_values(paths[row], quantiles[row])
        return paths

    def _normal(self, series: int, parts: Floats) -> NDArray[np.float32]:
        """(H, S / 2) normal scores of one series. parts: (4,) as of `spread_parts`."""
        own, step = self._draw(series), np.arange(1, self.steps + 1, dtype=np.float32)[:, None]
        shared, alone = _split(self._dependence.level_correlation)
        noise_shared, noise_alone = _split(self._dependence.noise_correlation)
        level, drift, growth, noise = (np.float32(part) for part in np.sqrt(parts))
        path = own.level * (level * alone) + step * (own.growth * (growth * alone))
        path += self._common.level * (level * shared) + step * (self._common.growth * (growth * shared))
        if drift:
            path += (drift * alone) * own.drift + (drift * shared) * self._common.drift
        if noise:
            path += (noise * noise_alone) * own.noise + (noise * noise_shared) * self._common.noise
        total = parts @ np.stack([np.ones(self.steps), step[:, 0], step[:, 0] ** 2, np.ones(self.steps)])
        path /= np.sqrt(np.maximum(total, 1e-12)).astype(np.float32)[:, None]
        normal: NDArray[np.float32] = path
        return normal

    def _draw(self, series: int | None) -> "_Draws":
        """Parts of unit variance (at h = 1) of one series, or of what all series share."""
        seed = (*self._seed, 0) if series is None else (*self._seed, 1, series)
        rng = np.random.default_rng(seed)
        half = self.paths // 2
        # stratified, not independent: level and growth decide most of when a limit is exceeded
        even = ndtri((np.arange(half) + 0.5) / self.paths)
        level, growth = (
            (rng.permutation(even) * rng.choice([-1.0, 1.0], half)).astype(np.float32)[None] for _ in range(2)
        )
        drift = rng.standard_normal((self.steps, half), np.float32)
        np.cumsum(drift, axis=0, out=drift)
        noise = rng.standard_normal((self.steps, half), np.float32)
        autocorrelation = np.float32(self._dependence.autocorrelation)
        if autocorrelation:
            # the first step is drawn from the stationary distribution
            noise[1:] *= np.sqrt(1 - autocorrelation**2)
            noise = lfilter(np.ones(1, np.float32), np.array([1, -autocorrelation], np.float32), noise, axis=0)
        return _Draws(level, growth, drift, noise)


@dataclass(frozen=True)
class _Draws:
    level: NDArray[np.float32]
    growth: NDArray[np.float32]
    """(1, S / 2) each."""
    drift: NDArray[np.float32]
    noise: NDArray[np.float32]
    """(H, S / 2) each."""


def spread_parts(quantiles: Floats, noise: float) -> Floats:
    """(4,) level, drift, growth and noise of one forecast: the coefficients of 1, h, h^2 and 1 in its spread v(h).

    quantiles: (H, 7), sorted. noise: variance of the logarithm as of history; the smallest spread at most is taken. The
    other three are not negative and have the least squared relative error (Lawson and Hanson, Solving Least Squares
    Problems, 1974, chapter 23).
    """
    steps = len(quantiles)
    marks = np.unique(np.round(np.geomspace(1, steps, min(MARKS, steps))).astype(int))
    logs = _logs(quantiles[marks - 1])
    spread = ((logs[:, -2] - logs[:, 1]) / (LEVEL_SCORES[-2] - LEVEL_SCORES[1])) ** 2
    noise = min(noise, float(spread.min()))
    weight, scale = 1 / np.maximum(spread, 1e-12), np.array([1.0, steps, steps**2])
    basis = np.stack([np.ones(len(marks)), marks, marks**2], axis=1) / scale
    parts, _ = nnls(weight[:, None] * basis, weight * (spread - noise))
    return np.append(parts / scale, noise if parts.any() else max(noise, 1e-12))


def _to_values(scores: NDArray[np.float32], quantiles: Floats) -> None:
    """Replace normal scores (H, S) by values of the forecast (H, 7), in place.

    The logarithm is linear in the score between the quantiles. Beyond them it has the slope of the outer two segments,
    at most `STEEPEST` upward.
    """
    logs = _logs(quantiles)
    slopes = np.diff(logs, axis=1) / np.diff(LEVEL_SCORES)
    low = (logs[:, 2] - logs[:, 0]) / (LEVEL_SCORES[2] - LEVEL_SCORES[0])
    high = np.minimum((logs[:, -1] - logs[:, -3]) / (LEVEL_SCORES[-1] - LEVEL_SCORES[-3]), STEEPEST)
    # a piecewise linear function as a sum of ramps: every term is one pass over memory
    value = logs[:, :1].astype(np.float32) + low[:, None].astype(np.float32) * np.minimum(
        scores - np.float32(LEVEL_SCORES[0]), 0
    )
    for place, slope in enumerate(slopes.T):
        width = np.float32(LEVEL_SCORES[place + 1] - LEVEL_SCORES[place])
        value += slope[:, None].astype(np.float32) * np.clip(scores - np.float32(LEVEL_SCORES[place]), 0, width)
    value += high[:, None].astype(np.float32) * np.maximum(scores - np.float32(LEVEL_SCORES[-1]), 0)
    np.exp(value, out=scores)
    scores[quantiles[:, -1] <= 0] = 0.0


def _logs(quantiles: Floats) -> Floats:
    """Logarithms of quantiles (..., 7), which are raised to FLOOR of the median."""
    median = np.maximum(quantiles[..., MEDIAN], quantiles[..., -1] * FLOOR)
    floor = np.maximum(FLOOR * median, 1e-12)[..., None]
    logs: Floats = np.log(np.maximum(quantiles, floor).astype(np.float64))
    return logs


def _split(correlation: float) -> tuple[np.float32, np.float32]:
    """Weights of a shared and an own part of unit variance whose sum has this correlation between series."""
    return np.float32(np.sqrt(correlation)), np.float32(np.sqrt(1 - correlation))
