"""A run of several streams, step by step: ingest, train when due, forecast, plan, score."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from forecasting.errors import ForecastingError, surprises_named
from forecasting.jobs import forecast, ingest, plan, score
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.common.sources import check_sources, reads_others
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.terms import RunKind

logger = logging.getLogger(__name__)

Step = Callable[[], JobSummary]


@dataclass(frozen=True)
class Outcome:
    """What a run did for one stream: the steps that ended well, and the error that stopped it."""

    stream: str
    steps: tuple[JobSummary, ...]
    error: ForecastingError | None


@dataclass
class _StreamRun:
    """The steps of one stream."""

    settings: Settings
    stream: str
    origin: str
    begin: Callable[[str, str], None]
    report: Callable[[JobSummary], None]
    processes: int
    done: list[JobSummary] = field(default_factory=list)
    error: ForecastingError | None = None

    def take(self, job: str, step: Step) -> bool:
        """Take a step; whether it ended well. The first error is the one that is reported."""
        self.begin(job, self.stream)
        try:
            with surprises_named(f"stream {self.stream}: {job}"):
                self.done.append(step())
        except ForecastingError as error:
            logger.info("stream %s: %s stopped: %s", self.stream, job, error, exc_info=error.__cause__)
            self.error = self.error or error
            return False
        self.report(self.done[-1])
        return True

    def ingest(self) -> JobSummary:
        check_sources(self.settings, self.stream)
        return ingest.run(self.settings, self.stream, until=self.origin)

    def forecast(self, kind: str) -> None:
        """From usage to a published forecast, up to the first step that fails."""
        steps: dict[str, Step] = {
            "ingest": self.ingest,
            "train": lambda: train.run(self.settings, self.stream, origin=self.origin),
            "forecast": lambda: forecast.run(
                self.settings, self.stream, origin=self.origin, kind=kind, processes=self.processes
            ),
        }
        for job, step in steps.items():
            if not self.take(job, step):
                return

    def follow_up(self) -> None:
        """What follows the forecasts of all streams: the plan, where one is asked for, and the scores."""
        if plans(self.settings, self.stream):
            self.take("plan", lambda: plan.run(self.settings, self.stream, origin=self.origin))
        self.take("score", lambda: score.run(self.settings, self.stream, origin=self.origin))


def run(
    settings: Settings,
    streams: list[str],
    *,
    origin: str,
    kind: str = RunKind.MANUAL,
    begin: Callable[[str, str], None] = lambda _job, _stream: None,
    report: Callable[[JobSummary], None] = lambda _: None,
    processes: int = 1,
) -> list[Outcome]:
    """Run the steps for each stream. An error, expected or not, stops its stream, but for that of a plan, which scores
    do not need; the others go on.

    Streams that read others' history come after these, and read what is there where one of these failed. Plans and
    scores come when all forecasts are there, for a plan rests on those of other streams too. begin: called with the job
    and the stream before each step; report: called after it. processes: see `forecast.run`.
    """
    ordered = sorted(streams, key=lambda stream: reads_others(settings, stream))
    lines = [_StreamRun(settings, stream, origin, begin, report, processes) for stream in ordered]
    for line in lines:
        line.forecast(kind)
    for line in lines:
        if line.error is None:
            line.follow_up()
    return [Outcome(line.stream, tuple(line.done), line.error) for line in lines]


def plans(settings: Settings, stream: str) -> bool:
    """Whether a stream is planned; not where its definition cannot be read."""
    try:
        return plan.plans(settings, stream)
    except ForecastingError:
        return False  # its own steps say what is wrong
