"""From the levels that a model answers at to others, and the quantiles of a mixture."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import ndtri

from forecasting.numerics import Floats32, Floats64


def level_matrix(given: Sequence[float], wanted: Sequence[float]) -> Floats32:
    """(Q, K) such that quantiles (..., Q) at the given levels, times it, are those at the wanted levels.

    Between two levels quantiles are linear in the normal score of the level. Beyond the outermost ones the outermost
    segment goes on with its slope: exact for a normal distribution, too short for a heavier tail than that of the
    values between the outermost two levels (calibration on held-back origins widens such intervals). given: ascending,
    two or more. A wanted level that is given is taken as it is.
    """
    known, asked = ndtri(np.asarray(given)), ndtri(np.asarray(wanted))
    left = np.clip(np.searchsorted(known, asked, side="right") - 1, 0, len(known) - 2)
    share = (asked - known[left]) / (known[left + 1] - known[left])
    matrix = np.zeros((len(known), len(asked)))
    matrix[left, np.arange(len(asked))] = 1 - share
    matrix[left + 1, np.arange(len(asked))] = share
    return matrix.astype(np.float32)


def level_masses(levels: Sequence[float]) -> Floats64:
    """(Q,) probability that each quantile stands for: half way to the next level on both sides; they sum to 1."""
    edges = np.concatenate([[0.0], (np.asarray(levels)[1:] + np.asarray(levels)[:-1]) / 2, [1.0]])
    masses: Floats64 = np.diff(edges)
    return masses


def mix_quantiles(answers: torch.Tensor, shares: Sequence[float], levels: Sequence[float]) -> torch.Tensor:
    """(..., Q) quantiles of the mixture of P distributions, which are given by their quantiles (..., P, Q).

    shares: (P,) of the distributions, summing to 1; levels: (Q,) of the quantiles. Each quantile is a point of the mass
    that it stands for, and between points the mixture's quantiles are linear in probability.
    """
    shape = answers.shape[:-2]
    mass = torch.as_tensor(np.outer(shares, level_masses(levels)).ravel(), dtype=answers.dtype, device=answers.device)
    points, order = answers.reshape(*shape, -1).sort(dim=-1)
    mass = mass[order]
    middle = mass.cumsum(dim=-1) - mass / 2
    wanted = torch.as_tensor(levels, dtype=answers.dtype, device=answers.device).expand(*shape, len(levels))
    right = torch.searchsorted(middle, wanted.contiguous()).clamp(1, middle.shape[-1] - 1)
    low, high = middle.gather(-1, right - 1), middle.gather(-1, right)
    share = ((wanted - low) / (high - low)).clamp(0, 1)
    return points.gather(-1, right - 1).lerp(points.gather(-1, right), share)
