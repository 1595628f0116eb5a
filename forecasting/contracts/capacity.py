"""Tables of a plan of capacity: run-out and orders of links, probabilities by date, findings."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from forecasting.contracts.plan_tables import (
    AMOUNT,
    AMOUNT_IF_ANY,
    EPSILON,
    LEVEL,
    PROBABILITY,
    TEXT,
    PlanTable,
    Rows,
)
from forecasting.terms import QUANTILE_COLUMNS, QUANTILES, CapacityRule, SeriesFinding

RUNOUT_COLUMNS = tuple(f"runout_{name}" for name in QUANTILE_COLUMNS)

_ROUNDING = 1e-6
"""Relative; what single precision may leave between a number and those it is made of."""
_NEVER = np.inf

_NUMBER = pa.Check(np.isfinite, name="finite")
_MIDNIGHT = pa.Check(
    lambda dates: pd.api.types.is_datetime64_dtype(dates) and (dates == dates.dt.normalize()),
    name="a date: midnight without a zone",
)
_DATE = pa.Column(checks=_MIDNIGHT)
_DATE_IF_ANY = pa.Column(checks=_MIDNIGHT, nullable=True)
_FAILURE = pa.Column(
    checks=pa.Check(lambda names: names.astype(str).str.fullmatch("none|n-1:.+"), name="none or n-1: and a series")
)


def _days(dates: pd.DataFrame | pd.Series) -> NDArray[np.floating]:
    """Dates as days since 1970, `_NEVER` where there is none."""
    days = dates.to_numpy("datetime64[D]")
    return np.where(np.isnat(days), _NEVER, days.astype(np.int64))


def _ascending_dates(rows: pd.DataFrame) -> pd.Series:
    days = _days(rows[list(RUNOUT_COLUMNS)])
    return pd.Series((days[:, 1:] >= days[:, :-1]).all(axis=1), rows.index)


def _orders_fit(rows: pd.DataFrame) -> pd.Series:
    """Whether what is ordered on the last day is in service between the run-out quantiles around 1 - confidence.

    A quantile at 1 - confidence itself may differ by a path, for confidence is no exact number.
    """
    in_service = (_days(rows["order_by"]) + rows["lead_days"].to_numpy())[:, None]
    ends, level = _days(rows[list(RUNOUT_COLUMNS)]), np.array(QUANTILES)
    tail = 1 - rows["confidence"].to_numpy()[:, None]
    in_time = (in_service <= ends) | (level <= tail + _ROUNDING)
    not_sooner = (in_service >= ends) | (level >= tail - _ROUNDING)
    return pd.Series((in_time & not_sooner).all(axis=1), rows.index)


def _only_where_sufficient(rows: pd.DataFrame) -> pd.Series:
    known = rows[["step", "step_capacity", "cost"]].notna()
    return known.eq(rows["rule"] == CapacityRule.SUFFICIENT, axis=0).all(axis=1)


def _of_a_step(rows: pd.DataFrame) -> pd.Series:
    known = rows["wait_cost"].notna()
    return (known == rows["expected_delay_loss"].notna()) & (~known | rows["step"].notna())


def _follows(made: str, of: tuple[str, str], rule: Rows) -> Rows:
    """Whether a number is what it is made of two others, but for rounding."""

    def holds(rows: pd.DataFrame) -> pd.Series:
        size = rows[list(of)].abs().sum(axis=1)
        return (rows[made] - rule(rows)).abs() <= _ROUNDING * size

    return holds


def _never_falls(rows: pd.DataFrame) -> pd.Series:
    """Whether each probability is at least that of the date before it of its link and failure."""
    ordered = rows.sort_values("date", kind="stable")
    rise = ordered.groupby(["series_id", "failure"], observed=True, sort=False)["probability"].diff()
    return (rise.isna() | (rise >= -EPSILON)).reindex(rows.index)


CAPACITY: Mapping[str, PlanTable] = {
    "capacity": PlanTable(
        key=("series_id", "failure"),
        columns={
            **dict.fromkeys(("series_id", "forecast_run_id"), TEXT),
            "failure": _FAILURE,
            "parallel": pa.Column(),
            "capacity": pa.Column(float, checks=[_NUMBER, pa.Check(lambda values: values > 0, name="above 0")]),
            **dict.fromkeys(("ceiling", "peak", "utilisation", "suppressed"), AMOUNT),
            "headroom": pa.Column(float, checks=_NUMBER),
            "growth": pa.Column(float, checks=[_NUMBER, pa.Check(lambda values: values > -1, name="above -1")]),
            **dict.fromkeys((*RUNOUT_COLUMNS, "order_by"), _DATE_IF_ANY),
            "runout_probability": PROBABILITY,
            "confidence": LEVEL,
            "lead_days": pa.Column(int, checks=pa.Check.ge(0), coerce=True),
            "due": pa.Column(bool),
            "step": pa.Column(nullable=True),
            **dict.fromkeys(("step_capacity", "cost", "expected_delay_loss"), AMOUNT_IF_ANY),
            "wait_cost": pa.Column(float, checks=_NUMBER, nullable=True),
            "currency": pa.Column(nullable=True),
            "rule": pa.Column(checks=pa.Check.isin([str(rule) for rule in CapacityRule])),
        },
        rules={
            "utilisation is peak / capacity": _follows(
                "peak", ("peak", "peak"), lambda rows: rows["utilisation"] * rows["capacity"]
            ),
            "headroom is ceiling - peak": _follows(
                "headroom", ("ceiling", "peak"), lambda rows: rows["ceiling"] - rows["peak"]
            ),
            "run-out dates in order, those beyond the horizon last": _ascending_dates,
            "order_by and lead_days between the run-out dates around 1 - confidence": _orders_fit,
            "due with an order_by only": lambda rows: ~rows["due"] | rows["order_by"].notna(),
            "step, step_capacity and cost where a step is sufficient and nowhere else": _only_where_sufficient,
            "wait_cost and expected_delay_loss together, of a step only": _of_a_step,
        },
        dates=(*RUNOUT_COLUMNS, "order_by"),
    ),
    "runout": PlanTable(
        key=("series_id", "failure", "date"),
        columns={"series_id": TEXT, "failure": _FAILURE, "date": _DATE, "probability": PROBABILITY},
        rules={"a probability that never falls from date to date": _never_falls},
        dates=("date",),
    ),
    "findings": PlanTable(
        key=("series_id", "finding"),
        columns={
            **dict.fromkeys(("series_id", "note"), TEXT),
            "finding": pa.Column(checks=pa.Check.isin([str(finding) for finding in SeriesFinding])),
        },
        rules={},
    ),
}
"""Tables by name."""
