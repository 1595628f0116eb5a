"""A chart of letters: history, the forecast's median and its 80% interval, in as many columns as a terminal has."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HEIGHT = 12
_HISTORY, _MEDIAN, _BAND = "•", "━", "░"

Values = NDArray[np.float64]


def draw_chart(history: Values, low: Values, median: Values, high: Values, *, width: int) -> list[str]:
    """Lines of a chart; columns are means of equally many intervals.

    history: (T,) measured; low, median, high: (H,) quantiles of what follows; NaN where unknown or closed. width:
    columns of the whole chart, the axis included.
    """
    labels = max(len(_label(one)) for one in _edges(history, high)) + 2
    columns = max(width - labels, 10)
    step = max(-(-(len(history) + len(median)) // columns), 1)
    past = _thinned(history, step, from_end=True)
    ahead = [_thinned(values, step) for values in (low, median, high)]
    bottom, top = _edges(history, high)
    grid = [[" "] * (len(past) + len(ahead[0])) for _ in range(HEIGHT)]

    def row(value: float) -> int:
        return HEIGHT - 1 - round((min(max(value, bottom), top) - bottom) / (top - bottom) * (HEIGHT - 1))

    for column, value in enumerate(past):
        if np.isfinite(value):
            grid[row(value)][column] = _HISTORY
    for column, (least, middle, most) in enumerate(zip(*ahead, strict=True), start=len(past)):
        if np.isfinite(middle):
            for place in range(row(most), row(least) + 1):
                grid[place][column] = _BAND
            grid[row(middle)][column] = _MEDIAN
    return _with_axis(grid, bottom, top, labels)


def _with_axis(grid: Sequence[Sequence[str]], bottom: float, top: float, labels: int) -> list[str]:
    shown = {0: _label(top), HEIGHT - 1: _label(bottom)}
    return [f"{shown.get(number, ''):>{labels - 2}} │{''.join(row)}".rstrip() for number, row in enumerate(grid)]


def _edges(history: Values, high: Values) -> tuple[float, float]:
    """Least and greatest value that the chart shows; the axis begins at 0 unless values lie far above it."""
    known = np.concatenate([history[np.isfinite(history)], high[np.isfinite(high)]])
    if not len(known):
        return 0.0, 1.0
    least, most = float(known.min()), float(known.max())
    bottom = least if least > most / 2 else min(least, 0.0)
    return bottom, most if most > bottom else bottom + 1.0


def _label(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def _thinned(values: Values, step: int, *, from_end: bool = False) -> Values:
    """Means of `step` values each, NaN where all are unknown."""
    lacking = -len(values) % step
    padding = np.full(lacking, np.nan)
    padded = np.concatenate([padding, values] if from_end else [values, padding]).reshape(-1, step)
    known = np.isfinite(padded)
    count = known.sum(axis=1)
    sums: Values = np.where(known, padded, 0.0).sum(axis=1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)
