"""Real tuning of a few steps, for tests of what happens around it."""

import pytest

from forecasting.ensemble import training
from forecasting.models.neural import training as tuning

MEMBERS = '["nbeats", "seasonal"]'


def tune_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tune neural members for two steps whatever the budget and the history, and take all of it."""
    monkeypatch.setattr(training, "affordable_steps", lambda *_, **__: 2)
    monkeypatch.setattr(tuning, "LEAST_SEASONS", -10)
    monkeypatch.setattr(tuning, "SHARES", (1.0,))
    monkeypatch.setattr(tuning, "LEAST_GAIN", -10.0)
