"""Analysts' questions about published forecasts, in a lake of many origins, before and after maintenance.

Prints medians and maxima in milliseconds, measured on two cores while another process publishes, and their ratio to the
same filter on the one Parquet file that holds the answer. Targets: one series of one origin below 100 ms, one series of
`forecast_latest` below 200 ms; with `--shared`, where the lake is on PostgreSQL and an S3 server of loopback, 150 ms.
"""

import argparse
import multiprocessing
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from forecasting.jobs.upkeep import maintain
from forecasting.settings import Settings, read_settings
from forecasting.store.access.objects import load_store, uses_store
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.object_store import object_store
from tests.postgres import postgresql

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
STEPS = 336
TARGETS = {"one series of an origin": 100.0, "forecast_latest of one series": 200.0}
SHARED_TARGET = 150.0
SMALL, SMALL_SERIES = "small", 50
"""A second stream, whose files are small enough to be merged."""

ROWS = """
insert into forecast.forecasts by name
with drawn as (
    select
        printf('link-%05d', series) as series_id,
        step,
        ((50 + series % 500) * (1 + 0.5 * sin(2 * pi() * step / 24)) * (0.9 + 0.2 * random()))::float as level
    from range($series) as s(series), range($steps) as t(step)
)

select
    $run_id as run_id,
    $stream as stream,
    series_id,
    $origin + interval (step) hour as ts,
    $origin as origin,
    step + 1 as horizon_step,
    level as mean,
    (level * (0.70 + 0.02 * random()))::float as q05,
    (level * (0.80 + 0.02 * random()))::float as q10,
    (level * (0.90 + 0.02 * random()))::float as q25,
    (level * (0.99 + 0.02 * random()))::float as q50,
    (level * (1.08 + 0.02 * random()))::float as q75,
    (level * (1.18 + 0.02 * random()))::float as q90,
    (level * (1.28 + 0.02 * random()))::float as q95,
    'ensemble' as tier,
    $stream || '-model' as model_id,
    false as hindsight
from drawn
order by series_id, ts
"""
PUBLICATION = """
insert into forecast.publications by name
select
    $stream as stream,
    $origin as origin,
    $published_at as published_at,
    $run_id as run_id,
    'nightly' as kind,
    $run_id as content_hash,
    $rows::bigint as rows,
    true as complete,
    false as hindsight
"""
BY_ORIGIN = """
select * from forecast.forecasts where stream = $stream and series_id = $series_id and origin = $origin
"""
QUESTIONS = {
    "one series of an origin": BY_ORIGIN,
    "forecast_latest of one series": """
        select * from analyst.forecast_latest where stream = $stream and series_id = $series_id
    """,
    "forecast_as_of(t), one series and origin": """
        select * from analyst.forecast_as_of($t)
        where stream = $stream and series_id = $series_id and origin = $origin
    """,
    "forecast_from_origin(t), one series": """
        select * from analyst.forecast_from_origin($origin) where stream = $stream and series_id = $series_id
    """,
}
BARE = "select * from read_parquet($file) where series_id = $series_id and origin = $origin"
BUSY = "select count(*) from forecast.publications where stream = 'busy'"
FILES = """
select count(*) as files, sum(data_file_size_bytes) as bytes
from ducklake_list_files('lake', 'forecasts', schema => 'forecast')
"""


def publish_origin(lake: Lake, *, stream: str, series: int, number: int) -> None:
    """The rows of one origin, then its publication, as two transactions."""
    origin = FIRST + timedelta(days=number)
    named: dict[str, Any] = {"stream": stream, "origin": origin, "run_id": f"{stream}-{number:04d}"}

    def add_rows() -> None:
        lake.connection.execute(ROWS, {**named, "series": series, "steps": STEPS})

    def make_visible() -> None:
        values = {**named, "published_at": origin + timedelta(hours=6), "rows": series * STEPS}
        lake.connection.execute(PUBLICATION, values)

    lake.write(add_rows, message=f"rows of {origin}")
    lake.write(make_visible, message=f"publish {origin}")


def keep_publishing(settings: Settings, series: int, origins: int, stop: Any) -> None:
    """Publish earlier origins of a third stream, one after the other, until `stop` is set."""
    with open_lake(settings) as lake:
        number = 0
        while not stop.is_set():
            publish_origin(lake, stream="busy", series=series, number=number % origins)
            number += 1


def milliseconds(action: Callable[[], int]) -> float:
    """How long a question takes whose answer has `STEPS` rows."""
    started = time.perf_counter()
    found = action()
    taken = time.perf_counter() - started
    if found != STEPS:
        raise RuntimeError(f"expected {STEPS} rows, found {found}")
    return taken * 1000


def ask(
    settings: Settings, *, stream: str, series: int, origins: int, repeats: int
) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of each question, each beside the bare scan of the file that holds the same answer."""
    draw = random.Random(1)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in QUESTIONS}
    bare = duckdb.connect(config={"threads": 2})
    bare.execute("set TimeZone = 'UTC'")
    if uses_store(settings):
        load_store(bare, settings.store)
    with open_lake_to_read(settings) as lake, bare:
        lake.connection.execute("set threads = 2")
        for _ in range(repeats):
            for name, query in QUESTIONS.items():
                number = origins - 1 if "latest" in name else draw.randrange(origins)
                origin = FIRST + timedelta(days=number)
                values = {
                    "stream": stream,
                    "series_id": f"link-{draw.randrange(series):05d}",
                    "origin": origin,
                    "t": FIRST + timedelta(days=origins + 1),
                }
                here = {key: value for key, value in values.items() if f"${key}" in query}
                asked = milliseconds(partial(rows_of, lake.connection, query, here))
                file = file_of(lake, values)
                there = {"file": file, "series_id": values["series_id"], "origin": origin}
                alone = milliseconds(partial(rows_of, bare, BARE, there))
                taken[name].append((asked, alone))
    return taken


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> int:
    return int(connection.execute(query, values).to_arrow_table().num_rows)


def file_of(lake: Lake, values: dict[str, Any]) -> str:
    """The file that holds a series of an origin, as the plan names it."""
    named = {key: values[key] for key in ("stream", "series_id", "origin")}
    plan = lake.connection.execute(f"explain analyze {BY_ORIGIN}", named).fetchall()[0][1]
    text = re.sub(r"[\s│]+", "", plan)
    if "TotalFilesRead:1" not in text:
        raise RuntimeError(f"more than one file was opened: {plan}")
    return text.partition("Filename(s):")[2].partition(".parquet")[0] + ".parquet"


def show(title: str, taken: dict[str, list[tuple[float, float]]], *, shared: bool) -> None:
    print(title)
    for name, pairs in taken.items():
        asked, alone = [first for first, _ in pairs], [second for _, second in pairs]
        ratio = statistics.median(asked) / statistics.median(alone)
        most = SHARED_TARGET if shared else TARGETS.get(name)
        target = f", target {most:.0f} ms" if name in TARGETS else ""
        print(
            f"  {name:<42} median {statistics.median(asked):6.1f} ms, max {max(asked):6.1f} ms, "
            f"{ratio:4.1f} times the bare scan of {statistics.median(alone):.1f} ms{target}",
            flush=True,
        )


def count_files(settings: Settings) -> str:
    with open_lake_to_read(settings) as lake:
        ((files, size),) = lake.connection.execute(FILES).fetchall()
    return f"{files} files of forecasts, {(size or 0) / 2**30:.1f} GiB"


def measure(title: str, settings: Settings, *, series: int, origins: int, repeats: int) -> None:
    """Both streams alone, then the wide one while another process publishes."""
    named, shared = {"origins": origins, "repeats": repeats}, uses_store(settings)
    show(f"{title}, {series} series", ask(settings, stream="wide", series=series, **named), shared=shared)
    show(f"{title}, {SMALL_SERIES} series", ask(settings, stream=SMALL, series=SMALL_SERIES, **named), shared=shared)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writer = context.Process(target=keep_publishing, args=(settings, series, origins, stop))
    writer.start()
    time.sleep(3)
    show(
        f"{title}, {series} series, while another process publishes",
        ask(settings, stream="wide", series=series, **named),
        shared=shared,
    )
    stop.set()
    writer.join()
    with open_lake_to_read(settings) as lake:
        print(f"  {lake.connection.execute(BUSY).fetchall()[0][0]} origins published by the other process so far")


@contextmanager
def home(folder: str, *, shared: bool) -> Iterator[Settings]:
    """Settings of an empty lake, embedded or on servers of its own."""
    if not shared:
        yield read_settings({"FORECASTING_HOME": folder})
        return
    with postgresql() as server, object_store(Path(folder) / "buckets") as store:
        if server is None or store is None:
            raise SystemExit("PostgreSQL or rclone is not installed; see .ci/run")
        server.create("queries")
        place = {"FORECASTING_HOME": folder, "FORECASTING_CATALOG": server.catalog("queries")}
        yield read_settings(place | store.environment("queries"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--origins", type=int, default=100)
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="where the lake is built for the time of the run")
    parser.add_argument("--shared", action="store_true", help="a lake on PostgreSQL and S3, as published only")
    given = parser.parse_args()
    named = {"series": given.series, "origins": given.origins, "repeats": given.repeats}
    with tempfile.TemporaryDirectory(dir=given.folder) as folder, home(folder, shared=given.shared) as settings:
        started = time.perf_counter()
        with open_lake(settings) as lake:
            for number in range(given.origins):
                publish_origin(lake, stream="wide", series=given.series, number=number)
                publish_origin(lake, stream=SMALL, series=SMALL_SERIES, number=number)
        seconds = time.perf_counter() - started
        print(
            f"{given.origins} origins in {seconds:.0f} s on {os.cpu_count()} cores: {count_files(settings)}", flush=True
        )
        measure("as published", settings, **named)
        if given.shared:
            return
        started = time.perf_counter()
        summary = maintain.run(settings)
        print(
            f"maintain in {time.perf_counter() - started:.0f} s: {summary.details}; {count_files(settings)}", flush=True
        )
        measure("after maintain", settings, **named)


if __name__ == "__main__":
    main()
