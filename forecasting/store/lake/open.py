"""The lake is opened here: made and migrated for those who write, as it stands for those who read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from forecasting.errors import LakeError, SettingsError
from forecasting.settings import Settings
from forecasting.store.lake.attach import connect
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.lock import hold_writer_lock
from forecasting.store.lake.migrations import migrate
from forecasting.store.lake.sql import sql_files


def open_lake(settings: Settings) -> Lake:
    """Open the lake for reading and writing; create and migrate it when needed.

    Raises LakeError when the catalog is unreadable or the folder cannot be written.
    """
    if settings.catalog_file:
        _make_folder(settings.catalog_file.parent)
        if not _is_made(settings.catalog_file):
            _make_catalog(settings, settings.catalog_file)
    return _open_migrated(settings)


def open_lake_to_read(settings: Settings) -> Lake:
    """Open an existing lake read-only, as it is: it is neither created nor migrated.

    A lake of an older version answers what it can; a statement that needs more raises LakeError with the next step.
    Raises SettingsError when there is no lake yet, LakeError when it is unreadable.
    """
    require_lake(settings)
    return _connected(settings, read_only=True)


def require_lake(settings: Settings) -> None:
    """Raise SettingsError where there is no lake yet."""
    if settings.catalog_file and not _is_made(settings.catalog_file):
        raise SettingsError(
            f"{settings.catalog_file}: no lake here yet; set FORECASTING_HOME to its folder or run `forecasting "
            "ingest` first"
        )


@contextmanager
def open_memory_lake(settings: Settings) -> Iterator[Lake]:
    """An empty lake that is gone afterwards: statements can be bound and feeds read without touching the real one."""
    with TemporaryDirectory(prefix="forecasting-") as folder:
        catalog = f"sqlite:{Path(folder) / 'lake' / 'catalog.sqlite'}"
        beside = settings.model_copy(update={"catalog": catalog, "data": str(Path(folder) / "data")})
        with open_lake(beside) as lake:
            yield lake


def _is_made(catalog: Path) -> bool:
    return catalog.exists() and catalog.stat().st_size > 0


def _make_catalog(settings: Settings, catalog: Path) -> None:
    """Make the catalog out of sight and move it to its place, so that nobody ever opens one that is half made."""
    making = catalog.parent / "making"
    with hold_writer_lock(settings.writer_lock):
        if _is_made(catalog):
            return
        shutil.rmtree(making, ignore_errors=True)  # of a process that was killed
        _make_folder(making)
        try:
            hidden = settings.model_copy(update={"catalog": f"sqlite:{making / catalog.name}"})
            _open_migrated(hidden).connection.close()
            (making / catalog.name).replace(catalog)
        finally:
            shutil.rmtree(making, ignore_errors=True)


def _open_migrated(settings: Settings) -> Lake:
    lake = _connected(settings, read_only=False)
    try:
        migrate(lake)
    except BaseException:
        lake.connection.close()
        raise
    return lake


def _connected(settings: Settings, *, read_only: bool) -> Lake:
    return Lake(connect(settings, read_only=read_only), settings, sql_files(settings.sql), read_only=read_only)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(f"{folder}: cannot make the lake's folder: {error.strerror}; set FORECASTING_HOME") from error
