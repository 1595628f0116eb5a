"""The lake's schema: complete, described, applied once."""

from pathlib import Path

import pytest

from forecasting.store.lake.lake import Lake
from forecasting.store.lake.migrations import migrate
from forecasting.store.lake.open import open_lake, open_lake_to_read


@pytest.fixture
def lake(settings):
    with open_lake(settings) as lake:
        yield lake


def ask(lake: Lake, query: str) -> list[tuple]:
    return lake.connection.execute(query).fetchall()


def test_migrations_apply_once(lake):
    before = lake.snapshot_id()
    assert migrate(lake) == []
    assert lake.snapshot_id() == before


def test_a_changed_view_is_applied_again_and_a_table_never(settings, tmp_path):
    with open_lake(settings):
        pass
    changed = tmp_path / "sql"
    for folder, file, text in (
        ("views", "04_accuracy.sql", "create or replace view analyst.accuracy as select 1 as changed;"),
        ("schema", "0005_history_events.sql", "drop table history.events;"),
    ):
        (changed / folder).mkdir(parents=True, exist_ok=True)
        (changed / folder / file).write_text(text, encoding="utf-8")
    with open_lake(settings.model_copy(update={"sql": changed})) as lake:
        assert ask(lake, "select changed from analyst.accuracy") == [(1,)]
        assert ask(lake, "select count(*) from history.events") == [(0,)]


def test_every_table_and_column_is_described(lake):
    assert ask(lake, "select table_name from duckdb_tables() where database_name = 'lake' and comment is null") == []
    undescribed = """
        select table_name, column_name
        from duckdb_columns() as columns
        semi join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where database_name = 'lake' and comment is null
    """
    assert ask(lake, undescribed) == []


def test_every_view_column_and_macro_is_in_the_dictionary(lake):
    views = """
        select table_name, column_name
        from duckdb_columns()
        where database_name = 'lake' and schema_name = 'analyst'
    """
    described = set(ask(lake, "select object, name from analyst.dictionary"))
    assert set(ask(lake, views)) - described == set()
    macros = ask(
        lake,
        "select function_name, parameters from duckdb_functions() "
        "where database_name = 'lake' and schema_name = 'analyst'",
    )
    for macro, parameters in macros:
        assert (macro, None) in described
        values = ", ".join("'usage'" if name == "name" else "timestamptz '2024-01-01'" for name in parameters)
        columns = ask(lake, f"describe select * from analyst.{macro}({values})")
        assert {(macro, column[0]) for column in columns} <= described
    objects = {name for (name, column) in described if column is None}
    assert {name for name, _ in described} == objects


def test_reader_sees_the_lake_and_cannot_write(settings):
    with open_lake(settings):
        pass
    with open_lake_to_read(settings) as lake:
        assert ask(lake, "select count(*) from history.demand") == [(0,)]
        with pytest.raises(Exception, match="read-only"):
            lake.connection.execute("delete from history.demand")


def test_every_version_of_the_schema_has_a_number_of_its_own():
    numbers = [path.name[:4] for path in sorted(Path("sql/schema").glob("*.sql"))]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
