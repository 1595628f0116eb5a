"""What stands behind the task `alarms`: notices of what is new, or that the checks failed."""

from types import SimpleNamespace

import pytest
from alarm_notifier import AlarmNotifier
from cases.alarm_days import Days, define_streams, write_days

from forecasting.jobs.alarms import check
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake
from tests.notices import webhook_server

CONTEXT = {"task_instance": SimpleNamespace(dag_id="nightly_forecast", task_id="alarms")}


@pytest.fixture
def calling(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    world = Days("calls", seed=8, series=4)
    define_streams(settings, [world])
    with open_lake(settings) as lake:
        write_days(lake, world, 20, faults={19: "nothing published"})
    check.run(settings, [], origin=str(world.origin_after(19)))
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    return settings


def test_new_alarms_are_sent_once(calling, monkeypatch):
    with webhook_server() as server:
        monkeypatch.setenv("FORECASTING_ALARM_WEBHOOK", server.address)
        AlarmNotifier().notify(CONTEXT)
        AlarmNotifier().notify(CONTEXT)
    (body,) = server.got
    assert "calls: nothing was published" in body["text"]


def test_checks_that_failed_are_reported_without_secrets(calling, monkeypatch):
    with webhook_server() as server:
        monkeypatch.setenv("FORECASTING_ALARM_WEBHOOK", server.address)
        AlarmNotifier(failure=True).notify(CONTEXT | {"exception": ValueError("password=hunter2hunter2")})
    (body,) = server.got
    assert body["text"] == "nightly_forecast alarms failed: password=***"


def test_without_a_way_nothing_is_sent_and_nothing_fails(calling):
    AlarmNotifier().notify(CONTEXT)
