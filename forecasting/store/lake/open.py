"""The lake is opened here: made and migrated for those who write, as it stands for those who read."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from forecasting.errors import LakeError, SettingsError
from forecasting.settings import Settings
from forecasting.store.access.server import Server
from forecasting.store.lake.attach import NotMadeError, connect, server_address, session, why_not
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.lock import PATIENCE_SECONDS, hold_writer_lock
from forecasting.store.lake.migrations import migrate
from forecasting.store.lake.ownership import refuse_foreign_folder
from forecasting.store.lake.sql import sql_files


def open_lake(settings: Settings) -> Lake:
    """Open the lake for reading and writing; create and migrate it when needed.

    Raises LakeError when the catalog is unreadable, the folder cannot be written, or the data are another lake's:
    no lake is made over the data of one whose catalog was lost.
    """
    if settings.catalog_file is None:
        return _open_on_server(settings)
    _make_folder(settings.catalog_file.parent)
    if not _is_made(settings.catalog_file):
        _make_catalog(settings, settings.catalog_file)
    return _open_migrated(settings)


def open_lake_to_read(settings: Settings) -> Lake:
    """Open an existing lake read-only, as it is: it is neither created nor migrated.

    A lake of an older version answers what it can; a statement that needs more raises LakeError with the next step.
    Raises SettingsError when there is no lake yet, LakeError when it is unreadable or the data are another lake's.
    """
    require_lake(settings)
    try:
        lake = _connected(settings, read_only=True)
    except NotMadeError as error:
        raise SettingsError(str(error)) from error
    with _closed_on_error(lake):
        lake.ownership.check()
    return lake


def require_lake(settings: Settings) -> None:
    """Raise SettingsError where there is no lake yet, LakeError where its catalog was lost."""
    if settings.catalog_file and not _is_made(settings.catalog_file):
        with closing(session(settings)) as connection:
            refuse_foreign_folder(connection, settings)
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
    with hold_writer_lock(catalog.parent / "writer.lock"):
        if _is_made(catalog):
            return
        with closing(session(settings)) as connection:
            refuse_foreign_folder(connection, settings)
        shutil.rmtree(making, ignore_errors=True)  # of a process that was killed
        _make_folder(making)
        try:
            hidden = settings.model_copy(update={"catalog": f"sqlite:{making / catalog.name}"})
            with _connected(hidden, read_only=False, create=True) as lake:
                migrate(lake)
            (making / catalog.name).replace(catalog)
        finally:
            shutil.rmtree(making, ignore_errors=True)


def _open_on_server(settings: Settings) -> Lake:
    """One process makes the lake, whoever comes meanwhile waits for it."""
    try:
        return _open_migrated(settings)
    except NotMadeError:
        pass
    with closing(session(settings)) as connection:
        try:
            server = Server(connection, sql_files(settings.sql), server_address(settings))
            with server.hold("making", patience_seconds=PATIENCE_SECONDS, doing="making the lake"):
                try:
                    return _open_migrated(settings)
                except NotMadeError:
                    refuse_foreign_folder(connection, settings)
                    return _open_migrated(settings, create=True)
        except duckdb.Error as error:
            raise why_not(settings, error) from error


def _open_migrated(settings: Settings, *, create: bool = False) -> Lake:
    """The lake of an existing catalog, or a new one. The data folder is marked before anything is written."""
    with _closed_on_error(_connected(settings, read_only=False, create=create)) as lake:
        lake.ownership.check()
        lake.ownership.take()
        migrate(lake)
    return lake


@contextmanager
def _closed_on_error(lake: Lake) -> Iterator[Lake]:
    try:
        yield lake
    except BaseException as error:
        lake.connection.close()
        if isinstance(error, duckdb.Error):
            raise why_not(lake.settings, error) from error
        raise


def _connected(settings: Settings, *, read_only: bool, create: bool = False) -> Lake:
    connection = connect(settings, read_only=read_only, create=create)
    return Lake(connection, settings, sql_files(settings.sql), read_only=read_only)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(f"{folder}: cannot make the lake's folder: {error.strerror}; set FORECASTING_HOME") from error
