"""The upkeep as a job: on record, foreseen truly, safe beside readers, safe under kill -9."""

import json
import os
import signal
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.errors import LakeError, SettingsError
from forecasting.jobs.upkeep import maintain
from forecasting.settings import Settings
from forecasting.store import maintenance
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.faults.processes import Running, command, die_in_transaction, settings_of
from tests.publications import SERIES, STEPS, ask, day, name_rows, publish_run, record_run, write_rows

ROWS = SERIES * STEPS
NIGHTS = 4
PROMISE = "select * from analyst.forecast_as_of($t) order by all"
PUBLISHED = "select * from analyst.forecast_as_of(timestamptz '2024-02-20') where origin > '2023-12-31' order by all"
ON_RECORD = "select kind, stream, status, rows from forecast.runs where kind = 'maintain' order by started_at"


@pytest.fixture
def used(settings: Settings) -> Settings:
    """A lake of a few origins, one replaced, one too old, one of a run that was killed; and a killed training."""
    with open_lake(settings) as lake:
        publish_run(lake, "ancient", day(-900), day(-899))
        for night in range(NIGHTS):
            publish_run(lake, f"run-{night}", day(night), day(night + 0.2), level=night)
        publish_run(lake, "again-1", day(1), day(30), level=9)
        record_run(lake, "killed", "running", day(2))
        write_rows(lake, "killed", day(2))
    scratch = Path(settings.models) / "usage" / ".model.abcdefgh"
    scratch.mkdir(parents=True)
    os.utime(scratch, times=(0, 0))
    return settings


def promised(settings: Settings) -> list[list[tuple]]:
    """What was published by each instant, of the origins that stay."""
    with open_lake_to_read(settings) as lake:
        answers = [ask(lake, PROMISE, t=day(t)) for t in (0.3, 1.3, 3.3, 29, 31)]
    return [[row for row in rows if row[3] >= day(0)] for rows in answers]


def grow_old(settings: Settings, *, days: int) -> None:
    """All that the catalog and the disk remember happened so many days earlier."""
    with sqlite3.connect(settings.catalog_file or "") as catalog:
        for table, column in (
            ("ducklake_snapshot", "snapshot_time"),
            ("ducklake_files_scheduled_for_deletion", "schedule_start"),
        ):
            catalog.execute(f"update {table} set {column} = datetime(substr({column}, 1, 19), '-{days} days') || '+00'")
    catalog.close()
    before = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for path in Path(settings.data).rglob("*.parquet"):
        os.utime(path, times=(before, before))


def state(settings: Settings) -> tuple[list[tuple], set[Path]]:
    with open_lake_to_read(settings) as lake:
        return ask(lake, "from lake.snapshots()"), set(Path(settings.data).rglob("*"))


def test_upkeep_does_what_was_foreseen_and_is_on_record(used):
    grow_old(used, days=60)
    before, found = promised(used), state(used)
    foreseen = maintain.foresee(used)
    assert state(used) == found
    assert (foreseen.status, foreseen.rows) == ("dry run", 2 * ROWS)
    done = maintain.run(used)
    assert (done.job, done.stream, done.status, done.rows) == ("maintain", "*", "published", foreseen.rows)
    for key in ("unpublished_runs", "retired_origins", "scratch_folders"):
        assert done.details[key] == foreseen.details[key], key
    # what was the newest snapshot when it was foreseen is no longer
    assert done.details["snapshots_expired"] == foreseen.details["snapshots_expired"] + 1
    assert done.details["unpublished_runs"] == 1
    assert done.details["retired_origins"] == {"usage": 1}
    assert done.details["snapshots_expired"] > 5
    assert done.details["scratch_folders"] == 1
    assert done.details["files"]["merged"] > 0
    assert promised(used) == before
    with open_lake_to_read(used) as lake:
        assert ask(lake, ON_RECORD) == [("maintain", "*", "published", 2 * ROWS)]


def test_second_upkeep_removes_nothing_more_and_files_go_when_they_have_rested(used):
    before = promised(used)
    maintain.run(used)
    again = maintain.run(used)
    assert (again.rows, again.details["unpublished_runs"], again.details["files_removed"]) == (0, 0, 0)
    grow_old(used, days=60)
    expiring = maintain.run(used)
    assert expiring.details["snapshots_expired"] > 0
    assert expiring.details["files_removed"] == 0
    grow_old(used, days=3)
    later = maintain.run(used)
    assert later.details["files_removed"] > NIGHTS
    assert later.details["bytes_freed"] > 0
    assert promised(used) == before


def test_empty_lake_needs_nothing(settings):
    assert maintain.run(settings).rows == 0
    assert maintain.foresee(settings).rows == 0


def test_dry_run_makes_no_lake(settings):
    with pytest.raises(SettingsError, match="no lake here yet"):
        maintain.foresee(settings)
    assert not settings.home.exists()


def test_dry_run_does_not_migrate_an_older_lake(used, tmp_path):
    (tmp_path / "sql" / "schema").mkdir(parents=True)
    (tmp_path / "sql" / "schema" / "0900_next.sql").write_text("create table history.next (x integer)")
    before = state(used)
    assert maintain.foresee(used.model_copy(update={"sql": tmp_path / "sql"})).rows == 2 * ROWS
    assert state(used) == before


@pytest.mark.parametrize(
    ("keeps", "message"),
    [
        ({"keep_snapshots": "soon"}, "--keep-snapshots: expected a duration"),
        ({"keep_forecasts": "2 years"}, "--keep-forecasts: expected a duration"),
        ({"keep_snapshots": "23h"}, "--keep-snapshots: expected at least 1d, found '23h'"),
        ({"keep_forecasts": "1h"}, "--keep-forecasts: expected at least 1d"),
    ],
)
@pytest.mark.parametrize("act", [maintain.run, maintain.foresee])
def test_keep_that_is_none_is_refused_before_anything_happens(settings, act, keeps, message):
    with pytest.raises(SettingsError, match=message):
        act(settings, **keeps)
    assert not settings.home.exists()


def test_failure_is_on_record(used, monkeypatch):
    def fail(lake: Lake) -> int:
        raise LakeError("the disk is full")

    monkeypatch.setattr(maintain, "compact", fail)
    with pytest.raises(LakeError, match="disk is full"):
        maintain.run(used)
    with open_lake_to_read(used) as lake:
        assert ask(lake, "select status, message from forecast.runs where kind = 'maintain'") == [
            ("failed", "the disk is full")
        ]


def test_command_prints_what_it_did(used):
    done = command(used, "maintain", "--keep-forecasts", "1000d", "--json")
    assert (done.code, done.err) == (0, "")
    printed = json.loads(done.out)
    assert (printed["rows"], printed["details"]["retired_origins"]) == (ROWS, {})
    foreseen = command(used, "maintain", "--dry-run")
    assert foreseen.out.startswith("maintain *: dry run, 24 rows (")
    wrong = command(used, "maintain", "--keep-snapshots", "1h")
    assert wrong.code == 2
    assert wrong.err.startswith("error: --keep-snapshots: expected at least 1d")


def read_again_and_again(variables: dict[str, str], begun: Path, stop: Path) -> None:
    """One query after the other on one connection, until `stop` exists; prints how often it read."""
    with open_lake_to_read(settings_of(variables)) as lake:
        first, reads = ask(lake, PUBLISHED), 0
        begun.touch()
        while not stop.exists():
            found = ask(lake, PUBLISHED)
            assert found == first, f"{len(found)} rows, expected {len(first)}"
            reads += 1
    sys.stdout.write(str(reads))


@pytest.mark.slow
def test_reader_finds_what_was_published_whenever_it_asks_during_upkeep(used, tmp_path):
    grow_old(used, days=60)
    before = promised(used)
    begun, stop = tmp_path / "begun", tmp_path / "stop"
    reader = Running(read_again_and_again, used.as_environment(), begun, stop)
    reader.wait_for_file(begun)
    for _ in range(3):
        maintain.run(used)
    stop.touch()
    finished = reader.wait()
    assert finished.code == 0, finished.err
    assert int(finished.out) > 3
    assert promised(used) == before


@pytest.mark.slow
@pytest.mark.parametrize("committed", [False, True])
def test_upkeep_that_is_killed_in_any_transaction_is_done_by_the_next(used, committed):
    with open_lake(used) as lake:
        name_rows(lake, "plan", day(1), day(1.5), kind="plan")
    grow_old(used, days=60)
    before, number, kills = promised(used), 0, 0
    while True:
        number += 1
        ended = Running(die_in_transaction, used.as_environment(), ("maintain",), number, committed).wait()
        assert promised(used) == before
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL
        kills += 1
        grow_old(used, days=3)
    assert kills >= 4
    with open_lake(used) as lake:
        now = datetime.now(UTC) + 2 * maintenance.FILES_REST
        assert maintenance.unpublished_runs(lake, now=now) == []
        assert ask(lake, "select count(*) from forecast.forecasts") == [((NIGHTS + 1) * ROWS,)]
        maintenance.expire_snapshots(lake, now=now, keep=maintenance.FILES_REST)
        maintenance.remove_dead_files(lake, now=now + 2 * maintenance.FILES_REST)
        stored = set(Path(used.data).rglob("*.parquet"))
        assert len(stored) == maintenance.count_files(lake) + deletions(lake)


def deletions(lake: Lake) -> int:
    """Files that say which rows of others are gone."""
    return int(ask(lake, "select sum(delete_file_count)::bigint from ducklake_table_info('lake')")[0][0])
