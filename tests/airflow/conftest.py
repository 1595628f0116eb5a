"""Every test here gets an Airflow and a lake of its own; the metadata database is migrated once and copied."""

from pathlib import Path

import pytest

from tests.airflow import metadata
from tests.airflow.installation import Installation, install
from tests.postgres import Server


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory, server: Server | None) -> Path:
    root = tmp_path_factory.mktemp("migrated")
    home = root / "airflow"
    address = server.create(metadata.TEMPLATE) if server else metadata.sqlite(home)
    install(root, address).airflow("db", "migrate")
    return home


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, server: Server | None, migrated_home: Path) -> Installation:
    root = tmp_path_factory.mktemp("installation")
    home = root / "airflow"
    home.mkdir()
    if server:
        return install(root, server.create(root.name, template=metadata.TEMPLATE))
    return install(root, metadata.copy_sqlite(migrated_home, home))
