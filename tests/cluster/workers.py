"""Airflow with Celery: scheduler, DAG processor, API server and three workers, each with a working folder of its own.

What they share is what machines share: the servers' addresses, the DAGs and the stream definitions. No folder that a
worker writes to is another's.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.airflow.installation import Installation, airflow_environment
from tests.airflow.scheduler import COMPONENTS, PRELOADED, Airflow, end_sessions, free_port
from tests.postgres import Server

WORKERS = 3
TASKS_AT_ONCE = 1
"""Of a worker: the cores of a small machine are shared by all."""


@dataclass(frozen=True)
class Place:
    """Where the servers are, and what the lake's settings are for whoever works there."""

    root: Path
    server: Server
    broker: str
    lake: Mapping[str, str]
    """Variables of the lake that are the same for all."""


def installation(place: Place) -> Installation:
    """The settings of all components but the workers, with a migrated metadata database."""
    database = place.root.name.replace("-", "_")
    metadata = place.server.create(f"airflow_{database}")
    results = place.server.create(f"celery_{database}")
    foreign = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "FORECASTING", "AWS"))}
    celery = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(WORKERS * TASKS_AT_ONCE + 1),
        "AIRFLOW__CELERY__BROKER_URL": place.broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{results}",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    }
    home = airflow_environment(place.root / "airflow", metadata)
    made = Installation(place.root, foreign | home | celery | {"FORECASTING_HOME": str(place.root)} | place.lake)
    made.airflow("db", "migrate")
    return made


@contextmanager
def running(made: Installation) -> Iterator[Airflow]:
    """Start all components; whatever happens, end them with everything that they started."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    preloaded = made.root / "preloaded"
    preloaded.mkdir(exist_ok=True)
    (preloaded / "airflow_local_settings.py").write_text(PRELOADED, encoding="utf-8")
    environment = made.environment | {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
    }
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in COMPONENTS.items():
            processes[name] = _start(made.root, name, arguments, environment)
        for number in range(WORKERS):
            name = f"worker-{number}"
            folder = made.root / name
            (folder / "airflow").mkdir(parents=True)
            own = environment | {
                "AIRFLOW_HOME": str(folder / "airflow"),
                "FORECASTING_HOME": str(folder),
                "PYTHONPATH": os.pathsep.join([str(preloaded), environment["PYTHONPATH"]]),
            }
            arguments = ["celery", "worker", "--concurrency", str(TASKS_AT_ONCE), "--skip-serve-logs"]
            processes[name] = _start(folder, name, [*arguments, "--celery-hostname", f"{name}@%h"], own)
        airflow = Airflow(made, url, processes)
        airflow.wait_for("scheduler and DAG processor", airflow.is_healthy)
        airflow.wait_for("workers", lambda: all(_is_ready(made.root / f"worker-{n}") for n in range(WORKERS)))
        yield airflow
    finally:
        end_sessions(list(processes.values()))


def _start(folder: Path, name: str, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", *arguments],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _is_ready(folder: Path) -> bool:
    log = folder / f"{folder.name}.log"
    return (
        log.exists()
        and f"{folder.name}@" in (text := log.read_text(encoding="utf-8", errors="replace"))
        and (" ready" in text)
    )
