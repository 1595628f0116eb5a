"""A sum drawn step by step: a bar a part, each of which begins where the one before ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.reports.fans import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH
from forecasting.reports.formats import Kind, write
from forecasting.reports.scales import Scale

MOST = 8
"""Bars of a chart; small parts share one."""
_LABELS, _VALUES = 186, 52
"""Width of the labels on the left and of the values on the right."""
_LONGEST = 31
"""Characters of a label."""


@dataclass(frozen=True)
class StepBar:
    """A part. style: rise, fall or whole."""

    label: str
    value: str
    x: float
    width: float
    y: float
    height: float
    style: str


@dataclass(frozen=True)
class Steps:
    """The parts from top to bottom, and where each ends."""

    bars: Sequence[StepBar]


def draw_steps(rows: pd.DataFrame) -> Steps:
    """rows: part, adds, so_far, in the order in which they are added; the first is where the sum begins."""
    labels, values = _largest(rows["part"].astype(str).tolist(), rows["adds"].to_numpy(np.float64))
    ends = np.cumsum(values)
    low, high = float(ends.min()), float(ends.max())
    # steps are small beside the first value, so the axis begins near them, and the bars of whole values are cut
    start = max(low - 0.15 * (high - low), 0.0) if low > 0 else low
    scale = Scale(start, high if high > start else start + 1.0, _LABELS, WIDTH - RIGHT - _VALUES)
    height = min((HEIGHT - BOTTOM + 20 - TOP) / (len(values) + 1), 20.0)
    bars = []
    for place, (label, value) in enumerate(zip([*labels, "forecast"], [*values, ends[-1]], strict=True)):
        whole = place in (0, len(values))
        before = start if whole else float(ends[place - 1])
        after = float(ends[min(place, len(values) - 1)])
        left, right = sorted((scale(before), scale(after)))
        bars.append(
            StepBar(
                label=label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1].rstrip()}…",
                value=write(float(value), Kind.NUMBER if whole else Kind.CHANGE),
                x=left,
                width=max(right - left, 1.0),
                y=TOP + place * height,
                height=height - 4,
                style="whole" if whole else "rise" if value >= 0 else "fall",
            )
        )
    return Steps(bars)


def _largest(labels: list[str], values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The first part and the largest others in their order; what they leave is one part at the end."""
    if len(values) <= MOST:
        return labels, values
    size = np.abs(values)
    size[0] = np.inf
    kept = np.sort(np.argsort(-size, kind="stable")[: MOST - 1])
    others = float(values.sum() - values[kept].sum())
    return [*(labels[one] for one in kept), "all others"], np.append(values[kept], others)
