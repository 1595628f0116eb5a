"""A lake copied into another catalog, data folder and models folder, and compared with what it was copied from.

Tables are copied as rows of one snapshot, not as files: so between any two kinds of catalogs and stores. What the copy
lacks are the older snapshots of the lake, not older values: those are rows.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from forecasting.errors import LakeError, SettingsError
from forecasting.settings import Settings
from forecasting.store.access.extensions import load_extension
from forecasting.store.access.objects import load_store, uses_store
from forecasting.store.files.models import MANIFEST, checksum_of_files
from forecasting.store.lake.attach import attach_statement, scanner_of
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.lake.tables import TABLES, LakeTable
from forecasting.store.model_files import ModelFiles
from forecasting.store.tables.registry import model_uris

SOURCE = "source"
"""Name under which the lake that is copied is attached beside the other."""
_OWN = ("meta.migrations",)
"""Tables that every lake fills by itself."""
_LAST = ("forecast.publications",)
"""What makes rows seen comes after them."""


@dataclass(frozen=True)
class Compared:
    """A table, or the models, of both lakes."""

    what: str
    rows: int
    digest: str
    """Of all rows, whatever their order; of models, of all their files."""
    copied_rows: int
    copied_digest: str

    @property
    def is_equal(self) -> bool:
        return (self.rows, self.digest) == (self.copied_rows, self.copied_digest)


def copy_lake(source: Settings, target: Settings, *, begin: Callable[[str], None]) -> Iterator[Compared]:
    """Copy what the source holds now, table by table, then the files of its models; what is there already is left.

    The source is only read. Killed at any moment, the next call goes on. begin: called with what is copied next.
    Raises SettingsError where both are the same place, LakeError where the source is of an older version or the target
    is in use: something else than this was ever written there.
    """
    _require_apart(source, target)
    with open_lake_to_read(source) as lake:
        lake.require_present_tables()
        snapshot_id, message = lake.snapshot_id(), f"moved from lake {lake.ownership.lake_id()}"
    with open_lake(target) as copy:
        _require_unused(copy, message)
        with _attached(copy, source, snapshot_id):
            tables = sorted((table for table in TABLES if table not in _OWN), key=lambda table: table in _LAST)
            for table in tables:
                begin(f"lake move: {table}")
                yield _copy_table(copy, TABLES[table], message)
        with open_lake_to_read(source) as lake:
            begin("lake move: models")
            yield _copy_models(lake, copy)


def _require_apart(source: Settings, target: Settings) -> None:
    same = [
        name for name in ("catalog", "data") if getattr(source, name).rstrip("/") == getattr(target, name).rstrip("/")
    ]
    if same:
        raise SettingsError(
            f"lake move: the lake would keep its {same[0]} ({getattr(source, same[0])}); a lake is moved with its "
            "catalog and its data: name another --catalog and another --data, or another --home"
        )


def _require_unused(copy: Lake, message: str) -> None:
    ((number, first),) = copy.rows("move/foreign_commits.sql", message=message)
    if number:
        raise LakeError(
            f"{copy.settings.catalog}: expected no lake, or one that this move began, found one that was written to "
            f"{number} times, first: {first}; nothing was changed; name another --catalog and --data, or --home"
        )


@contextmanager
def _attached(copy: Lake, source: Settings, snapshot_id: int) -> Iterator[None]:
    """The lake that is copied, as of a snapshot, on the connection of the copy."""
    load_extension(copy.connection, scanner_of(source))
    if uses_store(source):
        load_store(copy.connection, source.store)
    statement = attach_statement(source, read_only=True, create=False, alias=SOURCE, snapshot_id=snapshot_id)
    copy.connection.execute(statement)
    try:
        yield
    finally:
        copy.connection.execute(f"detach {SOURCE}")


def _copy_table(copy: Lake, table: LakeTable, message: str) -> Compared:
    source = f"{SOURCE}.{table.name}"
    expected, found = _digest(copy, source), _digest(copy, table.name)
    if found != expected:
        copy.write(partial(_fill, copy, table, source), message=message)
        found = _digest(copy, table.name)
    return Compared(table.name, *expected, *found)


def _fill(copy: Lake, table: LakeTable, source: str) -> None:
    copy.execute("templates/delete_rows.sql", of=table)  # of a move before this one
    copy.execute("templates/copy_table.sql", of=table, source=source)


def _digest(lake: Lake, table: str) -> tuple[int, str]:
    ((rows, digest),) = lake.rows("move/digest.sql", table=table)
    return int(rows), str(digest)


def _copy_models(lake: Lake, copy: Lake) -> Compared:
    """Copy the files of all models on the register as they are, damaged ones too, each under its name."""
    files, copies = ModelFiles(lake), ModelFiles(copy)
    expected, found = [], []
    for uri in sorted(model_uris(lake)):
        contents = files.contents(uri)
        held = copies.contents(uri)
        if held != contents and MANIFEST in contents:
            copies.put(uri, contents)
            held = copies.contents(uri)
        expected += [checksum_of_files(contents)] if MANIFEST in contents else []
        found += [checksum_of_files(held)] if held == contents and MANIFEST in held else []
    return Compared("models", len(expected), _digest_of(expected), len(found), _digest_of(found))


def _digest_of(checksums: list[str]) -> str:
    return hashlib.sha256("".join(checksums).encode()).hexdigest()[:16]
