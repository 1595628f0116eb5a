"""The lake: one DuckDB connection with the DuckLake catalog attached."""

import logging
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import LakeBusyError, LakeError
from forecasting.settings import Settings
from forecasting.store.access.server import Server
from forecasting.store.files.stored import is_remote
from forecasting.store.lake.attach import RECONNECT_SECONDS, server_address
from forecasting.store.lake.faults import LakeFault, cause_of, denied_message, fault_of, full_message, lost_message
from forecasting.store.lake.lock import (
    PATIENCE_SECONDS,
    TRAINING_PATIENCE_SECONDS,
    Require,
    hold_training_lock,
    hold_writer_lock,
)
from forecasting.store.lake.ownership import Ownership
from forecasting.store.lake.sql import SqlFiles, checksum_of, first_line
from forecasting.store.lake.tables import LakeTable

logger = logging.getLogger(__name__)

T = TypeVar("T")
Take = Callable[[duckdb.DuckDBPyConnection], Any]
_ALL: Take = duckdb.DuckDBPyConnection.fetchall

ATTEMPTS = 20
ROWS_AT_ONCE = 100_000
"""Of a large result: few enough for a processor's cache."""


class Lake:
    """A session with the lake. Statements come from SQL files by name; values are named parameters.

    of: the table that a template of `sql/templates` is filled in for. frames: visible to the statement as tables of
    their names.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, files: SqlFiles, *, read_only: bool
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.files = files
        self.read_only = read_only
        self.patience_seconds = PATIENCE_SECONDS
        self.ownership = Ownership(connection, settings, files)
        self._writing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def execute(
        self,
        name: str,
        /,
        *,
        of: LakeTable | None = None,
        frames: Mapping[str, pd.DataFrame] | None = None,
        **values: object,
    ) -> None:
        """Run the statement of a packaged SQL file."""
        with self._translated(name), self._registered(frames or {}):
            self._run(name, values, of)

    def rows(self, name: str, /, *, of: LakeTable | None = None, **values: object) -> list[tuple[Any, ...]]:
        """Rows of a packaged query as tuples, or the number of rows that a packaged statement changed."""
        with self._translated(name):
            rows: list[tuple[Any, ...]] = self._run(name, values, of)
            return rows

    def frame(self, name: str, /, *, categories: Sequence[str] = (), **values: object) -> pd.DataFrame:
        """Rows of a packaged query as a frame; timestamps are UTC. categories: text columns that repeat few values."""
        with self._translated(name):
            rows: pd.DataFrame = self._run(name, values, take=lambda result: as_frame(result, categories=categories))
            return rows

    def batches(self, name: str, /, **values: object) -> Iterator[dict[str, NDArray[Any]]]:
        """Columns of a packaged query as arrays, so many rows at a time; NULL numbers are NaN, timestamps UTC.

        The next batch is read while one is used. Nothing else may be asked of the lake before the last is taken.
        """
        with self._translated(name), ThreadPoolExecutor(1) as ahead:
            reader = self._run(name, values, take=lambda result: result.to_arrow_reader(ROWS_AT_ONCE))
            coming = ahead.submit(next, reader, None)
            while (batch := coming.result()) is not None:
                coming = ahead.submit(next, reader, None)
                yield {column: batch[column].to_numpy(zero_copy_only=False) for column in batch.schema.names}

    def write(self, action: Callable[[], T], *, message: str) -> T:
        """Run `action` as one transaction, alone among writers, and again as a whole if the catalog was busy or its
        server went away.

        message: kept with the snapshot. Raises LakeBusyError when every attempt met another writer or the server stays
        away, LakeError when the disk is full or the lake cannot be written; nothing of a failed transaction stays.
        """
        away_since: float | None = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.alone() as require_lock:
                    return self._transaction(action, message, require_lock)
            except duckdb.Error as error:
                fault = fault_of(error, self.settings)
                if fault not in (LakeFault.BUSY, LakeFault.LOST):
                    raise self._lake_error(error, "write") from error
                away_since = None if fault is LakeFault.BUSY else away_since or time.monotonic()
                if away_since is not None and time.monotonic() > away_since + RECONNECT_SECONDS:
                    raise self._lake_error(error, "write") from error
                logger.info("lake %s, attempt %d of %d: %s", fault, attempt, ATTEMPTS, cause_of(error))
            _pause(attempt, away=away_since is not None)
        raise LakeBusyError(
            f"{self.settings.catalog}: {ATTEMPTS} attempts to write met other writers; nothing was written; try "
            "again later"
        )

    def alone(self) -> AbstractContextManager[Require]:
        """Hold the lock of all writers; on a server it is between all machines. Yields what raises where it was lost.

        Raises LakeBusyError, which names the holder, when it is not free within `patience_seconds`.
        """
        if self.settings.writer_lock:
            return hold_writer_lock(self.settings.writer_lock, patience_seconds=self.patience_seconds)
        return self.server.hold("writer", patience_seconds=self.patience_seconds, doing="writing")

    @contextmanager
    def training(self, stream: str) -> Iterator[None]:
        """Hold the lock of a stream's training, so that runs which find the same model due train it once.

        Raises LakeBusyError where another training goes on for longer than trainings do.
        """
        if self.settings.catalog_file:
            models = self.settings.models
            beside = self.settings.catalog_file.parent if is_remote(models) else Path(models)
            lock = hold_training_lock(beside, stream)
        else:
            lock = self.server.hold(
                f"training {stream}", patience_seconds=TRAINING_PATIENCE_SECONDS, doing=f"training {stream}"
            )
        with self._translated("training"), lock:
            yield

    @cached_property
    def server(self) -> Server:
        """The server of a catalog that is none of this machine's files."""
        return Server(self.connection, self.files, server_address(self.settings))

    def pending(self) -> list[Path]:
        """SQL files whose part of the schema this lake lacks, or has in an older text, in the order of application."""
        applied: dict[str, str] = {}
        if self.rows("lake/has_migrations.sql")[0][0]:
            applied = dict(self.rows("lake/migrations.sql"))
        return [
            path
            for folder in ("schema", "views")
            for path in self.files.folder(folder)
            if _is_due(path, applied.get(f"{folder}/{path.name}"))
        ]

    def require_present_tables(self) -> None:
        """Raise LakeError where this version's tables differ from the lake's, which then has to be migrated first."""
        due = [path.stem for path in self.pending() if path.parent.name == "schema"]
        if due:
            raise LakeError(
                f"{self.settings.catalog}: this lake was made by an older version: expected its tables with "
                f"{due[-1]}, found {len(due)} changes missing; bring it up to date with `forecasting maintain`, or any "
                "job, and run again"
            )

    def snapshot_id(self) -> int:
        """Newest snapshot of the lake, kept with runs as their lineage."""
        return int(self.rows("lake/newest_snapshot.sql")[0][0])

    def _transaction(self, action: Callable[[], T], message: str, require_lock: Require) -> T:
        # by this it is found whether a commit went through in which the connection was lost
        token = uuid.uuid4().hex
        self.connection.begin()
        self._writing = True
        try:
            result = action()
            author = f"forecasting pid {os.getpid()}"
            self._run("lake/set_commit_message.sql", {"author": author, "message": message, "token": token})
            require_lock()
            self._commit(token)
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._writing = False
        self.ownership.follow(token)
        return result

    def _commit(self, token: str) -> None:
        try:
            self.connection.commit()
        except duckdb.Error as error:
            if fault_of(error, self.settings) is not LakeFault.LOST:
                raise
            self._roll_back()
            self._writing = False
            if not self._run("lake/committed.sql", {"token": token})[0][0]:
                raise

    def _roll_back(self) -> None:
        try:
            self.connection.rollback()
        except duckdb.Error as error:  # a failed commit has already ended the transaction
            logger.debug("rollback: %s", first_line(error))

    def _run(self, name: str, values: Mapping[str, object], of: LakeTable | None = None, take: Take = _ALL) -> Any:
        """take: what is made of the result; the server may go away while it is."""
        statement = self.files.read(name)
        if of is not None:
            statement = statement.fill(of.parts)
        bound = statement.bind(**values)
        away_since, attempt = time.monotonic(), 0
        while True:
            try:
                return take(self.connection.execute(statement.text, bound))
            except duckdb.Error as error:
                # within a transaction `write` tries all of it again
                lost = not self._writing and fault_of(error, self.settings) is LakeFault.LOST
                if not lost or time.monotonic() > away_since + RECONNECT_SECONDS:
                    raise
                attempt += 1
                logger.info("a server went away during %s: %s", name, cause_of(error))
            _pause(attempt, away=True)

    @contextmanager
    def _registered(self, frames: Mapping[str, pd.DataFrame]) -> Iterator[None]:
        for name, frame in frames.items():
            self.connection.register(name, frame)
        try:
            yield
        finally:
            for name in frames:
                self.connection.unregister(name)

    @contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            if self._writing:
                raise  # `write` decides whether the whole transaction is tried again
            raise self._lake_error(error, name) from error

    def _lake_error(self, error: duckdb.Error, place: str) -> LakeError:
        fault = fault_of(error, self.settings)
        if fault is LakeFault.FULL:
            return LakeError(full_message(self.settings, place))
        if fault is LakeFault.DENIED:
            return LakeError(denied_message(self.settings, error))
        if fault is LakeFault.BUSY:
            return LakeBusyError(f"{self.settings.catalog}: {place} met a busy lake; try again")
        if fault in (LakeFault.LOST, LakeFault.BROKEN):
            return LakeBusyError(lost_message(self.settings, error, place))
        if self.read_only and isinstance(error, duckdb.BinderException | duckdb.CatalogException) and self.pending():
            return LakeError(
                f"{self.settings.catalog}: this lake was made by an older version and lacks what {place} reads "
                f"({first_line(error)}); bring it up to date with `forecasting maintain`, or any job, and run again"
            )
        return LakeError(f"{self.settings.catalog}: {place} failed: {cause_of(error)}")


def _pause(attempt: int, *, away: bool) -> None:
    """Let others finish; a server that is away is given longer."""
    jitter = random.Random()
    time.sleep(jitter.uniform(0.5, 2.0) if away else jitter.uniform(0.0, min(2.0, 0.05 * 2**attempt)))


def _is_due(path: Path, applied: str | None) -> bool:
    """Whether a file is to be applied: a table's once, a view's again whenever its text changed."""
    return applied is None or (path.parent.name == "views" and applied != checksum_of(path))


def as_frame(result: duckdb.DuckDBPyConnection, *, categories: Sequence[str] = ()) -> pd.DataFrame:
    """A result as a frame, through Arrow, which keeps UTC timestamps at microseconds and costs no copy of numbers."""
    frame: pd.DataFrame = result.to_arrow_table().to_pandas(categories=list(categories))
    return frame
