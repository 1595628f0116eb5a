"""Scales and paths of drawings: values to places, round ticks, lines that break where nothing is open."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats, Ints, in_full
from forecasting.reports.formats import Kind, write

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


@dataclass(frozen=True)
class Scale:
    """A linear scale from values to places."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return self.start
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def many(self, values: Floats) -> Floats:
        """Places of an array of values."""
        span = self.high - self.low or 1.0
        placed: Floats = self.start + (values - self.low) / span * (self.end - self.start)
        return placed


@dataclass(frozen=True)
class Tick:
    """A place on an axis and its label."""

    at: float
    label: str


def round_ticks(low: float, high: float, *, most: int = 4) -> list[float]:
    """At most `most` + 1 round values from `low` on that reach `high`; one where the two are equal.

    low, high: finite. The last is the first round value that is not below `high`.
    """
    if not high > low:
        return [low]
    rough = (high - low) / most
    size = 10.0 ** np.floor(np.log10(rough))
    step = size * next(factor for factor in _STEPS if factor * size >= rough * (1 - 1e-9))
    first = np.floor(low / step)
    count = int(np.ceil(high / step - 1e-9) - first)
    return [float(round((first + number) * step, 10)) for number in range(count + 1)]


def value_axis(
    values: Sequence[Floats], *, start: float, end: float, from_zero: bool = True
) -> tuple[Scale, list[Tick]]:
    """Scale and ticks that hold all finite values; of nothing but zeros from 0 to 1."""
    held = np.concatenate([np.asarray(one, np.float64).ravel() for one in values]) if values else np.zeros(0)
    held = held[np.isfinite(held)]
    low, high = (float(held.min()), float(held.max())) if len(held) else (0.0, 0.0)
    if from_zero:
        low = min(low, 0.0)
    if high <= low:
        high = low + 1.0
    ticks = round_ticks(low, high)
    scale = Scale(ticks[0], ticks[-1], start, end)
    places = [Tick(round(scale(one), 1), axis_label(one, largest=max(map(abs, ticks)))) for one in ticks]
    return scale, places


def axis_label(value: float, *, largest: float = 0.0) -> str:
    """A round value on an axis, in millions or billions where the largest of the axis is that large."""
    for size, name in _LARGE:
        if largest >= size:
            return "0" if value == 0 else f"{_plain(value / size)}{name}"
    return write(value, Kind.COUNT) if value == int(value) else _plain(value)


def _plain(value: float) -> str:
    return in_full(value).replace("-", "−")


def runs(x: Floats, *values: Floats, step: float) -> list[Ints]:
    """Index ranges without a gap: neither a missing value nor a distance over one and a half `step` inside.

    x: (R,), ascending.
    """
    if not len(x):
        return []
    known = np.asarray(np.isfinite(np.vstack(values)).all(axis=0), bool)
    breaks = np.concatenate([[True], (np.diff(x) > 1.5 * step) | ~known[1:] | ~known[:-1]])
    number = np.cumsum(breaks)
    return [np.flatnonzero((number == one) & known) for one in np.unique(number[known])]


def line_path(x: Floats, y: Floats, pieces: Sequence[Ints]) -> str:
    """A path through places; a piece of one place is a short stroke."""
    parts = []
    for piece in pieces:
        if len(piece) == 1:
            parts.append(f"M{x[piece[0]] - 1:.1f},{y[piece[0]]:.1f}h2")
        else:
            parts.append("M" + "L".join(f"{x[one]:.1f},{y[one]:.1f}" for one in piece))
    return "".join(parts)


def band_path(x: Floats, low: Floats, high: Floats, pieces: Sequence[Ints]) -> str:
    """A closed path between two lines."""
    parts = []
    for piece in pieces:
        xs, lows, highs = x[piece], low[piece], high[piece]
        if len(piece) == 1:
            xs, lows, highs = np.array([xs[0] - 1, xs[0] + 1]), np.repeat(lows, 2), np.repeat(highs, 2)
        forth = "L".join(f"{a:.1f},{b:.1f}" for a, b in zip(xs, highs, strict=True))
        back = "L".join(f"{a:.1f},{b:.1f}" for a, b in zip(xs[::-1], lows[::-1], strict=True))
        parts.append(f"M{forth}L{back}Z")
    return "".join(parts)
