"""The arithmetic behind one cell of a plan, in steps that a planner can do again."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import isinf
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.outlook import Outlook
from forecasting.jobs.common.session import open_session
from forecasting.jobs.staffing.plan import Loads, read_pool_loads, staffing_rules
from forecasting.panel.calendar.calendar import interval_of, resolve_origin, wall_times
from forecasting.panel.calendar.instants import as_utc, utc_instant
from forecasting.planning.queues.erlang import queue
from forecasting.planning.staffing.pools import find_pools
from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.plans import KINDS, planned_rows
from forecasting.terms import QUANTILE_COLUMNS, StaffingRule, format_duration

RULES = {
    StaffingRule.TARGET: "the fewest agents with which the probability of meeting the target reaches the confidence",
    StaffingRule.EARLIER_SURPLUS: "fewer than that: earlier intervals of the day were rounded up beyond the "
    "confidence, and the day's average still reaches it",
    StaffingRule.MIN_AGENTS: "min_agents: fewer would reach the target",
    StaffingRule.MAX_OCCUPANCY: "max_occupancy: fewer would reach the target, but be busy for too long",
    StaffingRule.NO_LOAD: "no calls are expected: min_agents",
}
AROUND = 2
"""Numbers of agents shown on either side of the chosen one."""


@dataclass(frozen=True)
class Explained:
    """One interval of one pool."""

    stream: str
    pool: str
    interval: str
    origin: str
    run_id: str
    lines: list[str] = field(default_factory=list)
    forecasts: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Of each series of the pool: calls and handle seconds, mean and quantiles."""
    formula: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Service of some numbers of agents at the loads of the mean and of each confidence."""
    cells: list[dict[str, Any]] = field(default_factory=list)
    """The published rows."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {name: getattr(self, name).to_dict("records") for name in ("forecasts", "formula")}


def staffing(settings: Settings, stream: str, *, series: str, ts: str, origin: str | None = None) -> Explained:
    """Explain the published agents of a pool, or of the pool of a series, in the interval that holds `ts`.

    ts: local time unless it has an offset. origin: of the plan; the newest plan up to `ts` unless given. Raises
    SettingsError for a pool or an interval that the plan does not have, FeedError where there is no plan.
    """
    with open_session(settings, stream, read_only=True) as session:
        definition = session.definition.stream
        rules = staffing_rules(definition)
        at = interval_of(ts, definition)
        asked = resolve_origin(origin, definition) if origin else _newest_plan(session.lake, stream, at)
        rows = planned_rows(session.lake, stream=stream, origin=asked, table="staffing")
        if rows.empty:
            raise FeedError(
                f"stream {stream}: no plan from {asked.isoformat()} was published; plan first: "
                f"forecasting plan {stream} --origin {asked.isoformat()}"
            )
        loads = read_pool_loads(session, asked)
    pools = find_pools(loads.calls.series_ids, rules.pools, stream=stream)
    pool = _pool_of(series, pools, stream)
    start = pd.Timestamp(at).tz_convert("UTC")
    own = rows[(rows["pool_id"].astype(str) == pool) & (rows["ts"] == start)].sort_values("confidence")
    if own.empty:
        held = rows.loc[rows["pool_id"].astype(str) == pool, "ts"]
        raise SettingsError(
            f"stream {stream}, pool {pool}: the plan from {asked.isoformat()} has no interval at {start.isoformat()}; "
            f"it holds open intervals from {held.min().isoformat()} to {held.max().isoformat()}"
        )
    wall = pd.Timestamp(wall_times(as_utc(pd.DatetimeIndex([start])), definition.zone)[0])
    first = own.iloc[0]
    return Explained(
        stream=stream,
        pool=pool,
        interval=f"{wall:%Y-%m-%d %H:%M} local ({start:%Y-%m-%d %H:%M} UTC), {format_duration(definition.interval)}",
        origin=asked.isoformat(),
        run_id=str(first["run_id"]),
        lines=[*_lines(own, rules, definition.interval.total_seconds()), *_issued_since(first, loads)],
        forecasts=_forecasts(loads, pools[pool], start),
        formula=_formula(own, rules),
        cells=[{str(name): _plain(value) for name, value in row.items()} for row in own.to_dict("records")],
    )


def _newest_plan(lake: Lake, stream: str, at: datetime) -> datetime:
    kinds = [str(kind) for kind in KINDS]
    found: datetime | None = lake.rows("planning/newest_origin.sql", stream=stream, origin=at, kinds=kinds)[0][0]
    if found is None:
        raise FeedError(
            f"stream {stream}: no plan from {at.isoformat()} or before was published; plan first: "
            f"forecasting plan {stream} --origin T"
        )
    return found


def _issued_since(first: pd.Series, loads: Loads) -> list[str]:
    """A warning for each forecast that was published again since the plan was made."""
    return [
        f"the plan was made from {first[column]}, and {outlook.run_id} is current: plan again to bring them together"
        for column, outlook in (("forecast_run_id", loads.calls), ("handle_run_id", loads.handles or loads.calls))
        if first[column] != outlook.run_id
    ]


def _pool_of(series: str, pools: dict[str, tuple[str, ...]], stream: str) -> str:
    if series in pools:
        return series
    for pool, members in pools.items():
        if series in members:
            return pool
    raise SettingsError(
        f"stream {stream}: {series!r} is neither a pool nor a series of one; pools are {', '.join(list(pools)[:8])}"
        f"{' ...' if len(pools) > 8 else ''}"
    )


def _lines(own: pd.DataFrame, rules: StaffingSection, seconds: float) -> list[str]:
    """The steps from load to rostered, one confidence after the other."""
    first = own.iloc[0]
    model = "Erlang C" if isinf(rules.patience) else f"Erlang A, mean patience {rules.patience:g} s"
    lines = [
        f"load: {first['calls']:.2f} calls x {first['handle']:.1f} s / {seconds:g} s = {first['load']:.3f} Erlangs, "
        "each the mean over all paths",
        f"target: {rules.target.share:.0%} of all offered calls answered within {rules.target.within:g} s ({model})",
        f"the medians alone: {first['plug_in_agents']} agents, expected service level "
        f"{first['plug_in_service_level']:.3f}; for an expected service level of {rules.target.share:.0%}: "
        f"{first['expected_agents']} agents",
    ]
    for row in own.to_dict("records"):
        bare = row["agents"] / (1 - rules.shrinkage)
        lines += [
            f"confidence {row['confidence']:g}: load at that probability {row['load_at_confidence']:.3f} Erlangs; "
            f"{row['agents']} agents meet the target with probability {row['met']:.3f}; "
            f"expected service level {row['service_level']:.3f}, mean wait {row['asa']:.1f} s, "
            f"occupancy {row['occupancy']:.3f}, abandoned {row['abandonment']:.3f}",
            f"  rule: {row['rule']}: {RULES[StaffingRule(row['rule'])]}",
            f"  shrinkage: {row['agents']} / (1 - {rules.shrinkage:g}) = {bare:.2f}, rounded up: {row['rostered']} "
            "rostered",
        ]
    return lines


def _forecasts(loads: Loads, members: tuple[str, ...], start: pd.Timestamp) -> pd.DataFrame:
    at = utc_instant(start)
    parts = [(loads.calls, "calls"), *([(loads.handles, "handle seconds")] if loads.handles else [])]
    rows = [
        {"series": series, "of": name, "run": outlook.run_id} | _quantiles(outlook, series, at)
        for series in members
        for outlook, name in parts
    ]
    return pd.DataFrame(rows)


def _quantiles(outlook: Outlook, series: str, at: np.datetime64) -> dict[str, float | None]:
    column = int(np.searchsorted(outlook.ts, at, side="right")) - 1
    step = np.timedelta64(int(outlook.stream.interval.total_seconds()), "s")
    if series not in outlook.series_ids or column < 0 or at >= outlook.ts[column] + step:
        return dict.fromkeys(QUANTILE_COLUMNS)
    values = outlook.quantiles[outlook.series_ids.index(series), column]
    return {
        name: round(float(value), 2) if np.isfinite(value) else None
        for name, value in zip(QUANTILE_COLUMNS, values, strict=True)
    }


def _formula(own: pd.DataFrame, rules: StaffingSection) -> pd.DataFrame:
    """Erlang service of a few numbers of agents at given loads, to compare with any other calculator."""
    first = own.iloc[0]
    loads = {"mean load": float(first["load"])}
    loads |= {f"load at {row['confidence']:g}": float(row["load_at_confidence"]) for row in own.to_dict("records")}
    lowest = max(int(own["agents"].min()) - AROUND, 0)
    agents = np.arange(lowest, int(own["agents"].max()) + AROUND + 1)
    table = pd.DataFrame({"agents": agents})
    for name, load in loads.items():
        asked = queue(load, agents, handle=float(first["handle"]), within=rules.target.within, patience=rules.patience)
        table[f"served in time, {name} {load:.3f}"] = asked.served_within.round(4)
    return table


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value
