"""The contract on measured demand: a long frame in, the rows that break it out."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from pandera.errors import SchemaErrors

from forecasting.terms import Reason

LARGEST = 1e30
"""No demand is larger in any unit; what is beyond 3e38 could not even be seen, for panels hold 32-bit numbers."""

OnGrid = Callable[[pd.Series], NDArray[np.bool_]]
DayStarts = Callable[[pd.Series], pd.DataFrame]
IntervalEnds = Callable[[pd.Series], pd.Series]


@dataclass(frozen=True)
class DemandLimits:
    """What a stream's rows must fit."""

    earliest: pd.Timestamp
    """First instant of history."""
    until: pd.Timestamp
    """End of the window, exclusive."""
    keys: tuple[str, ...]
    """Patterns of the series that exist, `care.*`."""
    on_grid: OnGrid
    """Which instants are interval starts of the stream."""
    day_starts: DayStarts
    """First instants of the local days that begin at midnights of the stream's zone: midnight, first_instant (UTC)."""
    interval_ends: IntervalEnds
    """Ends of the intervals that start at given instants, both in UTC: a local day may have 23 or 25 hours."""


def find_faulty_rows(rows: pd.DataFrame, limits: DemandLimits) -> pd.DataFrame:
    """Rows that break the contract, with the first rule each breaks.

    rows: row_no, series_id, ts (UTC), y (infinite where the source gave no finite number). Returns row_no, reason.
    """
    frame = rows.assign(series_id=rows["series_id"].astype("category"))
    try:
        demand_schema(limits).validate(frame, lazy=True)
    except SchemaErrors as failure:
        cases = failure.failure_cases.dropna(subset=["index"])
        first = cases.assign(order=cases["check"].map(_ORDER)).sort_values("order").drop_duplicates("index")
        return pd.DataFrame(
            {
                "row_no": rows["row_no"].loc[first["index"].astype(rows.index.dtype)].to_numpy(),
                "reason": first["check"].to_numpy(dtype=object),
            }
        )
    return pd.DataFrame({"row_no": pd.Series(dtype="int64"), "reason": pd.Series(dtype=object)})


def demand_schema(limits: DemandLimits) -> pa.DataFrameSchema:
    """The pandera schema of one chunk; the name of each check is its quarantine reason."""
    return pa.DataFrameSchema(
        {
            "series_id": pa.Column(checks=_check(lambda keys: _known(keys, limits.keys), Reason.UNKNOWN_KEY)),
            "ts": pa.Column(
                checks=[
                    _check(lambda ts: ts >= limits.earliest, Reason.TS_OUT_OF_RANGE),
                    _check(lambda ts: ts < limits.until, Reason.TS_AFTER_UNTIL),
                    _check(lambda ts: pd.Series(limits.on_grid(ts), index=ts.index), Reason.OFF_GRID_TS),
                ]
            ),
            "y": pa.Column(
                float,
                checks=[
                    _check(np.isfinite, Reason.NON_FINITE_VALUE),
                    _check(lambda y: ~np.isfinite(y) | (y <= LARGEST), Reason.VALUE_TOO_LARGE),
                    _check(lambda y: y >= 0, Reason.NEGATIVE_VALUE),
                ],
            ),
        }
    )


_ORDER = {reason.value: order for order, reason in enumerate(Reason)}


def _check(rule: Callable[[pd.Series], pd.Series], reason: Reason) -> pa.Check:
    return pa.Check(rule, name=reason.value, error=reason.value)


def _known(keys: pd.Series, patterns: tuple[str, ...]) -> pd.Series:
    # checked once a category: a batch holds millions of rows and few series
    allowed = [any(fnmatchcase(str(key), pattern) for pattern in patterns) for key in keys.cat.categories]
    known: pd.Series = pd.Series(np.append(allowed, False).astype(bool)[keys.cat.codes], index=keys.index)
    return known
