"""A catalog that is damaged, missing, locked or wrongly named."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from forecasting.errors import LakeBusyError, LakeError, SettingsError
from forecasting.settings import Settings
from forecasting.store.lake import attach
from forecasting.store.lake import lake as lake_module
from forecasting.store.lake import open as opening
from forecasting.store.lake.attach import attach_statement
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.lock import hold_writer_lock
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.faults.processes import Finished, Running, assert_one_line, command, settings_of
from tests.feeds import define_stream, deliver, hourly_rows

FORECAST = ("forecast", "usage", "--origin", "2024-01-05")
SQL = ("sql", "select 1")


@pytest.fixture
def filled(settings: Settings) -> Settings:
    """A lake with four days of history."""
    define_stream(settings)
    deliver(settings, hourly_rows(days=4))
    assert command(settings, "ingest", "usage", "--until", "2024-01-05").code == 0
    return settings


def error_line(settings: Settings, *arguments: str, code: int, **variables: str) -> str:
    """The one line on stderr of a command that fails."""
    finished = command(settings, *arguments, **variables)
    assert finished.code == code, finished
    assert_one_line(finished.err)
    return finished.err


@pytest.mark.parametrize("arguments", [FORECAST, SQL], ids=["write", "read"])
def test_damaged_catalog_is_named_and_left_as_it_is(settings, arguments):
    define_stream(settings)
    settings.catalog_file.parent.mkdir(parents=True)
    settings.catalog_file.write_bytes(b"no database" * 1000)
    line = error_line(settings, *arguments, code=1)
    assert str(settings.catalog_file) in line
    assert "cannot be read" in line
    assert "restore it from a backup" in line
    assert settings.catalog_file.read_bytes() == b"no database" * 1000


@pytest.mark.parametrize("arguments", [FORECAST, SQL], ids=["write", "read"])
def test_catalog_that_lost_its_second_half_is_named(filled, arguments):
    whole = filled.catalog_file.read_bytes()
    filled.catalog_file.write_bytes(whole[: len(whole) // 2])
    assert str(filled.catalog_file) in error_line(filled, *arguments, code=1)


@pytest.mark.parametrize("arguments", [FORECAST, SQL], ids=["write", "read"])
def test_folder_in_the_catalogs_place_is_named(settings, arguments):
    define_stream(settings)
    settings.catalog_file.mkdir(parents=True)
    assert str(settings.catalog_file) in error_line(settings, *arguments, code=1)


def test_file_in_the_place_of_the_lakes_folder_is_named(settings):
    define_stream(settings)
    settings.catalog_file.parent.write_text("")
    assert "cannot make the lake's folder" in error_line(settings, *FORECAST, code=1)


def test_reading_a_lake_that_does_not_exist_makes_none(settings):
    line = error_line(settings, *SQL, code=2)
    assert "no lake here yet" in line
    assert not settings.catalog_file.parent.exists()


def test_unknown_variable_is_named_with_those_there_are(settings):
    line = error_line(settings, "streams", "list", code=2, FORECASTING_HOEM="/tmp")
    assert "FORECASTING_HOEM is not a setting" in line
    assert "FORECASTING_HOME" in line


def test_catalog_of_an_unknown_kind_is_named(settings):
    assert "expected sqlite:PATH or postgres:CONNECTION" in error_line(
        settings, *SQL, code=2, FORECASTING_CATALOG="mysql:lake"
    )


def test_data_of_another_lake_are_refused(filled, tmp_path):
    line = error_line(filled, *SQL, code=1, FORECASTING_DATA=str(tmp_path / "other"))
    assert "this lake keeps its data elsewhere" in line
    assert "set FORECASTING_DATA" in line


def hold_lock(path: Path, ready: Path) -> None:
    with hold_writer_lock(path):
        ready.touch()
        time.sleep(3600)


def holding(hold: Callable[[Path, Path], None], path: Path, ready: Path) -> Running:
    """A process that holds a lock on a file, once it does."""
    process = Running(hold, path, ready)
    process.wait_for_file(ready)
    return process


@pytest.fixture
def holder(filled: Settings, tmp_path: Path) -> Iterator[Running]:
    """Another process that holds the writer lock."""
    process = holding(hold_lock, filled.writer_lock, tmp_path / "ready")
    yield process
    process.kill()
    process.wait()


def test_writer_gives_up_after_its_patience_and_names_who_writes(filled, holder):
    with open_lake(filled) as lake:
        lake.patience_seconds = 0.2
        with pytest.raises(
            LakeBusyError, match=f"process {holder.pid} has been writing .*nothing was written"
        ) as failure:
            lake.write(lambda: None, message="nothing")
    assert failure.value.exit_code == 1
    assert command(filled, "sql", "select count(*) from history.demand").code == 0


def test_lock_of_a_killed_writer_is_free_at_once(filled, holder):
    with open_lake(filled) as lake:
        lake.patience_seconds = 0.0
        holder.kill()
        assert holder.wait().code == -signal.SIGKILL
        assert lake.write(os.getpid, message="nothing") == os.getpid()


def lock_catalog(path: Path, ready: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("pragma locking_mode = exclusive")
        other.execute("begin exclusive")
        ready.touch()
        time.sleep(3600)


@pytest.mark.parametrize("opened", [open_lake, open_lake_to_read], ids=["write", "read"])
def test_catalog_locked_by_another_program_is_named(filled, tmp_path, monkeypatch, opened):
    def impatient(settings: Settings, **how: bool) -> str:
        return attach_statement(settings, **how).replace("10000", "100")

    monkeypatch.setattr(attach, "attach_statement", impatient)
    process = holding(lock_catalog, filled.catalog_file, tmp_path / "ready")
    with pytest.raises(LakeError, match=r"catalog\.sqlite: the catalog is locked by another program"):
        opened(filled)
    process.kill()
    process.wait()
    with opened(filled) as lake:
        assert lake.snapshot_id() > 0


def make_until(variables: dict[str, str], reached: Path, go_on: Path) -> None:
    """Make a lake, and stay half way until `go_on` is there."""
    migrate = opening.migrate

    def halfway(lake: Lake) -> list[str]:
        reached.touch()
        while not go_on.exists():
            time.sleep(0.01)
        return migrate(lake)

    opening.migrate = halfway
    with open_lake(settings_of(variables)):
        pass


@pytest.mark.slow
def test_lake_that_another_process_is_making_is_waited_for_and_never_seen_by_halves(settings, tmp_path):
    reached, go_on = tmp_path / "reached", tmp_path / "go-on"
    making = Running(make_until, settings.as_environment(), reached, go_on)
    making.wait_for_file(reached)
    others = [Running(make_until, settings.as_environment(), tmp_path / "other", go_on) for _ in range(2)]
    others[0].wait_at_most(1)
    assert all(other.is_alive() for other in others)
    with pytest.raises(SettingsError, match="no lake here yet"):
        open_lake_to_read(settings)
    go_on.touch()
    assert [process.wait() for process in (making, *others)] == [Finished(0, "", "")] * 3
    left = sorted(path.name for path in settings.catalog_file.parent.iterdir())
    assert left == ["catalog.sqlite", "data", "writer.lock"]


@pytest.mark.slow
def test_lake_whose_maker_was_killed_is_made_by_the_next(settings, tmp_path):
    making = Running(make_until, settings.as_environment(), tmp_path / "reached", tmp_path / "never")
    making.wait_for_file(tmp_path / "reached")
    making.kill()
    assert making.wait().code == -signal.SIGKILL
    assert not settings.catalog_file.exists()
    with open_lake(settings) as lake:
        assert lake.snapshot_id() > 0
    assert not (settings.catalog_file.parent / "making").exists()


def test_write_that_always_meets_another_writer_gives_up(filled, monkeypatch):
    monkeypatch.setattr(lake_module, "ATTEMPTS", 3)
    attempts = []
    with open_lake(filled) as lake:

        def action() -> None:
            attempts.append(1)
            lake.execute("lake/insert_migration.sql", name="never", checksum="0")
            raise duckdb.TransactionException("Transaction conflict")

        with pytest.raises(LakeBusyError, match="3 attempts to write met other writers; nothing was written"):
            lake.write(action, message="nothing")
        assert len(attempts) == 3
        assert ("never", "0") not in lake.rows("lake/migrations.sql")
