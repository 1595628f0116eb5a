"""Plans written straight into the lake: all tables of staffing or of capacity, small and sound."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.contracts.capacity import RUNOUT_COLUMNS
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.publications import insert_published
from forecasting.terms import QUANTILE_COLUMNS
from tests.publications import name_rows

POOLS, STEPS = ("care", "sales"), 8
CONFIDENCES = (0.5, 0.8)
HOUR = pd.Timedelta(hours=1)
HORIZON = 365
"""Days of a plan of capacity."""

Maker = Callable[..., dict]


def make_plan(origin: datetime, *, level: int = 5, forecast: str = "forecast", handle: str = "handle") -> dict:
    """A sound plan, each table longer than the catalog would hold itself. level: agents at the lower confidence."""
    start = pd.Timestamp(origin).as_unit("us")
    hours = pd.date_range(start, periods=STEPS, freq="h", unit="us")
    staffing = _levels(pool_id=POOLS, ts=hours)
    agents = level + (staffing["confidence"] > 0.6).astype(int)
    staffing = staffing.assign(forecast_run_id=forecast, handle_run_id=handle, calls=60.0, handle=180.0, load=3.0)
    staffing = staffing.assign(load_at_confidence=3.0 + staffing["confidence"], agents=agents, rostered=agents + 2)
    staffing = staffing.assign(met=staffing["confidence"], service_level=0.85, asa=9.5, occupancy=0.6, abandonment=0.02)
    staffing = staffing.assign(rule="target", expected_agents=level, plug_in_agents=level - 1)
    staffing["plug_in_service_level"] = 0.7
    periods = _levels(pool_id=POOLS, period=("day", "week"), ts=hours[:3] + 24 * HOUR)
    periods = periods.assign(calls=1440.0, calls_q10=1300.0, calls_q50=1430.0, calls_q90=1600.0, agent_hours=120.0)
    periods = periods.assign(rostered_hours=168.0, service_level=0.84, service_level_q10=0.7, service_level_q50=0.85)
    groups = _levels(group_key=("both", "one"), ts=hours).assign(agents=level, rostered=level + 2)
    monday = (start - pd.Timedelta(days=start.weekday())).date()
    weeks = [monday + pd.Timedelta(weeks=number) for number in range(6)]
    rosters = _crossed(pool_id=POOLS, week=weeks).assign(confidence=0.8, heads=level, paid_hours=160.0, short_hours=1.5)
    shifts = _crossed(pool_id=POOLS, week=weeks[:2], person=range(1, 4)).assign(shift="early", ts=start)
    pause = (start + 3 * HOUR).isoformat(), (start + 4 * HOUR).isoformat()
    return {
        "staffing": staffing,
        "staffing_periods": periods.assign(met=0.9),
        "pool_calls": _pool_calls(hours),
        "groups": groups,
        "rosters": rosters.assign(over_hours=7.25, bound=158.0, gap=0.0125),
        "shifts": shifts.assign(until=start + 8 * HOUR, breaks=f'[["{pause[0]}", "{pause[1]}"]]'),
    }


def _pool_calls(hours: pd.DatetimeIndex) -> pd.DataFrame:
    rows = _crossed(pool_id=POOLS, ts=hours).assign(calls=60.0)
    return rows.assign(**{name: 45.0 + 5 * place for place, name in enumerate(QUANTILE_COLUMNS)})


def make_capacity_plan(origin: datetime, *, level: float = 5.0, forecast: str = "peaks") -> dict:
    """A sound plan of eight links in pairs, most urgent first, each with the failure of its twin. level: their peak."""
    today = pd.Timestamp(origin).tz_localize(None).normalize().as_unit("us")
    number = np.repeat(np.arange(8), 2)
    fails = np.tile([False, True], 8)
    series = np.array([f"l{one}" for one in number])
    failure = np.where(fails, [f"n-1:l{one ^ 1}" for one in number], "none")
    peak = level * np.where(fails, 2.0, 1.0)
    capacity = pd.DataFrame({"series_id": series, "failure": failure, "forecast_run_id": forecast, "parallel": "pair"})
    capacity = capacity.assign(capacity=100.0, ceiling=80.0, peak=peak, utilisation=peak / 100, headroom=80.0 - peak)
    capacity = capacity.assign(suppressed=0.5, growth=0.25)
    # the first quantile 45 days after that of the link before, half of it after a failure; 30 days from one to the next
    first = np.where(fails, number * 20, number * 45 + 30)
    days = {name: first + 30 * place for place, name in enumerate(RUNOUT_COLUMNS)}
    for name, day in days.items():
        capacity[name] = _dates(today, day, beyond=HORIZON)
    probability = (np.array([*days.values()]) < HORIZON).sum(axis=0) / 8
    capacity = capacity.assign(runout_probability=probability, confidence=0.9, lead_days=60)
    order = np.where(days["runout_q10"] < HORIZON, days["runout_q10"] - 60, HORIZON)
    capacity["order_by"] = _dates(today, order, beyond=HORIZON)
    step = np.array([None, "100G"], dtype=object)[(order < 91).astype(int)]
    known = np.where(order < 91, 1.0, np.nan)
    capacity = capacity.assign(due=order <= 0, step=step, step_capacity=200 * known, cost=1000 * known)
    capacity = capacity.assign(wait_cost=-20 * known, expected_delay_loss=number * known, currency="CAD")
    capacity["rule"] = np.where(order < 91, "sufficient", "not_needed")
    ends = [today + pd.Timedelta(days=day) for day in (60, 151, HORIZON - 1)]
    runout = capacity[["series_id", "failure"]].merge(pd.DataFrame({"date": pd.DatetimeIndex(ends)}), how="cross")
    runout["probability"] = np.tile([0.1, 0.3, 0.5], len(capacity))
    lonely = [f"x{one}" for one in range(12)]
    findings = pd.DataFrame({"series_id": lonely, "finding": "alone", "note": "no other link of its group"})
    return {"capacity": capacity, "runout": runout, "findings": findings}


def _dates(today: pd.Timestamp, days: np.ndarray, *, beyond: int) -> pd.Series:
    dates = pd.Series(today + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")
    return dates.mask(days >= beyond)


def write_plan(
    lake: Lake, run_id: str, origin: datetime, *, stream: str = "usage", level: int = 5, make: Maker = make_plan
) -> int:
    """The rows of a run's plan; returns their number."""
    tables = make(origin, level=level)

    def insert() -> None:
        for name, rows in tables.items():
            insert_published(lake, f"planning.{name}", rows, run_id=run_id, stream=stream, origin=origin)

    lake.write(insert, message=f"plan of {run_id}")
    return sum(len(rows) for rows in tables.values())


def publish_planned(
    lake: Lake,
    run_id: str,
    origin: datetime,
    at: datetime,
    *,
    stream: str = "usage",
    level: int = 5,
    make: Maker = make_plan,
) -> int:
    """A run's plan and its publication; returns the number of rows."""
    rows = write_plan(lake, run_id, origin, stream=stream, level=level, make=make)
    name_rows(lake, run_id, origin, at, stream=stream, kind="plan", rows=rows)
    return rows


def _levels(**values: object) -> pd.DataFrame:
    return _crossed(**values, confidence=CONFIDENCES)


def make_deltas(origin: datetime) -> dict:
    """What a scenario differs by."""
    rows = _crossed(place=("all", *POOLS), measure=("agent_hours", "calls"), period=("day", "horizon"))
    calls = rows["measure"] == "calls"
    rows = rows.assign(ts=pd.Timestamp(origin).as_unit("us"), base=100.0, scenario=110.0, delta=10.0)
    return {
        "scenario_deltas": rows.assign(delta_q10=np.where(calls, 8.0, np.nan), delta_q90=np.where(calls, 12.0, np.nan))
    }


def _crossed(**values: object) -> pd.DataFrame:
    """Every combination."""
    return pd.MultiIndex.from_product(list(values.values()), names=list(values)).to_frame(index=False)


def numbers_of(rows: pd.DataFrame) -> list[str]:
    """Columns that hold numbers."""
    return list(rows.select_dtypes(np.number).columns)
