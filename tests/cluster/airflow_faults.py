"""Faults of Airflow's own processes while it runs small nights.

A Celery worker, Redis or one of two schedulers is killed at random moments and started again, or PostgreSQL and Redis
are away for a minute each. Nobody clears a task: every night has to end well by itself, and every published row is
compared with those of the same nights on one machine.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from forecasting.jobs import line
from forecasting.settings import Settings, read_settings
from tests.airflow.installation import HORIZON_HOURS, SERIES
from tests.airflow.scheduler import Airflow
from tests.cluster.comparison import count_faults
from tests.cluster.nights import DAG, cluster, small_work
from tests.cluster.tally import Tally, check_lake, polling
from tests.cluster.workers import WORKERS, Components, installation, running
from tests.object_store import ObjectStore
from tests.postgres import Server
from tests.redis import Broker

FIRST = date(2026, 1, 27)
STREAMS = ["handle", "staffed"]
WHOLE = dict.fromkeys(STREAMS, HORIZON_HOURS * len(SERIES))
AWAY_SECONDS = 2.0
OUTAGE_SECONDS = 60.0
NIGHT_SECONDS = 900.0
"""After which a night that has not ended is taken for stuck."""


@dataclass(frozen=True)
class Stage:
    """What can be hurt while nights run."""

    components: Components
    server: Server
    broker: Broker
    chance: random.Random


def kill_worker(stage: Stage) -> None:
    """With all that it started, or Celery's own process alone, whose tasks go on beside their next try."""
    name = f"worker-{stage.chance.randrange(WORKERS)}"
    stage.components.kill(name, alone=stage.chance.random() < 0.5)
    time.sleep(stage.chance.uniform(0.0, AWAY_SECONDS))
    stage.components.start(name)


def kill_broker(stage: Stage) -> None:
    """Redis, which forgets what was sent and not begun."""
    stage.broker.kill()
    time.sleep(stage.chance.uniform(0.0, AWAY_SECONDS))
    stage.broker.start()


def kill_scheduler(stage: Stage) -> None:
    """One of two, at work side by side."""
    name = stage.chance.choice(["scheduler", "scheduler-2"])
    stage.components.kill(name)
    time.sleep(stage.chance.uniform(0.0, AWAY_SECONDS))
    stage.components.start(name)


def be_away(stage: Stage) -> None:
    """PostgreSQL, which keeps the lake's catalog and Airflow's own, or Redis, for a minute."""
    away = stage.chance.choice([stage.server, stage.broker])
    away.kill()
    time.sleep(OUTAGE_SECONDS)
    away.start()


KINDS: Mapping[str, tuple[Callable[[Stage], None], float]] = {
    "Celery worker": (kill_worker, 8.0),
    "Redis": (kill_broker, 5.0),
    "scheduler": (kill_scheduler, 8.0),
    "outage": (be_away, 60.0),
}
"""What each does, and the mean of the seconds between two."""


class Nights(threading.Thread):
    """Nights of Airflow, one after the other, until they are told to stop; the one that has begun is finished."""

    def __init__(self, airflow: Airflow, tally: Tally) -> None:
        super().__init__(daemon=True)
        self._airflow, self._tally = airflow, tally
        self._stop_asked = threading.Event()

    def finish(self) -> None:
        """End with the night that has begun."""
        self._stop_asked.set()
        self.join()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            origin = origin_of(self._tally.nights)
            self._trigger(origin)
            state = self._wait(origin)
            self._tally.again["Airflow"] += self._tries_again(origin)
            if state != "success":
                self._tally.errors.append(f"night {origin}: {state}")
                return
            self._tally.nights += 1

    def _trigger(self, origin: str) -> None:
        conf = {"origin": origin, "streams": STREAMS}
        self._airflow.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": origin, "logical_date": None, "conf": conf})

    def _wait(self, origin: str) -> str:
        until = time.monotonic() + NIGHT_SECONDS
        while (state := self._airflow.finished_state(DAG, origin)) is None:
            if time.monotonic() > until:
                return f"not ended after {NIGHT_SECONDS:.0f} s: {self._states(origin)}"
            time.sleep(0.5)
        return state if state == "success" else f"{state}: {self._states(origin)}"

    def _tasks(self, origin: str) -> list[dict[str, object]]:
        found = self._airflow.call("GET", f"dags/{DAG}/dagRuns/{origin}/taskInstances?limit=100") or {}
        return list(found.get("task_instances", []))

    def _tries_again(self, origin: str) -> int:
        return sum(max(int(str(task["try_number"])) - 1, 0) for task in self._tasks(origin))

    def _states(self, origin: str) -> str:
        named = (f"{task['task_id']} {task['state']} in try {task['try_number']}" for task in self._tasks(origin))
        return ", ".join(text for text in named if " success " not in text)


def origin_of(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


@contextmanager
def kept_running(components: Components) -> Iterator[None]:
    """Start again whatever ends by itself, as a service manager does."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(1.0):
            for name, process in list(components.running.items()):
                if process.poll() is not None and components.running.get(name) is process:
                    components.start(name)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def disturbed_nights(
    root: Path, server: Server, store: ObjectStore, broker: Broker, *, kinds: Sequence[str], moments: int, seed: int
) -> Tally:
    """Run nights on a cluster while so many faults happen, of the kinds in turn; compare them with one machine's."""
    tally, chance = Tally(", ".join(kinds)), random.Random(seed)
    with cluster(root, small_work, server, store, broker) as (place, _):
        made = installation(place)
        with running(made, schedulers=2) as (airflow, components):
            settings = read_settings(made.environment)
            airflow.wait_for(DAG, lambda: airflow.call("GET", f"dags/{DAG}"))
            airflow.call("PATCH", f"dags/{DAG}", {"is_paused": False})
            nights = Nights(airflow, tally)
            nights.start()
            while nights.is_alive() and not tally.nights:  # the lake and its first night are there
                time.sleep(0.5)
            with polling(settings, tally, whole=WHOLE), kept_running(components):
                stage = Stage(components, server, broker, chance)
                while tally.injected < moments and nights.is_alive():
                    fault, pace = KINDS[kinds[tally.injected % len(kinds)]]
                    time.sleep(chance.uniform(0.0, 2 * pace))
                    fault(stage)
                    tally.injected += 1
                nights.finish()
        undisturbed = one_machine(root, made.environment, nights=tally.nights)
        tally.found = count_faults(settings, undisturbed)
        check_lake(settings, tally)
    return tally


def one_machine(root: Path, environment: Mapping[str, str], *, nights: int) -> Settings:
    """The same nights in this process, on an embedded lake."""
    own = {"FORECASTING_CATALOG": "", "FORECASTING_DATA": "", "FORECASTING_HOME": str(root / "embedded")}
    settings = read_settings({**environment, **own})
    for number in range(nights):
        errors = [outcome.error for outcome in line.run(settings, STREAMS, origin=origin_of(number)) if outcome.error]
        assert not errors, errors
    return settings
