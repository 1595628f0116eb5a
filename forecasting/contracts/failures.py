"""A schema that rows do not keep, as the one line that a person reads."""

from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from forecasting.errors import ContractError


def validate(rows: pd.DataFrame, schema: pa.DataFrameSchema, *, table: str, place: Callable[[pd.Series], str]) -> None:
    """Raises ContractError with the first check that failed, of one column before one of the whole row.

    rows: with an index of its own for each row. place: how a row is named.
    """
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as failure:
        raise _broken(rows, failure.failure_cases, table=table, place=place) from failure


def _broken(rows: pd.DataFrame, cases: pd.DataFrame, *, table: str, place: Callable[[pd.Series], str]) -> ContractError:
    cases = cases.sort_values("schema_context", kind="stable")
    case = cases.iloc[0]
    check = str(case["check"])
    indices = cases.loc[cases["check"] == check, "index"].dropna().unique()
    first = f"{case['failure_case']}"
    if len(indices):
        first = place(rows.loc[indices[0]])
    if case["schema_context"] == "Column" and len(indices):
        first = f"{first} with {case['column']} {case['failure_case']}"
    failed = max(len(indices), 1)
    return ContractError(
        f"{table}: {failed} rows break '{check}', first {first}; nothing was published",
        table=table,
        check=check,
        failed=failed,
    )
