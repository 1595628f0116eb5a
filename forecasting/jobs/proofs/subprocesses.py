"""The command line as processes of its own, which can be killed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from forecasting.settings import Settings
from forecasting.store.lake.copies import last_writer

_GLANCE_SECONDS = 0.01
_MAIN = "from forecasting.cli.app import main; main()"


@dataclass(frozen=True)
class Ended:
    """How a process ended; code is negative for the signal that killed it."""

    code: int
    out: str
    err: str


class Child:
    """`forecasting ARGUMENTS` at work."""

    def __init__(self, settings: Settings, arguments: Sequence[str]) -> None:
        self._output = tempfile.TemporaryDirectory(prefix="forecasting-child-")
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, *arguments],
                env=os.environ | settings.as_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_at_most(self, seconds: float) -> None:
        """Wait for the end, but not for longer."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: nothing of the process runs any more. One that has ended is left alone."""
        self._process.kill()

    def wait(self) -> Ended:
        """Wait for the end, however long it takes."""
        code = self._process.wait()
        out, err = (self._file(kind).read_text(encoding="utf-8", errors="replace") for kind in ("out", "err"))
        self._output.cleanup()
        return Ended(code, out, err)

    def _file(self, kind: str) -> Path:
        return Path(self._output.name) / kind


def start(settings: Settings, *arguments: str) -> Child:
    """Start `forecasting ARGUMENTS` with these settings."""
    return Child(settings, arguments)


def wait_until_at_work(child: Child, settings: Settings) -> None:
    """Wait for a process' first write, or its end: until then it only loads code, for longer or shorter."""
    while child.is_alive() and last_writer(settings) != child.pid:
        time.sleep(_GLANCE_SECONDS)
