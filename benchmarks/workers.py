"""The daily run of a large stream through three Celery workers of Airflow, over the same on one machine with its cores.

The forecast is shared in blocks: by tasks of three workers that share no folder, on PostgreSQL and S3, and by the
processes of one machine. Prints seconds of each stage by the clock, the pauses between tasks included, and their ratio
(target 1.15). It needs what `make cluster` needs.
"""

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
from forecast import make_home

from forecasting.jobs import forecast, ingest, score
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.training import train
from forecasting.settings import Settings, read_settings
from tests.airflow.scheduler import Airflow
from tests.cluster.comparison import compare
from tests.cluster.nights import DAG, cluster
from tests.cluster.workers import WORKERS, installation, running
from tests.extensions import trust_extensions
from tests.object_store import object_store
from tests.postgres import postgresql
from tests.redis import redis_server

STAGES = ("ingest", "train", "forecast", "score")
ORIGIN = "(date '2024-01-01' + $days::int)::date::varchar"


def make_stream(settings: Settings, *, series: int, days: int, blocks: int, budget: str) -> None:
    """The stream of the other benchmarks, in blocks."""
    made = make_home(settings.home, series=series, days=days)
    path = made.streams / "wide.toml"
    text = path.read_text(encoding="utf-8").replace("180s", budget).replace("wide.parquet", "feeds/wide.parquet")
    text = text.replace('horizon = "7d"', f'horizon = "7d"\nblock_series = {-(-series // blocks)}')
    settings.streams.mkdir(parents=True, exist_ok=True)
    (settings.streams / "wide.toml").write_text(text, encoding="utf-8")
    (path.with_suffix(".sql")).replace(settings.streams / "wide.sql")
    (settings.home / "feeds").mkdir()
    (settings.home / "wide.parquet").replace(settings.home / "feeds" / "wide.parquet")


def on_one_machine(settings: Settings, origin: str, *, jobs: int) -> dict[str, float]:
    """Seconds of each stage."""
    steps: Mapping[str, Callable[[], JobSummary]] = {
        "ingest": partial(ingest.run, settings, "wide", until=origin),
        "train": partial(train.run, settings, "wide", origin=origin),
        "forecast": partial(forecast.run, settings, "wide", origin=origin, processes=jobs),
        "score": partial(score.run, settings, "wide", origin=origin),
    }
    taken = {}
    for stage, step in steps.items():
        started = time.perf_counter()
        step()
        taken[stage] = time.perf_counter() - started
    return taken


def on_workers(airflow: Airflow, origin: str) -> dict[str, float]:
    """Seconds of each stage, from the end of the one before."""
    airflow.wait_for(DAG, lambda: airflow.call("GET", f"dags/{DAG}"))
    airflow.call("PATCH", f"dags/{DAG}", {"is_paused": False})
    conf = {"origin": origin, "streams": ["wide"]}
    airflow.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": "wide", "logical_date": None, "conf": conf})
    state = airflow.wait_for("the daily run", lambda: airflow.finished_state(DAG, "wide"))
    assert state == "success", airflow.log_tails()
    tasks = airflow.call("GET", f"dags/{DAG}/dagRuns/wide/taskInstances?limit=100")["task_instances"]
    begun = {task["task_id"]: datetime.fromisoformat(task["start_date"]) for task in tasks if task["start_date"]}
    ended = {task["task_id"]: datetime.fromisoformat(task["end_date"]) for task in tasks if task["end_date"]}
    ends = [begun["sources.ingest"], *(ended[f"sources.{stage}"] for stage in STAGES)]
    return {stage: (end - before).total_seconds() for stage, before, end in zip(STAGES, ends, ends[1:], strict=False)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=84, help="days of history")
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2, help="processes on one machine")
    parser.add_argument("--budget", default="60s", help="of training")
    given = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    trust_extensions()
    ((origin,),) = duckdb.execute(f"select {ORIGIN}", {"days": given.days}).fetchall()
    make = partial(make_stream, series=given.series, days=given.days, blocks=given.blocks, budget=given.budget)
    with (
        tempfile.TemporaryDirectory(prefix="workers-") as folder,
        postgresql() as server,
        object_store() as store,
        redis_server() as broker,
    ):
        if server is None or store is None or broker is None:
            raise SystemExit("PostgreSQL, rclone or redis-server is not installed; see .ci/run")
        (root := Path(folder) / "cluster").mkdir()
        with cluster(root, make, server, store, broker) as (place, _):
            made = installation(place)
            made.environment["FORECASTING_WORKERS"] = str(WORKERS)
            with running(made) as (airflow, _):
                many = on_workers(airflow, origin)
            own = {"FORECASTING_CATALOG": "", "FORECASTING_DATA": "", "FORECASTING_HOME": str(root / "embedded")}
            alone = read_settings({**made.environment, **own})
            one = on_one_machine(alone, origin, jobs=given.jobs)
            table = compare(read_settings(made.environment), alone)
    print(f"{given.series:,} series x {given.days} days, 168 steps, {given.blocks} blocks")
    print(f"{'stage':<10}{'one machine':>13}{f'{WORKERS} workers':>11}{'ratio':>7}")
    for stage, seconds in (one | {"all": sum(one.values())}).items():
        shared = many[stage] if stage in many else sum(many.values())
        print(f"{stage:<10}{seconds:>11.1f} s{shared:>9.1f} s{shared / seconds:>7.2f}")
    print(f"equal rows: {table['equal'].all()}")


if __name__ == "__main__":
    main()
