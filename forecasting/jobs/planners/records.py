"""Adjustments of the lake, as planning applies them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from forecasting.planning.adjustments import Adjustment
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.planners.adjustments import BASE, read_adjustments
from forecasting.terms import Operation


def adjustments_known(lake: Lake, *, stream: str, known_by: datetime, scenario: str = BASE) -> list[Adjustment]:
    """Those of a stream that were known by then and not withdrawn, in the order in which they are applied: of what is
    expected, and of a scenario beside it."""
    found = read_adjustments(lake, stream=stream, known_by=known_by, scenarios=[BASE, scenario])
    return [adjustment_of(row) for row in found[found["withdrawn_at"].isna()].to_dict("records")]


def adjustment_of(row: Mapping[Any, Any]) -> Adjustment:
    """A row of `read_adjustments`."""
    known_at, starts_at, ends_at = (row[name].to_pydatetime() for name in ("known_at", "starts_at", "ends_at"))
    operation, value = Operation(row["operation"]), float(row["value"])
    return Adjustment(
        row["adjustment_id"],
        known_at,
        row["scope"],
        starts_at,
        ends_at,
        operation,
        value,
        row["reason"],
        row["author"],
    )


def version_of(
    one: Adjustment,
    *,
    stream: str,
    metric: str,
    known_at: datetime,
    withdrawn_at: datetime | None = None,
    scenario: str = BASE,
) -> dict[str, Any]:
    """A row of planning.adjustments."""
    own = {**vars(one), "operation": str(one.operation), "stream": stream, "metric": metric, "scenario": scenario}
    return {**own, "known_at": known_at, "withdrawn_at": withdrawn_at}


def in_words(operation: Operation, value: float) -> str:
    """`+15%`, `at least 200`."""
    amount = f"{abs(value):,.10g}"
    sign = "-" if value < 0 else "+"
    return {
        Operation.PERCENT: f"{sign}{amount}%",
        Operation.ADD: f"{sign}{amount}",
        Operation.SET: f"set to {amount}",
        Operation.FLOOR: f"at least {amount}",
        Operation.CAP: f"at most {amount}",
    }[operation]
