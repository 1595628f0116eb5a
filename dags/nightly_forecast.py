"""
### Nightly forecast

Every day, for each stream by itself: **ingest** new usage, **train** when a retrain boundary has passed, **forecast**
and publish, **score** earlier forecasts against what was measured since. A stream that fails stops no other stream, and
what it published before stays visible.

`sources` holds the streams that have a feed of their own. Those that read others' history (`source.reads`) have the
same steps in `readers`, once every `ingest` of `sources` has ended: where one failed, they read what was there before.
Streams whose definition has `[planning.*]` are **planned** once all forecasts are there. At the end
**alarms** says whether anything needs a person, and notifies people where `FORECASTING_ALARM_*` is set, and the morning
page is written into `FORECASTING_HOME/reports`; where one of them fails, the run does not.

**When.** 09:30 UTC, early morning in the Americas. The *origin*, the first instant that is not known, is the local
midnight (or the stream's `origin_time`) of the date on which the data interval ends. Logical date and origin therefore
differ by one day: the run of logical date 2026-01-30 ends, and runs, on 2026-01-31 and has the origin 2026-01-31.

**Params.** `origin`: another origin date, `YYYY-MM-DD`. `streams`: some streams only, such as `["call_volume"]`.

    airflow dags trigger nightly_forecast --conf '{"origin": "2026-01-31", "streams": ["call_volume"]}'

**Large streams.** With `FORECASTING_WORKERS` of 2 or more, so many tasks share the forecast of a stream that is too
large for one: `forecast`, which publishes it, and `assist_1` and so on, which are over at once for any other stream.

**When a task fails**, its log ends with one line: what, where, expected against found, next step.

| error | what the task does | what you do |
|---|---|---|
| `LakeBusyError` | tries again eight times within an hour, at first after seconds | nothing, unless it stays red |
| `FeedError` in `ingest` | looks again every 10 minutes, eight times | ask the feed's owner, then clear the task |
| `FeedError` in `forecast` | fails at once: usage is too old to forecast from | restore the feed, then clear `ingest` |
| `ContractError` | fails at once, publishes nothing | see `forecasting quarantine list`, correct the feed, clear it |
| `FallbackError`, `InsufficientHistoryError` | fails at once | follow the message's next step, clear the task |
| `SettingsError`, `QueryError` | fails at once | correct the definition, the SQL or the param, clear the task |
| a worker that was killed, a server that is away | the same as `LakeBusyError` | nothing |
| anything else | the same as `LakeBusyError` | read the log |

Clearing a task with all that follow it is always safe: a repeat that finds the same rows publishes nothing.

**Backfill.** Logical dates D1..D2 are the origins D1+1..D2+1; the end of D2 belongs into `--to-date`.
The origins 2026-01-02..2026-01-08 again, as known then, three at a time beside the nightly schedule:

    airflow backfill create --dag-id nightly_forecast --from-date 2026-01-01 --to-date 2026-01-07T23:59 \\
        --max-active-runs 3 --reprocess-behavior completed

| behaviour | which runs it makes |
|---|---|
| `none`, the default | those without a run: whatever a run published stays |
| `failed` | those and the ones whose run failed, from `ingest` on |
| `completed` | all of the range that are not running or queued just now |

A run that is made again publishes where its rows differ from what is published, with the kind `backfill`, and nothing
where they are the same; what it replaces stays in `analyst.forecast_as_of`. Airflow goes by its own record of runs:
where that was cleaned (`airflow db clean`), `none` makes those runs again, but leaves what a nightly run published.
`ingest` pulls nothing for an origin that history has passed. A correction counts from the origin up to which it was
ingested; earlier origins did not know it.

`forecasting backfill STREAM --from 2026-01-02 --to 2026-01-08` makes the same rows, batched and so faster; with
`--replace` it does what `completed` does. Whichever comes second publishes nothing.

A run that fails holds up no other. Follow its last line, then clear it, or run the same backfill again with `failed`.
Models are trained in the order of the origins, so leave `--run-backwards` out, and `origin` out of `--dag-run-conf`.
One backfill of a DAG runs at a time, and Airflow takes up to half a minute to notice that one has ended.
"""

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task_group
from forecasting_dags import (
    DAILY,
    DEFAULT_ARGS,
    RETRY_RULES_AWAITING_FEED,
    TAGS,
    assist,
    forecast,
    ingest,
    list_planned,
    list_readers,
    list_sources,
    list_streams,
    number_of_workers,
    plan,
    resolve_origin,
    run_params,
    score,
    train,
)
from morning_tasks import alarms, report

with DAG(
    "nightly_forecast",
    schedule=DAILY,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=run_params(),
    tags=TAGS,
    doc_md=__doc__,
) as dag:

    def steps(stream: str, origin: str) -> None:
        """One stream's daily run, step after step."""
        ingested = ingest.override(retry_policy=RETRY_RULES_AWAITING_FEED)(stream=stream, until=origin)
        trained = train(stream=stream, origin=origin)
        ingested >> trained >> forecast(stream=stream, origin=origin) >> score(stream=stream, origin=origin)
        for worker in range(1, number_of_workers()):
            helper = assist.override(task_id=f"assist_{worker}")
            trained >> helper(stream=stream, origin=origin, worker=worker)

    origin = resolve_origin()
    streams: Any = list_streams()  # the lists of a run that is to come: Airflow types them as its own
    task_group(group_id="sources")(steps).partial(origin=origin).expand(stream=list_sources(streams))
    task_group(group_id="readers")(steps).partial(origin=origin).expand(stream=list_readers(streams))
    # a step of its own: a trigger rule of the readers' `ingest` would hold for `resolve_origin` too
    every_source = EmptyOperator(task_id="every_source_ingested", trigger_rule="all_done")
    dag.get_task("sources.ingest") >> every_source >> dag.get_task("readers.ingest")
    planned = plan.partial(origin=origin).expand(stream=list_planned(streams))
    # behind the forecasts alone: were it behind `score` too, a run whose forecasts failed would end with a plan, and
    # count as a success
    [dag.get_task("sources.forecast"), dag.get_task("readers.forecast")] >> planned
    # teardowns: they wait for everything, however it ends, and neither make a run fail nor hide one that failed
    checked: Any = alarms(streams=streams, origin=origin)
    reported: Any = report(streams=streams, origin=origin)
    last = [dag.get_task("sources.score"), dag.get_task("readers.score"), planned]
    last >> checked.as_teardown() >> reported.as_teardown()
