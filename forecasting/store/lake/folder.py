"""The folder that holds a lake's data: its marker, which says whose it is, and the files that DuckLake wrote into it.

A folder is one of this machine's or a prefix of an object store, which DuckDB reads and writes.
"""

import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from forecasting.errors import LakeError

MARKER = "forecasting-lake.json"
_DATA_FILE = re.compile(r"ducklake-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-delete)?\.parquet")
"""How DuckLake names what it writes."""


@dataclass(frozen=True)
class Marker:
    """Whose the data are, as a file beside them says."""

    lake_id: str
    """As in the catalog."""
    catalog: str
    """Where the catalog is that writes here."""
    snapshot_id: int
    """The newest snapshot whose data are here."""
    token: str | None
    """What distinguishes that snapshot from another of its number; None where a foreign program wrote it."""
    doubt: str | None = None
    """Why files that the catalog does not know may be needed all the same, until somebody claims the folder."""
    claimed_at: str | None = None
    """When somebody did, ISO 8601: what the catalog does not know of earlier files is no longer needed."""


@dataclass(frozen=True)
class StoredFile:
    """A file that DuckLake wrote."""

    path: str
    size: int
    """Bytes."""
    modified: datetime


def is_remote(data: str) -> bool:
    """Whether the folder is a prefix of an object store."""
    return "://" in data


def read_marker(connection: duckdb.DuckDBPyConnection, data: str) -> Marker | None:
    """The marker of a folder, None where it has none. Raises LakeError where it is damaged, duckdb.Error or OSError
    where it cannot be read."""
    text = _read(connection, data)
    if text is None:
        return None
    names = {field.name for field in fields(Marker)}
    try:
        return Marker(**{name: value for name, value in json.loads(text).items() if name in names})
    except (ValueError, TypeError, AttributeError) as error:
        raise LakeError(
            f"{_place(data)}: damaged: it should say in JSON which lake these data belong to; restore it from a "
            "backup, or remove it, if you are sure that FORECASTING_CATALOG is the catalog of these data"
        ) from error


def write_marker(connection: duckdb.DuckDBPyConnection, data: str, marker: Marker) -> None:
    """Replace the marker of a folder as a whole."""
    text = json.dumps(asdict(marker)) + "\n"
    if is_remote(data):
        line = connection.sql("select $text as line", params={"text": text.rstrip()})
        line.write_csv(_place(data), header=False, quotechar="", escapechar="", sep="\x01")
        return
    with _hidden(data, text) as hidden:
        hidden.replace(_place(data))


def create_marker(connection: duckdb.DuckDBPyConnection, data: str, marker: Marker) -> Marker:
    """Write the marker unless there is one by now; returns the one that is there."""
    if is_remote(data):
        write_marker(connection, data, marker)
    else:
        Path(data).mkdir(parents=True, exist_ok=True)
        with _hidden(data, json.dumps(asdict(marker)) + "\n") as hidden, suppress(FileExistsError):
            # unlike a renaming, this fails where another process was first
            os.link(hidden, _place(data))
    return read_marker(connection, data) or marker


def stored_files(connection: duckdb.DuckDBPyConnection, folders: Iterable[str]) -> list[StoredFile]:
    """Files below these folders that bear a name of DuckLake's, in the order of their paths."""
    found: list[StoredFile] = []
    for folder in folders:
        found += _remote_files(connection, folder) if is_remote(folder) else _local_files(folder)
    return sorted(
        (file for file in found if _DATA_FILE.fullmatch(file.path.rpartition("/")[2])), key=lambda one: one.path
    )


def first_of_a_lake(connection: duckdb.DuckDBPyConnection, data: str, tables: Sequence[str]) -> str | None:
    """The marker of a folder, or the first file of one of these tables in it; None where no lake lives there.

    tables: schema and table, such as `history.demand`.
    """
    if _read(connection, data) is not None:
        return _place(data)
    folders = [f"{data.rstrip('/')}/{table.replace('.', '/')}/" for table in tables]
    return next((file.path for file in stored_files(connection, folders)), None)


def remove_local(paths: Iterable[str]) -> None:
    """Remove files of this machine; one that is gone already is no error."""
    for path in paths:
        Path(path).unlink(missing_ok=True)


@contextmanager
def _hidden(data: str, text: str) -> Iterator[Path]:
    """A whole file beside the marker, which is to take its place."""
    hidden = Path(data) / f".{MARKER}.{os.getpid()}.{threading.get_ident()}"
    try:
        hidden.write_text(text, encoding="utf-8")
        yield hidden
    finally:
        hidden.unlink(missing_ok=True)


def _read(connection: duckdb.DuckDBPyConnection, data: str) -> str | None:
    if not is_remote(data):
        try:
            return Path(_place(data)).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
    # a pattern: one that nothing matches is no error
    pattern = _place(data).removesuffix("n") + "[n]"
    names = connection.execute("select file from glob($pattern)", {"pattern": pattern}).fetchall()
    if not names:
        return None
    found: tuple[Any, ...] | None = connection.execute(
        "select content from read_text($file)", {"file": names[0][0]}
    ).fetchone()
    return str(found[0]) if found else None


def _place(data: str) -> str:
    return f"{data.rstrip('/')}/{MARKER}"


def _local_files(folder: str) -> list[StoredFile]:
    found = []
    for path in Path(folder).rglob("ducklake-*.parquet"):
        try:
            state = path.stat()
        except FileNotFoundError:  # removed meanwhile
            continue
        found.append(StoredFile(str(path), state.st_size, datetime.fromtimestamp(state.st_mtime, UTC)))
    return found


def _remote_files(connection: duckdb.DuckDBPyConnection, folder: str) -> list[StoredFile]:
    pattern = f"{folder}**/ducklake-*.parquet"
    if not connection.execute("select file from glob($pattern)", {"pattern": pattern}).fetchone():
        return []
    rows = connection.execute(
        "select filename, size, last_modified from read_blob($pattern)", {"pattern": pattern}
    ).fetchall()
    return [StoredFile(*row) for row in rows]
