"""Rows of a generated panel as the network learns from them."""

from dataclasses import dataclass

import numpy as np

from forecasting.models.features.history import choose_power
from forecasting.models.features.rows import draw_rows, over_mean
from forecasting.models.pretrained.inputs import WIDTH, read_rows
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel

FAR = 30.0
"""Multiples of the noise at which targets are cut off."""


@dataclass(frozen=True)
class Lesson:
    """R rows: inputs (R, WIDTH), targets (R,) in units of the noise, weights (R,) of mean 1."""

    inputs: Floats32
    target: Floats32
    weight: Floats32

    def __len__(self) -> int:
        return len(self.target)


def make_lesson(panel: Panel, *, most: int, rng: np.random.Generator) -> Lesson:
    """At most `most` rows of a panel, forecast from the starts of days as a stream's nights do.

    Each row knows what was known at its origin, its noise included, so that young series are met as they will be.
    """
    rows = draw_rows(panel, since=panel.season, until=panel.n_history, most=most, rng=rng)
    inputs = np.empty((len(rows), WIDTH), dtype=np.float32)
    target, noise = np.empty(len(rows), dtype=np.float32), np.empty(len(rows), dtype=np.float32)
    for chunk in read_rows(panel, rows, power=choose_power(panel, until=panel.n_history)):
        lagged, own = chunk.lagged, chunk.rows
        inputs[chunk.part] = chunk.inputs
        target[chunk.part] = (panel.y[own.series, own.column] - lagged.base) / lagged.noise
        noise[chunk.part] = lagged.noise
    good = np.isfinite(target) & np.isfinite(inputs).all(axis=1)
    # the pinball loss in units of demand, every series alike
    weight = over_mean(noise[good], rows.series[good])
    return Lesson(inputs[good], target[good].clip(-FAR, FAR), weight)
