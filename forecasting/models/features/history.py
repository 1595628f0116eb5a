"""History of a panel's series, summed and averaged in advance, so that features of any origin are look-ups.

Sums run over columns and means over cycles and days; each entry depends on what was observed up to it only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.models.features.days import Days, index_days
from forecasting.models.features.slots import NAN, SlotGrid, slot_grid, to_cube, weighted_mean
from forecasting.numerics import Floats, Floats32, Floats64, Ints
from forecasting.panel.grid import Panel

SLOT_MEANS = (1, 2, 4, 8, 16)
"""Numbers of newest values of a slot of the week that are averaged."""
CLOCK_MEANS = (1, 2, 3, 10)
"""Numbers of newest days whose values at the same time of day are averaged."""
BASE = 4
"""The slot mean that forecasts start from: four weeks, a strong baseline for contact centres and networks alike."""
LEVEL_SHARE = 0.2
"""Share of the level that is added to a slot's base before noise is scaled by it: an empty slot is not certain."""
COUNT_POWER, AMOUNT_POWER = 0.5, 0.75
"""Power of the base with which noise grows: 1/2 for counts (Poisson); for measured amounts, between that and 1."""


@dataclass(frozen=True)
class Means:
    """Recent means (n, cycles, places), kept from the cycle `since` on; days and times of day count likewise."""

    values: Floats32
    since: int

    def at(self, series: Ints, cycle: Ints, place: Ints) -> Floats32:
        """(R,) NaN before the first cycle."""
        return np.where(cycle >= 0, self.values[series, np.maximum(cycle - self.since, 0), place], NAN)


@dataclass(frozen=True)
class PreparedHistory:
    """n series of a panel, prepared for `lagged_features`: T columns of history, K cycles of S slots, D days."""

    panel: Panel
    grid: SlotGrid
    days: Days
    first: int
    """The panel's series that is series 0 here."""
    power: float
    """Of the base, with which noise grows."""
    slots: dict[int, Means]
    """(n, K, S) by number of values: mean of the newest values of a slot up to and with a cycle."""
    clocks: dict[int, Means]
    """(n, D, U) by number of values: mean of the newest values of a time of day up to and with a day."""
    cube: Floats32
    """(n, K, S) demand by cycle and slot."""
    sums: Floats64
    """(4, n, T+1) running sums of the expectation (the base of a cycle before), of demand where there was one, of all
    demand, and of absolute errors over their expected size."""
    counts: NDArray[np.int32] | Floats64
    """(2, n, T+1) running counts of intervals with an expectation, and of all observed ones. Where values have weights,
    these are summed instead, and `sums` are weighted by them."""


def choose_power(panel: Panel, *, until: int) -> float:
    """Power of the base with which noise grows: COUNT_POWER where all demand before `until` is in whole numbers."""
    seen = panel.y[:, :until][panel.observed[:, :until]]
    return COUNT_POWER if (seen == np.round(seen)).all() else AMOUNT_POWER


def prepare_history(panel: Panel, rows: slice, *, power: float, since: int = 0) -> PreparedHistory:
    """Prepare the series in `rows`.

    power: of the base, with which their noise grows. since: the first column that will be forecast from; it saves work
    and changes no feature.
    """
    grid, days = slot_grid(panel), index_days(panel)
    known = np.where(panel.observed[rows], panel.y[rows], NAN)
    weight = None if panel.weight is None else np.where(panel.observed[rows], panel.weight[rows], NAN)
    cycles = int(grid.cycle[-1]) + 1
    cube = to_cube(known, grid, cycles=cycles)
    weights = None if weight is None else to_cube(weight, grid, cycles=cycles)
    base = weighted_mean(cube, weights, last=BASE)
    cycle, day = max(int(grid.cycle[since]) - 1, 0), max(int(days.day[since]) - 1, 0)
    slots = {
        last: Means(weighted_mean(cube, weights, last=last, since=cycle), cycle) for last in SLOT_MEANS if last != BASE
    }
    by_day = _by_day(known, days)
    weights_by_day = None if weight is None else _by_day(weight, days)
    expected, size = expect(known, base, grid, power=power)
    seen, both = np.isfinite(known), np.isfinite(known) & np.isfinite(expected)
    error = np.divide(np.abs(known - expected), size, out=np.zeros_like(size), where=both & (size > 0))
    kinds = [np.where(both, expected, 0), np.where(both, known, 0), np.where(seen, known, 0), error]
    counted: NDArray[np.generic] = np.stack([both, seen])
    if weight is not None:
        share = np.where(seen, weight, 0)
        kinds, counted = [kind * share for kind in kinds], counted * share
    return PreparedHistory(
        panel=panel,
        grid=grid,
        days=days,
        first=rows.indices(panel.n_series)[0],
        power=power,
        slots=slots | {BASE: Means(base, 0)},
        clocks={last: Means(weighted_mean(by_day, weights_by_day, last=last, since=day), day) for last in CLOCK_MEANS},
        cube=cube,
        sums=np.stack([_running(kind, np.float64) for kind in kinds]),
        counts=np.stack([_running(count, np.int32 if weight is None else np.float64) for count in counted]),
    )


def expect(known: Floats32, base: Floats32, grid: SlotGrid, *, power: float) -> tuple[Floats, Floats]:
    """(n, T) expectation of each column, the base of a cycle before, and what its errors grow with; NaN without a base.

    known: (n, T) demand, NaN where unobserved; base: (n, K, S) means of the newest values of a slot.
    """
    columns = known.shape[1]
    before, seen = grid.cycle[:columns] - 1, np.isfinite(known)
    expected = np.where(before >= 0, base[:, before, grid.slot[:columns]], NAN)
    mean = np.cumsum(np.where(seen, known, 0), axis=1) / np.maximum(np.cumsum(seen, axis=1), 1)
    return expected, (np.maximum(expected, 0) + LEVEL_SHARE * mean) ** power


def _by_day(values: Floats32, days: Days) -> Floats32:
    """(n, T) values as (n, D, U) by day and time of day, NaN where there is none."""
    columns = values.shape[1]
    table = np.full((len(values), *days.column.shape), NAN, dtype=np.float32)
    table[:, days.day[:columns], days.clock[:columns]] = values
    return table


def _running(values: NDArray[np.generic], kind: type) -> NDArray[np.generic]:
    total = np.zeros((values.shape[0], values.shape[1] + 1), dtype=kind)
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total
