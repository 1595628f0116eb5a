"""Queries of the morning page: rows of a packaged query, and the query with its values in place for people to run."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.store.lake.lake import Lake

_DIGITS = 12
"""Significant digits that are kept."""
_PARAMETER = re.compile(r"\$(\w+)")


def ask(lake: Lake, name: str, **values: object) -> tuple[pd.DataFrame, str]:
    """Rows of a query of `sql/reports`, and its text as one SELECT without parameters.

    values: by parameter; those that the query does not name are left out. The query runs with bound values; the text
    has the same values as literals.
    """
    statement = lake.files.read(name)
    named: dict[str, Any] = {key: values[key] for key in statement.parameters if key in values}
    return _settled(lake.frame(name, **named)), fill_in(statement.text, named)


def _settled(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers without their last digits, which depend on the order in which a sum was taken."""
    for name in rows.columns[[kind == np.float64 for kind in rows.dtypes]]:
        values = rows[name].to_numpy(np.float64)
        size = np.abs(values)
        known = np.isfinite(values) & (size > 0)
        factor = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(size, where=known, out=np.zeros_like(size))))
        rows[name] = np.where(known, np.rint(values * factor) / factor, values)
    return rows


def fill_in(text: str, values: Mapping[str, object]) -> str:
    """A query whose `$name` are replaced by the values as SQL writes them."""
    return _PARAMETER.sub(lambda match: literal(values[match[1]]) if match[1] in values else match[0], text).strip()


def literal(value: object) -> str:
    """A value as SQL writes it; texts are quoted, instants carry their offset."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime():
            return f"timestamptz '{value.isoformat(sep=' ')}'"
        case date():
            return f"date '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Sequence():
            return f"[{', '.join(map(literal, value))}]"
        case _:
            raise TypeError(f"expected a value that SQL can write, found {type(value).__name__}")
