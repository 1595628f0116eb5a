"""What the DAGs of this folder share: schedules, assets, params, retry rules and the tasks themselves.

A task imports its job when it runs, calls it once for one stream and returns the job's summary, a small JSON object.
"""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import (
    Asset,
    CronDataIntervalTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    task,
)
from airflow.sdk.exceptions import AirflowFailException

from forecasting.settings import MOST_WORKERS

# At 09:30 UTC the calendar shows the same date from Anchorage to Auckland, and every local midnight of it has passed:
# one origin date therefore suits streams of any zone in between. In Montreal it is 04:30 or 05:30.
ZONE = "UTC"
EVERY_HOUR = CronDataIntervalTimetable("0 * * * *", timezone=ZONE)
BEFORE_DAILY = CronDataIntervalTimetable("30 8 * * *", timezone=ZONE)
DAILY = CronDataIntervalTimetable("30 9 * * *", timezone=ZONE)

DEMAND_HISTORY = Asset("demand_history")
DEMAND_MODEL = Asset("demand_model")
DEMAND_FORECAST = Asset("demand_forecast")
DEMAND_PLAN = Asset("demand_plan")
DEMAND_SCORE = Asset("demand_score")

TAGS = ["forecasting"]
# The first tries follow each other fast, for a worker that was killed, the last ones slowly, for a server that is away:
# 10 s to 15 minutes apart, over half an hour at least. Of every task, also the smallest: a worker dies in any of them.
DEFAULT_ARGS = {
    "owner": "forecasting",
    "retries": 8,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(hours=6),
}

_ERRORS = "forecasting.errors"
_BUSY = RetryRule(
    f"{_ERRORS}.LakeBusyError",
    RetryAction.RETRY,
    reason="other writers held the lake; nothing was written, so the task tries again, each time later",
)
_HOPELESS = [
    RetryRule(f"{_ERRORS}.{name}", RetryAction.FAIL, reason=reason)
    for name, reason in {
        "SettingsError": "a setting, a definition or a param is wrong; correct it, then clear the task",
        "QueryError": "a SQL file is wrong; correct it, then clear the task",
        "ContractError": "too many rows broke the contract; see the quarantine, correct the feed, then clear the task",
        "FallbackError": "too many series fell back; look at the run's message, then clear the task",
        "InsufficientHistoryError": "there is too little history; ingest more, then clear the task",
        "FeedError": "the feed is missing, damaged or too old; restore it, then clear the task",
    }.items()
]
RETRY_RULES = ExceptionRetryPolicy([_BUSY, *_HOPELESS])

LATE_FEED_DELAY = timedelta(minutes=10)
# The daily run waits for a feed that is late or still being copied: the hourly ingest need not, its next run covers it.
RETRY_RULES_AWAITING_FEED = ExceptionRetryPolicy(
    [
        RetryRule(
            f"{_ERRORS}.FeedError",
            RetryAction.RETRY,
            retry_delay=LATE_FEED_DELAY,
            reason="the feed may be late; the task looks again in 10 minutes",
        ),
        _BUSY,
        *_HOPELESS,
    ]
)

_STREAM = "{{ task.op_kwargs['stream'] }}"


def number_of_workers() -> int:
    """Tasks that share the forecast of a large stream, as FORECASTING_WORKERS says; what is wrong there, jobs say."""
    text = os.environ.get("FORECASTING_WORKERS") or "1"
    return min(int(text), MOST_WORKERS) if text.isdecimal() else 1


def run_params() -> dict[str, Param]:
    """Params of every DAG here: which origin and which streams."""
    return {
        "origin": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Origin date: its local midnight is the first instant that is not known. "
            "Empty: the date on which the run's data interval ends.",
        ),
        "streams": Param(
            [],
            type="array",
            items={"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
            uniqueItems=True,
            description="Streams to run. Empty: all that are in use.",
        ),
    }


def origin_date(given: str | None, interval_end: datetime | None) -> str:
    """Origin date of a run as YYYY-MM-DD: the param, else the date in `ZONE` of the data interval's end.

    Raises AirflowFailException where a run has neither, as one that was triggered without a logical date.
    """
    if given:
        return given
    if interval_end is None:
        raise AirflowFailException(
            "origin: this run has no data interval to take it from; expected the param origin (YYYY-MM-DD) or a "
            'logical date; trigger it again with --conf \'{"origin": "2026-01-31"}\''
        )
    return interval_end.astimezone(ZoneInfo(ZONE)).date().isoformat()


def publication_kind(run_type: str) -> str:
    """The kind that a publication records; `run_type` is Airflow's.

    A scheduled or manual run that a backfill clears and runs again has the type `backfill` from then on.
    """
    return {"scheduled": "nightly", "backfill": "backfill"}.get(run_type, "manual")


def origins_under_way(run: Any, count_runs: Callable[..., int]) -> list[str]:
    """Origin dates before that of a backfill's run whose runs are under way beside it, the oldest first.

    run: Airflow's, with its data interval. count_runs: number of runs of `dag_id` with `logical_dates` in `states`.
    """
    if run.run_type != "backfill":
        return []
    # on the wall clock of the schedule, as cron counts days
    start, end = (at.astimezone(ZoneInfo(ZONE)) for at in (run.data_interval_start, run.data_interval_end))
    period, origins = end - start, []
    while count_runs(dag_id=run.dag_id, logical_dates=[start - period], states=["running"]):
        origins.append(origin_date(None, start))
        start -= period
    return origins[::-1]


def job_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Airflow's `task`. Its log shows an exception with all that led to it: none of them shows a secret."""

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def guarded(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            except Exception as error:
                from forecasting.redaction import redact_error

                redact_error(error)
                raise

        return task(**options)(guarded)

    return decorate


@task
def resolve_origin(params: Any = None, data_interval_end: datetime | None = None, dag_run: Any = None) -> str:
    if params["origin"] and dag_run.run_type == "backfill":
        raise AirflowFailException(
            f"origin: found the param {params['origin']} in a backfill, whose runs would all have this one origin; "
            "expected none, a backfill takes each origin from its dates; create it again with --dag-run-conf '{}'"
        )
    return origin_date(params["origin"], data_interval_end)


@job_task(retry_policy=RETRY_RULES)
def list_streams(params: Any = None) -> list[str]:
    """The streams that were asked for, else every one in use. Each is then checked by its own tasks."""
    from forecasting.jobs.streams import overview

    chosen: list[str] = params["streams"] or overview.in_use(environment_settings())
    if not chosen:
        raise AirflowFailException(
            "streams: none is in use; expected a definition in FORECASTING_STREAMS or the feed of a packaged one"
        )
    return chosen


@job_task(retry_policy=RETRY_RULES)
def list_sources(streams: list[str]) -> list[str]:
    """Those of the streams that read no other one's history; what is wrong with a definition its own tasks say."""
    from forecasting.jobs.common import sources

    return [stream for stream in streams if not sources.reads_others(environment_settings(), stream)]


@job_task(retry_policy=RETRY_RULES)
def list_readers(streams: list[str]) -> list[str]:
    """Those of the streams that read others' history."""
    from forecasting.jobs.common import sources

    return [stream for stream in streams if sources.reads_others(environment_settings(), stream)]


@job_task(outlets=[DEMAND_HISTORY], retry_policy=RETRY_RULES, map_index_template=_STREAM)
def ingest(*, stream: str, until: str | None = None, params: Any = None, outlet_events: Any = None) -> dict[str, Any]:
    from forecasting.jobs import ingest
    from forecasting.jobs.common import sources

    sources.check_sources(environment_settings(), stream)
    until = until or params["origin"]
    summary = ingest.run(environment_settings(), stream, until=until, since=params.get("since")).as_dict()
    return _announced(outlet_events[DEMAND_HISTORY], summary)


@job_task(outlets=[DEMAND_MODEL], retry_policy=RETRY_RULES, map_index_template=_STREAM)
def train(
    *, stream: str, origin: str, dag_run: Any = None, ti: Any = None, outlet_events: Any = None
) -> dict[str, Any]:
    from forecasting.jobs.training import train

    # A model starts from the model of the boundary before it and is judged against the champion of then. Of the runs
    # that a backfill has side by side, the first one here may be the last in time: it trains what the others owe
    # before its own, in order, and they find it done. None waits for another. `depends_on_past` would hold up every
    # run after one that failed, and Airflow then refuses to reprocess `none`; a limit of one running task orders only
    # those that are ready, and one stream would wait for another.
    owed = origins_under_way(dag_run, ti.get_dr_count)
    summary = train.run(environment_settings(), stream, origin=origin, before=owed).as_dict()
    return _announced(outlet_events[DEMAND_MODEL], summary)


@job_task(outlets=[DEMAND_FORECAST], retry_policy=RETRY_RULES, map_index_template=_STREAM)
def forecast(*, stream: str, origin: str, dag_run: Any = None, outlet_events: Any = None) -> dict[str, Any]:
    from forecasting.jobs import forecast

    kind = publication_kind(dag_run.run_type)
    # what Airflow does not remember may have been published: only a run that somebody cleared is replaced
    keep_nightly = kind == "backfill" and not dag_run.clear_number
    summary = forecast.run(
        environment_settings(), stream, origin=origin, kind=kind, keep_nightly=keep_nightly
    ).as_dict()
    return _announced(outlet_events[DEMAND_FORECAST], summary)


@job_task(retry_policy=RETRY_RULES, map_index_template=_STREAM)
def assist(*, stream: str, origin: str, worker: int) -> dict[str, Any]:
    """Take part in the forecast of a stream that is too large for one task; at once over for any other."""
    from forecasting.jobs.blocks import assist

    settings = environment_settings()
    return assist.assist(settings, stream, origin=origin, worker=worker, workers=settings.workers).as_dict()


@job_task(retry_policy=RETRY_RULES)
def list_planned(streams: list[str]) -> list[str]:
    """Those of the streams whose definition asks for a plan; what is wrong with a definition its own tasks say."""
    from forecasting.jobs import line

    return [stream for stream in streams if line.plans(environment_settings(), stream)]


# a plan needs the forecasts of several streams: it waits for all of them, however they end, and says what it lacks
@job_task(outlets=[DEMAND_PLAN], retry_policy=RETRY_RULES, trigger_rule="all_done", map_index_template=_STREAM)
def plan(*, stream: str, origin: str | None, outlet_events: Any = None) -> dict[str, Any]:
    from forecasting.jobs import plan

    if origin is None:
        raise AirflowFailException("origin: none, because resolve_origin failed; see its log, then clear both tasks")
    summary = plan.run(environment_settings(), stream, origin=origin).as_dict()
    return _announced(outlet_events[DEMAND_PLAN], summary)


@job_task(outlets=[DEMAND_SCORE], retry_policy=RETRY_RULES, map_index_template=_STREAM)
def score(*, stream: str, origin: str, outlet_events: Any = None) -> dict[str, Any]:
    from forecasting.jobs import score

    summary = score.run(environment_settings(), stream, origin=origin).as_dict()
    return _announced(outlet_events[DEMAND_SCORE], summary)


def environment_settings() -> Any:
    """Of the environment, when a task runs."""
    from forecasting.settings import read_settings

    return read_settings(os.environ)


def _announced(event: Any, summary: dict[str, Any]) -> dict[str, Any]:
    """The summary, whose stream, origin and number of rows go into the asset's event."""
    event.extra = {key: summary[key] for key in ("stream", "origin", "rows")}
    return summary
