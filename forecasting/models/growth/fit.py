"""Learn the parameters of the growth model from all series of a stream at once.

Means and spreads over series come from expectation and maximisation (`pooling`). What moves a series (noise, cycle,
drift, deviations of growth) is searched for by held-back forecasts (`held_back`). Both are shrunk toward what is usual
of network traffic.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from forecasting.models.growth.held_back import evidence, judge
from forecasting.models.growth.model import CHRISTMAS, HARMONICS, YEAR, GrowthParameters
from forecasting.models.growth.pooling import Sample, pool

TAILS = 6.0
"""Degrees of freedom of the Student distribution that scores forecasts: outliers must not choose the parameters."""
STRIDES = (2.5, 1.5)
"""Factors by which a parameter is raised and lowered in each round of the search."""
SEARCHED = ("cycle", "level_drift", "growth_deviation", "cycle_days", "deviation_years")
LEAST = {"cycle": 0.05, "level_drift": 1e-5, "growth_deviation": 0.01, "cycle_days": 3.0, "deviation_years": 0.25}
MOST = {"cycle": 4.0, "level_drift": 0.05, "growth_deviation": 1.5, "cycle_days": 60.0, "deviation_years": 2.0}
DOUBT = 1.0
"""Prior standard deviation of the logarithm of a searched parameter around its usual value."""
SHAPES = 14
"""Shapes by which series differ from the pattern; more of them only make the filter slower."""
ROUNDS = 2
"""Steps of expectation and maximisation after each round of the search."""


def learn_parameters(sample: Sample, usual: GrowthParameters) -> GrowthParameters:
    """Parameters of greatest posterior density by the held-back forecasts of the sample, from `usual` as prior."""
    parameters = usual
    for stride in (None, *STRIDES):
        if stride is not None:
            found = _search(shorten(parameters), sample, usual, stride=stride)
            parameters = replace(found, shapes=parameters.shapes)
        for _ in range(ROUNDS):
            parameters = pool(parameters, sample, usual)
    return shorten(parameters)


def shorten(parameters: GrowthParameters) -> GrowthParameters:
    """Parameters with only the SHAPES shapes by which series differ most over a year (principal components)."""
    week = np.full(parameters.weekdays, 1 / max(parameters.weekdays, 1))
    holidays = float(np.sum(CHRISTMAS).astype(float)) / YEAR
    weight = np.sqrt(np.concatenate([week, [holidays], np.full(2 * HARMONICS, 0.5)]))[:, None]
    left, size, _ = np.linalg.svd(weight * parameters.shapes, full_matrices=False)
    return replace(parameters, shapes=(left * size)[:, :SHAPES] / weight)


def _search(
    parameters: GrowthParameters, sample: Sample, usual: GrowthParameters, *, stride: float
) -> GrowthParameters:
    """Each searched parameter in turn, a stride larger or smaller where that is better."""
    best = score(parameters, sample, usual)
    for name in SEARCHED:
        for factor in (stride, 1 / stride):
            changed: dict[str, Any] = {
                name: float(np.clip(getattr(parameters, name) * factor, LEAST[name], MOST[name]))
            }
            other = replace(parameters, **changed)
            found = score(other, sample, usual)
            if found > best:
                parameters, best = other, found
                break
    return parameters


def score(parameters: GrowthParameters, sample: Sample, usual: GrowthParameters) -> float:
    """Log density of what was measured under held-back forecasts, plus the prior log density of the parameters."""
    surprise, spread = judge(parameters, sample)
    density = -np.log(spread) - (TAILS + 1) / 2 * np.log1p(surprise**2 / TAILS)
    unusual = sum(np.log(getattr(parameters, name) / getattr(usual, name)) ** 2 for name in SEARCHED) / (2 * DOUBT**2)
    known = np.isfinite(density)
    mean = np.where(known, density, 0.0).sum(axis=(1, 2)) / np.maximum(known.sum(axis=(1, 2)), 1)
    return float(mean.mean() * evidence(sample) - unusual)
