"""A member that reads what a panel knows of the days ahead, with effects that are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.models.seasonal.member import last_four
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel


@dataclass(frozen=True)
class EventReader:
    """The mean of four weeks, times `lift` in a campaign and `holiday` on a holiday."""

    lift: float = 1.5
    holiday: float = 0.4

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        return np.stack([self._predict(panel, at, length) for at in origin_columns])

    def _predict(self, panel: Panel, at: int, length: int) -> Floats32:
        series, column = np.indices((panel.n_series, length))
        known = panel.covariates_of(series.ravel(), at + column.ravel())[:, panel.covariate_names.index("holiday")]
        holiday = known.reshape(panel.n_series, length)
        factor = (1 + (self.holiday - 1) * holiday) * np.where(panel.campaign[:, at : at + length], self.lift, 1.0)
        return (last_four(panel, at=at, length=length) * factor[..., None]).astype(np.float32)
