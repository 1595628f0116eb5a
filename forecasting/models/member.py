"""What every member of the ensemble can do."""

from collections.abc import Sequence
from typing import Protocol

from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel


class Member(Protocol):
    """Whoever answers quantiles (A, N, length, 7) from several columns of a panel, NaN for a series that it leaves."""

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32: ...
