"""Tables of a plan of staffing: agents of every interval, what they give over days and weeks, groups and shifts."""

import json
from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import pandera.pandas as pa

from forecasting.contracts.plan_tables import AMOUNT, EPSILON, LEVEL, PROBABILITY, TEXT, TS, PlanTable, Rows, ascending
from forecasting.terms import QUANTILE_COLUMNS, StaffingRule

PERIODS = ("day", "week")

_PEOPLE = pa.Check(lambda values: (values >= 0) & (values % 1 == 0), name="a whole number of people")
_MONDAY = pa.Check(lambda weeks: pd.Series(pd.DatetimeIndex(weeks).day_of_week == 0, weeks.index), name="a Monday")
_HEADS = pa.Column(checks=_PEOPLE)


def _never_fewer(rows: pd.DataFrame) -> pd.Series:
    """Whether each row has at least the agents of the next lower confidence of its pool and interval."""
    ordered = rows.sort_values("confidence", kind="stable")
    rise = ordered.groupby(["pool_id", "ts"], observed=True, sort=False)["agents"].diff()
    return (rise.isna() | (rise >= 0)).reindex(rows.index)


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

STAFFING: Mapping[str, PlanTable] = {
    "staffing": PlanTable(
        key=("pool_id", "ts", "confidence"),
        columns={
            **dict.fromkeys(("pool_id", "forecast_run_id", "handle_run_id"), TEXT),
            "ts": TS,
            "confidence": LEVEL,
            **dict.fromkeys(("calls", "handle", "load", "load_at_confidence", "asa"), AMOUNT),
            **dict.fromkeys(("agents", "rostered", "expected_agents", "plug_in_agents"), _HEADS),
            **dict.fromkeys(("met", "service_level", "occupancy", "abandonment", "plug_in_service_level"), PROBABILITY),
            "rule": pa.Column(checks=pa.Check.isin([str(rule) for rule in StaffingRule])),
        },
        rules={**_ROSTERED, "no fewer agents for a higher confidence": _never_fewer},
    ),
    "staffing_periods": PlanTable(
        key=("pool_id", "period", "ts", "confidence"),
        columns={
            "pool_id": TEXT,
            "period": pa.Column(checks=pa.Check.isin(PERIODS)),
            "ts": TS,
            "confidence": LEVEL,
            **dict.fromkeys(("calls", "calls_q10", "calls_q50", "calls_q90", "agent_hours", "rostered_hours"), AMOUNT),
            **dict.fromkeys(("service_level", "service_level_q10", "service_level_q50", "met"), PROBABILITY),
        },
        rules={
            "quantiles of calls in order": ascending("calls_q10", "calls_q50", "calls_q90"),
            "quantiles of the service level in order": ascending("service_level_q10", "service_level_q50"),
            "rostered hours not below agent hours": lambda rows: (
                rows["rostered_hours"] >= rows["agent_hours"] * (1 - EPSILON)
            ),
        },
    ),
    "pool_calls": PlanTable(
        key=("pool_id", "ts"),
        columns={"pool_id": TEXT, "ts": TS, **dict.fromkeys(("calls", *QUANTILE_COLUMNS), AMOUNT)},
        rules={"quantiles in order": ascending(*QUANTILE_COLUMNS)},
    ),
    "groups": PlanTable(
        key=("group_key", "ts", "confidence"),
        columns={"group_key": TEXT, "ts": TS, "confidence": LEVEL, "agents": _HEADS, "rostered": _HEADS},
        rules=_ROSTERED,
    ),
    "rosters": PlanTable(
        key=("pool_id", "week"),
        columns={
            "pool_id": TEXT,
            "week": pa.Column(checks=_MONDAY),
            "confidence": LEVEL,
            "heads": _HEADS,
            **dict.fromkeys(("paid_hours", "short_hours", "over_hours", "bound", "gap"), AMOUNT),
        },
        rules={},
    ),
    "shifts": PlanTable(
        key=("pool_id", "week", "person", "ts"),
        columns={
            "pool_id": TEXT,
            "week": pa.Column(checks=_MONDAY),
            "person": pa.Column(int, checks=pa.Check.ge(1), coerce=True),
            "shift": TEXT,
            "ts": TS,
            "until": TS,
            "breaks": pa.Column(),
        },
        rules={
            "an end after the start": lambda rows: rows["until"] > rows["ts"],
            "breaks inside the shift": _breaks_inside,
        },
    ),
    "scenario_deltas": PlanTable(
        key=("place", "measure", "period", "ts"),
        columns={
            **dict.fromkeys(("place", "measure"), TEXT),
            "period": pa.Column(checks=pa.Check.isin((*PERIODS, "horizon"))),
            "ts": TS,
            **dict.fromkeys(("base", "scenario"), AMOUNT),
            "delta": pa.Column(float),
            **dict.fromkeys(("delta_q10", "delta_q90"), pa.Column(float, nullable=True)),
        },
        rules={"delta between base and scenario": lambda rows: rows["delta"] == rows["scenario"] - rows["base"]},
    ),
}
"""Tables by name."""
