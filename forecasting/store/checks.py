"""Checks of a lake from outside: that its keys hold, what its files and folders are like, what reads it.

DuckLake enforces no key. Each check is one query that counts what breaks a rule and shows the first of it.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb

from forecasting.settings import Settings
from forecasting.store.access.objects import uses_store
from forecasting.store.files.stored import is_remote
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.tables import COUNTED, TABLES, LakeTable
from forecasting.store.tables.registry import ModelRecord

EXTENSIONS = {
    "ducklake": "ducklake",
    "sqlite_scanner": "sqlite-scanner",
    "postgres_scanner": "postgres-scanner",
    "httpfs": "httpfs",
}
"""Extensions that read the lake, and the last part of the name of their wheel."""


class Remedy(StrEnum):
    """What puts right the rows that break a rule."""

    RESTORE = "restore"
    """A backup."""
    FORECAST = "forecast"
    """Their origins, forecast and published again."""
    PLAN = "plan"
    """Their origins, planned again."""


@dataclass(frozen=True)
class LakeCheck:
    """A rule that rows of the lake keep, and the query that finds those that do not."""

    query: str
    table: str
    rule: str
    """What is expected, in words."""
    remedy: Remedy
    of: LakeTable | None = None
    """The table that the query, a template, is filled in for."""


@dataclass(frozen=True)
class Broken:
    """How many rows or keys break a rule, and the first of them."""

    failed: int
    first: str | None
    origins: Sequence[datetime] | None = None
    """Of forecasts: the origins that they belong to, ascending."""
    plans: Sequence[datetime] | None = None
    """Of plans: the same."""


@dataclass(frozen=True)
class StreamOnRecord:
    """A stream that the lake knows."""

    name: str
    known_until: datetime | None
    """Its watermark; None where it was never ingested."""
    origin: datetime | None
    """Its newest published origin."""


def _key_of(table: LakeTable) -> LakeCheck:
    """The rule that no two rows of a table have the same key."""
    schema = table.name.partition(".")[0]
    remedy = (Remedy.PLAN if schema == "planning" else Remedy.FORECAST) if table.published else Remedy.RESTORE
    rule = f"one row for each {', '.join(table.key)}"
    template = "templates/repeated_published_keys.sql" if table.published else "templates/repeated_keys.sql"
    return LakeCheck(template, table.name, rule, remedy, of=table)


# a forecast and a plan of one origin may be published at the same moment: publications have a query of their own
_KEYED = [table for table in TABLES.values() if table.name != "forecast.publications"]

EVERYWHERE = (
    *(_key_of(table) for table in _KEYED if table.dated_by is None),
    LakeCheck(
        "checks/decisions_models.sql", "forecast.decisions", "only models that are on the register", Remedy.RESTORE
    ),
    LakeCheck(
        "checks/series_sound.sql",
        "history.series",
        "attributes of named series, without control characters",
        Remedy.RESTORE,
    ),
)
"""Rules of small tables, which are read whole."""

OF_QUARANTINE = tuple(_key_of(table) for table in _KEYED if table.dated_by == "seen_at")
"""Rules of a stream's rejected rows, from a moment on."""

OF_HISTORY = (
    *(_key_of(table) for table in _KEYED if table.dated_by == "ts"),
    LakeCheck(
        "checks/demand_sound.sql", "history.demand", "finite values, none below zero, of named series", Remedy.RESTORE
    ),
    LakeCheck("checks/demand_known.sql", "history.demand", "no value known before its interval begins", Remedy.RESTORE),
)
"""Rules of a stream's history, from an interval on."""

_ORDERED = "finite quantiles that do not cross"
_ON_RECORD = "only forecasts that are on record"

OF_FORECASTS = (
    LakeCheck(
        "checks/publications_key.sql", "forecast.publications", "one row a moment of publication", Remedy.RESTORE
    ),
    LakeCheck("checks/publications_run.sql", "forecast.publications", "only runs that are on record", Remedy.RESTORE),
    LakeCheck("checks/publications_rows.sql", "forecast.publications", "as many rows as are claimed", Remedy.FORECAST),
    *(_key_of(table) for table in _KEYED if table.dated_by == "origin"),
    LakeCheck("checks/forecasts_ahead.sql", "forecast.forecasts", "intervals after the origin", Remedy.FORECAST),
    LakeCheck("checks/forecasts_crossing.sql", "forecast.forecasts", _ORDERED, Remedy.FORECAST),
    LakeCheck("checks/aggregates_crossing.sql", "forecast.aggregates", _ORDERED, Remedy.FORECAST),
    LakeCheck("checks/aggregates_alone.sql", "forecast.aggregates", "only of runs with forecast rows", Remedy.FORECAST),
    LakeCheck("checks/paths_sound.sql", "forecast.paths", "finite values", Remedy.FORECAST),
    LakeCheck("checks/plans_lineage.sql", "planning.staffing", _ON_RECORD, Remedy.RESTORE),
    LakeCheck("checks/staffing_sound.sql", "planning.staffing", "possible numbers, after the origin", Remedy.PLAN),
    LakeCheck("checks/staffing_falls.sql", "planning.staffing", "no fewer agents for a higher confidence", Remedy.PLAN),
    LakeCheck("checks/capacity_sound.sql", "planning.capacity", "possible numbers and dates", Remedy.PLAN),
    LakeCheck("checks/capacity_lineage.sql", "planning.capacity", _ON_RECORD, Remedy.RESTORE),
    LakeCheck(
        "checks/runout_falls.sql", "planning.runout", "probabilities that do not fall with the date", Remedy.PLAN
    ),
)
"""Rules of a stream's current forecasts and of the plans made from them, from an origin on. What they replaced stays as
it is: nothing can issue it again."""


def streams_on_record(lake: Lake) -> list[StreamOnRecord]:
    """Streams that were ever ingested or published, by name."""
    return [StreamOnRecord(*row) for row in lake.rows("checks/streams.sql")]


def find_broken(lake: Lake, check: LakeCheck, **values: Any) -> Broken:
    """What breaks a rule. values: stream and since, where the rule is one of a stream."""
    failed, first, *origins = lake.rows(check.query, of=check.of, tables=list(COUNTED), **values)[0]
    return Broken(failed, first, None, *origins) if check.remedy is Remedy.PLAN else Broken(failed, first, *origins)


def registered_models(lake: Lake, *, most: int) -> list[ModelRecord]:
    """Of each stream the newest so many models on the register."""
    return [ModelRecord(*row) for row in lake.rows("checks/register.sql", most=most)]


def schema_gap(lake: Lake) -> tuple[list[str], list[str]]:
    """Schema and view files that the lake lacks, and schema files it has that this version of the package lacks.

    A view whose text changed is not lacking: it answers, and the next job brings it up to date.
    """
    applied = (
        {name for name, _ in lake.rows("lake/migrations.sql")} if lake.rows("lake/has_migrations.sql")[0][0] else set()
    )
    known = {f"{folder}/{path.name}" for folder in ("schema", "views") for path in lake.files.folder(folder)}
    newer = {name for name in applied - known if name.startswith("schema/")}
    return sorted(known - applied), sorted(newer)


def extension_versions(settings: Settings) -> dict[str, str | None]:
    """Version of the wheel of each extension that the lake needs; None where it comes without a wheel."""
    catalog = "sqlite_scanner" if settings.catalog_file else "postgres_scanner"
    store = ("httpfs",) if uses_store(settings) else ()
    return {name: _wheel(EXTENSIONS[name]) for name in ("ducklake", catalog, *store)}


def duckdb_version() -> str:
    """Version of the database library in use."""
    return duckdb.__version__


def folders_of(settings: Settings) -> dict[str, Path]:
    """Local folders that jobs write to, by what is kept there."""
    places = {"models": settings.models, "data": settings.data}
    folders = {kind: Path(place) for kind, place in places.items() if not is_remote(place)}
    return folders | ({"catalog": settings.catalog_file.parent} if settings.catalog_file else {})


def why_not_writable(folder: Path) -> str | None:
    """Why nothing can be written to a folder, or to the nearest one above it that exists; None where it can."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return None
    except OSError as error:
        return error.strerror or str(error)


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder that may not exist yet."""
    return shutil.disk_usage(_existing(folder)).free


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def _wheel(name: str) -> str | None:
    try:
        return version(f"duckdb-extension-{name}")
    except PackageNotFoundError:
        return None
