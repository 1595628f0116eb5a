"""Airflow with Celery: scheduler, DAG processor, API server and three workers, each with a working folder of its own.

What they share is what machines share: the servers' addresses, the DAGs and the stream definitions. No folder that a
worker writes to is another's.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.airflow.installation import Installation, airflow_environment
from tests.airflow.scheduler import COMPONENTS, PRELOADED, Airflow, end_sessions, free_port, groups_of_session
from tests.postgres import Server

WORKERS = 3
TASKS_AT_ONCE = 1
"""Of a worker: the cores of a small machine are shared by all."""
RECOVERY = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "100",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
}
"""How soon Airflow notices what was killed or lost, as docs/deploy.md says."""


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
        **RECOVERY,
    }
    home = airflow_environment(place.root / "airflow", metadata)
    made = Installation(place.root, foreign | home | celery | {"FORECASTING_HOME": str(place.root)} | place.lake)
    made.airflow("db", "migrate")
    return made


@dataclass
class Components:
    """Airflow's processes by name; one that was killed can be started again."""

    root: Path
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ended: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str) -> None:
        """Start a component, in a session and a working folder of its own if it is a worker."""
        part = name.rstrip("-0123456789")
        folder, environment = self.root, self.environment
        if part == "worker":
            folder = self.root / name
            (folder / "airflow").mkdir(parents=True, exist_ok=True)
            arguments = ["celery", "worker", "--concurrency", str(TASKS_AT_ONCE), "--skip-serve-logs"]
            arguments += ["--celery-hostname", f"{name}@%h"]
            path = os.pathsep.join([str(self.root / "preloaded"), environment["PYTHONPATH"]])
            own = {"AIRFLOW_HOME": str(folder / "airflow"), "FORECASTING_HOME": str(folder), "PYTHONPATH": path}
            environment = environment | own
        else:
            arguments = COMPONENTS[part]
        with (folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str, *, alone: bool = False) -> None:
        """End a component with all that it started, or without what goes on by itself, as kill -9 does."""
        process = self.running.pop(name)
        self.ended.append(process)
        if alone:
            process.kill()
        else:
            for group in groups_of_session(process.pid):
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """End all, and what those that were killed have left."""
        for process in self.ended:
            for group in groups_of_session(process.pid):
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        end_sessions(list(self.running.values()))

    def is_ready(self, worker: str) -> bool:
        """Whether a worker has said that it takes tasks."""
        log = self.root / worker / f"{worker}.log"
        return (
            log.exists()
            and f"{worker}@" in (text := log.read_text(encoding="utf-8", errors="replace"))
            and " ready" in text
        )


@contextmanager
def running(made: Installation, *, schedulers: int = 1) -> Iterator[tuple[Airflow, Components]]:
    """Start all components; whatever happens, end them with everything that they started."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    (made.root / "preloaded").mkdir(exist_ok=True)
    (made.root / "preloaded" / "airflow_local_settings.py").write_text(PRELOADED, encoding="utf-8")
    environment = made.environment | {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
    }
    components = Components(made.root, environment)
    workers = [f"worker-{number}" for number in range(WORKERS)]
    further = [f"scheduler-{number}" for number in range(2, schedulers + 1)]
    try:
        for name in [*COMPONENTS, *further, *workers]:
            components.start(name)
        airflow = Airflow(made, url, components.running)
        airflow.wait_for("scheduler and DAG processor", airflow.is_healthy)
        airflow.wait_for("workers", lambda: all(map(components.is_ready, workers)))
        yield airflow, components
    finally:
        components.end()
