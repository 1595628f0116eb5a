"""The whole line for several streams: ingest, train when due, forecast, plan, score."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from forecasting.errors import ForecastingError
from forecasting.jobs import forecast, ingest, plan, score, train
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
    begin: Callable[[str, str], None] = lambda _job, _stream: None,
    report: Callable[[Summary], None] = lambda _: None,
) -> list[Outcome]:
    """Run the line for each stream. An error stops its stream, but for that of a plan, which scores do not need; the
    others go on.

    Streams that plan come last, for they plan from others' forecasts too. begin: called with the job and the stream
    before each step; report: called after it.
    """
    planned = {stream: plans(settings, stream) for stream in streams}
    return [
        _run_stream(settings, stream, origin=origin, kind=kind, plans=planned[stream], begin=begin, report=report)
        for stream in sorted(streams, key=planned.__getitem__)
    ]


def plans(settings: Settings, stream: str) -> bool:
    """Whether a stream is planned; not where its definition cannot be read."""
    try:
        return plan.plans(settings, stream)
    except ForecastingError:
        return False  # its own line says what is wrong


def _run_stream(
    settings: Settings,
    stream: str,
    *,
    origin: str,
    kind: str,
    plans: bool,
    begin: Callable[[str, str], None],
    report: Callable[[Summary], None],
) -> Outcome:
    steps: dict[str, Callable[[], Summary]] = {
        "ingest": lambda: ingest.run(settings, stream, until=origin),
        "train": lambda: train.run(settings, stream, origin=origin),
        "forecast": lambda: forecast.run(settings, stream, origin=origin, kind=kind),
        **({"plan": lambda: plan.run(settings, stream, origin=origin)} if plans else {}),
        "score": lambda: score.run(settings, stream, origin=origin),
    }
    done: list[Summary] = []
    unplanned: ForecastingError | None = None
    for job, step in steps.items():
        begin(job, stream)
        try:
            done.append(step())
        except ForecastingError as error:
            if job == "plan":
                unplanned = error
                continue
            logger.info("stream %s: stopped: %s", stream, error)
            return Outcome(stream, tuple(done), error)
        report(done[-1])
    return Outcome(stream, tuple(done), unplanned)
