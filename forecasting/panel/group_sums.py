"""Groups of a hierarchy as series: the sum of a group's members wherever most of its volume was observed.

A member without measurements is no dip of its group. Its usual volume in the interval, its weekly profile at the level
of the weeks around, gives the observed share of the group, by which the sum is scaled up.

Groups know no campaigns, closures or holidays of their members: what was measured under one counts as not measured, so
that a group's history, and with it its forecast, is what it is without events.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.numerics import Floats32, Mask
from forecasting.panel.calendar.runs import Grid
from forecasting.panel.cleaning.breaks import Fault
from forecasting.panel.cleaning.levels import cycle_levels, find_level_start
from forecasting.panel.grid import Panel, eventless
from forecasting.panel.hierarchy import Hierarchy

Sums = NDArray[np.float64]

LEAST_SEEN = 0.8
"""Share of a group's usual volume that must be observed for it to have a value."""
TRACE = 1e-9
"""Added to every usual value, so that members of a group without any volume count equally."""
_CELLS = 1_000_000
"""Values of members that are processed together, which bounds memory."""


def sum_panel(panel: Panel, hierarchy: Hierarchy) -> Panel:
    """A panel of the groups of a hierarchy on the same columns, named "level:key", in the order of the groups.

    y is the sum over open members. A member counts as 0 before its first value, and after its last one where that lies
    a season or more back. Missing members are filled by their usual share if at least `LEAST_SEEN` of the usual volume
    of the group's open members is observed; otherwise the group is unobserved. A group is open where any member usually
    is. Attributes are unknown. Valid only for streams whose values add over series, not for weighted means or maxima.
    """
    totals = _Totals.of(len(hierarchy.keys), len(panel.ts), panel.n_history)
    grid = Grid(panel.slot[: panel.n_history], panel.cycle[: panel.n_history], panel.season)
    rows = max(_CELLS // max(len(panel.ts), 1), 1)
    for first in range(0, panel.n_series, rows):
        _add_members(totals, panel, hierarchy, grid, slice(first, first + rows))
    known = (totals.count > 0) & (totals.seen >= LEAST_SEEN * totals.usual[:, : panel.n_history])
    filled = totals.y * totals.usual[:, : panel.n_history] / np.where(known, totals.seen, 1.0)
    y = np.where(known, filled, np.nan).astype(np.float32)
    ids = np.array([f"{level}:{key}" for level, key in zip(hierarchy.names, hierarchy.keys, strict=True)], dtype=str)
    return replace(
        panel,
        series_ids=ids,
        attributes=pd.DataFrame("", index=pd.Index(ids, dtype=object), columns=panel.attributes.columns, dtype=object),
        y=y,
        observed=known,
        open=totals.open > 0,
        campaign=np.zeros(totals.open.shape, dtype=bool),
        fault=np.full(y.shape, Fault.NONE, dtype=np.uint8),
        level_start=find_level_start(y, grid, panel.ts[: panel.n_history]),
        weight=None,
        level_factor=None,
        surges=(),
        event=None,
        usual_open=None,
        event_covariates=None,
        event_row=None,
        event_calendar=None,
    )


@dataclass(frozen=True)
class _Totals:
    """Sums over the members of each group, filled chunk by chunk."""

    y: Sums
    """(G, T) of observed values."""
    count: Sums
    """(G, T) number of members observed."""
    seen: Sums
    """(G, T) usual volume of those."""
    usual: Sums
    """(G, T+H) usual volume of all open members between their first and last values."""
    open: Sums
    """(G, T+H) number of open members."""

    @staticmethod
    def of(groups: int, columns: int, history: int) -> "_Totals":
        past, every = (groups, history), (groups, columns)
        return _Totals(*(np.zeros(shape) for shape in (past, past, past, every, every)))


def _add_members(totals: _Totals, panel: Panel, hierarchy: Hierarchy, grid: Grid, rows: slice) -> None:
    summing = hierarchy.summing[:, rows].astype(np.float64)
    history, is_open = panel.n_history, panel.open[rows] if panel.usual_open is None else panel.usual_open[rows]
    alive = _alive(panel.observed[rows], len(panel.ts), panel.season)
    observed = eventless(panel)[rows]
    y = np.where(observed, panel.y[rows], np.float32(0))
    usual = np.where(is_open & alive, usual_volume(panel.y[rows], observed, panel, grid) + TRACE, 0.0)
    seen = np.where(observed, usual[:, :history], 0.0)
    totals.y[:] += summing @ y.astype(np.float64)
    totals.count[:] += summing @ observed.astype(np.float64)
    totals.seen[:] += summing @ seen
    totals.usual[:] += summing @ usual
    totals.open[:] += summing @ is_open.astype(np.float64)


def usual_volume(y: Floats32, observed: Mask, panel: Panel, grid: Grid) -> Sums:
    """(n, T+H) usual volume of some series: their profile at the level of the cycle, interpolated where unknown.

    y, observed: (n, T) of these series; panel: whose columns they have; grid: of its history.
    """
    level, profile = cycle_levels(np.where(observed, y, np.nan), grid)
    cycles = np.arange(int(panel.cycle[-1]) + 1)
    height = np.ones((len(level), len(cycles)))
    for row, own in enumerate(level):
        known = np.flatnonzero(np.isfinite(own))
        if len(known):
            height[row] = np.exp(np.interp(cycles, known, own[known]))
    usual: Sums = np.maximum(profile, 0.0)[:, panel.slot] * height[:, panel.cycle]
    return usual


def _alive(observed: NDArray[np.bool_], columns: int, season: int) -> NDArray[np.bool_]:
    """(n, columns) from a member's first value on, and to its last one where that lies a season or more back."""
    history, place = observed.shape[1], np.arange(columns)
    first = np.where(observed.any(axis=1), np.argmax(observed, axis=1), columns)
    last = history - 1 - np.argmax(observed[:, ::-1], axis=1)
    end = np.where(last + season < history, last, columns)
    return (place >= first[:, None]) & (place <= end[:, None])
