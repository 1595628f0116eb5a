"""Advisory locks of the PostgreSQL server that keeps a catalog: between all machines that share the lake.

A lock is held by a transaction on a connection of its own, beside that of the lake: the lake's next transaction then
begins after the lock was had, and sees all that its last holder wrote. (A lock taken inside the lake's transaction,
which is a repeatable read, would leave it with what it saw before it waited.) The server frees the lock with the
connection, so also when the process dies.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from forecasting.errors import LakeBusyError
from forecasting.store.lake.sql import SqlFiles

LONGEST_PAUSE_SECONDS = 0.3


class Server:
    """A catalog's server, attached as `catalog_server` to a connection. connection: the lake's or any other."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: SqlFiles, address: str) -> None:
        """address: of the server, as SQL text. Raises duckdb.Error where it is away."""
        self._connection = connection
        self._files = files
        connection.execute(
            f"attach if not exists {address} as catalog_server (type postgres, isolation_level 'READ COMMITTED')"
        )

    @contextmanager
    def hold(self, name: str, *, patience_seconds: float, doing: str) -> Iterator[Callable[[], None]]:
        """Hold the lock of that name; yields what raises duckdb.Error where it was lost with its connection.

        Raises LakeBusyError, which names the holder and what it is doing, when the lock is not free in time,
        duckdb.Error where the server is away.
        """
        key = key_of(name)
        holder = self._connection.cursor()
        try:
            holder.begin()
            self._ask(holder, "server/keep_lock.sql")
            self._wait_for(holder, key, patience_seconds, doing)
            yield lambda: self._require(holder, key)
        finally:
            # a lost connection has freed the lock already
            with suppress(duckdb.Error):
                holder.rollback()
            holder.close()

    def place(self) -> str:
        """Which server and database this is, however the connection names them."""
        return str(self.ask("server/place.sql")[0][0])

    def ask(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """Rows of a packaged query of the server. Raises duckdb.Error."""
        return self._ask(self._connection, name, **values)

    def change(self, *names: str) -> None:
        """Run packaged statements on the server: all of them, or none. Raises duckdb.Error."""
        with self._connection.cursor() as connection:
            connection.begin()
            for name in names:
                self._ask(connection, name)
            connection.commit()

    def _require(self, holder: duckdb.DuckDBPyConnection, key: int) -> None:
        # asked by the connection that holds it: one that was lost, or was made again, does not
        if not self._ask(holder, "server/holds_lock.sql", key=key)[0][0]:
            raise duckdb.IOException("server closed the connection that held the lock")

    def _wait_for(self, holder: duckdb.DuckDBPyConnection, key: int, patience_seconds: float, doing: str) -> None:
        # asked again and again rather than waited for in the server: so a person can interrupt it
        jitter = random.Random()
        deadline = time.monotonic() + patience_seconds
        pause = 0.02
        while not self._ask(holder, "server/try_lock.sql", key=key)[0][0]:
            if time.monotonic() >= deadline:
                found = self._ask(holder, "server/lock_holder.sql", key=key)
                name = found[0][0] if found and found[0][0] else "another process"
                raise LakeBusyError(
                    f"{name} has been {doing} for over {patience_seconds:.0f} s, as the catalog's server knows it; "
                    "nothing was written by this run; try again later"
                )
            time.sleep(jitter.uniform(0.5, 1) * pause)
            pause = min(LONGEST_PAUSE_SECONDS, 1.5 * pause)

    def _ask(self, connection: duckdb.DuckDBPyConnection, name: str, **values: object) -> list[tuple[Any, ...]]:
        statement = self._files.read(name)
        return connection.execute(statement.text, statement.bind(**values)).fetchall()


def key_of(name: str) -> int:
    """The number by which the server knows a lock: 64 bits with a sign."""
    return int.from_bytes(hashlib.sha256(f"forecasting {name}".encode()).digest()[:8], signed=True)
