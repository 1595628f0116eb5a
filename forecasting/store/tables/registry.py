"""The register of trained models in the lake: which exist, what they were trained on, where their files are."""

import json
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from forecasting.store.lake.lake import Lake


@dataclass(frozen=True)
class ModelRecord:
    """A row of forecast.models, as far as jobs need it."""

    model_id: str
    stream: str
    members: list[str]
    trained_until: datetime
    parent_model_id: str | None
    config_hash: str
    uri: str
    checksum: str


def find_model(lake: Lake, model_id: str) -> ModelRecord | None:
    """The model of that key, if it exists."""
    rows = lake.rows("models/model.sql", model_id=model_id)
    return ModelRecord(*rows[0]) if rows else None


def newest_model(lake: Lake, *, stream: str, origin: datetime, config_hash: str | None) -> ModelRecord | None:
    """The newest model that was trained on nothing known after `origin`.

    config_hash: of the definition that it must have been trained for; any when None.
    """
    rows = lake.rows("models/newest_model.sql", stream=stream, origin=origin, config_hash=config_hash)
    return ModelRecord(*rows[0]) if rows else None


def list_models(lake: Lake, *, stream: str | None, definitions: list[str]) -> pd.DataFrame:
    """Models, newest first, with how each fared as a challenger.

    definitions: config hashes of the present definitions; champions of others are none.
    """
    return lake.frame("models/models.sql", stream=stream, definitions=definitions)


def model_ids(lake: Lake) -> list[str]:
    """Keys of all models, newest first."""
    return [model_id for (model_id,) in lake.rows("models/model_ids.sql")]


def model_uris(lake: Lake) -> list[str]:
    """Where the files of all models are, below the models folder."""
    return [uri for (uri,) in lake.rows("models/uris.sql")]


def append_model(
    lake: Lake, record: ModelRecord, *, n_steps: dict[str, int], seed: int, snapshot_id: int, run_id: str
) -> None:
    """Put a trained model on the register; to be called inside `Lake.write`."""
    lake.execute(
        "models/insert_model.sql",
        model_id=record.model_id,
        stream=record.stream,
        members=record.members,
        trained_until=record.trained_until,
        parent_model_id=record.parent_model_id,
        n_steps=json.dumps(n_steps),
        seed=seed,
        snapshot_id=snapshot_id,
        config_hash=record.config_hash,
        uri=record.uri,
        checksum=record.checksum,
        run_id=run_id,
    )
