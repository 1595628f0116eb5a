"""Windows of a stream as a darts data set: a whole batch is gathered at once."""

from dataclasses import dataclass
from typing import Any

import torch
from darts.utils.data.torch_datasets.training_dataset import TorchTrainingDataset
from darts.utils.data.torch_datasets.utils import TorchTrainingBatch, TorchTrainingSample

from forecasting.models.neural.modules import Kind, as_input, reads_context
from forecasting.models.neural.windows import WindowInputs, Windows, read_targets, read_windows
from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel


@dataclass(frozen=True)
class WindowLesson:
    """B windows and what came of them."""

    inputs: WindowInputs
    target: Floats32
    """(B, AHEAD) demand less the base, in units of the noise."""
    weight: Floats32
    """(B, AHEAD) in the loss; 0 where nothing is scored."""

    def __len__(self) -> int:
        return len(self.target)


def make_lesson(kind: Kind, panel: Panel, windows: Windows, *, until: int, power: float) -> WindowLesson:
    """Inputs and targets of windows; targets from the column `until` on are not scored."""
    inputs = read_windows(panel, windows, power=power, context=reads_context(kind))
    return WindowLesson(inputs, *read_targets(panel, windows, inputs, until=until))


class WindowBatch(TorchTrainingBatch):  # type: ignore[misc]
    """A batch that moves to a device in one call, which is faster than Lightning's walk through its fields."""

    def to(self, device: torch.device) -> "WindowBatch":
        if device == self.past_target.device:
            return self
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return WindowBatch(**{name: None if tensor is None else tensor.to(device) for name, tensor in fields.items()})


class WindowDataset(TorchTrainingDataset):  # type: ignore[misc]
    """Windows of a lesson in a given order, which may have a window several times."""

    def __init__(self, kind: Kind, module: Any, lesson: WindowLesson, order: Ints) -> None:
        super().__init__()
        self.kind: Kind = kind
        self.module = module
        self.lesson = lesson
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def __getitems__(self, indices: list[int]) -> WindowBatch:
        windows = self.order[indices]
        given = as_input(self.kind, self.module, self.lesson.inputs.only(windows))
        target, weight = (torch.from_numpy(values[windows]) for values in (self.lesson.target, self.lesson.weight))
        if self.kind == "nbeats":
            target, weight = target.reshape(-1, 1), weight.reshape(-1, 1)
        return WindowBatch(
            past_target=given.past_target,
            historic_future_covariates=given.historic_future_covariates,
            future_covariates=given.future_covariates,
            static_covariates=None,
            sample_weight=weight[..., None],
            future_target=target[..., None],
        )

    def __getitem__(self, index: int) -> TorchTrainingSample:
        batch = self.__getitems__([index])
        fields = ("past_target", "historic_future_covariates", "future_covariates", "static_covariates")
        tensors = {name: getattr(batch, name) for name in (*fields, "sample_weight", "future_target")}
        return TorchTrainingSample(**{name: None if x is None else x[0].numpy() for name, x in tensors.items()})
