"""Variance of single handle times, and of their mean from interval to interval.

The mean over w calls scatters around its level with the variance `remaining + single / w`. The first part is forecast
uncertainty. The second is sampling noise of few calls, which the queueing formula contains already and which must not
be counted twice. The two are separated by regressing squared deviations on 1 / w.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InsufficientHistoryError, SettingsError
from forecasting.numerics import Floats

SPREAD = 0.5
"""Relative standard deviation between the parts of one queue and those of its stream, as the prior has it."""
DRIFT = 0.1
"""Relative drift of the mean that the prior of one series allows even where the stream shows none."""
NOISE = 10.0
"""Variance of a squared deviation over its squared expectation: 2 for normal ones, several times that for handle times,
whose tails are heavy."""
ROUNDS = 20
"""Of reweighting; the weights settle within ten."""
CLIP = 100.0
"""Multiples of what is expected beyond which a squared deviation says nothing more: ten standard deviations."""
LEAST_SPREAD = 1e-6
"""Relative variance of 1 / w below which the two parts cannot be separated."""
SMALLEST = 1e-12


@dataclass(frozen=True)
class HandleVariance:
    """Variances of N series, in seconds squared, never NaN or negative."""

    single: NDArray[np.float64]
    """(N,) of one call's handle time around the mean of its interval."""
    remaining: NDArray[np.float64]
    """(N,) of the intervals' true means around the level that was given."""


def single_call_variance(y: Floats, weight: Floats, level: Floats) -> HandleVariance:
    """Variance of single handle times, and of the mean around its level, of each series.

    y: (N, T) mean handle times in seconds, NaN where unknown. weight: (N, T) answered calls behind them; where it is
    not above 0, y is unknown. level: (N, T) or (N, 1) what y was expected to be without looking at y itself, such as a
    forecast or the mean of other intervals, above 0.

    The regression is in squared deviations relative to the level, whose parts are alike from queue to queue: those of a
    series with few intervals, or whose weights hardly differ, stay near the stream's. Each interval counts by the
    inverse square of what is expected of it (the quasi-likelihood of a gamma distribution), so that means of few calls,
    whose squares vary most, do not decide. Where all weights are equal, all variance is taken as `remaining`: nothing
    is then subtracted from a forecast's spread. Raises SettingsError on other shapes, InsufficientHistoryError where no
    interval is known.
    """
    if y.ndim != 2 or weight.shape != y.shape or level.shape not in (y.shape, (len(y), 1)):
        raise SettingsError(
            f"handle variance: expected y and weight (N, T), level (N, T) or (N, 1), "
            f"found {y.shape}, {weight.shape} and {level.shape}"
        )
    level = np.broadcast_to(np.asarray(level, np.float64), y.shape)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(y) & np.isfinite(weight) & (weight > 0) & np.isfinite(level) & (level > 0)
    if not known.any():
        raise InsufficientHistoryError(
            "handle variance: no interval has a mean, a weight and a level; ingest handle times first", have=0, need=1
        )
    safe = np.where(known, level, 1.0)
    square = np.where(known, (np.where(known, y, 1.0) / safe - 1) ** 2, 0.0)
    share = np.where(known, 1 / np.where(known, weight, 1.0), 0.0)
    stream = _fit(_Squares(square.reshape(1, -1), share.reshape(1, -1), known.reshape(1, -1)), prior=None)
    parts = _fit(_Squares(square, share, known), prior=stream[0])
    count = known.sum(axis=1)
    typical = np.where(known, level, 0.0).sum(axis=1) / np.maximum(count, 1)
    typical = np.where(count > 0, typical, level[known].mean())
    return HandleVariance(single=parts[:, 1] * typical**2, remaining=parts[:, 0] * typical**2)


@dataclass(frozen=True)
class _Squares:
    """(N, T) squared relative deviations and 1 / w, 0 where unknown, and which are known."""

    square: NDArray[np.float64]
    share: NDArray[np.float64]
    known: NDArray[np.bool_]


def _fit(data: _Squares, *, prior: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """(N, 2) remaining and single variance. prior: (2,) of the stream; none for the stream itself."""
    count = np.maximum(data.known.sum(axis=1), 1)
    parts = np.stack([data.square.sum(axis=1) / count, np.zeros(len(count))], axis=1)
    center, precision = np.zeros(2), np.full(2, SMALLEST)
    if prior is not None:
        parts[:] = prior
        center, precision = prior, 1 / np.maximum(prior * SPREAD + (DRIFT**2, 0.0), SMALLEST) ** 2
    for _ in range(ROUNDS):
        expected = np.maximum(parts[:, :1] + parts[:, 1:] * data.share, SMALLEST)
        counts = np.where(data.known, expected**-2 / NOISE, 0.0)
        square = np.minimum(data.square, CLIP * expected)
        a, b, d = ((counts * data.share**power).sum(axis=1) for power in range(3))
        right, sloped = (counts * square).sum(axis=1), (counts * square * data.share).sum(axis=1)
        a, right = a + precision[0], right + precision[0] * center[0]
        d, sloped = d + precision[1], sloped + precision[1] * center[1]
        parts = _solve(a, b, d, right, sloped)
    return parts


def _solve(a: Floats, b: Floats, d: Floats, right: Floats, sloped: Floats) -> NDArray[np.float64]:
    """(N, 2) x >= 0 that solves [[a, b], [b, d]] x = [right, sloped] by least squares."""
    spread = a * d - b * b
    apart = spread > LEAST_SPREAD * a * d
    single = np.where(apart, (a * sloped - b * right) / np.where(apart, spread, 1.0), 0.0)
    # what would be below 0 is 0, and the other alone fits best
    single = np.where(right < single * b, sloped / d, np.maximum(single, 0.0))
    return np.stack([np.maximum(right - single * b, 0.0) / a, single], axis=1)
