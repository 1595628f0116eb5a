"""Registration of a trained model: it is judged first, then its files, row and decision are written together."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from forecasting.ensemble.members import as_parts
from forecasting.jobs.common.session import Session, wall_clock
from forecasting.jobs.training.contest import Challenger, decide
from forecasting.store.files.models import Bundle
from forecasting.store.tables.decisions import (
    Champion,
    DecisionRecord,
    append_decision,
    champion_as_of,
)
from forecasting.store.tables.registry import ModelRecord, append_model, find_model
from forecasting.store.tables.runs import Run
from forecasting.terms import RunStatus, Verdict


@dataclass(frozen=True)
class Candidate:
    """A model that is trained but not on the register yet."""

    challenger: Challenger
    n_steps: Mapping[str, int]
    """Of each member that it holds."""
    parent_id: str | None
    message: str
    """What a person should know of the training."""


def register(session: Session, record: Run, candidate: Candidate) -> DecisionRecord | None:
    """Judge a model and put it on record; the run ends with it.

    Where somebody made another champion while the contest was held, it is held again: a person's choice is not
    overruled by a contest with the one before. None where another training of the same model was first: that one
    counts, whole.
    """
    lake, challenger = session.lake, candidate.challenger
    while find_model(lake, challenger.model_id) is None:
        champion = champion_as_of(lake, session.definition.stream, challenger.boundary)
        decision = decide(session, challenger, champion)
        write = partial(_write, session, record, candidate, champion=champion, decision=decision)
        if lake.write(write, message=f"model {challenger.model_id}"):
            return decision
    return None


def end(session: Session, record: Run, message: str) -> None:
    """Close the run of a training; to be called inside `Lake.write`."""
    record.status = RunStatus.PUBLISHED if record.model_id else RunStatus.UNCHANGED
    record.message = message or None
    record.finish(session.lake, finished_at=wall_clock())


def _write(
    session: Session, record: Run, candidate: Candidate, *, champion: Champion | None, decision: DecisionRecord
) -> bool:
    """Whether nobody was faster, and all was written."""
    lake, challenger = session.lake, candidate.challenger
    present = champion_as_of(lake, session.definition.stream, challenger.boundary)
    if present != champion or find_model(lake, challenger.model_id) is not None:
        return False
    _save(session, record, candidate)
    append_decision(lake, decision, decided_at=wall_clock())
    record.model_id = challenger.model_id
    # that a first model had nobody to beat is no news
    judged = "" if decision.verdict is Verdict.FIRST else f"{decision.verdict}: {decision.reason}"
    end(session, record, "; ".join(filter(None, (candidate.message, judged))))
    return True


def _save(session: Session, record: Run, candidate: Candidate) -> None:
    """Write the files of a model and its row, which holds their checksum."""
    stream, challenger = session.definition.stream, candidate.challenger
    bundle = Bundle(
        stream=stream.name,
        model_id=challenger.model_id,
        snapshot_id=record.snapshot_id,
        members={kind: as_parts(member) for kind, member in challenger.members.items()},
    )
    uri, checksum = session.models.save(bundle)
    append_model(
        session.lake,
        ModelRecord(
            model_id=challenger.model_id,
            stream=stream.name,
            members=sorted(challenger.members),
            trained_until=challenger.boundary,
            parent_model_id=candidate.parent_id,
            config_hash=stream.config_hash,
            uri=uri,
            checksum=checksum,
        ),
        n_steps=dict(candidate.n_steps),
        seed=stream.models.seed,
        snapshot_id=record.snapshot_id,
        run_id=record.run_id,
    )
