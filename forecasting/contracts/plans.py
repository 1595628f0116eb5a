"""The contract on a plan's tables: nothing is published that breaks it."""

from collections.abc import Callable, Mapping

import pandas as pd

from forecasting.contracts.capacity import CAPACITY
from forecasting.contracts.failures import validate
from forecasting.contracts.plan_tables import PlanTable
from forecasting.contracts.staffing import STAFFING
from forecasting.errors import ContractError

LINEAGE = ("forecast_run_id", "handle_run_id")
"""Columns that name the forecasts a plan was made from; they are not part of its content."""

TABLES: Mapping[str, PlanTable] = {**STAFFING, **CAPACITY}
"""Tables of schema planning by name."""

_FIRST = ("staffing", "capacity")
"""A plan has one of them at least."""


def check_plan(tables: Mapping[str, pd.DataFrame]) -> None:
    """Raises ContractError unless every table of a plan holds its rules; the first row that breaks one is named.

    tables: frames by name of `TABLES`; staffing or capacity must be there, the others where they were planned. No value
    may be infinite, and none missing but where a table says so.
    """
    unknown = sorted(set(tables) - set(TABLES))
    if unknown or not set(_FIRST) & set(tables):
        found = ", ".join(tables) or "none"
        raise ContractError(
            f"planning: expected {' or '.join(_FIRST)} and tables among {', '.join(TABLES)}, found {found}; nothing "
            "was published",
            table=f"planning.{unknown[0] if unknown else _FIRST[0]}",
            check="tables of a plan",
            failed=1,
        )
    for name, rows in tables.items():
        table = TABLES[name]
        own = rows.reset_index(drop=True)
        validate(own, table.schema, table=f"planning.{name}", place=_place(table))


def _place(table: PlanTable) -> Callable[[pd.Series], str]:
    return lambda row: ", ".join(f"{column} {row[column]}" for column in table.key)
