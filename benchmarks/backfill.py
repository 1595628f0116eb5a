"""Backfill of consecutive origins: what it costs beyond training, bare inference and a bare insert.

A stream of hourly series of which every tenth value has three versions is ingested, read as of an origin, and
backfilled over four weeks with weekly retraining. Printed, all measured in this process:

- reading the demand of a panel as of an origin, over a bare scan of the rows that it chooses from;
- the backfill's time outside training, over one batched pass: every member asked for all origins at once;
- each further origin of a model, over its share of that pass plus a bare insert of its rows.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np

from forecasting.ensemble.members import UNTRAINED
from forecasting.jobs import backfill, ingest
from forecasting.jobs.common.backfills import Issued, Progress
from forecasting.jobs.common.panels import PanelReader
from forecasting.jobs.common.session import Session, open_session
from forecasting.jobs.training import train
from forecasting.jobs.training.bundles import load_model
from forecasting.panel.calendar.calendar import history_since, resolve_origin
from forecasting.panel.calendar.instants import utc_instant
from forecasting.settings import Settings, read_settings
from forecasting.store.tables.registry import find_model

FIRST = date(2024, 1, 1)
DEFINITION = """
[stream]
name = "wide"
metric = "traffic"
unit = "GB"
interval = "1h"
timezone = "UTC"
horizon = "14d"
[source]
extract = "wide.sql"
feed = "wide.parquet"
start = 2024-01-01
[models]
members = {members}
budget = "{budget}"
history = "{history}d"
"""
EXTRACT = "select series_id, ts, y, available_at from read_parquet($feed) where ts >= $since and ts < $until"
FEED = """
copy (
    select
        printf('link-%05d', series) as series_id,
        timestamptz '2024-01-01 00:00:00+00' + interval (step) hour as ts,
        greatest(
            0,
            (50 + series % 500) * (1 + 0.5 * sin(2 * pi() * (step % 24) / 24) + 0.2 * (random() - 0.5) + 0.01 * version)
        ) as y,
        timestamptz '2024-01-01 00:00:00+00' + interval (step + 1 + 24 * version) hour as available_at
    from range($series) as s(series), range($steps) as t(step), range(3) as v(version)
    where version = 0 or hash(series, step) % 10 = 0
    order by series, step, version
) to '{path}' (format parquet)
"""


@dataclass
class Clock:
    """How long each origin of a backfill took, and with which model."""

    began: float = 0.0
    seconds: list[tuple[str, float]] = field(default_factory=list)

    def begin(self, _: str) -> None:
        self.began = time.perf_counter()

    def issued(self, issued: Issued) -> None:
        self.seconds.append((str(issued.model_id), time.perf_counter() - self.began))


def make_home(folder: Path, *, series: int, days: int, **definition: object) -> Settings:
    settings = read_settings({"FORECASTING_HOME": str(folder)})
    settings.streams.mkdir(parents=True)
    (settings.streams / "wide.toml").write_text(DEFINITION.format(**definition), encoding="utf-8")
    (settings.streams / "wide.sql").write_text(EXTRACT, encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(FEED.format(path=folder / "wide.parquet"), {"series": series, "steps": 24 * days})
    return settings


def compare_reading(session: Session, origins: list[datetime], rounds: int = 5) -> None:
    """Demand of the first origin's panel, and the same values scanned from a file that holds nothing else."""
    lake, stream = session.lake, session.definition.stream
    last = origins[0]
    file = session.settings.home / "bare.parquet"
    known = "select series_id, ts, y from analyst.history_as_of($origin) where ts >= $since order by all"
    since = history_since(stream, utc_instant(last)).astype(object)
    lake.connection.execute(f"copy ({known}) to '{file}'", {"origin": last, "since": since})
    rows = "select series_id, ts, y from history.demand where stream = 'wide' and ts >= $since and ts < $origin"
    sides: dict[str, Callable[[], object]] = {
        "ours": lambda: PanelReader(lake, stream, [last]).demand(last),
        "lake": lambda: lake.connection.execute(rows, {"origin": last, "since": since}).to_arrow_table(),
        "file": lambda: lake.connection.execute(f"select series_id, ts, y from '{file}'").to_arrow_table(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - started)
    ours, scan, alone = (statistics.median(seconds[name]) for name in sides)
    print(
        f"demand as of an origin: {ours:.2f} s, {ours / scan:.2f} times a bare scan of its rows in the lake (target "
        f"2), {ours / alone:.2f} times one of a Parquet file that holds nothing else",
        flush=True,
    )


def batched_pass(session: Session, origins: list[datetime], model_of: dict[datetime, str]) -> float:
    """Seconds in which every member is asked for all origins of its model at once, on the panel of the last origin."""
    stream = session.definition.stream
    panel = PanelReader(session.lake, stream, [origins[-1]]).panel(origins[-1])
    seconds = 0.0
    for model_id in dict.fromkeys(model_of.values()):
        record = find_model(session.lake, model_id)
        assert record is not None
        members = load_model(session, record).members
        own = [utc_instant(origin) for origin in origins if model_of[origin] == model_id]
        origin_columns = [int(np.searchsorted(panel.ts, at)) for at in own]
        length = panel.n_horizon
        started = time.perf_counter()
        for member in members.values():
            member.predict_many(
                panel, origin_columns=[at for at in origin_columns if at + length <= len(panel.ts)], length=length
            )
        for forecast in UNTRAINED.values():
            for at in origin_columns:
                forecast(panel, at=at, length=length)
        seconds += time.perf_counter() - started
    return seconds


def bare_insert_seconds(settings: Settings, origins: int) -> float:
    """Seconds to write the forecast rows of one origin into a plain DuckDB file."""
    with duckdb.connect(str(settings.home / "bare.duckdb")) as connection:
        files = f"{settings.data}/forecast/forecasts/**/*.parquet"
        connection.execute("create temp table rows as select * from read_parquet($files)", {"files": files})
        connection.execute("create table bare as select * from rows limit 0")
        started = time.perf_counter()
        connection.execute("insert into bare select * from rows order by run_id, series_id, ts")
        return (time.perf_counter() - started) / origins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--origins", type=int, default=28, help="consecutive days (default 28)")
    parser.add_argument("--history", type=int, default=84, help="days of history of each origin (default 84)")
    parser.add_argument("--budget", default="60s", help="of each weekly training (default 60s)")
    parser.add_argument("--members", default='["trees", "seasonal"]', help="as in a stream definition")
    given = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    days = given.history + 28 + given.origins
    with tempfile.TemporaryDirectory() as folder:
        settings = make_home(
            Path(folder),
            series=given.series,
            days=days,
            members=given.members,
            budget=given.budget,
            history=given.history,
        )
        last = FIRST + timedelta(days=days)
        first = last - timedelta(days=given.origins - 1)
        print("ingest", ingest.run(settings, "wide", until=str(last)).rows, "versions", flush=True)
        with open_session(settings, "wide") as session:
            stream = session.definition.stream
            origins = [resolve_origin(str(first + timedelta(days=day)), stream) for day in range(given.origins)]
            compare_reading(session, origins)
        for number in range(given.origins):
            train.run(settings, "wide", origin=str(first + timedelta(days=number)))
        clock = Clock()
        started = time.perf_counter()
        report = backfill.run(
            settings, "wide", since=str(first), until=str(last), progress=Progress(clock.begin, clock.issued)
        )
        outside = time.perf_counter() - started
        print(f"backfill: {report.counts}, {sum(issued.rows for issued in report.origins):,} rows", flush=True)
        model_of = {issued.origin: str(issued.model_id) for issued in report.origins}
        with open_session(settings, "wide") as session:
            batch = batched_pass(session, [issued.origin for issued in report.origins], model_of)
        insert = bare_insert_seconds(settings, given.origins)
    turns = pairwise(clock.seconds)
    further = statistics.median(seconds for (before, _), (model, seconds) in turns if model == before)
    share = batch / given.origins
    print(
        f"{given.origins} origins: {outside:.1f} s outside training, {outside / batch:.2f} times one batched pass of "
        f"{batch:.1f} s (target 1.5)"
    )
    print(
        f"each further origin: {further:.2f} s, {further / (share + insert):.2f} times bare inference of {share:.2f} s "
        f"and bare insert of {insert:.2f} s (target 1.3)"
    )


if __name__ == "__main__":
    main()
