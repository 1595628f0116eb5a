"""Windows of consecutive columns as the networks read them.

A window is a (series, origin, first) triple: the columns [first, first + AHEAD) of a series, forecast from an origin
column. A network reads the relative inputs of each of them (see `models/pretrained/inputs.py`), and TFT those of the
CONTEXT columns before the origin with what came of them. Everything is in units of the series' own noise, so that one
set of weights fits any unit, interval and opening hours, and depends on columns before the origin and the calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from forecasting.models.features.days import index_days
from forecasting.models.features.rows import Rows, over_mean, row_weights
from forecasting.models.pretrained.inputs import WIDTH, read_rows
from forecasting.models.profile import has_passed
from forecasting.numerics import Floats32, Ints, Mask
from forecasting.panel.grid import Panel

AHEAD, CONTEXT = 24, 24
"""Columns that are forecast at once, and columns before the origin that are read with them."""
FAR = 30.0
"""Multiples of the noise at which errors are cut off."""


@dataclass(frozen=True)
class Windows:
    """B windows, in the order of their series."""

    series: Ints
    origin: Ints
    first: Ints

    def __len__(self) -> int:
        return len(self.series)

    def only(self, which: Mask | Ints | slice) -> "Windows":
        return Windows(self.series[which], self.origin[which], self.first[which])


@dataclass(frozen=True)
class WindowInputs:
    """What networks read of B windows, and what is needed to turn their answers into demand."""

    known: Floats32
    """(B, AHEAD, WIDTH) of the columns to forecast; of those behind the panel's end, what its last one has."""
    before: Floats32
    """(B, CONTEXT, WIDTH) of the columns before the origin; of those before the panel, what its first one has. None of
    them, (B, 0, WIDTH), where the network does not read them."""
    errors: Floats32
    """(B, CONTEXT) what came of these, less the base, in units of the noise; 0 where unknown."""
    base: Floats32
    """(B, AHEAD)"""
    noise: Floats32
    """(B, AHEAD)"""
    passed: Mask
    """(B, AHEAD) whether the slot of a column has been seen before."""

    def only(self, which: Ints | slice) -> "WindowInputs":
        return WindowInputs(*(getattr(self, field.name)[which] for field in fields(self)))


def join_inputs(parts: Sequence[WindowInputs]) -> WindowInputs:
    """Those of several together."""
    return WindowInputs(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(WindowInputs))
    )


def horizon_windows(panel: Panel, *, origin_columns: tuple[int, ...], length: int) -> Windows:
    """Windows that cover the columns [at, at + length) of each series, ordered by series, then origin, then column.

    The last window of a horizon ends where the horizon does, so that it may overlap the one before.
    """
    first = np.minimum(np.arange(0, length, AHEAD), max(length - AHEAD, 0))
    series, place, step = (
        index.ravel() for index in np.indices((panel.n_series, len(origin_columns), len(first)), dtype=np.int64)
    )
    at = np.asarray(origin_columns, dtype=np.int64)[place]
    return Windows(series, at, at + first[step])


def draw_windows(panel: Panel, *, since: int, until: int, most: int, rng: np.random.Generator) -> Windows:
    """At most `most` windows with columns before `until`, forecast from starts of days at or after `since`.

    About as many of each series, or one of some series where there are more; they begin anywhere in the horizon.
    Origins begin a season after the first column, before which there are no inputs. A horizon of less than AHEAD
    columns is a window whose last columns are not scored.
    """
    starts = index_days(panel).first
    starts = starts[(starts >= max(since, panel.season)) & (starts < until)]
    if panel.n_series > most:
        series = np.sort(rng.choice(panel.n_series, most, replace=False))
    else:
        series = np.repeat(np.arange(panel.n_series), most // panel.n_series)
    if not len(starts):
        return Windows(*(np.empty(0, dtype=np.int64) for _ in range(3)))
    at = rng.choice(starts, len(series))
    furthest = np.minimum(max(panel.max_horizon - AHEAD, 0), np.maximum(until - AHEAD - at, 0))
    first = at + rng.integers(0, furthest + 1)
    seen = np.concatenate([np.zeros((panel.n_series, 1), np.int64), np.cumsum(panel.observed, axis=1)], axis=1)
    last = np.minimum(np.minimum(first + AHEAD, until), at + panel.max_horizon)
    return Windows(series, at, first).only(seen[series, last] > seen[series, first])


def read_windows(panel: Panel, windows: Windows, *, power: float, context: bool = True) -> WindowInputs:
    """Inputs of windows. power: of the base, with which noise grows; context: whether what lies before is read too."""
    last = len(panel.ts) - 1
    columns = np.minimum(windows.first[:, None] + np.arange(AHEAD), last)
    known, base, noise, passed = _read(panel, windows, columns, power=power)
    if not context:
        nothing = np.zeros((len(windows), 0), dtype=np.float32)
        return WindowInputs(known, np.zeros((len(windows), 0, WIDTH), dtype=np.float32), nothing, base, noise, passed)
    # several windows of a horizon have one context
    _, one, place = np.unique(
        windows.series * np.int64(last + 2) + windows.origin, return_index=True, return_inverse=True
    )
    pairs = windows.only(one)
    earlier = pairs.origin[:, None] + np.arange(-CONTEXT, 0)
    inside = np.maximum(earlier, 0)
    before, expected, size, _ = _read(panel, pairs, inside, power=power)
    at = pairs.series[:, None], inside
    known_error = np.where(panel.observed[at] & (earlier >= 0), (panel.y[at] - expected) / size, 0.0)
    errors = np.nan_to_num(known_error, nan=0.0).clip(-FAR, FAR)
    return WindowInputs(known, before[place], errors[place].astype(np.float32), base, noise, passed)


def _read(panel: Panel, windows: Windows, columns: Ints, *, power: float) -> tuple[Floats32, Floats32, Floats32, Mask]:
    """Inputs (B, C, WIDTH), base, noise and whether the slot has passed, (B, C), of the columns (B, C) of windows."""
    shape, width = columns.shape, columns.shape[1]
    rows = Rows(np.repeat(windows.series, width), np.repeat(windows.origin, width), columns.ravel())
    inputs = np.empty((len(rows), WIDTH), dtype=np.float32)
    base, noise = np.empty(len(rows), dtype=np.float32), np.empty(len(rows), dtype=np.float32)
    passed = np.empty(len(rows), dtype=bool)
    for chunk in read_rows(panel, rows, power=power):
        inputs[chunk.part] = np.nan_to_num(chunk.inputs, nan=0.0).clip(-FAR, FAR)
        base[chunk.part], noise[chunk.part] = chunk.lagged.base, chunk.lagged.noise
        passed[chunk.part] = has_passed(chunk.lagged)
    return inputs.reshape(*shape, WIDTH), base.reshape(shape), noise.reshape(shape), passed.reshape(shape)


def read_targets(panel: Panel, windows: Windows, inputs: WindowInputs, *, until: int) -> tuple[Floats32, Floats32]:
    """What came of windows, less the base and in units of the noise, and its weight in the loss; both (B, AHEAD).

    The weight is 0 where nothing was observed, from the column `until` on, and beyond the horizon; else it grows with
    the noise, so that the loss is the pinball loss in units of demand, and is 1 in the mean over each series.
    """
    columns = windows.first[:, None] + np.arange(AHEAD)
    inside = np.minimum(columns, panel.n_history - 1)
    scored = (columns < until) & (columns < windows.origin[:, None] + panel.max_horizon)
    scored &= panel.observed[windows.series[:, None], inside] & np.isfinite(inputs.base)
    y = np.where(scored, panel.y[windows.series[:, None], inside], 0.0)
    target = np.where(scored, (y - inputs.base) / inputs.noise, 0.0).clip(-FAR, FAR).astype(np.float32)
    weight, series = np.zeros(columns.shape, dtype=np.float32), np.broadcast_to(windows.series[:, None], columns.shape)
    rows = Rows(series[scored], np.broadcast_to(windows.origin[:, None], columns.shape)[scored], columns[scored])
    if len(rows):
        weight[scored] = over_mean(inputs.noise[scored] * row_weights(panel, rows), rows.series)
    return target, weight
