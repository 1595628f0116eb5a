"""Waits that end when what they wait for has come, or when nothing moves any more; not because time has passed.

How long a step takes depends on what else the machine does: with a load of twenty, twenty times as long. Whether it
still gets on does not. So a wait is given something that changes as long as it does, such as the size of a log.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PATIENCE_SECONDS = 120.0
"""Without any change for this long, nothing moves any more."""
MOST_SECONDS = 3600.0
"""Whatever moves, such as one that tries the same again and again."""
POLL_SECONDS = 0.05
PROC = Path("/proc")

T = TypeVar("T")


@dataclass(frozen=True)
class Process:
    """A line of /proc."""

    pid: int
    parent: int
    group: int
    session: int
    seconds: float
    """Processor time, that of children which have ended and were waited for included."""


class StalledError(AssertionError):
    """What was waited for did not come."""


def wait_until(
    done: Callable[[], T],
    what: str,
    *,
    moving: Callable[[], object] | None = None,
    patience: float = PATIENCE_SECONDS,
    at_most: float = MOST_SECONDS,
    poll: float = POLL_SECONDS,
    explain: Callable[[], str] = str,
) -> T:
    """First true value of `done`.

    moving: fingerprint of what goes on, the processor time of this process's descendants unless given; equal ones for
    `patience` seconds end the wait, and so do `at_most` seconds. explain: what to show then. Raises StalledError.
    """
    fingerprint = moving or descendants_seconds
    started = changed = time.monotonic()
    seen = fingerprint()
    while not (value := done()):
        now, found = time.monotonic(), fingerprint()
        if found != seen:
            seen, changed = found, now
        if now - changed > patience:
            raise StalledError(f"waited for {what}: nothing has moved for {now - changed:.0f} s\n{explain()}")
        if now - started > at_most:
            raise StalledError(
                f"waited for {what}: still moving, but not there after {now - started:.0f} s\n{explain()}"
            )
        time.sleep(poll)
    return value


def run_to_its_end(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, **limits: float
) -> subprocess.CompletedProcess[str]:
    """A command with its output, waited for as long as it moves. limits: as of `wait_until`."""
    with tempfile.TemporaryDirectory(prefix="output-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        with out.open("wb") as to_out, err.open("wb") as to_err:
            process = subprocess.Popen(command, env=env, cwd=cwd, stdout=to_out, stderr=to_err)

        def moved() -> tuple[float, list[int]]:
            return descendants_seconds(), sizes((out, err))

        def output(path: Path) -> str:
            return path.read_text(encoding="utf-8", errors="replace")

        try:
            wait_until(
                lambda: process.poll() is not None,
                " ".join(map(str, command)),
                moving=moved,
                explain=lambda: output(out)[-4000:] + output(err)[-4000:],
                **limits,
            )
        finally:
            process.kill()
            code = process.wait()
        return subprocess.CompletedProcess(list(command), code, output(out), output(err))


def sizes(files: Iterable[Path]) -> list[int]:
    """Bytes of each file, -1 of one that is not there."""
    found = []
    for file in files:
        try:
            found.append(file.stat().st_size)
        except OSError:
            found.append(-1)
    return found


def descendants_seconds() -> float:
    """Processor time of all processes that this one has started, directly or not; without /proc the time of day."""
    if not PROC.is_dir():
        return time.monotonic()
    every = {process.pid: process for process in processes()}
    below, found = {os.getpid()}, True
    while found:
        found = {process.pid for process in every.values() if process.parent in below} - below
        below |= found
    return sum(every[pid].seconds for pid in below - {os.getpid()})


def processes() -> Iterator[Process]:
    """All processes of the machine; none where there is no /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            # after the name in parentheses: state, parent, group, session, and from the twelfth on the four times
            fields = stat.read_text().rpartition(")")[2].split()
            parent, group, session = map(int, fields[1:4])
            spent = sum(map(int, fields[11:15]))
        except (OSError, ValueError):
            continue
        yield Process(int(stat.parent.name), parent, group, session, spent / tick)
