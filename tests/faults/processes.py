"""Real processes for faults, forked from a server that has imported everything once, so that a start costs little."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from forecasting.cli import app
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.lake import Lake
from tests.extensions import trust_extensions
from tests.waiting import descendants_seconds, sizes, wait_until

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.processes", "forecasting.jobs.line", "forecasting.jobs.upkeep.query"])

GLANCE_SECONDS = 0.2
"""Between two looks at whether anything moves."""


@dataclass(frozen=True)
class Finished:
    """How a process ended; code is negative for the signal that killed it."""

    code: int
    out: str
    err: str


class Running:
    """A process whose output is kept in files."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._output = TemporaryDirectory(prefix="output-")
        self._process = CONTEXT.Process(target=_redirected, args=(self._output.name, function, arguments))
        self._process.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def wait_at_most(self, seconds: float) -> None:
        self._process.join(seconds)

    def wait(self) -> Finished:
        """Wait for its end, for as long as any process of this test moves."""

        def has_ended() -> bool:
            self._process.join(GLANCE_SECONDS)
            return not self.is_alive()

        try:
            wait_until(has_ended, f"the end of process {self.pid}", moving=self._moved, poll=0, explain=self._errors)
        finally:
            self._process.kill()
            self._process.join()
        assert self._process.exitcode is not None
        return Finished(self._process.exitcode, self._read("out"), self._errors())

    def wait_for_file(self, file: Path) -> None:
        """Wait for what the process makes when it has come that far."""

        def is_there() -> bool:
            assert file.exists() or self.is_alive(), f"process {self.pid} ended before {file.name}: {self._errors()}"
            return file.exists()

        wait_until(is_there, file.name, moving=self._moved, poll=0.01, explain=self._errors)

    def _moved(self) -> object:
        return descendants_seconds(), sizes(Path(self._output.name) / kind for kind in ("out", "err"))

    def _errors(self) -> str:
        return self._read("err")

    def _read(self, kind: str) -> str:
        path = Path(self._output.name) / kind
        return path.read_text(encoding="utf-8") if path.exists() else ""


def assert_one_line(err: str) -> None:
    """What a person sees of a known error."""
    assert err.startswith("error: "), err
    assert err.count("\n") == 1, err


def start_command(settings: Settings, *arguments: str, **variables: str) -> Running:
    """`forecasting ARGUMENTS` as a process of its own."""
    return Running(run_command, settings.as_environment() | variables, arguments)


def command(settings: Settings, *arguments: str, **variables: str) -> Finished:
    """`forecasting ARGUMENTS`, waited for."""
    return start_command(settings, *arguments, **variables).wait()


def run_command(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    """The command line, in a process that may end with it."""
    for name in [name for name in os.environ if name.startswith("FORECASTING_")]:
        del os.environ[name]
    os.environ.update(variables)
    sys.argv = ["forecasting", *arguments]
    app.main()


def settings_of(variables: dict[str, str]) -> Settings:
    return read_settings(variables)


def _redirected(folder: str, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    for number, kind in ((1, "out"), (2, "err")):
        descriptor = os.open(Path(folder) / kind, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    trust_extensions()
    function(*arguments)


def die_in_transaction(variables: dict[str, str], arguments: tuple[str, ...], number: int, committed: bool) -> None:
    """Run the command and die by kill -9 in its n-th write transaction, just before or just after its commit."""
    doom_transaction(number, committed)
    run_command(variables, arguments)


def doom_transaction(number: int, committed: bool) -> None:
    """Have this process die by kill -9 in its n-th write transaction from now, just before or just after its commit."""
    write, begun = Lake.write, []

    def deadly(lake, action, *, message):
        begun.append(message)
        last = len(begun) == number

        def act():
            result = action()
            if last and not committed:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        result = write(lake, act, message=message)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    Lake.write = deadly
