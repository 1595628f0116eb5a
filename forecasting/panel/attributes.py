"""Attributes of series, such as region, queue or capacity, that a feed gives with demand."""

import pandas as pd

from forecasting.errors import ContractError, InsufficientHistoryError


def read_attributes(series: pd.DataFrame, *, stream_name: str) -> pd.DataFrame:
    """(N, A) attributes as text, indexed by series_id in code point order; '' where unknown.

    series: series_id and attributes. Raises InsufficientHistoryError without series, ContractError on a repeated one.
    """
    if series.empty:
        raise InsufficientHistoryError(
            f"stream {stream_name}: no series is known at the origin, expected at least one; ingest usage first",
            have=0,
            need=1,
        )
    table = series.set_index("series_id").astype(object)
    table = table.where(table.notna(), "").astype(str).astype(object)
    table.index = pd.Index(table.index.astype(str), name="series_id", dtype=object)
    repeated = table.index[table.index.duplicated()]
    if len(repeated):
        raise ContractError(
            f"history.series: stream {stream_name} has {len(repeated)} repeated series, for example {repeated[0]!r}; "
            "pass one row a series",
            table="history.series",
            check="duplicate_key",
            failed=len(repeated),
        )
    return table.sort_index()
