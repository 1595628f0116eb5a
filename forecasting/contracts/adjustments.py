"""The contract on planners' adjustments: a frame in, the rows that break it out, each with a reason in words."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from forecasting.contracts.history import LARGEST
from forecasting.terms import Operation

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 1000
"""Characters of a reason or a name."""
_AMOUNTS = (Operation.SET, Operation.FLOOR, Operation.CAP)

Words = Callable[[Mapping[Any, Any]], str]


def find_faults(rows: pd.DataFrame, *, scenarios: Collection[str]) -> dict[int, str]:
    """Reasons of the rows that break the contract, by their index; of each the first.

    rows: operation, value (text), amount (the number of it, NaN where it is none), reason, author, scenario, starts_at
    and ends_at (UTC), starts and ends (the same as they were written). scenarios: those that there are.
    """
    faults: dict[int, str] = {}
    if rows.empty:
        return faults
    rules = _rules(scenarios)
    schema = pa.DataFrameSchema({}, checks=[pa.Check(rule, name=name, error=name) for name, (rule, _) in rules.items()])
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as failure:
        broken = failure.failure_cases.dropna(subset=["index"]).groupby("check")["index"].unique()
        for name, (_, words) in rules.items():
            for index in broken.get(name, ()):
                faults.setdefault(int(index), words(rows.loc[int(index)].to_dict()))
    return faults


def _rules(scenarios: Collection[str]) -> dict[str, tuple[Callable[[pd.DataFrame], pd.Series], Words]]:
    *most, last = Operation
    there = ", ".join(sorted(scenarios))

    def has_text(name: str) -> tuple[Callable[[pd.DataFrame], pd.Series], Words]:
        return (
            lambda rows: rows[name].str.strip() != "",
            lambda _: f"{name} is empty; an adjustment says who made it and why",
        )

    def is_plain(name: str) -> tuple[Callable[[pd.DataFrame], pd.Series], Words]:
        return (
            lambda rows: ~rows[name].str.contains(_CONTROL) & (rows[name].str.len() <= _LONGEST),
            lambda _: f"{name}: expected one line of at most {_LONGEST} characters",
        )

    return {
        "reason": has_text("reason"),
        "author": has_text("author"),
        "plain reason": is_plain("reason"),
        "plain author": is_plain("author"),
        "scenario": (
            lambda rows: rows["scenario"].isin(list(scenarios)),
            lambda row: f"there is no scenario {row['scenario']!r}; there are {there}",
        ),
        "operation": (
            lambda rows: rows["operation"].isin([str(one) for one in Operation]),
            lambda row: f"operation is {row['operation'] or 'missing'}; expected {', '.join(map(str, most))} or {last}",
        ),
        "number": (
            lambda rows: np.isfinite(rows["amount"]) & (rows["amount"].abs() <= LARGEST),
            lambda row: f"{row['operation']}: expected a number, found {row['value'] or 'nothing'}",
        ),
        "percent": (
            lambda rows: (rows["operation"] != Operation.PERCENT) | ~(rows["amount"] < -100),
            lambda row: f"percent {row['amount']:g}: nothing falls by more than 100%",
        ),
        "amount": (
            lambda rows: ~rows["operation"].isin([str(one) for one in _AMOUNTS]) | ~(rows["amount"] < 0),
            lambda row: f"{row['operation']} {row['amount']:g}: expected 0 or more",
        ),
        "order": (
            lambda rows: rows["ends_at"] > rows["starts_at"],
            lambda row: (
                f"ends {row['ends']}: expected a time after starts {row['starts']}; it is the first instant after it"
            ),
        ),
    }
