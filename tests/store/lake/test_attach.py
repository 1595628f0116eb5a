"""How a client attaches the lake, and what errors of the database mean."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from forecasting.errors import LakeError
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.attach import KEEPALIVE, attach_statement, connect, server_address
from forecasting.store.lake.open import open_lake


def test_places_with_quotes_are_written_as_sql_and_a_reader_only_reads(tmp_path):
    settings = read_settings({"FORECASTING_HOME": str(tmp_path / "it's my lake")})
    assert attach_statement(settings, read_only=False).count("it''s my lake") == 2
    assert "READ_ONLY" not in attach_statement(settings, read_only=False)
    assert attach_statement(settings, read_only=True).endswith("READ_ONLY)")


def test_only_an_embedded_catalog_is_given_a_journal_and_a_patience(settings: Settings):
    server = settings.model_copy(update={"catalog": "postgres:dbname=lake"})
    assert "META_JOURNAL_MODE 'WAL'" in attach_statement(settings, read_only=False)
    assert "META_" not in attach_statement(server, read_only=False)


def test_a_connection_to_a_server_notices_that_the_other_side_is_gone_unless_the_setting_knows_better():
    place = "host=db dbname=lake keepalives_idle=600"
    settings = read_settings({"FORECASTING_CATALOG": f"postgres:{place}"})
    assert server_address(settings) == f"'{KEEPALIVE} {place}'"
    address = "postgresql://airflow@db/lake"
    assert server_address(read_settings({"FORECASTING_CATALOG": f"postgres:{address}"})) == f"'{address}'"


def test_a_connection_uses_the_lake_in_utc_and_takes_no_frame_for_a_table(settings: Settings):
    with open_lake(settings):
        pass
    connection = connect(settings, read_only=True)
    frame = pd.DataFrame({"y": [1]})  # noqa: F841  (what DuckDB would find by itself)
    assert connection.execute("select current_setting('TimeZone'), current_database()").fetchone() == ("UTC", "lake")
    with pytest.raises(duckdb.CatalogException):
        connection.execute("select * from frame")
    connection.close()


def test_no_progress_bar_is_written_among_the_answers_of_a_program_without_a_file(settings: Settings):
    with open_lake(settings):
        pass
    program = """
import os
from forecasting.settings import read_settings
from forecasting.store.lake.attach import connect
connection = connect(read_settings(os.environ), read_only=True)
shown = "select current_setting('enable_progress_bar')"
print(connection.execute(shown).fetchone(), connection.cursor().execute(shown).fetchone())
"""
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **settings.as_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "(False,) (False,)\n"


def test_a_lake_whose_data_lie_elsewhere_is_told(settings: Settings, tmp_path: Path):
    with open_lake(settings):
        pass
    with pytest.raises(LakeError, match=r"keeps its data elsewhere.*set FORECASTING_DATA to that folder"):
        connect(settings.model_copy(update={"data": str(tmp_path / "other")}), read_only=True)
