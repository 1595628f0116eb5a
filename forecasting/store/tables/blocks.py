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

from forecasting.contracts.outputs import AGGREGATE_KEY
from forecasting.errors import LakeError
from forecasting.store.lake.hashes import parts_of
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.forecasts import (
    KINDS,
    Sampled,
    combination_of,
    content_hash,
    holds_forecast,
    insert_combination,
    insert_forecasts,
)
from forecasting.store.tables.publications import Issue, Publication, insert_published, issue_rows
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus

AGGREGATE_TEXTS = ("level", "group_key", "stat", "period")
MARK = "blocks-"
"""Beginning of the hash of a forecast that was made in blocks."""


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
    series_ids: Sequence[str] | None = None
    """The series, where the block does not hold all from the first to the last."""
    groups: Sequence[str] | None = None
    """Groups of the hierarchy that lie in the block whole, as level:key."""


@dataclass(frozen=True)
class BlockAggregates:
    """What a block of a stream with a hierarchy publishes beside its rows."""

    aggregates: pd.DataFrame
    """Rows of forecast.aggregates, of the block's series and of the groups that lie in it whole."""
    groups: Sequence[str]
    """These groups, as level:key."""
    parts: pd.DataFrame
    """level, group_key, is_open, paths: what it adds to other groups."""
    paths: pd.DataFrame | None
    """Rows of forecast.paths, where they are kept."""

    @property
    def rows(self) -> int:
        return sum(len(table) for table in (self.aggregates, self.parts, self.paths) if table is not None)


@dataclass(frozen=True)
class SharedRun:
    """A run whose blocks several workers forecast."""

    run_id: str
    status: RunStatus
    finished_at: datetime | None
    """None while it is under way, and of one that was killed."""


def append_combination(lake: Lake, run: Run, sampled: Sampled) -> None:
    """Keep what a run has learned, for the workers that forecast its blocks."""
    lake.write(partial(insert_combination, lake, sampled, **_keys(run)), message=f"combination of {run.run_id}")


def read_combination(lake: Lake, run: Run) -> Sampled:
    """Raises LakeError where the run has learned nothing yet."""
    assert run.origin is not None
    found = combination_of(lake, run_id=run.run_id, stream=run.stream.name, origin=run.origin)
    if found is None:
        raise LakeError(f"run {run.run_id}: no combination on record; forecast the origin again")
    return found


def shared_run(lake: Lake, *, stream: str, origin: datetime) -> SharedRun | None:
    """The newest run that forecasts a stream from an origin in blocks, and has learned from its sample."""
    rows = lake.rows("forecast/shared_run.sql", stream=stream, origin=origin)
    return SharedRun(rows[0][0], RunStatus(rows[0][1]), rows[0][2]) if rows else None


def append_block(
    lake: Lake,
    run: Run,
    *,
    number: int,
    series_ids: Sequence[str],
    rows: pd.DataFrame,
    surges: pd.DataFrame,
    findings: Mapping[str, Any],
    sums: BlockAggregates | None = None,
) -> bool:
    """Write a block's rows and its record, unless they are there; whether they were written.

    series_ids: of the block, sorted. rows, surges: as in `publish`. sums: where the stream has a hierarchy.
    """
    aggregates = None if sums is None else sums.aggregates
    digest = content_hash(rows, model_id=run.model_id, aggregates=aggregates, surges=surges)

    def insert() -> bool:
        if number in done_blocks(lake, run):
            return False
        insert_forecasts(lake, run, rows)
        if len(surges):
            insert_published(lake, "forecast.surges", surges, **_keys(run))
        if sums is not None:
            _insert_sums(lake, run, number, sums)
        lake.execute(
            "forecast/insert_block.sql",
            block=number,
            first_series=series_ids[0],
            last_series=series_ids[-1],
            series=len(series_ids),
            rows=len(rows) + len(surges) + (0 if sums is None else sums.rows),
            content_hash=digest,
            findings=json.dumps(findings),
            series_ids=None if sums is None else list(series_ids),
            groups=None if sums is None else list(sums.groups),
            **_keys(run),
        )
        return True

    return lake.write(insert, message=f"block {number} of {run.run_id}")


def read_blocks(lake: Lake, *, run_id: str, stream: str, origin: datetime | None) -> list[Block]:
    """The blocks of a run that are done, in their order."""
    rows = lake.rows("forecast/blocks.sql", run_id=run_id, stream=stream, origin=origin)
    return [
        Block(number, first, last, series, count, digest, json.loads(findings), series_ids, groups)
        for number, first, last, series, count, digest, findings, series_ids, groups in rows
    ]


def read_parts(lake: Lake, run: Run) -> pd.DataFrame:
    """level, group_key, is_open and paths of what a run's blocks add to groups that lie in several, in their order."""
    return lake.frame("forecast/block_sums.sql", **_keys(run))


def done_blocks(lake: Lake, run: Run) -> set[int]:
    """Numbers of the blocks of a run that are done."""
    return {number for (number,) in lake.rows("forecast/done_blocks.sql", **_keys(run))}


def publish_blocks(
    lake: Lake,
    run: Run,
    blocks: Sequence[Block],
    *,
    complete: bool,
    now: datetime,
    keep_nightly: bool = False,
    sums: pd.DataFrame | None = None,
) -> RunStatus:
    """Make a run's blocks visible at once, unless the current publication has the same values and holds them still.

    blocks: all that are to be seen. sums: rows of forecast.aggregates of groups that lie in several. Returns and raises
    as `publish` does.
    """
    digest = _digest(blocks, model_id=run.model_id, sums=sums)

    def keeps(current: Publication) -> bool:
        if keep_nightly and current.kind == RunKind.NIGHTLY:
            return True
        keys = {**_keys(run), "run_id": current.run_id}
        return current.content_hash == digest and holds_blocks(lake, digest=digest, model_id=run.model_id, **keys)

    # the records of the blocks are rows of the run, too
    count = sum(block.rows for block in blocks) + len(blocks) + (0 if sums is None else len(sums))

    def insert() -> None:
        if sums is not None and len(sums):
            insert_published(lake, "forecast.aggregates", sums, **_keys(run))

    issue = Issue(digest=digest, rows=count, insert=insert, among=KINDS, keeps=keeps)
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
    whole = [group for block in blocks for group in block.groups or ()]
    sums = None
    if any(block.groups is not None for block in blocks):
        sums = lake.frame("forecast/held_sums.sql", categories=AGGREGATE_TEXTS, groups=whole, **keys)
    if _digest(blocks, model_id=model_id, sums=sums) != digest:
        return False
    return all(_holds_block(lake, block, keys, model_id=model_id) for block in blocks)


def _holds_block(lake: Lake, block: Block, keys: Mapping[str, Any], *, model_id: str | None) -> bool:
    own = {
        **keys,
        "first_series": block.first_series,
        "last_series": block.last_series,
        "series_ids": block.series_ids,
    }
    held = lake.frame("forecast/held_block_rows.sql", categories=["series_id", "tier"], **own)
    surges = lake.frame("forecast/held_block_surges.sql", **own)
    aggregates, count = None, len(held) + len(surges)
    if block.groups is not None:
        named = {**keys, "series_ids": block.series_ids, "groups": block.groups}
        aggregates = lake.frame("forecast/held_block_aggregates.sql", categories=AGGREGATE_TEXTS, **named)
        ((paths, sound),) = lake.rows("forecast/held_block_paths.sql", **own)
        ((parts,),) = lake.rows("forecast/held_block_parts.sql", block=block.block, **keys)
        if not sound:
            return False
        count += len(aggregates) + paths + parts
    if count != block.rows:
        return False
    return content_hash(held, model_id=model_id, aggregates=aggregates, surges=surges) == block.content_hash


def _insert_sums(lake: Lake, run: Run, number: int, sums: BlockAggregates) -> None:
    insert_published(lake, "forecast.aggregates", sums.aggregates, **_keys(run))
    if sums.paths is not None and len(sums.paths):
        insert_published(lake, "forecast.paths", sums.paths, **_keys(run))
    if len(sums.parts):
        insert_published(lake, "forecast.block_sums", sums.parts.assign(block=number), **_keys(run))


def _digest(blocks: Sequence[Block], *, model_id: str | None, sums: pd.DataFrame | None) -> str:
    digest = hashlib.sha256((model_id or "").encode())
    for block in blocks:
        digest.update(f"{block.block} {block.first_series}\0{block.last_series}\0{block.content_hash}".encode())
    if sums is not None and len(sums):
        for part in parts_of("aggregates", sums, key=AGGREGATE_KEY):
            digest.update(part)
    return MARK + digest.hexdigest()


def _keys(run: Run) -> dict[str, Any]:
    return {"run_id": run.run_id, "stream": run.stream.name, "origin": run.origin}
