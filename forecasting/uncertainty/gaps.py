"""Fills gaps in past forecasts: intervals without a measurement have no forecast, but sums over series need one."""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints


def fill_gaps(predicted: Floats, is_open: NDArray[np.bool_], clock: Ints) -> Floats:
    """(N, L, 7) forecasts of one window with missing ones of open intervals filled in.

    predicted: (N, L, 7), NaN where a series was closed or not observed; is_open: (N, L); clock: (L,) number of the time
    of day of each column. A missing forecast is the mean of the series' forecasts at the same time of day in the
    window, or of all its forecasts where there is none; a series without any forecast stays NaN.
    """
    known = np.asarray(np.isfinite(predicted).all(axis=-1))
    lacking = is_open & ~known
    if not lacking.any():
        return predicted
    _, time = np.unique(clock, return_inverse=True)
    filled = predicted.copy()
    for series in np.flatnonzero(lacking.any(axis=1)):
        observed = known[series]
        if not observed.any():
            continue
        own, usual = predicted[series, observed], predicted[series, observed].mean(axis=0)
        count = np.bincount(time[observed], minlength=int(time.max()) + 1)
        total = np.stack([np.bincount(time[observed], weights=level, minlength=len(count)) for level in own.T], axis=1)
        mean = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], usual)
        filled[series, lacking[series]] = mean[time[lacking[series]]]
    return filled
