"""What is usual at a time of week: its newest value, the mean of its last four, and the weeks before."""

from dataclasses import dataclass

import numpy as np

from forecasting.models.features.history import COUNT_POWER
from forecasting.models.features.rows import Rows, by_chunk, row_features
from forecasting.models.features.slots import slot_grid
from forecasting.numerics import Floats64, Ints
from forecasting.panel.grid import Panel

WEEKS = 8
"""Values of a time of week that are shown."""


@dataclass(frozen=True)
class UsualValues:
    """Of C columns of one series."""

    measured: Floats64
    """(C,) newest value of the slot as it was measured; `mean` where it is not known."""
    newest: Floats64
    """(C,) the same at the present level."""
    mean: Floats64
    """(C,) mean of the last four known values of the slot, else the level; 0 where nothing is known."""


def read_usual(panel: Panel, restated: Panel, columns: Ints) -> UsualValues:
    """Of a panel of one series, and of the same panel at its present level. columns: (C,) behind the origin."""
    rows = Rows(np.zeros(len(columns), np.int64), np.full(len(columns), panel.n_history), np.asarray(columns))
    ((history, part, _),) = by_chunk(restated, rows, power=COUNT_POWER)
    mean = np.nan_to_num(row_features(history, part).base.astype(np.float64))
    place = past_columns(panel, columns)[:, 0]
    known = (place >= 0) & panel.observed[0][np.maximum(place, 0)]
    measured, newest = (
        np.where(known, of.y[0][np.maximum(place, 0)].astype(np.float64), mean) for of in (panel, restated)
    )
    return UsualValues(measured, newest, mean)


def past_columns(panel: Panel, columns: Ints, *, weeks: int = WEEKS) -> Ints:
    """(C, weeks) columns of the same slot in the seasons before, the newest known season first; -1 where there is none.

    Columns are those of one panel, whose slots repeat every season (a week, or an interval longer than a day).
    """
    grid = slot_grid(panel)
    found = np.full((len(columns), weeks), -1, np.int64)
    for number, column in enumerate(columns):
        before = grid.column[: grid.cycle[column], grid.slot[column]][::-1]
        before = before[before < panel.n_history][:weeks]
        found[number, : len(before)] = before
    return found
