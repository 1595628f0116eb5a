"""The blocks of a run shared among processes: of this machine, or of others that take part on their own.

Every worker begins somewhere else and goes round, leaving out what is there. So a worker that is slow, late or killed
costs time and nothing else: the others do its blocks.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import datetime

from forecasting.errors import ForecastingError
from forecasting.jobs.blocks.cut import is_large
from forecasting.jobs.blocks.publish import publish_all
from forecasting.jobs.blocks.work import forecast_blocks, learn, resume
from forecasting.jobs.common.session import JobSummary, Session, open_session
from forecasting.jobs.training.bundles import LoadedModel, load_named
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.tables.blocks import read_combination, shared_run
from forecasting.store.tables.runs import Run, read_run
from forecasting.terms import RunStatus

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 600.0
"""How long a worker that takes part waits for the run: until it has learned from its sample."""
GLANCE_SECONDS = 2.0


def issue_blocks(
    session: Session, run: Run, model: LoadedModel, *, keep_nightly: bool = False, processes: int = 1
) -> JobSummary:
    """Forecast a large stream from a run's origin, block by block, and publish it; the run ends with it.

    Raises as `issue` of a forecast in one panel does; nothing is published then.
    """
    assert run.origin is not None
    run.model_id = model.model_id
    run.hindsight = _is_hindsight(model, run.origin)
    work = learn(session, run, model)
    number = len(work.blocks)
    if processes > 1 and number > 1:
        _share(session, run, processes=min(processes, number))
    forecast_blocks(session, run, work)
    return publish_all(session, run, model, number=number, keep_nightly=keep_nightly)


def assist(
    settings: Settings, stream: str, *, origin: str, worker: int, workers: int, patience: float = PATIENCE_SECONDS
) -> JobSummary:
    """Take part in the forecast of a large stream that another process issues from an origin.

    worker: from 1; the one that issues is 0. patience: seconds to wait for the run to begin. A stream in one panel, a
    run that does not come and one that ends without help are no errors: the run does without.
    """
    with open_session(settings, stream, must_exist=True) as session:
        instant = resolve_origin(origin, session.definition.stream)
        run_id = None
        if is_large(session.lake, session.definition.stream, instant):
            run_id = _wait_for_run(session, instant, patience=patience)
        blocks = 0 if run_id is None else _take_part(session, run_id, worker=worker, workers=workers)
    return JobSummary(
        job="assist",
        stream=stream,
        status=str(RunStatus.UNCHANGED),
        run_id=run_id,
        origin=instant.isoformat(),
        message=None if run_id else "nothing to share",
        details={"blocks": blocks},
    )


def _wait_for_run(session: Session, origin: datetime, *, patience: float) -> str | None:
    until = time.monotonic() + patience
    while (run_id := shared_run(session.lake, stream=session.definition.stream.name, origin=origin)) is None:
        if time.monotonic() > until:
            return None
        time.sleep(GLANCE_SECONDS)
    return run_id


def _take_part(session: Session, run_id: str, *, worker: int, workers: int) -> int:
    """Forecast blocks of a run under way, from one of the workers' places on; how many."""
    run = read_run(session.lake, session.definition.stream, run_id)
    run.model_id = read_combination(session.lake, run).model_id
    model = load_named(session, run.model_id)
    assert run.origin is not None
    run.hindsight = _is_hindsight(model, run.origin)
    work = resume(session, run, model)
    return forecast_blocks(session, run, work, first=worker * len(work.blocks) // workers)


def _is_hindsight(model: LoadedModel, origin: datetime) -> bool:
    return model.trained_until is not None and model.trained_until > origin


def _join(settings: Settings, stream: str, run_id: str, worker: int, workers: int) -> None:
    """What a process of `_share` does."""
    with open_session(settings, stream) as session:
        _take_part(session, run_id, worker=worker, workers=workers)


def _share(session: Session, run: Run, *, processes: int) -> None:
    """Forecast the blocks by processes of their own. One that fails leaves its blocks to whoever looks next."""
    context = multiprocessing.get_context("spawn")
    with _threads(max((os.cpu_count() or 1) // processes, 1)), ProcessPoolExecutor(processes, context) as pool:
        given = session.settings, run.stream.name, run.run_id
        shares = [pool.submit(_join, *given, worker, processes) for worker in range(processes)]
        for share in shares:
            try:
                share.result()
            except (ForecastingError, BrokenProcessPool) as error:
                logger.warning("stream %s: a process of run %s ended early: %s", run.stream.name, run.run_id, error)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Processes that begin inside have so many threads each."""
    name = "OMP_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
