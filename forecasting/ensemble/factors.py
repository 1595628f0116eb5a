"""Factors on a forecast: what is known of single days, applied after reconciliation.

A factor multiplies the demand of one series in one interval. The forecast without any is reconciled; then each series
is multiplied by its own factors, and sums are taken again from its paths. So a factor keeps its full size, a series
without one stays as it is to the last bit, sums agree, and a total moves by the share that the series have in it.
"""

from collections.abc import Iterable

import numpy as np

from forecasting.numerics import Floats, Floats32


def apply_factors(values: Floats32, layers: Iterable[Floats]) -> Floats32:
    """Means, quantiles or paths times layers of factors, one after the other.

    values: (N, H) or (N, H, ...), not negative; layers: (N, H) each, finite and not negative, 1 where a series has no
    factor. Quantiles stay sorted and a path keeps its rank, so that mean, quantiles and sums of paths move alike.
    """
    for factors in layers:
        wide = factors.astype(values.dtype).reshape(*factors.shape, *(1,) * (values.ndim - factors.ndim))
        values = values * wide
    return values


def remove_factors(values: Floats, factors: Floats) -> Floats:
    """Values before a layer of factors; unchanged where a factor is 0, which no division takes back.

    values: (N, H) or (N, H, ...); factors: (N, H).
    """
    divisor = np.where(factors > 0, factors, 1.0)
    before: Floats = values / divisor.reshape(*factors.shape, *(1,) * (values.ndim - factors.ndim))
    return before
