"""The morning page of a stream of many series: time, memory and size, and what the split of changes adds.

Two origins and ten weeks of demand are written as generated rows, and the page of the second is made in a process
of its own: 2,000 series below 60 s and 2 GiB on two cores, 200 below 3 MB. With `--trained` usage is taken in, members
are trained and both origins forecast, and the page is made without and with the split: below 15 s more for 200 series.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.jobs import forecast, ingest
from forecasting.jobs.reports import run as report
from forecasting.jobs.training import train
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake

DAYS = 70
FIRST = pd.Timestamp("2024-01-01", tz="UTC")
DEFINITION = """[stream]
name = "usage"
metric = "usage"
unit = "calls"
interval = "1h"
timezone = "Europe/Berlin"
horizon = "14d"

[source]
extract = "usage.sql"
feed = "feeds/usage/*.parquet"
start = 2024-01-01
max_age = "3d"

[models]
members = ["nbeats", "tft", "trees", "seasonal"]
budget = "20s"
"""
STEPS = 336
FORECASTS = """
insert into forecast.forecasts by name
select
    $run_id as run_id,
    'usage' as stream,
    printf('series-%05d', series) as series_id,
    $origin + to_hours(step) as ts,
    $origin as origin,
    step::integer + 1 as horizon_step,
    (20 + series % 300) * (1 + 0.5 * sin(0.26 * step)) + $shift * (series % 7) as mean,
    mean * 0.7 as q05,
    mean * 0.8 as q10,
    mean * 0.9 as q25,
    mean as q50,
    mean * 1.1 as q75,
    mean * 1.2 as q90,
    mean * 1.3 as q95,
    'ensemble' as tier
from range($series) as s(series), range($steps) as t(step)
order by series_id, ts
"""
DEMAND = """
insert into history.demand by name
select
    'usage' as stream,
    printf('series-%05d', series) as series_id,
    $since + to_hours(step) as ts,
    ((20 + series % 300) * (1 + 0.5 * sin(0.26 * step)) + hash(series, step) % 9)::double as y,
    $since + to_hours(step + 1) as available_at,
    'pull' as run_id,
    $since as loaded_at
from range($series) as s(series), range($steps) as t(step)
order by series_id, ts
"""
PUBLICATION = """
insert into forecast.publications by name
select
    'usage' as stream,
    $origin as origin,
    $origin + interval 1 hour as published_at,
    $run_id as run_id,
    'nightly' as kind,
    $run_id as content_hash,
    $rows::bigint as rows,
    true as complete,
    false as hindsight
"""
EXTRACT = """-- Demand as the feed gives it.
select * from read_parquet($feed) where ts >= $since and ts < $until
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--series", type=int, default=2_000)
    asked.add_argument("--trained", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({**os.environ, "FORECASTING_HOME": folder})
        _define(settings)
        if given.trained:
            _forecast(settings, given.series)
        else:
            _write_rows(settings, given.series)
        for name, split in (("without the split", False), *([("with the split", True)] if given.trained else [])):
            seconds, memory, size = _measured(settings, split=split)
            print(f"{given.series} series, {name}: {seconds:.1f} s, {memory:.2f} GiB, {size / 1e6:.2f} MB")


def _define(settings: Settings) -> None:
    settings.streams.mkdir(parents=True, exist_ok=True)
    (settings.streams / "usage.toml").write_text(DEFINITION, encoding="utf-8")
    (settings.streams / "usage.sql").write_text(EXTRACT, encoding="utf-8")


def _write_rows(settings: Settings, count: int) -> None:
    """Two publications of the stream and the demand before them, at levels that differ by series."""
    with open_lake(settings) as lake:
        lake.connection.execute(DEMAND, {"series": count, "since": FIRST, "steps": DAYS * 24})
        for number in (0, 1):
            origin = FIRST + pd.Timedelta(days=DAYS - 1 + number)
            named = {"run_id": f"run-{number}", "origin": origin.to_pydatetime()}
            lake.connection.execute(FORECASTS, {**named, "series": count, "steps": STEPS, "shift": float(number)})
            lake.connection.execute(PUBLICATION, {**named, "rows": count * STEPS})


def _forecast(settings: Settings, count: int) -> None:
    """Quiet nights and busy days, each series at a level of its own, as Poisson counts; trained and forecast twice."""
    feed = settings.home / "feeds" / "usage"
    feed.mkdir(parents=True)
    rng = np.random.default_rng(0)
    hours = pd.date_range(FIRST, periods=DAYS * 24, freq="h")
    shape = 1 + 0.8 * np.sin((hours.hour.to_numpy() - 8) / 24 * 2 * np.pi) - 0.3 * (hours.dayofweek.to_numpy() > 4)
    level = rng.lognormal(3.5, 0.8, count)
    y = rng.poisson(level[:, None] * np.maximum(shape, 0.05)).astype(np.float64)
    names = [f"series-{number:05d}" for number in range(count)]
    rows = pd.DataFrame({"series_id": np.repeat(names, len(hours)), "y": y.ravel()})
    rows["ts"] = np.tile(hours.tz_localize(None).to_numpy("datetime64[us]"), count)
    rows["ts"] = rows["ts"].dt.tz_localize("UTC")
    rows.to_parquet(feed / "usage.parquet", index=False)
    origins = [f"{FIRST + pd.Timedelta(days=DAYS - 1 + number):%Y-%m-%d}" for number in (0, 1)]
    for place, origin in enumerate(origins):
        ingest.run(settings, "usage", since="2024-01-01", until=origin)
        if not place:
            train.run(settings, "usage", origin=origin)
        forecast.run(settings, "usage", origin=origin)


def _measured(settings: Settings, *, split: bool) -> tuple[float, float, int]:
    """Seconds, peak memory in GiB and size of the page, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_write, (dict(os.environ), str(settings.home), split))


def _write(environment: dict[str, str], home: str, split: bool) -> tuple[float, float, int]:
    settings = read_settings({**environment, "FORECASTING_HOME": home})
    start = time.perf_counter()
    summary = report.run(settings, ["usage"], split=split)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    for stream, why in summary.unexplained.items():
        print(f"{stream}: {why}")
    return seconds, memory, Path(summary.page).stat().st_size


if __name__ == "__main__":
    main()
