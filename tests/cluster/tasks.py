"""The tasks of small nights, each a process of its own that is tried again where it failed, as a scheduler does.

Two streams: one in blocks of series, whose forecast a second process shares, and one in one panel.
"""

import logging
import multiprocessing
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from forecasting.errors import LakeBusyError
from forecasting.jobs import forecast, ingest, score
from forecasting.jobs.blocks.assist import assist
from forecasting.settings import Settings, read_settings
from tests.extensions import trust_extensions
from tests.feeds import define_stream, deliver, hourly_rows

FIRST = date(2024, 1, 22)
"""The first origin; history begins three weeks earlier."""
NIGHTS = 200
"""For which the feed has rows; a run of nights ends when it has to."""
STREAMS = {"sites": (40, "block_series = 16"), "usage": (2, "")}
"""Series and the definition's line of each stream."""
STEPS = 24
BUSY, FAILED = 75, 1
"""Exit codes: of a lake that is busy or away, and of any other error."""
TRIES = 9
"""Of a task, as the DAGs allow."""
PAUSE_SECONDS = 0.2


def prepare(settings: Settings) -> None:
    """The feeds and definitions of both streams."""
    for stream, (count, line) in STREAMS.items():
        define_stream(settings, stream, stream=line, horizon="1d")
        series = tuple(f"{stream}-{number:02d}" for number in range(count))
        deliver(settings, hourly_rows(days=21 + NIGHTS, series=series), stream)


def _ingest(settings: Settings, stream: str, origin: str) -> None:
    ingest.run(settings, stream, until=origin)


def _forecast(settings: Settings, stream: str, origin: str) -> None:
    forecast.run(settings, stream, origin=origin)


def _assist(settings: Settings, stream: str, origin: str) -> None:
    assist(settings, stream, origin=origin, worker=1, workers=2, patience=2.0)


def _score(settings: Settings, stream: str, origin: str) -> None:
    score.run(settings, stream, origin=origin)


WORK: Mapping[str, Callable[[Settings, str, str], None]] = {
    work.__name__.removeprefix("_"): work for work in (_ingest, _forecast, _assist, _score)
}
SIDE_BY_SIDE = (("ingest",), ("forecast", "assist"), ("score",))
"""Tasks of a stream's night: groups that follow each other."""


def work_alone(settings: Settings, *, nights: int) -> None:
    """The same nights in this process, one task after the other."""
    for number in range(nights):
        for stream in STREAMS:
            for group in SIDE_BY_SIDE:
                WORK[group[0]](settings, stream, origin_of(number))


def origin_of(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def _in_process(environment: Mapping[str, str], name: str, stream: str, origin: str, errors: Path) -> None:
    """What a task's process does. errors: file for what was no busy lake."""
    trust_extensions()
    logging.disable(logging.CRITICAL)
    try:
        WORK[name](read_settings(environment), stream, origin)
    except LakeBusyError:
        raise SystemExit(BUSY) from None
    except BaseException:
        errors.write_text(f"{name} {stream} {origin}\n{traceback.format_exc()}", encoding="utf-8")
        raise SystemExit(FAILED) from None


class Nights(threading.Thread):
    """Nights, one after the other, until they are told to stop; the one that has begun is finished."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(daemon=True)
        self._environment = {**settings.as_environment(), "FORECASTING_HOME": str(settings.home)}
        self._folder = folder
        self._stop_asked = threading.Event()
        self._given_up = False
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.cluster.tasks"])
        self.running: dict[str, tuple[BaseProcess, int]] = {}
        """Processes of tasks, and how many tries there were before."""
        self.tasks = 0
        """Begun so far."""
        self.nights = 0
        """Finished so far."""
        self.again: Counter[str] = Counter()
        """Tries again, by how the one before ended: killed, busy, error."""
        self.errors: list[str] = []
        self.seconds: list[float] = []
        """Of tasks that were not disturbed."""

    def finish(self) -> None:
        """End with the night that has begun."""
        self._stop_asked.set()
        self.join()

    def run(self) -> None:
        while not self._stop_asked.is_set() and self.nights < NIGHTS:
            for stream in STREAMS:
                for group in SIDE_BY_SIDE:
                    self._together(group, stream, origin_of(self.nights))
                    if self._given_up:
                        return
            self.nights += 1

    def _together(self, names: tuple[str, ...], stream: str, origin: str) -> None:
        # help is worth nothing to a stream in one panel
        shared = [name for name in names if name != "assist" or STREAMS[stream][1]]
        threads = [threading.Thread(target=self._until_done, args=(name, stream, origin)) for name in shared[1:]]
        for thread in threads:
            thread.start()
        self._until_done(shared[0], stream, origin)
        for thread in threads:
            thread.join()

    def _until_done(self, name: str, stream: str, origin: str) -> None:
        for number in range(TRIES):
            errors = self._folder / f"{name}-{stream}-{origin}-{number}.txt"
            process = self._context.Process(target=_in_process, args=(self._environment, name, stream, origin, errors))
            begun = time.monotonic()
            process.start()
            self.running[name] = process, number
            self.tasks += 1
            process.join()
            self.running.pop(name, None)
            if process.exitcode == 0:
                self.seconds.append(time.monotonic() - begun)
                return
            how = {BUSY: "busy", FAILED: "error"}.get(process.exitcode or 0, "killed")
            self.again[how] += 1
            if how == "error":
                self.errors.append(errors.read_text(encoding="utf-8"))
            time.sleep(PAUSE_SECONDS)
        self.errors.append(f"{name} {stream} {origin}: failed {TRIES} times")
        self._given_up = True
