"""Feeds: where they are, and what their faults are called."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import pytest

from forecasting.errors import FeedError, QueryError, SettingsError
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.feeds import Feed, expand_feed, open_feed
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_memory_lake
from tests.feeds import EXTRACT, define_stream, deliver, hourly_rows

SPAN = {"since": datetime(2024, 1, 1, tzinfo=UTC), "until": datetime(2024, 1, 3, tzinfo=UTC)}


@pytest.fixture
def lake(settings: Settings):
    with open_memory_lake(settings) as opened:
        yield opened


def feed_of(lake: Lake) -> Feed:
    return Feed(lake, read_definition(lake.settings, "usage"))


def pull(feed: Feed) -> int:
    feed.create_table("extracted", feed.definition.extract, **SPAN)
    return int(feed.lake.connection.table("extracted").shape[0])


def test_feed_is_expanded_from_the_environment_and_the_home(settings, monkeypatch):
    monkeypatch.setenv("USAGE_FEED", "elsewhere")
    monkeypatch.delenv("NO_FEED", raising=False)
    assert expand_feed(settings, "${USAGE_FEED:-feeds}/*.parquet") == f"{settings.home}/elsewhere/*.parquet"
    assert expand_feed(settings, "${NO_FEED:-feeds}/*.csv") == f"{settings.home}/feeds/*.csv"
    assert expand_feed(settings, "/data/*.csv") == "/data/*.csv"
    assert expand_feed(settings, "s3://bucket/*.parquet") == "s3://bucket/*.parquet"
    with pytest.raises(SettingsError, match="environment variable NO_FEED is not set and has no default"):
        expand_feed(settings, "${NO_FEED}/*.csv")


def test_window_is_pulled_and_its_columns_are_told(lake, settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=3))
    feed = feed_of(lake)
    assert pull(feed) == 96
    columns = feed.columns(feed.definition.extract, **SPAN)
    assert columns == {"series_id": "VARCHAR", "ts": "TIMESTAMP WITH TIME ZONE", "y": "DOUBLE"}


def test_feed_without_a_file_is_told(lake, settings):
    define_stream(settings)
    with pytest.raises(
        FeedError, match=r"no file found; expected the files that source\.feed = 'feeds/usage/\*\.parquet'"
    ):
        feed_of(lake).check_files()
    with pytest.raises(FeedError, match="No files found"):
        pull(feed_of(lake))


@pytest.mark.parametrize("keep", [0, 3, 500, -1])
def test_damaged_file_among_good_ones_is_named(lake, settings, keep):
    define_stream(settings)
    deliver(settings, hourly_rows(days=3), file="good")
    path = deliver(settings, hourly_rows(days=3), file="torn")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FeedError, match=r"torn\.parquet: not a whole Parquet file; deliver it again"):
        pull(feed_of(lake))


@pytest.mark.parametrize(
    ("extract", "error", "message"),
    [
        ("selec 1", QueryError, "syntax error"),
        (EXTRACT.replace("$feed", "$fed"), QueryError, r"parameter \$fed is not known here"),
        (EXTRACT.replace("ts >= $since", "t >= $since"), FeedError, 'has not the expected shape: .*"t"'),
        (EXTRACT.replace("select *", "select y::date"), FeedError, "reading .* failed|has not the expected shape"),
    ],
)
def test_wrong_extract_is_reported_in_one_line(lake, settings, extract, error, message):
    define_stream(settings, extract=extract)
    deliver(settings, hourly_rows(days=3))
    with pytest.raises(error, match=message) as failure:
        pull(feed_of(lake))
    assert "usage.sql" in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_database_is_attached_read_only_while_the_feed_is_open(lake, settings, kind):
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "source.db"
    with closing(sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(path)) as source:
        source.execute("create table calls (queue varchar, started varchar)")
        source.execute("insert into calls values ('a', '2024-01-01 00:00:00')")
        source.commit()
    extract = "select queue as series_id, started as ts, 1.0 as y from cc.calls where started::timestamptz >= $since"
    define_stream(settings, extract=extract, source=f'[source.attach.cc]\ntype = "{kind}"\nuri = "source.db"\n')
    with open_feed(lake, read_definition(settings, "usage")) as feed:
        assert pull(feed) == 1
        with pytest.raises(duckdb.Error, match="read-only"):
            lake.connection.execute("delete from cc.calls")
    assert "cc" not in {
        row[0] for row in lake.connection.execute("select database_name from duckdb_databases()").fetchall()
    }


def test_database_that_is_not_there_is_told(lake, settings):
    define_stream(settings, source='[source.attach.cc]\ntype = "duckdb"\nuri = "missing.db"\n')
    with (
        pytest.raises(FeedError, match=r"source\.attach\.cc: cannot attach the duckdb database"),
        open_feed(lake, read_definition(settings, "usage")),
    ):
        pass


def test_file_whose_values_are_damaged_among_good_ones_is_named(lake, settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=3), file="good")
    path = deliver(settings, hourly_rows(days=3), file="rotten")
    content = bytearray(path.read_bytes())
    content[4:1500] = b"\xff" * 1496
    path.write_bytes(bytes(content))
    with pytest.raises(FeedError, match=r"rotten\.parquet: not a whole Parquet file; deliver it again"):
        pull(feed_of(lake))


def write_csv(settings: Settings, text: str) -> None:
    folder = settings.home / "feeds" / "usage"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "day.csv").write_text(text, encoding="utf-8")


CSV = "series_id,ts,y\na,2024-01-01 00:00:00+00,107\na,2024-01-01 01:00:00+00,107"


@pytest.mark.parametrize(
    ("text", "refused"), [(CSV[:-1], True), (CSV, True), (CSV + "\n", False), (CSV + "\r\n", False)]
)
def test_csv_file_whose_last_line_may_be_cut_off_is_named_and_not_read(lake, settings, text, refused):
    define_stream(settings)
    definition = settings.streams / "usage.toml"
    definition.write_text(definition.read_text().replace("*.parquet", "*.csv"))
    write_csv(settings, text)
    if refused:
        with pytest.raises(FeedError, match=r"day\.csv: expected a newline at its end, found none"):
            feed_of(lake).check_files()
        definition.write_text(definition.read_text().replace("start =", "final_newline = false\nstart ="))
    feed_of(lake).check_files()
