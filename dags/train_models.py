"""
### Train models

Every day, an hour before `nightly_forecast`: fit the models of each stream whose retrain boundary has passed since they
were last fitted, so that it finds them ready. Boundaries lie on a fixed calendar, whole `retrain` periods of local days
since 1970-01-05, so on most days there is nothing to do. `nightly_forecast` trains them itself where this DAG is
paused.

**Params.** `origin`: train as of this date, `YYYY-MM-DD`; empty: the date on which the data interval ends.
`streams`: some streams only.

    airflow dags trigger train_models --conf '{"origin": "2026-01-31", "streams": ["call_volume"]}'

**When a task fails**, its log ends with one line that names the next step. A busy lake is tried again; a wrong setting
or too little history fails at once. Clearing the task is always safe: a model that was finished is not trained twice.

Other DAGs can be scheduled on the asset `demand_model`; the event's extra names stream, origin and rows.
"""

from airflow.sdk import DAG
from forecasting_dags import BEFORE_DAILY, DEFAULT_ARGS, TAGS, list_streams, resolve_origin, run_params, train

with DAG(
    "train_models",
    schedule=BEFORE_DAILY,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=run_params(),
    tags=TAGS,
    doc_md=__doc__,
):
    train.partial(origin=resolve_origin()).expand(stream=list_streams())
