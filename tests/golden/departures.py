"""Hourly departures from three airports as panels: the real series that travels with the repository."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import ModelsSection, Stream
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import history_since, resolve_origin
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.demand import lay_frame
from forecasting.panel.grid import Panel
from tests.panel.factories import make_events

TABLE = Path(__file__).with_name("departures.csv")
ORIGINS = ("2013-07-22", "2013-07-31", "2013-08-09", "2013-08-18", "2013-08-27")
"""Nine days apart, so that horizons begin on five weekdays."""
STREAM = Stream.model_validate(
    {
        "stream": {
            "name": "departures",
            "metric": "departures",
            "unit": "aircraft",
            "interval": "1h",
            "timezone": "America/New_York",
            "horizon": "7d",
        },
        "source": {"extract": "departures.sql", "start": "2013-03-11"},
        "calendar": {"country": "US"},
    }
)
SETTINGS = ModelsSection(members=("trees", "seasonal"), budget=timedelta(minutes=10))


@dataclass(frozen=True)
class PastOrigin:
    """What was known at an origin, and what followed."""

    panel: Panel
    y: NDArray[np.float64]
    """(N, H)"""


def read_departures() -> pd.DataFrame:
    """series_id, ts (UTC), y: one row an airport and hour."""
    rows = pd.read_csv(TABLE).melt(["date", "airport"], var_name="hour", value_name="y")
    local = pd.to_datetime(rows["date"]) + pd.to_timedelta(rows["hour"].str[1:].astype(int), unit="h")
    ts = local.dt.tz_localize(STREAM.stream.timezone).dt.tz_convert("UTC")
    return pd.DataFrame({"series_id": rows["airport"], "ts": ts, "y": rows["y"].astype(float)})


def read_origins() -> list[PastOrigin]:
    """The origins, oldest first."""
    rows = read_departures()
    return [_at(rows, origin) for origin in ORIGINS]


def _at(rows: pd.DataFrame, origin: str) -> PastOrigin:
    instant = resolve_origin(origin, STREAM)
    until = as_utc(pd.DatetimeIndex([instant]))[0]
    ids = np.unique(rows["series_id"].to_numpy(dtype=str))
    known = rows[rows["ts"] < instant]
    demand = lay_frame(STREAM, known, ids, since=history_since(STREAM, until), until=until)
    series = pd.DataFrame({"series_id": ids})
    panel = build_panel(STREAM, origin=instant, demand=demand, series=series, events=make_events())
    horizon = pd.DatetimeIndex(panel.ts[panel.n_history :]).tz_localize("UTC")
    wide = rows.pivot_table(index="series_id", columns="ts", values="y")
    return PastOrigin(panel, wide.reindex(index=panel.series_ids, columns=horizon).to_numpy(float))
