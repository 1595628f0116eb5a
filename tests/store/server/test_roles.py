"""Roles of a catalog's server: jobs write, analysts read and cannot write, planners add to their inbox."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
import pytest

from forecasting.errors import LakeError
from forecasting.jobs.upkeep import init, query
from forecasting.settings import Settings
from forecasting.store.lake.attach import session
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.lake.tables import TABLES
from tests.postgres import Server
from tests.store.server.conftest import database_of

ROLES = ("writer", "analyst", "planner", "airflow")
MANY = """
insert into history.demand (stream, series_id, ts, available_at, y, run_id, loaded_at)
select 'calls', 'a', timestamptz '2024-01-01' + to_hours(n), timestamptz '2024-02-01', n, 'r', now()
from range(500) as rows (n)
"""
ORDER = "insert into planners.inbox ({columns}) values ({values})"


class Refused(Exception):  # noqa: N818
    """The server has not let the role do it."""


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        if "permission denied" in str(error):
            raise Refused from error
        raise


def acting_as(settings: Settings, server: Server, role: str) -> Settings:
    return settings.model_copy(update={"catalog": server.catalog(database_of(settings), role=role)})


def record(lake: Lake, name: str) -> None:
    lake.write(lambda: lake.execute("lake/insert_migration.sql", name=name, checksum="0"), message=name)


@pytest.fixture
def shared(served: Settings) -> Settings:
    """A lake with its roles, made by the server's superuser."""
    init.run(served)
    return served


def test_the_server_soon_notices_that_a_machine_of_its_roles_is_gone(shared: Settings, server: Server):
    for role in ROLES:
        looks = [
            server.ask(database_of(shared), f"show tcp_keepalives_{what}", role=role) for what in ("idle", "count")
        ]
        assert looks == ["10", "3"]


def test_what_each_role_may_do_is_told_as_the_server_sees_it(served: Settings):
    rights = init.run(served).rights
    assert rights is not None
    told = {(row.role, re.sub(r" (\d+|lake_\d+)\b", "", row.on)): row.may for row in rights.itertuples()}
    everything = "select, insert, update, delete"
    assert {key: may for key, may in told.items() if "tables" in key[1]} == {
        ("writer", "the lake's tables"): everything,
        ("airflow", "the lake's tables"): everything,
        ("analyst", "the lake's tables"): "select",
        ("planner", "the lake's tables"): "select",
    }
    assert {told[role, "schema public"] for role in ("analyst", "planner")} == {"use"}
    assert told["analyst", "planners.inbox"] == "nothing"
    assert told["writer", "planners.inbox"] == told["airflow", "planners.inbox"] == "select, delete"
    assert told["planner", "planners.inbox"] == "select, insert, but for id, known_at"
    assert {told[role, "database"] for role in ROLES} == {"connect"}
    assert init.run(served).rights.equals(rights)


def test_an_analyst_reads_what_jobs_wrote_and_can_write_nothing(shared: Settings, running: Server):
    with open_lake(acting_as(shared, running, "airflow")) as lake:
        lake.write(lambda: lake.connection.execute(MANY), message="many")
        record(lake, "few rows, which the catalog keeps itself")
    analyst = acting_as(shared, running, "analyst")
    assert query.run(analyst, "select count(*) as n from history.demand")["n"].tolist() == [500]
    with open_lake_to_read(analyst) as lake:
        names = [name for (name,) in lake.connection.execute("select name from meta.migrations").fetchall()]
        assert "few rows, which the catalog keeps itself" in names
    # not READ_ONLY: the server itself refuses
    with session(analyst) as client:
        client.execute(f"attach 'ducklake:{analyst.catalog}' as lake (data_path '{analyst.data}')")
        client.execute("use lake")
        before = client.execute("select count(*), sum(y) from history.demand").fetchone()
        for statement in (
            MANY,
            "update history.demand set y = 0",
            "delete from history.demand where y > 3",
            "delete from history.demand",
            "insert into meta.migrations values (1000, 'x', 'x')",
            "create table history.own (x integer)",
            "create view analyst.own as select 1 as x",
            "drop table history.demand",
            "alter table history.demand add column x integer",
            *(f"delete from {name}" for name in TABLES if name != "history.demand"),
        ):
            rows = client.execute("select count(*) from meta.migrations").fetchone()
            with suppress(Refused), refusals():
                # where there is nothing to delete, nothing has to be refused
                assert client.execute(statement).fetchall() == [(0,)], statement
            assert client.execute("select count(*) from meta.migrations").fetchone() == rows
        assert client.execute("select count(*), sum(y) from history.demand").fetchone() == before


def test_jobs_of_airflow_make_tables_that_writers_own_and_upkeep_trusts_them(shared: Settings, running: Server, ask):
    for role in ("airflow", "writer"):
        with open_lake(acting_as(shared, running, role)) as lake:
            record(lake, role)
            judged = lake.ownership.judge()
            assert judged is not None
            assert judged.doubt is None
    owners = "select string_agg(distinct tableowner, ',') from pg_tables where schemaname = 'public'"
    assert ask(shared, owners) == "writer"


def test_a_planner_adds_to_the_inbox_and_neither_dates_rows_nor_changes_them(shared: Settings, running: Server):
    values = {
        "stream": "'calls'",
        "starts_at": "'2026-05-01Z'",
        "ends_at": "'2026-05-02Z'",
        "operation": "'multiply'",
        "value": "1.2",
    }

    def add(**more: str) -> str:
        row = {**values, **more}
        statement = ORDER.format(columns=", ".join(row), values=", ".join(row.values()))
        return running.ask(database_of(shared), statement, role="planner")

    add(scope='\'{"region": "qc"}\'', reason="'launch'")
    found = "select scenario, author, known_at <= now(), id is not null from planners.inbox"
    assert running.ask(database_of(shared), found, role="planner") == "base|planner|t|t"
    assert running.ask(database_of(shared), found, role="airflow") == "base|planner|t|t"
    for refused in (
        lambda: add(known_at="'2020-01-01Z'"),
        lambda: add(ends_at="'2026-04-01Z'"),
        lambda: running.ask(database_of(shared), "update planners.inbox set value = 2", role="planner"),
        lambda: running.ask(database_of(shared), "delete from planners.inbox", role="planner"),
        lambda: running.ask(database_of(shared), "select count(*) from planners.inbox", role="analyst"),
        lambda: running.ask(database_of(shared), "delete from ducklake_snapshot", role="planner"),
    ):
        with pytest.raises(AssertionError, match=r"permission denied|violates check constraint"):
            refused()


def test_nobody_else_may_enter(shared: Settings, running: Server, ask):
    ask(shared, "drop role if exists passer_by")
    ask(shared, "create role passer_by login")
    with pytest.raises(LakeError, match="permission denied for database"):
        open_lake_to_read(acting_as(shared, running, "passer_by"))


def test_a_role_that_may_make_roles_and_owns_the_database_is_enough(empty: Settings, running: Server, ask):
    database = database_of(empty)
    for statement in (
        "drop role if exists keeper",
        "create role keeper login createrole",
        f"alter database {database} owner to keeper",
    ):
        ask(empty, statement)
    assert init.run(acting_as(empty, running, "keeper")).rights is not None
    with open_lake(acting_as(empty, running, "airflow")) as lake:
        record(lake, "x")


def test_a_role_that_may_not_make_roles_is_told_who_may(served: Settings, running: Server, ask):
    ask(served, "drop role if exists plain")
    ask(served, "create role plain login")
    ask(served, "grant select, insert, update, delete on all tables in schema public to plain")
    with pytest.raises(LakeError, match=r"roles cannot be made: .*; none was changed; run it as a role that may"):
        init.run(acting_as(served, running, "plain"))
