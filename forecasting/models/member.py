"""What every trained member of the ensemble can do, and how its training ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel


class Member(Protocol):
    """A model that forecasts quantiles of every series of a panel from several origin columns.

    `predict_many` returns (A, N, length, 7) for the columns [at, at + length) of A origin columns, each from columns
    before `at` only. A series that the member cannot forecast from an origin is NaN throughout.
    """

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32: ...


@dataclass(frozen=True)
class Training:
    """How a training ended. Without a member, `reason` says why there is none; that is an outcome and no error."""

    member: Member | None
    reason: str = ""
    amount: str = ""
    """How much the member was trained, in its own measure, for messages."""
    n_steps: int = 0
    """Fixed before training."""
