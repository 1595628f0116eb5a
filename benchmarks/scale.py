"""How the nightly line grows with the number of series: ingest, training, forecast with publication, and one query.

Hourly series with 84 days of history, 168 steps ahead. Each size is a process of its own, so that its peak memory is
known. Prints seconds of each stage, by the clock and of processors, rows/s, the exponents by which processor time grows
from one size to the next (1: twice the series take twice the time), and the peak memory of the largest process.
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
from collections.abc import Callable
from pathlib import Path

import duckdb
from forecast import make_home
from rich.console import Console
from rich.table import Table

from forecasting.jobs import forecast, ingest
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.training import train
from forecasting.store.lake.open import open_lake_to_read

STAGES = ("ingest", "train", "forecast", "one series")
ORIGIN = "(date '2024-01-01' + $days::int)::date::varchar"
QUERY = "select * from analyst.forecast_latest where stream = 'wide' and series_id = 'link-00007'"
QUERIES = 21


def measure(series: int, *, days: int, jobs: int, folder: Path, sums: bool) -> dict[str, float]:
    """Seconds of each stage, rows that it handled, and the peak memory of the forecast in GiB."""
    settings = make_home(folder, series=series, days=days, sums=sums)
    ((origin,),) = duckdb.execute(f"select {ORIGIN}", {"days": days}).fetchall()
    found: dict[str, float] = {}
    steps: dict[str, Callable[[], JobSummary]] = {
        "ingest": lambda: ingest.run(settings, "wide", until=origin),
        "train": lambda: train.run(settings, "wide", origin=origin),
        "forecast": lambda: forecast.run(settings, "wide", origin=origin, processes=jobs),
    }
    for stage, step in steps.items():
        started, used = time.perf_counter(), _processor_seconds()
        found[f"{stage} rows"] = step().rows
        found[stage], found[f"{stage} processor"] = time.perf_counter() - started, _processor_seconds() - used
        found[f"{stage} memory"] = _peak()
        print(stage, {name: round(value, 2) for name, value in found.items()}, file=sys.stderr, flush=True)
    with open_lake_to_read(settings) as lake:
        taken = []
        for _ in range(QUERIES):
            started = time.perf_counter()
            lake.connection.execute(QUERY).fetchall()
            taken.append(time.perf_counter() - started)
    found["one series"] = sorted(taken)[QUERIES // 2]
    return found


def _usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _processor_seconds() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in _usage())


def _peak() -> float:
    """GiB of the largest process so far."""
    return max(usage.ru_maxrss for usage in _usage()) / 2**20


def in_process(series: int, *, days: int, jobs: int, sums: bool) -> dict[str, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--one", str(series), "--days", str(days), "--jobs", str(jobs)]
    command += ["--sums"] * sums
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--days", type=int, default=84, help="days of history")
    parser.add_argument("--jobs", type=int, default=2, help="processes that share the blocks of a large stream")
    parser.add_argument("--sums", action="store_true", help="sum over sites and regions, too")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    if given.one:
        with tempfile.TemporaryDirectory() as folder:
            print(
                json.dumps(measure(given.one, days=given.days, jobs=given.jobs, folder=Path(folder), sums=given.sums))
            )
        return
    table = Table(title=f"{given.days} days of hours, 168 steps, {given.jobs} processes")
    for name in ("series", "stage", "seconds", "processor", "rows/s", "exponent", "memory"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    before: tuple[int, dict[str, float]] | None = None
    for series in given.series:
        found = in_process(series, days=given.days, jobs=given.jobs, sums=given.sums)
        for stage in STAGES:
            rows, memory, grown = found.get(f"{stage} rows"), found.get(f"{stage} memory"), ""
            used = f"{stage} processor" if f"{stage} processor" in found else stage
            if before:
                grown = f"{math.log(found[used] / before[1][used]) / math.log(series / before[0]):.2f}"
            rate = f"{rows / found[stage]:,.0f}" if rows else ""
            seconds = f"{found[stage]:.3f}" if stage == "one series" else f"{found[stage]:.1f}"
            processor = f"{found[used]:.1f}" if used != stage else ""
            table.add_row(f"{series:,}", stage, seconds, processor, rate, grown, f"{memory:.2f} GiB" if memory else "")
        before = series, found
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
