"""The tests' own copies of an empty lake are what making one would give."""

import shutil
from pathlib import Path

from forecasting.settings import Settings, read_settings
from forecasting.store.lake import open as opening
from forecasting.store.lake.open import open_lake
from tests import lakes

CONTENTS = (
    "select name, checksum from meta.migrations order by all",
    "select table_schema, table_name, column_name, data_type from information_schema.columns "
    "where table_catalog not in ('system', 'temp') order by all",
    "select schema_name, function_name, macro_definition from duckdb_functions() "
    "where function_type like '%macro%' and not internal order by all",
)


def contents(settings: Settings) -> list[list[tuple]]:
    with open_lake(settings) as lake:
        return [lake.connection.execute(query).fetchall() for query in CONTENTS]


def test_copy_holds_what_a_lake_that_was_made_holds(settings, tmp_path, monkeypatch):
    copied = contents(settings)
    monkeypatch.setattr(opening, "_make_catalog", lakes._make)
    made = contents(read_settings({"FORECASTING_HOME": str(tmp_path / "made")}))
    assert copied == made
    assert all(copied)


def test_copy_writes_its_data_into_its_own_home(settings):
    with open_lake(settings) as lake:
        lake.connection.execute("create table meta.numbers as select range as n from range(1000)")
    assert list(Path(settings.data).glob("meta/numbers/*.parquet"))
    shutil.rmtree(settings.home)
    assert lakes._template().exists()


def test_lake_with_sql_of_its_own_is_made(settings, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(lakes, "_make", lambda given, _catalog: asked.append(given.sql))
    lakes._copied(settings.model_copy(update={"sql": tmp_path}), tmp_path / "catalog.sqlite")
    assert asked == [tmp_path]
