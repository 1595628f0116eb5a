"""Lakes whose catalog is a PostgreSQL server: each a copy of one that was made once."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake
from tests.postgres import Server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def running(server: Server | None) -> Server:
    """The server, for tests that need one."""
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    return server


@pytest.fixture
def empty(running: Server, tmp_path: Path) -> Settings:
    """Settings of a home whose catalog is an empty database."""
    database = f"empty_{next(_NUMBERS)}"
    running.create(database)
    return read_settings({"FORECASTING_HOME": str(tmp_path), "FORECASTING_CATALOG": running.catalog(database)})


@pytest.fixture(scope="session")
def template(running: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with an empty lake."""
    running.create("lake_template")
    home = tmp_path_factory.mktemp("template")
    environment = {"FORECASTING_HOME": str(home), "FORECASTING_CATALOG": running.catalog("lake_template")}
    with open_lake(read_settings(environment)):
        pass
    return "lake_template"


@pytest.fixture
def served(running: Server, template: str, tmp_path: Path) -> Settings:
    """Settings of a home whose catalog is a database with an empty lake."""
    database = f"lake_{next(_NUMBERS)}"
    running.create(database, template=template)
    settings = read_settings({"FORECASTING_HOME": str(tmp_path), "FORECASTING_CATALOG": running.catalog(database)})
    running.ask(database, f"update ducklake_metadata set value = '{settings.data}/' where key = 'data_path'")
    running.ask(database, "update ducklake_schema set schema_uuid = gen_random_uuid() where schema_id = 0")
    return settings


@pytest.fixture
def ask(running: Server) -> Callable[[Settings, str], str]:
    """What the server itself answers about a catalog."""
    return lambda settings, statement: running.ask(database_of(settings), statement)


def database_of(settings: Settings) -> str:
    return settings.catalog.rpartition("dbname=")[2]
