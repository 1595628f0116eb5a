"""Aggregates and paths beside forecasts: made small and sound, and written straight into the lake."""

from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.store.lake.lake import Lake
from forecasting.store.tables.publications import insert_published
from forecasting.terms import QUANTILE_COLUMNS
from tests.publications import SERIES, STEPS, name_rows, write_rows

BESIDE = ("aggregates", "paths")
"""Tables that a forecast may publish beside its rows."""


def make_aggregates(origin: datetime, *, level: float = 10.0) -> pd.DataFrame:
    """Sums and peaks of two groups and everything over four days. level: mean of all."""
    days = pd.date_range(pd.Timestamp(origin).as_unit("us"), periods=4, freq="D", unit="us")
    groups = pd.DataFrame({"level": ["all", "region", "region"], "group_key": ["all", "on", "qc"]})
    stats = pd.DataFrame({"stat": ["sum", "busy_hour"], "period": "day"})
    rows = groups.merge(stats, how="cross").merge(pd.DataFrame({"ts": days}), how="cross")
    rows["mean"] = level
    for place, name in enumerate(QUANTILE_COLUMNS):
        rows[name] = level + place - 3
    return rows.astype(dict.fromkeys(("level", "group_key", "stat", "period"), "category"))


def make_paths(rows: pd.DataFrame, *, count: int = 4) -> pd.DataFrame:
    """Paths of some intervals, no two values alike. rows: series_id, ts."""
    values = np.arange(len(rows) * count, dtype=np.float32).reshape(len(rows), count)
    return rows[["series_id", "ts"]].assign(y=list(values))


def write_beside(lake: Lake, run_id: str, origin: datetime, *, stream: str = "usage", level: float = 10.0) -> int:
    """The aggregates and paths of a run; returns the number of rows."""
    hours = pd.date_range(pd.Timestamp(origin).as_unit("us"), periods=STEPS, freq="h", unit="us")
    keys = pd.MultiIndex.from_product([["s0", "s1"], hours], names=["series_id", "ts"]).to_frame(index=False)
    frames = {"aggregates": make_aggregates(origin, level=level), "paths": make_paths(keys)}

    def insert() -> None:
        for name, table in frames.items():
            insert_published(lake, f"forecast.{name}", table, run_id=run_id, stream=stream, origin=origin)

    lake.write(insert, message=f"beside the rows of {run_id}")
    return sum(len(rows) for rows in frames.values())


def publish_whole_night(
    lake: Lake, run_id: str, origin: datetime, at: datetime, *, stream: str = "usage", level: float = 10.0
) -> None:
    """A run's rows, aggregates and paths, and their publication."""
    write_rows(lake, run_id, origin, stream=stream)
    beside = write_beside(lake, run_id, origin, stream=stream, level=level)
    name_rows(lake, run_id, origin, at, stream=stream, rows=SERIES * STEPS + beside)
