"""One pass of a darts model over sampled windows, through Lightning."""

import copy
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping

from forecasting.errors import ModelError
from forecasting.models.neural.config import Kind
from forecasting.models.neural.runtime import quiet
from forecasting.models.neural.sampling import WindowBatch, WindowDataset

LEARNING_RATE = {"nbeats": 1e-3, "tft": 5e-3}
CHECKS = 12
"""Validations during a training."""
PATIENCE = 5
"""Validations without a better loss after which training stops."""
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


def training_arguments(kind: Kind, *, n_steps: int, batch_size: int) -> dict[str, Any]:
    """Arguments of the darts constructor that shape training: Adam, its rate falling along a cosine to zero."""
    rate = LEARNING_RATE[kind]
    return {
        "batch_size": batch_size,
        "optimizer_kwargs": {"lr": rate},
        "lr_scheduler_cls": torch.optim.lr_scheduler.CosineAnnealingLR,
        "lr_scheduler_kwargs": {"T_max": n_steps, "interval": "step"},
    }


def fit_windows(
    model: Any, dataset: WindowDataset, held: WindowDataset, *, n_steps: int, settings: Mapping[str, Any]
) -> None:
    """Train on `n_steps` batches of sampled windows; the model keeps the weights of least loss on the held-back
    windows, which may be its first.

    settings: Lightning's own, such as accelerator, devices and strategy. Raises ModelError on a loss that is not
    finite.
    """
    best = BestWeights(model.model, held_loss(model.model, held, batch_size=model.batch_size))
    stop = EarlyStopping("val_loss", patience=PATIENCE, check_finite=False)
    loading = {"collate_fn": _as_gathered, "shuffle": False, "num_workers": 0, "pin_memory": False}
    with quiet():
        trainer = pl.Trainer(
            max_epochs=1,
            num_sanity_val_steps=0,
            val_check_interval=max(n_steps // CHECKS, 1),
            gradient_clip_val=GRADIENT_NORM,
            callbacks=[Guard(), stop, best],
            **NO_FILES,
            **settings,
        )
        model.model.log = partial(_log_but_training, model.model.log)
        model.fit_from_dataset(dataset, held, trainer=trainer, dataloader_kwargs=loading)
        del model.model.log


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


class BestWeights(Callback):  # type: ignore[misc]
    """Keep the weights of least validation loss in memory, and restore them when training ends."""

    def __init__(self, module: Any, loss: float) -> None:
        self.loss = loss if math.isfinite(loss) else math.inf
        self.weights = copy.deepcopy(module.state_dict())

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        loss = float(trainer.callback_metrics["val_loss"])
        if loss < self.loss:
            self.loss, self.weights = loss, copy.deepcopy(pl_module.state_dict())

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        pl_module.load_state_dict(self.weights)


def bare_step(module: Any, optimiser: torch.optim.Optimizer, batch: WindowBatch) -> None:
    """An optimiser step with nothing around it: the least cost of training."""
    optimiser.zero_grad()
    _loss(module, batch).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(module.parameters(), GRADIENT_NORM)
    optimiser.step()


def held_loss(module: Any, held: WindowDataset, *, batch_size: int) -> float:
    """Mean loss of a module over windows, outside training."""
    training, total = module.training, 0.0
    module.eval()
    # not inference_mode: modules cache masks and levels, which training must be able to use afterwards
    with torch.no_grad():
        for start in range(0, len(held), batch_size):
            rows = list(range(start, min(start + batch_size, len(held))))
            total += float(_loss(module, held.__getitems__(rows))) * len(rows)
    # Lightning trains a module in the mode that it finds it in, without dropout if that is evaluation
    module.train(training)
    return total / len(held)


def _loss(module: Any, batch: WindowBatch) -> torch.Tensor:
    there = batch.to(next(module.parameters()).device)
    output = module(there.to_module_input())
    loss: torch.Tensor = module._compute_loss(output, there.future_target, None, there.sample_weight)
    return loss
