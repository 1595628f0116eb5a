"""A small contact centre: eight weeks of single calls in four queues, the two streams over them, and its people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.jobs import forecast, ingest
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake
from tests.feeds import define_stream

ZONE = "Europe/Berlin"
FIRST = pd.Timestamp("2024-01-29", tz=ZONE)
DAYS = 65
CALLS, HANDLES = "calls", "handle"
ORIGIN, NEXT = "2024-03-24", "2024-03-25"
"""A Sunday, whose horizon of eight days holds one whole week and the night in which clocks change; and its Monday."""
QUEUES = {
    "care.chat": (5.0, 420.0),
    "care.voice": (14.0, 240.0),
    "sales.voice": (9.0, 300.0),
    "tech.voice": (4.0, 360.0),
}
"""Calls of a half hour at the busiest time, and mean handle time in seconds."""
OPENS, CLOSES = 8, 18
LATER = datetime(2100, 1, 1, tzinfo=UTC)
SPOKEN = """
select arg_max(run_id, published_at)
from forecast.publications
where stream = ? and origin = ? and kind <> 'plan' and hindsight is not true
"""

VOLUME = """-- Calls offered in half an hour; zeros while the centre is open.
with offered as (
    select series_id, time_bucket(interval 30 minutes, arrived_at) as ts, count(*) as n
    from read_parquet($feed)
    group by all
)
select series_id, ts, coalesce(n, 0)::double as y
from (select distinct series_id from offered)
    cross join (select distinct ts from offered)
    left join offered using (series_id, ts)
where ts >= $since and ts < $until
"""
MEANS = """-- Mean handle time of the calls that were answered in an hour.
select
    series_id, time_bucket(interval 1 hour, arrived_at) as ts, avg(handle_seconds) as y, count(*)::double as weight
from read_parquet($feed)
where answered and handle_seconds > 0 and arrived_at >= $since and arrived_at < $until
group by all
"""
SINGLE = """-- Single calls.
select series_id, arrived_at, handle_seconds, waited_seconds, answered
from read_parquet($feed)
where arrived_at >= $since and arrived_at < $until
"""
HOURS = f"""[[calendar.hours]]
mon-sun = "{OPENS:02d}:00-{CLOSES}:00"
"""
RULES = """
[planning.staffing]
aht_stream = "handle"
target = "80/20"
patience = "3min"
shrinkage = 0.25
confidence = [0.5, 0.8]
max_occupancy = 0.9
"""
POOLS = """
[planning.staffing.pools]
care = ["care.*"]
sales = ["sales.*"]
tech = ["tech.*"]
"""
GROUPS = """
[planning.staffing.groups]
care_only = { pools = ["care"] }
sellers = { pools = ["sales"] }
all_round = { pools = ["care", "sales", "tech"], cost = 1.2 }
"""
SHIFTS = """
[[planning.staffing.shifts]]
name = "full"
length = "510min"
starts = "08:00-09:30"
breaks = [{ length = "30min", from = "3h", to = "5h" }]
days = 5

[[planning.staffing.shifts]]
name = "part"
length = "5h"
starts = "08:00-13:00"
days = 4
"""


def make_calls(*, seed: int = 0, days: int = DAYS) -> pd.DataFrame:
    """One row a call, by arrival; one in twenty was not answered, and a few have no handle time."""
    rng = np.random.default_rng(seed)
    starts = pd.date_range(FIRST, periods=days * 48 + 48, freq="30min")
    starts = starts[(starts.hour >= OPENS) & (starts.hour < CLOSES) & (starts < FIRST + pd.DateOffset(days=days))]
    shape = np.exp(-(((starts.hour + starts.minute / 60 - 12) / 4.0) ** 2)) * np.where(starts.day_of_week < 5, 1.0, 0.5)
    luck = rng.gamma(50, 1 / 50, len(starts))
    parts = []
    for queue, (level, handle) in QUEUES.items():
        counts = rng.poisson(level * shape * luck)
        at = np.repeat(starts.tz_convert("UTC").tz_localize(None).to_numpy(), counts)
        seconds = rng.integers(0, 1800, len(at)).astype("timedelta64[s]")
        times = rng.lognormal(np.log(handle) - 0.18, 0.6, len(at))
        parts.append(pd.DataFrame({"series_id": queue, "arrived_at": at + seconds, "handle_seconds": times}))
    calls = pd.concat(parts, ignore_index=True)
    calls["arrived_at"] = calls["arrived_at"].dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    calls["answered"] = rng.random(len(calls)) > 0.05
    calls["waited_seconds"] = np.where(calls["answered"], 5.0, 60.0)
    calls["handle_seconds"] = calls["handle_seconds"].where(calls["answered"])
    return calls.sort_values(["arrived_at", "series_id"], ignore_index=True)


def write_centre(settings: Settings, calls: pd.DataFrame, **changes: str) -> None:
    """The feed and both definitions in an empty home."""
    feed = settings.home / "feeds" / CALLS
    feed.mkdir(parents=True)
    calls.to_parquet(feed / "calls.parquet", index=False)
    define_centre(settings, **changes)


def define_centre(
    settings: Settings,
    *,
    rules: str = RULES,
    pools: str = POOLS,
    groups: str = GROUPS,
    shifts: str = SHIFTS,
    hours: str = HOURS,
    horizon: str = "8d",
    interval: str = "30min",
    handle_interval: str = "1h",
) -> None:
    """Both definitions, written over those that are there."""
    both = {"timezone": ZONE, "horizon": horizon}
    tables = hours + rules + pools + groups + shifts
    define_stream(settings, CALLS, interval=interval, extract=VOLUME, tables=tables, **both)
    define_stream(settings, HANDLES, interval=handle_interval, extract=MEANS, tables=hours, **both)
    (settings.streams / f"{CALLS}.calls.sql").write_text(SINGLE, encoding="utf-8")
    path = settings.streams / f"{HANDLES}.toml"
    text = path.read_text(encoding="utf-8").replace("feeds/handle/", "feeds/calls/")
    path.write_text(text.replace("[source]", 'aggregate = "mean"\n\n[source]'), encoding="utf-8")


def forecast_centre(settings: Settings, origin: str, *, streams: tuple[str, ...] = (CALLS, HANDLES)) -> None:
    """Ingest what is known at an origin and forecast from it."""
    for stream in streams:
        ingest.run(settings, stream, until=origin)
        forecast.run(settings, stream, origin=origin)


def changed_definitions(settings: Settings, folder: Path, **changes: str) -> Settings:
    """The same home under other definitions, which lie in `folder`."""
    other = settings.model_copy(update={"streams": folder})
    define_centre(other, **changes)
    return other


@contextmanager
def speaking(
    settings: Settings, stream: str, origin: str, /, *, change: str = "", where: str = "true", **publication: Any
) -> Iterator[str]:
    """A publication made of the one that speaks for an origin, for as long as the block lasts; yields its run.

    change: of columns, as in SELECT * REPLACE; where: rows that are kept; publication: other columns of it.
    """
    definition = read_definition(settings, stream).stream
    at, run_id = resolve_origin(origin, definition), f"{stream}-changed"
    replaced = ", ".join(["$run_id as run_id", *([change] if change else [])])
    columns = {"origin": at, "published_at": LATER, "run_id": run_id, "content_hash": "changed", **publication}
    with open_lake(settings) as lake:
        (spoken,) = lake.connection.execute(SPOKEN, [stream, at]).fetchone()
        rows = f"select * replace ({replaced}) from forecast.forecasts where run_id = $spoken and {where}"
        lake.connection.execute(f"insert into forecast.forecasts by name {rows}", {"run_id": run_id, "spoken": spoken})
        told = ", ".join(f"${name} as {name}" for name in columns)
        lake.connection.execute(
            f"insert into forecast.publications by name select * replace ({told}) from forecast.publications "
            "where run_id = $spoken",
            {**columns, "spoken": spoken},
        )
    try:
        yield run_id
    finally:
        with open_lake(settings) as lake:
            for table in ("publications", "forecasts"):
                lake.connection.execute(f"delete from forecast.{table} where run_id = ?", [run_id])
