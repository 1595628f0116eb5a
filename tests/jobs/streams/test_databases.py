"""Streams over databases and over folders that grow."""

import sqlite3

import duckdb
import pandas as pd
import pytest

from forecasting.errors import FeedError, QueryError, SettingsError
from forecasting.jobs import ingest
from forecasting.jobs.streams import add, overview
from forecasting.jobs.streams.add import NewStream
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import hourly_rows

DAYS = 10
DUCKDB, SQLITE = "duckdb:feeds/crm.duckdb", "sqlite:feeds/crm.sqlite"


def rows() -> pd.DataFrame:
    found = hourly_rows(days=DAYS).rename(columns={"series_id": "queue", "ts": "begins", "y": "calls"})
    return found.assign(begins=found["begins"].dt.tz_localize(None))


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home with a DuckDB and an SQLite file that hold the same calls."""
    folder = settings.home / "feeds"
    folder.mkdir(parents=True)
    frame = rows()
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.register("frame", frame)
        connection.execute("create schema ops")
        connection.execute("create table ops.calls as select * from frame")
        connection.execute("create view ops.loud as select * from ops.calls where calls > 100")
    with sqlite3.connect(folder / "crm.sqlite") as connection:
        frame.assign(begins=frame["begins"].astype(str)).to_sql("calls", connection, index=False)
    return settings


def new(**changes: object) -> NewStream:
    stated = {"name": "calls", "feed": None, "horizon": "2d", "timezone": "UTC", "unit": "calls"}
    return NewStream(**{**stated, **changes})  # type: ignore[arg-type]


def held(settings: Settings) -> tuple[int, int, float]:
    with open_lake_to_read(settings) as lake:
        query = "select count(distinct series_id), count(*), sum(y) from history.demand where stream = 'calls'"
        return lake.connection.execute(query).fetchone()


@pytest.mark.parametrize(
    "source",
    [
        {"database": "duckdb:feeds/crm.duckdb", "table": "calls"},
        {"database": "duckdb:feeds/crm.duckdb", "table": "ops.calls"},
        {"database": "duckdb:feeds/crm.duckdb", "query": "select queue, begins, calls from ops.calls;  -- all"},
        {"database": "sqlite:feeds/crm.sqlite"},
        {
            "database": "sqlite:feeds/crm.sqlite",
            "query": "with kept as (select * from calls)\nselect queue, begins, calls from kept where queue <> 'calls'",
        },
    ],
)
def test_a_database_is_read_as_a_file_is(home, source):
    add.add(home, new(**source))
    assert [(one.verdict, one.message) for one in overview.check(home, ["calls"])] == [("ok", "")]
    ingest.run(home, "calls", until=f"2024-01-{DAYS + 1}")
    assert held(home) == (2, 2 * 24 * DAYS, rows()["calls"].sum())


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ({"database": DUCKDB}, SettingsError, "say which table with --table, or a --query; there are"),
        ({"database": DUCKDB, "table": "cals"}, SettingsError, "no such table; did you mean ops.calls"),
        ({"database": "duckdb:feeds/none.duckdb"}, SettingsError, "no file .*none.duckdb"),
        ({"database": "oracle:db"}, SettingsError, "expected postgres:CONNECTION, duckdb:FILE or sqlite:FILE"),
        ({"database": SQLITE, "query": "drop table calls"}, QueryError, "--query: expected one SELECT"),
        ({"database": SQLITE, "query": "select cals from calls"}, FeedError, 'Candidate bindings: "calls"'),
        ({"database": SQLITE, "feed": "a.csv"}, SettingsError, "either --feed FILE or --from DATABASE"),
        ({}, SettingsError, "say either --feed FILE or --from DATABASE"),
        ({"feed": "a.csv", "table": "calls"}, SettingsError, "--table and --query belong to --from"),
    ],
)
def test_a_source_that_is_none_is_one_line_and_nothing_is_written(home, source, error, message):
    with pytest.raises(error, match=message):
        add.add(home, new(**source))
    assert not home.streams.exists()


@pytest.mark.parametrize(
    "connection",
    ["host=db password=geheim-123 dbname=crm", "postgresql://reader:geheim-123@db/crm"],
)
def test_a_connection_with_a_secret_is_refused_without_saying_it(home, connection):
    with pytest.raises(SettingsError, match="it holds a secret, which would be written") as refused:
        add.add(home, new(database=f"postgres:{connection}", table="calls"))
    assert "geheim" not in str(refused.value)


def test_a_table_of_postgresql_is_read_with_a_password_that_a_variable_names(settings, server, monkeypatch):
    if server is None:
        pytest.skip("needs PostgreSQL")
    server.create("crm")
    server.ask("crm", "create table calls (queue text, begins timestamptz, calls int)")
    server.ask(
        "crm",
        "insert into calls select q, t, 10 + extract(hour from t) from (values ('a'), ('b')) as queues (q), "
        "generate_series(timestamptz '2024-01-01 00:00Z', '2024-01-10 23:00Z', '1 hour') t",
    )
    monkeypatch.setenv("CRM_PASSWORD", "geheim-123")
    place = f"host=127.0.0.1 port={server.port} user=postgres dbname=crm password=${{CRM_PASSWORD}}"
    added = add.add(settings, new(database=f"postgres:{place}", table="calls"))
    written = added.definition.read_text(encoding="utf-8") + added.extract.read_text(encoding="utf-8")
    assert "from crm.public.calls" in written
    assert "password=${CRM_PASSWORD}" in written
    assert "geheim" not in written
    ingest.run(settings, "calls", until="2024-01-11")
    assert held(settings)[:2] == (2, 480)


def test_a_folder_that_grows_is_read_as_it_is_then(settings):
    folder = settings.home / "feeds" / "calls"
    folder.mkdir(parents=True)
    frame = rows()
    early = frame["begins"] < "2024-01-06"
    frame[early].to_csv(folder / "one.csv", index=False)
    add.add(settings, new(feed="feeds/calls"))
    assert 'feed = "feeds/calls/*.csv"' in (settings.streams / "calls.toml").read_text(encoding="utf-8")
    ingest.run(settings, "calls", until="2024-01-06")
    assert held(settings)[1] == 2 * 24 * 5
    frame[~early].to_csv(folder / "two.csv", index=False)
    ingest.run(settings, "calls", until=f"2024-01-{DAYS + 1}")
    assert held(settings)[1] == 2 * 24 * DAYS


def test_a_folder_of_several_kinds_asks_which(settings):
    folder = settings.home / "feeds" / "calls"
    folder.mkdir(parents=True)
    rows().to_csv(folder / "one.csv", index=False)
    rows().to_parquet(folder / "one.parquet", index=False)
    with pytest.raises(SettingsError, match=r"files of one kind .*found .csv, .parquet; name the files"):
        add.add(settings, new(feed="feeds/calls"))
