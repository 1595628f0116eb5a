"""Days and weeks of a plan: calls, hours and service of whole periods, whose intervals vary together."""

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.numerics import Floats, Ints
from forecasting.planning.queues.attainment import reached
from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.staffing.agents import roster
from forecasting.planning.staffing.loads import PoolLoad, usual_handles

HOUR = 3600.0


def sum_periods(
    pool: PoolLoad,
    staffing: pd.DataFrame,
    rules: StaffingSection,
    service_table: ServiceTable,
    *,
    period: Ints,
    name: str,
) -> pd.DataFrame:
    """Rows of planning.staffing_periods of one pool: one a period and level of confidence.

    staffing: rows of `staff_pool`. period: (H,) number of the period of each interval, ascending. Totals and service
    levels are those of whole paths, so that busy mornings and busy afternoons coincide as often as they
    do; `met` adds the sampling noise of single intervals, taken as independent between intervals.
    """
    service = service_table.service
    starts = np.flatnonzero(np.diff(period, prepend=period[0] - 1))
    total = _sums(pool.calls, starts)
    low, middle, high = np.quantile(total, (0.1, 0.5, 0.9), axis=1)
    hours = service.interval / HOUR
    load, handle = pool.work / service.interval, usual_handles(pool, interval=service.interval)
    parts = []
    for confidence in rules.confidence:
        agents = staffing.loc[staffing["confidence"] == confidence, "agents"].to_numpy(np.int64)
        served = _sums(pool.calls * service_table.served_within(load, agents[:, None], handle), starts)
        noise = _sums(pool.calls**2 * service_table.variance(load, agents[:, None], handle), starts)
        level = np.where(total > 0, served / np.maximum(total, 1e-12), 1.0)
        chance = reached(level, noise / np.maximum(total, 1e-12) ** 2, service.share)
        met = np.where(total > 0, chance, 1.0).mean(axis=1)
        calls = total.sum(axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "pool_id": pool.pool_id,
                    "period": name,
                    "ts": pd.DatetimeIndex(pool.ts[starts]).tz_localize("UTC"),
                    "confidence": confidence,
                    "calls": total.mean(axis=1),
                    "calls_q10": low,
                    "calls_q50": middle,
                    "calls_q90": high,
                    "agent_hours": _sums(agents[:, None] * hours, starts)[:, 0],
                    "rostered_hours": _sums(roster(agents, rules.shrinkage)[:, None] * hours, starts)[:, 0],
                    "service_level": np.where(calls > 0, served.sum(axis=1) / np.maximum(calls, 1e-12), 1.0),
                    "service_level_q10": np.quantile(level, 0.1, axis=1),
                    "service_level_q50": np.quantile(level, 0.5, axis=1),
                    "met": met,
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["ts", "confidence"], ignore_index=True)


def _sums(values: Floats, starts: Ints) -> Floats:
    """(P, S) sums of (H, S) over the periods that begin at these rows."""
    sums: Floats = np.add.reduceat(values, starts, axis=0)
    return sums
