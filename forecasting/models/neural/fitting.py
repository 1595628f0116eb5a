"""One pass of a darts model over windows of a stream, through Lightning, and the loss of what came of it."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from forecasting.errors import ModelError
from forecasting.models.neural.dataset import WindowBatch, WindowDataset, WindowLesson
from forecasting.models.neural.member import NeuralMember
from forecasting.models.neural.runtime import quiet
from forecasting.numerics import Floats
from forecasting.quantiles import pinball

LEARNING_RATE = 3e-4
"""A tenth of that of pretraining: what a network knows is to be bent, not forgotten."""
GRADIENT_NORM = 1.0
NO_FILES: dict[str, Any] = {
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    # Lightning's root is by default the working directory, where it looks for checkpoints of cluster jobs that were
    # interrupted and leaves its own: a training resumes nothing and leaves nothing
    "default_root_dir": "/dev/null",
}
"""Settings with which Lightning neither reads nor writes files nor prints."""


def training_arguments(*, n_steps: int, batch_size: int) -> dict[str, Any]:
    """Arguments of the darts constructor that shape training: Adam, its rate falling along a cosine to zero."""
    return {
        "batch_size": batch_size,
        "optimizer_kwargs": {"lr": LEARNING_RATE},
        "lr_scheduler_cls": torch.optim.lr_scheduler.CosineAnnealingLR,
        "lr_scheduler_kwargs": {"T_max": n_steps, "interval": "step"},
    }


def fit_windows(model: Any, data: WindowDataset, *, settings: Mapping[str, Any]) -> None:
    """Train a darts model once on all batches of a data set, in order; its module is on the processor afterwards.

    settings: Lightning's own, such as accelerator, devices and strategy. Raises ModelError on a loss that is not
    finite.
    """
    loading = {"collate_fn": _as_gathered, "shuffle": False, "num_workers": 0, "pin_memory": False}
    with quiet():
        trainer = pl.Trainer(
            max_epochs=1,
            gradient_clip_val=GRADIENT_NORM,
            callbacks=[Guard()],
            **NO_FILES,
            **{"accelerator": "auto", "devices": 1, **settings},
        )
        model.model.log = partial(_log_but_training, model.model.log)
        model.fit_from_dataset(data, None, trainer=trainer, dataloader_kwargs=loading)
        del model.model.log
    model.model.cpu().eval()


def _log_but_training(log: Callable[..., None], name: str, value: torch.Tensor, **settings: Any) -> None:
    """Log a value unless it is the training loss, which is not used and costs a twentieth of a small step."""
    if name != "train_loss":
        log(name, value, **settings)


def _as_gathered(batch: WindowBatch) -> WindowBatch:
    return batch


class Guard(Callback):  # type: ignore[misc]
    """Stop a training whose loss is not finite."""

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        loss = float(outputs["loss"])
        if not math.isfinite(loss):
            raise ModelError(
                f"{type(pl_module).__name__}: expected a finite loss, found {loss} at step {batch_idx + 1}; "
                "check the stream's demand for values out of scale"
            )


def bare_step(module: Any, optimiser: torch.optim.Optimizer, batch: WindowBatch) -> None:
    """An optimiser step with nothing around it: the least cost of training."""
    optimiser.zero_grad()
    there = batch.to(next(module.parameters()).device)
    output = module(there.to_module_input())
    loss: torch.Tensor = module._compute_loss(output, there.future_target, None, there.sample_weight)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(module.parameters(), GRADIENT_NORM)
    optimiser.step()


def lesson_loss(member: NeuralMember, lesson: WindowLesson) -> float:
    """Weighted mean pinball loss of a member over a lesson, in units of the noise."""
    loss: Floats = pinball(lesson.target, member.answer(lesson.inputs)).mean(axis=-1)
    return float((loss * lesson.weight).sum() / max(lesson.weight.sum(), 1e-9))
