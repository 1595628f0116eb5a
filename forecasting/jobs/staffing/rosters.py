"""People for the agents of a plan: groups of several skills, and shifts of whole weeks."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.errors import SettingsError
from forecasting.jobs.staffing.findings import PoolWeek, find_open_hours
from forecasting.jobs.staffing.plan import Loads, whole_horizon_weeks
from forecasting.numerics import Times
from forecasting.panel.calendar.calendar import grid_from, wall_times
from forecasting.panel.calendar.instants import as_utc, utc_instant
from forecasting.planning.shifts.model import plan_shifts
from forecasting.planning.shifts.patterns import make_week
from forecasting.planning.shifts.plan import ShiftPlan
from forecasting.planning.shifts.roster import write_roster
from forecasting.planning.shifts.search import ORDINARY, Effort
from forecasting.planning.staffing.agents import roster
from forecasting.planning.staffing.skills import SkillGroup, cheapest_heads


def plan_groups(staffing: pd.DataFrame, rules: StaffingSection) -> pd.DataFrame:
    """Rows of planning.groups: the cheapest people of each group that fill all pools in an interval, nobody twice.

    staffing: rows of planning.staffing; pools for which no group answers, as a scenario may add, are left out. Raises
    SettingsError where the groups may not have enough people.
    """
    groups = {
        name: SkillGroup(frozenset(one.pools), cost=one.cost, **({"most": one.most} if one.most is not None else {}))
        for name, one in rules.groups.items()
    }
    answered = {pool for one in rules.groups.values() for pool in one.pools}
    parts = []
    for confidence, rows in staffing[staffing["pool_id"].isin(answered)].groupby("confidence"):
        table = rows.pivot_table(index="ts", columns="pool_id", values="agents", fill_value=0).astype(np.int64)
        try:
            heads = cheapest_heads({str(pool): table[pool].to_numpy() for pool in table.columns}, groups)
        except SettingsError as error:
            raise SettingsError(
                f"planning.staffing.groups at confidence {confidence:g}, intervals counted from "
                f"{table.index[0]:%Y-%m-%d %H:%M} UTC: {error}"
            ) from error
        for name, agents in heads.items():
            people = roster(agents, rules.shrinkage)
            parts.append(
                pd.DataFrame(
                    {
                        "group_key": name,
                        "ts": table.index,
                        "confidence": confidence,
                        "agents": agents,
                        "rostered": people,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def plan_rosters(
    loads: Loads,
    staffing: pd.DataFrame,
    rules: StaffingSection,
    *,
    begin: Callable[[str], None],
    effort: Effort = ORDINARY,
) -> dict[str, pd.DataFrame]:
    """planning.rosters and planning.shifts of every pool and whole local week, for the highest confidence; and as
    planning.findings the hours that no shift covers.

    Shifts cover `rostered`. Shrinkage is in the requirement, so breaks are those of the catalogue and come on top.
    """
    confidence = rules.confidence[-1]
    at_confidence = staffing[staffing["confidence"] == confidence]
    weeks = [
        (str(pool), monday, ts, rows) for monday, ts in _weeks(loads) for pool, rows in at_confidence.groupby("pool_id")
    ]
    if not weeks:
        return {}
    rosters, shifts, planned = [], [], []
    # a solver takes one core and no lock; every plan is the same whichever runs beside it
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as several:
        plans = several.map(lambda one: _plan_week(loads, rules, *one, effort=effort), weeks)
        for (pool, monday, ts, _), plan in zip(weeks, plans, strict=True):
            begin(f"shifts of {pool}, week of {monday}")
            rosters.append({"pool_id": pool, "week": monday, "confidence": confidence} | _summary(plan))
            people = _rows(plan, ts, loads.calls.stream.interval.total_seconds())
            shifts.append(people.assign(pool_id=pool, week=monday))
            planned.append(PoolWeek(pool, monday, ts, plan))
    findings = find_open_hours(loads.calls.stream, sorted(planned, key=lambda one: (one.pool, one.monday)))
    return {
        "rosters": pd.DataFrame(rosters),
        "shifts": pd.concat(shifts, ignore_index=True),
        **({"findings": findings} if len(findings) else {}),
    }


def _plan_week(
    loads: Loads, rules: StaffingSection, pool: str, monday: date, ts: Times, rows: pd.DataFrame, *, effort: Effort
) -> ShiftPlan:
    """Shifts of one pool and week. ts: starts of all its intervals; rows: the pool's of planning.staffing."""
    stream = loads.calls.stream
    own = rows[rows["ts"].isin(pd.DatetimeIndex(ts).tz_localize("UTC"))]
    place = np.searchsorted(ts, as_utc(own["ts"]))
    required, is_open = np.zeros(len(ts), np.int64), np.zeros(len(ts), bool)
    required[place], is_open[place] = own["rostered"], True
    week = make_week(wall_times(ts, stream.zone), is_open, interval=stream.interval)
    try:
        return plan_shifts(required, week, rules.shifts, effort=effort)
    except SettingsError as error:
        raise SettingsError(f"stream {stream.name}, pool {pool}, week of {monday}: {error}") from error


def _weeks(loads: Loads) -> list[tuple[date, Times]]:
    """Monday and UTC starts of all intervals, closed ones too, of each whole local week of the horizon."""
    stream = loads.calls.stream
    origin = utc_instant(loads.calls.origin)
    ts = grid_from(stream, origin, steps=stream.steps)
    day = wall_times(ts, stream.zone).astype("datetime64[D]").astype(np.int64)
    kept, monday = whole_horizon_weeks(loads.calls, day)
    return [
        (pd.Timestamp(int(first), unit="D").date(), ts[kept & (monday == first)]) for first in np.unique(monday[kept])
    ]


def _summary(plan: ShiftPlan) -> dict[str, float | int]:
    return {
        "heads": plan.heads,
        "paid_hours": plan.paid_hours,
        "short_hours": plan.short_hours,
        "over_hours": plan.over_hours,
        "bound": plan.bound,
        "gap": plan.gap,
    }


def _rows(plan: ShiftPlan, ts: Times, seconds: float) -> pd.DataFrame:
    """Shifts person by person. The hours that a shift of Sunday works past midnight lie after the week's last start."""
    grid = np.append(ts, ts[-1] + (np.arange(1, len(ts) + 1) * np.timedelta64(int(seconds), "s")))

    def stamp(at: int) -> pd.Timestamp:
        return pd.Timestamp(grid[at]).tz_localize("UTC")

    rows = [
        {
            "person": row.person,
            "shift": row.shift,
            "ts": stamp(row.start),
            "until": stamp(row.end),
            "breaks": json.dumps([[stamp(one).isoformat(), stamp(other).isoformat()] for one, other in row.breaks]),
        }
        for row in write_roster(plan)
    ]
    columns = ["person", "shift", "ts", "until", "breaks"]
    return pd.DataFrame(rows, columns=columns).astype({"ts": "datetime64[us, UTC]", "until": "datetime64[us, UTC]"})
