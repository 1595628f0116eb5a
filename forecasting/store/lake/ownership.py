"""Whether the data folder is this catalog's, as both say: only then may files of it be removed.

The lake's id is in its catalog and in the marker of its folder. The marker also says where the catalog is that writes
there, and its newest snapshot: so a copy of the catalog, or one that was restored from a backup, is recognised as one
that may not know all files which are needed. The marker follows every commit.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import duckdb

from forecasting.errors import LakeBusyError, LakeError
from forecasting.settings import Settings
from forecasting.store.access.server import Server
from forecasting.store.files.stored import StoredFile, stored_files
from forecasting.store.lake.attach import patiently, server_address
from forecasting.store.lake.faults import LakeFault, denied_message, fault_of, lost_message
from forecasting.store.lake.marker import Marker, create_marker, has_marker, marker_of, read_marker, write_marker
from forecasting.store.lake.sql import SqlFiles, first_line
from forecasting.store.lake.tables import TABLES

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contents:
    """Files that DuckLake wrote into the folders of the lake's tables."""

    known: list[StoredFile]
    """Those that the catalog lists."""
    unknown: list[StoredFile]
    """Those of writers that were killed, or of another catalog."""


class Ownership:
    """What a catalog and the marker of a data folder say of each other. connection: with the lake attached."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings, files: SqlFiles) -> None:
        self._connection = connection
        self._settings = settings
        self._files = files
        self.marker: Marker | None = None
        """As it was read or written last."""

    def check(self) -> None:
        """Read the marker and compare it. Raises LakeError where the folder is another lake's, or cannot be read."""
        try:
            marker = patiently(self._settings, lambda: read_marker(self._connection, self._settings.data))
        except duckdb.Error as error:
            raise why_not_read(self._settings, error) from error
        except OSError as error:
            raise LakeError(f"{self._settings.data}: the data cannot be read: {first_line(error)}") from error
        if marker is not None and marker.lake_id != self.lake_id():
            raise LakeError(
                f"{self._settings.data}: these data belong to another lake: expected {self.lake_id()}, found "
                f"{marker.lake_id}, whose catalog is {marker.catalog}; nothing was changed; set "
                "FORECASTING_CATALOG to that one, or FORECASTING_DATA to a folder of its own"
            )
        self.marker = marker

    def judge(self) -> Marker | None:
        """The marker with the doubt that this catalog casts on it."""
        return self._judged(self._newest())

    def _judged(self, newest: tuple[int, str | None]) -> Marker | None:
        marker = self.marker
        return marker if marker is None or marker.doubt else replace(marker, doubt=self._doubt(marker, newest))

    def take(self) -> None:
        """Mark the folder as this catalog's unless it is marked, and keep what casts doubt on that.

        To be called after `check`, before the first write. Raises LakeError where the folder has no marker and mostly
        holds what this catalog does not know.
        """
        newest = self._newest()
        judged = self._judged(newest)
        if judged is None:
            self._refuse_foreign()
            self._try(lambda: self._create(Marker(self.lake_id(), self._catalog(), *newest)))
            self.check()
            return
        if judged.doubt is None and newest[0] > judged.snapshot_id:
            judged = replace(judged, snapshot_id=newest[0], token=newest[1])
        if judged != self.marker:
            self._try(partial(self._replace, judged))

    def follow(self, token: str) -> None:
        """Name the snapshot that was just committed in the marker. What cannot be written now, the next commit does."""
        if self.marker is not None and self.marker.doubt is None:
            # the commit stands, whatever becomes of the marker
            self._try(lambda: self._follow(token))

    def _follow(self, token: str) -> None:
        committed = self._rows("lake/last_commit.sql")[0][0]
        present = read_marker(self._connection, self._settings.data)
        if self.marker is None or committed is None:
            return
        expected = self.marker.lake_id, self.marker.catalog, None
        if present is None or (present.lake_id, present.catalog, present.doubt) != expected:
            self.marker = present
        elif present.snapshot_id < committed:
            self._replace(replace(present, snapshot_id=int(committed), token=token))

    def claim(self, *, now: datetime) -> str | None:
        """Make this catalog the one whose data these are, from now on, and let it look for them here.

        To be called after `check`, alone among writers. Returns where the catalog looked for them before, None if
        here. Raises LakeError where data of this lake are not here.
        """
        ((before,),) = self._rows("lake/data_path.sql")
        moved = str(before) if before != self._data_path() else None
        if moved is not None:
            self._require_all()
            self._rows("lake/set_data_path.sql", {"data_path": self._data_path()})
        marker = Marker(self.lake_id(), self._catalog(), *self._newest(), claimed_at=now.isoformat())
        if self.marker is None:
            self._create(marker)
        else:
            write_marker(self._connection, self._settings.data, marker)
        self.marker = marker
        return moved

    def contents(self) -> Contents:
        """What the folders of the lake's tables hold."""
        folders = [str(folder) for (folder,) in self._rows("lake/table_folders.sql", {"data_path": self._data_path()})]
        listed = {name for (name,) in self._rows("lake/listed_files.sql")}
        found = stored_files(self._connection, folders)
        known = [file for file in found if file.path.rpartition("/")[2] in listed]
        unknown = [file for file in found if file.path.rpartition("/")[2] not in listed]
        return Contents(known, unknown)

    def lake_id(self) -> str:
        """What distinguishes the lake from every other."""
        return str(self._rows("lake/lake_id.sql")[0][0])

    def _newest(self) -> tuple[int, str | None]:
        ((snapshot_id, token),) = self._rows("lake/newest_snapshot.sql")
        return int(snapshot_id), token

    def _catalog(self) -> str:
        """Where the catalog is, whatever names lead to it."""
        if self._settings.catalog_file:
            return str(self._settings.catalog_file.resolve())
        try:
            address = server_address(self._settings)
            return patiently(self._settings, lambda: Server(self._connection, self._files, address).place())
        except duckdb.Error as error:
            if fault_of(error, self._settings) is not LakeFault.DENIED:
                raise
            return "postgres"

    def _doubt(self, marker: Marker, newest: tuple[int, str | None]) -> str | None:
        catalog = self._catalog()
        if marker.catalog != catalog:
            return f"these data were written from the catalog {marker.catalog} and are now from {catalog}"
        if newest == (marker.snapshot_id, marker.token):
            return None
        if newest[0] < marker.snapshot_id:
            return (
                f"the catalog ends with snapshot {newest[0]}, but snapshot {marker.snapshot_id} was written here: it "
                "was restored from a backup"
            )
        held = self._rows("lake/snapshot_token.sql", {"snapshot_id": marker.snapshot_id})
        # a snapshot that is no longer there has expired
        if held and held[0][0] != marker.token:
            return f"snapshot {marker.snapshot_id} is not the one that was written here: the catalog was restored"
        return None

    def _require_all(self) -> None:
        needed = {name for (name,) in self._rows("lake/needed_files.sql")}
        missing = needed - {file.path.rpartition("/")[2] for file in self.contents().known}
        if missing:
            raise LakeError(
                f"{self._settings.data}: {len(missing)} of {len(needed)} data files of this lake are not here, such as "
                f"{min(missing)}; nothing was changed; copy its whole data folder first, or set FORECASTING_DATA to "
                "where they are"
            )

    def _data_path(self) -> str:
        return f"{self._settings.data.rstrip('/')}/"

    def _refuse_foreign(self) -> None:
        contents = self.contents()
        known, unknown = len(contents.known), len(contents.unknown)
        if unknown > known:
            raise LakeError(
                f"{self._settings.data}: holds {unknown} data files that this catalog does not know, and {known} that "
                "it knows: they belong to another lake; nothing was changed; set FORECASTING_DATA to this lake's own "
                "folder, or run `forecasting lake claim` if no other catalog needs them"
            )

    def _create(self, marker: Marker) -> None:
        self.marker = create_marker(self._connection, self._settings.data, marker)

    def _replace(self, marker: Marker) -> None:
        self.marker = marker
        write_marker(self._connection, self._settings.data, marker)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (duckdb.Error, OSError, LakeError) as error:
            # the lake is whole without it
            logger.warning("%s: its marker cannot be kept up: %s", self._settings.data, first_line(error))

    def _rows(self, name: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        statement = self._files.read(name)
        bound = statement.bind(**(values or {}))
        return patiently(self._settings, lambda: self._connection.execute(statement.text, bound).fetchall())


def why_not_read(settings: Settings, error: duckdb.Error) -> LakeError:
    """The error for a data folder that cannot be looked into."""
    fault = fault_of(error, settings)
    if fault is LakeFault.LOST:
        return LakeBusyError(lost_message(settings, error, "opening"))
    if fault is LakeFault.DENIED:
        return LakeError(denied_message(settings, error))
    return LakeError(f"{settings.data}: the data cannot be read: {first_line(error)}")


def refuse_foreign_folder(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Raise LakeError where a lake is to be made over data of one: its catalog was lost, or is elsewhere."""
    try:
        found = patiently(settings, lambda: _first_of_a_lake(connection, settings.data))
    except duckdb.Error as error:
        raise why_not_read(settings, error) from error
    except OSError as error:
        raise LakeError(f"{settings.data}: the data cannot be read: {first_line(error)}") from error
    if found is None:
        return
    place = settings.catalog_file or settings.catalog
    raise LakeError(
        f"{place}: the catalog is missing or empty, but {settings.data} holds the data of a lake ({found}); nothing "
        "was changed; restore the catalog from a backup or set FORECASTING_CATALOG to it; for a new lake set "
        "FORECASTING_DATA to another folder"
    )


def _first_of_a_lake(connection: duckdb.DuckDBPyConnection, data: str) -> str | None:
    """The marker of a folder, or the first data file of a table in it; None where no lake lives there."""
    if has_marker(connection, data):
        return marker_of(data)
    folders = [f"{data.rstrip('/')}/{table.replace('.', '/')}/" for table in TABLES]
    return next((file.path for file in stored_files(connection, folders)), None)
