"""A small network: five months of hourly traffic of links that grow, stand still, are full or are badly described, the
stream over it, the stream of its daily peaks, and its rules of capacity."""

from datetime import UTC
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from tests.feeds import START, define_stream, deliver

TRAFFIC, PEAKS = "traffic", "peaks"
ZONE = "America/Toronto"
CHANGED, ORIGIN, LATER = "2024-04-15", "2024-06-10", "2024-06-17"
"""When a link was upgraded; the origin of the forecast; and one a week later, from which nothing is forecast."""
HORIZON = 330
"""Days."""

LINKS: dict[str, tuple[str | None, str | None, float, float]] = {
    "a.full_soon": ("a", "1000", 360.0, 1.2),
    "a.never": ("a", "1000", 40.0, 0.0),
    "a.steady": ("a", "1000", 200.0, 0.1),
    "b.pinned": ("b", "300", 272.0, 0.1),
    "b.upgraded": ("b", "1000", 600.0, 0.3),
    "c.alone": ("c", "1000", 300.0, 0.2),
    "d.loose": (None, "1000", 300.0, 0.2),
    "e.nothing": ("a", None, 300.0, 0.2),
    "e.text": ("b", "10G", 300.0, 0.2),
    "e.zero": ("a", "0", 300.0, 0.2),
    "f.giant": ("f", "10000", 7000.0, 0.5),
    "f.twin": ("f", "10000", 2000.0, 0.1),
    "g.new": ("b", "1000", 300.0, 0.2),
}
"""Router, capacity in Mbit/s, busiest hours at first, and growth of the logarithm a year."""
PLANNED = ["a.full_soon", "a.never", "a.steady", "b.pinned", "b.upgraded", "c.alone", "d.loose", "f.giant", "f.twin"]
PINNED = 0.95 * 300
"""What b.pinned carries at most."""
CIRCUITS = {"a.full_soon": 700, "a.never": 200, "a.steady": 260}

HOURLY = """-- Hourly traffic as the feed gives it.
select *
from read_parquet($feed)
where ts >= $since and ts < $until
"""
RULES = """
[planning.capacity]
peak_stream = "peaks"
capacity = "capacity_mbps"
group = "router"
threshold = 0.7
failure_threshold = 0.9
persistence = "3/7"
lead_time = "60d"
confidence = 0.9
lasting = "180d"
overload_cost = 400
"""
STEPS = """
[[planning.capacity.steps]]
name = "1G"
to = 1000
cost = 4000

[[planning.capacity.steps]]
name = "10G"
to = 10000
cost = 12000
"""


def make_traffic(*, seed: int = 0) -> pd.DataFrame:
    """Rows of the feed: the hours of all links until ORIGIN, each known as it ends."""
    rng = np.random.default_rng(seed)
    end = pd.Timestamp(ORIGIN, tz=ZONE).tz_convert(UTC)
    ts = pd.date_range(START + pd.Timedelta("5h"), end, freq="h", inclusive="left")
    wall = ts.tz_convert(ZONE)
    shape = 0.65 + 0.35 * np.sin(2 * np.pi * (wall.hour - 14) / 24) - 0.1 * (wall.day_of_week >= 5)
    years = (ts - ts[0]) / pd.Timedelta(days=365)
    parts = []
    for name, (router, capacity, level, growth) in LINKS.items():
        y = level * np.exp(growth * years) * shape * rng.lognormal(0, 0.04, len(ts))
        rows = pd.DataFrame({"series_id": name, "ts": ts, "y": y, "router": router, "capacity_mbps": capacity})
        rows["circuits"] = str(CIRCUITS[name]) if name in CIRCUITS else None
        parts.append(rows)
    traffic = pd.concat(parts, ignore_index=True)
    upgraded, pinned = traffic["series_id"] == "b.upgraded", traffic["series_id"] == "b.pinned"
    since = pd.Timestamp(CHANGED, tz=ZONE)
    traffic.loc[upgraded & (traffic["ts"] >= since), "capacity_mbps"] = "10000"
    traffic["censored"] = pd.array(np.where(pinned & (traffic["y"] >= PINNED), True, None), dtype="boolean")
    traffic.loc[pinned, "y"] = traffic.loc[pinned, "y"].clip(upper=PINNED)
    traffic["available_at"] = traffic["ts"] + pd.Timedelta("1h")
    return traffic[(traffic["series_id"] != "g.new") | (traffic["ts"] >= end - pd.Timedelta("10h"))]


def define_network(
    settings: Settings,
    *,
    rules: str = RULES,
    steps: str = STEPS,
    interval: str = "1d",
    horizon: str = f"{HORIZON}d",
    peak_tables: str = "",
) -> None:
    """Both definitions, written over those that are there."""
    define_stream(settings, TRAFFIC, timezone=ZONE, extract=HOURLY, tables=rules + steps, source='lookback = "1d"')
    define_stream(
        settings,
        PEAKS,
        interval=interval,
        timezone=ZONE,
        horizon=horizon,
        extract=read_definition(settings, "link_peak").extract.text.replace("link_traffic", TRAFFIC),
        source=f'reads = ["{TRAFFIC}"]\nmax_age = "2d"',
        tables=peak_tables,
        members='["growth", "seasonal"]',
    )
    for name, aggregate in ((TRAFFIC, "mean"), (PEAKS, "max")):
        path = settings.streams / f"{name}.toml"
        text = path.read_text(encoding="utf-8").replace("[source]", f'aggregate = "{aggregate}"\n\n[source]')
        path.write_text(text.replace(f'feed = "feeds/{PEAKS}/*.parquet"\n', ""), encoding="utf-8")


def forecast_network(settings: Settings) -> None:
    """Feed and definitions in an empty home; everything known at ORIGIN on record, and the peaks forecast from it."""
    deliver(settings, make_traffic(), TRAFFIC)
    define_network(settings)
    # attributes are those of the newest row of an ingest
    ingest.run(settings, TRAFFIC, until=CHANGED)
    ingest.run(settings, TRAFFIC, until=ORIGIN)
    ingest.run(settings, PEAKS, until=ORIGIN)
    train.run(settings, PEAKS, origin=ORIGIN)
    forecast.run(settings, PEAKS, origin=ORIGIN)


def changed_network(settings: Settings, folder: Path, **changes: str) -> Settings:
    """The same home under other definitions, which lie in `folder`."""
    other = settings.model_copy(update={"streams": folder})
    define_network(other, **changes)
    return other
