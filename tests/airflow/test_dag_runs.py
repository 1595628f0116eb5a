import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.installation import HORIZON_HOURS, SERIES, Installation

pytestmark = pytest.mark.airflow

MONDAY, TUESDAY = datetime(2026, 2, 23, 5, tzinfo=UTC), datetime(2026, 2, 24, 5, tzinfo=UTC)
REQUESTS = {
    "ingest": {"dag_id": "ingest_usage", "conf": {"origin": "2026-02-23", "streams": ["calls"]}},
    "train": {"dag_id": "train_models", "conf": {"origin": "2026-02-23", "streams": ["calls"]}},
    "monday": {
        "dag_id": "nightly_forecast",
        "conf": {"streams": ["no_such_stream", "calls"]},
        "logical_date": "2026-02-23T12:00:00+00:00",
    },
    "tuesday": {"dag_id": "nightly_forecast", "conf": {"origin": "2026-02-24", "streams": ["calls"]}},
    "staffed": {"dag_id": "nightly_forecast", "conf": {"origin": "2026-02-24", "streams": ["staffed", "handle"]}},
    "linked": {"dag_id": "nightly_forecast", "conf": {"origin": "2026-02-24", "streams": ["peaks", "links"]}},
}
STEPS = ("sources.ingest", "sources.train", "sources.forecast", "sources.score")


@pytest.fixture(scope="module")
def outcomes(installation: Installation) -> dict[str, Any]:
    """Outcomes of one run of each DAG and a second daily run, in this order, on one lake."""
    requests, results = installation.root / "requests.json", installation.root / "outcomes.json"
    requests.write_text(json.dumps(list(REQUESTS.values())), encoding="utf-8")
    installation.run(sys.executable, str(Path(__file__).with_name("run_dags.py")), str(requests), str(results))
    return dict(zip(REQUESTS, json.loads(results.read_text(encoding="utf-8")), strict=True))


def states(outcome: dict[str, Any], stream: str) -> list[str]:
    return [outcome["tasks"][f"{step} {stream}"]["state"] for step in STEPS]


def test_ingest_usage_fills_history_up_to_the_origin(outcomes: dict[str, Any], installation: Installation) -> None:
    hours = (MONDAY - datetime(2026, 1, 5, 5, tzinfo=UTC)).days * 24
    assert outcomes["ingest"]["state"] == "success"
    assert outcomes["ingest"]["returned"]["ingest calls"]["rows"] == hours * len(SERIES)
    loaded = installation.rows(
        "select series_id, count(*) as n from history.demand where stream = 'calls' and ts < '2026-02-23 05:00:00+00' "
        "group by 1 order by 1"
    )
    assert loaded == [{"series_id": series, "n": hours} for series in SERIES]


def test_train_models_trains_up_to_the_boundary(outcomes: dict[str, Any], installation: Installation) -> None:
    assert outcomes["train"]["state"] == "success"
    (model,) = installation.rows("select stream, members, trained_until from forecast.models where stream = 'calls'")
    assert model["stream"] == "calls"
    trained = outcomes["train"]["returned"]["train calls"]["details"]
    assert set(json.loads(model["members"])) == trained.keys() - {"model", "verdict"} <= {"nbeats", "profile", "trees"}
    assert installation.rows("select champion, verdict from forecast.decisions where stream = 'calls'") == [
        {"champion": trained["model"], "verdict": "first"}
    ]
    assert model["trained_until"] == MONDAY


def test_daily_run_without_param_takes_the_date_on_which_its_interval_ends(
    outcomes: dict[str, Any], installation: Installation
) -> None:
    assert outcomes["monday"]["returned"]["resolve_origin"] == "2026-02-23"
    published = installation.rows(
        "select stream, origin, kind, rows, complete from forecast.publications where stream = 'calls' order by origin"
    )
    expected = {"stream": "calls", "kind": "manual", "rows": HORIZON_HOURS * len(SERIES), "complete": True}
    assert published == [expected | {"origin": MONDAY}, expected | {"origin": TUESDAY}]


def test_stream_that_fails_stops_neither_the_others_nor_is_it_hidden(outcomes: dict[str, Any]) -> None:
    monday = outcomes["monday"]
    assert states(monday, "calls") == ["success"] * 4
    assert monday["state"] == "failed"
    failed = [name for name, task in monday["tasks"].items() if task["state"] not in ("success", "skipped")]
    assert len(failed) == 4
    assert not any("calls" in name for name in failed)
    page = monday["returned"]["report"]
    assert (page["streams"], list(page["left_out"])) == (["calls"], ["no_such_stream"])


def test_daily_run_of_streams_that_plan_nothing_skips_the_plan_and_ends_well(outcomes: dict[str, Any]) -> None:
    assert outcomes["tuesday"]["returned"]["list_planned"] == []
    assert outcomes["tuesday"]["tasks"]["plan"]["state"] == "skipped"
    assert outcomes["tuesday"]["state"] == "success"


def test_daily_run_of_a_staffed_stream_ends_with_its_plan(outcomes: dict[str, Any], installation: Installation) -> None:
    run = outcomes["staffed"]
    assert run["state"] == "success"
    assert run["tasks"]["plan staffed"] == {"state": "success", "tries": 1}
    summary = run["returned"]["plan staffed"]
    assert summary["status"] == "published"
    forecasts = {stream: run["returned"][f"sources.forecast {stream}"]["run_id"] for stream in ("staffed", "handle")}
    rows = installation.rows(
        "select count(*) as n, min(ts) as first, min(agents) > 0 as held, any_value(forecast_run_id) as staffed, "
        "any_value(handle_run_id) as handle from analyst.staffing_latest where stream = 'staffed'"
    )
    assert rows == [{"n": HORIZON_HOURS * len(SERIES) * 2, "first": TUESDAY, **forecasts, "held": True}]
    (event,) = [event for event in run["announced"] if event["asset"] == "demand_plan"]
    assert (event["stream"], event["rows"]) == ("staffed", summary["rows"])


def test_daily_run_of_a_stream_that_reads_another_follows_its_source_and_is_planned_from(
    outcomes: dict[str, Any], installation: Installation
) -> None:
    run = outcomes["linked"]
    assert run["state"] == "success"
    # the peaks of the newest day are there: their ingest followed that of the hours
    newest = installation.rows("select max(ts) as ts from history.demand where stream = 'peaks' and y is not null")
    assert newest == [{"ts": MONDAY}]
    forecast = run["returned"]["readers.forecast peaks"]["run_id"]
    planned = installation.rows(
        "select series_id, forecast_run_id, capacity from analyst.capacity_latest where failure = 'none' order by all"
    )
    assert planned == [{"series_id": name, "forecast_run_id": forecast, "capacity": 100.0} for name in SERIES]


def test_user_mistake_is_not_retried(outcomes: dict[str, Any]) -> None:
    assert outcomes["monday"]["tasks"]["sources.ingest no_such_stream"] == {"state": "failed", "tries": 1}


def test_second_daily_run_ingests_a_day_keeps_the_model_and_scores_the_first(
    outcomes: dict[str, Any], installation: Installation
) -> None:
    tuesday = outcomes["tuesday"]
    assert tuesday["state"] == "success"
    assert tuesday["returned"]["sources.ingest calls"]["rows"] == 24 * len(SERIES)
    assert tuesday["returned"]["sources.train calls"]["status"] == "unchanged"
    scored = installation.rows(
        "select distinct origin, scored_until from evaluation.scores where scored_until > origin"
    )
    assert {"origin": MONDAY, "scored_until": TUESDAY} in scored


def test_forecast_rows_are_there_for_analysts(outcomes: dict[str, Any], installation: Installation) -> None:
    rows = installation.rows(
        "select series_id, count(*) as n, min(ts) as first, bool_and(q05 <= q50 and q50 <= q95) as sorted "
        "from analyst.forecast_latest where stream = 'calls' group by all order by all"
    )
    assert [row["series_id"] for row in rows] == list(SERIES)
    assert all(row["n"] == HORIZON_HOURS and row["first"] == TUESDAY and row["sorted"] for row in rows)


@pytest.mark.parametrize(
    ("run", "asset", "rows"),
    [
        ("ingest", "demand_history", 49 * 24 * len(SERIES)),
        ("monday", "demand_forecast", HORIZON_HOURS * len(SERIES)),
        ("tuesday", "demand_history", 24 * len(SERIES)),
    ],
)
def test_asset_event_names_stream_origin_and_rows(outcomes: dict[str, Any], run: str, asset: str, rows: int) -> None:
    (event,) = [event for event in outcomes[run]["announced"] if event["asset"] == asset]
    assert (event["stream"], event["rows"]) == ("calls", rows)
    assert datetime.fromisoformat(event["origin"]) == (TUESDAY if run == "tuesday" else MONDAY)
