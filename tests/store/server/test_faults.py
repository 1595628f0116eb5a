"""What goes wrong with a catalog's server: what passes is tried again, what does not is named at once."""

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from forecasting.errors import LakeBusyError, LakeError, SettingsError
from forecasting.jobs.upkeep import doctor
from forecasting.settings import Settings
from forecasting.store.lake import attach
from forecasting.store.lake import lake as lake_module
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.lake.ownership import Ownership
from tests.postgres import Server
from tests.store.server.conftest import database_of

Ask = Callable[[Settings, str], str]
NAMED = "select count(*) from meta.migrations where name = $name"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stays away is given no time."""
    monkeypatch.setattr(attach, "RECONNECT_SECONDS", 0.0)


def count(lake: Lake, name: str) -> int:
    return int(lake.connection.execute(NAMED, {"name": name}).fetchone()[0])


def record(lake: Lake, name: str) -> None:
    lake.execute("lake/insert_migration.sql", name=name, checksum="0")


def drop_connections(settings: Settings, ask: Ask) -> None:
    ask(
        settings,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        f"where datname = '{database_of(settings)}' and pid <> pg_backend_pid()",
    )


def test_connection_that_is_dropped_between_two_statements_is_made_again(served, ask):
    with open_lake(served) as lake:
        drop_connections(served, ask)
        assert lake.rows("ingest/ingests.sql", stream="x") == [(0, None)]
        drop_connections(served, ask)
        lake.write(lambda: record(lake, "later"), message="later")
        assert count(lake, "later") == 1


@pytest.mark.parametrize("opened", [open_lake, open_lake_to_read], ids=["write", "read"])
def test_connection_that_is_dropped_while_a_lake_is_opened_is_made_again(served, ask, opened, monkeypatch):
    """Between the attachment of the lake and the first questions to it."""
    monkeypatch.setattr(attach, "RECONNECT_SECONDS", 30.0)
    with open_lake(served) as lake:
        record(lake, "before")
    check = Ownership.check
    dropped = []

    def dropping(ownership: Ownership) -> None:
        dropped.append(drop_connections(served, ask))
        check(ownership)

    monkeypatch.setattr(Ownership, "check", dropping)
    with opened(served) as lake:
        assert count(lake, "before") == 1
    assert dropped == [None]


def test_transaction_whose_connection_is_dropped_is_done_again_as_a_whole(served, ask):
    begun = []
    with open_lake(served) as lake:

        def action() -> None:
            record(lake, "whole")
            if not begun:
                drop_connections(served, ask)
            begun.append(1)

        lake.write(action, message="whole")
        assert len(begun) == 2
        assert count(lake, "whole") == 1


def test_transaction_whose_lock_is_lost_is_done_again_under_a_new_one(served, ask):
    """The connection of the lock alone is dropped: another writer may have come in between."""
    begun = []
    with open_lake(served) as lake:

        def action() -> None:
            record(lake, "alone")
            if not begun:
                ask(served, "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
            begun.append(1)

        lake.write(action, message="alone")
        assert len(begun) == 2
        assert count(lake, "alone") == 1


class LostAfterCommit:
    """A connection that is lost once the server has committed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        self._connection.commit()
        if not self.lost:
            self.lost += 1
            raise duckdb.TransactionException("Failed to commit: server closed the connection")


def test_commit_that_the_server_did_before_the_connection_was_lost_is_not_done_twice(served):
    with open_lake(served) as lake:
        lake.connection = LostAfterCommit(lake.connection)
        assert lake.write(lambda: record(lake, "once") or "done", message="once") == "done"
        assert lake.connection.lost == 1
        assert count(lake, "once") == 1


def test_role_that_may_not_write_is_named_at_once(served, running: Server, ask, monkeypatch):
    ask(served, "drop role if exists reader")
    ask(served, "create role reader login")
    ask(served, "grant select on all tables in schema public to reader")
    reader = served.model_copy(update={"catalog": running.catalog(database_of(served), role="reader")})
    pauses = []
    monkeypatch.setattr(lake_module, "_pause", lambda *_, **__: pauses.append(1))
    with open_lake(reader) as lake:
        with pytest.raises(
            LakeError, match=r"permission denied for table ducklake_\w+; nothing was.* grant"
        ) as failure:
            lake.write(lambda: record(lake, "never"), message="never")
        assert not isinstance(failure.value, LakeBusyError)
        assert pauses == []
        assert count(lake, "never") == 0


def test_role_that_may_not_make_a_lake_is_named(empty, running: Server, ask):
    ask(empty, "drop role if exists maker")
    ask(empty, "create role maker login")
    maker = empty.model_copy(update={"catalog": running.catalog(database_of(empty), role="maker")})
    with pytest.raises(LakeError, match="permission denied for schema public") as failure:
        open_lake(maker)
    assert "backup" not in str(failure.value)


@pytest.mark.parametrize("opened", [open_lake, open_lake_to_read], ids=["write", "read"])
def test_role_or_database_that_is_unknown_is_a_setting_to_correct(served, running: Server, opened):
    for catalog, words in (
        (running.catalog(database_of(served), role="nobody"), 'role "nobody" does not exist'),
        (running.catalog("nowhere"), 'database "nowhere" does not exist'),
    ):
        with pytest.raises(LakeError, match=f"{words}; correct FORECASTING_CATALOG") as failure:
            opened(served.model_copy(update={"catalog": catalog}))
        assert not isinstance(failure.value, LakeBusyError)


@pytest.mark.parametrize("opened", [open_lake, open_lake_to_read], ids=["write", "read"])
def test_server_that_does_not_answer_is_worth_another_try(served, opened):
    away = served.model_copy(update={"catalog": "postgres:host=127.0.0.1 port=1 user=me password=secret dbname=lake"})
    with pytest.raises(LakeBusyError, match="cannot be reached: Connection refused; try again later"):
        opened(away)


def test_reading_an_empty_database_makes_no_lake(empty, ask):
    with pytest.raises(SettingsError, match="no lake here yet"):
        open_lake_to_read(empty)
    assert ask(empty, "select count(*) from pg_tables where tablename like 'ducklake%'") == "0"
    assert {one.what for one in doctor.run(empty) if one.verdict == "error"} == {"lake"}


def test_database_that_lost_its_lake_is_not_given_another_over_its_data(served, empty):
    with open_lake(served) as lake:
        record(lake, "x")
    lost = empty.model_copy(update={"data": served.data})
    for opened in (open_lake, open_lake_to_read):
        with pytest.raises((LakeError, SettingsError)):
            opened(lost)
    with pytest.raises(LakeError, match=r"catalog is missing or empty, but .* holds the data of a lake"):
        open_lake(lost)
