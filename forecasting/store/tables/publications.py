"""Publishing: rows go in under their run, then one small transaction makes them visible. Nothing is overwritten."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from forecasting.errors import LakeError
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.tables import TABLES
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publication:
    """The current publication of a stream and origin."""

    run_id: str
    content_hash: str
    kind: str
    published_at: datetime


@dataclass(frozen=True)
class Issue:
    """What a run wants to publish."""

    digest: str
    """Hash of the values."""
    rows: int
    insert: Callable[[], None]
    """Writes the rows; called inside `Lake.write`."""
    among: Sequence[RunKind]
    """Kinds of runs that replace each other: forecasts replace forecasts, plans replace plans."""
    keeps: Callable[[Publication], bool]
    """Whether a publication is to be left current: its values are the same, or it is not to be replaced."""
    scenario: str | None = None
    """Of a plan beside the one that is expected."""


def newest_of(
    lake: Lake, kinds: Sequence[RunKind], *, stream: str, origin: datetime, scenario: str | None = None
) -> Publication | None:
    """The current publication of a stream and origin, among some kinds."""
    named: dict[str, Any] = {"kinds": [str(kind) for kind in kinds], "scenario": scenario}
    rows = lake.rows("forecast/newest_publication.sql", stream=stream, origin=origin, **named)
    return Publication(*rows[0]) if rows else None


def insert_published(
    lake: Lake, table: str, rows: pd.DataFrame, *, run_id: str, stream: str, origin: datetime | None
) -> None:
    """Write rows of a run to a table that is seen through publications; to be called inside `Lake.write`.

    rows: every column of the table but run_id, stream and origin.
    """
    lake.execute(
        "templates/insert_published.sql",
        of=TABLES[table],
        frames={"published_rows": rows},
        run_id=run_id,
        stream=stream,
        origin=origin,
    )


def issue_rows(lake: Lake, run: Run, issue: Issue, *, complete: bool, now: datetime) -> RunStatus:
    """Publish, unless the current publication is to be kept.

    The rows go in first; nobody sees them until the second transaction names their run. A kill between the two leaves
    rows that no view shows. Returns `published`, `stale` (not complete) or `unchanged`, and leaves the run finished.
    Raises LakeError or LakeBusyError; then what was published before stays.
    """
    stream, origin = run.stream.name, run.origin
    if origin is None:
        raise LakeError(f"run {run.run_id}: a publication needs an origin")
    if run.kind not in issue.among:
        kinds = ", ".join(issue.among)
        raise LakeError(f"run {run.run_id}: expected a run of kind {kinds}, found {run.kind}; nothing was published")

    def newest() -> Publication | None:
        return newest_of(lake, issue.among, stream=stream, origin=origin, scenario=issue.scenario)

    current = newest()
    appended = current is None or not issue.keeps(current)
    if appended:
        lake.write(issue.insert, message=f"rows of {run.run_id}")

    def make_visible() -> RunStatus:
        current = newest()
        if current is not None and issue.keeps(current):
            run.status = RunStatus.UNCHANGED
        else:
            if not appended:  # the publication that was to be kept was replaced meanwhile
                issue.insert()
            at = max(now, current.published_at + timedelta(microseconds=1)) if current else now
            lake.execute(
                "forecast/insert_publication.sql",
                stream=stream,
                origin=origin,
                published_at=at,
                run_id=run.run_id,
                kind=str(run.kind),
                replaces=current.run_id if current else None,
                content_hash=issue.digest,
                rows=issue.rows,
                complete=complete,
                hindsight=run.hindsight,
                scenario=issue.scenario,
            )
            run.status = RunStatus.PUBLISHED if complete else RunStatus.STALE
        run.rows = issue.rows
        run.finish(lake, finished_at=now)
        return run.status

    status = lake.write(make_visible, message=f"publish {stream} {origin.isoformat()}")
    logger.info("stream %s: origin %s %s, %d rows, run %s", stream, origin.isoformat(), status, issue.rows, run.run_id)
    return status
