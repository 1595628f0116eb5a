"""Train the model that is due: at the newest retrain boundary, on what was known there, once; and judge it."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from forecasting.config.stream import Stream
from forecasting.ensemble.training import train_members
from forecasting.errors import FeedError, InsufficientHistoryError, ModelError, SettingsError
from forecasting.jobs.blocks.cut import MOST_CELLS, is_large, most_series
from forecasting.jobs.common.panels import panel_as_of, panel_of_series, population_as_of
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.training.bundles import load_champion, load_model
from forecasting.jobs.training.checkpoints import named_checkpoint
from forecasting.jobs.training.contest import Challenger, stand_in
from forecasting.jobs.training.register import Candidate, end, register
from forecasting.numerics import sample_rows
from forecasting.panel.calendar.calendar import resolve_origin, retrain_boundary
from forecasting.panel.grid import Panel
from forecasting.settings import Settings
from forecasting.store.tables.decisions import Champion, append_decision, champion_as_of
from forecasting.store.tables.readings import read_extent
from forecasting.store.tables.registry import ModelRecord, find_model, newest_model
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus

logger = logging.getLogger(__name__)


def run(settings: Settings, stream: str, *, origin: str, before: Sequence[str] = (), anew: bool = False) -> JobSummary:
    """Train at the newest retrain boundary at or before `origin`, unless a sound model of that boundary exists.

    before: earlier origins, ascending, whose models are trained first where they are still missing; where one of them
    cannot be trained, the run of that origin reports it.

    Neural members start from the weights of the package. The new model becomes champion where it passes the contest
    with the present one; either way it stays on the register, and the decision is on record. Too little history for any
    member is no error: the seasonal members forecast until there is more. Raises ModelError where training goes astray,
    SettingsError where models that it rests on are not in the models folder at all: another folder is shared by those
    who trained them. anew: train all the same, for they are lost.

    The stream's budget is what training its members may take. The contest comes after it and asks each side once, which
    takes as long as two forecasts: a budget that is spent must not leave a model unjudged.
    """
    with open_session(settings, stream) as session:
        for earlier in before:
            with suppress(ModelError):
                train_due(session, resolve_origin(earlier, session.definition.stream))
        return train_due(session, resolve_origin(origin, session.definition.stream), anew=anew)


def train_due(session: Session, origin: datetime, *, anew: bool = False) -> JobSummary:
    """As `run`, within a session. Where another run is training the stream, wait for it: its model may be the one."""
    stream = session.definition.stream
    boundary = retrain_boundary(stream, origin)
    if not anew:
        _require_models(session, origin, boundary)
    present = model_of(session, boundary)
    if present is not None and _is_sound(session, present):
        return _keep(session, present, origin)
    with session.lake.training(stream.name):
        present = model_of(session, boundary)
        model_id = name_model(stream, boundary)
        if present is not None:
            if _is_sound(session, present):
                return _keep(session, present, origin)
            model_id = _name_after(present.model_id)
        with session.run(RunKind.TRAIN, origin=boundary) as record:
            return _train(session, record, boundary, model_id)


def _require_models(session: Session, origin: datetime, boundary: datetime) -> None:
    """Raises SettingsError where the model before, the champion or the boundary's own has no folder here.

    A training would become champion without a contest; one whose files are damaged lies in a folder.
    """
    lake, stream = session.lake, session.definition.stream
    champion = champion_as_of(lake, stream, origin)
    needed = (
        newest_model(lake, stream=stream.name, origin=boundary, config_hash=None),
        find_model(lake, champion.model_id) if champion else None,
        model_of(session, boundary),
    )
    for record in needed:
        if record is not None and not session.models.has(record.uri):
            raise SettingsError(
                f"stream {stream.name}: model {record.model_id} is on the register and not in "
                f"{session.settings.models}; nothing was trained; expected one models folder that all workers share: "
                "set FORECASTING_MODELS to it, or if the "
                f"model is lost, `forecasting train {stream.name} --origin {origin.isoformat()} --anew`"
            )


def model_of(session: Session, boundary: datetime) -> ModelRecord | None:
    """The model of a boundary and the present definition, if it exists."""
    stream = session.definition.stream
    record = newest_model(session.lake, stream=stream.name, origin=boundary, config_hash=stream.config_hash)
    return record if record and record.trained_until == boundary else None


def name_model(stream: Stream, boundary: datetime) -> str:
    """Key of the model of a boundary and definition; the same three make the same model."""
    return f"{stream.name}-{boundary.astimezone(stream.zone):%Y%m%d}-{stream.config_hash}"


def _name_after(model_id: str) -> str:
    """Key of the model that replaces a damaged one; models are immutable, so it is another model."""
    base, _, number = model_id.partition(".")
    return f"{base}.{int(number or 1) + 1}"


def _train(session: Session, record: Run, boundary: datetime, model_id: str) -> JobSummary:
    lake, stream = session.lake, session.definition.stream
    first = read_extent(lake, stream).first_ts
    if first is not None and first >= boundary:
        return _finish(session, record, boundary, f"no history before {boundary.isoformat()} yet")
    try:
        panel = _panel(session, boundary)
    except (InsufficientHistoryError, FeedError) as error:
        return _finish(session, record, boundary, str(error))
    foundation = named_checkpoint(session.settings, stream.models)
    trainings = train_members(panel, stream.models, foundation=foundation)
    members = {kind: training.member for kind, training in trainings.items() if training.member is not None}
    message = "; ".join(
        f"{kind} left out: {training.reason}" for kind, training in trainings.items() if training.reason
    )
    if not any(training.n_steps for training in trainings.values()):
        return _finish(session, record, boundary, message)
    candidate = Candidate(
        challenger=Challenger(model_id, members, panel, boundary, record.run_id),
        n_steps={kind: trainings[kind].n_steps for kind in members},
        parent_id=_parent(session, boundary),
        message=message,
    )
    decision = register(session, record, candidate)
    if decision is None:
        return _finish(session, record, boundary, f"{model_id} exists")
    logger.info("stream %s: trained %s: %s", stream.name, model_id, decision.reason)
    details = {kind: trainings[kind].amount for kind in members}
    details = {"model": model_id, **details, "verdict": str(decision.verdict)}
    return _summary(stream, boundary, record.status, record.message, run_id=record.run_id, details=details)


def _panel(session: Session, boundary: datetime) -> Panel:
    """What is trained on: the stream's panel, or that of a sample of its series where it is too large for one.

    The same series are drawn for the same stream and boundary; members forecast the others by what all have in common.
    """
    lake, stream = session.lake, session.definition.stream
    if not is_large(lake, stream, boundary):
        return panel_as_of(lake, stream, boundary)
    population = population_as_of(lake, stream, boundary)
    rows = sample_rows(len(population.series), most_series(stream, boundary, since=population.since, cells=MOST_CELLS))
    return panel_of_series(lake, stream, boundary, population, rows)


def _keep(session: Session, present: ModelRecord, origin: datetime) -> JobSummary:
    """Nothing is due; but where the champion as of `origin` is damaged, the sound model of the boundary replaces it."""
    lake, stream, boundary = session.lake, session.definition.stream, present.trained_until
    champion = champion_as_of(lake, stream, origin)
    damage = _damage(session, champion) if champion and champion.model_id != present.model_id else None
    if champion is None or damage is None:
        return _summary(stream, boundary, RunStatus.UNCHANGED, f"{present.model_id} exists")
    with session.run(RunKind.TRAIN, origin=boundary) as record:
        record.model_id = present.model_id
        decision = stand_in(present, champion, damage, run_id=record.run_id)

        def write() -> None:
            append_decision(lake, decision, decided_at=wall_clock())
            end(session, record, f"{decision.verdict}: {decision.reason}")

        lake.write(write, message=f"{present.model_id} stands in")
        return _summary(stream, boundary, record.status, record.message, run_id=record.run_id)


def _is_sound(session: Session, record: ModelRecord) -> bool:
    """Whether a model's files are whole; a damaged model is trained again."""
    try:
        load_model(session, record)
    except ModelError as error:
        logger.warning("%s; training it again", error)
        return False
    return True


def _damage(session: Session, champion: Champion) -> ModelError | None:
    """Why a champion cannot be loaded, if it cannot."""
    try:
        load_champion(session, champion)
    except ModelError as error:
        logger.warning("%s; another model takes its place", error)
        return error
    return None


def _parent(session: Session, boundary: datetime) -> str | None:
    """The newest model that was trained on less, if there is one."""
    record = newest_model(session.lake, stream=session.definition.stream.name, origin=boundary, config_hash=None)
    return record.model_id if record is not None and record.trained_until < boundary else None


def _finish(session: Session, record: Run, boundary: datetime, message: str) -> JobSummary:
    session.lake.write(lambda: end(session, record, message), message=f"train {record.run_id}")
    return _summary(session.definition.stream, boundary, record.status, message, run_id=record.run_id)


def _summary(
    stream: Stream,
    boundary: datetime,
    status: RunStatus,
    message: str | None,
    *,
    run_id: str | None = None,
    details: dict[str, str] | None = None,
) -> JobSummary:
    return JobSummary(
        job="train",
        stream=stream.name,
        status=str(status),
        run_id=run_id,
        origin=boundary.isoformat(),
        message=message,
        details=dict(details or {}),
    )
