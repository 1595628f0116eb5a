"""Small feeds with their stream definitions, written into a test's home."""

from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.settings import Settings

START = pd.Timestamp("2024-01-01", tz="UTC")

EXTRACT = """-- Demand as the feed gives it.
select *
from read_parquet($feed, union_by_name = true)
where ts is null or (ts >= $since and ts < $until)
"""

DEFINITION = """[stream]
name = "{name}"
metric = "usage"
unit = "{unit}"
interval = "{interval}"
timezone = "{timezone}"
horizon = "{horizon}"{stream}

[source]
extract = "{name}.sql"
feed = "feeds/{name}/*.parquet"
start = 2024-01-01
{source}

{tables}
[models]
members = {members}
budget = "{budget}"
retrain = "{retrain}"
{models}
"""


def define_stream(
    settings: Settings,
    name: str = "usage",
    *,
    unit: str = "units",
    interval: str = "1h",
    timezone: str = "UTC",
    horizon: str = "2d",
    extract: str = EXTRACT,
    stream: str = "",
    source: str = "",
    tables: str = "",
    members: str = '["seasonal"]',
    budget: str = "5s",
    retrain: str = "7d",
    models: str = "",
) -> None:
    """Write a definition and its extract into the home's stream folder."""
    settings.streams.mkdir(parents=True, exist_ok=True)
    filled = DEFINITION.format(
        name=name,
        unit=unit,
        interval=interval,
        timezone=timezone,
        horizon=horizon,
        stream=f"\n{stream}" if stream else "",
        source=source,
        tables=tables,
        members=members,
        budget=budget,
        retrain=retrain,
        models=models,
    )
    (settings.streams / f"{name}.toml").write_text(filled, encoding="utf-8")
    (settings.streams / f"{name}.sql").write_text(extract, encoding="utf-8")


def deliver(settings: Settings, rows: pd.DataFrame, name: str = "usage", *, file: str = "feed") -> Path:
    """Write rows as one Parquet file of the stream's feed; the same file name replaces what it held."""
    folder = settings.home / "feeds" / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file}.parquet"
    rows.to_parquet(path, index=False)
    return path


def hourly_rows(
    *, days: int, series: tuple[str, ...] = ("a", "b"), start: pd.Timestamp = START, seed: int = 0, level: float = 100.0
) -> pd.DataFrame:
    """Hourly demand with a day, a week and noise: series_id, ts, y, one row an interval."""
    noise = np.random.default_rng(seed)
    ts = pd.date_range(start, periods=24 * days, freq="h")
    hour, weekday = ts.hour.to_numpy(), ts.day_of_week.to_numpy()
    shape = 1 + 0.5 * np.sin(2 * np.pi * (hour - 8) / 24) - 0.3 * (weekday >= 5)
    frames = [
        pd.DataFrame({"series_id": key, "ts": ts, "y": noise.poisson(level * (number + 1) * shape).astype(float)})
        for number, key in enumerate(series)
    ]
    return pd.concat(frames, ignore_index=True)
