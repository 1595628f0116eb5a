"""Taking part in the blocks of a run that another process issues, on this machine or elsewhere."""

import time
from datetime import datetime, timedelta

from forecasting.jobs.blocks.cut import is_large
from forecasting.jobs.blocks.work import forecast_blocks, resume
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.training.bundles import LoadedModel, load_named
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.tables.blocks import SharedRun, read_combination, shared_run
from forecasting.store.tables.runs import find_run_under_way
from forecasting.terms import RunStatus

PATIENCE_SECONDS = 600.0
"""How long a worker that takes part waits for the run: until it has learned from its sample."""
GLANCE_SECONDS = 2.0
DONE = (RunStatus.PUBLISHED, RunStatus.STALE, RunStatus.UNCHANGED)
"""How a run ends that needs no further try."""


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
        blocks = 0 if run_id is None else take_part(session, run_id, worker=worker, workers=workers)
    return JobSummary(
        job="assist",
        stream=stream,
        status=str(RunStatus.UNCHANGED),
        run_id=run_id,
        origin=instant.isoformat(),
        message=None if blocks else "nothing left to do" if run_id else "nothing to share",
        details={"blocks": blocks},
    )


def _wait_for_run(session: Session, origin: datetime, *, patience: float) -> str | None:
    """The run to take part in; None where none comes, or one has just ended well, before this worker looked."""
    until = time.monotonic() + patience
    while True:
        run = shared_run(session.lake, stream=session.definition.stream.name, origin=origin)
        if run is not None and run.status is RunStatus.RUNNING:
            return run.run_id
        if (run is not None and _has_just_ended(run)) or time.monotonic() > until:
            return None
        time.sleep(GLANCE_SECONDS)


def _has_just_ended(run: SharedRun) -> bool:
    """Whether a run has ended well, and not so long ago that the origin is to be forecast again."""
    if run.status not in DONE or run.finished_at is None:
        return False
    return run.finished_at > wall_clock() - timedelta(seconds=PATIENCE_SECONDS)


def take_part(session: Session, run_id: str, *, worker: int, workers: int) -> int:
    """Forecast blocks of a run, from one of the workers' places on; how many: none where it has ended meanwhile."""
    run = find_run_under_way(session.lake, session.definition.stream, run_id)
    if run is None:
        return 0
    run.model_id = read_combination(session.lake, run).model_id
    model = load_named(session, run.model_id)
    assert run.origin is not None
    run.hindsight = is_hindsight(model, run.origin)
    work = resume(session, run, model)
    return forecast_blocks(session, run, work, first=worker * len(work.cut.blocks) // workers)


def is_hindsight(model: LoadedModel, origin: datetime) -> bool:
    """Whether a model was trained on demand after an origin."""
    return model.trained_until is not None and model.trained_until > origin
