"""Members that know what happens, for tests of what is made of their forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel

WIDTH = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645], np.float32)
"""Quantiles of the normal distribution."""


@dataclass(frozen=True)
class Oracle:
    """Says what happens, times a factor; nothing of the series that it leaves."""

    y: Floats32
    """(N, T+H) the truth of the series that it knows, by their numbers."""
    factor: float = 1.0
    leaves: tuple[str, ...] = ()
    spread: float = 1.0

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        rows = np.array([int(name.rpartition("-")[2]) for name in panel.series_ids])
        predicted = np.stack([self.y[rows, at : at + length] for at in origin_columns])[..., None] * self.factor
        predicted = np.sort(predicted + self.spread * WIDTH, axis=-1).astype(np.float32)
        predicted[:, np.isin(panel.series_ids, self.leaves)] = np.nan
        return predicted


def whole(panel: Panel) -> Floats32:
    """What a panel's series do before and after the origin: the last season goes on."""
    return np.concatenate([panel.y, panel.y[:, -panel.n_horizon :]], axis=1)
