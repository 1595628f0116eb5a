"""What an extract may read, and that it does nothing else."""

from datetime import UTC, datetime

import duckdb
import pytest

from forecasting.errors import FeedError, QueryError
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.feeds import Feed, open_feed
from forecasting.store.lake.open import open_memory_lake
from tests.feeds import define_stream, deliver, hourly_rows

SPAN = {"since": datetime(2024, 1, 1, tzinfo=UTC), "until": datetime(2024, 1, 3, tzinfo=UTC)}
SELECT = "select 's' as series_id, $since as ts, 1.0 as y, $until as until from "


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    from forecasting.settings import read_settings

    with open_memory_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("extracts"))})) as opened:
        deliver(opened.settings, hourly_rows(days=1))
        (opened.settings.home / "feeds" / "other.csv").write_text("a\n1\n", encoding="utf-8")
        yield opened


def pull(lake, reads: str, **definition: str) -> int:
    define_stream(lake.settings, extract=SELECT + reads.format(home=lake.settings.home), **definition)
    with open_feed(lake, read_definition(lake.settings, "usage")) as feed:
        return pull_feed(feed)


def pull_feed(feed: Feed) -> int:
    feed.create_table("extracted", feed.definition.extract, **SPAN)
    return int(feed.lake.connection.table("extracted").shape[0])


@pytest.mark.parametrize(
    "source",
    [
        "read_parquet($feed)",
        "read_parquet([$feed])",
        "read_parquet(replace($feed, '*.parquet', '*'))",
        "read_text('{home}/feeds/usage/*')",
        "glob('{home}/feeds/usage/../usage/*.parquet')",
        "range(1)",
    ],
)
def test_folder_of_the_feed_is_open(lake, source):
    assert pull(lake, source) >= 1


@pytest.mark.parametrize(
    "source",
    [
        "read_text('/etc/hostname')",
        "read_csv('{home}/feeds/other.csv')",
        "'{home}/feeds/other.csv'",
        "read_text('{home}/feeds/usage/../other.csv')",
        "read_text('{home}/feeds/usage/*/../../other.csv')",
        "read_text(['{home}/feeds/usage/x', '/etc/hostname'])",
        "read_text(replace($feed, 'usage/*.parquet', 'other.csv'))",
        "read_csv('https://example.org/x.csv')",
        "(select 1 where exists (from glob('/etc/*')))",
    ],
)
def test_other_files_are_not_unless_allowed(lake, source):
    with pytest.raises(QueryError, match=r"may not read .*; if it belongs to the source, name it .* source\.allow"):
        pull(lake, source)


def test_allowed_files_and_folders_are_open(lake):
    assert pull(lake, "read_csv('{home}/feeds/other.csv')", source='allow = ["feeds/other.csv"]') == 1
    assert pull(lake, "'{home}/feeds/other.csv'", source='allow = ["feeds"]') == 1
    with pytest.raises(QueryError, match="may not read"):
        pull(lake, "read_csv('{home}/feeds/other.csv')", source='allow = ["feeds/other"]')


def test_feed_in_the_home_itself_opens_its_own_files_only(lake):
    settings: Settings = lake.settings
    (settings.home / "usage.csv").write_text("a\n1\n", encoding="utf-8")
    define_stream(settings, extract=SELECT + "read_csv($feed)")
    path = settings.streams / "usage.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("feeds/usage/*.parquet", "usage.csv"), encoding="utf-8")
    assert pull_feed(Feed(lake, read_definition(settings, "usage"))) == 1
    (settings.streams / "usage.sql").write_text(SELECT + f"read_text('{path}')", encoding="utf-8")
    with pytest.raises(QueryError, match="may not read"):
        pull_feed(Feed(lake, read_definition(settings, "usage")))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("query('select 1')", r"query\(\) is not allowed"),
        ("ducklake_expire_snapshots('lake', versions => [1])", "not allowed"),
        ("duckdb_secrets()", "not allowed"),
        ("__ducklake_metadata_lake.ducklake_metadata", "may hold passwords"),
        ("range(length(getenv('HOME')))", r"getenv\(\) is not allowed"),
        ("(values ('/etc/hostname')) as t(f), read_text(t.f)", "known before the statement runs"),
        ("postgres_query('lake', 'select 1')", r"expected a database of \[source.attach\]"),
    ],
)
def test_extract_only_reads(lake, source, message):
    with pytest.raises(QueryError, match=message):
        pull(lake, source)


@pytest.mark.parametrize(
    "extract",
    ["insert into history.demand select $since, $until", "copy (select $since, $until) to 'x.csv'", "attach 'x' as y"],
)
def test_extract_that_is_no_query_is_refused(lake, extract):
    define_stream(lake.settings, extract=extract)
    with pytest.raises(QueryError, match="expected one SELECT"):
        pull_feed(Feed(lake, read_definition(lake.settings, "usage")))


def test_slow_extract_is_stopped_with_its_name_and_limit(lake):
    with pytest.raises(FeedError, match=r"stream usage: .*usage\.sql: stopped after 1s, which is source\.timeout"):
        pull(lake, "range(10000000) a, range(10000000) b where hash(a, b) = 1", source='timeout = "1s"')


def test_attached_databases_are_read(lake, tmp_path):
    with duckdb.connect(str(tmp_path / "bills.duckdb")) as database:
        database.execute("create table bills as select 1 as a")
    tables = f'[source.attach.billing]\ntype = "duckdb"\nuri = "{tmp_path}/bills.duckdb"\n'
    assert pull(lake, "billing.bills", tables=tables) == 1
