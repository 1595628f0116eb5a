"""The blocks of a run shared among processes of one machine."""

import logging
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from forecasting.errors import LakeError
from forecasting.jobs.blocks.cut import share_blocks
from forecasting.jobs.blocks.publish import publish_all
from forecasting.jobs.blocks.work import forecast_blocks, learn, resume
from forecasting.jobs.common.session import JobSummary, Session, open_session
from forecasting.jobs.training.bundles import LoadedModel, load_named
from forecasting.settings import Settings
from forecasting.store.tables.blocks import read_combination
from forecasting.store.tables.runs import Run, read_run

logger = logging.getLogger(__name__)


def issue_blocks(
    session: Session, run: Run, model: LoadedModel, *, keep_nightly: bool = False, processes: int = 1
) -> JobSummary:
    """Forecast a large stream from a run's origin, block by block, and publish it; the run ends with it.

    Raises as `issue` of a forecast in one panel does, and LakeError where a process was killed; nothing is published
    then.
    """
    assert run.origin is not None
    run.model_id = model.model_id
    run.hindsight = model.trained_until is not None and model.trained_until > run.origin
    work = learn(session, run, model)
    number = len(work.blocks)
    if processes > 1 and number > 1:
        del work
        _share(session, run, number=number, processes=min(processes, number))
    else:
        forecast_blocks(session, run, work, range(number))
    return publish_all(session, run, model, number=number, keep_nightly=keep_nightly)


def forecast_share(settings: Settings, stream: str, *, run_id: str, worker: int, workers: int) -> None:
    """Forecast the blocks of one of the workers of a run that is under way, wherever it is."""
    with open_session(settings, stream) as session:
        run = read_run(session.lake, session.definition.stream, run_id)
        run.model_id = read_combination(session.lake, run).model_id
        model = load_named(session, run.model_id)
        assert run.origin is not None
        run.hindsight = model.trained_until is not None and model.trained_until > run.origin
        work = resume(session, run, model)
        forecast_blocks(session, run, work, share_blocks(len(work.blocks), worker=worker, workers=workers))


def _share(session: Session, run: Run, *, number: int, processes: int) -> None:
    """All blocks by processes of their own, which have the cores among them."""
    threads = {"OMP_NUM_THREADS": str(max((os.cpu_count() or 1) // processes, 1))}
    before = {name: os.environ.get(name) for name in threads}
    os.environ.update(threads)
    try:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            shares = [
                pool.submit(
                    forecast_share,
                    session.settings,
                    session.definition.stream.name,
                    run_id=run.run_id,
                    worker=worker,
                    workers=processes,
                )
                for worker in range(processes)
            ]
            for share in shares:
                share.result()
    except BrokenProcessPool as error:
        raise LakeError(
            f"stream {run.stream.name}: a process of run {run.run_id} was killed, by memory perhaps; nothing of its "
            f"{number} blocks was published; forecast the origin again, with fewer --jobs"
        ) from error
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
