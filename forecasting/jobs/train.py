"""Train the model that is due: at the newest retrain boundary, on what was known there, once."""

import logging
import time
from datetime import datetime

from forecasting.errors import FeedError, InsufficientHistoryError, ModelError
from forecasting.jobs.bundles import LoadedModel, load_model
from forecasting.jobs.forecast import panel_as_of
from forecasting.jobs.session import Session, Summary, open_session, wall_clock
from forecasting.models.combine import held_back_columns
from forecasting.models.training import Training, train_member
from forecasting.panel.calendar import resolve_origin, retrain_boundary
from forecasting.panel.grid import Panel
from forecasting.settings import Settings
from forecasting.store.models import Bundle, save_bundle
from forecasting.store.readings import read_extent
from forecasting.store.registry import ModelRecord, append_model, find_model, newest_model
from forecasting.store.runs import Run
from forecasting.streams import Stream
from forecasting.terms import RunKind, RunStatus

logger = logging.getLogger(__name__)


def run(settings: Settings, stream: str, *, origin: str) -> Summary:
    """Train at the newest retrain boundary at or before `origin`, unless a sound model of that boundary exists.

    Training starts from the weights of the model before it. Too little history, or too small a budget for any member,
    is no error: the seasonal members forecast until there is more. Raises ModelError where training goes astray.
    """
    with open_session(settings, stream) as session:
        definition = session.definition.stream
        boundary = retrain_boundary(definition, resolve_origin(origin, definition))
        if not definition.models.neural:
            return _summary(definition, boundary, RunStatus.UNCHANGED, "no member of this stream is trained")
        model_id = name_model(definition, boundary)
        present = newest_model(session.lake, stream=stream, origin=boundary, config_hash=definition.config_hash)
        if present and present.trained_until == boundary:
            if _is_sound(session, present):
                return _summary(definition, boundary, RunStatus.UNCHANGED, f"{present.model_id} exists")
            model_id = _name_after(present.model_id)
        with session.run(RunKind.TRAIN, origin=boundary) as record:
            return _train(session, record, boundary, model_id)


def name_model(stream: Stream, boundary: datetime) -> str:
    """Key of the model of a boundary and definition; the same three make the same model."""
    return f"{stream.name}-{boundary.astimezone(stream.zone):%Y%m%d}-{stream.config_hash}"


def _name_after(model_id: str) -> str:
    """Key of the model that replaces a damaged one; models are immutable, so it is another model."""
    base, _, number = model_id.partition(".")
    return f"{base}.{int(number or 1) + 1}"


def _train(session: Session, record: Run, boundary: datetime, model_id: str) -> Summary:
    lake, stream = session.lake, session.definition.stream
    first = read_extent(lake, stream).first_ts
    if first is not None and first >= boundary:
        return _finish(session, record, boundary, f"no history before {boundary.isoformat()} yet")
    try:
        panel = panel_as_of(lake, stream, boundary)
    except (InsufficientHistoryError, FeedError) as error:
        return _finish(session, record, boundary, str(error))
    parent, parent_id = _parent(session, boundary)
    trainings = train_members(stream, panel, parent)
    trained = {kind: training for kind, training in trainings.items() if training.member is not None}
    told = "; ".join(
        f"{kind} not trained: {training.reason}" for kind, training in trainings.items() if not training.member
    )
    if not trained:
        return _finish(session, record, boundary, told)
    bundle = Bundle(
        stream=stream.name,
        model_id=model_id,
        snapshot_id=record.snapshot_id,
        members={
            kind: (training.member.config.as_dict(), training.member.weights())
            for kind, training in trained.items()
            if training.member
        },
    )
    record.model_id = model_id
    steps = {kind: training.n_steps for kind, training in trained.items()}

    def register() -> None:
        _register(session, record, bundle, boundary=boundary, parent_id=parent_id, steps=steps)
        _end(session, record, told)

    lake.write(register, message=f"model {model_id}")
    logger.info("stream %s: trained %s: %s", stream.name, model_id, ", ".join(trained))
    details = {
        kind: f"{training.n_steps} steps, loss {training.validation_loss:.4f}" for kind, training in trained.items()
    }
    return _summary(
        stream, boundary, record.status, told or None, run_id=record.run_id, details={"model": model_id, **details}
    )


def _register(
    session: Session,
    record: Run,
    bundle: Bundle,
    *,
    boundary: datetime,
    parent_id: str | None,
    steps: dict[str, int],
) -> None:
    """Files and their checksum go on record together: of two trainings at once the first counts, whole."""
    stream, model_id = session.definition.stream, bundle.model_id
    if find_model(session.lake, model_id) is not None:
        return
    uri = f"{stream.name}/{model_id}"
    checksum = save_bundle(session.settings.models / uri, bundle)
    append_model(
        session.lake,
        ModelRecord(model_id, stream.name, sorted(steps), boundary, parent_id, stream.config_hash, uri, checksum),
        n_steps=steps,
        seed=stream.models.seed,
        snapshot_id=record.snapshot_id,
        run_id=record.run_id,
    )


def train_members(stream: Stream, panel: Panel, parent: LoadedModel) -> dict[str, Training]:
    """Train each neural member of the stream within its share of what is left of the budget."""
    held_back = held_back_columns(panel, length=panel.n_horizon)
    train_until = held_back[0] if held_back else panel.n_history
    started, budget = time.monotonic(), stream.models.budget.total_seconds()
    trainings: dict[str, Training] = {}
    trainer = stream.models.model_dump(include={"accelerator", "devices", "strategy"})
    for number, kind in enumerate(stream.models.neural):
        left = budget - (time.monotonic() - started)
        trainings[kind] = train_member(
            kind,
            panel,
            train_until=train_until,
            budget_seconds=left / (len(stream.models.neural) - number),
            seed=stream.models.seed,
            parent=parent.members.get(kind),
            trainer=trainer,
        )
    return trainings


def _is_sound(session: Session, record: ModelRecord) -> bool:
    """Whether a model's files are whole; a damaged model is trained again."""
    try:
        load_model(session, record)
    except ModelError as error:
        logger.warning("%s; training it again", error)
        return False
    return True


def _parent(session: Session, boundary: datetime) -> tuple[LoadedModel, str | None]:
    """The newest model trained on less, as a start; none where there is none or its files are damaged."""
    record = newest_model(session.lake, stream=session.definition.stream.name, origin=boundary, config_hash=None)
    if record is None or record.trained_until >= boundary:
        return LoadedModel(), None
    try:
        return load_model(session, record), record.model_id
    except ModelError as error:
        logger.warning("%s; training starts cold", error)
        return LoadedModel(), None


def _finish(session: Session, record: Run, boundary: datetime, message: str) -> Summary:
    session.lake.write(lambda: _end(session, record, message), message=f"train {record.run_id}")
    return _summary(session.definition.stream, boundary, record.status, message, run_id=record.run_id)


def _end(session: Session, record: Run, message: str) -> None:
    record.status = RunStatus.PUBLISHED if record.model_id else RunStatus.UNCHANGED
    record.message = message or None
    record.finish(session.lake, finished_at=wall_clock())


def _summary(
    stream: Stream,
    boundary: datetime,
    status: RunStatus,
    message: str | None,
    *,
    run_id: str | None = None,
    details: dict[str, str] | None = None,
) -> Summary:
    return Summary(
        job="train",
        stream=stream.name,
        status=str(status),
        run_id=run_id,
        origin=boundary.isoformat(),
        message=message,
        details=dict(details or {}),
    )
