"""Members that know what happens, for tests of what is made of their answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.models.features.slots import Floats
from forecasting.panel.grid import Panel

WIDTH = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645], np.float32)
"""Quantiles of the normal distribution."""


@dataclass(frozen=True)
class Oracle:
    """Says what happens, times a factor; nothing of the series that it leaves."""

    y: Floats
    """(N, T+H) the truth of the series that it knows, by their numbers."""
    factor: float = 1.0
    leaves: tuple[str, ...] = ()
    spread: float = 1.0

    def predict_many(self, panel: Panel, *, ats: Sequence[int], length: int) -> Floats:
        rows = np.array([int(name.rpartition("-")[2]) for name in panel.series_ids])
        said = np.stack([self.y[rows, at : at + length] for at in ats])[..., None] * self.factor
        said = np.sort(said + self.spread * WIDTH, axis=-1).astype(np.float32)
        said[:, np.isin(panel.series_ids, self.leaves)] = np.nan
        return said


def whole(panel: Panel) -> Floats:
    """What a panel's series do before and after the origin: the last season goes on."""
    return np.concatenate([panel.y, panel.y[:, -panel.n_horizon :]], axis=1)
