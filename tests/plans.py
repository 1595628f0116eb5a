"""Plans written straight into the lake: all five tables, small and sound."""

from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.store.lake import Lake
from tests.nights import name_rows

POOLS, STEPS = ("care", "sales"), 8
RISKS = (0.5, 0.8)
HOUR = pd.Timedelta(hours=1)


def make_plan(origin: datetime, *, level: int = 5, forecast: str = "forecast", handle: str = "handle") -> dict:
    """A sound plan, each table with more rows than the catalog would hold itself. level: agents at the lower risk."""
    start = pd.Timestamp(origin).as_unit("us")
    hours = pd.date_range(start, periods=STEPS, freq="h", unit="us")
    staffing = _levels(pool_id=POOLS, ts=hours)
    agents = level + (staffing["risk"] > 0.6).astype(int)
    staffing = staffing.assign(forecast_run_id=forecast, handle_run_id=handle, calls=60.0, handle=180.0, load=3.0)
    staffing = staffing.assign(load_at_risk=3.0 + staffing["risk"], agents=agents, rostered=agents + 2)
    staffing = staffing.assign(met=staffing["risk"], service_level=0.85, asa=9.5, occupancy=0.6, abandonment=0.02)
    staffing = staffing.assign(rule="target", expected_agents=level, plug_in_agents=level - 1)
    staffing["plug_in_service_level"] = 0.7
    periods = _levels(pool_id=POOLS, period=("day", "week"), ts=hours[:3] + 24 * HOUR)
    periods = periods.assign(calls=1440.0, calls_q10=1300.0, calls_q50=1430.0, calls_q90=1600.0, agent_hours=120.0)
    periods = periods.assign(rostered_hours=168.0, service_level=0.84, service_level_q10=0.7, service_level_q50=0.85)
    groups = _levels(group_id=("both", "one"), ts=hours).assign(agents=level, rostered=level + 2)
    monday = (start - pd.Timedelta(days=start.weekday())).date()
    weeks = [monday + pd.Timedelta(weeks=number) for number in range(6)]
    rosters = _crossed(pool_id=POOLS, week=weeks).assign(risk=0.8, heads=level, paid_hours=160.0, short_hours=1.5)
    shifts = _crossed(pool_id=POOLS, week=weeks[:2], person=range(1, 4)).assign(shift="early", ts=start)
    pause = (start + 3 * HOUR).isoformat(), (start + 4 * HOUR).isoformat()
    return {
        "staffing": staffing,
        "staffing_periods": periods.assign(met=0.9),
        "groups": groups,
        "rosters": rosters.assign(over_hours=7.25, bound=158.0, gap=0.0125),
        "shifts": shifts.assign(until=start + 8 * HOUR, breaks=f'[["{pause[0]}", "{pause[1]}"]]'),
    }


def write_plan(lake: Lake, run_id: str, origin: datetime, *, stream: str = "usage", level: int = 5) -> int:
    """The rows of a run's plan; returns their number."""
    tables = make_plan(origin, level=level)
    for name, rows in tables.items():
        named = {"run_id": run_id, "stream": stream, "origin": origin}
        lake.execute(f"planning/insert_{name}.sql", frames={"plan_rows": rows}, **named)
    return sum(len(rows) for rows in tables.values())


def publish_night_plan(
    lake: Lake, run_id: str, origin: datetime, at: datetime, *, stream: str = "usage", level: int = 5
) -> int:
    """A run's plan and its publication; returns the number of rows."""
    rows = write_plan(lake, run_id, origin, stream=stream, level=level)
    name_rows(lake, run_id, origin, at, stream=stream, kind="plan", rows=rows)
    return rows


def _levels(**values: object) -> pd.DataFrame:
    return _crossed(**values, risk=RISKS)


def _crossed(**values: object) -> pd.DataFrame:
    """Every combination."""
    return pd.MultiIndex.from_product(list(values.values()), names=list(values)).to_frame(index=False)


def numbers_of(rows: pd.DataFrame) -> list[str]:
    """Columns that hold numbers."""
    return list(rows.select_dtypes(np.number).columns)
