"""Airflow's metadata database: one of the tests' PostgreSQL server where that is installed, else an SQLite file.

Airflow reads and then writes inside savepoints, which SQLite refuses at once ("database is locked") when another
process committed in between, however long it may wait. A scheduler and a command at the same time need PostgreSQL.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

TEMPLATE = "migrated"


def sqlite(home: Path) -> str:
    """Address of an SQLite file in Airflow's home."""
    return f"sqlite:///{home / 'airflow.db'}?timeout=60"


def copy_sqlite(migrated: Path, home: Path) -> str:
    """Address of a copy of a migrated file."""
    shutil.copy(migrated / "airflow.db", home)
    with closing(sqlite3.connect(home / "airflow.db")) as metadata:
        metadata.execute("pragma journal_mode = wal")  # readers do not hold up writers
    return sqlite(home)
