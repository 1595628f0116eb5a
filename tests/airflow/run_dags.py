"""Run DAGs in this process, one after another, as `dag.test()` does: REQUESTS.json in, OUTCOMES.json out."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
from sqlalchemy import select


def run_dag(bag: DagBag, request: dict[str, Any]) -> dict[str, Any]:
    """State of the run and of its tasks, the summaries that they returned and the extras of their asset events."""
    at = request.get("logical_date")
    dag = bag.dags[request["dag_id"]]
    run = dag.test(logical_date=datetime.fromisoformat(at) if at else None, run_conf=request["conf"])
    tasks = run.get_task_instances()
    with create_session() as session:
        events = session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run.run_id)).all()
        announced = [{"asset": event.asset.name, **event.extra} for event in events]
    return {
        "state": run.state,
        "tasks": {name_of(task): {"state": task.state, "tries": task.try_number} for task in tasks},
        "returned": {
            name_of(task): task.xcom_pull(task_ids=task.task_id, map_indexes=task.map_index)
            for task in tasks
            if task.state == "success"
        },
        "announced": announced,
    }


def name_of(task: Any) -> str:
    """`sources.ingest` or, of a mapped task, `sources.ingest calls`; an unnamed one shows its number."""
    return task.task_id if task.map_index < 0 else f"{task.task_id} {task.rendered_map_index or task.map_index}"


if __name__ == "__main__":
    requests = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    dags = DagBag()
    outcomes = [run_dag(dags, request) for request in requests]
    Path(sys.argv[2]).write_text(json.dumps(outcomes), encoding="utf-8")
