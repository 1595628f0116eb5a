"""Queries of analysts: they read the lake and nothing else, in every type that DuckDB has."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from forecasting.errors import QueryError
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake
from forecasting.store.queries.answer import JSON_COLUMNS, answer, open_lake_to_query

PATIENT = timedelta(minutes=5)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    from forecasting.settings import read_settings

    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("queries"))})
    open_lake(settings).connection.close()
    (settings.home / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    return settings


def ask(settings: Settings, query: str, limit: timedelta = PATIENT):
    with open_lake_to_query(settings) as lake:
        return answer(lake, query, limit=limit)


@pytest.mark.parametrize(
    "query",
    [
        "select 1 as a",
        "from (values (1)) as t(a);; -- é, and a comment",
        "with recursive t as (select 1 as a) from t",
        "select count(*) from analyst.history_as_of(timestamptz '2024-01-01')",
        "select * from analyst.dictionary limit 1",
        "show tables",
        "describe select 1 as a",
        "summarize select 1 as a",
        "pivot (select 1 as a, 2 as b) on a in (1) using sum(b)",
        "select table_name from information_schema.tables",
        "select table_name from duckdb_tables()",
        "select count(*) from range(3) where 'é' <> ';'",
    ],
)
def test_what_reads_the_lake_is_answered(home, query):
    assert len(ask(home, query).columns) >= 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "found none"),
        ("select 1; select 2", "found 2 statements"),
        ("select 1; drop table history.demand", "found 2 statements"),
        ("pivot (select 1 as a) on a", "of a PIVOT say the values"),
        ("attach ':memory:' as other", "found ATTACH"),
        ("drop table history.demand", "read-only"),
        ("delete from history.demand", "found DELETE"),
        ("copy (select 1) to 'x.csv'", "found COPY"),
        ("export database 'x'", "found EXPORT"),
        ("set threads = 1", "found SET"),
        ("install httpfs", "found LOAD"),
        ("pragma database_list", "expected one SELECT"),
        ("call ducklake_expire_snapshots('lake', older_than => now())", "found CALL"),
        ("explain analyze delete from history.demand", "found EXPLAIN"),
        ("begin", "found TRANSACTION"),
        ("from ducklake_expire_snapshots('lake', versions => [1])", r"ducklake_expire_snapshots\(\) is not allowed"),
        ("from ducklake_cleanup_old_files('lake', cleanup_all => true)", "not allowed"),
        ("from Read_Text('/etc/passwd')", "not allowed"),
        ("select (select content from read_text('/etc/passwd'))", "not allowed"),
        ("describe from read_csv('/etc/passwd')", "not allowed"),
        ("select 1 where exists (from glob('/etc/*'))", "not allowed"),
        ("from query('attach ''x''')", "not allowed"),
        ("from sqlite_scan('catalog.sqlite', 'ducklake_metadata')", "not allowed"),
        ("from postgres_query('lake', 'select 1')", "not allowed"),
        ("from lake.options()", "not allowed"),
        ("from duckdb_settings()", "not allowed"),
        ("from duckdb_secrets()", "not allowed"),
        ("select path from duckdb_databases()", "not allowed"),
        ("select path from DUCKDB_DATABASES", "may hold passwords"),
        ("from pg_catalog.pg_settings", "may hold passwords"),
        ("from __ducklake_metadata_lake.ducklake_metadata", "may hold passwords"),
        ("select list_transform(['HOME'], x -> getenv(x))", r"getenv\(\) is not allowed"),
        ("select current_setting('s3_secret_access_key')", "may hold passwords"),
        ("selec 1", "not SQL: Parser Error"),
        ("select * from nowhere", "nowhere"),
    ],
)
def test_what_does_more_is_refused(home, query, message):
    with pytest.raises(QueryError, match=message):
        ask(home, query)


def test_no_file_but_the_lakes_is_read(home):
    with pytest.raises(QueryError, match="Cannot access file"):
        ask(home, f"from '{home.home}/secret.csv'")


def test_even_what_the_parser_lets_pass_opens_no_file_and_sets_nothing(home, tmp_path: Path):
    with open_lake_to_query(home) as lake:
        for statement in (f"copy (select 1) to '{tmp_path}/x.csv'", "set threads = 1", "load httpfs"):
            with pytest.raises(Exception, match=r"disabled|locked"):
                lake.connection.execute(statement)


def test_a_query_without_end_is_stopped(home):
    with pytest.raises(QueryError, match=r"stopped after 1s.*--timeout"):
        ask(home, "select count(*) from range(10000000) a, range(10000000) b", limit=timedelta(seconds=1))


def test_every_type_comes_out(home):
    rows = ask(home, "from test_all_types()")
    assert len(rows) == 3
    assert json.loads(rows["map"][1]) == {"key1": "🦆🦆🦆🦆🦆🦆", "key2": "goose"}
    rows.to_csv()
    rows.to_json(date_format="iso", default_handler=str)


def test_values_beyond_other_programs_are_text(home):
    rows = ask(
        home,
        """select timestamptz 'infinity' as t, date '-infinity' as d, 1::hugeint as small, 2::hugeint ** 100 as large,
        170141183460469231731687303715884105727::hugeint as huge, map {'a': timestamp 'infinity'} as m,
        timestamptz '2024-01-01 00:00:00+00' as known""",
    )
    ((*texts, known),) = rows[["t", "d", "huge", "m", "known"]].to_numpy().tolist()
    assert texts == ["infinity", "-infinity", "170141183460469231731687303715884105727", '{"a":"infinity"}']
    assert rows["small"].dtype == "int64"
    assert str(known) == "2024-01-01 00:00:00+00:00"
    assert rows.attrs[JSON_COLUMNS] == ["m"]
