"""Adjustments put on a published forecast: factors beside its rows, which stay as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.jobs.planners.records import adjustments_known
from forecasting.jobs.planners.sums import put_on_sums
from forecasting.numerics import Floats64, Mask
from forecasting.panel.attributes import read_attributes
from forecasting.panel.calendar.calendar import grid_ends
from forecasting.panel.calendar.instants import as_utc, utc_instant
from forecasting.panel.events import in_scope
from forecasting.planning.adjustments import Adjusted, Adjustment, adjust
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.forecasts import published_rows
from forecasting.store.tables.planners.adjustments import append_adjusted, read_adjusted
from forecasting.store.tables.readings import read_series


@dataclass(frozen=True)
class Base:
    """A published forecast on a grid: N series and H intervals."""

    run_id: str
    attributes: pd.DataFrame
    """Text, indexed by series_id: the N series, sorted."""
    ts: pd.DatetimeIndex
    ends: np.ndarray
    mean: Floats64
    """(N, H) NaN where a series is closed."""

    def in_scope(self, scope: Mapping[str, str], stream: str) -> Mask:
        """(N,) the series that a scope matches; its series_id may be a pattern such as care.*"""
        pattern = scope.get("series_id")
        others = {key: value for key, value in scope.items() if key != "series_id"}
        series: Mask = in_scope(others, attributes=self.attributes, stream_name=stream)
        if pattern is not None:
            series &= np.array([fnmatchcase(str(name), pattern) for name in self.attributes.index], dtype=bool)
        return series

    def cells(self, one: Adjustment, stream: str) -> Mask:
        """(N, H) the series in an adjustment's scope, in the intervals that it overlaps."""
        series = self.in_scope(one.scope, stream)
        times = as_utc(pd.Series(self.ts))
        inside = (self.ends > utc_instant(one.starts_at)) & (times < utc_instant(one.ends_at))
        cells: Mask = series[:, None] & inside[None]
        return cells


def read_base(lake: Lake, stream: Stream, origin: datetime) -> Base | None:
    """The forecast that is published from an origin; None where there is none."""
    rows = published_rows(lake, stream=stream.name, origin=origin)
    if rows.empty:
        return None
    wide = rows.pivot_table(index="series_id", columns="ts", values="mean", observed=True)
    known = read_attributes(read_series(lake, stream, origin), stream_name=stream.name)
    attributes = known.reindex(wide.index.astype(str), fill_value="")
    ts = pd.DatetimeIndex(wide.columns)
    ends = grid_ends(as_utc(pd.Series(ts)), stream)
    return Base(str(rows["run_id"].iloc[0]), attributes, ts, ends, wide.to_numpy(np.float64))


def factors_on(base: Base, stream: Stream, adjustments: list[Adjustment]) -> Adjusted:
    """Factors of adjustments on a forecast."""
    cells = [base.cells(one, stream.name) for one in adjustments]
    return adjust(base.mean, adjustments, cells, together=stream.stream.aggregate == "sum")


def put_on(lake: Lake, stream: Stream, origin: datetime, *, known_by: datetime, known_at: datetime) -> int:
    """Put the adjustments that hold at `known_by` on the forecast that is published from an origin.

    Rows are written where factors differ from those on record, at `known_at`; to be called inside `Lake.write`. How
    many intervals changed.
    """
    base = read_base(lake, stream, origin)
    if base is None:
        return 0
    adjustments = adjustments_known(lake, stream=stream.name, known_by=known_by)
    before = read_adjusted(lake, stream=stream.name, origin=origin, run_id=base.run_id)
    if not adjustments and before.empty:
        return 0
    found = factors_on(base, stream, adjustments)
    rows = _changes(_rows(base, found, adjustments), before)
    if len(rows):
        append_adjusted(lake, rows, stream=stream.name, origin=origin, run_id=base.run_id, known_at=known_at)
        if stream.hierarchy is not None:
            series = {
                one.adjustment_id: base.attributes.index.to_numpy(str)[cells.any(axis=1)].tolist()
                for one, cells in zip(adjustments, found.touched, strict=True)
            }
            put_on_sums(lake, stream, origin, run_id=base.run_id, touched=series, known_at=known_at)
    return len(rows)


def _rows(base: Base, found: Adjusted, adjustments: list[Adjustment]) -> pd.DataFrame:
    """Every interval that some adjustment touches."""
    touched = np.any(found.touched, axis=0) if adjustments else np.zeros(base.mean.shape, bool)
    series, column = np.nonzero(touched)
    held = np.stack([np.zeros(len(series), bool), *(cells[series, column] for cells in found.touched)])[1:]
    names = [one.adjustment_id for one in adjustments]
    return pd.DataFrame(
        {
            "series_id": base.attributes.index.to_numpy()[series],
            "ts": base.ts[column],
            "factor": found.factors[series, column],
            "adjustment_ids": [[name for name, own in zip(names, mask, strict=True) if own] for mask in held.T],
        }
    )


def _changes(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Rows that differ from those on record; those that no adjustment touches any more are 1 again."""
    key = ["series_id", "ts"]
    both = now.merge(before, on=key, how="outer", suffixes=("", "_before"))
    both["factor"] = both["factor"].fillna(1.0)
    for name in ("adjustment_ids", "adjustment_ids_before"):
        both[name] = [list(ids) if isinstance(ids, list | np.ndarray) else [] for ids in both[name]]
    pairs = zip(both["adjustment_ids"], both["adjustment_ids_before"], strict=True)
    same = np.array([one == other for one, other in pairs], dtype=bool)
    same &= (both["factor"] == both["factor_before"].fillna(1.0)).to_numpy()
    return both.loc[~same, [*key, "factor", "adjustment_ids"]]
