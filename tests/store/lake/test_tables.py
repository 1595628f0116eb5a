"""The registry of tables: whatever the schema files make is in it, as they make it."""

import re
from collections.abc import Iterator

import duckdb
import pytest

from forecasting.contracts.outputs import AGGREGATE_KEY
from forecasting.contracts.plans import TABLES as PLANNED
from forecasting.settings import read_settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.lake.sql import sql_files
from forecasting.store.lake.tables import COMPACTED, PUBLISHED, TABLES, LakeTable
from tests.publications import ask

TEMPLATES = (
    "stage_files",
    "delete_files",
    "delete_unpublished",
    "delete_of_stream",
    "insert_published",
    "repeated_keys",
)
PARTITIONS = """
    select partition_column.transform, "column".column_name
    from __ducklake_metadata_lake.ducklake_partition_column as partition_column
    join __ducklake_metadata_lake.ducklake_partition_info using (partition_id, table_id)
    join __ducklake_metadata_lake.ducklake_table as "table" using (table_id)
    join __ducklake_metadata_lake.ducklake_schema as "schema" using (schema_id)
    join __ducklake_metadata_lake.ducklake_column as "column" using (table_id, column_id)
    where schema_name || '.' || table_name = $table
        and ducklake_partition_info.end_snapshot is null and "column".end_snapshot is null
    order by partition_key_index
"""
SORTS = """
    select expression
    from __ducklake_metadata_lake.ducklake_sort_expression
    join __ducklake_metadata_lake.ducklake_sort_info as sort using (sort_id, table_id)
    join __ducklake_metadata_lake.ducklake_table as "table" using (table_id)
    join __ducklake_metadata_lake.ducklake_schema as "schema" using (schema_id)
    where schema_name || '.' || table_name = $table and sort.end_snapshot is null
    order by sort_key_index
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("tables"))})) as opened:
        yield opened


def test_every_table_of_a_fresh_lake_is_in_the_registry(lake):
    made = ask(lake, "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'lake'")
    assert {name for (name,) in made} == set(TABLES)


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_table_is_made_as_the_registry_says(lake, table):
    columns = {row[0] for row in ask(lake, f"describe {table.name}")}
    named = {*table.key, *table.sort, *filter(None, (table.dated_by,))}
    assert named <= columns
    assert tuple(_text(*part) for part in ask(lake, PARTITIONS, table=table.name)) == table.partition
    assert tuple(sort.strip('"') for (sort,) in ask(lake, SORTS, table=table.name)) == table.sort
    assert table.dated_by is None or "stream" in columns
    assert {"run_id", "stream", "origin"} <= columns or not table.published


def _text(transform: str, column: str) -> str:
    return column if transform == "identity" else f"{transform}({column})"


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_comment_names_the_key(lake, table):
    ((comment,),) = ask(
        lake,
        "select comment from duckdb_tables() where database_name = 'lake' and schema_name || '.' || table_name = $name",
        name=table.name,
    )
    assert re.search(r"Key: ([a-z_, ]+)", comment)[1] == ", ".join(table.key)


def test_keys_are_those_of_the_contracts():
    for name, planned in PLANNED.items():
        assert TABLES[f"planning.{name}"].key == ("run_id", "stream", *planned.key), name
    assert TABLES["forecast.aggregates"].key == ("run_id", "stream", *AGGREGATE_KEY)


def test_what_is_published_is_partitioned_by_origin_and_compacted():
    for name in PUBLISHED:
        assert TABLES[name] in COMPACTED
        assert TABLES[name].partition == ("stream", "year(origin)", "month(origin)")


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_templates_are_one_statement_for_every_table(table):
    for template in TEMPLATES:
        if template == "insert_published" and not table.published:
            continue
        statement = sql_files(None).read(f"templates/{template}.sql").fill(table.parts)
        assert "@" not in statement.text
        assert len(duckdb.extract_statements(statement.text)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "runs"},
        {"name": "forecast.runs; drop table x"},
        {"key": ('id" or true',)},
        {"sort": ("A B",)},
        {"dated_by": "ts--"},
        {"partition": ("decade(ts)",)},
    ],
)
def test_name_that_is_no_plain_identifier_is_refused(wrong):
    with pytest.raises(ValueError, match="expected plain identifiers"):
        LakeTable(**{"name": "forecast.runs", "key": ("run_id",), **wrong})
