"""Real training of a few steps, for tests of what happens around it."""

from typing import Any

from forecasting.models.member import Training
from forecasting.models.neural.training import train_member
from forecasting.panel.grid import Panel

MEMBERS = '["nbeats", "seasonal"]'


def train_two_steps(kind: Any, panel: Panel, *, budget_seconds: float, **given: Any) -> Training:
    """`train_member` without its cost: equal seeds give equal weights."""
    return train_member(kind, panel, budget_seconds=budget_seconds, n_steps=2, **given)
