"""Planners' adjustments as factors on a forecast, one after the other.

A factor multiplies mean, quantiles and every path of a series in an interval, after reconciliation: series without one
stay as they are to the last bit, and sums over series move by the share that the adjusted ones have in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from forecasting.numerics import Floats64, Mask
from forecasting.terms import Operation

LEAST = 1e-9
"""What counts as no demand at all."""


@dataclass(frozen=True)
class Adjustment:
    """One adjustment of a stream, as it stands."""

    adjustment_id: str
    known_at: datetime
    scope: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    operation: Operation
    value: float
    reason: str = ""
    author: str = ""


@dataclass(frozen=True)
class Adjusted:
    """Factors on the forecast of N series in H intervals."""

    factors: Floats64
    """(N, H) 1 where nothing was adjusted."""
    touched: tuple[Mask, ...]
    """(N, H) of each adjustment, where it holds."""
    without_base: tuple[int, ...]
    """Intervals of each adjustment in which there is nothing to share an amount by: they stay as they are."""


def adjust(mean: Floats64, adjustments: Sequence[Adjustment], cells: Sequence[Mask], *, together: bool) -> Adjusted:
    """Factors of some adjustments, in their order.

    mean: (N, H) of the forecast, NaN where a series is closed; cells: (N, H) of each adjustment, its series and its
    intervals. together: values add up over series, so that an amount is that of all series in scope together, which
    share it by what they have; else it is that of each.
    """
    now = np.nan_to_num(mean)
    factors = np.ones(mean.shape)
    touched, lacking = [], []
    for one, cell in zip(adjustments, cells, strict=True):
        held = cell & np.isfinite(mean)
        base = np.where(held, now, 0.0)
        if together and one.operation is not Operation.PERCENT:
            base = np.broadcast_to(base.sum(axis=0), mean.shape)
        ratio = _ratio(one, base)
        nothing = held & np.isnan(ratio)
        applied = np.where(held & ~nothing, ratio, 1.0)
        factors *= applied
        now = now * applied
        touched.append(held)
        lacking.append(int(nothing.any(axis=0).sum()) if together else int(nothing.sum()))
    return Adjusted(factors, tuple(touched), tuple(lacking))


def _ratio(one: Adjustment, base: Floats64) -> Floats64:
    """What an adjustment multiplies by where so much is forecast; NaN where an amount is wanted and there is none."""
    if one.operation is Operation.PERCENT:
        return np.full(base.shape, 1 + one.value / 100)
    wanted = {
        Operation.ADD: np.maximum(base + one.value, 0.0),
        Operation.SET: np.full(base.shape, one.value),
        Operation.FLOOR: np.maximum(base, one.value),
        Operation.CAP: np.minimum(base, one.value),
    }[one.operation]
    ratio: Floats64 = np.divide(wanted, base, out=np.full(base.shape, np.nan), where=base > LEAST)
    return np.where((base <= LEAST) & (wanted <= LEAST), 1.0, ratio)
