"""Migrations of lakes that hold plans: rows of the old names, in files and in the catalog, are read under the new."""

import pytest

from forecasting.settings import read_settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.migrations import migrate
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.lake.sql import SqlFiles
from forecasting.store.lake.tables import TABLES

BEFORE = 25
"""Schema files of a lake whose plans say risk, regret, scenario and carried."""
VALUES = {
    "VARCHAR": "'x'",
    "DOUBLE": "0.5",
    "INTEGER": "3",
    "BOOLEAN": "true",
    "DATE": "date '2026-01-01'",
    "TIMESTAMP WITH TIME ZONE": "timestamptz '2026-01-01 00:00:00+00'",
}


def fill(lake: Lake, table: str, *, rows: int, **own: str) -> None:
    """So many rows in one commit; few stay in the catalog, many become a file. own: SQL of single columns."""
    described = lake.connection.execute(f"describe {table}").fetchall()
    columns = ", ".join(f"{own.get(name, VALUES[kind])} as {name}" for name, kind, *_ in described)
    lake.connection.execute(f"insert into {table} select {columns} from range({rows})")


@pytest.fixture
def older(settings, monkeypatch):
    """A home whose lake knows the first schema files only and holds plans, migrated on the next opening."""
    folder = SqlFiles.folder
    with monkeypatch.context() as patched:
        patched.setattr(
            SqlFiles, "folder", lambda files, name: folder(files, name)[:BEFORE] if name == "schema" else []
        )
        with open_lake(settings) as lake:
            for rows in (2, 500):
                fill(lake, "planning.staffing", rows=rows, risk="0.8", load_at_risk="7.5", rule="'carried'")
                fill(lake, "planning.staffing", rows=rows, risk="0.5", rule="'target'")
                fill(lake, "planning.capacity", rows=rows, risk="0.9", regret="12.0", scenario="'base'")
                fill(lake, "planning.capacity", rows=rows, scenario="'n-1:x'")
                for scenario in ("'base'", "'n-1:x'"):
                    fill(lake, "planning.runout", rows=rows, scenario=scenario)
                for table in ("staffing_periods", "groups", "rosters"):
                    fill(lake, f"planning.{table}", rows=rows, risk="0.8")
    return settings


def counts(lake: Lake, table: str, *columns: str) -> list[tuple]:
    """How many rows have which values, in the order of the first column."""
    names = ", ".join(columns)
    return lake.connection.execute(f"select {names}, count(*) from {table} group by all order by 1").fetchall()


def test_plans_are_read_under_their_new_names(older):
    with open_lake(older) as lake:
        assert counts(lake, "planning.staffing", "confidence", "rule", "load_at_confidence") == [
            (0.5, "target", 0.5, 502),
            (0.8, "earlier_surplus", 7.5, 502),
        ]
        assert counts(lake, "planning.capacity", "failure", "confidence", "expected_delay_loss") == [
            ("n-1:x", 0.5, 0.5, 502),
            ("none", 0.9, 12.0, 502),
        ]
        assert counts(lake, "planning.runout", "failure") == [("n-1:x", 502), ("none", 502)]
        for table in ("staffing_periods", "groups", "rosters"):
            assert counts(lake, f"planning.{table}", "confidence") == [(0.8, 502)]


def columns_of(lake: Lake) -> list[tuple]:
    """Name, type and comment of every column."""
    return lake.connection.execute(
        """
        select schema_name, table_name, column_name, data_type, comment
        from duckdb_columns()
        where database_name = 'lake' and schema_name in ('planning', 'forecast', 'history')
        order by all
        """
    ).fetchall()


def test_a_migrated_lake_has_the_columns_and_comments_of_a_new_one(older, tmp_path):
    new = read_settings({"FORECASTING_HOME": str(tmp_path / "new")})
    with open_lake(older) as migrated, open_lake(new) as made:
        assert len(columns_of(migrated)) > 200
        assert columns_of(migrated) == columns_of(made)


def test_a_migrated_lake_is_written_and_compacted_and_migrated_no_more(older):
    with open_lake(older) as lake:
        assert migrate(lake) == []
        for name, table in TABLES.items():
            if name in ("planning.staffing", "planning.capacity", "planning.runout"):
                fill(lake, name, rows=500)
                assert set(table.sort) <= {row[0] for row in lake.connection.execute(f"describe {name}").fetchall()}
        lake.connection.execute("call ducklake_merge_adjacent_files('lake')")
    with open_lake_to_read(older) as lake:
        assert lake.connection.execute("select count(*) from planning.staffing").fetchone() == (1504,)


def test_groups_that_were_planned_under_the_old_name_are_read_under_the_new_one(settings, monkeypatch):
    folder = SqlFiles.folder
    with monkeypatch.context() as old:
        old.setattr(
            SqlFiles,
            "folder",
            lambda files, name: [path for path in folder(files, name) if name == "schema" and path.name < "0040"],
        )
        with open_lake(settings) as lake:
            lake.connection.execute(
                "insert into planning.groups by name select 'r' as run_id, 'calls' as stream, 'both' as group_id, "
                "timestamptz '2024-01-01' as ts, 0.8 as confidence, ts as origin, 3 as agents, 4 as rostered"
            )
    with open_lake(settings) as lake:
        assert lake.connection.execute("select group_key, agents from planning.groups").fetchall() == [("both", 3)]
        assert lake.connection.execute("select count(*) from analyst.groups_latest").fetchall() == [(0,)]
