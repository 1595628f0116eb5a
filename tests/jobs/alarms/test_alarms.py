"""Alarms on generated days in a lake: quiet without faults, raised by them, answered, sent, shown."""

import json

import pytest
from cases.alarm_days import Days, define_streams, write_days
from typer.testing import CliRunner

from forecasting.cli.app import app
from forecasting.errors import SettingsError
from forecasting.jobs.alarms import answers, check, listing, notify
from forecasting.jobs.reports import run as report
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake
from tests.notices import mail_server, webhook_server
from tests.publications import ask

PAST, FAULTY = 36, 30
"""Days that are written, and the one with which a fault of two days begins on the second stream."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two streams; the second one's demand is half of what was forecast from FAULTY on."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("alarms"))})
    worlds = [Days(name, seed=number, series=12) for number, name in enumerate(("sound", "faulty"), start=3)]
    define_streams(settings, worlds)
    bad = dict.fromkeys((FAULTY, FAULTY + 1), "holiday missed")
    with open_lake(settings) as lake:
        for world in worlds:
            write_days(lake, world, PAST, faults=bad if world.name == "faulty" else {})
    return settings


ORIGIN = str(Days("any", 0, 1).origin_after(FAULTY))
LATER = [str(Days("any", 0, 1).origin_after(FAULTY + days)) for days in (1, 2, 3)]


@pytest.fixture
def checked(home: Settings) -> check.AlarmSummary:
    return check.run(home, [], origin=ORIGIN)


def test_a_fault_raises_one_alarm_of_its_stream(checked):
    assert list(checked.alarms["stream"]) == ["faulty"]
    row = checked.alarms.iloc[0]
    assert (row["about"], row["place"], row["state"]) == ("forecast", "*", "raised")
    assert row["value"] > row["upper_limit"] or row["value"] < row["lower_limit"]
    assert checked.needs == 1
    assert not checked.errors


def test_a_repeat_of_an_origin_appends_nothing(home, checked):
    count = "select (select count(*) from forecast.alarms), (select count(*) from evaluation.measures)"
    with open_lake(home) as lake:
        before = ask(lake, count)
    again = check.run(home, [], origin=ORIGIN)
    assert again.alarms.equals(checked.alarms)
    with open_lake(home) as lake:
        assert ask(lake, count) == before


def test_nothing_is_used_that_was_not_known_at_the_origin(home, checked):
    with open_lake(home) as lake:
        ((known,),) = ask(
            lake, "select count(*) from evaluation.measures where origin > $at", at=f"{ORIGIN} 12:00:00+00"
        )
        assert known == 0
        ((first,),) = ask(lake, "select min(origin) from history.demand, forecast.publications")
    assert first


def test_an_answer_ends_the_call_and_the_alarm_ends_by_itself(home, checked):
    alarm = checked.alarms["alarm_id"].iloc[0]
    with pytest.raises(SettingsError, match="--reason"):
        answers.acknowledge(home, alarm, author="ana", reason=" ", until=None)
    answers.acknowledge(home, alarm, author="ana", reason="feed's owner knows", until=None)
    shown = listing.show(home)
    assert list(shown["acknowledged_by"]) == ["ana"]
    assert not shown["needs_person"].any()
    lasting = check.run(home, [], origin=LATER[0])
    assert list(lasting.alarms["alarm_id"]) == [alarm]
    assert (lasting.raised, lasting.needs) == ([], 0)
    check.run(home, [], origin=LATER[1])
    after = check.run(home, [], origin=LATER[2])
    assert after.alarms.empty
    assert "over" in set(listing.show(home, every=True)["state"])
    with pytest.raises(SettingsError, match="it is over"):
        answers.acknowledge(home, alarm, author="ana", reason="late", until=None)
    with pytest.raises(SettingsError, match="there is none"):
        answers.acknowledge(home, "calls-feed-19990101", author="ana", reason="x", until=None)


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose only stream has a new alarm."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("sent"))})
    world = Days("calls", seed=8, series=8)
    define_streams(settings, [world])
    with open_lake(settings) as lake:
        write_days(lake, world, 24, faults={23: "half of the feed"})
    check.run(settings, [], origin=str(world.origin_after(23)))
    return settings


def with_ways(home: Settings, monkeypatch, **ways: str) -> Settings:
    environment = home.as_environment() | {f"FORECASTING_ALARM_{key}": value for key, value in ways.items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings(environment)


def test_muted_alarms_call_nobody_until_they_may(calling):
    with pytest.raises(SettingsError, match="--until"):
        answers.mute(calling, "calls", about=None, group=None, author="bo", reason="move", until=None)
    answers.mute(calling, "calls", about="feed", group=None, author="bo", reason="move", until="2024-12-01")
    assert not listing.show(calling)["needs_person"].any()
    answers.mute(calling, "calls", about="feed", group=None, author="bo", reason="done", until=None, undo=True)
    assert listing.show(calling)["needs_person"].all()


def test_a_way_that_fails_is_named_and_nothing_is_marked_as_sent(calling, monkeypatch):
    with webhook_server() as web:
        web.answer = 500
        sent = notify.run(with_ways(calling, monkeypatch, WEBHOOK=web.address))
    assert (sent.alarms, sent.ways) == ([], [])
    assert "T0PSECRETPATH" not in sent.errors[0]
    assert listing.show(calling)["sent_at"].isna().all()


def test_the_command_sends_by_every_way_once_and_its_exit_code_calls(calling, monkeypatch):
    with webhook_server() as web, mail_server() as post:
        ways = {"WEBHOOK": web.address, "SMTP": post.address, "MAIL_TO": "night@example.org"}
        with_ways(calling, monkeypatch, **ways)
        first = CliRunner().invoke(app, ["alarms", "calls", "--notify", "--json"])
        again = CliRunner().invoke(app, ["alarms", "--notify"])
    assert (first.exit_code, again.exit_code) == (4, 4)
    (body,), (message,) = web.got, post.got
    found = json.loads(first.stdout)
    assert [one["alarm_id"] for one in body["alarms"]] == found["sent"]["alarms"]
    assert "no value" in body["text"]
    assert "forecasting: 1 alarm (calls)" in message
    assert "T0PSECRETPATH" not in first.output + again.output


def test_a_failure_is_reported_without_secrets(calling, monkeypatch):
    with webhook_server() as web:
        settings = with_ways(calling, monkeypatch, WEBHOOK=web.address)
        notify.report_failure(settings, where="nightly_forecast alarms", error="password=hunter2hunter2 refused")
    (body,) = web.got
    assert "nightly_forecast alarms failed" in body["text"]
    assert "hunter2" not in body["text"]


def test_the_report_shows_the_alarm_and_what_to_do(calling, tmp_path):
    made = report.run(calling, [], folder=tmp_path)
    page = (tmp_path / f"{made.day}.html").read_text(encoding="utf-8")
    alarm = listing.show(calling)["alarm_id"].iloc[0]
    assert f"forecasting alarms ack {alarm}" in page
    assert "calls for a person" in made.lead
    assert "no value" in page


def test_a_stream_without_a_definition_is_left_out_unless_it_is_named(calling):
    path = calling.streams / "calls.toml"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    try:
        assert (check.run(calling, []).checked, check.run(calling, []).errors) == ({}, {})
        assert list(check.run(calling, ["calls"]).errors) == ["calls"]
    finally:
        path.write_text(text, encoding="utf-8")
