"""What an adjustment does to staff, before anything is planned anew."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.config.stream import Stream
from forecasting.jobs.planners.factors import Base
from forecasting.jobs.staffing.plan import staffing_rules
from forecasting.numerics import Floats64, Ints
from forecasting.panel.calendar.instants import as_utc
from forecasting.planning.queues.erlang import agents_for
from forecasting.planning.staffing.pools import find_pools
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.plans import planned_rows


@dataclass(frozen=True)
class StaffChange:
    """Agents of a pool in the intervals that an adjustment touches."""

    pool: str
    hours_before: float
    hours_after: float
    most_before: int
    most_after: int

    def __str__(self) -> str:
        return (
            f"{self.pool} {self.hours_before:,.1f} -> about {self.hours_after:,.1f} agent-hours, at most "
            f"{self.most_before} -> {self.most_after} at a time"
        )


def staff_changes(
    lake: Lake, stream: Stream, origin: datetime, calls: Base, ratio: Floats64, *, slower: bool
) -> list[StaffChange] | None:
    """Change of the staff that is planned from an origin; None where nothing is planned from it.

    ratio: (N, H) what an adjustment multiplies calls by or, if slower, their handle times. The agents of the plan, at
    its highest confidence, grow by as many as Erlang asks for the ratio of its loads: to plan again is exact.
    """
    rules = staffing_rules(stream)
    rows = planned_rows(lake, stream=stream.name, origin=origin, table="staffing")
    if rows.empty:
        return None
    rows = rows[rows["confidence"] == rules.confidence[-1]]
    hours = stream.interval.total_seconds() / 3600
    found = []
    for pool, loads in _ratios(stream, calls, ratio, rules).items():
        own = rows[rows["pool_id"] == pool]
        scale = loads.reindex(pd.DatetimeIndex(as_utc(own["ts"]))).fillna(1.0).to_numpy(np.float64)
        touched = scale != 1
        if touched.any():
            before = own.loc[touched, "agents"].to_numpy(np.int64)
            after = before + _more(own[touched], scale[touched], rules, slower=slower)
            after = np.maximum(after, rules.min_agents)
            sums = (float(before.sum() * hours), float(after.sum() * hours))
            found.append(StaffChange(pool, *sums, int(before.max()), int(after.max())))
    return found


def _ratios(stream: Stream, calls: Base, ratio: Floats64, rules: StaffingSection) -> dict[str, pd.Series]:
    """Of each pool, what its load is multiplied by in each interval."""
    weight = np.nan_to_num(calls.mean)
    ids = [str(series) for series in calls.attributes.index]
    place = {series: row for row, series in enumerate(ids)}
    found = {}
    for pool, members in find_pools(ids, rules.pools, stream=stream.name).items():
        rows = [place[one] for one in members]
        total = weight[rows].sum(axis=0)
        changed = (weight[rows] * ratio[rows]).sum(axis=0)
        values = np.divide(changed, total, out=np.ones_like(total), where=total > 0)
        # a sum of equal products differs from the sum in its last bit
        values = np.where((ratio[rows] == 1).all(axis=0), 1.0, values)
        found[pool] = pd.Series(values, index=pd.DatetimeIndex(as_utc(pd.Series(calls.ts))))
    return found


def _more(rows: pd.DataFrame, scale: Floats64, rules: StaffingSection, *, slower: bool) -> Ints:
    load, handle = (rows[name].to_numpy(np.float64) for name in ("load_at_confidence", "handle"))

    def needed(by: Floats64) -> Ints:
        return agents_for(
            load * by,
            handle=handle * (by if slower else 1.0),
            within=rules.target.within,
            share=rules.target.share,
            patience=rules.patience,
            max_occupancy=rules.max_occupancy,
        )

    more: Ints = needed(scale) - needed(np.ones_like(scale))
    return more


def on_calls(calls: Base, handles: Base, ratio: Floats64, *, interval: timedelta) -> Floats64:
    """(N, H) on the intervals of calls, of a ratio of their handle times, whose intervals are as long or longer.

    interval: of the handle times.
    """
    place = {str(series): row for row, series in enumerate(handles.attributes.index)}
    column = np.searchsorted(as_utc(pd.Series(handles.ts)), as_utc(pd.Series(calls.ts)), side="right") - 1
    ends = as_utc(pd.Series(handles.ts)) + np.timedelta64(interval)
    inside = (column >= 0) & (as_utc(pd.Series(calls.ts)) < ends[np.maximum(column, 0)])
    found = np.ones(calls.mean.shape)
    for row, series in enumerate(calls.attributes.index):
        if str(series) in place:
            found[row, inside] = ratio[place[str(series)], column[inside]]
    return found


def without_adjustments(calls: Base, factors: Floats64) -> Base:
    """The forecast as planners have made it."""
    return replace(calls, mean=calls.mean * factors)
