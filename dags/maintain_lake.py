"""
### Maintain the lake

Every Sunday, before the daily run: remove the rows of runs that were never published and forecasts older than the
retention period, merge small files, expire old snapshots, delete files that nothing names any more. Readers and other
DAGs go on meanwhile: writers wait for one short step at a time. History, scores, models and the record of runs are
never removed, and `analyst.forecast_as_of` answers as before for every origin that stays.

**Params.** `keep_snapshots`: age of the oldest snapshot of the lake that stays. `keep_forecasts`: how far before a
stream's newest origin its forecasts stay.

    airflow dags trigger maintain_lake --conf '{"keep_forecasts": "1100d"}'

**When a task fails**, its log ends with one line that names the next step. Clearing the task is always safe: it goes on
where it stopped, and what is done is not done twice.
"""

import os
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param
from forecasting_dags import DEFAULT_ARGS, RETRY_RULES, TAGS, ZONE, job_task

_AGE: dict[str, Any] = {"type": "string", "pattern": r"^[1-9][0-9]*(d|w)$"}


@job_task(retry_policy=RETRY_RULES)
def maintain(params: Any = None) -> dict[str, Any]:
    from forecasting.jobs.upkeep import maintain
    from forecasting.settings import read_settings

    keeps = {name: params[name] for name in ("keep_snapshots", "keep_forecasts")}
    return maintain.run(read_settings(os.environ), **keeps).as_dict()


with DAG(
    "maintain_lake",
    schedule=CronDataIntervalTimetable("0 6 * * 0", timezone=ZONE),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={
        "keep_snapshots": Param("30d", description="Age of the oldest snapshot that stays, such as 30d or 4w.", **_AGE),
        "keep_forecasts": Param("800d", description="How far before the newest origin forecasts stay.", **_AGE),
    },
    tags=TAGS,
    doc_md=__doc__,
):
    maintain()
