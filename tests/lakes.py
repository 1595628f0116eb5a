"""Empty lakes are copies of one that was made once in this process: to make one takes half a second, for every test."""

import shutil
import sqlite3
import tempfile
import uuid
from contextlib import closing
from functools import cache
from pathlib import Path

from forecasting.settings import Settings, read_settings
from forecasting.store.lake import open as opening
from forecasting.store.lake.lock import hold_writer_lock
from forecasting.store.lake.sql import SqlFiles

_make = opening._make_catalog
_migrate = opening.migrate
_folder = SqlFiles.folder


def make_lakes_once() -> None:
    """Have new lakes copied, from now on in this process, wherever nothing about them is unusual."""
    opening._make_catalog = _copied


def _copied(settings: Settings, catalog: Path) -> None:
    changed = opening.migrate is not _migrate or SqlFiles.folder is not _folder
    left_half_made = (catalog.parent / "making").exists()
    if settings.sql or "://" in settings.data or changed or left_half_made or Path(settings.data).exists():
        _make(settings, catalog)
        return
    with hold_writer_lock(catalog.parent / "writer.lock"):
        if opening._is_made(catalog):
            return
        copy = catalog.with_name("copy")
        shutil.copyfile(_template(), copy)
        with closing(sqlite3.connect(copy)) as connection, connection:
            place = f"{settings.data.rstrip('/')}/"
            connection.execute("update ducklake_metadata set value = ? where key = 'data_path'", [place])
            connection.execute("update ducklake_schema set schema_uuid = ? where schema_id = 0", [str(uuid.uuid4())])
        copy.replace(catalog)


@cache
def _template() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="lake-")
    _KEPT.append(folder)
    settings = read_settings({"FORECASTING_HOME": folder.name})
    assert settings.catalog_file is not None
    settings.catalog_file.parent.mkdir(parents=True)
    _make(settings, settings.catalog_file)
    return settings.catalog_file


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
