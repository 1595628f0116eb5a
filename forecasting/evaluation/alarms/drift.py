"""How far the distribution of inputs lies from what it was."""

import numpy as np

from forecasting.evaluation.alarms.checks import Values

_REFERENCE = 28
"""Days that a day is compared with, and of which the usual level of a cell is taken."""
_LEAST_CELLS = 12


def energy_distance(first: Values, second: Values) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| of two samples: twice the squared area between their distribution functions.

    Szekely and Rizzo 2013. 0 where the samples are alike; not finite values are left out; NaN where none is left.
    """
    first, second = (np.sort(one[np.isfinite(one)]) for one in (first, second))
    if not len(first) or not len(second):
        return float("nan")
    places = np.sort(np.concatenate([first, second]))
    steps = np.diff(places)
    below = [np.searchsorted(one, places[:-1], side="right") / len(one) for one in (first, second)]
    return float(2 * np.sum((below[0] - below[1]) ** 2 * steps))


def day_drift(levels: Values) -> Values:
    """(D,) drift of each day, NaN where days or cells are too few.

    levels: (D, C) mean demand of cells, which are series or hours of series, by day; NaN for unknown. A cell's change
    is the logarithm of its level over the median of the same weekday in the four weeks before. A day's changes are
    compared with those of the four weeks before it. A feed's common growth or season is part of both.
    """
    days, cells = levels.shape
    found = np.full(days, np.nan)
    if cells < _LEAST_CELLS:
        return found
    least = 0.05 * np.nanmean(np.abs(levels), axis=0) + 1e-9 if np.isfinite(levels).any() else np.ones(cells)
    changes = np.full_like(levels, np.nan)
    for day in range(_REFERENCE, days):
        before = levels[[day - 28, day - 21, day - 14, day - 7]]
        known = np.isfinite(before).sum(axis=0) >= 2
        usual = np.full(cells, np.nan)
        usual[known] = np.nanmedian(before[:, known], axis=0)
        changes[day] = np.log(np.maximum(levels[day], 0) + least) - np.log(np.maximum(usual, 0) + least)
    for day in range(2 * _REFERENCE, days):
        if np.isfinite(changes[day]).sum() >= _LEAST_CELLS:
            found[day] = energy_distance(changes[day], changes[day - _REFERENCE : day].ravel())
    return found
