"""
### Ingest usage

Every hour, for each stream by itself: pull the usage since the last ingest, up to the last whole interval before now,
check it, quarantine what is wrong and append the rest to `history.demand`. Rows that arrive late or change are found as
long as they lie within the stream's `lookback`; a run that was missed needs no repair, the next one starts where the
last one ended. A stream that reads others' history may be an hour behind them.

**Params.** `origin`: ingest up to the local midnight of this date instead of now.
`since`: pull again everything from this date on, whatever was pulled before. `streams`: some streams only.

    airflow dags trigger ingest_usage \\
        --conf '{"since": "2026-01-01", "origin": "2026-01-31", "streams": ["call_volume"]}'

**When a task fails**, its log ends with one line that names the next step. A busy lake is tried again. A missing or
damaged feed fails at once: the next hour looks again, and covers the gap. Bad rows beyond `max_bad_share` fail at once
as well: see `forecasting quarantine list`, correct the feed or its SQL, then clear the task.

Other DAGs can be scheduled on the asset `demand_history`; the event's extra names stream, origin and rows.
"""

from airflow.sdk import DAG, Param
from forecasting_dags import DEFAULT_ARGS, EVERY_HOUR, TAGS, ingest, list_streams, run_params

with DAG(
    "ingest_usage",
    schedule=EVERY_HOUR,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={
        **run_params(),
        "since": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Pull again from the local midnight of this date. Empty: from the last ingest on.",
        ),
    },
    tags=TAGS,
    doc_md=__doc__,
):
    ingest.expand(stream=list_streams())
