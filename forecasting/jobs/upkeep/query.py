"""Reading the lake: analysts' queries, and lists of runs and models."""

import logging
from collections.abc import Sequence

import duckdb
import pandas as pd

from forecasting.errors import SettingsError
from forecasting.redaction import redact
from forecasting.settings import Settings
from forecasting.store.access.extensions import extension_file, literal
from forecasting.store.access.objects import secret_statement
from forecasting.store.files.definitions import definition_paths, read_definition_file
from forecasting.store.lake.attach import attach_statement, scanner_of
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.queries.answer import answer, open_lake_to_query
from forecasting.store.tables.registry import list_models
from forecasting.store.tables.runs import list_runs
from forecasting.terms import parse_duration

logger = logging.getLogger(__name__)

TIMEOUT = "10min"
"""Longer than any question of a planner; a query that was meant otherwise does not keep a processor busy for good."""


def run(settings: Settings, query: str, *, timeout: str = TIMEOUT) -> pd.DataFrame:
    """Rows of one SELECT, which reads the lake and nothing else, as `store/queries/answer.py` says.

    timeout: how long it may take, such as `10min`. Raises QueryError with DuckDB's own words where it is wrong.
    """
    try:
        limit = parse_duration(timeout)
    except ValueError as error:
        raise SettingsError(f"--timeout: {error}") from error
    with open_lake_to_query(settings) as lake:
        return answer(lake, query, limit=limit)


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
    """Statements that attach the lake in a DuckDB client: extensions, ATTACH, USE. They hold no secret.

    Extensions are loaded from the files that this environment has, which needs no network; they fit clients of the same
    version on this machine, or wherever the files are copied to.
    """
    statement = attach_statement(settings, read_only=read_only)
    shown = redact(statement)
    hint = () if shown == statement else ("-- replace *** by the secret, or keep it in ~/.pgpass or a DuckDB secret",)
    names = ["ducklake", scanner_of(settings), *(["httpfs"] if "://" in settings.data else [])]
    store: tuple[str, ...] = ()
    if "://" in settings.data:
        keys = "-- with a reader's own KEY_ID and SECRET; not needed where a stored secret of DuckDB's has them"
        store = (keys, f"{redact(secret_statement(settings.store))};")
    return "\n".join((*_clients(names), *hint, *_loads(names), *store, f"{shown};", "USE lake;"))


def _clients(names: Sequence[str]) -> tuple[str, ...]:
    version = duckdb.__version__
    minor = version.rpartition(".")[0]
    if all(extension_file(name) for name in names):
        return (
            f"-- for DuckDB {version} on this machine, without a network; with one, any client of {minor} does with",
            f"-- {' '.join(f'INSTALL {name};' for name in names)} and LOAD by name. Other versions were not tried.",
        )
    return (f"-- for clients of DuckDB {minor}, which fetch these extensions",)


def _loads(names: Sequence[str]) -> tuple[str, ...]:
    files = [extension_file(name) for name in names]
    if all(files):
        return tuple(f"LOAD {literal(str(file))};" for file in files)
    return tuple(f"{verb} {name};" for name in names for verb in ("INSTALL", "LOAD"))
