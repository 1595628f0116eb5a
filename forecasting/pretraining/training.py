"""The training loop: worlds are made as they are needed, each is learned from for a while, and none comes twice."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from forecasting.models.features.history import choose_power
from forecasting.models.neural.dataset import WindowLesson
from forecasting.models.neural.dataset import make_lesson as make_window_lesson
from forecasting.models.neural.modules import Kind, as_input, build_model, run_module
from forecasting.models.neural.windows import draw_windows, join_inputs
from forecasting.models.pretrained.network import RowNetwork
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.pretraining.lessons import Lesson, make_lesson
from forecasting.pretraining.worlds import make_world
from forecasting.terms import QUANTILES

LEVELS = torch.tensor(QUANTILES, dtype=torch.float32)
JUDGES = 12
"""Worlds on which progress is judged; they are not learned from."""
LEAST_SPREAD = 0.05


@dataclass(frozen=True)
class Plan:
    """How a network is trained."""

    seed: int
    worlds: int = 250
    """Learned from, one after the other."""
    steps_a_world: int = 60
    batch: int = 512
    """Rows, or windows, of a step."""
    parts: int = 4
    """Worlds that a batch is of."""
    kept: int = 40
    """Worlds that batches are drawn from at a time."""
    rows: int = 30_000
    """Of a world."""
    series: int = 60
    values: int = 150_000
    """Most series of a world, and most values."""
    width: int = 128
    dropout: float = 0.1
    rate: float = 2e-3
    warm_up: int = 200
    """Steps over which the learning rate rises; afterwards it falls along a cosine to a hundredth."""


MODULE_PLANS: dict[Kind, Plan] = {
    "nbeats": Plan(seed=1, worlds=400, steps_a_world=50, batch=32, rows=1_250, rate=1e-3),
    "tft": Plan(seed=1, worlds=400, steps_a_world=50, batch=32, rows=1_250, rate=2e-3),
}
"""How N-BEATS and TFT are trained; their width and dropout are those of `models/neural/modules.py`."""


@dataclass(frozen=True)
class Pupil:
    """What is trained, and how it learns from a world."""

    module: nn.Module
    prepare: Callable[[Panel, np.random.Generator], Any]
    """A lesson of a world; it has a length."""
    standardise: Callable[[Sequence[Any]], None]
    loss: Callable[[Sequence[tuple[Any, Any]]], torch.Tensor]
    """Mean pinball loss over some places (ints, or a slice) of each of several lessons."""


def train_network(plan: Plan, *, report: Callable[[str], None]) -> RowNetwork:
    """A network trained by a plan; equal plans train equal networks on one machine. report: lines of progress."""
    torch.manual_seed(plan.seed)
    network = RowNetwork(width=plan.width, dropout=plan.dropout)

    def loss(parts: Sequence[tuple[Lesson, Any]]) -> torch.Tensor:
        columns = zip(*((one.inputs[at], one.target[at], one.weight[at]) for one, at in parts), strict=True)
        inputs, target, weight = (torch.from_numpy(np.concatenate(column)) for column in columns)
        return pinball(network(inputs), target, weight)

    pupil = Pupil(
        network,
        lambda panel, rng: make_lesson(panel, most=plan.rows, rng=rng),
        lambda lessons: _standardise(network, np.concatenate([lesson.inputs for lesson in lessons])),
        loss,
    )
    learn(pupil, plan, report=report)
    return network.eval()


def train_module(kind: Kind, plan: Plan, *, report: Callable[[str], None]) -> Any:
    """The module of N-BEATS or TFT, trained by a plan whose batch and rows count windows."""
    torch.manual_seed(plan.seed)
    module = build_model(kind, seed=plan.seed).model

    def prepare(panel: Panel, rng: np.random.Generator) -> WindowLesson:
        until = panel.n_history
        windows = draw_windows(panel, since=panel.season, until=until, most=plan.rows, rng=rng)
        return make_window_lesson(kind, panel, windows, until=until, power=choose_power(panel, until=until))

    def loss(parts: Sequence[tuple[WindowLesson, Any]]) -> torch.Tensor:
        inputs = join_inputs([one.inputs.only(at) for one, at in parts])
        target, weight = (
            torch.from_numpy(np.concatenate([getattr(one, name)[at] for one, at in parts]))
            for name in ("target", "weight")
        )
        return pinball(run_module(module, as_input(kind, module, inputs)), target, weight)

    def standardise(lessons: Sequence[WindowLesson]) -> None:
        known = np.concatenate([lesson.inputs.known.reshape(-1, lesson.inputs.known.shape[-1]) for lesson in lessons])
        _standardise(module.inputs, known)

    learn(Pupil(module, prepare, standardise, loss), plan, report=report)
    return module.eval()


def learn(pupil: Pupil, plan: Plan, *, report: Callable[[str], None]) -> None:
    """Train a pupil by a plan, in place."""
    rng = np.random.default_rng(plan.seed)
    judges = [_lesson(pupil, plan, stream=1, number=number) for number in range(JUDGES)]
    judges = [lesson for lesson in judges if len(lesson)]
    pupil.standardise(judges)
    optimiser = torch.optim.AdamW(pupil.module.parameters(), lr=plan.rate, weight_decay=1e-4)
    total, done = plan.worlds * plan.steps_a_world, 0
    lessons: list[Any] = []
    report(f"before training: loss {judge(pupil, judges):.4f}")
    for number in range(plan.worlds):
        lesson = _lesson(pupil, plan, stream=0, number=number)
        lessons = [*lessons[-plan.kept + 1 :], lesson] if len(lesson) else lessons
        pupil.module.train()
        for _ in range(plan.steps_a_world if lessons else 0):
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * _rate(done / total, done / plan.warm_up)
            parts = []
            for _ in range(plan.parts):
                one = lessons[int(rng.integers(len(lessons)))]
                parts.append((one, rng.integers(0, len(one), plan.batch // plan.parts)))
            optimiser.zero_grad()
            loss = pupil.loss(parts)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(pupil.module.parameters(), 1.0)
            optimiser.step()
            done += 1
        if (number + 1) % max(plan.worlds // 20, 1) == 0:
            report(f"{number + 1} of {plan.worlds} worlds, {done:,} steps: loss {judge(pupil, judges):.4f}")


def pinball(quantiles: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted mean of twice the pinball loss over the quantiles; quantiles: (..., 7), target, weight: (...)."""
    error = target[..., None] - quantiles
    return 2 * (torch.maximum(LEVELS * error, (LEVELS - 1) * error).mean(dim=-1) * weight).mean()


def judge(pupil: Pupil, lessons: Sequence[Any]) -> float:
    """Mean loss over lessons, each of which counts the same."""
    pupil.module.eval()
    with torch.inference_mode():
        return float(torch.stack([pupil.loss([(one, slice(None))]) for one in lessons]).mean())


def _lesson(pupil: Pupil, plan: Plan, *, stream: int, number: int) -> Any:
    rng = np.random.default_rng([plan.seed if stream == 0 else 0, stream, number])
    return pupil.prepare(make_world(rng, series=plan.series, most_values=plan.values), rng)


def _standardise(standard: Any, inputs: Floats32) -> None:
    standard.center.copy_(torch.from_numpy(inputs.mean(axis=0)))
    standard.spread.copy_(torch.from_numpy(np.maximum(inputs.std(axis=0), LEAST_SPREAD)))


def _rate(done: float, warm: float) -> float:
    return max((1 + math.cos(math.pi * done)) / 2, 0.01) * min(warm, 1.0)
