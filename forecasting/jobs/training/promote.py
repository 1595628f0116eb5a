"""A person makes a model champion: the way back when a new one disappoints."""

import difflib
import logging
from datetime import datetime

from forecasting.errors import SettingsError
from forecasting.jobs.common.session import JobSummary, Session, wall_clock
from forecasting.jobs.training.bundles import load_model
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, require_lake
from forecasting.store.tables.decisions import (
    DecisionRecord,
    append_decision,
    champion_after,
    champion_as_of,
    newest_origin,
)
from forecasting.store.tables.registry import ModelRecord, find_model, model_ids
from forecasting.terms import Verdict

logger = logging.getLogger(__name__)


def run(
    settings: Settings, model_id: str, *, by: str, origin: str | None = None, reason: str | None = None
) -> JobSummary:
    """Make a model champion of its stream from `origin` on, until a training promotes another.

    origin: text as everywhere; when absent the newest origin that the stream was published from or decided at, so that
    the newest forecast can be issued again at once, and no decision made since takes precedence over the person's. by,
    reason: for the record. Raises SettingsError where the model is unknown, of another definition, trained after the
    origin or champion already, ModelError where its files are damaged; nothing is written then.
    """
    require_lake(settings)
    with open_lake(settings) as lake:
        record = _find(lake, model_id)
        session = Session(settings, read_definition(settings, record.stream), lake)
        stream = session.definition.stream
        from_then = resolve_origin(origin, stream) if origin else newest_origin(lake, stream) or record.trained_until
        _check(session, record, from_then)
        load_model(session, record)

        def decide() -> str | None:
            incumbent = champion_as_of(lake, stream, from_then)
            if incumbent and incumbent.model_id == model_id:
                raise SettingsError(
                    f"model {model_id} is champion already: since origin {incumbent.since.isoformat()}, verdict "
                    f"{incumbent.verdict}; see `forecasting models list {stream.name}`"
                )
            replaced = incumbent.model_id if incumbent else None
            decision = DecisionRecord(
                stream=stream.name,
                decided_at_origin=from_then,
                challenger=model_id,
                champion=model_id,
                incumbent=replaced,
                verdict=Verdict.MANUAL,
                reason=reason or "no reason given",
                decided_by=by,
                run_id=None,
                config_hash=stream.config_hash,
            )
            append_decision(lake, decision, decided_at=wall_clock())
            return replaced

        replaced = lake.write(decide, message=f"promote {model_id}")
        logger.info("stream %s: %s made %s champion from %s", stream.name, by, model_id, from_then.isoformat())
        return JobSummary(
            job="promote",
            stream=stream.name,
            status=str(Verdict.MANUAL),
            origin=from_then.isoformat(),
            message=_next_step(session, from_then),
            details={"model": model_id, "replaces": replaced, "by": by},
        )


def _find(lake: Lake, model_id: str) -> ModelRecord:
    record = find_model(lake, model_id)
    if record is not None:
        return record
    known = model_ids(lake)
    close = difflib.get_close_matches(model_id, known, n=3, cutoff=0.5) or known[:3]
    hint = f"did you mean {' or '.join(close)}?" if close else "no model is trained yet;"
    raise SettingsError(f"model {model_id!r} is not on the register; {hint} see `forecasting models list`")


def _check(session: Session, record: ModelRecord, origin: datetime) -> None:
    stream = session.definition.stream
    if record.config_hash != stream.config_hash:
        raise SettingsError(
            f"model {record.model_id} was trained for another definition of stream {stream.name}: expected config_hash "
            f"{stream.config_hash}, found {record.config_hash}; choose a model of the present definition (`forecasting "
            f"models list {stream.name}`) or restore the definition in {session.definition.path}"
        )
    if record.trained_until > origin:
        raise SettingsError(
            f"model {record.model_id} was trained until {record.trained_until.isoformat()}, after origin "
            f"{origin.isoformat()}, and would forecast what it has seen; choose an older model or a later --origin"
        )


def _next_step(session: Session, origin: datetime) -> str:
    """What a person does next; and when the choice ends, where it was made for the past."""
    stream = session.definition.stream
    local = origin.astimezone(stream.zone)
    whole_day = local.time() == stream.stream.origin_time
    text = (local.date() if whole_day else local).isoformat()
    again = f"issue this origin again with `forecasting forecast {stream.name} --origin {text}`"
    later = champion_after(session.lake, stream, origin)
    if later is None:
        return again
    return f"{again}; it holds until origin {later.since.isoformat()}, when {later.model_id} became champion"
