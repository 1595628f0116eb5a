"""What darts needs of the package tirex-2, where that is not installed: a network that reads what TiRex-2 reads."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn


@dataclass
class TimeseriesType:
    target: torch.Tensor
    past_covariates: torch.Tensor | None
    future_covariates: torch.Tensor | None


class TiRex2(nn.Module):
    """Quantiles around the mean of the context, moved by the mean of the covariates ahead."""

    def __init__(self, *, quantiles: list[float], embedding_dim: int, device: str, **_: Any) -> None:
        super().__init__()
        self.device = device
        self.register_buffer("quantiles", torch.tensor(quantiles), persistent=False)
        self.width = nn.Linear(embedding_dim, len(quantiles), bias=False)
        self.other = self.width  # one tensor by two names, as in TiRex-2

    def _predict(self, timeseries: list[TimeseriesType], prediction_length: int, **_: Any) -> list[torch.Tensor]:
        return [self._one(series, prediction_length) for series in timeseries]

    def _one(self, series: TimeseriesType, length: int) -> torch.Tensor:
        middle = series.target.nanmean(dim=1)
        if series.future_covariates is not None:
            middle = middle * (1 + series.future_covariates[:, -length:].nan_to_num().mean())
        steps = self.width.weight.sum(dim=1) + self.quantiles
        return (middle[:, None] * (1 + 0.1 * steps))[..., None].expand(-1, -1, length)


def shared_tensor_groups(_: nn.Module) -> list[tuple[str, ...]]:
    return [("other.weight", "width.weight")]


def expand_shared_duplicates(module: nn.Module, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value for first in state.values() for name, value in {**state, "width.weight": first}.items()}


def load_model(ckpt_path: str, device: str) -> SimpleNamespace:
    """As tirex-2 loads a checkpoint of a folder."""
    module = TiRex2(**json.loads((Path(ckpt_path) / "config.json").read_text(encoding="utf-8")), device=device)
    module.load_state_dict(expand_shared_duplicates(module, load_file(Path(ckpt_path) / "model.safetensors")))
    return SimpleNamespace(model=module)


def provide_tirex2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `tirex2` importable, the real one where it is installed."""
    try:
        __import__("tirex2.model")
    except ImportError:
        own = sys.modules[__name__]
        names = ("tirex2", "tirex2.model", "tirex2._state_dict")
        for name in names:
            module = ModuleType(name)
            vars(module).update({key: value for key, value in vars(own).items() if not key.startswith("__")})
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.delitem(sys.modules, "darts.models.forecasting.tirex2_model", raising=False)
