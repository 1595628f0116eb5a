"""`streams add` on a large CSV file, in units of a plain reading of it, and the memory that it takes.

Both run in this process on the same file: `read_csv` of all columns with their types, of which DuckDB makes a count, a
sum and maxima; and all that `forecasting streams add --dry-run` does, with the opening of its temporary lake. Target:
two readings, and 1 GiB.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from forecasting.jobs.streams.add import NewStream, prepare
from forecasting.settings import read_settings

ROW_BYTES = 41
SERIES = 400
ROWS = """
copy (
    select
        strftime(timestamp '2024-01-01' + to_seconds(300 * (place // {series})), '%Y-%m-%d %H:%M:%S') as ts,
        'core-' || (place % {series}) // 10 || '.ge-0/0/' || (place % 10) as link,
        round(100 + 90 * sin(place // {series} / 288.0 * 2 * pi()) + (hash(place) % 1000) / 50.0, 2) as mbps
    from range({rows}) as rows(place)
)
to '{path}' (header)
"""
READING = """
select count(*), sum(mbps), max(ts), max(link)
from read_csv('{path}', columns = {{'ts': 'TIMESTAMP', 'link': 'VARCHAR', 'mbps': 'DOUBLE'}}, header = true)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000, help="size of the file")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="doors-") as folder:
        path = Path(folder) / "usage.csv"
        _write(path, chosen.megabytes * 1_000_000 // ROW_BYTES)
        settings = read_settings({"FORECASTING_HOME": str(Path(folder) / "home")})
        new = NewStream(name="usage", feed=str(path), horizon="7d", timezone="America/Toronto", ts_timezone="UTC")
        print(f"{path.stat().st_size / 1e6:.0f} MB, {SERIES} series")
        prepare(settings, new)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        # in turns, so that what else the machine does falls on both
        pairs = [
            (_seconds(lambda: _read(path)), _seconds(lambda: prepare(settings, new))) for _ in range(chosen.repeats)
        ]
    for name, unit in (("elapsed", 0), ("processor", 1)):
        reading, adding = (statistics.median(pair[which][unit] for pair in pairs) for which in (0, 1))
        print(f"{name}: reading {reading:.1f} s, streams add {adding:.1f} s, ratio {adding / reading:.2f} (target 2)")
    print(f"peak memory of streams add {peak:.2f} GiB (target 1)")


def _write(path: Path, rows: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(ROWS.format(series=SERIES, rows=rows, path=path))


def _read(path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(READING.format(path=path)).fetchall()


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Elapsed and processor seconds of some work."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


if __name__ == "__main__":
    main()
