"""A lake is taken to another place, proved equal there and not touched itself; killed, it is taken up again."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import LakeError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import train
from forecasting.jobs.upkeep import doctor, move, query
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.faults.processes import Running, doom_transaction, settings_of
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with
from tests.object_store import ObjectStore
from tests.postgres import Server

ORIGIN = "2024-02-12"
LATEST = "select * from analyst.forecast_latest order by series_id, ts"


def fill(settings: Settings) -> None:
    """A night of one stream, with a model."""
    define_stream(settings, members='["trees", "seasonal"]')
    deliver(settings, hourly_rows(days=42))
    ingest.run(settings, "usage", until=ORIGIN)
    train.run(settings, "usage", origin=ORIGIN)
    forecast.run(settings, "usage", origin=ORIGIN)


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


@pytest.fixture
def elsewhere(filled: Settings, tmp_path: Path) -> Settings:
    """The same streams, with an empty place for the lake."""
    place = {"FORECASTING_HOME": str(tmp_path / "elsewhere"), "FORECASTING_STREAMS": str(filled.streams)}
    return read_settings(place)


def files_of(settings: Settings) -> dict[str, str]:
    """Every file of a home, but for what SQLite keeps for readers."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in settings.home.rglob("*")
        if path.is_file() and path.suffix not in (".sqlite-shm", ".sqlite-wal")
    }


def assert_same_rows(moved: Settings, filled: Settings) -> None:
    pd.testing.assert_frame_equal(query.run(moved, LATEST), query.run(filled, LATEST), check_exact=True)


def assert_same(moved: Settings, filled: Settings) -> None:
    assert_same_rows(moved, filled)
    assert [one.message for one in doctor.run(moved) if one.verdict == "error"] == []
    assert train.run(moved, "usage", origin=ORIGIN).status == "unchanged"
    assert forecast.run(moved, "usage", origin=ORIGIN).status == "unchanged"


def test_a_home_is_the_same_in_another_folder_and_is_left_as_it_was(filled: Settings, elsewhere: Settings):
    before = files_of(filled)
    moved = move.run(filled, elsewhere)
    assert moved.is_equal
    tables = moved.tables.set_index("table")
    assert tables.loc["history.demand", "rows"] == tables.loc["history.demand", "copied_rows"] == 2 * 42 * 24
    assert tables.loc["models", "copied_rows"] == 1
    assert files_of(filled) == before
    assert_same(elsewhere, filled)


@pytest.mark.slow
def test_a_home_goes_to_a_server_and_a_bucket_and_back(
    filled: Settings, elsewhere: Settings, server: Server | None, store: ObjectStore, tmp_path: Path
):
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    server.create("moved")
    shared = read_settings(
        {
            "FORECASTING_HOME": str(tmp_path / "worker"),
            "FORECASTING_STREAMS": str(filled.streams),
            "FORECASTING_CATALOG": server.catalog("moved"),
            **store.environment("moved"),
        }
    )
    assert move.run(filled, shared).is_equal
    assert_same(shared.model_copy(update={"home": filled.home}), filled)
    back = elsewhere.model_copy(update={"store": shared.store})
    assert move.run(shared, back).is_equal
    assert_same(elsewhere, filled)


def move_and_die(variables: dict[str, str], target: dict[str, str], number: int) -> None:
    doom_transaction(number, committed=False)
    move.run(settings_of(variables), settings_of(target))


@pytest.mark.slow
@pytest.mark.parametrize("transaction", [2, 8])
def test_a_move_that_is_killed_leaves_the_lake_as_it_was_and_goes_on(
    filled: Settings, elsewhere: Settings, transaction: int
):
    before = files_of(filled)
    killed = Running(move_and_die, filled.as_environment(), elsewhere.as_environment(), transaction).wait()
    assert killed.code == -9
    assert files_of(filled) == before
    assert move.run(filled, elsewhere).is_equal
    assert_same_rows(elsewhere, filled)


def test_what_came_to_the_lake_since_a_move_is_copied_by_the_next(filled: Settings, elsewhere: Settings):
    assert move.run(filled, elsewhere).is_equal
    forecast.run(filled, "usage", origin="2024-02-11")
    assert move.run(filled, elsewhere).is_equal
    assert_same_rows(elsewhere, filled)


def test_a_place_that_is_in_use_is_left_alone(filled: Settings, elsewhere: Settings):
    with open_lake(elsewhere) as lake:
        lake.write(
            lambda: lake.execute("lake/insert_migration.sql", name="mine", checksum="0"), message="somebody's work"
        )
    with pytest.raises(LakeError, match=r"expected no lake.* written to 1 times, first: somebody's work; nothing was"):
        move.run(filled, elsewhere)
    with open_lake_to_read(elsewhere) as lake:
        assert lake.connection.execute("select count(*) from history.demand").fetchone() == (0,)


@pytest.mark.parametrize("kept", ["catalog", "data"])
def test_a_lake_is_moved_whole_or_not_at_all(filled: Settings, elsewhere: Settings, kept: str):
    target = elsewhere.model_copy(update={kept: getattr(filled, kept)})
    with pytest.raises(SettingsError, match=f"would keep its {kept} .*name another"):
        move.run(filled, target)


def test_the_command_prints_each_table_and_the_settings_of_the_new_place(filled, tmp_path, monkeypatch):
    for name, value in filled.as_environment().items():
        monkeypatch.setenv(name, value)
    other = str(tmp_path / "other")
    shown = CliRunner().invoke(app.app, ["lake", "move", "--home", other], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "forecast.forecasts" in shown.output
    assert f"export FORECASTING_CATALOG='sqlite:{other}/lake/catalog.sqlite'" in shown.output
    rows = json.loads(CliRunner().invoke(app.app, ["lake", "move", "--home", other, "--json"]).output)
    assert all(row["equal"] for row in rows)
    refused = CliRunner().invoke(app.app, ["lake", "move", "--data", "/x"])
    assert isinstance(refused.exception, SettingsError)
