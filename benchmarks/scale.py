"""How the nightly line grows with the number of series: ingest, training, forecast with publication, and one query.

Hourly series with 84 days of history, 168 steps ahead. Each size is a process of its own, so that its peak memory is
known. Prints seconds and rows/s of each stage, the exponents by which they grow from one size to the next (1: twice the
series take twice the time), and the peak memory of the largest process of the forecast.
"""

import argparse
import json
import logging
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from forecast import make_home
from rich.console import Console
from rich.table import Table

from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import train
from forecasting.store.lake.open import open_lake_to_read

STAGES = ("ingest", "train", "forecast", "one series")
ORIGIN = "(date '2024-01-01' + $days::int)::date::varchar"
QUERY = "select * from analyst.forecast_latest where stream = 'wide' and series_id = 'link-00007'"
QUERIES = 21


def measure(series: int, *, days: int, jobs: int, folder: Path) -> dict[str, float]:
    """Seconds of each stage, rows that it handled, and the peak memory of the forecast in GiB."""
    settings = make_home(folder, series=series, days=days)
    ((origin,),) = duckdb.execute(f"select {ORIGIN}", {"days": days}).fetchall()
    found: dict[str, float] = {}
    started = time.perf_counter()
    found["ingest rows"] = ingest.run(settings, "wide", until=origin).rows
    found["ingest"] = time.perf_counter() - started
    started = time.perf_counter()
    train.run(settings, "wide", origin=origin)
    found["train"] = time.perf_counter() - started
    found["train memory"] = _peak()
    started = time.perf_counter()
    summary = forecast.run(settings, "wide", origin=origin, processes=jobs)
    found["forecast"] = time.perf_counter() - started
    found["forecast rows"] = summary.rows
    found["blocks"] = summary.details.get("blocks", 1)
    found["forecast memory"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    with open_lake_to_read(settings) as lake:
        taken = []
        for _ in range(QUERIES):
            started = time.perf_counter()
            lake.connection.execute(QUERY).fetchall()
            taken.append(time.perf_counter() - started)
    found["one series"] = sorted(taken)[QUERIES // 2]
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def in_process(series: int, *, days: int, jobs: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--one", str(series), "--days", str(days), "--jobs", str(jobs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--days", type=int, default=84, help="days of history")
    parser.add_argument("--jobs", type=int, default=2, help="processes that share the blocks of a large stream")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    if given.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(given.one, days=given.days, jobs=given.jobs, folder=Path(folder))))
        return
    table = Table(title=f"{given.days} days of hours, 168 steps, {given.jobs} processes")
    for name in ("series", "stage", "seconds", "rows/s", "exponent", "memory"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    before: tuple[int, dict[str, float]] | None = None
    for series in given.series:
        found = in_process(series, days=given.days, jobs=given.jobs)
        for stage in STAGES:
            rows, memory, grown = found.get(f"{stage} rows"), found.get(f"{stage} memory"), ""
            if before:
                grown = f"{math.log(found[stage] / before[1][stage]) / math.log(series / before[0]):.2f}"
            rate = f"{rows / found[stage]:,.0f}" if rows else ""
            seconds = f"{found[stage]:.3f}" if stage == "one series" else f"{found[stage]:.1f}"
            table.add_row(f"{series:,}", stage, seconds, rate, grown, f"{memory:.2f} GiB" if memory else "")
        before = series, found
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
