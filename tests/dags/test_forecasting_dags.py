from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import forecasting_dags
import pytest
from airflow.sdk import ExceptionRetryPolicy, RetryAction
from airflow.sdk.exceptions import AirflowFailException

from forecasting import errors
from forecasting.errors import (
    ContractError,
    FallbackError,
    FeedError,
    ForecastingError,
    InsufficientHistoryError,
    LakeBusyError,
    LakeError,
    ModelError,
    NoticeError,
    QueryError,
    SettingsError,
    UnexpectedError,
)
from forecasting.jobs import forecast, plan
from forecasting.jobs.common import sources
from forecasting.jobs.streams import overview
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.terms import RunKind
from tests.feeds import define_stream
from tests.unreadable import DAMAGES

FAIL_AT_ONCE = [
    SettingsError("x"),
    QueryError("x"),
    ContractError("x", table="history.demand", check="y", failed=1),
    FallbackError("x"),
    InsufficientHistoryError("x", have=1, need=2),
]
LEFT_TO_AIRFLOW = [
    *(ModelError("x"), LakeError("x"), NoticeError("x"), UnexpectedError("x"), MemoryError("x"), OSError("x")),
]


def test_origin_param_wins_over_the_data_interval() -> None:
    assert forecasting_dags.origin_date("2026-01-31", datetime(2026, 3, 1, tzinfo=UTC)) == "2026-01-31"


def test_origin_is_the_date_on_which_the_data_interval_ends() -> None:
    assert forecasting_dags.origin_date(None, datetime(2026, 3, 1, 9, 30, tzinfo=UTC)) == "2026-03-01"


def test_origin_is_read_on_the_schedules_own_clock() -> None:
    evening_in_montreal = datetime(2026, 2, 28, 22, tzinfo=ZoneInfo("America/Toronto"))
    assert forecasting_dags.origin_date(None, evening_in_montreal) == "2026-03-01"


def test_origin_follows_a_schedule_that_is_moved_to_another_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting_dags, "ZONE", "America/Toronto")
    assert forecasting_dags.origin_date(None, datetime(2026, 3, 8, 3, tzinfo=UTC)) == "2026-03-07"
    assert forecasting_dags.origin_date(None, datetime(2026, 3, 9, 5, tzinfo=UTC)) == "2026-03-09"


def test_run_without_param_and_data_interval_is_refused_with_the_next_step() -> None:
    with pytest.raises(AirflowFailException, match=r"no data interval.*--conf"):
        forecasting_dags.origin_date(None, None)


@pytest.mark.parametrize("day", [datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)])
def test_nights_date_is_the_local_date_of_every_zone_from_anchorage_to_auckland(day: datetime) -> None:
    minute, hour, *_ = forecasting_dags.DAILY.expression.split()
    instant = day.replace(hour=int(hour), minute=int(minute))
    zones = [ZoneInfo(zone) for zone in available_timezones()]
    inhabited = [zone for zone in zones if timedelta(hours=-9) <= zone.utcoffset(day) <= timedelta(hours=13)]
    assert len(inhabited) > 400
    assert {instant.astimezone(zone).date() for zone in inhabited} == {day.date()}


@pytest.mark.parametrize(
    ("run_type", "kind"),
    [("scheduled", "nightly"), ("backfill", "backfill"), ("manual", "manual"), ("asset_triggered", "manual")],
)
def test_publication_says_why_it_was_made(run_type: str, kind: str) -> None:
    assert forecasting_dags.publication_kind(run_type) == RunKind(kind)


def test_backfill_that_names_one_origin_for_all_its_nights_is_refused() -> None:
    resolve, end = forecasting_dags.resolve_origin.function, datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    given, none = {"origin": "2026-01-31"}, {"origin": None}
    assert resolve(params=given, data_interval_end=end, dag_run=SimpleNamespace(run_type="manual")) == "2026-01-31"
    backfill = SimpleNamespace(run_type="backfill")
    assert resolve(params=none, data_interval_end=end, dag_run=backfill) == "2026-03-01"
    with pytest.raises(AirflowFailException, match=r"2026-01-31.*--dag-run-conf"):
        resolve(params=given, data_interval_end=end, dag_run=backfill)


def under_way(run_type: str, start: datetime, end: datetime, running: list[datetime]) -> list[str]:
    """Origins of the nights before a run, of which those that begin at `running` are running."""
    run = SimpleNamespace(dag_id="daily", run_type=run_type, data_interval_start=start, data_interval_end=end)

    def count_runs(*, dag_id: str, logical_dates: list[datetime], states: list[str]) -> int:
        assert (dag_id, states) == ("daily", ["running"])
        return sum(date in running for date in logical_dates)

    return forecasting_dags.origins_under_way(run, count_runs)


def at_run(day: int) -> datetime:
    return datetime(2026, 3, day, 9, 30, tzinfo=UTC)


def test_night_of_a_backfill_knows_the_nights_before_it_that_run_beside_it_in_their_order() -> None:
    running = [at_run(day) for day in (2, 5, 6, 7, 8)]
    assert under_way("backfill", at_run(7), at_run(8), running) == ["2026-03-06", "2026-03-07"]
    assert under_way("backfill", at_run(5), at_run(6), running) == []


def test_night_of_the_schedule_waits_for_no_night_of_a_backfill() -> None:
    assert under_way("scheduled", at_run(7), at_run(8), [at_run(6)]) == []


def test_nights_before_are_found_where_the_clock_of_the_schedule_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting_dags, "ZONE", "America/Toronto")
    winter, summer = [datetime(2026, 3, day, 10, tzinfo=UTC) for day in (6, 7)], datetime(2026, 3, 8, 9, tzinfo=UTC)
    following = datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert under_way("backfill", summer, following, winter) == ["2026-03-07", "2026-03-08"]


def test_night_of_a_backfill_trains_first_what_nights_before_it_owe(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, list[str]]] = []

    def note(_settings: object, stream: str, *, origin: str, before: list[str]) -> Any:
        asked.append((origin, before))
        return SimpleNamespace(as_dict=lambda: {"stream": stream, "origin": origin, "rows": 0})

    monkeypatch.setattr(train, "run", note)
    run = SimpleNamespace(
        dag_id="daily", run_type="backfill", data_interval_start=at_run(7), data_interval_end=at_run(8)
    )
    running = [at_run(5), at_run(6)]
    ti = SimpleNamespace(get_dr_count=lambda *, logical_dates, **_: sum(date in running for date in logical_dates))
    outlets = {forecasting_dags.DEMAND_MODEL: SimpleNamespace(extra=None)}
    forecasting_dags.train.function(stream="calls", origin="2026-03-08", dag_run=run, ti=ti, outlet_events=outlets)
    assert asked == [("2026-03-08", ["2026-03-06", "2026-03-07"])]


@pytest.mark.parametrize(
    ("run_type", "clear_number", "spared"), [("scheduled", 0, False), ("backfill", 0, True), ("backfill", 1, False)]
)
def test_only_a_night_that_a_backfill_clears_replaces_what_a_nightly_run_published(
    monkeypatch: pytest.MonkeyPatch, run_type: str, clear_number: int, spared: bool
) -> None:
    asked: list[dict[str, Any]] = []

    def note(_settings: object, stream: str, **given: Any) -> Any:
        asked.append(given)
        return SimpleNamespace(as_dict=lambda: {"stream": stream, "origin": given["origin"], "rows": 0})

    monkeypatch.setattr(forecast, "run", note)
    run = SimpleNamespace(run_type=run_type, clear_number=clear_number)
    outlets = {forecasting_dags.DEMAND_FORECAST: SimpleNamespace(extra=None)}
    forecasting_dags.forecast.function(stream="calls", origin="2026-03-08", dag_run=run, outlet_events=outlets)
    kind = "nightly" if run_type == "scheduled" else "backfill"
    assert asked == [{"origin": "2026-03-08", "kind": kind, "keep_nightly": spared}]


def decide(policy: ExceptionRetryPolicy, error: Exception) -> tuple[RetryAction, timedelta | None, str | None]:
    decision = policy.evaluate(error, try_number=1, max_tries=8)
    return decision.action, decision.retry_delay, decision.reason


@pytest.mark.parametrize("policy", [forecasting_dags.RETRY_RULES, forecasting_dags.RETRY_RULES_AWAITING_FEED])
def test_busy_lake_is_tried_again_with_the_tasks_own_backoff(policy: ExceptionRetryPolicy) -> None:
    action, delay, reason = decide(policy, LakeBusyError("x"))
    assert (action, delay) == (RetryAction.RETRY, None)
    assert "nothing was written" in (reason or "")


@pytest.mark.parametrize("policy", [forecasting_dags.RETRY_RULES, forecasting_dags.RETRY_RULES_AWAITING_FEED])
@pytest.mark.parametrize("error", FAIL_AT_ONCE, ids=lambda error: type(error).__name__)
def test_error_that_time_does_not_heal_fails_at_once_with_a_next_step(
    policy: ExceptionRetryPolicy, error: ForecastingError
) -> None:
    action, _, reason = decide(policy, error)
    assert action is RetryAction.FAIL
    assert "then clear the task" in (reason or "")


@pytest.mark.parametrize("policy", [forecasting_dags.RETRY_RULES, forecasting_dags.RETRY_RULES_AWAITING_FEED])
@pytest.mark.parametrize("error", LEFT_TO_AIRFLOW, ids=lambda error: type(error).__name__)
def test_any_other_error_is_left_to_airflows_retries(policy: ExceptionRetryPolicy, error: Exception) -> None:
    assert decide(policy, error)[0] is RetryAction.DEFAULT


def test_late_feed_is_awaited_by_the_night_and_by_no_other_step() -> None:
    action, delay, _ = decide(forecasting_dags.RETRY_RULES_AWAITING_FEED, FeedError("x"))
    assert (action, delay) == (RetryAction.RETRY, timedelta(minutes=10))
    assert decide(forecasting_dags.RETRY_RULES, FeedError("x"))[0] is RetryAction.FAIL


def test_every_error_class_was_thought_of() -> None:
    tried = {type(error) for error in [*FAIL_AT_ONCE, *LEFT_TO_AIRFLOW]} | {LakeBusyError, FeedError, ForecastingError}
    defined = {value for value in vars(errors).values() if isinstance(value, type)}
    assert {kind for kind in defined if issubclass(kind, ForecastingError)} <= tried


def test_night_runs_the_streams_that_were_asked_for_else_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "in_use", lambda _: ["call_volume", "link_traffic"])
    chosen = forecasting_dags.list_streams.function
    assert chosen(params={"streams": ["link_traffic"]}) == ["link_traffic"]
    assert chosen(params={"streams": []}) == ["call_volume", "link_traffic"]


def test_every_stream_has_its_night_once_before_or_after_those_that_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "reads_others", lambda _, stream: stream == "link_peak")
    listed = ["call_volume", "link_peak", "link_traffic", "nope"]
    assert forecasting_dags.list_sources.function(listed) == ["call_volume", "link_traffic", "nope"]
    assert forecasting_dags.list_readers.function(listed) == ["link_peak"]


def test_definitions_that_cannot_be_read_stop_no_list_of_streams(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gets tasks of its own, which say what is wrong."""
    monkeypatch.setattr(forecasting_dags, "environment_settings", lambda: settings)
    define_stream(settings, "usage")
    define_stream(settings, "reader", source='reads = ["usage", "broken_folder"]')
    for damage in DAMAGES:
        damage(settings, f"broken_{damage.__name__}")
    listed = forecasting_dags.list_streams.function(params={"streams": []})
    assert len(listed) == 2 + len(DAMAGES)
    assert forecasting_dags.list_readers.function(listed) == ["reader"]
    assert forecasting_dags.list_sources.function(listed) == [name for name in listed if name != "reader"]
    assert forecasting_dags.list_planned.function(listed) == []
    for name in (name for name in listed if name.startswith("broken_") and "sql" not in name):
        with pytest.raises(SettingsError, match="broken_"):
            forecasting_dags.ingest.function(stream=name, until="2026-03-08", params={}, outlet_events={})


def test_ingest_of_a_stream_that_reads_what_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, stream: str) -> None:
        raise SettingsError(f"{stream}: source.reads")

    monkeypatch.setattr(sources, "check_sources", refuse)
    with pytest.raises(SettingsError, match=r"link_peak: source\.reads"):
        forecasting_dags.ingest.function(stream="link_peak", until="2026-03-08", outlet_events={})


def test_streams_whose_definition_asks_for_it_are_planned_and_one_that_cannot_be_read_holds_up_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asks(_: object, stream: str) -> bool:
        if stream == "nope":
            raise SettingsError("stream 'nope' does not exist")
        return stream == "call_volume"

    monkeypatch.setattr(plan, "plans", asks)
    chosen = forecasting_dags.list_planned.function(["nope", "call_aht", "call_volume"])
    assert chosen == ["call_volume"]


def test_plan_of_a_night_without_an_origin_fails_at_once_instead_of_being_tried_again() -> None:
    """It waits for the forecasts however they end, so that it runs where `resolve_origin` failed too."""
    with pytest.raises(AirflowFailException, match="resolve_origin failed"):
        forecasting_dags.plan.function(stream="call_volume", origin=None)


def test_night_without_any_stream_fails_instead_of_doing_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "in_use", lambda _: [])
    with pytest.raises(AirflowFailException, match="FORECASTING_STREAMS"):
        forecasting_dags.list_streams.function(params={"streams": []})
