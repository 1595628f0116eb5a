"""What a trained model must pass: the contest with the champion on the held-back origins of one panel."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from forecasting.ensemble.calibrated import held_back_losses
from forecasting.errors import ModelError
from forecasting.evaluation.promote import NO_CONTEST, Contest, Decision, hold_contest, judge
from forecasting.jobs.common.session import Session
from forecasting.jobs.training.bundles import load_champion
from forecasting.models.member import Member
from forecasting.panel.grid import Panel
from forecasting.store.tables.decisions import BY_TRAINING, Champion, DecisionRecord
from forecasting.store.tables.registry import ModelRecord
from forecasting.terms import Verdict

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Challenger:
    """A model that was trained at a retrain boundary, on the panel as of it."""

    model_id: str
    members: Mapping[str, Member]
    panel: Panel
    boundary: datetime
    run_id: str


def decide(session: Session, challenger: Challenger, champion: Champion | None) -> DecisionRecord:
    """What becomes of the challenger; nothing is written.

    Both are scored on the same held-back origins of the challenger's panel, which neither was trained on. A champion
    that cannot be loaded or asked loses without a contest. Raises ModelError where the challenger cannot be asked.
    """
    if champion is None:
        return _record(session, challenger, None, Decision(Verdict.FIRST, "no champion yet"))
    try:
        members = load_champion(session, champion).members
        theirs = held_back_losses(challenger.panel, members)
    except ModelError as error:
        logger.warning("%s; %s becomes champion without a contest", error, challenger.model_id)
        walkover = Decision(Verdict.UNCONTESTED, f"the champion cannot be asked: {error}")
        return _record(session, challenger, champion, walkover)
    ours = held_back_losses(challenger.panel, challenger.members)
    contest = hold_contest(
        ours.loss, theirs.loss, ours.volume, origin_columns=ours.origin_columns, length=challenger.panel.n_horizon
    )
    # clocks that change in between leave a period an hour short
    tenure = round((challenger.boundary - champion.since) / session.definition.stream.models.retrain)
    return _record(session, challenger, champion, judge(contest, tenure=tenure), contest)


def stand_in(present: ModelRecord, champion: Champion, damage: ModelError, *, run_id: str) -> DecisionRecord:
    """The decision that puts a model in the place of a champion whose files are damaged; nothing is written."""
    return DecisionRecord(
        stream=present.stream,
        decided_at_origin=max(present.trained_until, champion.since),
        challenger=present.model_id,
        champion=present.model_id,
        incumbent=champion.model_id,
        verdict=Verdict.UNCONTESTED,
        reason=f"the champion cannot be asked: {damage}",
        decided_by=BY_TRAINING,
        run_id=run_id,
        config_hash=present.config_hash,
    )


def _record(
    session: Session,
    challenger: Challenger,
    champion: Champion | None,
    decision: Decision,
    contest: Contest = NO_CONTEST,
) -> DecisionRecord:
    incumbent = champion.model_id if champion else None
    stays = decision.verdict is Verdict.KEPT
    return DecisionRecord(
        stream=session.definition.stream.name,
        decided_at_origin=challenger.boundary,
        challenger=challenger.model_id,
        champion=incumbent if stays and incumbent else challenger.model_id,
        incumbent=incumbent,
        verdict=decision.verdict,
        reason=decision.reason,
        decided_by=BY_TRAINING,
        run_id=challenger.run_id,
        config_hash=session.definition.stream.config_hash,
        gain=contest.gain,
        noise=contest.noise,
        wql_challenger=contest.wql_challenger,
        wql_incumbent=contest.wql_champion,
        held_back=contest.origins,
        series=contest.series,
    )
