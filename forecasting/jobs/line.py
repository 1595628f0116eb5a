"""The whole line for several streams: ingest, train when due, forecast, score."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from forecasting.errors import ForecastingError
from forecasting.jobs import forecast, ingest, score, train
from forecasting.jobs.session import Summary
from forecasting.settings import Settings
from forecasting.terms import RunKind

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a line did for one stream: the steps that ended well, and the error that stopped it."""

    stream: str
    steps: tuple[Summary, ...]
    error: ForecastingError | None


def run(
    settings: Settings,
    streams: list[str],
    *,
    origin: str,
    kind: str = RunKind.MANUAL,
    report: Callable[[Summary], None] = lambda _: None,
) -> list[Outcome]:
    """Run the line for each stream. An error stops its stream; the others go on.

    report: called after each step.
    """
    return [_run_stream(settings, stream, origin=origin, kind=kind, report=report) for stream in streams]


def _run_stream(
    settings: Settings, stream: str, *, origin: str, kind: str, report: Callable[[Summary], None]
) -> Outcome:
    steps: list[Callable[[], Summary]] = [
        lambda: ingest.run(settings, stream, until=origin),
        lambda: train.run(settings, stream, origin=origin),
        lambda: forecast.run(settings, stream, origin=origin, kind=kind),
        lambda: score.run(settings, stream, origin=origin),
    ]
    done: list[Summary] = []
    for step in steps:
        try:
            done.append(step())
        except ForecastingError as error:
            logger.info("stream %s: stopped: %s", stream, error)
            return Outcome(stream, tuple(done), error)
        report(done[-1])
    return Outcome(stream, tuple(done), None)
