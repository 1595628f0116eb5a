"""Pretrained public models that a definition or a trained model names, read from this machine."""

from forecasting.config.sections import FoundationKind, ModelsSection
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.settings import Settings
from forecasting.store.files.checkpoints import read_checkpoint_files


def named_checkpoint(settings: Settings, models: ModelsSection) -> Checkpoint | None:
    """The files of the model that `[models] foundation` names; None where none is named.

    Raises ModelError where one of them is missing.
    """
    if models.foundation is None:
        return None
    return read_checkpoint(settings, models.foundation.kind, models.foundation.path)


def read_checkpoint(settings: Settings, kind: FoundationKind, path: str) -> Checkpoint:
    """The files of a model in a folder; a relative path starts in the home. Raises ModelError where one is missing."""
    return Checkpoint(kind, path, read_checkpoint_files(settings.home / path, kind))
