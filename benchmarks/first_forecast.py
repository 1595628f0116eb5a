"""The first forecast of a stream: from rows in memory to calibrated quantiles, with no model and no training.

Half-hourly series with two weeks of history are forecast a week ahead, as the forecast job does for a stream without a
model: panel, pretrained networks and seasonal members, calibrated by the card, with --weeks 6 or more also weighed and
calibrated by held-back origins. Prints seconds by part, of the clock and of processors, and the ratio of all to the
bare matrix products of the networks for as many rows. Target: 1,000 series in less than 20 s on two cores.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import sys
import time
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from forecasting.config.stream import Stream, parse_stream
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.members import FALLBACK
from forecasting.models.neural.runtime import own_threads
from forecasting.models.pretrained.fallback import FallbackMember
from forecasting.models.pretrained.member import ROWS_AT_ONCE, house_networks
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import history_since, resolve_origin
from forecasting.panel.calendar.instants import utc_instant
from forecasting.panel.demand import lay_frame
from forecasting.panel.grid import Panel

DEFINITION = """
[stream]
name = "first"
metric = "calls"
unit = "calls"
interval = "30min"
timezone = "America/Toronto"
horizon = "7d"
[source]
extract = "first.sql"
start = 2024-01-01
[calendar]
country = "CA"
[models]
members = ["trees", "seasonal"]
"""
TARGET = 20.0
START = pd.Timestamp("2024-01-29", tz="America/Toronto")
NO_EVENTS = pd.DataFrame(columns=["event_id", "kind", "scope", "starts_at", "ends_at", "known_at", "lift"])


class Lap(NamedTuple):
    """When a part was done."""

    part: str
    clock: float
    processor: float


def make_rows(series: int, *, weeks: int) -> pd.DataFrame:
    """Calls in half hours: levels from 0.3 to 300, an own day and weekend, and days that differ; in no order."""
    rng = np.random.default_rng(1)
    ts = pd.date_range(START, periods=weeks * 336, freq="30min")
    clock = 2 * np.pi * (ts.hour + ts.minute / 60).to_numpy() / 24
    level = np.exp(rng.uniform(np.log(0.3), np.log(300), (series, 1)))
    shape = np.exp(rng.uniform(0.3, 1.2, (series, 1)) * np.sin(clock - rng.normal(2, 0.3, (series, 1))))
    weekend = np.where(ts.day_of_week.to_numpy() >= 5, rng.uniform(0.2, 1.1, (series, 1)), 1.0)
    days = np.exp(0.1 * rng.standard_normal((series, weeks * 7))).repeat(48, axis=1)
    ids = np.array([f"queue-{number:05d}" for number in range(series)]).repeat(len(ts))
    y = rng.poisson(level * shape * weekend * days).ravel()
    rows = pd.DataFrame({"series_id": ids, "ts": np.tile(ts.tz_convert("UTC"), series), "y": y.astype(float)})
    return rows.sample(frac=1.0, random_state=1, ignore_index=True)


def make_panel(stream: Stream, rows: pd.DataFrame, *, weeks: int) -> Panel:
    origin = resolve_origin(str((START + pd.Timedelta(weeks=weeks)).date()), stream)
    series = pd.DataFrame({"series_id": np.unique(rows["series_id"])})
    until = utc_instant(origin)
    ids = series["series_id"].to_numpy(dtype=str)
    demand = lay_frame(stream, rows, ids, since=history_since(stream, until), until=until)
    return build_panel(stream, origin=origin, demand=demand, series=series, events=NO_EVENTS)


def bare_seconds(rows: int) -> float:
    """The matrix products of the networks for so many rows, in batches as they are asked, and nothing else."""
    matrices = [
        [value for name, value in network.named_parameters() if value.ndim == 2] for network in house_networks()
    ]
    inputs = torch.randn(ROWS_AT_ONCE, matrices[0][0].shape[1])
    started = time.perf_counter()
    with torch.inference_mode(), own_threads(ROWS_AT_ONCE):
        for first in range(0, rows, ROWS_AT_ONCE):
            for layers in matrices:
                hidden = inputs[: min(ROWS_AT_ONCE, rows - first)]
                for matrix in layers:
                    hidden = hidden @ matrix.T
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1_000, help="number of series (default 1000)")
    parser.add_argument("--weeks", type=int, default=2, help="weeks of history (default 2)")
    given = parser.parse_args()
    stream = parse_stream(DEFINITION, path="first.toml")
    rows = make_rows(given.series, weeks=given.weeks)
    laps = [Lap("start", time.perf_counter(), time.process_time())]

    def lap(part: str) -> None:
        laps.append(Lap(part, time.perf_counter(), time.process_time()))

    networks, fallback = house_networks(), FallbackMember()
    lap("weights and card")
    panel = make_panel(stream, rows, weeks=given.weeks)
    lap("panel")
    forecast = forecast_panel(panel, {FALLBACK: fallback})
    lap("members, weights, calibration")
    total, bare = laps[-1].clock - laps[0].clock, bare_seconds(panel.n_series * panel.n_horizon)
    for before, after in pairwise(laps):
        spent, used = after.clock - before.clock, after.processor - before.processor
        print(f"{after.part}: {spent:.2f} s, of processors {used:.2f} s")
    tiers, counts = np.unique(forecast.tier, return_counts=True)
    print(
        f"first forecast of {panel.n_series:,} series x {panel.n_horizon} steps after {given.weeks} weeks, "
        f"{dict(zip(tiers.tolist(), counts.tolist(), strict=True))}: {total:.1f} s (target {TARGET:.0f} for 1,000), "
        f"{total / bare:.1f} times the bare matrix products of {len(networks)} networks ({bare:.2f} s)"
    )
    if given.series <= 1_000 and total > TARGET:
        sys.exit("slower than the target")


if __name__ == "__main__":
    main()
