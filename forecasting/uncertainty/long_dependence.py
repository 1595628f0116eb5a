"""Dependence of a stream's peaks over steps and between series, learned from history for `long_paths`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import DEVIATION_TO_MAD, Floats

FEWEST_STEPS = 7
"""Known differences that a series needs for a noise variance of its own."""
EVIDENCE = 12.0
"""Four-week changes at which the estimated correlation of levels weighs as much as the assumed one."""
ASSUMED_CORRELATION = 0.2
"""Correlation of two series' levels where history is too short to estimate it."""
LARGEST_CORRELATION = 0.95
CLIP = 3.5
"""Standard deviations beyond which noise is left out: it is an event of its own, such as an outage."""


@dataclass(frozen=True)
class LongDependence:
    """Noise and correlations of the peaks of N series."""

    noise: Floats
    """(N,) variance of the logarithm of one step about its series' level."""
    autocorrelation: float
    """Correlation of the noise from one step to the next."""
    noise_correlation: float
    """Correlation of two series' noise at the same step."""
    level_correlation: float
    """Correlation of two series' levels and growth."""


def learn_long_dependence(y: Floats, observed: NDArray[np.bool_], *, season: int) -> LongDependence:
    """Dependence of a stream of peaks as known at an origin.

    y: (N, T) peaks up to the origin; observed: (N, T) which of them count; season: steps in a week, 1 for weekly steps.
    The noise of a step is its difference from the mean of the same weekday one week before and after, which removes
    trend and weekly season. Variances are taken from medians and values beyond `CLIP` are left out, so that outages do
    not count as noise.
    """
    logs = np.where(observed & (y > 0), np.log(np.maximum(y, 1e-12)), np.nan).astype(np.float64)
    odd = _differences(logs, season)
    noise = np.full(len(logs), np.nan)
    seen = np.isfinite(odd).sum(axis=1) >= FEWEST_STEPS
    if seen.any():
        # a value less a mean of two others has 1.5 times the variance of one
        noise[seen] = (np.nanmedian(np.abs(odd[seen]), axis=1) / DEVIATION_TO_MAD) ** 2 / 1.5
    usual = float(np.nanmedian(noise)) if seen.any() else 0.0
    noise = np.where(np.isfinite(noise), noise, usual)
    scale = np.sqrt(1.5 * np.maximum(noise, 1e-12))[:, None]
    scored = odd / scale
    scored[np.abs(scored) > CLIP] = np.nan
    return LongDependence(
        noise=noise,
        autocorrelation=float(np.clip(_correlation(scored[:, 1:], scored[:, :-1]), 0.0, 0.9)),
        noise_correlation=float(np.clip(_mean_correlation(scored), 0.0, LARGEST_CORRELATION)),
        level_correlation=_level_correlation(logs, 4 * season),
    )


def _differences(logs: Floats, season: int) -> Floats:
    """(N, T - 2 seasons) each step less the mean of the steps a week before and after."""
    if logs.shape[1] <= 2 * season:
        return np.empty((len(logs), 0))
    odd: Floats = logs[:, season:-season] - (logs[:, 2 * season :] + logs[:, : -2 * season]) / 2
    return odd


def _correlation(one: Floats, other: Floats) -> float:
    """Correlation about zero of the values that both know; 0 where they share none."""
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any():
        return 0.0
    one, other = np.where(both, one, 0.0), np.where(both, other, 0.0)
    return float((one * other).sum() / max(np.sqrt((one**2).sum() * (other**2).sum()), 1e-12))


def _mean_correlation(scored: Floats) -> float:
    """Mean correlation of two rows of (N, T) scores, over all pairs of rows."""
    known = np.isfinite(scored)
    filled = np.where(known, scored, 0.0)
    apart = float((filled**2).sum())
    pairs = float((known.sum(axis=0) * (known.sum(axis=0) - 1)).sum())
    if pairs <= 0 or apart <= 0:
        return 0.0
    together = float((filled.sum(axis=0) ** 2).sum()) - apart
    return together / pairs / (apart / float(known.sum()))


def _level_correlation(logs: Floats, span: int) -> float:
    """Correlation of two series' changes of level between spans of four weeks, shrunk toward the assumed one."""
    whole = logs.shape[1] // span
    if whole < 2:
        return ASSUMED_CORRELATION
    blocks = logs[:, logs.shape[1] - whole * span :].reshape(len(logs), whole, span)
    known = np.isfinite(blocks).sum(axis=2) >= span / 2
    levels = np.full(known.shape, np.nan)
    levels[known] = np.nanmedian(blocks[known], axis=1)
    changes = np.diff(levels, axis=1)
    seen = np.isfinite(changes)
    # common growth is a trend, not a correlation: only deviations from each series' mean growth count
    changes -= (np.where(seen, changes, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))[:, None]
    spread = float(np.median(np.abs(changes[seen]))) / DEVIATION_TO_MAD if seen.any() else 0.0
    if spread <= 0:
        return ASSUMED_CORRELATION
    trust = (whole - 1) / (whole - 1 + EVIDENCE)
    found = float(np.clip(_mean_correlation(np.clip(changes / spread, -3, 3)), 0.0, LARGEST_CORRELATION))
    return float(trust * found + (1 - trust) * ASSUMED_CORRELATION)
