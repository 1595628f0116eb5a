"""Columns of a panel by local day and time of day."""

from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Ints
from forecasting.panel.grid import Panel

LEADS = (1, 3, 7, 14)
"""Days ahead at which the next cell of weights and of calibration begins."""


@dataclass(frozen=True)
class Days:
    """Where the columns of a panel lie: D local days that have columns, U times of day that occur."""

    day: Ints
    """(T+H,) number of the day, from 0."""
    clock: Ints
    """(T+H,) number of the time of day, from 0."""
    first: Ints
    """(D+1,) first column of each day, and the column behind the last."""
    column: Ints
    """(D, U) column of a day's time, -1 where there is none."""


def index_days(panel: Panel) -> Days:
    """Days and times of day of a panel's columns, by the local clock."""
    date = panel.wall.astype("datetime64[D]")
    _, day = np.unique(date, return_inverse=True)
    times, clock = np.unique(panel.wall - date, return_inverse=True)
    column = np.full((int(day[-1]) + 1, len(times)), -1, dtype=np.int64)
    column[day, clock] = np.arange(len(day))
    return Days(day, clock, np.searchsorted(day, np.arange(day[-1] + 2)), column)


def lead_cells(panel: Panel, *, at: int, length: int) -> Ints:
    """(length,) cell of days ahead of each column from `at` on, 0..len(LEADS)."""
    day = index_days(panel).day
    cells: Ints = np.searchsorted(LEADS, day[at : at + length] - day[at], side="right")
    return cells
