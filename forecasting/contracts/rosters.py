"""The contract on rosters of a workforce tool: a frame in, the rows that break it out, each with a reason in words."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from forecasting.terms import DAY

MOST_PEOPLE = 100_000
Words = Callable[[Mapping[Any, Any]], str]


def find_faults(rows: pd.DataFrame, *, pools: Collection[str]) -> dict[int, str]:
    """Reasons of the rows that break the contract, by their index; of each the first.

    rows: pool_id, starts_at and ends_at (UTC), people (NaN where it is no number), and starts, ends and agents as they
    were written. pools: those that there are, groups of several skills among them.
    """
    faults: dict[int, str] = {}
    if rows.empty:
        return faults
    there = ", ".join(sorted(pools))
    rules: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], Words]] = {
        "pool": (
            lambda rows: rows["pool_id"].isin(list(pools)),
            lambda row: f"no pool {row['pool_id']!r}; there are {there}" if row["pool_id"] else "pool is missing",
        ),
        "order": (
            lambda rows: rows["ends_at"] > rows["starts_at"],
            lambda row: f"ends {row['ends']}: expected a time after starts {row['starts']}",
        ),
        "length": (
            lambda rows: rows["ends_at"] - rows["starts_at"] <= DAY,
            lambda row: f"{row['starts']} to {row['ends']}: expected at most 24 hours",
        ),
        "people": (
            lambda rows: np.isfinite(rows["people"]) & (rows["people"] >= 0) & (rows["people"] <= MOST_PEOPLE),
            lambda row: f"agents is {row['agents'] or 'missing'}; expected a number from 0 to {MOST_PEOPLE}",
        ),
    }
    schema = pa.DataFrameSchema({}, checks=[pa.Check(rule, name=name, error=name) for name, (rule, _) in rules.items()])
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as failure:
        broken = failure.failure_cases.dropna(subset=["index"]).groupby("check")["index"].unique()
        for name, (_, words) in rules.items():
            for index in broken.get(name, ()):
                faults.setdefault(int(index), words(rows.loc[int(index)].to_dict()))
    return faults
