"""The files that DuckLake wrote into a data folder, of this machine or of an object store."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

_DATA_FILE = re.compile(r"(?:[^/=]+=[^/]*/)*ducklake-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-delete)?\.parquet")
"""How DuckLake names what it writes, below a table's folder: in the folder itself or in those of its partitions."""


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


def stored_files(connection: duckdb.DuckDBPyConnection, folders: Iterable[str]) -> list[StoredFile]:
    """Files of these folders of tables that lie and are named as DuckLake's do, in the order of their paths."""
    found: list[StoredFile] = []
    for folder in folders:
        every = objects(connection, f"{folder}**/ducklake-*.parquet") if is_remote(folder) else _local_files(folder)
        start = len(folder.rstrip("/") if is_remote(folder) else str(Path(folder))) + 1
        found += [file for file in every if _DATA_FILE.fullmatch(file.path[start:])]
    return sorted(found, key=lambda one: one.path)


def remove_local(paths: Iterable[str]) -> None:
    """Remove files of this machine; one that is gone already is no error."""
    for path in paths:
        Path(path).unlink(missing_ok=True)


def _local_files(folder: str) -> list[StoredFile]:
    found = []
    for path in Path(folder).rglob("ducklake-*.parquet"):
        try:
            state = path.stat()
        except FileNotFoundError:  # removed meanwhile
            continue
        found.append(StoredFile(str(path), state.st_size, datetime.fromtimestamp(state.st_mtime, UTC)))
    return found


def objects(connection: duckdb.DuckDBPyConnection, pattern: str) -> list[StoredFile]:
    """What a pattern of addresses matches in an object store."""
    if not connection.execute("select file from glob($pattern)", {"pattern": pattern}).fetchone():
        return []
    rows = connection.execute(
        "select filename, size, last_modified from read_blob($pattern)", {"pattern": pattern}
    ).fetchall()
    return [StoredFile(*row) for row in rows]
