"""Seasonal members, which need no training: the last value of a slot, and the mean of its last four.

Each returns quantiles (N, length, 7) for the columns [at, at + length) from columns before `at` only. A series is
finite in all columns or, where too little of it was seen, NaN in all.
"""

import numpy as np

from forecasting.models.features.slots import NAN, SlotGrid, recent_mean, slot_grid, to_cube
from forecasting.numerics import Floats32, Ints, Mask
from forecasting.panel.grid import Panel
from forecasting.quantiles import sort_quantiles
from forecasting.terms import QUANTILES

LEVELS = np.asarray(QUANTILES, dtype=np.float32)
CHUNK = 500
"""Series at a time: a chunk's cube stays in the processor's cache."""
MIN_ERRORS = 20
"""A series with fewer errors of its own has the typical errors of the stream."""
MIN_KNOWN = 0.5
"""Share of the open slots of a horizon that must have been seen for a series to be forecast."""
LEVEL_SHARE = 0.2
"""Share of the series' mean level that is added to a slot's level in `_scale`: an empty slot is not certain."""
GUESS = np.array([-0.8, -0.6, -0.35, 0.0, 0.4, 0.8, 1.2], dtype=np.float32)
"""Quantiles of errors, over the square root of the level times the scale, while no series has errors of its own."""


def seasonal_naive(panel: Panel, *, at: int, length: int) -> Floats32:
    """Quantiles from the last observed value of the same slot and the errors of this rule before `at`."""
    return _seasonal(panel, at=at, length=length, last=1)


def last_four(panel: Panel, *, at: int, length: int) -> Floats32:
    """Quantiles from the mean of the last four observed values of a slot (fewer where history is short), likewise."""
    return _seasonal(panel, at=at, length=length, last=4)


def _seasonal(panel: Panel, *, at: int, length: int, last: int) -> Floats32:
    grid = slot_grid(panel)
    future = slice(at, at + length)
    slots, lead = grid.slot[future], _leads(grid, at=at, length=length)
    errors = {int(step): np.full((panel.n_series, len(LEVELS)), NAN, dtype=np.float32) for step in np.unique(lead)}
    point = np.full((panel.n_series, len(slots)), NAN, dtype=np.float32)
    level = np.full((panel.n_series, 1), NAN, dtype=np.float32)
    for start in range(0, panel.n_series, CHUNK):
        rows = slice(start, start + CHUNK)
        cube = known_cube(panel, grid, rows=rows, at=at)
        means = recent_mean(cube, last=last)
        profile = _fill_slots(means[:, -1], slots=slots, open_=panel.open[rows, future])
        point[rows], level[rows] = profile[:, slots], profile.mean(axis=1, keepdims=True)
        for step, quantiles in errors.items():
            quantiles[rows] = _error_quantiles(cube, means, lead=step, level=level[rows])
    spread = np.empty((*point.shape, len(LEVELS)), dtype=np.float32)
    for step, quantiles in errors.items():
        spread[:, lead == step] = _with_typical(quantiles, level)[:, None]
    forecast = point[..., None] + _scale(point, level)[..., None] * spread
    return sort_quantiles(forecast, lower=0.0).astype(np.float32)


def known_cube(panel: Panel, grid: SlotGrid, *, rows: slice, at: int) -> Floats32:
    """Demand observed before `at`, by cycle and slot up to the cycle that `at` lies in."""
    known = np.where(panel.observed[rows, :at], panel.y[rows, :at], NAN)
    return to_cube(known, grid, cycles=int(grid.cycle[at]) + 1)


def _leads(grid: SlotGrid, *, at: int, length: int) -> Ints:
    """Cycles between each column of the horizon and the newest known one of its slot, rounded up to a power of two.

    Rounding bounds the number of error distributions of a horizon that is many seasons long.
    """
    first, slots = grid.cycle[at], grid.slot[at : at + length]
    newest = first - (grid.column[first, slots] >= at)
    lead = np.maximum(grid.cycle[at : at + length] - newest, 1)
    return np.asarray(2 ** np.ceil(np.log2(lead)), dtype=np.int64)


def _scale(point: Floats32, level: Floats32) -> Floats32:
    """Scale of errors: proportional to the square root of the level, as for counts.

    On real contact-centre and traffic data this was better than absolute and than relative errors.
    """
    scale: Floats32 = np.sqrt(point + LEVEL_SHARE * level)
    return scale


def _error_quantiles(cube: Floats32, means: Floats32, *, lead: int, level: Floats32) -> Floats32:
    """Quantiles (n, 7) of the scaled errors of the newest cycles; NaN where there are too few."""
    n, cycles, season = cube.shape
    newest = min(cycles - lead, max(8, 600 // season))
    if newest < 1:
        return np.full((n, len(LEVELS)), NAN, dtype=np.float32)
    truth, forecast = cube[:, cycles - newest :], means[:, cycles - newest - lead : cycles - lead]
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = (truth - forecast) / _scale(forecast, level[..., None])
    return _row_quantiles(np.where(np.isfinite(errors), errors, NAN).reshape(n, -1), least=MIN_ERRORS)


def _row_quantiles(values: Floats32, *, least: int) -> Floats32:
    """(n, 7) quantiles of each row's values that are not NaN; NaN where there are fewer than `least`.

    Positions are level x (count + 1), so that coverage does not fall short where errors are few (Hyndman and Fan 1996,
    Sample quantiles in statistical packages, definition 6).
    """
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(ordered)).sum(axis=1, keepdims=True)
    top = np.maximum(count - 1, 0)
    position = np.clip(LEVELS * (count + 1) - 1, 0, top)
    below = np.floor(position).astype(np.int64)
    low = np.take_along_axis(ordered, below, axis=1)
    high = np.take_along_axis(ordered, np.minimum(below + 1, top), axis=1)
    quantiles = low + (high - low) * (position - below).astype(np.float32)
    return np.where(count >= least, quantiles, NAN)


def _with_typical(quantiles: Floats32, level: Floats32) -> Floats32:
    """Rows without quantiles get the median row of the stream, or GUESS where there is none."""
    own = np.asarray(np.isfinite(quantiles).all(axis=1))
    if own.any():
        return np.where(own[:, None], quantiles, np.median(quantiles[own], axis=0))
    return GUESS * np.sqrt(level)


def _fill_slots(profile: Floats32, *, slots: Ints, open_: Mask) -> Floats32:
    """A profile (n, S) with its holes filled; NaN where too few of the horizon's open slots are known.

    A hole takes the mean of the nearest known slots on both sides, cyclically.
    """
    known: Mask = np.isfinite(profile)
    wanted = open_.sum(axis=1)
    enough = known.any(axis=1) & ((known[:, slots] & open_).sum(axis=1) >= MIN_KNOWN * wanted)
    filled = np.where(enough[:, None], profile, NAN)
    rows = np.flatnonzero(enough & ~known.all(axis=1))
    if len(rows):
        season = profile.shape[1]
        thrice = np.tile(profile[rows], 3)
        place, hole = np.arange(3 * season), np.isnan(thrice)
        left = np.maximum.accumulate(np.where(hole, 0, place), axis=1)
        right = np.minimum.accumulate(np.where(hole, 3 * season - 1, place)[:, ::-1], axis=1)[:, ::-1]
        middle = slice(season, 2 * season)
        sides = [np.take_along_axis(thrice, side[:, middle], axis=1) for side in (left, right)]
        filled[rows] = (sides[0] + sides[1]) / 2
    return filled
