"""Levels of single days: how far the volume of each lies from what its series usually does on such a day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import MAD_TO_DEVIATION, Floats64, Ints, Mask, Times
from forecasting.panel.calendar.runs import Grid, Values
from forecasting.panel.cleaning.levels import medians

_AROUND = 35
"""Days on either side whose median is the usual level: a surge of three weeks leaves it alone even at the end of a
history, and growth over them is small."""
_SAME_WEEKDAY = 8
"""Days of the same weekday on either side whose median is the weekday's own deviation."""
_FEWEST = 8
"""Smallest half window in days of a longer interval."""
_FILLED = 0.5
"""Share of the usual volume of a day whose intervals must be known for it to have a level."""
_OFFSET = 0.05
"""Share of a usual day that is added before logarithms are taken: nothing at all is a twentieth."""
_TAIL = 6.0
"""Degrees of freedom of Student's distribution of a day: demand has heavier tails than the normal distribution."""
_SKEW = 2.0
"""Most noise of days above or below over that of all days: a surge in a short history is no noise."""
_LEAST_NOISE = 0.08
"""Smallest noise of a day's logarithm, however similar a series' days are."""
_WEEK = 7


@dataclass(frozen=True)
class DayLevels:
    """N series on D local days; of intervals longer than a day, each is such a day."""

    date: Times
    """(D,) first local date."""
    length: int
    """Days that each stands for: 1, or those of an interval."""
    first: Ints
    """(D + 1,) first column of each, and the column behind the last."""
    volume: Floats64
    """(N, D) sum over the known intervals of the day."""
    expected: Floats64
    """(N, D) the same of the mean week."""
    level: Floats64
    """(N, D) logarithm of the volume over the usual one; NaN where too little is known."""
    usual: Floats64
    """(N, D) logarithm of the level of the weeks around."""
    excess: Floats64
    """(N, D) level less the usual one and less what the weekday always deviates."""
    noise: Floats64
    """(N, D) robust standard deviation of the excess, of days above and of days below by themselves."""
    surprise: Floats64
    """(N, D) nats by which each day is improbable; 0 where unknown."""


def measure_days(y: Values, grid: Grid, date: Times) -> DayLevels:
    """Levels of the days of a history.

    y: (N, T), NaN where unknown or explained by the calendar; date: (T,) local dates. The surprise of a day is that of
    Student's distribution, and of counts at most that of the Poisson distribution.
    """
    days, first = np.unique(date, return_index=True)
    length = int(np.median(np.diff(days)).astype(int)) if len(days) > 1 else 1
    length = length if grid.season == 1 else 1
    known = np.isfinite(y)
    values, there = grid.table(np.where(known, y, np.float32(0))), grid.table(known)
    profile = values.sum(axis=1, dtype=np.float64) / np.maximum(there.sum(axis=1), 1)
    shape = profile[:, grid.slot]
    volume, expected, whole = (
        np.add.reduceat(each, first, axis=1)
        for each in (np.where(known, y, 0.0).astype(np.float64), np.where(known, shape, 0.0), shape)
    )
    offset = _OFFSET * whole.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log((volume + offset) / (expected + offset))
    level = np.where((expected >= _FILLED * whole) & (expected > 0), level, np.nan)
    usual = _around(level, half=max(_AROUND // length, _FEWEST), step=max(_WEEK // length, 1))
    excess = level - usual
    if grid.season > 1:
        weekday = days.astype(np.int64) % _WEEK
        for each in np.unique(weekday):
            own = weekday == each
            excess[:, own] -= np.nan_to_num(_around(excess[:, own], half=_SAME_WEEKDAY, step=1))
    above, below = (medians(np.where(sign * excess > 0, np.abs(excess), np.nan))[0][:, None] for sign in (1, -1))
    spread = np.fmin(np.where(excess > 0, above, below), _SKEW * medians(np.abs(excess))[0][:, None])
    noise = np.maximum(np.nan_to_num(MAD_TO_DEVIATION * spread), _LEAST_NOISE)
    surprise = (_TAIL + 1) / 2 * np.log1p((excess / noise) ** 2 / _TAIL)
    whole_numbers = ~np.any(known & (y % 1 > 0), axis=1)
    mean = np.exp(level - excess) * (expected + offset)
    with np.errstate(divide="ignore", invalid="ignore"):
        poisson = np.where(volume > 0, volume * np.log(volume / mean), 0.0) - volume + mean
    surprise = np.where(whole_numbers[:, None], np.minimum(surprise, poisson), surprise)
    return DayLevels(
        date=days,
        length=length,
        first=np.append(first, len(date)),
        volume=volume,
        expected=expected,
        level=level,
        usual=usual,
        excess=excess,
        noise=noise,
        surprise=np.nan_to_num(surprise),
    )


def _around(values: Floats64, *, half: int, step: int) -> Floats64:
    """(N, D) median of the known values within `half` places, taken at every `step`-th place and kept between."""
    places = values.shape[1]
    padded = np.pad(values, ((0, 0), (half, half)), constant_values=np.nan)
    windows: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    centre = np.arange(places)
    centre = np.minimum(centre - centre % step + step // 2, places - 1)
    taken, place = np.unique(centre, return_inverse=True)
    return medians(windows[:, taken])[0][:, place]


def volume_ratio(excess: float) -> float:
    """Volume over the usual one for a deviation of a day's logarithm."""
    return max(float(np.exp(excess)) * (1 + _OFFSET) - _OFFSET, 0.0)


def sparse(y: Values, *, first: Ints, most: float) -> Mask:
    """(N,) series with negative values, or with nothing on more than a share `most` of their known days."""
    known = np.isfinite(y)
    some = np.add.reduceat(known, first, axis=1) > 0
    empty = some & (np.add.reduceat(known & (y > 0), first, axis=1) == 0)
    return np.asarray((empty.sum(axis=1) > most * some.sum(axis=1)) | (known & (y < 0)).any(axis=1))
