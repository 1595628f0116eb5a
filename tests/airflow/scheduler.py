"""A real scheduler with its DAG processor and API server, on loopback, for as long as a test needs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.airflow.installation import Installation
from tests.waiting import processes, sizes, wait_until

COMPONENTS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "api-server": ["api-server"],
}
POLL_SECONDS = 1.0
ANSWER_SECONDS = 60
"""For an answer of the API, which tasks on the same cores may hold up."""
PATIENCE_SECONDS = 300
"""For a run that does not move: Airflow looks every half minute for some of what it has to do."""
START_SECONDS = 30
"""Processor time of a component beyond which it has long been started."""
GRACE_SECONDS = 10

# what every task imports: tasks are forked from the scheduler, and an import of all that costs five seconds
PRELOADED = "import forecasting.jobs.line\n\n__all__ = []\n"

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Airflow:
    """The running components and the address of their API."""

    installation: Installation
    url: str
    processes: dict[str, subprocess.Popen[bytes]]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Answer of the API; None where it has no such thing or, asked with GET, cannot answer now.

        A change is asked for until it is answered. One whose answer was lost is refused the second time: it is there.
        """
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"content-type": "application/json"},
        )
        until, asked = time.monotonic() + PATIENCE_SECONDS, False
        while True:
            try:
                with _direct.open(request, timeout=ANSWER_SECONDS) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                if error.code == 404 or (error.code == 409 and asked):
                    return None
                if error.code < 500:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
                problem = f"{error.code} {error.read().decode()}"
            except OSError as error:
                problem = str(error)
            if method == "GET":
                return None
            assert time.monotonic() < until, f"{method} {path}: {problem}"
            asked = True
            time.sleep(POLL_SECONDS)

    def wait_for(self, what: str, probe: Callable[[], Any]) -> Any:
        """First true answer of `probe`. Fails, showing the ends of all logs, when a component dies or nothing moves."""

        def done() -> Any:
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            assert not dead, f"waiting for {what}: {dead[0]} ended\n{self.log_tails()}"
            return probe()

        return wait_until(
            *(done, what),
            moving=self.fingerprint,
            patience=PATIENCE_SECONDS,
            poll=POLL_SECONDS,
            explain=self.log_tails,
        )

    def fingerprint(self) -> object:
        """What changes for as long as runs get on: logs of tasks, states of runs, whole seconds that tasks have used.

        Components work for ever, tasks or none. Only while one starts does its own processor time count.
        """
        leaders = {process.pid for process in self.processes.values()}
        found = [process for process in processes() if process.session in leaders]
        tasks = sum(process.seconds for process in found if process.group not in leaders)
        started = {process.pid: min(process.seconds, START_SECONDS) for process in found if process.pid in leaders}
        runs = (self.call("GET", "dags/~/dagRuns?limit=100") or {}).get("dag_runs", [])
        states = [(run["dag_run_id"], run["state"]) for run in runs]
        return states, int(tasks), sorted(started.items()), sizes(self.task_logs())

    def is_healthy(self) -> bool:
        health = self.call("GET", "monitor/health") or {}
        return all(health.get(part, {}).get("status") == "healthy" for part in ("scheduler", "dag_processor"))

    def finished_state(self, dag_id: str, run_id: str) -> str | None:
        """`success` or `failed`; None while the run goes on."""
        run = self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}") or {}
        return run["state"] if run.get("state") in ("success", "failed") else None

    def log_tails(self, *, lines: int = 25) -> str:
        logs = sorted(self.installation.root.glob("*.log")) + self.task_logs()
        ends = (log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] for log in logs)
        return "\n".join(f"--- {log}\n" + "\n".join(end) for log, end in zip(logs, ends, strict=True))

    def task_logs(self) -> list[Path]:
        return sorted(self.installation.root.glob("**/airflow/logs/dag_id=*/**/*.log"))


@contextmanager
def running(installation: Installation) -> Iterator[Airflow]:
    """Start all components; whatever happens, end them with everything that they started."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = installation.environment | {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
    }
    preloaded = installation.root / "preloaded"
    preloaded.mkdir()
    (preloaded / "airflow_local_settings.py").write_text(PRELOADED, encoding="utf-8")
    path = os.pathsep.join([str(preloaded), environment["PYTHONPATH"]])
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in COMPONENTS.items():
            with (installation.root / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", *arguments],
                    env=environment | ({"PYTHONPATH": path} if name == "scheduler" else {}),
                    cwd=installation.root,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        yield Airflow(installation, url, processes)
    finally:
        end_sessions(list(processes.values()))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def end_sessions(leaders: list[subprocess.Popen[bytes]]) -> None:
    """Ask each leader's process group to stop, then kill what is left of its session."""
    for leader in leaders:
        signal_group(leader.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for leader in leaders:
        with suppress(subprocess.TimeoutExpired):
            leader.wait(max(0.1, deadline - time.monotonic()))
        for group in groups_of_session(leader.pid):
            signal_group(group, signal.SIGKILL)
        leader.wait()


def signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def groups_of_session(session: int) -> set[int]:
    """Process groups that the leader's children made for themselves, as task supervisors do."""
    return {process.group for process in processes() if process.session == session}
