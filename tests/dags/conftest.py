"""Airflow reads its configuration when it is first imported: a throw-away home is chosen before any test does so."""

import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).parents[2] / "dags"

_home = tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True)
os.environ |= {
    "AIRFLOW_HOME": _home.name,
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
}
sys.path.insert(0, str(DAGS))  # as Airflow does


def import_airflow() -> None:
    """Import it without the handlers and the level that it gives to everybody's root logger."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    import airflow.settings  # noqa: F401

    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(False)


import_airflow()


@pytest.fixture(scope="session")
def bag() -> "DagBag":
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)
