"""A run on demand and backfills under a real scheduler, beside what the command line makes of the same origins."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from forecasting.jobs import backfill, ingest
from forecasting.settings import read_settings
from tests.airflow import metadata
from tests.airflow.installation import DEFINITION, HORIZON_HOURS, SERIES, Installation, install
from tests.airflow.scheduler import Airflow, running

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

DAG = "nightly_forecast"
# a model is due on Mondays: the Sunday before belongs to another one
SUNDAY, MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 2, day, 5, tzinfo=UTC) for day in (22, 23, 24, 25))

# without a member whose training is measured every home trains the same models
REPEATABLE = DEFINITION.replace('"calls"\nm', '"visits"\nm').replace('"nbeats", ', "").replace("12s", "10min")

FIRST_VALUES = """
select rows.* exclude (run_id)
from forecast.forecasts as rows
join forecast.publications as publications using (run_id)
where rows.stream = 'visits' and publications.replaces is null and rows.origin between $since and $until
order by all
"""
DEMAND = "select * exclude (run_id, loaded_at) from history.demand where stream = 'visits' order by all"
MODELS = """
select model_id, trained_until, coalesce(parent_model_id, 'cold') as parent, n_steps::varchar as steps, champion, gain
from forecast.models join forecast.decisions on model_id = challenger
where models.stream = 'visits'
order by all
"""
PUBLICATIONS = """
select origin, kind, run_id, coalesce(replaces, 'nothing') as replaces
from forecast.publications
where stream = 'visits'
order by origin, published_at
"""
ATTEMPTS = """
select origin, count(*) as n from forecast.runs where stream = 'visits' and kind = 'backfill' group by all
"""


@pytest.fixture(scope="module")
def airflow(installation: Installation) -> Iterator[Airflow]:
    define_visits(installation)
    with running(installation) as airflow:
        airflow.wait_for("scheduler and DAG processor", airflow.is_healthy)
        airflow.wait_for(DAG, lambda: airflow.call("GET", f"dags/{DAG}"))
        airflow.call("PATCH", f"dags/{DAG}", {"is_paused": False})
        # a run on demand runs beside the first backfill
        conf = {"origin": "2026-02-23", "streams": ["calls"]}
        airflow.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": "monday", "logical_date": None, "conf": conf})
        yield airflow


@pytest.fixture(scope="module")
def backfilled(airflow: Airflow) -> list[dict[str, Any]]:
    """The runs of a backfill of three origins at once, created as the DAG's documentation says."""
    airflow.installation.airflow(
        *("backfill", "create", "--dag-id", DAG, "--from-date", "2026-02-21", "--to-date", "2026-02-23T23:59"),
        *("--max-active-runs", "3", "--dag-run-conf", '{"streams": ["visits"]}'),
    )
    (created,) = airflow.call("GET", f"backfills?dag_id={DAG}")["backfills"]
    finish(airflow, created["id"])
    return airflow.call("GET", f"dags/{DAG}/dagRuns?run_type=backfill&order_by=logical_date")["dag_runs"]


def test_daily_run_on_demand_and_its_rows_are_in_the_lake(airflow: Airflow) -> None:
    state = airflow.wait_for("the run of Monday", lambda: airflow.finished_state(DAG, "monday"))
    assert state == "success", airflow.log_tails()
    rows = HORIZON_HOURS * len(SERIES)
    published = airflow.installation.rows("select origin, kind, rows from forecast.publications where stream = 'calls'")
    assert published == [{"origin": MONDAY, "kind": "manual", "rows": rows}]
    latest = airflow.installation.rows(
        "select count(*) as n, min(ts) as first from analyst.forecast_latest where stream = 'calls'"
    )
    assert latest == [{"n": rows, "first": MONDAY}]


def test_backfill_runs_the_origins_side_by_side(backfilled: list[dict[str, Any]], installation: Installation) -> None:
    """The logical date is the day before the origin, as the DAG's documentation says."""
    assert [run["logical_date"] for run in backfilled] == [f"2026-02-{day}T09:30:00Z" for day in (21, 22, 23)]
    assert max(run["start_date"] for run in backfilled) < min(run["end_date"] for run in backfilled)
    published = [(row["origin"], row["kind"], row["replaces"]) for row in installation.rows(PUBLICATIONS)]
    assert published[:3] == [(origin, "backfill", "nothing") for origin in (SUNDAY, MONDAY, TUESDAY)]


def test_backfill_makes_the_demand_the_models_and_the_rows_of_the_command_line(
    backfilled: list[dict[str, Any]], installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("other")
    other = install(root, metadata.sqlite(root))
    define_visits(other)
    ingest.run(read_settings(other.environment), "visits", until="2026-02-24")
    assert set(backfill_by_command(other, "2026-02-22", "2026-02-24").values()) == {"published"}
    first, second = installation.rows(MODELS)
    assert (first["parent"], second["parent"]) == ("cold", first["model_id"])
    for statement in (DEMAND, MODELS, values_between(SUNDAY, TUESDAY)):
        ours, theirs = (pd.DataFrame(home.rows(statement)) for home in (installation, other))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_command_line_finds_nothing_to_do_after_a_backfill(
    backfilled: list[dict[str, Any]], installation: Installation
) -> None:
    before = installation.rows(PUBLICATIONS)
    assert set(backfill_by_command(installation, "2026-02-22", "2026-02-24").values()) <= {"settled", "unchanged"}
    assert installation.rows(PUBLICATIONS) == before


def test_behaviour_failed_makes_the_origins_that_failed_or_never_ran_and_none_makes_no_other(
    airflow: Airflow, backfilled: list[dict[str, Any]]
) -> None:
    """Wednesday was made by the command line before: its run finds the same rows."""
    ingest.run(read_settings(airflow.installation.environment), "visits", until="2026-02-25")
    assert backfill_by_command(airflow.installation, "2026-02-25", "2026-02-25") == {WEDNESDAY: "published"}
    airflow.call("PATCH", f"dags/{DAG}/dagRuns/{backfilled[1]['dag_run_id']}", {"state": "failed"})
    before = airflow.installation.rows(PUBLICATIONS)
    assert made_again(airflow, "failed", SUNDAY, WEDNESDAY) == {MONDAY: 1, WEDNESDAY: 1}
    assert made_again(airflow, "none", SUNDAY, WEDNESDAY) == {}
    assert airflow.installation.rows(PUBLICATIONS) == before


def test_behaviour_completed_replaces_an_origin_whose_demand_was_corrected_in_time(
    airflow: Airflow, backfilled: list[dict[str, Any]]
) -> None:
    correct_tuesday(airflow.installation)
    before = airflow.installation.rows(PUBLICATIONS)
    assert made_again(airflow, "completed", WEDNESDAY, WEDNESDAY) == {WEDNESDAY: 1}
    (new,) = [row for row in airflow.installation.rows(PUBLICATIONS) if row not in before]
    assert (new["origin"], new["kind"]) == (WEDNESDAY, "backfill")
    assert new["replaces"] in [row["run_id"] for row in before if row["origin"] == WEDNESDAY]


def define_visits(installation: Installation) -> None:
    (installation.root / "streams" / "visits.toml").write_text(REPEATABLE, encoding="utf-8")


def correct_tuesday(installation: Installation) -> None:
    """The feed is corrected, and pulled again before anything later than Tuesday was."""
    feed = installation.root / "feeds" / "calls" / "calls.parquet"
    rows = pd.read_parquet(feed)
    rows["calls"] += (rows["ts"] >= TUESDAY) & (rows["ts"] < WEDNESDAY)
    rows.to_parquet(feed, index=False)
    ingest.run(read_settings(installation.environment), "visits", until="2026-02-25")


def backfill_by_command(installation: Installation, since: str, until: str) -> dict[datetime, str]:
    """Status of each origin."""
    report = backfill.run(read_settings(installation.environment), "visits", since=since, until=until)
    return {datetime.fromisoformat(row["origin"]): row["status"] for row in report.as_dict()["origins"]}


def made_again(airflow: Airflow, behaviour: str, first: datetime, last: datetime) -> dict[datetime, int]:
    """How often a backfill of the origins from `first` to `last` forecast each of them."""
    before = attempts(airflow.installation)
    body = {
        "dag_id": DAG,
        "from_date": (first - timedelta(days=1)).replace(hour=0).isoformat(),
        "to_date": last.replace(hour=0).isoformat(),
        "dag_run_conf": {"streams": ["visits"]},
        "reprocess_behavior": behaviour,
        "max_active_runs": 3,
    }
    finish(airflow, airflow.call("POST", "backfills", body)["id"])
    after = attempts(airflow.installation)
    return {origin: n - before.get(origin, 0) for origin, n in after.items() if n != before.get(origin, 0)}


def attempts(installation: Installation) -> dict[datetime, int]:
    return {row["origin"]: row["n"] for row in installation.rows(ATTEMPTS)}


def finish(airflow: Airflow, backfill_id: int) -> None:
    """Wait for the runs of a backfill, all of which must succeed, and close it."""

    def count(*states: str) -> int:
        asked = "&".join(f"state={state}" for state in states)
        return int(airflow.call("GET", f"dags/{DAG}/dagRuns?{asked}")["total_entries"])

    airflow.wait_for("the backfill", lambda: not count("queued", "running"))
    assert not count("failed"), airflow.log_tails()
    # Airflow notices within half a minute that a backfill has ended, and takes no other of the DAG before
    with suppress(AssertionError):
        airflow.call("PUT", f"backfills/{backfill_id}/cancel")


def values_between(first: datetime, last: datetime) -> str:
    return FIRST_VALUES.replace("$since", f"'{first}'").replace("$until", f"'{last}'")
