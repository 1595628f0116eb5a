"""Every test here gets an Airflow and a lake of its own; the metadata database is migrated once and copied."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.airflow.installation import Installation, install


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("migrated")
    installed = install(root)
    installed.airflow("db", "migrate")
    return root / "airflow"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, migrated_home: Path) -> Installation:
    installed = install(tmp_path_factory.mktemp("installation"))
    home = Path(installed.environment["AIRFLOW_HOME"])
    home.mkdir()
    shutil.copy(migrated_home / "airflow.db", home)
    with closing(sqlite3.connect(home / "airflow.db")) as metadata:
        metadata.execute("pragma journal_mode = wal")  # readers do not hold up writers
    return installed
