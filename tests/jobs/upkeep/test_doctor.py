"""The doctor finds what is wrong and nothing else; every fault here is planted by SQL or on the disk."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.jobs import forecast, ingest
from forecasting.jobs.common.session import wall_clock
from forecasting.jobs.training import train
from forecasting.jobs.upkeep import doctor, lake_checks
from forecasting.jobs.upkeep.diagnosis import Diagnosis
from forecasting.jobs.upkeep.lake_checks import look_at_lake
from forecasting.settings import Settings, read_settings
from forecasting.store import checks
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.contests import make_evidence
from tests.faults.processes import command
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with
from tests.quick_training import MEMBERS, tune_two_steps

NIGHT = "2024-01-30"


def make_home(settings: Settings) -> Settings:
    """A stream of a month, forecast once."""
    define_stream(settings, tables='[[calendar.hours]]\nmon-sun = "06:00-22:00"\n')
    deliver(settings, hourly_rows(days=31))
    ingest.run(settings, "usage", until="2024-02-01")
    forecast.run(settings, "usage", origin=NIGHT)
    return settings


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home to spoil."""
    return begin_with(settings, make_home)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake to spoil in transactions that are rolled back."""
    settings = make_home(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("shared") / "home")}))
    with open_lake(settings) as lake:
        yield lake


def wrong(settings: Settings, **asked: bool) -> list[Diagnosis]:
    return [finding for finding in doctor.run(settings, **asked) if finding.verdict != "ok"]


def wrong_after(lake: Lake, statement: str) -> list[Diagnosis]:
    """What is wrong with the lake's rows once a statement has run."""
    lake.connection.begin()
    try:
        lake.connection.execute(statement)
        return [finding for finding in look_at_lake(lake) if finding.verdict != "ok"]
    finally:
        lake.connection.rollback()


def plant(settings: Settings, statement: str) -> None:
    with open_lake(settings) as lake:
        lake.write(lambda: lake.connection.execute(statement), message="fault")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The present is the day after the feed's last."""
    monkeypatch.setattr(lake_checks, "wall_clock", lambda: datetime(2024, 2, 1, 3, tzinfo=UTC))


def test_sound_installation_has_no_finding_but_ok(home, fresh):
    found = doctor.run(home)
    assert [finding for finding in found if finding.verdict != "ok"] == []
    assert {"settings", "extension ducklake", "lake schema", "key", "model files", "open intervals", "feed age"} <= {
        finding.what for finding in found
    }
    night = next(finding for finding in found if finding.what == "open intervals")
    assert night.message == f"{2 * 2 * 16} rows, one each"


TWICE = {
    "history.demand": "insert into history.demand select * from history.demand where series_id = 'a' "
    "and ts >= timestamptz '2024-01-31' limit 3",
    "history.series": "insert into history.series select * from history.series limit 1",
    "history.ingests": "insert into history.ingests select * from history.ingests",
    "forecast.runs": "insert into forecast.runs select * from forecast.runs limit 1",
    "forecast.publications": "insert into forecast.publications select * from forecast.publications",
    "history.events": "insert into history.events from range(2) select "
    "'e', timestamptz '2024-01-01', 'outage', "
    " 'x', map {}, timestamptz '2024-01-01', timestamptz '2024-01-02', false, 'r'",
    "forecast.models": "insert into forecast.models from range(2) select "
    "'m', 'other', ['trees'], timestamptz '2024-01-01', null, map {}, 1, 1, 'c', 'u', 's', 'r'",
}


@pytest.mark.parametrize(("table", "statement"), TWICE.items(), ids=list(TWICE))
def test_key_that_is_held_twice_is_found(lake, fresh, table, statement):
    found = [
        finding for finding in wrong_after(lake, statement) if finding.what == "key" and finding.where.startswith(table)
    ]
    assert len(found) == 1
    assert (found[0].verdict, found[0].exit_code) == ("error", 3)
    assert "expected one row " in found[0].message
    assert ", found " in found[0].message


FAULTS = {
    "infinite": (
        "update history.demand set y = 'infinity' where series_id = 'a' and ts >= timestamptz '2024-01-31 22:00:00Z'",
        "expected finite values, none below zero, of named series, found 2 that break it, first a at 2024-01-31",
    ),
    "no name": (
        "update history.demand set series_id = ' ' where series_id = 'a' and ts >= timestamptz '2024-01-31 22:00:00Z'",
        "expected finite values, none below zero, of named series, found 2",
    ),
    "a control character in an attribute": (
        "update history.series set attributes = map {'region': 'a' || chr(7)} where series_id = 'a'",
        "expected attributes of named series, without control characters, found 1 that break it, first usage a",
    ),
    "a rejected row twice": (
        "insert into history.quarantine by name from range(2) select 'usage' as stream, 'r' as run_id, 1 as row_no, "
        "'x' as reason, '{}' as raw, 'f' as source, now() as seen_at",
        "found 1 that break it, first stream usage, run_id r, row_no 1",
    ),
    "known before it began": (
        "update history.demand set available_at = ts - interval 1 hour where ts >= timestamptz '2024-01-31'",
        "found 48 that break it, first a at 2024-01-31",
    ),
    "forecast twice": (
        "insert into forecast.forecasts select * from forecast.forecasts limit 1",
        "expected one row for each run_id, stream, series_id, ts, found 1",
    ),
    "rows gone": (
        "delete from forecast.forecasts where series_id = 'b'",
        "claims 64, has 32",
    ),
    "before the origin": (
        "update forecast.forecasts set ts = ts - interval 3 days where horizon_step = 7",
        "expected intervals after the origin, found 2",
    ),
    "crossing": (
        "update forecast.forecasts set q90 = q95 + 1 where horizon_step = 7",
        "expected finite quantiles that do not cross, found 2",
    ),
    "not finite": (
        "update forecast.forecasts set mean = 'nan' where horizon_step = 7",
        "expected finite quantiles that do not cross, found 2",
    ),
    "unknown run": (
        "update forecast.publications set run_id = 'nobody'",
        "expected only runs that are on record, found 1 that break it, first nobody",
    ),
    "unknown model": (
        "insert into forecast.decisions by name select 'usage' as stream, timestamptz '2024-01-01' as "
        "decided_at_origin, 'm' as challenger, 'm' as champion, 'manual' as verdict, 0 as held_back, 0 as series, "
        "'because' as reason, 'me' as decided_by, 'c' as config_hash, timestamptz '2024-01-01' as decided_at",
        "expected only models that are on the register, found 1 that break it, first m decided",
    ),
    "closed interval": (
        "update forecast.forecasts set ts = ts - interval 1 hour, horizon_step = 6 where horizon_step = 7",
        "expected 64 rows, one an open interval, found 2 missing and 2 of closed ones, first a at 2024-01-30 06:00",
    ),
}


@pytest.mark.parametrize(("statement", "told"), FAULTS.values(), ids=list(FAULTS))
def test_rows_that_break_a_rule_are_found_with_the_first_of_them(lake, fresh, statement, told):
    found = wrong_after(lake, statement)
    assert [finding.exit_code for finding in found if told in finding.message] == [3], found


def test_only_what_is_recent_is_checked_unless_all_is_asked_for(settings, fresh):
    define_stream(settings)
    deliver(settings, hourly_rows(days=31 + 29))
    ingest.run(settings, "usage", until="2024-03-01")
    plant(settings, "insert into history.demand select * from history.demand where ts < timestamptz '2024-01-02'")
    assert wrong(settings) == []
    assert [finding.where for finding in wrong(settings, everything=True)] == ["history.demand of usage"]


def test_run_that_was_killed_long_ago_is_a_warning(home, monkeypatch):
    plant(home, "update forecast.runs set status = 'running', process = null where kind = 'manual'")
    monkeypatch.setattr(lake_checks, "wall_clock", lambda: wall_clock() + timedelta(hours=23))
    assert "runs" not in {finding.what for finding in wrong(home)}
    monkeypatch.setattr(lake_checks, "wall_clock", lambda: wall_clock() + timedelta(hours=25))
    (found,) = [finding for finding in wrong(home) if finding.what == "runs"]
    assert (found.verdict, found.exit_code) == ("warning", 0)
    assert "found 1 killed, first usage-manual-" in found.message


def test_feed_that_no_longer_comes_is_a_warning_once_it_was_due(home, monkeypatch):
    # closed from 22:00 on: nothing is due before the next morning's opening hours are over max_age
    for hours, warned in ((7, False), (11, False), (13, True)):
        monkeypatch.setattr(
            lake_checks, "wall_clock", lambda hours=hours: datetime(2024, 2, 1, tzinfo=UTC) + timedelta(hours=hours)
        )
        found = [finding.verdict for finding in wrong(home) if finding.what == "feed age"]
        assert found == (["warning"] if warned else []), hours


def test_damaged_model_is_found(settings, monkeypatch, fresh):
    make_evidence(monkeypatch)
    tune_two_steps(monkeypatch)
    define_stream(settings, members=MEMBERS)
    deliver(settings, hourly_rows(days=31))
    ingest.run(settings, "usage", until="2024-02-01")
    train.run(settings, "usage", origin="2024-02-01")
    assert wrong(settings) == []
    weights = next(Path(settings.models).rglob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    (found,) = wrong(settings)
    assert (found.what, found.exit_code) == ("model files", 3)
    assert "expected sha256" in found.message


def test_home_without_a_lake_is_a_setting_to_correct_and_stays_empty(settings):
    found = [finding for finding in doctor.run(settings) if finding.verdict == "error"]
    assert [(finding.what, finding.exit_code) for finding in found] == [("lake", 2)]
    assert not settings.home.exists()


def test_catalog_that_is_none_is_bad_data(home):
    assert home.catalog_file is not None
    home.catalog_file.write_bytes(b"not a catalog" * 1000)
    (found,) = [finding for finding in wrong(home) if finding.verdict == "error"]
    assert (found.what, found.exit_code) == ("lake", 3)


def test_lake_of_another_version_is_told_apart(home, fresh):
    plant(home, "update meta.migrations set name = 'schema/9999_later.sql' where name = 'schema/0015_upkeep.sql'")
    (found,) = wrong(home)
    assert (found.what, found.verdict, found.exit_code) == ("lake schema", "error", 2)
    plant(home, "delete from meta.migrations where name = 'schema/9999_later.sql'")


def test_lake_that_lacks_a_schema_file_is_brought_up_to_date_by_any_job(home, fresh):
    with open_lake(home) as lake:
        lake.write(
            lambda: lake.connection.execute("delete from meta.migrations where name like 'views/05%'"), message="fault"
        )
    (found,) = wrong(home)
    assert (found.verdict, found.exit_code) == ("warning", 0)
    assert "views/05_dictionary.sql not applied" in found.message
    open_lake(home).connection.close()
    assert wrong(home) == []


def test_a_view_whose_text_changed_keeps_nothing_from_being_checked(home, fresh):
    long_ago = "started_at = timestamptz '2024-01-01'"
    plant(home, f"update forecast.runs set status = 'running', process = null, {long_ago} where kind = 'manual'")
    plant(home, "update meta.migrations set checksum = 'older' where name = 'views/05_dictionary.sql'")
    assert {finding.what for finding in wrong(home)} == {"runs"}


def test_wrong_definition_is_a_setting_to_correct(home, fresh):
    path = home.streams / "usage.toml"
    path.write_text(path.read_text().replace('interval = "1h"', 'interval = "7min"'))
    found = wrong(home)
    assert {finding.what for finding in found} == {"definition"}
    assert max(finding.exit_code for finding in found) == 2


def test_full_disk_folder_and_foreign_wheel_are_found(home, fresh, monkeypatch):
    monkeypatch.setattr(doctor, "free_bytes", lambda _: 3_000_000_000)
    assert [(one.verdict, one.exit_code) for one in wrong(home)] == [("warning", 0)] * 3
    monkeypatch.setattr(doctor, "free_bytes", lambda _: 400_000_000)
    assert [(one.verdict, one.exit_code) for one in wrong(home)] == [("error", 2)] * 3
    monkeypatch.setattr(doctor, "why_not_writable", lambda _: "Permission denied")
    assert all("Permission denied" in one.message for one in wrong(home))
    monkeypatch.undo()
    monkeypatch.setattr(lake_checks, "wall_clock", lambda: datetime(2024, 2, 1, 3, tzinfo=UTC))
    monkeypatch.setattr(doctor, "extension_versions", lambda _: {"ducklake": "1.4.0", "sqlite_scanner": None})
    assert [(one.what, one.verdict) for one in wrong(home)] == [
        ("extension ducklake", "error"),
        ("extension sqlite_scanner", "warning"),
    ]


def test_folder_is_tried_where_it_will_be_made(tmp_path):
    assert checks.why_not_writable(tmp_path / "not" / "yet") is None
    assert not (tmp_path / "not").exists()
    file = tmp_path / "file"
    file.touch()
    assert checks.why_not_writable(file) is not None


def test_night_whose_past_has_changed_is_not_compared(home, fresh):
    plant(home, "delete from forecast.forecasts where horizon_step = 7")
    assert "open intervals" in {finding.what for finding in wrong(home)}
    plant(home, "update forecast.runs set config_hash = 'another'")
    assert "open intervals" not in {finding.what for finding in wrong(home)}


def test_nothing_is_written(home):
    with open_lake_to_read(home) as lake:
        before = lake.snapshot_id()
    doctor.run(home, everything=True)
    with open_lake_to_read(home) as lake:
        assert lake.snapshot_id() == before


def test_command_prints_a_line_a_finding_and_its_exit_code(home):
    done = command(home, "doctor")
    assert (done.code, done.err) == (0, "")
    assert all(line.split()[0] in ("ok", "warning") for line in done.out.splitlines())
    plant(home, "delete from forecast.forecasts where series_id = 'b'")
    done = command(home, "doctor", "--json")
    assert done.code == 3
    assert {"verdict", "what", "where", "message", "exit_code"} == set(json.loads(done.out)[0])
    assert command(home, "doctor", "--from", "2024-01-01").code == 2
