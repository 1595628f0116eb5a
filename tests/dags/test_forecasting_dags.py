from datetime import UTC, datetime, timedelta
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
    QueryError,
    SettingsError,
)
from forecasting.jobs import streams
from forecasting.terms import RunKind

FAIL_AT_ONCE = [
    SettingsError("x"),
    QueryError("x"),
    ContractError("x", table="history.demand", check="y", failed=1),
    FallbackError("x"),
    InsufficientHistoryError("x", have=1, need=2),
]
LEFT_TO_AIRFLOW = [ModelError("x"), LakeError("x"), MemoryError("x"), OSError("x")]


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
    minute, hour, *_ = forecasting_dags.EVERY_NIGHT.expression.split()
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


def decide(policy: ExceptionRetryPolicy, error: Exception) -> tuple[RetryAction, timedelta | None, str | None]:
    decision = policy.evaluate(error, try_number=1, max_tries=4)
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
    assert (action, delay) == (RetryAction.RETRY, timedelta(minutes=20))
    assert decide(forecasting_dags.RETRY_RULES, FeedError("x"))[0] is RetryAction.FAIL


def test_every_error_class_was_thought_of() -> None:
    tried = {type(error) for error in [*FAIL_AT_ONCE, *LEFT_TO_AIRFLOW]} | {LakeBusyError, FeedError, ForecastingError}
    defined = {value for value in vars(errors).values() if isinstance(value, type)}
    assert {kind for kind in defined if issubclass(kind, ForecastingError)} <= tried


def test_night_runs_the_streams_that_were_asked_for_else_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "in_use", lambda _: ["call_volume", "link_traffic"])
    chosen = forecasting_dags.list_streams.function
    assert chosen(params={"streams": ["link_traffic"]}) == ["link_traffic"]
    assert chosen(params={"streams": []}) == ["call_volume", "link_traffic"]


def test_night_without_any_stream_fails_instead_of_doing_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "in_use", lambda _: [])
    with pytest.raises(AirflowFailException, match="FORECASTING_STREAMS"):
        forecasting_dags.list_streams.function(params={"streams": []})
