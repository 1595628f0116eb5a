"""Published rows leave as files and as copies, whole or not at all."""

import json

import duckdb
import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import LakeError, QueryError, SettingsError
from forecasting.jobs.reports import export
from forecasting.settings import read_settings
from forecasting.store.lake.open import open_lake
from tests.homes import begin_with
from tests.reported import NAMES, ORIGINS, make_report_home, publish


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("export") / "home")})
    return begin_with(settings, make_report_home)


READERS = {
    "parquet": "read_parquet",
    "csv": "read_csv",
    "xlsx": "read_xlsx",
}


@pytest.mark.parametrize("form", READERS)
def test_a_view_is_written_as_it_is(home, tmp_path, form):
    written = export.run(home, "forecast_latest", form=form, folder=tmp_path)
    read = duckdb.sql(f"select count(*), count(distinct series_id), sum(q50) from {READERS[form]}('{written.path}')")
    rows, series, total = read.fetchall()[0]
    assert (rows, series) == (written.rows, len(NAMES) + 2)
    with open_lake(home) as lake:
        assert total == pytest.approx(
            lake.connection.execute("select sum(q50) from analyst.forecast_latest").fetchone()[0]
        )
    assert [path.name for path in tmp_path.iterdir()] == [f"forecast_latest.{form}"]


def test_a_name_that_looks_like_a_formula_is_a_text(home, tmp_path):
    query = "select series_id from analyst.forecast_latest"
    written = export.run(home, query, form="xlsx", folder=tmp_path, name="names")
    assert "=1+1" in {name for (name,) in duckdb.sql(f"select series_id from read_xlsx('{written.path}')").fetchall()}


def test_nested_values_are_json_in_a_csv(home, tmp_path):
    written = export.run(home, "select map {'a': [1, 2]} as m", form="csv", folder=tmp_path)
    assert duckdb.sql(f"select m from read_csv('{written.path}')").fetchall()[0][0] == '{"a":[1,2]}'


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from forecast.forecasts", "also holds rows of runs that were never published"),
        ("select * from planning.staffing", "also holds rows of runs that were never published"),
        ("delete from history.demand", "expected one SELECT"),
        ("from read_csv('/etc/passwd')", "not allowed"),
        ("from analyst.nothing", "see `select"),
    ],
)
def test_what_is_not_published_or_no_question_writes_no_file(home, tmp_path, query, message):
    with pytest.raises(QueryError, match=message):
        export.run(home, query, form="csv", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_file_before(home, tmp_path):
    before = tmp_path / "query.xlsx"
    before.write_bytes(b"before")
    with pytest.raises(QueryError, match="a sheet holds 1,048,575 rows"):
        export.run(home, "select range as n from range(1_100_000)", form="xlsx", folder=tmp_path)
    assert before.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["query.xlsx"]


@pytest.mark.parametrize(("form", "name"), [("pdf", None), ("csv", "../up"), ("csv", "a/b")])
def test_wrong_words_are_answered_in_a_line(home, tmp_path, form, name):
    with pytest.raises(SettingsError, match="expected"):
        export.run(home, "forecast_latest", form=form, folder=tmp_path, name=name)


def test_the_command_says_what_it_wrote(home, tmp_path, monkeypatch):
    monkeypatch.setenv("FORECASTING_HOME", str(home.home))
    arguments = ["export", "analyst.plan_latest", "--format", "csv", "--out", str(tmp_path), "--json"]
    assert json.loads(CliRunner().invoke(app.app, arguments).output)["rows"] == 2
    assert CliRunner().invoke(app.app, ["export", "plan_latest"]).exit_code == 2


def test_a_copy_follows_the_lake_and_touches_nothing_else(settings, server):
    if server is None:
        pytest.skip("needs PostgreSQL")
    begin_with(settings, make_report_home)
    server.create("bi")
    server.ask("bi", "create schema forecasting; create table forecasting.own (a int)")
    to = server.catalog("bi")
    first = {one.view: one for one in export.copy(settings, [], to=to)}
    assert first["forecast_latest"].added > 400
    again = {one.view: one for one in export.copy(settings, ["analyst.forecast_latest", "staffing_latest"], to=to)}
    assert {(one.added, one.removed) for one in again.values()} == {(0, 0)}
    with open_lake(settings) as lake:
        publish(lake, "people-9", "people", ORIGINS[-1] + (ORIGINS[1] - ORIGINS[0]), names=("care.a",), steps=48)
    (moved,) = export.copy(settings, ["forecast_latest"], to=to)
    assert (moved.added, moved.removed) == (48, 72 * len(NAMES))
    assert (
        server.ask(
            "bi", "select count(*), count(distinct run_id) from forecasting.forecast_latest where stream = 'people'"
        )
        == "48|1"
    )
    assert server.ask("bi", "select count(*) from information_schema.tables where table_name = 'own'") == "1"
    # as Superset and other programs ask: SQLAlchemy with psycopg
    engine = create_engine(server.address("bi"))
    with engine.connect() as connection:
        asked = text("select ts_local, q50 from forecasting.forecast_latest where stream = :name order by ts limit 3")
        assert len(connection.execute(asked, {"name": "people"}).all()) == 3
    engine.dispose()


def test_a_copy_that_fails_changes_nothing_and_shows_no_password(settings, server):
    if server is None:
        pytest.skip("needs PostgreSQL")
    begin_with(settings, make_report_home)
    server.create("bi2")
    server.ask("bi2", "create schema forecasting; create table forecasting.staffing_latest (wrong int)")
    with pytest.raises(LakeError, match="nothing was changed there") as failed:
        export.copy(settings, ["forecast_latest", "staffing_latest"], to=server.catalog("bi2") + " password=hunter22")
    assert "hunter22" not in str(failed.value)
    assert server.ask("bi2", "select count(*) from information_schema.tables where table_schema = 'forecasting'") == "1"
    with pytest.raises(SettingsError, match=r"no view analyst\.nothing"):
        export.copy(settings, ["nothing"], to=server.catalog("bi2"))
    with pytest.raises(SettingsError, match="expected postgres:CONNECTION"):
        export.copy(settings, [], to="mysql:host=x password=hunter22")
