"""Input frames: the series and their attributes, and demand rows onto their places on the grid."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ContractError, InsufficientHistoryError
from forecasting.panel.calendar import Times, as_utc

_CHUNK = 2_000_000
"""Rows placed at a time, which bounds the memory that placing takes."""


@dataclass(frozen=True)
class DemandRows:
    """The columns of a demand frame as arrays."""

    series: NDArray[np.intp]
    """(R,) row of the panel, -1 where the series is not on it."""
    ts: Times
    y: NDArray[np.float64]

    def first_known(self, *, before: np.datetime64) -> np.datetime64:
        """Time of the first value of any series of the panel, `before` where there is none."""
        known = (self.series >= 0) & (self.ts < before) & np.isfinite(self.y)
        return cast(np.datetime64, self.ts[known].min()) if known.any() else before


def read_attributes(series: pd.DataFrame, *, stream_name: str) -> pd.DataFrame:
    """(N, A) text of a frame (series_id, attributes), indexed by series_id in the order of code points.

    An unknown attribute is ''. Raises InsufficientHistoryError without series, ContractError on a repeated one.
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


def read_rows(demand: pd.DataFrame, ids: pd.Index) -> DemandRows:
    """Rows of a frame (series_id, ts, y); `ids` are the series of the panel in order."""
    key = demand["series_id"]
    if not isinstance(key.dtype, pd.CategoricalDtype):
        key = key.astype("category")
    # a missing series_id has code -1 and so takes the last position
    position = np.append(ids.get_indexer(key.cat.categories.astype(object)), -1)
    y = demand["y"].to_numpy(np.float64, na_value=np.nan)
    return DemandRows(series=position[key.cat.codes.to_numpy()], ts=as_utc(demand["ts"]), y=y)


def place_rows(
    rows: DemandRows, *, grid: Times, kept: NDArray[np.bool_], n_series: int, since: np.datetime64, until: np.datetime64
) -> NDArray[np.float32]:
    """(n_series, kept.sum()) float32 demand of [since, until), NaN where there is no row.

    grid: (G,) all interval starts; kept: (G,) those that have a column; rows in the others are dropped.
    Raises ContractError on rows off the grid and on two rows in one place.
    """
    width = int(kept.sum())
    y = np.full(n_series * width, np.nan, np.float32)
    taken = np.zeros(len(y), bool)
    starts = np.append(grid, np.datetime64("NaT", "us"))
    column_of = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
    placed = off_grid = 0
    for first in range(0, len(rows.y), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        series, ts, value = rows.series[chunk], rows.ts[chunk], rows.y[chunk]
        wanted = (series >= 0) & (ts >= since) & (ts < until)
        series, ts, value = series[wanted], ts[wanted], value[wanted]
        interval = np.searchsorted(grid, ts)
        off_grid += int((starts[interval] != ts).sum())
        column = column_of[interval]
        place = (series * width + column)[column >= 0]
        y[place] = np.where(np.isfinite(value), value, np.nan)[column >= 0]
        taken[place] = True
        placed += len(place)
    _check(off_grid, "off_grid_ts", "start no interval of the stream; was its interval or time zone changed?")
    _check(placed - int(taken.sum()), "duplicate_key", "repeat a (series_id, ts); pass current versions only")
    return y.reshape(n_series, width)


def _check(failed: int, check: str, fault: str) -> None:
    if failed:
        message = f"history.demand: {failed} rows {fault}"
        raise ContractError(message, table="history.demand", check=check, failed=failed)
