"""Runs of streams that are too large for one panel: the record of the blocks of series that are done, and publication.

A block's rows and its record come in one transaction, after a look whether they are there: a block that is forecast
twice, because a worker was thought dead and was not, is there once. A run's forecast becomes visible at once, when all
its blocks are there.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd

from forecasting.errors import LakeError
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.forecasts import KINDS, content_hash, holds_forecast, insert_forecasts
from forecasting.store.tables.publications import Issue, Publication, insert_published, issue_rows
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus

MARK = "blocks-"
"""Beginning of the hash of a forecast that was made in blocks."""


@dataclass(frozen=True)
class Sampled:
    """What a run has learned from a sample of the series."""

    model_id: str | None
    series: int
    """Of the stream."""
    sampled: int
    combination: Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """A block of series that a run has forecast."""

    block: int
    """Number, from 0, in the order of series_id."""
    first_series: str
    last_series: str
    series: int
    rows: int
    content_hash: str
    findings: Mapping[str, Any]


def append_combination(lake: Lake, run: Run, sampled: Sampled) -> None:
    """Keep what a run has learned, for the workers that forecast its blocks."""
    values = {**_keys(run), "model_id": sampled.model_id, "series": sampled.series, "sampled": sampled.sampled}
    text = json.dumps(sampled.combination)
    write = partial(lake.execute, "forecast/insert_combination.sql", combination=text, **values)
    lake.write(write, message=f"combination of {run.run_id}")


def read_combination(lake: Lake, run: Run) -> Sampled:
    """Raises LakeError where the run has learned nothing yet."""
    rows = lake.rows("forecast/combination.sql", **_keys(run))
    if not rows:
        raise LakeError(f"run {run.run_id}: no combination on record; forecast the origin again")
    model_id, series, sampled, text = rows[0]
    return Sampled(model_id, series, sampled, json.loads(text))


def shared_run(lake: Lake, *, stream: str, origin: datetime) -> str | None:
    """The newest run under way that forecasts a stream from an origin in blocks, and has learned from its sample."""
    rows = lake.rows("forecast/shared_run.sql", stream=stream, origin=origin)
    return rows[0][0] if rows else None


def append_block(
    lake: Lake,
    run: Run,
    *,
    number: int,
    series_ids: Sequence[str],
    rows: pd.DataFrame,
    surges: pd.DataFrame,
    findings: Mapping[str, Any],
) -> bool:
    """Write a block's rows and its record, unless they are there; whether they were written.

    series_ids: of the block, sorted. rows, surges: as in `publish`.
    """
    digest = content_hash(rows, model_id=run.model_id, surges=surges)

    def insert() -> bool:
        if number in done_blocks(lake, run):
            return False
        insert_forecasts(lake, run, rows)
        if len(surges):
            insert_published(lake, "forecast.surges", surges, **_keys(run))
        lake.execute(
            "forecast/insert_block.sql",
            block=number,
            first_series=series_ids[0],
            last_series=series_ids[-1],
            series=len(series_ids),
            rows=len(rows) + len(surges),
            content_hash=digest,
            findings=json.dumps(findings),
            **_keys(run),
        )
        return True

    return lake.write(insert, message=f"block {number} of {run.run_id}")


def read_blocks(lake: Lake, *, run_id: str, stream: str, origin: datetime | None) -> list[Block]:
    """The blocks of a run that are done, in their order."""
    rows = lake.rows("forecast/blocks.sql", run_id=run_id, stream=stream, origin=origin)
    return [
        Block(number, first, last, series, count, digest, json.loads(findings))
        for number, first, last, series, count, digest, findings in rows
    ]


def done_blocks(lake: Lake, run: Run) -> set[int]:
    """Numbers of the blocks of a run that are done."""
    return {block.block for block in read_blocks(lake, **_keys(run))}


def publish_blocks(
    lake: Lake, run: Run, blocks: Sequence[Block], *, complete: bool, now: datetime, keep_nightly: bool = False
) -> RunStatus:
    """Make a run's blocks visible at once, unless the current publication has the same values and holds them still.

    blocks: all of them. Returns and raises as `publish` does.
    """
    digest = _digest(blocks, model_id=run.model_id)

    def keeps(current: Publication) -> bool:
        if keep_nightly and current.kind == RunKind.NIGHTLY:
            return True
        keys = {**_keys(run), "run_id": current.run_id}
        return current.content_hash == digest and holds_blocks(lake, digest=digest, model_id=run.model_id, **keys)

    # the records of the blocks and of the combination are rows of the run, too
    count = sum(block.rows for block in blocks) + len(blocks) + 1
    issue = Issue(digest=digest, rows=count, insert=lambda: None, among=KINDS, keeps=keeps)
    return issue_rows(lake, run, issue, complete=complete, now=now)


def holds_publication(lake: Lake, *, run_id: str, stream: str, origin: datetime) -> bool:
    """Whether the lake still holds what a run published: as many rows, with the same hash."""
    keys: dict[str, Any] = {"run_id": run_id, "stream": stream, "origin": origin}
    claimed = lake.rows("forecast/claimed.sql", **keys)
    if claimed and claimed[0][0].startswith(MARK):
        digest, _, model_id = claimed[0]
        return holds_blocks(lake, digest=digest, model_id=model_id, **keys)
    return holds_forecast(lake, **keys)


def holds_blocks(
    lake: Lake, *, digest: str, model_id: str | None, run_id: str, stream: str, origin: datetime | None
) -> bool:
    """Whether the lake still holds the rows of a forecast that was made in blocks, a block at a time."""
    keys: dict[str, Any] = {"run_id": run_id, "stream": stream, "origin": origin}
    blocks = read_blocks(lake, **keys)
    if _digest(blocks, model_id=model_id) != digest:
        return False
    for block in blocks:
        between = {**keys, "first_series": block.first_series, "last_series": block.last_series}
        held = lake.frame("forecast/held_block_rows.sql", categories=["series_id", "tier"], **between)
        surges = lake.frame("forecast/held_block_surges.sql", **between)
        if len(held) + len(surges) != block.rows:
            return False
        if content_hash(held, model_id=model_id, surges=surges) != block.content_hash:
            return False
    return True


def _digest(blocks: Sequence[Block], *, model_id: str | None) -> str:
    digest = hashlib.sha256((model_id or "").encode())
    for block in blocks:
        digest.update(f"{block.block} {block.first_series}\0{block.last_series}\0{block.content_hash}".encode())
    return MARK + digest.hexdigest()


def _keys(run: Run) -> dict[str, Any]:
    return {"run_id": run.run_id, "stream": run.stream.name, "origin": run.origin}
