"""Reading the lake: analysts' queries, and lists of runs and models."""

import logging

import duckdb
import pandas as pd

from forecasting.errors import QueryError, SettingsError
from forecasting.settings import Settings
from forecasting.store.files.definitions import definition_paths, read_definition_file
from forecasting.store.lake.attach import attach_statement
from forecasting.store.lake.lake import as_frame
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.lake.sql import first_line
from forecasting.store.tables.registry import list_models
from forecasting.store.tables.runs import list_runs

logger = logging.getLogger(__name__)


def run(settings: Settings, query: str) -> pd.DataFrame:
    """Rows of one statement, asked read-only. Raises QueryError with DuckDB's own words where it is wrong."""
    with open_lake_to_read(settings) as lake:
        try:
            return as_frame(lake.connection.execute(query))
        except duckdb.Error as error:
            hint = "see `select * from analyst.dictionary`"
            if lake.pending():
                hint = "this lake was made by an older version: bring it up to date with `forecasting maintain`"
            raise QueryError(f"query: {first_line(error)}; {hint}") from error


def runs(settings: Settings, *, stream: str | None, most: int) -> pd.DataFrame:
    """Newest executions."""
    with open_lake_to_read(settings) as lake:
        return list_runs(lake, stream=stream, most=most)


def models(settings: Settings, *, stream: str | None) -> pd.DataFrame:
    """Trained models, newest first, and which is champion of its stream's present definition."""
    with open_lake_to_read(settings) as lake:
        return list_models(lake, stream=stream, definitions=_present_definitions(settings))


def _present_definitions(settings: Settings) -> list[str]:
    """Config hashes of the definitions; of one that cannot be read no model forecasts."""
    present = []
    for path in definition_paths(settings).values():
        try:
            present.append(read_definition_file(settings, path).stream.config_hash)
        except SettingsError as error:
            logger.warning("%s", error)
    return present


def attach(settings: Settings, *, read_only: bool) -> str:
    """Statements that attach the lake in a DuckDB client: extensions, ATTACH, USE."""
    scanner = "sqlite" if settings.catalog_file else "postgres"
    return "\n".join(
        ("INSTALL ducklake;", f"INSTALL {scanner};", f"{attach_statement(settings, read_only=read_only)};", "USE lake;")
    )
