"""What the growth model measures of a panel: logarithms over the median, and how rough a series is."""

import numpy as np

from forecasting.models.growth.kalman import Measured
from forecasting.models.growth.model import Clock
from forecasting.numerics import MAD_TO_DEVIATION, Floats64, Ints, Mask
from forecasting.panel.grid import Panel

MOST_DAYS = 4 * 365
"""Of history; older growth says little of tomorrow's."""
LEAST_SEEN = 14
"""Values that a series must have to be forecast."""
NEAR_ZERO = 0.01
"""Share of the median that smaller values are replaced by: zeros have no logarithm."""
PAIRS = 20.0
"""Pairs of columns a season apart that the typical roughness counts for beside a series' own."""
SMOOTHEST = 0.1
"""Least roughness of a series, over the typical one."""


def measure(panel: Panel, rows: slice | Ints, *, at: int, typical: float | None) -> tuple[Measured, Floats64, Mask]:
    """What was measured of n series before a column, the logarithms of their medians, and whether it is enough; (n,).

    typical: roughness that those with few values are shrunk toward; without it their own roughness is NaN.
    """
    columns = slice(panel_since(panel, at), at)
    y, seen = panel.y[rows, columns].astype(np.float64), panel.observed[rows, columns]
    bound = np.zeros(y.shape, dtype=bool)
    if panel.censored is not None:
        # without what was restored: that depends on later columns, and the filter treats bounds in its own way
        bound = seen & panel.censored[rows, columns]
        y = y if panel.suppressed is None else y - panel.suppressed[rows, columns]
    middle = _median(y, seen)
    enough = (seen.sum(axis=1) >= LEAST_SEEN) & (middle > 0)
    center = np.where(enough, middle, 1.0)
    x = np.log(np.maximum(np.where(seen & enough[:, None], y / center[:, None], 1.0), NEAR_ZERO))
    shift = np.maximum(panel.level_start[rows] - columns.start, 0)
    rough = _roughness(x, seen & ~bound & enough[:, None], season=panel.season, typical=typical)
    return Measured(x, seen & enough[:, None], bound & enough[:, None], rough, shift), np.log(center), enough


def clock_of(panel: Panel, columns: slice) -> Clock:
    """Local days and slots of some columns of a panel."""
    day = panel.wall[columns].astype("datetime64[s]").astype(np.float64) / 86_400
    return Clock(day, panel.slot[columns].astype(np.int64))


def panel_since(panel: Panel, at: int) -> int:
    """First column that counts in a forecast from column `at`."""
    since = panel.wall[at - 1] - np.timedelta64(MOST_DAYS, "D")
    return int(np.searchsorted(panel.wall[:at], since))


def _median(values: Floats64, where: Mask) -> Floats64:
    """(n,) median of each row's values at some places, the lower of the two in the middle; 0 for a row without any."""
    count = where.sum(axis=1)
    if not values.shape[1]:
        return np.zeros(len(values))
    ordered = np.sort(np.where(where, values, np.inf), axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle, 0.0)


def _roughness(x: Floats64, seen: Mask, *, season: int, typical: float | None) -> Floats64:
    """(n,) robust standard deviation of the change from one season to the next, over root two."""
    change, both = x[:, season:] - x[:, :-season], seen[:, season:] & seen[:, :-season]
    size = np.abs(change - _median(change, both)[:, None])
    own, pairs = MAD_TO_DEVIATION / np.sqrt(2) * _median(size, both), both.sum(axis=1)
    if typical is None:
        return np.where(pairs >= LEAST_SEEN, own, np.nan)
    own = np.maximum(own, SMOOTHEST * typical)
    return np.asarray(typical * (own / typical) ** (pairs / (pairs + PAIRS)))
