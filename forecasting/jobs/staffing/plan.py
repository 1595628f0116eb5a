"""The staffing of a stream from one origin: loads, agents, days and weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.staffing import StaffingSection
from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.jobs.common.outlook import Outlook, PanelSource, newest_origin, read_outlook
from forecasting.jobs.common.panels import panel_as_of
from forecasting.jobs.common.partners import handle_stream_of
from forecasting.jobs.common.session import Session
from forecasting.jobs.staffing.loads import pool_loads
from forecasting.numerics import Ints
from forecasting.planning.queues.service_table import Service, ServiceTable
from forecasting.planning.staffing.agents import staff_pool
from forecasting.planning.staffing.loads import PoolLoad, call_quantiles, gather_nodes
from forecasting.planning.staffing.periods import sum_periods
from forecasting.planning.staffing.pools import find_pools
from forecasting.terms import DAY, QUANTILE_COLUMNS

DAYS_A_WEEK = 7
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday, Monday being 0."""


@dataclass(frozen=True)
class Loads:
    """Loads of a stream's pools from one origin, and the forecasts that they come from."""

    calls: Outlook
    handles: Outlook | None
    """None where the definition has a constant handle time."""
    pools: list[PoolLoad]

    @property
    def adjustments(self) -> tuple[str, ...]:
        """Keys of the planners' adjustments that it plans with."""
        return self.calls.adjustments + (() if self.handles is None else self.handles.adjustments)

    @property
    def note(self) -> str | None:
        """What a reader of the plan must know of its forecasts."""
        if self.handles is None or self.calls.origin - self.handles.origin < 2 * DAY:
            return None
        return f"handle times are those of an older forecast, from {self.handles.origin.isoformat()}"


def staffing_rules(stream: Stream) -> StaffingSection:
    """`[planning.staffing]` of a stream. Raises SettingsError where it has none."""
    if stream.planning.staffing is None:
        raise SettingsError(
            f"stream {stream.name}: nothing to plan, its definition has no [planning.staffing]; expected at least "
            'target = "80/20" and aht_stream, or handle_time = "300s"'
        )
    return stream.planning.staffing


def read_pool_loads(session: Session, origin: datetime, *, panels: PanelSource | None = None) -> Loads:
    """Loads of all pools. panels: read anew unless given. Raises FeedError where a forecast is missing or lacks a
    part."""
    stream = session.definition.stream
    rules = staffing_rules(stream)
    handle_stream = handle_stream_of(session.settings, stream, rules)
    panels = panels or (lambda one, at: panel_as_of(session.lake, one, at))
    calls = read_outlook(session.lake, stream, origin, panels=panels)
    pools = find_pools(calls.series_ids, rules.pools, stream=stream.name)
    if handle_stream is None:
        return Loads(calls, None, pool_loads(calls, rules.constant_handle_time, pools))
    timed = newest_origin(session.lake, handle_stream, origin)
    handles = read_outlook(session.lake, handle_stream, timed, panels=panels, partial=True)
    return Loads(calls, handles, pool_loads(calls, handles, pools))


def service_table_of(pools: Sequence[PoolLoad], rules: StaffingSection, *, interval: float) -> ServiceTable:
    """Tables of service for these loads under these rules. interval: seconds."""
    handle = [gather_nodes(pool, interval=interval).handle for pool in pools]
    service = Service(rules.target.share, rules.target.within, rules.patience, interval)
    return ServiceTable(
        service, shortest=min(float(one.min()) for one in handle), longest=max(float(one.max()) for one in handle)
    )


def staff(loads: Loads, rules: StaffingSection, service_table: ServiceTable) -> pd.DataFrame:
    """Rows of planning.staffing of all pools, with the forecasts that they come from."""
    rows = pd.concat([staff_pool(pool, rules, service_table) for pool in loads.pools], ignore_index=True)
    handles = loads.handles or loads.calls
    return rows.assign(forecast_run_id=loads.calls.run_id, handle_run_id=handles.run_id)


def expect_calls(loads: Loads) -> pd.DataFrame:
    """Rows of planning.pool_calls."""
    parts = []
    for pool in loads.pools:
        rows = pd.DataFrame({"pool_id": pool.pool_id, "ts": pd.DatetimeIndex(pool.ts).tz_localize("UTC")})
        rows["calls"] = pool.calls.mean(axis=1)
        rows[list(QUANTILE_COLUMNS)] = call_quantiles(pool, counts=loads.calls.stream.counts)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def sum_up(
    loads: Loads, staffing: pd.DataFrame, rules: StaffingSection, service_table: ServiceTable
) -> dict[str, pd.DataFrame]:
    """planning.staffing_periods: every whole local day and week of the horizon; no table where it holds none."""
    parts = []
    for pool in loads.pools:
        own = staffing[staffing["pool_id"] == pool.pool_id]
        weeks, monday = whole_horizon_weeks(loads.calls, pool.day)
        for name, kept, period in (
            ("day", whole_horizon_days(loads.calls, pool.day), pool.day),
            ("week", weeks, monday),
        ):
            if kept.any():
                times = pd.DatetimeIndex(pool.ts[kept]).tz_localize("UTC")
                rows = own[own["ts"].isin(times)]
                parts.append(sum_periods(pool.only(kept), rows, rules, service_table, period=period[kept], name=name))
    return {"staffing_periods": pd.concat(parts, ignore_index=True)} if parts else {}


def whole_horizon_weeks(calls: Outlook, day: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Which days lie in local weeks that the horizon holds from Monday to Sunday, and the Monday of each day.

    day: (R,) days since 1970.
    """
    first, beyond = _span(calls)
    monday = day - (day + EPOCH_WEEKDAY) % DAYS_A_WEEK
    return (monday >= first) & (monday + DAYS_A_WEEK <= beyond), monday


def whole_horizon_days(calls: Outlook, day: Ints) -> NDArray[np.bool_]:
    """Which local days the horizon holds from midnight to midnight."""
    first, beyond = _span(calls)
    return (day >= first) & (day < beyond)


def _span(calls: Outlook) -> tuple[int, int]:
    """First local day that the horizon holds whole, and the first after the last."""
    zone = calls.stream.zone
    begins = calls.origin.astimezone(zone).replace(tzinfo=None)
    first = int(np.datetime64(begins, "D").astype(np.int64)) + (begins.time() != begins.min.time())
    last = (calls.origin + calls.stream.stream.horizon).astimezone(zone).replace(tzinfo=None)
    return first, int(np.datetime64(last, "D").astype(np.int64))
