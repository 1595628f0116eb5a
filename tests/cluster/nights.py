"""A night and a backfill on a cluster, beside the same on one machine: every published row is compared.

As a script: `python -m tests.cluster.nights`, which `make cluster` calls (`--streams small`, `--out FOLDER`). It starts
PostgreSQL, Redis, an S3 server and Airflow with three workers on loopback, runs the DAG, runs the same commands on an
embedded lake, prints a table and ends everything that it started, also where something fails.
"""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

import pandas as pd

from forecasting.jobs.demo import _write_home
from forecasting.settings import Settings, read_settings
from tests.airflow.installation import write_feed_and_definitions
from tests.airflow.scheduler import Airflow
from tests.cluster.comparison import compare
from tests.cluster.workers import Place, installation, running
from tests.extensions import trust_extensions
from tests.object_store import BUCKET, ObjectStore, object_store
from tests.postgres import Server, postgresql
from tests.redis import Broker, redis_server
from tests.waiting import run_to_its_end

DAG = "nightly_forecast"
PROGRAM = (sys.executable, "-c", "from forecasting.cli.app import main; main()")
# a tenth of the demo's: what is compared is not how good forecasts are
DEMO_BUDGETS = {"80s": "8s", "20s": "4s"}


@dataclass(frozen=True)
class Work:
    """What is run: streams by origin, then a backfill of one stream."""

    nights: Mapping[str, list[str]]
    """Streams by their origin date."""
    backfilled: str
    since: date
    until: date


def small_work(settings: Settings) -> Work:
    """Three small generated streams, one with a trained model and one with a plan of its staff."""
    write_feed_and_definitions(settings.home, settings.streams)
    return Work({"2026-02-24": ["calls", "handle", "staffed"]}, "calls", date(2026, 2, 23), date(2026, 2, 23))


def demo_work(settings: Settings) -> Work:
    """The streams of `forecasting demo`, with a tenth of its budgets."""
    origins = _write_home(settings, lambda _: None).origins
    for path in settings.streams.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        for known, short in DEMO_BUDGETS.items():
            text = text.replace(f'budget = "{known}"', f'budget = "{short}"')
        path.write_text(text, encoding="utf-8")
    nights: dict[str, list[str]] = {}
    for stream, at in origins.items():
        nights.setdefault(at.last, []).append(stream)
    last = date.fromisoformat(origins["bank_calls"].last)
    return Work(nights, "bank_calls", last - timedelta(days=2), last - timedelta(days=1))


WORKS: dict[str, Callable[[Settings], Work]] = {"small": small_work, "demo": demo_work}


Made = TypeVar("Made")


@contextmanager
def cluster(
    root: Path, make: Callable[[Settings], Made], server: Server, store: ObjectStore, broker: Broker
) -> Iterator[tuple[Place, Made]]:
    """Where a cluster works, with feeds in the object store and definitions that all read.

    make: writes feeds and definitions into a home of one machine; what it returns is handed on.
    """
    prepared = read_settings({"FORECASTING_HOME": str(root / "prepared"), "FORECASTING_STREAMS": str(root / "streams")})
    prepared.streams.mkdir(parents=True)
    made = make(prepared)
    prefix = f"{root.name}-feeds"
    shutil.copytree(prepared.home / "feeds", store.folder / BUCKET / prefix)
    for path in prepared.streams.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('"feeds/', f'"s3://{BUCKET}/{prefix}/').replace(":-feeds/", f":-s3://{BUCKET}/{prefix}/")
        path.write_text(text, encoding="utf-8")
    database = f"lake_{root.name.replace('-', '_')}"
    server.create(database)
    lake = {
        "FORECASTING_CATALOG": server.catalog(database),
        "FORECASTING_STREAMS": str(prepared.streams),
        **store.environment(root.name),
    }
    yield Place(root, server, broker.address, lake), made


def run_on_cluster(airflow: Airflow, work: Work) -> None:
    """The nights, one DAG run an origin, then the backfill; all must succeed."""
    airflow.wait_for(DAG, lambda: airflow.call("GET", f"dags/{DAG}"))
    airflow.call("PATCH", f"dags/{DAG}", {"is_paused": False})
    for origin, streams in work.nights.items():
        conf = {"origin": origin, "streams": streams}
        run_id = f"night-{origin}"
        airflow.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})
    for origin in work.nights:
        run_id = f"night-{origin}"
        state = airflow.wait_for(run_id, lambda run_id=run_id: airflow.finished_state(DAG, run_id))
        assert state == "success", f"{run_id}: {state}\n{airflow.log_tails()}"
    body = {
        "dag_id": DAG,
        "from_date": f"{work.since - timedelta(days=1)}T00:00:00Z",
        "to_date": f"{work.until - timedelta(days=1)}T23:59:00Z",
        "dag_run_conf": {"streams": [work.backfilled]},
        "max_active_runs": 2,
    }
    airflow.call("POST", "backfills", body)

    def count(*states: str) -> int:
        asked = "&".join(f"state={state}" for state in states)
        found = airflow.call("GET", f"dags/{DAG}/dagRuns?run_type=backfill&{asked}")
        # it may not answer while tasks keep the machine busy
        return int(found["total_entries"]) if found else 0

    origins = (work.until - work.since).days + 1
    airflow.wait_for("the backfill", lambda: count("success", "failed") == origins)
    assert count("success") == origins, airflow.log_tails()


def run_on_one_machine(root: Path, place: Place, work: Work, environment: Mapping[str, str]) -> Settings:
    """The same by commands, one after the other, on an embedded lake. environment: as of the cluster's tasks."""
    own = {"FORECASTING_CATALOG": "", "FORECASTING_DATA": "", "FORECASTING_HOME": str(root / "embedded")}
    variables = {**environment, **own}
    commands = [["run", *streams, "--origin", origin] for origin, streams in work.nights.items()]
    commands.append(["backfill", work.backfilled, "--from", str(work.since), "--to", str(work.until)])
    for command in commands:
        done = run_to_its_end([*PROGRAM, *command], env=variables, cwd=root)
        assert done.returncode == 0, f"forecasting {' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return read_settings(variables)


def same_night(root: Path, streams: str, server: Server, store: ObjectStore, broker: Broker) -> pd.DataFrame:
    """Run it on both and compare."""
    with cluster(root, WORKS[streams], server, store, broker) as (place, work):
        begun = time.monotonic()
        made = installation(place)
        with running(made) as (airflow, _):
            ready = time.monotonic()
            run_on_cluster(airflow, work)
        done = time.monotonic()
        embedded = run_on_one_machine(root, place, work, made.environment)
        table = compare(read_settings({**made.environment}), embedded)
        table.attrs["seconds"] = {
            "start": ready - begun,
            "cluster": done - ready,
            "embedded": time.monotonic() - done,
        }
        return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", choices=sorted(WORKS), default="demo")
    parser.add_argument("--out", type=Path, help="folder that keeps logs and lakes; else they are removed")
    arguments = parser.parse_args()
    trust_extensions()
    # what was started is ended also where this is
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before it was done"))
    root = arguments.out or Path(mkdtemp(prefix="cluster-"))
    root.mkdir(parents=True, exist_ok=True)
    try:
        with postgresql() as server, object_store() as store, redis_server() as broker:
            lacking = {"PostgreSQL": server, "rclone": store, "redis-server": broker}
            absent = [name for name, found in lacking.items() if found is None]
            if server is None or store is None or broker is None:
                raise SystemExit(f"not installed: {', '.join(absent)}; see .ci/run")
            table = same_night(root, arguments.streams, server, store, broker)
    finally:
        if arguments.out is None:
            with suppress(OSError):
                shutil.rmtree(root)
    print(table.to_string(index=False))
    print(", ".join(f"{name} {seconds:.0f} s" for name, seconds in table.attrs["seconds"].items()))
    if not table["equal"].all():
        raise SystemExit("the cluster published other rows than one machine")
    print("every published row of the cluster is that of one machine")


if __name__ == "__main__":
    main()
