"""The end of a run in blocks: all of them become visible at once."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from forecasting.errors import LakeError
from forecasting.jobs.common.forecast_checks import check_age, check_fallbacks
from forecasting.jobs.common.session import JobSummary, Session, wall_clock
from forecasting.jobs.training.bundles import LoadedModel
from forecasting.store.tables.blocks import Block, publish_blocks, read_blocks
from forecasting.store.tables.runs import Run

NAMED = 3
"""Blocks whose findings a message quotes; of more it gives the number."""


def publish_all(
    session: Session, run: Run, model: LoadedModel, *, number: int, keep_nightly: bool = False
) -> JobSummary:
    """Publish a run whose blocks are all there; number: how many they are.

    Raises LakeError where one is missing, FeedError and FallbackError as a forecast in one panel does; nothing is
    published then.
    """
    stream, origin = session.definition.stream, run.origin
    assert origin is not None
    blocks = read_blocks(session.lake, run_id=run.run_id, stream=stream.name, origin=origin)
    if [block.block for block in blocks] != list(range(number)):
        raise LakeError(
            f"stream {stream.name}: expected {number} blocks of run {run.run_id}, found {len(blocks)}; nothing was "
            "published; forecast the origin again"
        )
    tiers = sum((Counter(block.findings["tiers"]) for block in blocks), Counter[str]())
    stale = check_age(stream, min(timedelta(seconds=block.findings["age"]) for block in blocks), origin)
    check_fallbacks(stream, tiers)
    seen = f"{model.model_id} was trained on demand after this origin" if run.hindsight else None
    run.message = "; ".join(note for note in (stale, model.note, seen, _quoted(blocks)) if note) or None
    status = publish_blocks(
        session.lake, run, blocks, complete=stale is None, now=wall_clock(), keep_nightly=keep_nightly
    )
    weights = sum((Counter(block.findings["weights"]) for block in blocks), Counter[str]())
    open_intervals = sum(block.findings["intervals"] for block in blocks)
    shares = {name: round(total / max(open_intervals, 1), 2) for name, total in weights.most_common()}
    return JobSummary(
        job="forecast",
        stream=stream.name,
        status=str(status),
        run_id=run.run_id,
        origin=origin.isoformat(),
        rows=sum(block.rows for block in blocks),
        message=run.message,
        details={
            "series": tiers.total(),
            "tiers": dict(sorted(tiers.items())),
            "weights": {name: share for name, share in shares.items() if share},
            "blocks": number,
        },
    )


def _quoted(blocks: Sequence[Block]) -> str | None:
    notes = [block.findings["note"] for block in blocks if block.findings["note"]]
    more = len(notes) - NAMED
    return "; ".join(notes[:NAMED] + ([f"and {more} more blocks with findings"] if more > 0 else [])) or None
