"""A limit on how long a connection may work on what others wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import duckdb

_AGAIN_SECONDS = 0.05
"""An interruption between two statements is lost: it is repeated until the work has ended."""


@contextmanager
def time_limit(connection: duckdb.DuckDBPyConnection, limit: timedelta) -> Iterator[None]:
    """Interrupt the connection where what runs inside takes longer. Raises TimeoutError then."""
    ended, expired = Event(), Event()

    def interrupt() -> None:
        if ended.wait(limit.total_seconds()):
            return
        expired.set()
        while not ended.wait(_AGAIN_SECONDS):
            connection.interrupt()

    watch = Thread(target=interrupt, name="time limit", daemon=True)
    watch.start()
    try:
        yield
    except duckdb.Error as error:
        if expired.is_set():
            raise TimeoutError from error
        raise
    finally:
        ended.set()
        watch.join()
