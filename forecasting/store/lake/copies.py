"""A throw-away copy of one stream's lake, in which proofs may change, delete and publish; the lake itself is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.lake.tables import PUBLISHED, TABLES
from forecasting.store.model_files import ModelFiles
from forecasting.store.tables.registry import ModelRecord

OF_STREAM = ("history.demand", "history.series", "history.ingests", "forecast.models", "forecast.decisions")
_INSTANT = timedelta(microseconds=1)
_SPOIL = (
    "proofs/change_demand.sql",
    "proofs/delete_demand.sql",
    "proofs/withdraw_demand.sql",
    "proofs/invent_demand.sql",
    "proofs/delete_series.sql",
    "proofs/change_series.sql",
    "proofs/delete_events.sql",
    "proofs/withdraw_events.sql",
    "proofs/invent_event.sql",
)
_FORECAST = ("forecast.publications", *PUBLISHED, "forecast.runs")
"""Tables of what was forecast and planned; a copy begins without."""


@dataclass(frozen=True)
class StreamRun:
    """A run in a copy, and the forecast rows that it left."""

    kind: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    rows: int


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder in TMPDIR that is gone afterwards."""
    with TemporaryDirectory(prefix="forecasting-proof-") as folder:
        yield Path(folder)


def settings_in(folder: Path, settings: Settings) -> Settings:
    """Settings of a lake and models in `folder`; definitions, their SQL and relative feeds are found as before."""
    lake = folder / "lake"
    own = {"catalog": f"sqlite:{lake / 'catalog.sqlite'}", "data": str(lake / "data"), "models": str(folder / "models")}
    return settings.model_copy(update=own)


def last_writer(settings: Settings) -> int | None:
    """Process that wrote last to an embedded lake, or is writing, as its lock file says."""
    lock = settings.writer_lock
    holder = lock.read_text(encoding="utf-8").strip() if lock and lock.exists() else ""
    return int(holder) if holder else None


def copy_stream(source: Settings, target: Settings, stream: str) -> None:
    """Make a new lake with the history and models of a stream, without its forecasts and plans.

    The source is read in one transaction, through files beside the target.
    """
    with scratch_folder() as between, open_lake_to_read(source) as lake:
        lake.connection.begin()
        for table in OF_STREAM:
            lake.execute("proofs/export_of_stream.sql", table=table, stream=stream, file=_file(between, table))
        lake.execute("proofs/export_events.sql", file=_file(between, "history.events"))
        with open_lake(target) as copy:

            def fill() -> None:
                for table in (*OF_STREAM, "history.events"):
                    copy.connection.read_parquet(_file(between, table)).insert_into(table)

            copy.write(fill, message=f"stream {stream} copied")
            if source.models != target.models:
                _copy_models(lake, copy, stream)


def _copy_models(lake: Lake, copy: Lake, stream: str) -> None:
    """Copy the files of a stream's models, as far as they are there."""
    files, copies = ModelFiles(lake), ModelFiles(copy)
    records = [ModelRecord(*row) for row in lake.rows("checks/register.sql", most=1_000_000)]
    for uri in [record.uri for record in records if record.stream == stream]:
        if contents := files.contents(uri):
            copies.put(uri, contents)


def delete_forecasts(lake: Lake, stream: str) -> None:
    """As if the stream had never been forecast; history and models stay."""

    def delete() -> None:
        for name in _FORECAST:
            lake.execute("templates/delete_of_stream.sql", of=TABLES[name], stream=stream)

    lake.write(delete, message=f"forecasts of {stream} deleted")


def delete_models(lake: Lake, stream: str, *, since: datetime) -> None:
    """As if no model of the stream had been trained at a boundary or later."""

    def delete() -> None:
        lake.execute("proofs/delete_models.sql", stream=stream, since=since)
        lake.execute("proofs/delete_decisions.sql", stream=stream, since=since)

    lake.write(delete, message=f"models of {stream} deleted")


def spoil(lake: Lake, stream: Stream, *, origin: datetime) -> int:
    """Change, delete, withdraw and invent whatever an origin must not know; returns the rows touched."""
    values: dict[str, Any] = {
        "stream": stream.name,
        "origin": origin,
        "after": origin + _INSTANT,
        "horizon": stream.stream.horizon,
    }
    return lake.write(
        lambda: sum(int(lake.rows(name, **values)[0][0]) for name in _SPOIL),
        message=f"spoil {stream.name} after {origin.isoformat()}",
    )


def runs_of(lake: Lake, stream: str) -> list[StreamRun]:
    """Runs of a stream in the order of their starts."""
    return [StreamRun(*row) for row in lake.rows("proofs/runs.sql", stream=stream)]


def publications_of(lake: Lake, stream: str) -> dict[datetime, int]:
    """How often each origin of a stream was published."""
    return dict(lake.rows("proofs/publications.sql", stream=stream))


def history_size(lake: Lake, stream: str) -> tuple[int, int]:
    """Values and ingests of a stream's history."""
    held, ingests = lake.rows("proofs/history_rows.sql", stream=stream)[0]
    return int(held), int(ingests)


def all_published(lake: Lake, stream: str, origin: datetime) -> pd.DataFrame:
    """Every column of what is published of an origin, forecasts and sums, but for the run."""
    texts = ["stream", "series_id", "tier", "stat", "period"]
    return lake.frame("proofs/published.sql", stream=stream, origin=origin, categories=texts)


def save_rows(rows: pd.DataFrame, file: Path) -> None:
    """Keep rows as a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(file, index=False)


def read_rows(file: Path) -> pd.DataFrame:
    """Rows that were kept."""
    return pd.read_parquet(file)


def _file(folder: Path, table: str) -> str:
    return str(folder / f"{table}.parquet")
