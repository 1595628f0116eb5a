"""The marker of a data folder, which says whose the data are.

A folder is one of this machine's or a prefix of an object store, which DuckDB reads and writes.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import duckdb

from forecasting.errors import LakeError
from forecasting.store.files.stored import is_remote

MARKER = "forecasting-lake.json"


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
            f"{marker_of(data)}: damaged: it should say in JSON which lake these data belong to; restore it from a "
            "backup, or remove it, if you are sure that FORECASTING_CATALOG is the catalog of these data"
        ) from error


def has_marker(connection: duckdb.DuckDBPyConnection, data: str) -> bool:
    """Whether a folder has a marker, sound or not."""
    return _read(connection, data) is not None


def write_marker(connection: duckdb.DuckDBPyConnection, data: str, marker: Marker) -> None:
    """Replace the marker of a folder as a whole."""
    text = json.dumps(asdict(marker)) + "\n"
    if is_remote(data):
        connection.execute(
            "copy (select $content::blob) to $file (format blob)", {"content": text.encode(), "file": marker_of(data)}
        )
        return
    with _hidden(data, text) as hidden:
        hidden.replace(marker_of(data))


def create_marker(connection: duckdb.DuckDBPyConnection, data: str, marker: Marker) -> Marker:
    """Write the marker unless there is one by now; returns the one that is there."""
    if is_remote(data):
        write_marker(connection, data, marker)
    else:
        Path(data).mkdir(parents=True, exist_ok=True)
        with _hidden(data, json.dumps(asdict(marker)) + "\n") as hidden, suppress(FileExistsError):
            # unlike a renaming, this fails where another process was first
            os.link(hidden, marker_of(data))
    return read_marker(connection, data) or marker


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
            return Path(marker_of(data)).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
    # a pattern: one that nothing matches is no error
    pattern = marker_of(data).removesuffix("n") + "[n]"
    names = connection.execute("select file from glob($pattern)", {"pattern": pattern}).fetchall()
    if not names:
        return None
    found: tuple[Any, ...] | None = connection.execute(
        "select content from read_text($file)", {"file": names[0][0]}
    ).fetchone()
    return str(found[0]) if found else None


def marker_of(data: str) -> str:
    """Path of the marker of a folder."""
    return f"{data.rstrip('/')}/{MARKER}"
