"""Several processes publish, ingest and read at once: none fails, sees half a publication or writes anything twice."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.jobs import forecast, ingest
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.tables.forecasts import publish, published_rows
from forecasting.store.tables.runs import start_run
from forecasting.terms import RunKind
from tests.faults.processes import Finished, Running, settings_of, start_command
from tests.feeds import define_stream, deliver, hourly_rows

STREAMS = ("calls", "traffic")
ORIGIN = "2024-01-30"
ROWS = 2 * 48
SEEN = """
    select stream, count(*), count(distinct (series_id, ts)), count(distinct run_id)
    from analyst.forecast_latest
    group by stream
"""


@pytest.fixture
def two_streams(settings: Settings) -> Settings:
    """A home with two streams on which nothing has run yet."""
    for number, name in enumerate(STREAMS):
        define_stream(settings, name)
        deliver(settings, hourly_rows(days=30, seed=number), name)
    return settings


def together(processes: list[Running]) -> list[Finished]:
    finished = [process.wait() for process in processes]
    for process in finished:
        assert (process.code, process.err) == (0, "")
    return finished


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def publish_again_and_again(variables: dict[str, str], stream: str, rounds: int, first: int) -> None:
    """Publish anew each round: the published rows with `mean` a whole number above the median."""
    settings = settings_of(variables)
    origin = datetime.fromisoformat(ORIGIN).replace(tzinfo=UTC)
    definition = read_definition(settings, stream)
    for number in range(first, first + rounds):
        with open_lake(settings) as lake:
            rows = published_rows(lake, stream=stream, origin=origin)
            rows["mean"] = rows["q50"] + number
            now = datetime.now(UTC)
            run = start_run(
                lake, definition.stream, kind=RunKind.MANUAL, origin=origin, started_at=now, token=str(number)
            )
            publish(lake, run, rows, complete=True, now=now)


def read_until(variables: dict[str, str], stop: Path) -> None:
    """Read the newest forecasts until `stop` is there, each time all rows of one run; print how often."""
    settings, reads = settings_of(variables), 0
    while not stop.exists():
        with open_lake_to_read(settings) as lake:
            for _ in range(5):
                seen = sorted(lake.connection.execute(SEEN).fetchall())
                assert seen == [(name, ROWS, ROWS, 1) for name in STREAMS], seen
                reads += 1
                time.sleep(0.05)
    sys.stdout.write(str(reads))


@pytest.mark.slow
def test_lake_is_made_and_filled_by_several_processes_at_once(two_streams):
    together([start_command(two_streams, "ingest", name, "--until", ORIGIN) for name in STREAMS * 2])
    versions = ask(two_streams, "select count(*), count(distinct (stream, series_id, ts)) from history.demand")
    assert versions == [(2 * 2 * 29 * 24,) * 2]
    migrations = ask(two_streams, "select count(*), count(distinct name), max(version) from meta.migrations")
    assert len(set(migrations[0])) == 1


@pytest.mark.slow
def test_publishers_of_one_origin_at_once_leave_one_publication(two_streams):
    for name in STREAMS:
        ingest.run(two_streams, name, until=ORIGIN)
    together([start_command(two_streams, "forecast", name, "--origin", ORIGIN) for name in STREAMS * 3])
    assert ask(two_streams, "select stream, count(*) from forecast.publications group by 1 order by 1") == [
        (name, 1) for name in STREAMS
    ]
    statuses = ask(
        two_streams, "select status, count(*) from forecast.runs where kind = 'manual' group by 1 order by 1"
    )
    assert statuses == [("published", 2), ("unchanged", 4)]
    assert sorted(ask(two_streams, SEEN)) == [(name, ROWS, ROWS, 1) for name in STREAMS]


@pytest.mark.slow
def test_readers_see_whole_publications_while_others_publish(two_streams, tmp_path):
    for name in STREAMS:
        ingest.run(two_streams, name, until=ORIGIN)
        forecast.run(two_streams, name, origin=ORIGIN)
    variables, stop = two_streams.as_environment(), tmp_path / "stop"
    readers = [Running(read_until, variables, stop) for _ in range(3)]
    rounds, writers_a_stream = 3, 2
    together(
        [
            Running(publish_again_and_again, variables, name, rounds, 1 + writer * rounds)
            for name in STREAMS
            for writer in range(writers_a_stream)
        ]
    )
    stop.touch()
    reads = [int(finished.out) for finished in together(readers)]
    assert min(reads) >= 10
    published = 1 + rounds * writers_a_stream
    assert ask(
        two_streams, "select count(*), count(distinct published_at) from forecast.publications group by stream"
    ) == [(published, published)] * len(STREAMS)
    chain = """
        select count(*)
        from (
            select replaces, lag(run_id) over (partition by stream, origin order by published_at) as previous
            from forecast.publications
        )
        where replaces is distinct from previous
    """
    assert ask(two_streams, chain) == [(0,)]
