"""kill -9 of the catalog's server and of the object store while a stream is published again and again.

As a script: `python -m tests.cluster.server_kills --moments 40`. A writer publishes numbered versions of one night, a
reader looks all the while, and at random moments one of the servers is killed and started again. At the end every
version that was acknowledged is there once, none that was not, and no reader ever saw anything but one whole version.
"""

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import LakeBusyError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.upkeep import doctor
from forecasting.settings import Settings, read_settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.faults import LakeFault, fault_of
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.tables.forecasts import publish, published_rows
from forecasting.store.tables.runs import start_run
from forecasting.terms import RunKind
from tests.extensions import trust_extensions
from tests.feeds import define_stream, deliver, hourly_rows
from tests.object_store import ObjectStore, object_store
from tests.postgres import Server, postgresql

ORIGIN = datetime(2024, 1, 30, tzinfo=UTC)
ROWS = 2 * 48
AWAY_SECONDS = 0.5
SEEN = """
select count(*) as n, count(distinct run_id) as runs, min(mean - q50) as least, max(mean - q50) as most
from analyst.forecast_latest
"""
PUBLISHED = """
select round(min(mean - q50))::integer as number, count(*) as n, count(distinct publications.published_at) as times
from forecast.publications
inner join forecast.forecasts using (run_id)
where publications.kind = 'manual' and publications.run_id like '%-version-%'
group by run_id
order by number
"""


@dataclass
class Tally:
    """What was done to the servers and what was seen."""

    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    reads: int = 0
    half_seen: list[str] = field(default_factory=list)
    stored: pd.DataFrame = field(default_factory=pd.DataFrame)
    errors: list[str] = field(default_factory=list)
    """What `doctor` finds at the end."""

    def faults(self) -> list[str]:
        """What must not be."""
        numbers = self.stored["number"].tolist()
        found = [f"lost: version {number}" for number in self.acknowledged if number not in numbers]
        found += [f"twice: version {number}" for number, n in Counter(numbers).items() if n > 1]
        found += [f"not asked for: version {number}" for number in numbers if number not in self.acknowledged]
        found += [f"version {row.number}: {row.n} rows" for row in self.stored.itertuples() if row.n != ROWS]
        return found + self.half_seen + self.errors


@contextmanager
def servers() -> Iterator[tuple[Server, ObjectStore]]:
    """A catalog's server and an object store of one's own, which may be killed."""
    with postgresql() as server, object_store() as store:
        assert server is not None
        assert store is not None
        yield server, store


def first_night(home: Path, server: Server, store: ObjectStore, *, database: str) -> Settings:
    """A lake on those servers with one published night."""
    server.create(database)
    environment = {"FORECASTING_HOME": str(home), "FORECASTING_CATALOG": server.catalog(database)}
    settings = read_settings(environment | store.environment(database))
    define_stream(settings)
    deliver(settings, hourly_rows(days=30))
    ingest.run(settings, "usage", until="2024-01-30")
    assert forecast.run(settings, "usage", origin="2024-01-30").status == "published"
    return settings


def kill_at_random(settings: Settings, server: Server, store: ObjectStore, *, moments: int, seed: int) -> Tally:
    """Publish and read while so many kills happen, the servers in turn."""
    tally, stop = Tally(), threading.Event()
    threads = [threading.Thread(target=work, args=(settings, tally, stop)) for work in (_write, _read)]
    for thread in threads:
        thread.start()
    chance = random.Random(seed)
    try:
        for moment in range(moments):
            target: Server | ObjectStore = (server, store)[moment % 2]
            before = len(tally.acknowledged)
            # each kill falls into a publication of its own
            while len(tally.acknowledged) == before and not stop.is_set():
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 1.5 * PUBLISH_SECONDS))
            target.kill()
            time.sleep(chance.uniform(0.0, AWAY_SECONDS))
            target.start()
            tally.kills["PostgreSQL" if target is server else "S3"] += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    with open_lake_to_read(settings) as lake:
        tally.stored = lake.connection.execute(PUBLISHED).df()
    tally.errors += [one.message for one in doctor.run(settings, everything=True) if one.verdict == "error"]
    return tally


PUBLISH_SECONDS = 1.0
"""About what a publication takes on a machine that has other things to do."""


def _write(settings: Settings, tally: Tally, stop: threading.Event) -> None:
    """Publish one version after the other, each once; opening the lake is part of it."""
    definition, number = read_definition(settings, "usage"), 0
    with open_lake(settings) as lake:
        rows = published_rows(lake, stream="usage", origin=ORIGIN)
    try:
        while not stop.is_set():
            number += 1
            try:
                with open_lake(settings) as lake:
                    _publish(lake, definition.stream, rows, number)
                tally.acknowledged.append(number)
            except LakeBusyError as error:
                tally.refused.append(str(error))
    except BaseException as error:
        tally.errors.append(f"writer: {type(error).__name__}: {error}")
        raise
    finally:
        stop.set()


def _publish(lake: Lake, stream: Stream, rows: pd.DataFrame, number: int) -> None:
    now = datetime.now(UTC)
    version = rows.assign(mean=rows["q50"] + number)
    run = start_run(lake, stream, kind=RunKind.MANUAL, origin=ORIGIN, started_at=now, token=f"version-{number}")
    publish(lake, run, version, complete=True, now=now)


def _read(settings: Settings, tally: Tally, stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            versioned = bool(tally.acknowledged)
            try:
                with open_lake_to_read(settings) as lake:
                    n, runs, least, most = lake.connection.execute(SEEN).fetchone()
            except LakeBusyError:
                continue
            except duckdb.Error as error:
                # asked of the database itself, which does not wait for its servers
                if fault_of(error, settings) is LakeFault.LOST:
                    continue
                raise
            tally.reads += 1
            if versioned and ((n, runs) != (ROWS, 1) or most - least > 1e-6):
                tally.half_seen.append(f"half a night was seen: {n} rows of {runs} runs, {least} to {most}")
    except BaseException as error:
        tally.errors.append(f"reader: {type(error).__name__}: {error}")
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    trust_extensions()
    with TemporaryDirectory() as folder, servers() as (server, store):
        settings = first_night(Path(folder) / "home", server, store, database="kills")
        tally = kill_at_random(settings, server, store, moments=arguments.moments, seed=arguments.seed)
    faults = tally.faults()
    kills = ", ".join(f"{n} of {name}" for name, n in sorted(tally.kills.items()))
    print(f"kills: {kills}; published {len(tally.acknowledged)} versions, {len(tally.refused)} refused with a message")
    print(f"reads: {tally.reads}; faults: {len(faults)}")
    print("\n".join(faults + [f"refused: {message}" for message in tally.refused]))
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
