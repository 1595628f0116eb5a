"""A checkpoint of a public model: the files that its makers publish, as they were read from the disk."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from forecasting.config.sections import FoundationKind
from forecasting.errors import ModelError

CONFIG, WEIGHTS = "config.json", "model.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """The files of a model, whole."""

    kind: FoundationKind
    path: str
    """Folder of the files, as the definition names it."""
    files: Mapping[str, bytes]
    """By name, those that its kind needs."""

    @cached_property
    def sha256(self) -> str:
        """Digest of all files: another one means another model."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration; empty for a kind that has none. Raises ModelError where it is no JSON object."""
        if CONFIG not in self.files:
            return {}
        try:
            config = json.loads(self.files[CONFIG])
        except (ValueError, RecursionError) as error:
            raise ModelError(f"foundation: {self.path}/{CONFIG}: expected JSON, found {error}") from error
        if not isinstance(config, dict):
            raise ModelError(
                f"foundation: {self.path}/{CONFIG}: expected an object, found {type(config).__name__}; put the "
                f"configuration of a {self.kind} model there"
            )
        return config

    def tensors(self) -> dict[str, torch.Tensor]:
        """Parameters by name. Raises ModelError where the file holds none, or numbers that are not finite."""
        try:
            tensors: dict[str, torch.Tensor] = load(self.files[WEIGHTS])
        except (SafetensorError, ValueError) as error:
            raise ModelError(
                f"foundation: {self.path}/{WEIGHTS}: expected safetensors, found {error}; copy the file there anew"
            ) from error
        # a sum is finite where all are, and takes a tenth of the time
        broken = sorted(name for name, value in tensors.items() if not value.sum(dtype=torch.float32).isfinite())
        if broken:
            raise ModelError(
                f"foundation: {self.path}/{WEIGHTS}: expected finite numbers, found others in {broken[0]}; copy the "
                "file there anew"
            )
        return tensors
