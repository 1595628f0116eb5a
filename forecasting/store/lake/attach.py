"""How DuckDB attaches the lake, and what its errors mean."""

import os
import shutil
from pathlib import Path
from tempfile import gettempdir

import duckdb
import duckdb_extensions

from forecasting.errors import LakeError
from forecasting.settings import Settings
from forecasting.store.lake.sql import first_line

ALIAS = "lake"
MEMORY_LIMIT = "3GB"
_BUSY = ("database is locked", "conflict", "could not serialize", "deadlock", "Failed to commit DuckLake transaction")
_FULL = ("No space left", "disk is full", "Disk quota exceeded")
_LEAST_ROOM = 1_000_000
"""Bytes; SQLite reports an I/O error where it finds less than it needs for its journal and shared memory."""


def connect(settings: Settings, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection of its own with the lake attached. Raises LakeError, which says why it cannot be."""
    beside = settings.catalog_file.parent if settings.catalog_file else Path(gettempdir())
    # pandas must not be mistaken for tables: a frame reaches SQL only when it is registered
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(beside / "spill"),
        "python_enable_replacements": False,
    }
    if not Path(
        os.environ.get("HOME") or "/nowhere"
    ).is_dir():  # a service may have none; DuckDB looks for extensions there
        config["home_directory"] = str(beside)
    connection = duckdb.connect(config=config)
    try:
        # DuckDB takes a program without a file (`python -c`, a spawned process) for a person who waits at a prompt
        connection.execute("set enable_progress_bar = false")
        load_extension(connection, "ducklake")
        load_extension(connection, "sqlite_scanner" if settings.catalog_file else "postgres_scanner")
        if "://" in settings.data:
            load_extension(connection, "httpfs")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(attach_statement(settings, read_only=read_only))
        connection.execute(f"use {ALIAS}")
    except duckdb.Error as error:
        connection.close()
        raise LakeError(_why_not(settings, error)) from error
    return connection


def attach_statement(settings: Settings, *, read_only: bool) -> str:
    """The ATTACH statement that any DuckDB client with the ducklake extension can run."""
    options = [f"DATA_PATH {_literal(settings.data)}"]
    if settings.catalog_file:
        options += ["META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 10000"]
    if read_only:
        options.append("READ_ONLY")
    return f"ATTACH {_literal(f'ducklake:{settings.catalog}')} AS {ALIAS} ({', '.join(options)})"


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel, else as DuckDB finds it (installed before, or from its own repository)."""
    try:
        duckdb_extensions.import_extension(name, con=connection)
    except (ImportError, KeyError, FileNotFoundError):
        connection.install_extension(name)
    connection.load_extension(name)


def is_busy(error: Exception) -> bool:
    """Whether another process was first."""
    return _is(error, _BUSY)


def is_full(error: Exception, settings: Settings) -> bool:
    """Whether a disk had no room."""
    if settings.catalog_file and _is(error, ("disk I/O error",)):
        return shutil.disk_usage(settings.catalog_file.parent).free < _LEAST_ROOM
    return _is(error, _FULL)


def full_message(settings: Settings, place: str) -> str:
    """The message of an error for a full disk."""
    return (
        f"{settings.data}: the disk is full ({place}); nothing was published and what was published before stays; "
        "free space and run again"
    )


def _why_not(settings: Settings, error: duckdb.Error) -> str:
    place = settings.catalog_file or settings.catalog
    if is_full(error, settings):
        return full_message(settings, "attach")
    if settings.catalog_file and ("readonly" in str(error) or not os.access(settings.catalog_file.parent, os.W_OK)):
        return (
            f"{place}: this user may not write the catalog's folder, which an embedded catalog needs even to read; "
            "ask for write permission or use a PostgreSQL catalog with a read-only role"
        )
    if _is(error, ("does not match existing data path",)):
        return f"{place}: this lake keeps its data elsewhere: {first_line(error)}; set FORECASTING_DATA to that folder"
    if is_busy(error):
        return f"{place}: the catalog is locked by another program; close it and try again"
    return (
        f"{place}: the catalog cannot be read: {first_line(error)}; restore it from a backup or set FORECASTING_CATALOG"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _is(error: Exception, marks: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(mark.lower() in text for mark in marks)
