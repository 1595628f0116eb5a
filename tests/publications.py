"""Publications, written straight into the lake: rows of runs, and their publications at chosen instants."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from forecasting.store.lake.lake import Lake

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SERIES, STEPS = 2, 12
"""More rows than the catalog would hold itself, so that every publication is a file."""

_ROWS = """
insert into forecast.forecasts by name
select
    $run_id as run_id,
    $stream as stream,
    's' || series as series_id,
    $origin::timestamptz + interval (step) hour as ts,
    $origin as origin,
    step + 1 as horizon_step,
    $level::double as mean,
    mean as q05,
    mean as q10,
    mean as q25,
    mean as q50,
    mean as q75,
    mean as q90,
    mean as q95,
    'trees' as tier,
    $hindsight::boolean as hindsight
from range($series) as s(series), range($steps) as t(step)
order by series_id, ts
"""
_PUBLICATION = """
insert into forecast.publications by name
select
    $stream as stream,
    $origin as origin,
    $published_at as published_at,
    $run_id as run_id,
    $kind as kind,
    $run_id as content_hash,
    $rows::bigint as rows,
    true as complete
"""
_RUN = """
insert into forecast.runs by name
select
    $run_id as run_id, 'nightly' as kind, $stream as stream, $status as status, 'x' as code_version, $at as started_at
"""


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


def write_rows(
    lake: Lake,
    run_id: str,
    origin: datetime,
    *,
    stream: str = "usage",
    level: float = 1.0,
    hindsight: bool | None = None,
    series: int = SERIES,
    steps: int = STEPS,
) -> None:
    """The rows of a run; every number of them is `level`."""
    named = {"run_id": run_id, "stream": stream, "origin": origin, "level": level, "hindsight": hindsight}
    lake.connection.execute(_ROWS, {**named, "series": series, "steps": steps})


def name_rows(
    lake: Lake,
    run_id: str,
    origin: datetime,
    at: datetime,
    *,
    stream: str = "usage",
    kind: str = "nightly",
    rows: int = SERIES * STEPS,
) -> None:
    """The publication of a run."""
    named = {"run_id": run_id, "stream": stream, "origin": origin, "published_at": at, "kind": kind}
    lake.connection.execute(_PUBLICATION, {**named, "rows": rows})


def publish_run(lake: Lake, run_id: str, origin: datetime, at: datetime, *, stream: str = "usage", **rows: Any) -> None:
    """A run's rows and their publication."""
    write_rows(lake, run_id, origin, stream=stream, **rows)
    name_rows(lake, run_id, origin, at, stream=stream)


def record_run(lake: Lake, run_id: str, status: str, at: datetime, *, stream: str = "usage") -> None:
    named = {"run_id": run_id, "stream": stream, "status": status, "at": at}
    lake.connection.execute(_RUN, named)


def ask(lake: Lake, query: str, **values: object) -> list[tuple[Any, ...]]:
    return lake.connection.execute(query, values).fetchall()


def forecast_files_opened(lake: Lake, query: str, **values: object) -> int:
    """How many files of forecast rows a query opens."""
    return files_opened(lake, "forecasts", query, **values)


def files_opened(lake: Lake, table: str, query: str, **values: object) -> int:
    """How many files of a table a query opens."""
    plan = json.loads(ask(lake, f"explain (analyze, format json) {query}", **values)[0][1])
    scans = [node for node in _nodes(plan) if node.get("Table") == table]
    assert scans, plan
    return sum(int(node["Total Files Read"]) for node in scans)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan["extra_info"]
    for child in plan["children"]:
        yield from _nodes(child)
