"""History by cycle and slot, and means of comparable intervals.

A cube is (N, K, S): series, cycle (local week), slot of the week. A slot that a cycle lacks (daylight saving time, the
first partial cycle) is NaN; of a doubled slot the later column is kept.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel

NAN = np.float32(np.nan)


@dataclass(frozen=True)
class SlotGrid:
    """Where the columns of a panel lie in cycles and slots."""

    cycle: Ints
    """(T+H,) from 0."""
    slot: Ints
    """(T+H,)"""
    column: Ints
    """(K, S) the column of a cycle's slot, -1 where there is none."""

    @property
    def season(self) -> int:
        return int(self.column.shape[1])


def slot_grid(panel: Panel) -> SlotGrid:
    """Index of a panel's columns by cycle and slot."""
    cycle = panel.cycle.astype(np.int64) - int(panel.cycle[0])
    slot = panel.slot.astype(np.int64)
    column = np.full((int(cycle[-1]) + 1, panel.season), -1, dtype=np.int64)
    column[cycle, slot] = np.arange(len(slot))
    return SlotGrid(cycle=cycle, slot=slot, column=column)


def to_cube(values: Floats32, grid: SlotGrid, *, cycles: int) -> Floats32:
    """Arrange (N, t) values of the first t columns as (N, cycles, S), NaN where there is no column."""
    n, t = values.shape
    cube = np.full((n, cycles * grid.season), np.nan, dtype=np.float32)
    cell = grid.cycle[:t] * grid.season + grid.slot[:t]
    if t and cell[-1] - cell[0] == t - 1 and (np.diff(cell) == 1).all():
        cube[:, cell[0] : cell[-1] + 1] = values
    else:
        cube[:, cell] = values
    return cube.reshape(n, cycles, grid.season)


def weighted_mean(cube: Floats32, weight: Floats32 | None, *, last: int, since: int = 0) -> Floats32:
    """`recent_mean` in which each value counts by its weight (N, K, S), NaN where the cube is; all alike without."""
    if weight is None:
        return recent_mean(cube, last=last, since=since)
    # of the same values, so that their number cancels
    total = recent_mean(cube * weight, last=last, since=since)
    mean: Floats32 = total / recent_mean(weight, last=last, since=since)
    return mean


def recent_mean(cube: Floats32, *, last: int, since: int = 0) -> Floats32:
    """Mean of the `last` newest observed values of each slot up to and with each cycle.

    cube: (N, K, S), NaN = unobserved. Returns (N, K, S); fewer than `last` values are averaged where there are fewer,
    NaN where there is none. Entry k depends on cycles 0..k only.
    """
    n, cycles, season = cube.shape
    newest = [np.zeros((n, season), dtype=np.float32) for _ in range(last)]
    count = np.zeros((n, season), dtype=np.float32)
    means = np.empty((n, cycles - since, season), dtype=np.float32)
    for k in range(cycles):
        missing = np.flatnonzero(np.isnan(cube[:, k]))
        if len(missing) < n * season:
            # everything moves one place, then the few that were not observed move back
            kept = [values.ravel()[missing] for values in newest]
            newest = [*newest[1:], np.array(cube[:, k])]
            for values, old in zip(newest, kept, strict=True):
                values.ravel()[missing] = old
            count += 1
            count.ravel()[missing] -= 1
            np.minimum(count, last, out=count)
        if k >= since:
            with np.errstate(invalid="ignore"):
                np.divide(sum(newest[1:], start=newest[0]), count, out=means[:, k - since])
    return means
