"""The five busiest days: ITU-T E.520's second rule, for loads that are heavy now and then.

E.500 takes the high load of a circuit group from the five highest days of twelve months, and so it is here: of the last
365 days, measured ones included. A shorter window would miss what the rule is for, days far apart such as Mother's Day
and New Year's Eve. A measured day therefore counts for a year; days that were no demand (a failure elsewhere, a wrong
counter) have to be left out of what is given as measured.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats

Days = NDArray[np.int32]

BUSIEST = 5
YEAR = 365
CHUNK = 2048
"""Paths worked on at a time, so that a year of their highest days takes 60 MB."""


def heavy_first_exceedance(
    paths: Floats, ceiling: Floats, *, before: Floats | None = None, busiest: int = BUSIEST, window: int = YEAR
) -> Days:
    """(n, S) first days on which the mean of the `busiest` highest of the last `window` days is above the ceiling.

    paths: (n, D, S) busy-hour loads, no NaN; ceiling: (n,); before: (n, W) loads measured until the origin, the last
    one last, NaN where missing. D where it never is; with fewer known days than `busiest` there is no mean. Day 0 at
    the earliest, also of a group whose measured days alone are above.
    """
    count, horizon, draws = paths.shape
    measured = np.full((count, 0), -np.inf) if before is None else np.where(np.isnan(before), -np.inf, before)
    ceiling = np.asarray(ceiling, dtype=np.float64)
    first_exceedance = np.full((count, draws), horizon, dtype=np.int32)
    # a mean is above only if one of its days is
    high = measured.max(axis=1, initial=-np.inf) > ceiling
    link, draw = np.nonzero((paths.max(axis=1, initial=-np.inf) > ceiling[:, None]) | high[:, None])
    recent = measured[:, max(measured.shape[1] - window, 0) :]
    blocks = -(-horizon // window)
    for start in range(0, len(link), CHUNK):
        own, path = link[start : start + CHUNK], draw[start : start + CHUNK]
        days = np.full(((blocks + 1) * window, len(own)), -np.inf)
        days[window - recent.shape[1] : window] = recent[own].T
        days[window : window + horizon] = paths[own, :, path].T
        highest = _highest(days.reshape(blocks + 1, window, len(own)), busiest)
        passed = highest[:horizon] > busiest * ceiling[own]
        first_exceedance[own, path] = np.where(passed.any(axis=0), passed.argmax(axis=0), horizon)
    return first_exceedance


def _highest(days: Floats, busiest: int) -> Floats:
    """Sums of the highest days of the windows that end with each day after the first block.

    days: (blocks + 1, window, C). Returns (blocks * window, C). A window is the end of one block and the beginning of
    the next. Running sums of the highest in either are kept day by day for all blocks at once; that of the window is
    the best split between the two (van Herk, 1992, for one highest).
    """
    blocks, window, columns = days.shape[0] - 1, days.shape[1], days.shape[2]
    # ends[day]: sums of the 1, 2, ... highest from that day of a block to its end
    ends = np.full((window + 1, busiest, blocks, columns), -np.inf)
    top, spare = np.full((2, busiest, blocks, columns), -np.inf)
    for day in range(window - 1, 0, -1):
        _insert(top, days[:-1, day], spare)
        _add_up(top, ends[day])
    sums = np.empty((blocks, window, columns))
    top, begun = np.full((2, busiest, blocks, columns), -np.inf)
    for day in range(window):
        _insert(top, days[1:, day], spare)
        _add_up(top, begun)
        ended = ends[day + 1]
        both = np.add(begun[:-1], ended[-2::-1], out=spare[1:]).max(axis=0, initial=-np.inf)
        sums[:, day] = np.maximum(both, np.maximum(begun[-1], ended[-1]))
    return sums.reshape(blocks * window, columns)


def _insert(top: Floats, values: Floats, spare: Floats) -> None:
    """Put values (...) into their places among the highest so far, (busiest, ...) from the highest down."""
    np.minimum(top[:-1], values, out=spare[1:])
    np.maximum(top[1:], spare[1:], out=top[1:])
    np.maximum(top[0], values, out=top[0])


def _add_up(top: Floats, out: Floats) -> None:
    """Running sums along the first axis; numpy's own are slow along any but the last."""
    out[0] = top[0]
    for rank in range(1, len(top)):
        np.add(out[rank - 1], top[rank], out=out[rank])
