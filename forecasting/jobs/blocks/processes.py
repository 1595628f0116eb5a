"""The blocks of a run shared among processes: of this machine, or of others that take part on their own.

Every worker begins somewhere else and goes round, leaving out what is there. So a worker that is slow, late or killed
costs time and nothing else: the others do its blocks.
"""

import logging
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from forecasting.errors import ForecastingError
from forecasting.jobs.blocks.assist import is_hindsight, take_part
from forecasting.jobs.blocks.publish import publish_all
from forecasting.jobs.blocks.work import forecast_blocks, learn
from forecasting.jobs.common.session import JobSummary, Session, open_session
from forecasting.jobs.training.bundles import LoadedModel
from forecasting.settings import Settings
from forecasting.store.tables.runs import Run

logger = logging.getLogger(__name__)


def issue_blocks(
    session: Session, run: Run, model: LoadedModel, *, keep_nightly: bool = False, processes: int = 1
) -> JobSummary:
    """Forecast a large stream from a run's origin, block by block, and publish it; the run ends with it.

    Raises as `issue` of a forecast in one panel does; nothing is published then.
    """
    assert run.origin is not None
    run.model_id = model.model_id
    run.hindsight = is_hindsight(model, run.origin)
    work = learn(session, run, model)
    number = len(work.cut.blocks)
    if processes > 1 and number > 1:
        _share(session, run, processes=min(processes, number))
    forecast_blocks(session, run, work)
    return publish_all(session, run, model, work, keep_nightly=keep_nightly)


def _join(settings: Settings, stream: str, run_id: str, worker: int, workers: int) -> None:
    """What a process of `_share` does."""
    with open_session(settings, stream) as session:
        take_part(session, run_id, worker=worker, workers=workers)


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
