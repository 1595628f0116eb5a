"""Upkeep of the lake: unpublished rows, old origins, small files, old snapshots, dead files.

Every step is one transaction or a few, between which other writers may write; after a kill the next call goes on.
Readers go on too: a query keeps to its snapshot, whose files stay for `FILES_REST` at least.
"""

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from forecasting.errors import LakeError
from forecasting.store.files.stored import StoredFile, is_remote, remove_local
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.marker import Marker
from forecasting.store.lake.tables import COMPACTED, PUBLISHED, TABLES, LakeTable
from forecasting.store.model_files import ModelFiles
from forecasting.store.tables.runs import RUN_MAY_TAKE, killed_runs
from forecasting.terms import DAY

logger = logging.getLogger(__name__)

FILES_REST = DAY
"""A file stays this long after its last snapshot, to whole UTC days: the longest that a query may take."""

SMALL_FILE = 2**24
"""Bytes; the file of one origin of 2,000 series is larger, and stays as it was written."""
LEAST_MERGED = 2
"""Fewest small files of a partition that are merged."""
_SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")


@dataclass(frozen=True)
class Leftover:
    """Rows of a run that was never published."""

    run_id: str
    rows: int


@dataclass(frozen=True)
class Retired:
    """Origins of a stream before `since`, with the rows of all their publications, plans included."""

    stream: str
    since: datetime
    origins: int
    rows: int


@dataclass(frozen=True)
class DeadFiles:
    """Files that nothing needs."""

    paths: list[str]
    bytes: int
    refusal: str | None
    """Why they must stay all the same."""


@dataclass(frozen=True)
class Removed:
    """Files that are gone."""

    files: int
    bytes: int

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.files + other.files, self.bytes + other.bytes)


def unpublished_runs(lake: Lake, *, now: datetime) -> list[Leftover]:
    """Runs that left rows and ended, or were killed, without a publication: no view will ever show them."""
    found = lake.rows("maintain/unpublished_runs.sql", tables=list(PUBLISHED), killed=killed_runs(lake, now=now))
    return [Leftover(*row) for row in found]


def remove_unpublished(lake: Lake, leftovers: Sequence[Leftover]) -> int:
    """Remove the rows of those runs, but for one that was published after all; returns the rows removed."""
    if not leftovers:
        return 0
    run_ids = [leftover.run_id for leftover in leftovers]
    return lake.write(
        lambda: _delete_unpublished(lake, run_ids),
        message=f"remove rows of {len(run_ids)} unpublished runs",
    )


def retired_origins(lake: Lake, *, keep: timedelta) -> list[Retired]:
    """Origins further back than `keep` from the newest forecast that was published of their stream.

    Counted in origins, not by the clock: a stream of old measurements, or one that has ended, keeps its forecasts.
    """
    return [Retired(*row) for row in lake.rows("maintain/retired_origins.sql", keep=keep)]


def remove_origins(lake: Lake, retired: Retired) -> int:
    """Remove those origins whole, forecasts and plans in all their publications; returns the rows removed.

    Rows and publications go together: a publication without rows would make that origin, issued again, look unchanged.
    """

    def remove() -> int:
        stream, since = retired.stream, retired.since
        run_ids = [run_id for (run_id,) in lake.rows("maintain/retired_runs.sql", stream=stream, since=since)]
        lake.execute("maintain/delete_retired_publications.sql", stream=stream, since=since)
        return _delete_unpublished(lake, run_ids)

    return lake.write(remove, message=f"retire {retired.origins} origins of {retired.stream}")


def compact(lake: Lake) -> int:
    """Write the small files of each partition anew as one; returns by how many files there are fewer.

    Deleted and inserted in one transaction: readers keep to the files of their snapshot, which stay until it expires.
    The lake's own merge would take those files out of the catalog, and a query under way could miss their rows.
    """
    lake.write(lambda: lake.execute("maintain/rewrite_deleted.sql"), message="rewrite files with deleted rows")
    fewer = 0
    for table in COMPACTED:
        for files in _small_files(lake, table):
            written = lake.write(partial(_merge, lake, table, files), message=f"write {len(files)} files anew")
            fewer += written
            logger.info("%s: %d files fewer", table.name, written)
    return fewer


def _files_of(lake: Lake, table: LakeTable) -> list[tuple[str, int]]:
    schema, _, name = table.name.partition(".")
    return [(path, size) for path, size in lake.rows("maintain/files.sql", schema=schema, table=name)]


def _small_files(lake: Lake, table: LakeTable) -> list[list[str]]:
    """Groups of small files, each of one partition."""
    folders: dict[str, list[str]] = {}
    for path, size in _files_of(lake, table):
        if size < SMALL_FILE:
            folders.setdefault(path.rpartition("/")[0], []).append(path)
    return [files for files in folders.values() if len(files) >= LEAST_MERGED]


def _merge(lake: Lake, table: LakeTable, files: list[str]) -> int:
    """To be called inside `Lake.write`. Returns by how many files there are fewer."""
    before = {path for path, _ in _files_of(lake, table)}
    if not before.issuperset(files):  # merged by another upkeep meanwhile
        return 0
    lake.execute("templates/stage_files.sql", of=table, files=files)
    lake.execute("templates/delete_files.sql", of=table, files=files)
    # the lake sorts them as the table is sorted
    lake.connection.table("merged").insert_into(table.name)
    return len(files) - 1


def expirable_snapshots(lake: Lake, *, now: datetime, keep: timedelta) -> int:
    """Number of snapshots that `expire_snapshots` would remove."""
    return len(lake.rows("maintain/expire_snapshots.sql", older_than=_whole_days(now - keep), dry_run=True))


def expire_snapshots(lake: Lake, *, now: datetime, keep: timedelta) -> int:
    """Remove snapshots older than `keep`, to whole UTC days, never the newest; returns their number.

    Files that only they named are dead from now on.
    """
    before = _whole_days(now - keep)
    return lake.write(
        lambda: len(lake.rows("maintain/expire_snapshots.sql", older_than=before, dry_run=False)),
        message=f"expire snapshots before {before.isoformat()}",
    )


def dead_files(lake: Lake, *, now: datetime) -> DeadFiles:
    """What `remove_dead_files` would remove, and why not where it would not."""
    before = _whole_days(now - FILES_REST)
    contents = lake.ownership.contents()
    dropped = {path for (path,) in lake.rows("maintain/remove_old_files.sql", older_than=before, dry_run=True)}
    unknown = [file for file in contents.unknown if file.modified < before]
    # a kill may have come between the removal of a file and of its line in the catalog
    dead = [file for file in contents.known if file.path in dropped] + unknown
    return DeadFiles(
        [file.path for file in dead],
        sum(file.size for file in dead),
        why_not_removed(lake.ownership.judge(), unknown, known=len(contents.known)),
    )


def why_not_removed(marker: Marker | None, unknown: Sequence[StoredFile], *, known: int) -> str | None:
    """Why dead files must stay until somebody claims the folder; None where they can go.

    unknown: files that the catalog does not list. known: how many it does.
    """
    claim = "if no other catalog needs them, run `forecasting lake claim`, then `forecasting maintain` again"
    if marker is not None and marker.doubt is not None:
        return f"no file was removed: {marker.doubt}; files that this catalog does not know may be needed; {claim}"
    claimed = datetime.fromisoformat(marker.claimed_at) if marker and marker.claimed_at else None
    unclaimed = [file for file in unknown if claimed is None or file.modified > claimed]
    if len(unclaimed) > known:
        return (
            f"no file was removed: the catalog does not know {len(unclaimed)} of the {len(unknown) + known} data "
            f"files: it may have lost them; restore it from a backup; {claim}"
        )
    return None


def free_room(lake: Lake, *, now: datetime) -> Removed:
    """Remove dead files of this machine without writing to the catalog, which a full disk has no room for.

    lake: may be open to read. Their lines in the catalog go with `remove_dead_files`.
    """
    dead = dead_files(lake, now=now)
    if dead.refusal or is_remote(lake.settings.data):
        return Removed(0, 0)
    remove_local(dead.paths)
    return Removed(len(dead.paths), dead.bytes)


def remove_dead_files(lake: Lake, *, now: datetime) -> Removed:
    """Remove files that no snapshot has named for `FILES_REST`, and those of writers killed before that.

    Nothing else in the lake's data folder is touched: only files go that bear a name of DuckLake's, below the folders
    of the lake's tables. Raises LakeError where the folder may hold what another catalog needs; then none goes.
    """
    dead = dead_files(lake, now=now)
    if dead.refusal:
        raise LakeError(f"{lake.settings.data}: {dead.refusal}")
    before = _whole_days(now - FILES_REST)
    remote = is_remote(lake.settings.data)
    if not remote:
        remove_local(dead.paths)
    _remove_objects(lake, dead.paths if remote else [], before=before)
    return Removed(len(dead.paths), dead.bytes)


def _remove_objects(lake: Lake, paths: Sequence[str], *, before: datetime) -> None:
    """Remove objects of the store, and whatever the catalog was to have removed by then."""
    if paths:
        with lake.alone():
            lake.execute("maintain/schedule_files.sql", paths=paths, at=before - FILES_REST)
    if lake.rows("maintain/remove_old_files.sql", older_than=before, dry_run=True):
        lake.write(
            lambda: lake.execute("maintain/remove_old_files.sql", older_than=before, dry_run=False),
            message=f"remove {len(paths)} files",
        )


def stray_models(lake: Lake, *, now: datetime) -> list[StoredFile]:
    """Objects of models that a training began to write and was killed."""
    before = now - RUN_MAY_TAKE
    return [file for file in ModelFiles(lake).strays() if file.modified < before]


def remove_stray_models(lake: Lake, *, now: datetime) -> Removed:
    """Remove those; to be called after `remove_dead_files`, which finds out whether the lake may remove anything."""
    strays = stray_models(lake, now=now)
    if strays:
        _remove_objects(lake, [file.path for file in strays], before=_whole_days(now - FILES_REST))
    return size_of(strays)


def size_of(files: Sequence[StoredFile]) -> Removed:
    """Number and bytes of files."""
    return Removed(len(files), sum(file.size for file in files))


def count_files(lake: Lake) -> int:
    """Files that hold the lake as it is now."""
    return int(lake.rows("maintain/live_files.sql")[0][0])


def scratch_folders(models: str, *, now: datetime) -> list[Path]:
    """Hidden folders in which a training that was killed had begun to write a bundle."""
    before = (now - RUN_MAY_TAKE).timestamp()
    found = (path for path in Path(models).glob("*/.*") if _SCRATCH.fullmatch(path.name) and path.is_dir())
    return sorted(path for path in found if path.stat().st_mtime < before)


def remove_scratch(folders: Sequence[Path]) -> Removed:
    """Remove those folders with what is in them."""
    size = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    for folder in folders:
        shutil.rmtree(folder)
    return Removed(len(folders), size)


def _delete_unpublished(lake: Lake, run_ids: Sequence[str]) -> int:
    """Delete rows of those runs that no publication names; returns their number. To be called inside `Lake.write`."""
    delete = "templates/delete_unpublished.sql"
    return sum(int(lake.rows(delete, of=TABLES[name], run_ids=run_ids)[0][0]) for name in PUBLISHED)


def _whole_days(instant: datetime) -> datetime:
    """The last moment before that UTC day.

    A SQLite catalog compares instants as texts, written in two ways that are in order for different days only.
    """
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)
