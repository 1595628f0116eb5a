from datetime import UTC, datetime

import pytest

from tests.airflow.installation import HORIZON_HOURS, SERIES, Installation
from tests.airflow.scheduler import Airflow, running

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

NIGHT = "nightly_forecast"
MONDAY, TUESDAY = datetime(2026, 2, 23, 5, tzinfo=UTC), datetime(2026, 2, 24, 5, tzinfo=UTC)


def test_nights_run_under_a_real_scheduler_and_their_rows_are_in_the_lake(installation: Installation) -> None:
    with running(installation) as airflow:
        airflow.wait_for("scheduler and DAG processor", airflow.is_healthy, seconds=90)
        airflow.wait_for(NIGHT, lambda: airflow.call("GET", f"dags/{NIGHT}"), seconds=60)
        airflow.call("PATCH", f"dags/{NIGHT}", {"is_paused": False})
        trigger_monday(airflow)
        backfill_tuesday(airflow)
    published = installation.rows("select stream, origin, kind, rows from forecast.publications order by origin")
    expected = {"stream": "calls", "rows": HORIZON_HOURS * len(SERIES)}
    assert published == [
        expected | {"origin": MONDAY, "kind": "manual"},
        expected | {"origin": TUESDAY, "kind": "backfill"},
    ]
    latest = installation.rows(
        "select count(*) as n, min(ts) as first from analyst.forecast_latest where stream = 'calls'"
    )
    assert latest == [{"n": HORIZON_HOURS * len(SERIES), "first": TUESDAY}]


def trigger_monday(airflow: Airflow) -> None:
    conf = {"origin": "2026-02-23", "streams": ["calls"]}
    body = {"dag_run_id": "monday", "logical_date": None, "conf": conf}
    airflow.call("POST", f"dags/{NIGHT}/dagRuns", body)
    state = airflow.wait_for("the night of Monday", lambda: airflow.finished_state(NIGHT, "monday"), seconds=300)
    assert state == "success", airflow.log_tails()


def backfill_tuesday(airflow: Airflow) -> None:
    """The logical date is the day before the origin, as the DAG's documentation says."""
    airflow.installation.airflow(
        *("backfill", "create", "--dag-id", NIGHT, "--from-date", "2026-02-23", "--to-date", "2026-02-23T23:59"),
        *("--max-active-runs", "1", "--reprocess-behavior", "completed", "--dag-run-conf", '{"streams": ["calls"]}'),
    )
    runs = airflow.call("GET", f"dags/{NIGHT}/dagRuns?run_type=backfill")["dag_runs"]
    assert [run["logical_date"] for run in runs] == ["2026-02-23T09:30:00Z"]
    run_id = runs[0]["dag_run_id"]
    state = airflow.wait_for("the night of Tuesday", lambda: airflow.finished_state(NIGHT, run_id), seconds=240)
    assert state == "success", airflow.log_tails()
