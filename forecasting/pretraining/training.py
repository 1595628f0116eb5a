"""The training loop: worlds are made as they are needed, each is learned from for a while, and none comes twice."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from forecasting.models.pretrained.network import RowNetwork
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


def train_network(plan: Plan, *, report: Callable[[str], None]) -> RowNetwork:
    """A network trained by a plan; equal plans train equal networks on one machine. report: lines of progress."""
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    judges = [_lesson(plan, stream=1, number=number) for number in range(JUDGES)]
    network = RowNetwork(width=plan.width, dropout=plan.dropout)
    _standardise(network, judges)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=1e-4)
    total, done = plan.worlds * plan.steps_a_world, 0
    lessons: list[Lesson] = []
    report(f"before training: loss {judge(network, judges):.4f}")
    for number in range(plan.worlds):
        lessons = [*lessons[-plan.kept + 1 :], _lesson(plan, stream=0, number=number)]
        network.train()
        for _ in range(plan.steps_a_world):
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * _rate(done / total, done / plan.warm_up)
            inputs, target, weight = _batch(plan, lessons, rng)
            optimiser.zero_grad()
            loss = pinball(network(inputs), target, weight)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            done += 1
        if (number + 1) % max(plan.worlds // 20, 1) == 0:
            report(f"{number + 1} of {plan.worlds} worlds, {done:,} steps: loss {judge(network, judges):.4f}")
    return network.eval()


def pinball(quantiles: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted mean of twice the pinball loss over the quantiles; quantiles: (R, 7), target, weight: (R,)."""
    error = target[:, None] - quantiles
    return 2 * (torch.maximum(LEVELS * error, (LEVELS - 1) * error).mean(dim=1) * weight).mean()


def judge(network: RowNetwork, lessons: list[Lesson]) -> float:
    """Mean loss over lessons, each of which counts the same."""
    network.eval()
    with torch.inference_mode():
        losses = [
            pinball(network(torch.from_numpy(one.inputs)), torch.from_numpy(one.target), torch.from_numpy(one.weight))
            for one in lessons
        ]
    return float(torch.stack(losses).mean())


def _lesson(plan: Plan, *, stream: int, number: int) -> Lesson:
    rng = np.random.default_rng([plan.seed if stream == 0 else 0, stream, number])
    panel = make_world(rng, series=plan.series, most_values=plan.values)
    return make_lesson(panel, most=plan.rows, rng=rng)


def _standardise(network: RowNetwork, lessons: list[Lesson]) -> None:
    inputs = np.concatenate([lesson.inputs for lesson in lessons])
    network.center.copy_(torch.from_numpy(inputs.mean(axis=0)))
    network.spread.copy_(torch.from_numpy(np.maximum(inputs.std(axis=0), LEAST_SPREAD)))


def _rate(done: float, warm: float) -> float:
    return max((1 + math.cos(math.pi * done)) / 2, 0.01) * min(warm, 1.0)


def _batch(plan: Plan, lessons: list[Lesson], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    parts = []
    for _ in range(plan.parts):
        lesson = lessons[int(rng.integers(len(lessons)))]
        rows = rng.integers(0, len(lesson.target), plan.batch // plan.parts)
        parts.append((lesson.inputs[rows], lesson.target[rows], lesson.weight[rows]))
    return tuple(torch.from_numpy(np.concatenate(column)) for column in zip(*parts, strict=True))
