"""Trained models of a stream, read back for use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forecasting.config.stream import Stream
from forecasting.ensemble.members import FALLBACK, rebuild
from forecasting.errors import ModelError, in_one_line
from forecasting.jobs.common.session import Session
from forecasting.jobs.training.checkpoints import read_checkpoint
from forecasting.models.foundation.member import rebuild_foundation
from forecasting.models.member import Member
from forecasting.models.pretrained.fallback import FallbackMember
from forecasting.store.files.models import NEXT_STEP, Weights
from forecasting.store.tables.decisions import Champion, champion_as_of
from forecasting.store.tables.registry import ModelRecord, find_model
from forecasting.terms import Tier


@dataclass(frozen=True)
class LoadedModel:
    """The trained members that a forecast uses, none where no model is due yet."""

    model_id: str | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    trained_until: datetime | None = None
    note: str | None = None
    """What a person should know of the choice."""


def load_model(session: Session, record: ModelRecord) -> LoadedModel:
    """The members of a registered model.

    Raises ModelError where its files are missing, damaged or of another stream.
    """
    bundle = session.models.load(record)
    members: dict[str, Member] = {}
    for name, (config, weights) in bundle.members.items():
        try:
            members[name] = _rebuild(session, config, weights)
        except ModelError:
            raise
        except Exception as error:  # a sound checksum says nothing of what another version wrote
            raise ModelError(
                f"{session.models.place_of(record.uri)}: member {name} cannot be rebuilt: {in_one_line(error)}; "
                f"{NEXT_STEP}"
            ) from error
    return LoadedModel(record.model_id, members, record.trained_until)


def _rebuild(session: Session, config: Mapping[str, Any], weights: Weights) -> Member:
    if config.get("kind") == Tier.FOUNDATION:
        return rebuild_foundation(config, read_checkpoint(session.settings, config["model"], config["path"]))
    return rebuild(config, weights)


def load_champion(session: Session, champion: Champion) -> LoadedModel:
    """The members of a champion. Raises ModelError where it is not on the register or its files are damaged."""
    record = find_model(session.lake, champion.model_id)
    if record is None:
        raise ModelError(f"model {champion.model_id}: decided upon, but not on the register; {NEXT_STEP}")
    return load_model(session, record)


def load_named(session: Session, model_id: str | None) -> LoadedModel:
    """The members of a model by its key; none without a key. Raises ModelError as `load_champion` does."""
    if model_id is None:
        return LoadedModel()
    record = find_model(session.lake, model_id)
    if record is None:
        raise ModelError(f"model {model_id}: not on the register; {NEXT_STEP}")
    return load_model(session, record)


def newest_loaded(session: Session, origin: datetime) -> LoadedModel:
    """The champion of the stream's present definition as of `origin`; it was trained on nothing known later."""
    stream = session.definition.stream
    champion = champion_as_of(session.lake, stream, origin)
    if champion is not None:
        return load_champion(session, champion)
    return LoadedModel(note="no model is trained for this definition yet; members that need no training forecast")


def forecasters(stream: Stream, model: LoadedModel) -> dict[str, Member]:
    """Members of a model, and the one that forecasts where these do not, if the definition lets it."""
    if stream.models.fallback == "seasonal":
        return dict(model.members)
    return {**model.members, FALLBACK: FallbackMember()}
