"""Training of neural members: a budget of seconds becomes a number of steps before training starts."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from forecasting.errors import ModelError
from forecasting.models.member import Training
from forecasting.models.neural.config import Kind, NeuralConfig, build_model, choose_config, encode, load_weights
from forecasting.models.neural.fitting import (
    CHECKS,
    NO_FILES,
    bare_step,
    fit_windows,
    held_loss,
    training_arguments,
)
from forecasting.models.neural.member import NeuralMember
from forecasting.models.neural.runtime import own_threads, quiet
from forecasting.models.neural.sampling import (
    WindowDataset,
    WindowSample,
    count_windows,
    draw_windows,
    spread_windows,
)
from forecasting.models.neural.windows import WindowSource, prepare
from forecasting.panel.grid import Panel

logger = logging.getLogger(__name__)

BATCH_SIZES = {"nbeats": (64, 1024), "tft": (16, 64)}
"""Least and most windows a step."""
VALIDATION_WINDOWS = {"nbeats": 512, "tft": 256}
LEAST_STEPS = 100
"""With fewer steps a module is worse than the base that it starts from, and none is trained."""
FEW_STEPS = 300
"""Steps that even the smallest data are worth."""
MOST_STEPS = 4_000
MOST_PASSES = 15
"""Times that a window may be seen on average: more overfits small data."""
SAFETY = 0.8
"""Share of the budget that steps are planned for; the rest is for Lightning's own work and for a busier machine."""


@dataclass(frozen=True)
class TrainingPlan:
    """What to train on, fixed before training starts."""

    config: NeuralConfig
    source: WindowSource
    held: WindowSample
    """Windows for validation: their targets are the newest before `train_until`."""
    until: int
    """Training targets end before this column."""
    windows: int
    """Number of distinct training windows."""
    batch_size: int


def train_member(
    kind: Kind,
    panel: Panel,
    *,
    train_until: int,
    budget_seconds: float,
    seed: int,
    parent: NeuralMember | None = None,
    n_steps: int | None = None,
    trainer: Mapping[str, Any] | None = None,
) -> Training:
    """Train a member on targets before the column `train_until`, the newest of which are kept for validation.

    parent: its weights are the start where its configuration is the same. n_steps: if given, the budget does not count
    and the result is exactly reproducible. trainer: Lightning's settings, such as accelerator, devices and strategy;
    one device of any kind unless given. Raises ModelError where loss or weights are not finite.
    """
    started = time.perf_counter()
    plan = _plan_training(kind, panel, train_until=train_until)
    if isinstance(plan, str):
        logger.info("%s: not trained: %s", kind, plan)
        return Training(None, plan)
    settings = {"accelerator": "auto", "devices": 1, **(trainer or {})}
    with own_threads(plan.batch_size):
        step_seconds = 0.0
        if n_steps is None:
            step_seconds, check_seconds = _measure(plan, settings=settings, limit=budget_seconds / 20)
            left = budget_seconds - (time.perf_counter() - started)
            n_steps = _affordable_steps(plan, step_seconds=step_seconds, check_seconds=check_seconds, left=left)
            if n_steps < FEW_STEPS and plan.batch_size > BATCH_SIZES[kind][0]:
                # many steps of few windows train better than few steps of many
                plan = replace(plan, batch_size=_smaller_batch(kind, plan.batch_size, share=n_steps / FEW_STEPS))
                step_seconds, check_seconds = _measure(plan, settings=settings, limit=budget_seconds / 20)
                left = budget_seconds - (time.perf_counter() - started)
                n_steps = _affordable_steps(plan, step_seconds=step_seconds, check_seconds=check_seconds, left=left)
            if n_steps < LEAST_STEPS:
                needed = budget_seconds - left + (LEAST_STEPS * step_seconds + CHECKS * check_seconds) / SAFETY
                reason = f"too expensive: {LEAST_STEPS} steps need about {needed:.0f} s of {budget_seconds:.0f} s"
                logger.info("%s: not trained: %s", kind, reason)
                return Training(None, reason, step_seconds=step_seconds)
        member, loss = _fit(plan, panel, n_steps=n_steps, seed=seed, parent=parent, settings=settings)
    seconds = time.perf_counter() - started
    logger.info("%s: trained %d steps of %d windows in %.0f s: %.4f", kind, n_steps, plan.batch_size, seconds, loss)
    amount = f"{n_steps:,} steps, loss {loss:.2f}"
    return Training(member, amount=amount, n_steps=n_steps, step_seconds=step_seconds, validation_loss=loss)


def _smaller_batch(kind: Kind, size: int, *, share: float) -> int:
    """Largest power of two that is at most `share` of a batch, and no smaller than a batch of that kind may be."""
    return int(max(BATCH_SIZES[kind][0], 2 ** int(np.log2(max(size * share, 1)))))


def _plan_training(kind: Kind, panel: Panel, *, train_until: int) -> TrainingPlan | str:
    """What to train on, or why there is nothing to train on."""
    seen = np.flatnonzero(panel.observed[:, :train_until].any(axis=0))
    # a stale feed may end before the panel does
    newest = int(seen[-1]) + 1 if len(seen) else 1
    config = choose_config(kind, panel, train_until=newest)
    shape, horizon = config.shape, config.shape.horizon_columns
    until = newest - horizon - min(horizon, panel.season)
    windows = int(count_windows(panel, shape, since=0, until=until).sum())
    held = int(count_windows(panel, shape, since=until, until=newest).sum())
    if not windows or not held:
        return (
            f"too little history: {newest} columns hold {windows} windows to train on and {held} to validate on, "
            f"of {shape.context_columns} columns of context and {horizon} of horizon each"
        )
    rows = slice(0, panel.n_series)
    least, most = BATCH_SIZES[kind]
    return TrainingPlan(
        config=config,
        source=prepare(panel, shape, known_inputs=encode(panel, config), rows=rows, start=-shape.context_columns),
        held=spread_windows(panel, shape, since=until, until=newest, total=held, most=VALIDATION_WINDOWS[kind]),
        until=until,
        windows=windows,
        # large enough to use the processor well, small enough for a hundred different batches
        batch_size=int(np.clip(2 ** int(np.log2(max(windows / 100, 1))), least, most)),
    )


def _measure(plan: TrainingPlan, *, settings: Mapping[str, Any], limit: float) -> tuple[float, float]:
    """Seconds that an optimiser step and a validation take, tried on a copy for about `limit` seconds at most."""
    with quiet():
        device = pl.Trainer(**settings, **NO_FILES).strategy.root_device
    module = build_model(plan.config).model.to(device).train()
    optimiser = torch.optim.Adam(module.parameters())
    held = WindowDataset(plan.source, plan.held)
    rows = np.resize(np.arange(len(held)), plan.batch_size).tolist()
    times: list[float] = []
    with torch.random.fork_rng():
        while len(times) < 2 or (sum(times) < limit and len(times) < 12):
            start = time.perf_counter()
            bare_step(module, optimiser, held.__getitems__(rows))
            times.append(time.perf_counter() - start)
    start = time.perf_counter()
    held_loss(module, held, batch_size=plan.batch_size)
    # the first step pays for allocations that later ones do not
    return float(np.mean(times[1:])), time.perf_counter() - start


def _affordable_steps(plan: TrainingPlan, *, step_seconds: float, check_seconds: float, left: float) -> int:
    most = int(np.clip(MOST_PASSES * plan.windows / plan.batch_size, FEW_STEPS, MOST_STEPS))
    return max(min(int((SAFETY * left - CHECKS * check_seconds) / step_seconds), most), 0)


def _fit(
    plan: TrainingPlan,
    panel: Panel,
    *,
    n_steps: int,
    seed: int,
    parent: NeuralMember | None,
    settings: Mapping[str, Any],
) -> tuple[NeuralMember, float]:
    kind = plan.config.kind
    sample = draw_windows(
        panel,
        plan.config.shape,
        until=plan.until,
        total=plan.windows,
        count=n_steps * plan.batch_size,
        generator=torch.Generator().manual_seed(seed),
    )
    held = WindowDataset(plan.source, plan.held)
    arguments = training_arguments(kind, n_steps=n_steps, batch_size=plan.batch_size)
    model = build_model(plan.config, seed=seed, **arguments)
    _warm_start(model.model, plan.config, parent)
    fit_windows(model, WindowDataset(plan.source, sample), held, n_steps=n_steps, settings=settings)
    module = model.model.cpu().eval()
    loss = held_loss(module, held, batch_size=plan.batch_size)
    if not np.isfinite(loss) or not all(torch.isfinite(value).all() for value in module.state_dict().values()):
        raise ModelError(
            f"{kind}: expected finite weights and validation loss, found a loss of {loss}; check the demand"
        )
    return NeuralMember(config=plan.config, module=module), loss


def _warm_start(module: Any, config: NeuralConfig, parent: NeuralMember | None) -> None:
    if parent is None:
        return
    if (parent.config.vocabulary, parent.config.covariate_names) != (config.vocabulary, config.covariate_names):
        logger.info("%s: parent knows other attributes or covariates; training from the start", config.kind)
        return
    try:
        load_weights(module, parent.weights(), name=config.kind)
    except ModelError as error:
        logger.info("%s: parent is of another form; training from the start: %s", config.kind, error)
