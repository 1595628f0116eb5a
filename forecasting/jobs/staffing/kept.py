"""Pools whose loads are those of a plan that was published before: they keep its rows, and nothing is searched anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting import __version__
from forecasting.config.staffing import StaffingSection
from forecasting.config.stream import Stream
from forecasting.contracts.plans import TABLES
from forecasting.jobs.staffing.plan import Loads
from forecasting.planning.staffing.agents import calls_and_handle
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.plans import pools_planned, rows_of_plan

_POOL = {
    "staffing": "pool_id",
    "staffing_periods": "pool_id",
    "rosters": "pool_id",
    "shifts": "pool_id",
    "findings": "series_id",
}
"""Tables of a plan of staff whose rows belong to one pool each, and the column that names it."""


@dataclass(frozen=True)
class Kept:
    """What is kept of earlier plans of an origin."""

    runs: Mapping[str, str] = field(default_factory=dict)
    """Of each pool, the run whose rows it keeps."""
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def without(self, loads: Loads) -> Loads:
        """The loads that are left to plan."""
        return replace(loads, pools=[pool for pool in loads.pools if pool.pool_id not in self.runs])

    def beside(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Tables of the pools that were planned, and the rows of those that keep theirs."""
        names = [name for name in TABLES if name in tables or name in self.tables]
        parts = {name: [held[name] for held in (self.tables, tables) if name in held] for name in names}
        return {name: pd.concat(own, ignore_index=True) for name, own in parts.items()}


NOTHING = Kept()


def find_kept(lake: Lake, stream: Stream, origin: datetime, loads: Loads, rules: StaffingSection) -> Kept:
    """Pools that keep the rows of the newest plan of the same forecasts, rules and program that has their loads."""
    handles = loads.handles or loads.calls
    known = pools_planned(
        lake,
        stream=stream.name,
        origin=origin,
        confidence=rules.confidence[0],
        forecast_run_id=loads.calls.run_id,
        handle_run_id=handles.run_id,
        config_hash=stream.config_hash,
        code_version=__version__,
    )
    runs: dict[str, str] = {}
    for pool in loads.pools:
        calls, handle = calls_and_handle(pool)
        for row in known[known["pool_id"] == pool.pool_id].to_dict("records"):
            if np.array_equal(calls, row["calls"]) and np.array_equal(handle, row["handle"]):
                runs[pool.pool_id] = row["run_id"]
                break
    return Kept(runs, _tables(lake, stream, origin, runs))


def _tables(lake: Lake, stream: Stream, origin: datetime, runs: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    for name, column in _POOL.items():
        parts = []
        for run_id in dict.fromkeys(runs.values()):
            rows = rows_of_plan(lake, name, run_id=run_id, stream=stream.name, origin=origin)
            own = rows[column].map(runs) == run_id
            parts.append(rows[own])
        rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        if len(rows):
            found[name] = rows
    return found
