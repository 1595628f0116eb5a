"""The writer lock of an embedded catalog."""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forecasting.errors import LakeBusyError, LakeError

PATIENCE_SECONDS = 300.0


@contextmanager
def hold_writer_lock(path: Path | None, *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the exclusive lock on `path` for one write transaction; the kernel frees it when the process dies.

    path: None where the catalog is a server, which serialises writers itself. Raises LakeBusyError, which names the
    holder, when the lock is not free within `patience_seconds`.
    """
    if path is None:
        yield
        return
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o664)
    except OSError as error:
        raise LakeError(f"{path}: cannot open the writer lock: {error.strerror}; a writer needs this folder") from error
    try:
        _wait_for(descriptor, path, patience_seconds)
        _tell_holder(descriptor)
        yield
    finally:
        os.close(descriptor)


def _tell_holder(descriptor: int) -> None:
    # a courtesy to those who wait; what cannot be written on a full disk says so itself
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _wait_for(descriptor: int, path: Path, patience_seconds: float) -> None:
    jitter = random.Random()
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
                raise LakeBusyError(
                    f"{path}: process {holder} has been writing for over {patience_seconds:.0f} s; "
                    "nothing was written by this run; try again later"
                ) from None
            time.sleep(jitter.uniform(0.01, 0.1))
