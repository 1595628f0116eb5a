"""Current publications of past origins, and what was loaded since."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.config.stream import Stream
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.maintenance import compact
from forecasting.store.tables.backfills import (
    CurrentPublication,
    HistoryBatch,
    is_settled,
    read_current_publications,
    read_history_batches,
)
from forecasting.store.tables.runs import Run, start_run
from forecasting.terms import RunKind, RunStatus
from tests.feeds import define_stream
from tests.publications import name_rows

ORIGIN = datetime(2024, 1, 29, tzinfo=UTC)
NOW = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEMAND = """
insert into history.demand by name
select
    $stream as stream,
    's' as series_id,
    $ts::timestamptz - interval (number) hour as ts,
    number as y,
    $known_at::timestamptz as available_at,
    $run_id as run_id,
    now() as loaded_at
from range(20) as t(number)
"""
INGEST = "insert into history.ingests values ($run_id, $stream, $ts, $ts, 20, 20, 0, 0)"
SERIES = "insert into history.series values ($stream, 's', $ts, $known_at, map {}, 'r')"
EVENT = "insert into history.events values ('e', $known_at, 'closure', '', map {}, $ts, $ts, false, 'r')"


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


def stream_of(lake: Lake) -> Stream:
    return read_definition(lake.settings, "usage").stream


def insert(lake: Lake, *queries: str, ts: datetime, known_at: datetime, stream: str = "usage") -> int:
    """Returns the snapshot that it made."""
    given = {"stream": stream, "ts": ts, "known_at": known_at, "run_id": f"r{lake.snapshot_id()}"}
    lake.connection.begin()
    for query in queries:
        lake.connection.execute(query, {name: value for name, value in given.items() if f"${name}" in query})
    lake.connection.commit()
    return lake.snapshot_id()


def ingest(lake: Lake, known_at: datetime, *, stream: str = "usage") -> int:
    """Twenty values up to the origin, which became known at once; returns the snapshot."""
    return insert(lake, DEMAND, INGEST, ts=ORIGIN, known_at=known_at, stream=stream)


def publish(lake: Lake, origin: datetime, token: str, *, minute: int = 0, stream: Stream | None = None) -> Run:
    definition = stream or stream_of(lake)
    run = start_run(lake, definition, kind=RunKind.BACKFILL, origin=origin, started_at=NOW, token=token)
    run.model_id = "m"
    run.finish(lake, finished_at=NOW)
    at = NOW + timedelta(minutes=minute)
    name_rows(lake, run.run_id, origin, at, stream=definition.name, kind="backfill")
    return run


def current_of(lake: Lake, first: datetime = ORIGIN, last: datetime = ORIGIN) -> dict[datetime, CurrentPublication]:
    return read_current_publications(lake, stream_of(lake), first, last)


def test_of_each_origin_the_newest_publication_is_current(lake):
    newest = publish(lake, ORIGIN, "1", minute=5)
    publish(lake, ORIGIN, "2")
    publish(lake, ORIGIN + HOUR, "3")
    publish(lake, ORIGIN - HOUR, "4")
    plan = publish(lake, ORIGIN + HOUR, "5")
    lake.connection.execute("update forecast.publications set kind = 'plan' where run_id = $1", [plan.run_id])
    found = current_of(lake, last=ORIGIN + HOUR)
    assert list(found) == [ORIGIN, ORIGIN + HOUR]
    assert found[ORIGIN] == CurrentPublication(ORIGIN, newest.run_id, RunKind.BACKFILL, "m", newest.snapshot_id)
    assert found[ORIGIN + HOUR].run_id.endswith("3")


@pytest.mark.parametrize(
    "change",
    [
        "update forecast.publications set complete = false",
        "update forecast.runs set config_hash = 'other'",
        "update forecast.runs set code_version = '0'",
    ],
)
def test_what_is_incomplete_or_made_by_other_code_or_definition_is_not_confirmed(lake, change):
    publish(lake, ORIGIN, "1")
    assert current_of(lake)[ORIGIN].snapshot_id is not None
    lake.connection.execute(change)
    assert current_of(lake)[ORIGIN].snapshot_id is None


def look_again(lake: Lake, *, model_id: str = "m") -> int:
    """A later run that finds the origin unchanged; returns the lake that it read from."""
    run = start_run(lake, stream_of(lake), kind=RunKind.BACKFILL, origin=ORIGIN, started_at=NOW, token="again")
    run.model_id, run.status = model_id, RunStatus.UNCHANGED
    run.finish(lake, finished_at=NOW)
    return run.snapshot_id


def test_a_later_run_that_found_it_unchanged_confirms_a_publication(lake):
    publish(lake, ORIGIN, "1")
    lake.connection.execute("update forecast.runs set code_version = '0'")
    assert current_of(lake)[ORIGIN].snapshot_id is None
    look_again(lake, model_id="other")
    assert current_of(lake)[ORIGIN].snapshot_id is None
    newest = look_again(lake)
    assert current_of(lake)[ORIGIN].snapshot_id == newest
    lake.connection.execute("update forecast.publications set kind = 'nightly'")
    assert current_of(lake)[ORIGIN].snapshot_id is None, "it may only have been left alone"


def test_a_load_is_visible_from_the_earliest_origin_that_sees_any_of_it(lake):
    publish(lake, ORIGIN, "1")
    current = list(current_of(lake).values())
    assert read_history_batches(lake, stream_of(lake), current) == []
    late = ORIGIN + 5 * HOUR
    made = {
        # of twenty values the oldest is the first to be seen
        ingest(lake, ORIGIN - 30 * HOUR): ORIGIN - 19 * HOUR + timedelta(microseconds=1),
        ingest(lake, late): late,
        insert(lake, SERIES, ts=ORIGIN, known_at=ORIGIN - HOUR): ORIGIN + timedelta(microseconds=1),
        insert(lake, SERIES, ts=ORIGIN, known_at=late): late,
        insert(lake, EVENT, ts=ORIGIN, known_at=late): late,
    }
    ingest(lake, late, stream="other")
    insert(lake, SERIES, ts=ORIGIN, known_at=late, stream="other")
    assert read_history_batches(lake, stream_of(lake), current) == [HistoryBatch(*batch) for batch in made.items()]


def test_loads_are_told_apart_after_their_files_were_merged(lake):
    before = ingest(lake, ORIGIN - HOUR)
    publish(lake, ORIGIN, "1")
    after = ingest(lake, ORIGIN + HOUR)
    current = list(current_of(lake).values())
    expected = [HistoryBatch(after, ORIGIN + HOUR)]
    assert before <= current[0].snapshot_id < after
    assert read_history_batches(lake, stream_of(lake), current) == expected
    assert compact(lake) > 0
    assert read_history_batches(lake, stream_of(lake), current) == expected


def test_nothing_published_needs_no_batches(lake):
    ingest(lake, ORIGIN)
    assert read_history_batches(lake, stream_of(lake), []) == []


def test_an_origin_is_settled_until_something_that_it_sees_was_loaded_since():
    current = CurrentPublication(ORIGIN, "r", RunKind.BACKFILL, "m", snapshot_id=7)
    assert is_settled(current, model_id="m", batches=[])
    assert is_settled(
        current, model_id="m", batches=[HistoryBatch(7, ORIGIN), HistoryBatch(8, ORIGIN + timedelta(microseconds=1))]
    )
    assert not is_settled(current, model_id="m", batches=[HistoryBatch(8, ORIGIN)])
    assert not is_settled(current, model_id="other", batches=[])
    assert not is_settled(current, model_id=None, batches=[])
    assert not is_settled(replace(current, snapshot_id=None), model_id="m", batches=[])
    assert not is_settled(None, model_id="m", batches=[])
