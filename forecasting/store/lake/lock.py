"""Locks between processes of one machine: of an embedded catalog's writers, and of a stream's trainings."""

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from forecasting.errors import LakeBusyError, LakeError

Require = Callable[[], None]
"""Raises where a lock was lost that is thought to be held; one on a file is not."""
PATIENCE_SECONDS = 300.0
TRAINING_PATIENCE_SECONDS = 6 * 3600.0


def hold_writer_lock(path: Path, *, patience_seconds: float = PATIENCE_SECONDS) -> AbstractContextManager[Require]:
    """Hold the exclusive lock on `path` for one write transaction to an embedded catalog.

    Raises LakeBusyError, which names the holder, when the lock is not free within `patience_seconds`.
    """
    return hold_lock(path, patience_seconds=patience_seconds, doing="writing")


def hold_training_lock(models: Path, stream: str) -> AbstractContextManager[Require]:
    """Hold the lock of a stream's training, so that runs which find the same model due train it once.

    Raises LakeBusyError where another training goes on for longer than trainings do.
    """
    try:
        models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(f"{models}: cannot be made: {error.strerror}; a training needs this folder") from error
    return hold_lock(models / f".{stream}.lock", patience_seconds=TRAINING_PATIENCE_SECONDS, doing="training")


@contextmanager
def hold_lock(path: Path, *, patience_seconds: float, doing: str) -> Iterator[Require]:
    """Hold an exclusive lock on a file; the kernel frees it when the process dies, and not before.

    Raises LakeBusyError, which names the holder and what it is doing, when the lock is not free in time.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o664)
    except OSError as error:
        raise LakeError(f"{path}: cannot open the lock: {error.strerror}; {doing} needs this folder") from error
    try:
        _wait_for(descriptor, path, patience_seconds, doing)
        _write_holder(descriptor)
        yield lambda: None
    finally:
        os.close(descriptor)


def _write_holder(descriptor: int) -> None:
    # only so that others can name who holds the lock; on a full disk what follows says so itself
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _wait_for(descriptor: int, path: Path, patience_seconds: float, doing: str) -> None:
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
                    f"{path}: process {holder} has been {doing} for over {patience_seconds:.0f} s; "
                    "nothing was written by this run; try again later"
                ) from None
            time.sleep(jitter.uniform(0.01, 0.1))
