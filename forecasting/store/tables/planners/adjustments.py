"""Planners' adjustments, and the factors that they put on published forecasts."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from forecasting.store.lake.lake import Lake

BASE = "base"
"""Scenario of what daily runs plan."""
ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
_TIMES = ("starts_at", "ends_at", "known_at", "withdrawn_at")


def append_adjustment(lake: Lake, version: Mapping[str, Any]) -> None:
    """Write a version of an adjustment, a row of planning.adjustments; to be called inside `Lake.write`.

    scope: a dict; withdrawn_at: None while it holds; scenario: BASE unless given.
    """
    row = {"scenario": BASE, **version, "scope": json.dumps(version["scope"])}
    rows = pd.DataFrame([row])
    for name in _TIMES:
        rows[name] = pd.to_datetime(rows[name], utc=True)
    lake.execute("adjustments/insert_adjustments.sql", frames={"given_adjustments": rows})


def read_adjustments(
    lake: Lake, *, stream: str | None, known_by: datetime = ALWAYS, scenarios: Sequence[str] | None = None
) -> pd.DataFrame:
    """Adjustments as known at an instant, in their order: the columns of planning.adjustments, scope as a dict.

    scenarios: those whose adjustments are wanted; all unless given.
    """
    named: dict[str, Any] = {"scenarios": None if scenarios is None else list(scenarios), "known_by": known_by}
    found = lake.frame("adjustments/adjustments_as_of.sql", stream=stream, **named)
    return found.assign(scope=[json.loads(scope) for scope in found["scope"]])


def read_adjusted(lake: Lake, *, stream: str, origin: datetime, run_id: str) -> pd.DataFrame:
    """Current factors on a published forecast: series_id, ts, factor, adjustment_ids."""
    return lake.frame("adjustments/adjusted.sql", stream=stream, origin=origin, run_id=run_id)


def read_value(lake: Lake, *, stream: str | None, grouping: str) -> pd.DataFrame:
    """What adjustments were worth where demand was measured, by one of `terms.AdjustedBy`."""
    return lake.frame("adjustments/value.sql", stream=stream, grouping=grouping)


def append_adjusted(
    lake: Lake, rows: pd.DataFrame, *, stream: str, origin: datetime, run_id: str, known_at: datetime
) -> None:
    """Write factors: series_id, ts, factor, adjustment_ids; to be called inside `Lake.write`."""
    frames = {"adjusted_rows": rows}
    named: dict[str, Any] = {"stream": stream, "origin": origin, "run_id": run_id, "known_at": known_at}
    lake.execute("adjustments/insert_adjusted.sql", frames=frames, **named)


def published_sums(lake: Lake, *, stream: str, origin: datetime, run_id: str) -> pd.DataFrame:
    """Sums and peaks that a run published: the key, mean and quantiles."""
    return lake.frame("adjustments/aggregates_published.sql", stream=stream, origin=origin, run_id=run_id)


def adjusted_sums(lake: Lake, *, stream: str, origin: datetime, run_id: str) -> pd.DataFrame:
    """Keys of the sums and peaks of a published forecast that adjustments touch on record."""
    return lake.frame("adjustments/aggregates_adjusted.sql", stream=stream, origin=origin, run_id=run_id)


def append_adjusted_sums(
    lake: Lake, rows: pd.DataFrame, *, stream: str, origin: datetime, run_id: str, known_at: datetime
) -> None:
    """Write sums and peaks with adjustments: key, mean, quantiles, adjustment_ids; inside `Lake.write`."""
    frames = {"adjusted_rows": rows}
    named: dict[str, Any] = {"stream": stream, "origin": origin, "run_id": run_id, "known_at": known_at}
    lake.execute("adjustments/insert_aggregates.sql", frames=frames, **named)


def ids_of(rows: pd.DataFrame) -> Sequence[str]:
    """The adjustments that touched some rows of `read_adjusted`, in the order of their keys."""
    return sorted({str(one) for ids in rows["adjustment_ids"] for one in ids})
