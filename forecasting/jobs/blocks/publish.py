"""The end of a run in blocks: all of them become visible at once."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from forecasting.contracts.outputs import check_aggregates
from forecasting.ensemble.blocks.sums import GroupPart, add_parts
from forecasting.errors import LakeError
from forecasting.jobs.blocks.work import Work
from forecasting.jobs.common.forecast_checks import check_age, check_fallbacks
from forecasting.jobs.common.session import JobSummary, Session, wall_clock
from forecasting.jobs.planners.publication import adjust_publication
from forecasting.jobs.training.bundles import LoadedModel
from forecasting.store.tables.blocks import Block, publish_blocks, read_blocks, read_parts
from forecasting.store.tables.runs import Run
from forecasting.uncertainty.periods import Columns

NAMED = 3
"""Blocks whose findings a message quotes; of more it gives the number."""


def publish_all(
    session: Session, run: Run, model: LoadedModel, work: Work, *, keep_nightly: bool = False
) -> JobSummary:
    """Publish a run whose blocks are all there, or some of them if its stream says so.

    Raises LakeError where one is missing that must not be, FeedError and FallbackError as a forecast in one panel does;
    nothing is published then.
    """
    stream, origin, number = session.definition.stream, run.origin, len(work.cut.blocks)
    assert origin is not None
    blocks = read_blocks(session.lake, run_id=run.run_id, stream=stream.name, origin=origin)
    missing = sorted(set(range(number)) - {block.block for block in blocks})
    if missing and (stream.stream.incomplete == "wait" or not blocks):
        raise LakeError(
            f"stream {stream.name}: expected {number} blocks of run {run.run_id}, found {len(blocks)}; nothing was "
            "published; forecast the origin again"
        )
    tiers = sum((Counter(block.findings["tiers"]) for block in blocks), Counter[str]())
    stale = check_age(stream, min(timedelta(seconds=block.findings["age"]) for block in blocks), origin)
    check_fallbacks(stream, tiers)
    seen = f"{model.model_id} was trained on demand after this origin" if run.hindsight else None
    notes = stale, _left_out(work, missing), model.note, seen, _quoted(blocks), work.cut.note
    run.message = "; ".join(note for note in notes if note) or None
    sums = None if work.columns is None else _sum_up(session, run, work.columns, work, missing)
    status = publish_blocks(
        session.lake,
        run,
        blocks,
        complete=stale is None and not missing,
        now=wall_clock(),
        keep_nightly=keep_nightly,
        sums=sums,
    )
    adjust_publication(session, run)
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
            "blocks": len(blocks),
            **({"missing": len(missing)} if missing else {}),
        },
    )


def _sum_up(session: Session, run: Run, columns: Columns, work: Work, missing: Sequence[int]) -> pd.DataFrame:
    """Aggregates of groups that lie in several blocks; not of those that lack one."""
    lacking = frozenset().union(*(work.cut.groups[block] for block in missing))
    parts = [
        GroupPart(level, key, np.reshape(paths, (len(is_open), -1)), np.asarray(is_open))
        for level, key, is_open, paths in read_parts(session.lake, run).itertuples(index=False, name=None)
        if (level, key) not in lacking
    ]
    sums = add_parts(session.definition.stream, parts, columns)
    check_aggregates(sums)
    return sums


def _left_out(work: Work, missing: Sequence[int]) -> str | None:
    """Which series have no forecast, because their blocks have none."""
    if not missing:
        return None
    names = work.population.series["series_id"].astype(str).to_numpy()
    series = np.sort(np.concatenate([names[work.cut.blocks[block]] for block in missing]))
    named = ", ".join(series[:NAMED]) + (f" and {len(series) - NAMED} more" if len(series) > NAMED else "")
    return f"incomplete: {len(series)} series could not be forecast ({named}); see the log, then forecast again"


def _quoted(blocks: Sequence[Block]) -> str | None:
    notes = [block.findings["note"] for block in blocks if block.findings["note"]]
    more = len(notes) - NAMED
    return "; ".join(notes[:NAMED] + ([f"and {more} more blocks with findings"] if more > 0 else [])) or None
