"""The contract on a plan's tables: nothing is published that breaks it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pandera.pandas as pa

from forecasting.contracts.failures import validate
from forecasting.errors import ContractError
from forecasting.terms import StaffingRule

LINEAGE = ("forecast_run_id", "handle_run_id")
"""Columns that say what a plan was made from, not what it says."""
PERIODS = ("day", "week")

_HAIR = 1e-9
"""What averaging may add to a probability of 1."""
_FINITE = pa.Check(lambda values: np.isfinite(values) & (values >= 0), name="finite and not negative")
_SHARE = pa.Check(lambda values: (values >= -_HAIR) & (values <= 1 + _HAIR), name="between 0 and 1")
_RISK = pa.Check(lambda values: (values > 0) & (values < 1), name="above 0 and below 1")
_PEOPLE = pa.Check(lambda values: (values >= 0) & (values % 1 == 0), name="a whole number of people")
_MONDAY = pa.Check(lambda weeks: pd.Series(pd.DatetimeIndex(weeks).day_of_week == 0, weeks.index), name="a Monday")

_AMOUNT = pa.Column(float, checks=_FINITE)
_PROBABILITY = pa.Column(float, checks=_SHARE)
_HEADS = pa.Column(checks=_PEOPLE)
_TEXT = pa.Column(checks=pa.Check(lambda values: values.astype(str) != "", name="not empty"))
_TS = pa.Column(checks=pa.Check(lambda ts: isinstance(ts.dtype, pd.DatetimeTZDtype), name="an instant with a zone"))
_LEVEL = pa.Column(float, checks=_RISK)

Rows = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class PlanTable:
    """What one table of schema planning expects of a plan, but for run_id, stream and origin, which the store adds."""

    key: tuple[str, ...]
    columns: Mapping[str, pa.Column]
    rules: Mapping[str, Rows]
    """Checks of whole rows by what they expect."""

    @property
    def schema(self) -> pa.DataFrameSchema:
        """Typed columns and no others, finite numbers, unique keys."""
        key = list(self.key)
        rules = {f"one row for {', '.join(key)}": lambda rows: ~rows.duplicated(key), **self.rules}
        return pa.DataFrameSchema(
            dict(self.columns),
            checks=[pa.Check(rule, name=name) for name, rule in rules.items()],
            strict=True,
        )


def _never_fewer(rows: pd.DataFrame) -> pd.Series:
    """Whether each row has at least the agents of the next lower risk of its pool and interval."""
    ordered = rows.sort_values("risk", kind="stable")
    rise = ordered.groupby(["pool_id", "ts"], observed=True, sort=False)["agents"].diff()
    return (rise.isna() | (rise >= 0)).reindex(rows.index)


def _ascending(*columns: str) -> Rows:
    return lambda rows: pd.Series((np.diff(rows[list(columns)].to_numpy(), axis=1) >= 0).all(axis=1), rows.index)


def _breaks_inside(rows: pd.DataFrame) -> pd.Series:
    held = [_are_inside(*row) for row in zip(rows["breaks"], rows["ts"], rows["until"], strict=True)]
    return pd.Series(held, index=rows.index, dtype=bool)


def _are_inside(breaks: str, start: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Whether a JSON list of [start, end] in ISO 8601 lies in a shift."""
    try:
        read = [(datetime.fromisoformat(one), datetime.fromisoformat(other)) for one, other in json.loads(breaks)]
        return all(start <= one < other <= end for one, other in read)
    except (ValueError, TypeError):
        return False


_ROSTERED: Mapping[str, Rows] = {"rostered not below agents": lambda rows: rows["rostered"] >= rows["agents"]}

TABLES: Mapping[str, PlanTable] = {
    "staffing": PlanTable(
        key=("pool_id", "ts", "risk"),
        columns={
            **dict.fromkeys(("pool_id", *LINEAGE), _TEXT),
            "ts": _TS,
            "risk": _LEVEL,
            **dict.fromkeys(("calls", "handle", "load", "load_at_risk", "asa"), _AMOUNT),
            **dict.fromkeys(("agents", "rostered", "expected_agents", "plug_in_agents"), _HEADS),
            **dict.fromkeys(
                ("met", "service_level", "occupancy", "abandonment", "plug_in_service_level"), _PROBABILITY
            ),
            "rule": pa.Column(checks=pa.Check.isin([str(rule) for rule in StaffingRule])),
        },
        rules={**_ROSTERED, "no fewer agents for a higher risk": _never_fewer},
    ),
    "staffing_periods": PlanTable(
        key=("pool_id", "period", "ts", "risk"),
        columns={
            "pool_id": _TEXT,
            "period": pa.Column(checks=pa.Check.isin(PERIODS)),
            "ts": _TS,
            "risk": _LEVEL,
            **dict.fromkeys(("calls", "calls_q10", "calls_q50", "calls_q90", "agent_hours", "rostered_hours"), _AMOUNT),
            **dict.fromkeys(("service_level", "service_level_q10", "service_level_q50", "met"), _PROBABILITY),
        },
        rules={
            "quantiles of calls in order": _ascending("calls_q10", "calls_q50", "calls_q90"),
            "quantiles of the service level in order": _ascending("service_level_q10", "service_level_q50"),
            "rostered hours not below agent hours": lambda rows: (
                rows["rostered_hours"] >= rows["agent_hours"] * (1 - _HAIR)
            ),
        },
    ),
    "groups": PlanTable(
        key=("group_id", "ts", "risk"),
        columns={"group_id": _TEXT, "ts": _TS, "risk": _LEVEL, "agents": _HEADS, "rostered": _HEADS},
        rules=_ROSTERED,
    ),
    "rosters": PlanTable(
        key=("pool_id", "week"),
        columns={
            "pool_id": _TEXT,
            "week": pa.Column(checks=_MONDAY),
            "risk": _LEVEL,
            "heads": _HEADS,
            **dict.fromkeys(("paid_hours", "short_hours", "over_hours", "bound", "gap"), _AMOUNT),
        },
        rules={},
    ),
    "shifts": PlanTable(
        key=("pool_id", "week", "person", "ts"),
        columns={
            "pool_id": _TEXT,
            "week": pa.Column(checks=_MONDAY),
            "person": pa.Column(int, checks=pa.Check.ge(1), coerce=True),
            "shift": _TEXT,
            "ts": _TS,
            "until": _TS,
            "breaks": pa.Column(),
        },
        rules={
            "an end after the start": lambda rows: rows["until"] > rows["ts"],
            "breaks inside the shift": _breaks_inside,
        },
    ),
}
"""Tables of schema planning by name."""


def check_plan(tables: Mapping[str, pd.DataFrame]) -> None:
    """Raises ContractError unless every table of a plan holds its rules; the first row that breaks one is named.

    tables: frames by name of `TABLES`; staffing must be there, the others where they were planned. No value may be
    missing or infinite.
    """
    unknown = sorted(set(tables) - set(TABLES))
    if unknown or "staffing" not in tables:
        found = ", ".join(tables) or "none"
        raise ContractError(
            f"planning: expected staffing and tables among {', '.join(TABLES)}, found {found}; nothing was published",
            table=f"planning.{unknown[0] if unknown else 'staffing'}",
            check="tables of a plan",
            failed=1,
        )
    for name, rows in tables.items():
        table = TABLES[name]
        own = rows.reset_index(drop=True)
        validate(own, table.schema, table=f"planning.{name}", place=_place(table))


def _place(table: PlanTable) -> Callable[[pd.Series], str]:
    return lambda row: ", ".join(f"{column} {row[column]}" for column in table.key)
