import os
import sys
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import CronDataIntervalTimetable
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from forecasting_dags import RETRY_RULES, RETRY_RULES_AWAITING_FEED

from forecasting.settings import MOST_WORKERS
from tests.dags.conftest import DAGS
from tests.waiting import run_to_its_end

GROUPS, STEPS = ("sources", "readers"), ("ingest", "train", "forecast", "score")
EDGES = {
    "ingest_usage": {"list_streams": {"ingest"}, "ingest": set()},
    "maintain_lake": {"maintain": set()},
    "train_models": {"resolve_origin": {"train"}, "list_streams": {"train"}, "train": set()},
    "nightly_forecast": {
        "resolve_origin": {f"{group}.{step}" for group in GROUPS for step in STEPS} | {"plan", "alarms", "report"},
        "list_streams": {"list_sources", "list_readers", "list_planned", "alarms", "report"},
        "list_sources": {f"sources.{step}" for step in STEPS},
        "list_readers": {f"readers.{step}" for step in STEPS},
        "list_planned": {"plan"},
        "sources.ingest": {"sources.train", "every_source_ingested"},
        "every_source_ingested": {"readers.ingest"},
        "readers.ingest": {"readers.train"},
        **{f"{group}.train": {f"{group}.forecast"} for group in GROUPS},
        **{f"{group}.forecast": {f"{group}.score", "plan"} for group in GROUPS},
        **{f"{group}.score": {"alarms"} for group in GROUPS},
        "plan": {"alarms"},
        "alarms": {"report"},
        "report": set(),
    },
}
OF_STREAMS = [dag_id for dag_id in EDGES if dag_id != "maintain_lake"]
OUTLETS = {
    "ingest": "demand_history",
    "train": "demand_model",
    "forecast": "demand_forecast",
    "plan": "demand_plan",
    "score": "demand_score",
}
JOBS = [
    ("ingest_usage", "ingest"),
    ("train_models", "train"),
    *(("nightly_forecast", f"{group}.{step}") for group in GROUPS for step in STEPS),
    ("nightly_forecast", "plan"),
]

PARSE = """
import sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
start = time.process_time()
bag = DagBag(sys.argv[1])
seconds = time.process_time() - start
heavy = {"torch", "darts", "pandas", "duckdb", "pandera", "pytorch_lightning", "forecasting.jobs"} & sys.modules.keys()
print(len(bag.dags), round(seconds, 3), ",".join(sorted(heavy)) or "light")
"""


def as_scheduled(bag: Any, dag_id: str) -> Any:
    """The DAG as the scheduler sees it, after serialization."""
    return DagSerialization.from_dict(DagSerialization.to_dict(bag.dags[dag_id]))


def test_folder_holds_exactly_these_dags_and_none_fails_to_import(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == set(EDGES)


def test_filling_a_dag_bag_takes_under_a_second_of_processor_time_and_loads_nothing_heavy() -> None:
    path = os.pathsep.join([str(DAGS), str(DAGS.parent), os.environ.get("PYTHONPATH", "")])
    done = run_to_its_end([sys.executable, "-c", PARSE, str(DAGS)], env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    dags, seconds, heavy = done.stdout.splitlines()[-1].split()
    assert int(dags) == len(EDGES)
    assert heavy == "light"
    assert float(seconds) < 1


@pytest.mark.parametrize("dag_id", EDGES)
def test_dag_says_whose_it_is_and_what_to_do_with_it(bag: Any, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert dag.tags == {"forecasting"}
    assert dag.owner == "forecasting"
    for word in ("**Params.**", "When a task fails", *(f"`{param}`" for param in dag.params)):
        assert word in dag.doc_md
    assert Path(dag.fileloc).stem == dag_id


@pytest.mark.parametrize("dag_id", EDGES)
def test_dag_never_catches_up_and_runs_once_at_a_time(bag: Any, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert isinstance(dag.timetable, CronDataIntervalTimetable)


@pytest.mark.parametrize(("dag_id", "edges"), EDGES.items())
def test_steps_follow_each_other(bag: Any, dag_id: str, edges: dict[str, set[str]]) -> None:
    assert {task.task_id: task.downstream_task_ids for task in bag.dags[dag_id].tasks} == edges


@pytest.mark.parametrize(("dag_id", "task_id"), JOBS)
def test_job_is_mapped_over_streams_named_after_its_stream_and_announced_as_an_asset(
    bag: Any, dag_id: str, task_id: str
) -> None:
    task = bag.dags[dag_id].get_task(task_id)
    outlets = task.partial_kwargs["outlets"] if task.is_mapped else task.outlets
    assert task.is_mapped or next(task.iter_mapped_task_groups(), None) is not None
    assert task.map_index_template == "{{ task.op_kwargs['stream'] }}"
    assert [asset.name for asset in outlets] == [OUTLETS[task_id.rpartition(".")[2]]]


def test_plans_wait_for_all_forecasts_however_they_end_and_hide_no_night_that_failed(bag: Any) -> None:
    """A run fails where a leaf does; the score of a night that failed is one."""
    tasks = bag.dags["nightly_forecast"].task_dict
    patient = {name for name, task in tasks.items() if task.trigger_rule == "all_done"}
    assert patient == {"plan", "every_source_ingested"}
    others = {name: task for name, task in tasks.items() if name not in patient | {"alarms", "report"}}
    assert {task.trigger_rule for task in others.values()} == {"all_success"}
    leaves = {name for name, task in others.items() if task.downstream_task_ids <= {"alarms"}}
    assert leaves == {"sources.score", "readers.score"}
    assert tasks["plan"].downstream_task_ids == {"alarms"}


@pytest.mark.parametrize("name", ["alarms", "report"])
def test_alarms_and_page_are_never_a_reason_for_a_run_to_fail_nor_hide_one_that_failed(bag: Any, name: str) -> None:
    """Airflow takes no account of a teardown; the leaves before it decide."""
    last = as_scheduled(bag, "nightly_forecast").get_task(name)
    assert last.is_teardown
    assert not last.on_failure_fail_dagrun
    assert last.trigger_rule == "all_done_setup_success"


def test_who_is_called_hears_of_alarms_and_of_checks_that_failed(bag: Any) -> None:
    task = bag.dags["nightly_forecast"].get_task("alarms")
    behind = [*_as_list(task.on_success_callback), *_as_list(task.on_failure_callback)]
    assert [(type(one).__name__, one.failure) for one in behind] == [("AlarmNotifier", False), ("AlarmNotifier", True)]


def _as_list(callbacks: Any) -> list[Any]:
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]


def test_more_workers_take_part_in_the_forecasts_of_a_night(bag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [name for name in bag.dags["nightly_forecast"].task_dict if "assist" in name]
    monkeypatch.setenv("FORECASTING_WORKERS", "3")
    dag = DagBag(str(DAGS / "nightly_forecast.py"), collect_dags=True).dags["nightly_forecast"]
    for group in GROUPS:
        helpers = {f"{group}.assist_{worker}" for worker in (1, 2)}
        assert dag.get_task(f"{group}.train").downstream_task_ids == helpers | {f"{group}.forecast"}
        assert all(dag.get_task(name).downstream_task_ids == set() for name in helpers)


def test_a_night_has_no_more_workers_than_the_settings_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    from forecasting_dags import number_of_workers

    for text, number in {"": 1, "3": 3, str(MOST_WORKERS): MOST_WORKERS, "1000": MOST_WORKERS, "many": 1}.items():
        monkeypatch.setenv("FORECASTING_WORKERS", text)
        assert number_of_workers() == number


@pytest.mark.parametrize(("dag_id", "task_id"), JOBS)
def test_only_the_night_waits_for_a_late_feed(bag: Any, dag_id: str, task_id: str) -> None:
    task = bag.dags[dag_id].get_task(task_id)
    waits = task_id in ("sources.ingest", "readers.ingest")
    expected = RETRY_RULES_AWAITING_FEED if waits else RETRY_RULES
    assert task.retry_policy.serialize() == expected.serialize()
    assert task.execution_timeout == timedelta(hours=6)


def pauses(task: Any, *, luck: float) -> list[timedelta]:
    """How long Airflow waits before each further try of a task; luck: 0 to 1, of the part that it draws."""
    first, factor, most = task.retry_delay, task.retry_exponential_backoff, task.max_retry_delay
    return [min(first * factor**tried * (1 + luck), most) for tried in range(task.retries)]


@pytest.mark.parametrize(
    ("dag_id", "task_id"),
    [(dag_id, task_id) for dag_id, tasks in EDGES.items() for task_id in tasks if task_id != "every_source_ingested"],
)
def test_every_task_outlives_a_killed_worker_and_a_server_that_is_away(bag: Any, dag_id: str, task_id: str) -> None:
    """Without a person: soon tried again, still tried after half an hour, never more than a quarter apart."""
    task = as_scheduled(bag, dag_id).get_task(task_id)
    fast, slow = (pauses(task, luck=luck) for luck in (0.0, 1.0))
    assert slow[0] <= timedelta(seconds=20)
    assert sum(fast, timedelta()) >= timedelta(minutes=30)
    assert sum(slow, timedelta()) <= timedelta(hours=1)
    assert max(slow) <= timedelta(minutes=15)


@pytest.mark.parametrize("dag_id", EDGES)
@pytest.mark.parametrize("change", ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25"])
def test_intervals_have_a_length_and_touch_each_other_where_clocks_change(bag: Any, dag_id: str, change: str) -> None:
    first = pendulum.parse(change).subtract(days=15)
    runs = list(as_scheduled(bag, dag_id).iter_dagrun_infos_between(first, first.add(days=30)))
    assert len(runs) >= 4
    assert all(run.data_interval.start < run.data_interval.end <= run.run_after for run in runs)
    for run, following in pairwise(runs):
        assert run.data_interval.end == following.data_interval.start


def test_backfill_of_logical_dates_covers_the_origins_one_day_later(bag: Any) -> None:
    from forecasting_dags import origin_date

    first, last = pendulum.datetime(2026, 1, 1), pendulum.datetime(2026, 1, 7, 23, 59)
    runs = as_scheduled(bag, "nightly_forecast").iter_dagrun_infos_between(first, last)
    origins = [origin_date(None, run.data_interval.end) for run in runs]
    assert origins == [(date(2026, 1, 2) + timedelta(days=day)).isoformat() for day in range(7)]


@pytest.mark.parametrize("dag_id", OF_STREAMS)
@pytest.mark.parametrize(
    "conf",
    [
        {"origin": "2026-02-30"},
        {"origin": "yesterday"},
        {"origin": 20260228},
        {"streams": "call_volume"},
        {"streams": ["Call Volume"]},
        {"streams": ["call_volume", "call_volume"]},
    ],
)
def test_bad_param_is_refused_before_any_task_runs(bag: Any, dag_id: str, conf: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError, match=next(iter(conf))):
        as_scheduled(bag, dag_id).params.deep_merge(conf).validate()


@pytest.mark.parametrize("dag_id", OF_STREAMS)
def test_good_params_are_taken(bag: Any, dag_id: str) -> None:
    params = as_scheduled(bag, dag_id).params
    assert {"origin": None, "streams": []}.items() <= params.validate().items()
    conf = {"origin": "2026-02-28", "streams": ["call_volume", "link_traffic"]}
    assert conf.items() <= params.deep_merge(conf).validate().items()


@pytest.mark.parametrize("conf", [{"keep_forecasts": "2 years"}, {"keep_snapshots": "6h"}, {"keep_snapshots": None}])
def test_keep_that_is_none_is_refused_before_the_lake_is_touched(bag: Any, conf: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError, match=next(iter(conf))):
        as_scheduled(bag, "maintain_lake").params.deep_merge(conf).validate()


def test_upkeep_has_the_keeps_of_the_command_and_tries_again_when_the_lake_is_busy(bag: Any) -> None:
    from forecasting.jobs.upkeep import maintain

    params = as_scheduled(bag, "maintain_lake").params.validate()
    assert params == {"keep_snapshots": maintain.KEEP_SNAPSHOTS, "keep_forecasts": maintain.KEEP_FORECASTS}
    task = bag.dags["maintain_lake"].get_task("maintain")
    assert task.retry_policy.serialize() == RETRY_RULES.serialize()


@pytest.mark.parametrize("dag_id", EDGES)
def test_no_task_depends_on_the_past(bag: Any, dag_id: str) -> None:
    """Else Airflow refuses the reprocess behaviour `none`, and a night that failed holds up those after it."""
    assert not any(task.depends_on_past for task in bag.dags[dag_id].tasks)
