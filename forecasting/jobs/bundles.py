"""Trained models of a stream, read back for use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from forecasting.jobs.session import Session
from forecasting.models.neural import NeuralMember, rebuild_member
from forecasting.store.models import load_bundle
from forecasting.store.registry import ModelRecord, newest_model


@dataclass(frozen=True)
class LoadedModel:
    """The trained members that a forecast uses, none where no model is due yet."""

    model_id: str | None = None
    members: Mapping[str, NeuralMember] = field(default_factory=dict)
    note: str | None = None
    """What a person should know of the choice."""


def load_model(session: Session, record: ModelRecord) -> LoadedModel:
    """The members of a registered model. Raises ModelError where its files are missing, damaged or of another "
    "stream."""
    bundle = load_bundle(
        session.settings.models / record.uri, stream=record.stream, model_id=record.model_id, checksum=record.checksum
    )
    members = {name: rebuild_member(config, weights) for name, (config, weights) in bundle.members.items()}
    return LoadedModel(record.model_id, members)


def newest_loaded(session: Session, origin: datetime) -> LoadedModel:
    """The newest model for the stream's present definition that was trained on nothing known after `origin`."""
    stream = session.definition.stream
    record = newest_model(session.lake, stream=stream.name, origin=origin, config_hash=stream.config_hash)
    if record is not None:
        return load_model(session, record)
    if stream.models.neural:
        return LoadedModel(note="no model is trained for this definition yet; seasonal members only")
    return LoadedModel()
