"""Plans: their hash, their publication, and the current plan of an origin."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from forecasting.contracts.plans import LINEAGE, TABLES
from forecasting.errors import LakeError
from forecasting.store.lake.hashes import parts_of
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.publications import Issue, Publication, insert_published, issue_rows
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, RunStatus

KINDS = (RunKind.PLAN,)
"""Runs that publish plans of what is expected."""


def plan_hash(tables: Mapping[str, pd.DataFrame]) -> str:
    """Hash of a plan's values, with which a plan made again can be compared.

    The order of rows, tables without rows and lineage do not count: a plan made again from an equal forecast is the
    same plan.
    """
    digest = hashlib.sha256()
    for name, table in TABLES.items():
        rows = tables.get(name)
        if rows is None or rows.empty:
            continue
        for part in parts_of(name, rows, key=table.key, but=LINEAGE):
            digest.update(part)
    return digest.hexdigest()


def publish_plan(
    lake: Lake,
    run: Run,
    tables: Mapping[str, pd.DataFrame],
    *,
    complete: bool,
    now: datetime,
    scenario: str | None = None,
) -> RunStatus:
    """Publish a plan's tables at once, unless the current publication has the same values and they are still there.

    tables: frames of `contracts.plans.TABLES` by name, as `check_plan` accepts them. Returns `published`, `stale` or
    `unchanged`, and leaves the run finished. Raises LakeError or LakeBusyError; then what was published before stays.
    """
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise LakeError(f"plan of {run.run_id}: no table planning.{unknown[0]}; there are {', '.join(TABLES)}")
    digest = plan_hash(tables)

    def insert() -> None:
        named: dict[str, Any] = {"run_id": run.run_id, "stream": run.stream.name, "origin": run.origin}
        for name, rows in tables.items():
            if len(rows):
                insert_published(lake, f"planning.{name}", rows, **named)

    issue = Issue(
        digest=digest,
        rows=sum(len(rows) for rows in tables.values()),
        insert=insert,
        among=KINDS if scenario is None else (RunKind.SCENARIO,),
        scenario=scenario,
        keeps=lambda current: current.content_hash == digest == _held_hash(lake, run, current),
    )
    return issue_rows(lake, run, issue, complete=complete, now=now)


def _held_hash(lake: Lake, run: Run, current: Publication) -> str:
    """Hash of what the lake still holds of the current plan of a run's origin."""
    assert run.origin is not None
    stream, origin = run.stream.name, run.origin
    held = {name: rows_of_plan(lake, name, run_id=current.run_id, stream=stream, origin=origin) for name in TABLES}
    return plan_hash(held)


def rows_of_plan(lake: Lake, table: str, *, run_id: str, stream: str, origin: datetime) -> pd.DataFrame:
    """What the lake holds of one table of a run's plan, as it was published. table: a name of TABLES."""
    named: dict[str, Any] = {"run_id": run_id, "stream": stream, "origin": origin}
    rows = lake.frame("planning/held_rows.sql", table=f"planning.{table}", **named)
    return rows.astype(dict.fromkeys(TABLES[table].dates, "datetime64[us]"))


def pools_planned(
    lake: Lake,
    *,
    stream: str,
    origin: datetime,
    confidence: float,
    forecast_run_id: str,
    handle_run_id: str,
    config_hash: str,
    code_version: str,
) -> pd.DataFrame:
    """Pools of the published plans of an origin that were made from these forecasts by these rules, the newest first:
    run_id, pool_id, and lists of calls and handle in the order of time."""
    return lake.frame(
        "planning/pools_planned.sql",
        stream=stream,
        origin=origin,
        confidence=confidence,
        forecast_run_id=forecast_run_id,
        handle_run_id=handle_run_id,
        config_hash=config_hash,
        code_version=code_version,
    )


def planned_rows(lake: Lake, *, stream: str, origin: datetime, table: str, scenario: str | None = None) -> pd.DataFrame:
    """One table of the current plan of a stream and origin, by its key; empty where there is none.

    scenario: of that scenario's plan, where not of the one that is expected. table: a name of
    `contracts.plans.TABLES`. Columns: run_id and those that were published, as they were.
    """
    named: dict[str, Any] = {"stream": stream, "origin": origin, "table": f"planning.{table}", "scenario": scenario}
    rows = lake.frame("planning/planned_rows.sql", **named)
    return rows.astype(dict.fromkeys(TABLES[table].dates, "datetime64[us]"))
