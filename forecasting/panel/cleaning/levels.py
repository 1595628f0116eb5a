"""Level shifts: where a series stepped to the level that it has kept until the origin."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import MAD_TO_DEVIATION, Mask
from forecasting.panel.calendar.runs import Grid, Values

_WINDOW = 8
"""Cycles on either side whose medians are compared: enough for a median, too few for growth to matter."""
_EDGE = 3
"""Cycles next to the step whose medians must show it too; one of them may hold the step itself."""
_BEFORE, _AFTER = 4, 2
"""Known cycles needed on either side: four to estimate the series' drift, two to see that the new level lasts."""
_SMALLEST = float(np.log(1.5))
"""Smallest shift, in logarithms; forecasts that adapt within weeks follow smaller ones by themselves."""
_NOISE = 5.0
"""Smallest shift in robust standard deviations of a cycle's level: 5 exclude chance at the many places searched."""
_STEEP = 0.7
"""Share of the shift that must happen at the step itself; of steady growth over two windows, 3/8 do."""
_KEPT = 0.5
"""Share of the shift above which all later cycles but a few must stay for it to have lasted."""
_FEW = 0.1
"""Share of cycles that may be exceptions, such as holiday weeks; one is always allowed."""
_DRIFT = 4.0
"""Smallest shift in robust standard deviations of earlier differences between windows: a level that always drifts has
not shifted when it drifts again. Noise is tested too, so four are enough."""
_YEAR = np.timedelta64(364, "D")
"""Distance of the same weeks a year ago, by which yearly seasons are distinguished from shifts."""
_FILLED = 0.5
"""Share of the usual volume of a cycle whose slots must be observed for it to have a level."""


def find_level_start(y: Values, grid: Grid, ts: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """(N,) first column of each series' present level, 0 where it never shifted.

    y: (N, T), NaN where unknown or faulty; ts: (T,) UTC starts. A shift is a step of the seasonally adjusted level that
    is large compared with noise and drift, happens at once, has lasted until the last cycle and has no equal one a year
    before.
    """
    level, profile = cycle_levels(y, grid)
    n_cycles = grid.n_cycles
    start = np.zeros(len(y), np.int64)
    if n_cycles < _BEFORE + _AFTER:
        return start
    padded = np.pad(level, ((0, 0), (_WINDOW, _WINDOW)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW, axis=1)
    left, right = windows[:, :n_cycles], windows[:, _WINDOW : _WINDOW + n_cycles]
    (before, n_before), (after, n_after) = medians(left), medians(right)
    size = after - before
    residuals = np.concatenate([left - before[..., None], right - after[..., None]], axis=2)
    at_once = medians(right[..., :_EDGE])[0] - medians(left[..., -_EDGE:])[0]
    shifted = (n_before >= _BEFORE) & (n_after >= _AFTER) & (at_once * np.sign(size) >= _STEEP * np.abs(size))
    shifted &= np.abs(size) >= np.maximum(_SMALLEST, _NOISE * _noise(level, residuals))
    shifted &= ~_seen_a_year_ago(at_once, size, ts, grid)
    for row in np.flatnonzero(shifted.any(axis=1)):
        places = np.flatnonzero(shifted[row])
        kept = places[[_is_new(level[row], before[row], size[row], at) for at in places]]
        if len(kept):
            at = _last_step(kept, size[row])
            middle = profile[row] * np.exp((before[row, at] + after[row, at]) / 2)
            start[row] = _step_column(y[row], middle, grid, at, np.sign(size[row, at]))
    return np.where(y.shape[1] - start >= _AFTER * grid.season, start, 0)


def cycle_levels(y: Values, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, cycles) level of each cycle, and (N, season) the mean profile that it is relative to.

    The level is the logarithm of a cycle's volume over the profile's volume in the observed slots; NaN where these are
    too few.
    """
    known = np.isfinite(y)
    values, there = grid.table(np.where(known, y, np.float32(0))), grid.table(known)
    total = values.sum(axis=1, dtype=np.float64)
    profile = total / np.maximum(there.sum(axis=1), 1)
    volume = values.sum(axis=2, dtype=np.float64)
    expected = np.einsum("ncs,ns->nc", there, profile)
    usual = profile.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(volume / expected)
    filled = (expected >= _FILLED * usual) & (usual > 0) & (volume > 0)
    return np.where(filled, level, np.nan), profile


def medians(windows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Median of the finite values over the last axis, NaN where there are none, and their number."""
    ordered = np.sort(windows, axis=-1)
    count = np.isfinite(ordered).sum(axis=-1)
    low, high = (
        np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
        for place in ((count - 1).clip(0) // 2, count // 2)
    )
    return (low + high) / 2, count


def _noise(level: Values, residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, cycles) robust standard deviation of a cycle's level around the medians of its windows.

    Because windows hold few values, it is at least that of the steps between cycles over the whole history, and it is
    widened the more the fewer cycles are known.
    """
    around = medians(np.abs(residuals))[0]
    steps = medians(np.abs(np.diff(level, axis=1)))[0][:, None] / np.sqrt(2)
    unsure = 1 + _WINDOW / 2 / np.isfinite(level).sum(axis=1, keepdims=True).clip(1)
    noise: NDArray[np.float64] = MAD_TO_DEVIATION * np.fmax(around, steps) * unsure
    return noise


def _seen_a_year_ago(at_once: Values, size: Values, ts: NDArray[np.datetime64], grid: Grid) -> Mask:
    """(N, cycles) whether the level made a step of like size a year before, give or take a cycle.

    Steps are compared at once, not over whole windows, which may be longer than the season that began or ended.
    """
    first = np.searchsorted(grid.cycle, np.arange(grid.n_cycles))
    lengths = np.diff(ts[first])
    lag = round(_YEAR / np.median(lengths[1:])) if len(lengths) > 1 else grid.n_cycles
    seen = np.zeros(size.shape, bool)
    for shift in (lag - 1, lag, lag + 1):
        if 0 < shift < grid.n_cycles:
            then, now = at_once[:, :-shift], size[:, shift:]
            seen[:, shift:] |= then * np.sign(now) >= _KEPT * np.abs(now)
    return seen


def _is_new(level: Values, before: Values, size: Values, at: np.intp) -> bool:
    """Whether the step at a cycle led to a level that has lasted, is new and is larger than the series' usual drift.

    level, before, size: (cycles,). All but a few of the cycles since, and the last two of them, must be nearer to the
    new level than to the old, and all but a few of the cycles before must not be.
    """
    moved = (level - before[at]) * np.sign(size[at]) >= _KEPT * abs(size[at])
    known = np.isfinite(level)
    since, until = moved[at:][known[at:]], moved[:at][known[:at]]
    earlier = size[: max(at - _WINDOW, 0)]
    earlier = earlier[np.isfinite(earlier)]
    drift = MAD_TO_DEVIATION * np.median(np.abs(earlier - np.median(earlier))) if len(earlier) >= _WINDOW else 0.0
    lasted = since[-_AFTER:].all() and _few(~since)
    return bool(lasted and _few(until) and abs(size[at]) >= _DRIFT * drift)


def _few(cycles: Mask) -> bool:
    """Whether only some cycles are marked: one, or a tenth."""
    return int(cycles.sum()) <= max(1, _FEW * len(cycles))


def _last_step(candidates: NDArray[np.intp], size: NDArray[np.float64]) -> int:
    """The largest step among the last candidates, those that lie next to each other."""
    apart = np.flatnonzero(np.diff(candidates) > _EDGE)
    last = candidates[apart[-1] + 1 if len(apart) else 0 :]
    return int(last[np.argmax(np.abs(size[last]))])


def _step_column(y: Values, middle: NDArray[np.float64], grid: Grid, at: int, sign: float) -> int:
    """The column near cycle `at` from which on demand lies on the other side of the middle between both levels."""
    first, end = np.searchsorted(grid.cycle, [at - _AFTER, at + _AFTER])
    excess = np.nan_to_num(y[first:end] - middle[grid.slot[first:end]]) * sign
    return int(first + np.argmin(np.concatenate([[0.0], np.cumsum(excess)])))
