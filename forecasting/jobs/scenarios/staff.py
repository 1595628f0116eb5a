"""Loads of a scenario, and what its staff differs by from the plan's."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.session import Session
from forecasting.jobs.scenarios.scenario import Scenario
from forecasting.jobs.staffing.kept import find_kept
from forecasting.jobs.staffing.loads import pool_loads
from forecasting.jobs.staffing.plan import (
    Loads,
    read_pool_loads,
    service_table_of,
    staffing_rules,
    whole_horizon_days,
    whole_horizon_weeks,
)
from forecasting.numerics import Floats64, Ints
from forecasting.panel.calendar.calendar import first_instants
from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.staffing.changes import PathSums, grow, nothing, sum_paths
from forecasting.planning.staffing.pools import find_pools
from forecasting.store.tables.plans import planned_rows

ALL = "all"
"""Place of everything together."""
HORIZON = "horizon"


@dataclass(frozen=True)
class Staffed:
    """Pools, their agents at the highest confidence, and their shifts where these are planned."""

    loads: Loads
    rules: StaffingSection
    staffing: pd.DataFrame
    rosters: pd.DataFrame | None

    @property
    def agents(self) -> pd.DataFrame:
        return self.staffing[self.staffing["confidence"] == self.rules.confidence[-1]]


def scenario_loads(session: Session, loads: Loads, scenario: Scenario, rules: StaffingSection) -> Loads:
    """Loads of the same paths with what a scenario changes. loads: of the plan."""
    lake, calls = session.lake, scenario.outlook(session.lake, loads.calls)
    handles = scenario.outlook(lake, loads.handles) if loads.handles and rules.aht_stream else None
    seconds = handles or rules.constant_handle_time
    pools = {pool.pool_id: pool for pool in loads.pools}
    if calls is not loads.calls or handles is not loads.handles:
        members = find_pools(calls.series_ids, rules.pools, stream=calls.stream.name)
        pools = {pool.pool_id: pool for pool in pool_loads(calls, seconds, members)}
    for copy in scenario.copies:
        if copy.series_id not in calls.series_ids:
            raise SettingsError(f"scenario {scenario.name}: there is no series {copy.series_id!r} to copy")
        (own,) = pool_loads(calls, seconds, {copy.name: (copy.series_id,)})
        start = np.datetime64(copy.starts_at.replace(tzinfo=None), "us")
        if (own.ts >= start).any():
            pools[copy.name] = grow(own, copy.name, copy.share(own.ts), since=start)
    return replace(loads, calls=calls, handles=handles, pools=list(pools.values()))


def read_base_plan(session: Session, origin: datetime) -> Staffed:
    """The plan of what is expected, with its loads. Raises FeedError where that which is current was made from other
    forecasts, adjustments or rules."""
    stream = session.definition.stream
    rules, loads = staffing_rules(stream), read_pool_loads(session, origin)
    staffing, rosters = (
        planned_rows(session.lake, stream=stream.name, origin=origin, table=table) for table in ("staffing", "rosters")
    )
    kept = find_kept(session.lake, stream, origin, loads, rules)
    current = {pool.pool_id: run for pool in loads.pools for run in staffing["run_id"].unique()}
    if staffing.empty or dict(kept.runs) != current:
        local = origin.astimezone(stream.zone).strftime("%Y-%m-%dT%H:%M")
        raise FeedError(
            f"stream {stream.name}: a scenario is compared with the plan, and none was made from the forecast, the "
            f"adjustments and the rules of now; plan first: forecasting plan {stream.name} --origin {local} --quick"
        )
    return Staffed(loads, rules, staffing, None if rosters.empty else rosters)


def staff_deltas(base: Staffed, other: Staffed) -> pd.DataFrame:
    """Rows of planning.scenario_deltas of every pool and of all together."""
    tables = [
        service_table_of(one.loads.pools, one.rules, interval=one.loads.calls.stream.interval.total_seconds())
        for one in (base, other)
    ]
    parts = []
    for name in ("day", "week", HORIZON):
        numbers = _periods(base.loads, name)
        if not len(numbers):
            continue
        starts = first_instants(numbers.astype("datetime64[D]"), base.loads.calls.stream.zone)
        sums = [_sums(one, table, numbers, name) for one, table in zip((base, other), tables, strict=True)]
        hours = [_hours(one, numbers, name) for one in (base, other)]
        places = list(dict.fromkeys([*sums[0], *sums[1]]))
        pairs = {place: _pair(sums, place) for place in places}
        pairs[ALL] = _added(list(pairs.values()))
        for place, (one, two) in pairs.items():
            parts.append(_path_rows(one, two, place, name, starts))
            parts.append(_hour_rows(hours, place, name, starts))
    return pd.concat(parts, ignore_index=True)


def _periods(loads: Loads, name: str) -> Ints:
    """First local days of the periods, in days since 1970."""
    day = np.unique(np.concatenate([pool.day for pool in loads.pools]))
    if name == "week":
        kept, monday = whole_horizon_weeks(loads.calls, day)
        return np.unique(monday[kept])
    days = day[whole_horizon_days(loads.calls, day)]
    return days[:1] if name == HORIZON else days


def _place(loads: Loads, day: Ints, numbers: Ints, name: str) -> Ints:
    """(H,) period of each interval, -1 for none. day: (H,) its local day."""
    if name == "week":
        kept, monday = whole_horizon_weeks(loads.calls, day)
        return np.where(kept, np.searchsorted(numbers, monday), -1)
    kept = whole_horizon_days(loads.calls, day)
    return np.where(kept, 0 if name == HORIZON else np.searchsorted(numbers, day), -1)


def _sums(one: Staffed, table: ServiceTable, numbers: Ints, name: str) -> dict[str, PathSums]:
    agents = one.agents
    found = {}
    for pool in one.loads.pools:
        own = agents[agents["pool_id"] == pool.pool_id].sort_values("ts")["agents"].to_numpy(np.int64)
        place = _place(one.loads, pool.day, numbers, name)
        found[pool.pool_id] = sum_paths(pool, own, table, place=place, periods=len(numbers))
    return found


def _pair(sums: list[dict[str, PathSums]], place: str) -> tuple[PathSums, PathSums]:
    one, two = (held.get(place) for held in sums)
    like = one or two
    assert like is not None
    return one or nothing(like), two or nothing(like)


def _added(pairs: list[tuple[PathSums, PathSums]]) -> tuple[PathSums, PathSums]:
    one, two = pairs[0]
    for more, other in pairs[1:]:
        one, two = one + more, two + other
    return one, two


def _path_rows(one: PathSums, two: PathSums, place: str, name: str, starts: np.ndarray) -> pd.DataFrame:
    """Measures that differ from path to path."""
    found = []
    for measure in ("calls", "work_hours", "service_level"):
        before, after = (_measure(sums, measure) for sums in (one, two))
        low, high = np.quantile(after - before, (0.1, 0.9), axis=1)
        base, changed = (_expected(sums, measure) for sums in (one, two))
        found.append(_rows(place, measure, name, starts, base, changed) | {"delta_q10": low, "delta_q90": high})
    return pd.concat([pd.DataFrame(rows) for rows in found], ignore_index=True)


def _measure(sums: PathSums, measure: str) -> Floats64:
    return {"calls": sums.calls, "work_hours": sums.work}.get(measure, sums.service_level)


def _expected(sums: PathSums, measure: str) -> Floats64:
    """(P,) mean over paths; of the service level, that of all their calls."""
    calls, served = sums.calls.sum(axis=1), sums.served.sum(axis=1)
    level: Floats64 = np.where(calls > 0, served / np.maximum(calls, 1e-12), 1.0)
    return level if measure == "service_level" else np.asarray(_measure(sums, measure).mean(axis=1), np.float64)


def _hours(one: Staffed, numbers: Ints, name: str) -> dict[str, dict[str, Floats64]]:
    """Of each pool, hours by measure and period."""
    agents, hours = one.agents, one.loads.calls.stream.interval.total_seconds() / 3600
    found: dict[str, dict[str, Floats64]] = {}
    for pool in one.loads.pools:
        own = agents[agents["pool_id"] == pool.pool_id].sort_values("ts")
        place = _place(one.loads, pool.day, numbers, name)
        held = place >= 0
        found[pool.pool_id] = {
            measure: _summed(place[held], own[column].to_numpy(np.float64)[held] * hours, len(numbers))
            for measure, column in (("agent_hours", "agents"), ("rostered_hours", "rostered"))
        }
    if one.rosters is not None and name == "week":
        weeks = (pd.to_datetime(one.rosters["week"]).to_numpy("datetime64[D]")).astype(np.int64)
        for pool_id, rows in one.rosters.assign(place=np.searchsorted(numbers, weeks)).groupby("pool_id"):
            paid = rows["paid_hours"].to_numpy(np.float64)
            found.setdefault(str(pool_id), {})["paid_hours"] = _summed(rows["place"].to_numpy(), paid, len(numbers))
    return found


def _summed(place: Ints, values: Floats64, count: int) -> Floats64:
    return np.asarray(np.bincount(place, weights=values, minlength=count), np.float64)


def _hour_rows(hours: list[dict[str, dict[str, Floats64]]], place: str, name: str, starts: np.ndarray) -> pd.DataFrame:
    """Measures that are decided and not left to chance."""
    measures = dict.fromkeys(measure for held in hours for own in held.values() for measure in own)
    found = []
    for measure in measures:
        base, changed = (
            sum(
                (own.get(measure, np.zeros(len(starts))) for pool, own in held.items() if place in (ALL, pool)),
                np.zeros(len(starts)),
            )
            for held in hours
        )
        found.append(_rows(place, measure, name, starts, base, changed) | {"delta_q10": np.nan, "delta_q90": np.nan})
    return pd.concat([pd.DataFrame(rows) for rows in found], ignore_index=True)


def _rows(place: str, measure: str, name: str, starts: np.ndarray, base: Floats64, changed: Floats64) -> dict[str, Any]:
    return {
        "place": place,
        "measure": measure,
        "period": name,
        "ts": pd.DatetimeIndex(starts).as_unit("us").tz_localize("UTC"),
        "base": base,
        "scenario": changed,
        "delta": changed - base,
    }
