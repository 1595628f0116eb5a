"""How DuckDB attaches the lake."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar

import duckdb

from forecasting.errors import LakeBusyError, LakeError
from forecasting.settings import Settings
from forecasting.store.access.extensions import literal, load_extension
from forecasting.store.access.objects import load_store, uses_store
from forecasting.store.lake.faults import (
    LakeFault,
    cause_of,
    denied_message,
    fault_of,
    full_message,
    is_of_store,
    lost_message,
)
from forecasting.store.lake.sql import first_line

T = TypeVar("T")

ALIAS = "lake"
MEMORY_LIMIT = "3GB"
RECONNECT_SECONDS = 30.0
"""A server that restarts is back by then."""

KEEPALIVE = "connect_timeout=10 keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000"
"""For libpq: a connection whose other side was switched off, or which a network has forgotten, ends in half a minute.
Without, it is waited for as long as the system does: two hours."""


class NotMadeError(LakeError):
    """There is no lake in this catalog yet."""


def connect(
    settings: Settings, *, read_only: bool, create: bool = False, moved: bool = False
) -> duckdb.DuckDBPyConnection:
    """A connection of its own with the lake attached.

    create: make the lake where the catalog is empty. moved: whether its data may lie elsewhere than the catalog says.
    Raises NotMadeError for an empty catalog, LakeBusyError where its server stays away, else LakeError, which says why
    it cannot be attached.
    """

    watchful = settings.model_copy(update={"catalog": f"{settings.catalog.partition(':')[0]}:{_place_of(settings)}"})

    def attached() -> duckdb.DuckDBPyConnection:
        # a new one each time: one whose server went away while it attached may keep half of the lake
        connection = session(settings)
        try:
            connection.execute(attach_statement(watchful, read_only=read_only, create=create, moved=moved))
            connection.execute(f"use {ALIAS}")
        except duckdb.Error:
            connection.close()
            raise
        return connection

    try:
        return patiently(settings, attached)
    except duckdb.Error as error:
        raise why_not(settings, error) from error


def patiently(settings: Settings, action: Callable[[], T]) -> T:
    """What an action returns that is free to be done again; while a server is away it is, for `RECONNECT_SECONDS`."""
    jitter = random.Random()
    deadline = time.monotonic() + RECONNECT_SECONDS
    while True:
        try:
            return action()
        except duckdb.Error as error:
            if fault_of(error, settings) is not LakeFault.LOST or time.monotonic() >= deadline:
                raise
        time.sleep(jitter.uniform(0.2, 2.0))


def session(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection without the lake that can read where the lake's data lie."""
    beside = settings.catalog_file.parent if settings.catalog_file else Path(gettempdir())
    # pandas must not be mistaken for tables: a frame reaches SQL only when it is registered
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(beside / "spill"),
        "python_enable_replacements": False,
    }
    # a service may have no home, where DuckDB looks for extensions
    if not Path(os.environ.get("HOME") or "/nowhere").is_dir():
        config["home_directory"] = str(beside)
    connection = duckdb.connect(config=config)
    try:
        # DuckDB takes a program without a file (`python -c`, a spawned process) for a person who waits at a prompt
        connection.execute("set enable_progress_bar = false")
        load_extension(connection, "ducklake")
        load_extension(connection, scanner_of(settings))
        if uses_store(settings):
            load_store(connection, settings.store)
        connection.execute("set TimeZone = 'UTC'")
    except duckdb.Error as error:
        connection.close()
        raise why_not(settings, error) from error
    return connection


def attach_statement(
    settings: Settings,
    *,
    read_only: bool,
    create: bool = True,
    moved: bool = False,
    alias: str = ALIAS,
    snapshot_id: int | None = None,
) -> str:
    """The ATTACH statement that any DuckDB client with the ducklake extension can run.

    alias: name of the lake there. snapshot_id: of the past that is read; the present when None.
    """
    options = [f"DATA_PATH {literal(settings.data)}"]
    if moved:
        options.append("OVERRIDE_DATA_PATH true")
    if settings.catalog_file:
        options += ["META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 10000"]
    if not create:
        options.append("CREATE_IF_NOT_EXISTS false")
    if read_only:
        options.append("READ_ONLY")
    if snapshot_id is not None:
        options.append(f"SNAPSHOT_VERSION {snapshot_id}")
    return f"ATTACH {literal(f'ducklake:{settings.catalog}')} AS {alias} ({', '.join(options)})"


def scanner_of(settings: Settings) -> str:
    """The extension that reads the catalog."""
    return "sqlite_scanner" if settings.catalog_file else "postgres_scanner"


def server_address(settings: Settings) -> str:
    """The connection of the catalog's server, as SQL text."""
    return literal(_place_of(settings))


def _place_of(settings: Settings) -> str:
    """What follows the kind of the catalog: a file, or a connection that notices when the other side is gone."""
    place = settings.catalog.partition(":")[2]
    # what the setting says of these itself comes later, and so counts
    return place if settings.catalog_file or "://" in place else f"{KEEPALIVE} {place}"


def why_not(settings: Settings, error: duckdb.Error) -> LakeError:
    """The error for a lake that cannot be attached."""
    place = settings.catalog_file or settings.catalog
    text = str(error)
    fault = fault_of(error, settings)
    if "creating a new DuckLake is explicitly disabled" in text:
        return NotMadeError(f"{place}: no lake here yet; run `forecasting ingest` first or set FORECASTING_CATALOG")
    if fault is LakeFault.FULL:
        return LakeError(full_message(settings, "attach"))
    if settings.catalog_file and ("readonly" in text or not os.access(settings.catalog_file.parent, os.W_OK)):
        return LakeError(
            f"{place}: this user may not write the catalog's folder, which an embedded catalog needs even to read; "
            "ask for write permission or use a PostgreSQL catalog with a read-only role"
        )
    if "does not match existing data path" in text:
        return LakeError(
            f"{place}: this lake keeps its data elsewhere: {first_line(error)}; set FORECASTING_DATA to that folder, "
            "or, if the lake was moved or copied, run `forecasting lake claim`"
        )
    if fault is LakeFault.LOST and is_of_store(error):
        return LakeBusyError(lost_message(settings, error, "opening"))
    if fault in (LakeFault.LOST, LakeFault.BROKEN):
        return LakeBusyError(f"{place}: the catalog's server cannot be reached: {cause_of(error)}; try again later")
    if fault is LakeFault.BUSY:
        return LakeBusyError(f"{place}: the catalog is locked by another program; close it and try again")
    if fault is LakeFault.DENIED:
        return LakeError(denied_message(settings, error))
    if settings.catalog_file is None:
        return LakeError(f"{place}: the catalog cannot be opened: {cause_of(error)}; correct FORECASTING_CATALOG")
    return LakeError(
        f"{place}: the catalog cannot be read: {first_line(error)}; restore it from a backup or set FORECASTING_CATALOG"
    )
