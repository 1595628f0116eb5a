"""Contests and evidence whose outcome a test decides."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecasting.ensemble import training
from forecasting.jobs.training import contest
from forecasting.models.member import Training
from forecasting.panel.grid import Panel

ALIKE = np.array([[100.0, 200.0], [101.0, 199.0], [99.0, 202.0], [100.0, 200.0]])
"""Losses (A, N) of two series at four held-back origins."""


class Arena:
    """Losses that a test gives to the two sides, the champion asked first, and the panels they were asked on."""

    def __init__(self) -> None:
        self.challenger = self.champion = ALIKE
        self.panels: list[object] = []
        self.before: Callable[[], None] = lambda: None

    def held_back_losses(self, panel: object, members: Any) -> SimpleNamespace:
        self.before()
        assert members
        self.panels.append(panel)
        loss = self.champion if len(self.panels) % 2 else self.challenger
        return SimpleNamespace(origin_columns=(0, 48, 96, 144), loss=loss, volume=np.full(loss.shape, 1000.0))


def make_arena(monkeypatch: pytest.MonkeyPatch) -> Arena:
    """Contests of two sides that are equally good until the test says otherwise."""
    arena = Arena()
    monkeypatch.setattr(contest, "held_back_losses", arena.held_back_losses)
    return arena


def make_evidence(monkeypatch: pytest.MonkeyPatch, *, against: tuple[str, ...] = ()) -> None:
    """Held-back origins by which the members of these kinds carry nothing, and all others something."""

    def leave_out(_panel: Panel, trainings: dict[str, Training]) -> dict[str, Training]:
        without = {kind: replace(trainings[kind], member=None, reason="switched off") for kind in against}
        return {**trainings, **without}

    monkeypatch.setattr(training, "_leave_out", leave_out)
