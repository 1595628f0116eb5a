"""Cold start: a series that is too young takes the weekly shape of its peers, at its own level."""

from dataclasses import dataclass

import numpy as np

from forecasting.models.features.slots import NAN, recent_mean, slot_grid
from forecasting.models.seasonal.member import CHUNK, known_cube, last_four
from forecasting.numerics import Floats32, Ints, Mask
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES

RECENT_SEASONS = 4
"""Newest seasons over which levels are averaged."""


@dataclass(frozen=True)
class Donors:
    """D series whose shapes are used, relative to their level."""

    rows: Ints
    """(D,)"""
    level: Floats32
    """(D,) recent mean."""
    week: Floats32
    """(D, S) mean of the last four values of each slot."""
    forecast: Floats32
    """(D, length, 7)"""


def cold_start(panel: Panel, *, at: int, length: int, rows: Mask | None = None) -> Floats32:
    """Quantiles (N, length, 7) for the columns [at, at + length), from columns before `at` only.

    The shape is the mean over the peers: of the series that `last_four` forecasts, those that share most attribute
    values. The level makes that shape fit what was seen of the series; for a series never seen it is distributed as the
    levels of the peers. Finite for every series as soon as any has been observed. rows: (N,) mask of the series to
    forecast, all unless given; others are NaN.
    """
    wanted = np.ones(panel.n_series, dtype=bool) if rows is None else rows
    forecast = np.full((panel.n_series, length, len(QUANTILES)), NAN, dtype=np.float32)
    recent = slice(max(at - RECENT_SEASONS * panel.season, 0), at)
    if not panel.observed[:, recent].any():
        recent = slice(0, at)
    if not wanted.any() or not panel.observed[:, recent].any():
        return forecast
    donors = _find_donors(panel, at=at, length=length, recent=recent)
    codes, slot = _codes(panel), panel.slot[recent]
    peers, member = np.unique(codes, axis=0, return_inverse=True)
    for group in np.unique(member.ravel()[wanted]):
        chosen = np.flatnonzero(wanted & (member.ravel() == group))
        shared = ((codes[donors.rows] == peers[group]) & (peers[group] >= 0)).sum(axis=1)
        near = shared == shared.max()
        week, shape = donors.week[near].mean(axis=0), donors.forecast[near].mean(axis=0)
        seen = panel.observed[chosen, recent]
        total = np.where(seen, panel.y[chosen, recent], 0.0).sum(axis=1)
        expected = seen @ week[slot]
        typical = np.quantile(donors.level[near], QUANTILES)
        level = np.where(expected > 0, total / np.where(expected > 0, expected, 1.0), np.nan)[:, None]
        forecast[chosen] = np.where(np.isfinite(level), level, typical)[:, None] * shape
    return forecast


def _find_donors(panel: Panel, *, at: int, length: int, recent: slice) -> Donors:
    seen = panel.observed[:, recent]
    total = np.where(seen, panel.y[:, recent], 0.0).sum(axis=1)
    count = seen.sum(axis=1)
    level = (total / np.maximum(count, 1)).astype(np.float32)
    shapes = last_four(panel, at=at, length=length)
    rows = np.flatnonzero(np.isfinite(shapes).all(axis=(1, 2)) & (level > 0))
    if len(rows):
        scale = level[rows, None]
        return Donors(rows, level[rows], _last_weeks(panel, at=at)[rows] / scale, shapes[rows] / scale[..., None])
    # no series has a weekly shape yet: a flat one, with the spread of all that was seen
    rows = np.flatnonzero(count)
    relative = (panel.y[rows, recent] / np.where(level > 0, level, 1.0)[rows, None])[seen[rows]]
    flat = np.quantile(relative, QUANTILES).astype(np.float32)
    shape = np.broadcast_to(flat, (len(rows), length, len(QUANTILES)))
    return Donors(rows, level[rows], np.ones((len(rows), panel.season), dtype=np.float32), shape)


def _last_weeks(panel: Panel, *, at: int) -> Floats32:
    """Mean of the last four values of each slot (N, S); a series' mean where a slot has none."""
    grid = slot_grid(panel)
    weeks = np.full((panel.n_series, panel.season), NAN, dtype=np.float32)
    for start in range(0, panel.n_series, CHUNK):
        rows = slice(start, start + CHUNK)
        weeks[rows] = recent_mean(known_cube(panel, grid, rows=rows, at=at), last=4)[:, -1]
    known = np.isfinite(weeks)
    mean = np.where(known, weeks, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    filled: Floats32 = np.where(known, weeks, mean[:, None].astype(np.float32))
    return filled


def _codes(panel: Panel) -> Ints:
    """Attribute values (N, A) as numbers, -1 where unknown; one column of unknowns where there are no attributes."""
    codes = np.full((panel.n_series, max(panel.attributes.shape[1], 1)), -1, dtype=np.int64)
    for column, name in enumerate(panel.attributes.columns):
        values, code = np.unique(panel.attributes[name].to_numpy(dtype=str), return_inverse=True)
        codes[:, column] = np.where(values[code] == "", -1, code)
    return codes
