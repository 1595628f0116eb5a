"""Upkeep: what nobody may see goes, what was promised stays, files are merged and removed when their time has come."""

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.maintenance import (
    Leftover,
    Removed,
    Retired,
    compact,
    count_files,
    dead_files,
    expirable_snapshots,
    expire_snapshots,
    remove_dead_files,
    remove_origins,
    remove_scratch,
    remove_unpublished,
    retired_origins,
    scratch_folders,
    unpublished_runs,
)
from forecasting.terms import DAY
from tests.aggregates import BESIDE, publish_whole_night, write_beside
from tests.plans import make_capacity_plan, make_plan, publish_planned, write_plan
from tests.publications import SERIES, STEPS, ask, day, name_rows, publish_run, record_run, write_rows

ROWS = SERIES * STEPS
NOW = day(500)
PLANNED = (
    *("staffing", "staffing_periods", "pool_calls", "groups", "rosters", "shifts"),
    *("capacity", "runout", "findings"),
)
HOUR = timedelta(hours=1)


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    sleep_past_midnight()
    with open_lake(settings) as opened:
        yield opened


def runs_with_rows(lake: Lake) -> list[str]:
    return [run for (run,) in ask(lake, "select distinct run_id from forecast.forecasts order by 1")]


def runs_with_plans(lake: Lake) -> set[str]:
    """Runs with rows in each table of a plan; a run that has them in some only is a half-removed plan."""
    found = [{run for (run,) in ask(lake, f"select distinct run_id from planning.{table}")} for table in PLANNED]
    assert all(runs == found[0] for runs in found), found
    return found[0]


def make_both(origin: datetime, *, level: int) -> dict:
    return make_plan(origin, level=level) | make_capacity_plan(origin, level=level)


def nights_at_all_times(lake: Lake) -> list[tuple]:
    """What forecast_as_of promises, at every instant at which something was published."""
    instants = ask(lake, "select distinct published_at from forecast.publications order by 1")
    return [ask(lake, "select * from analyst.forecast_as_of($t) order by all", t=t) for (t,) in instants]


def stored(lake: Lake) -> set[Path]:
    return set(Path(lake.settings.data).rglob("*.parquet"))


def sleep_past_midnight() -> None:
    """Snapshots bear the clock's time and are kept by whole days: a test of them happens on one day."""
    left = (later_by(days=1) - datetime.now(UTC)).total_seconds()
    if left < 60:
        time.sleep(left)


def later_by(*, days: int, hours: float = 0) -> datetime:
    """An hour of a later UTC day; what a test does happens today."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=days, hours=hours)


def stamp(now: datetime, *, hours: float) -> tuple[float, float]:
    """Times of a file that was written so long ago."""
    return 2 * ((now - timedelta(hours=hours)).timestamp(),)


def test_rows_go_that_were_never_published_but_for_a_run_at_work(lake):
    publish_run(lake, "published", day(1), day(1.2))
    for run_id, status, at in (
        ("failed", "failed", NOW - HOUR),
        ("killed", "running", NOW - timedelta(hours=25)),
        ("at-work", "running", NOW - timedelta(hours=23)),
        ("unchanged", "unchanged", NOW - HOUR),
    ):
        record_run(lake, run_id, status, at)
        write_rows(lake, run_id, day(1))
    write_rows(lake, "unheard-of", day(1))
    found = unpublished_runs(lake, now=NOW)
    assert found == [Leftover(run_id, ROWS) for run_id in ("failed", "killed", "unchanged", "unheard-of")]
    assert remove_unpublished(lake, found) == 4 * ROWS
    assert runs_with_rows(lake) == ["at-work", "published"]
    assert unpublished_runs(lake, now=NOW) == []


def test_plans_go_that_were_never_published_whole(lake):
    publish_planned(lake, "published", day(1), day(1.2), make=make_both)
    record_run(lake, "at-work", "running", NOW - HOUR)
    rows = {write_plan(lake, run_id, day(1), make=make_both) for run_id in ("at-work", "killed", "slow")}
    found = unpublished_runs(lake, now=NOW)
    assert found == [Leftover(run_id, *rows) for run_id in ("killed", "slow")]
    name_rows(lake, "slow", day(1), day(2), kind="plan")
    assert remove_unpublished(lake, found) == sum(rows)
    assert runs_with_plans(lake) == {"at-work", "published", "slow"}


def test_small_files_of_plans_are_merged_and_every_answer_stays(lake):
    for night in range(4):
        publish_planned(lake, f"plan-{night}", day(night), day(night + 0.2), level=night + 1, make=make_both)
    write_plan(lake, "killed", day(1), make=make_both)
    views = ("staffing_as_of(timestamptz '2024-01-03')", "staffing_periods_latest", "groups_latest", "rosters_latest")
    others = ("shifts_latest", "capacity_latest", "runout_latest", "capacity_findings")
    places = [f"from analyst.{view} order by all" for view in (*views, *others)]
    before = [ask(lake, place) for place in places]
    remove_unpublished(lake, unpublished_runs(lake, now=NOW))
    compact(lake)
    assert [ask(lake, place) for place in places] == before
    for table in PLANNED:
        files = ask(lake, "from ducklake_list_files('lake', $table, schema => 'planning')", table=table)
        assert len(files) == 1, table
    assert compact(lake) == 0


def test_aggregates_and_paths_go_with_the_rows_of_their_run(lake):
    for night in (1, 2, 103):
        publish_whole_night(lake, f"night-{night}", day(night), day(night + 0.2))
    write_rows(lake, "killed", day(2))
    left = ROWS + write_beside(lake, "killed", day(2)) + write_beside(lake, "half", day(2))
    found = unpublished_runs(lake, now=NOW)
    assert [leftover.run_id for leftover in found] == ["half", "killed"]
    assert remove_unpublished(lake, found) == left
    assert runs_beside(lake) == {"night-1", "night-2", "night-103"}
    before = [ask(lake, f"from analyst.{view} order by all") for view in ("aggregates_latest", "paths_latest")]
    compact(lake)
    assert [ask(lake, f"from analyst.{view} order by all") for view in ("aggregates_latest", "paths_latest")] == before
    for table in BESIDE:
        # January and April
        assert len(ask(lake, "from ducklake_list_files('lake', $table, schema => 'forecast')", table=table)) == 2
    (retired,) = retired_origins(lake, keep=timedelta(days=101))
    assert remove_origins(lake, retired) == retired.rows
    assert runs_beside(lake) == {"night-2", "night-103"} == set(runs_with_rows(lake))


def runs_beside(lake: Lake) -> set[str]:
    found = [{run for (run,) in ask(lake, f"select distinct run_id from forecast.{table}")} for table in BESIDE]
    assert found[0] == found[1]
    return found[0]


def test_nothing_left_over_writes_nothing(lake):
    before = lake.snapshot_id()
    assert remove_unpublished(lake, unpublished_runs(lake, now=NOW)) == 0
    assert lake.snapshot_id() == before


def test_rows_stay_that_were_published_after_they_were_listed(lake):
    write_rows(lake, "slow", day(1))
    found = unpublished_runs(lake, now=NOW)
    name_rows(lake, "slow", day(1), day(2))
    assert remove_unpublished(lake, found) == 0
    assert runs_with_rows(lake) == ["slow"]


def test_origins_are_retired_whole_and_counted_from_the_newest_of_their_stream(lake):
    publish_run(lake, "old-1", day(1), day(1.2))
    publish_run(lake, "old-2", day(1), day(300))
    publish_run(lake, "edge", day(2), day(2.2))
    publish_run(lake, "new", day(102), day(102.2))
    publish_run(lake, "ended", day(1), day(1.2), stream="ended")
    plan = publish_planned(lake, "plan", day(1), day(1.5), make=make_both)
    publish_planned(lake, "plan-edge", day(2), day(2.5), make=make_both)
    publish_planned(lake, "plan-ahead", day(900), day(900.5), make=make_both)
    write_rows(lake, "at-work", day(1))
    write_plan(lake, "plan-at-work", day(1), make=make_both)
    kept = ask(lake, "select * from analyst.forecast_latest order by all")
    found = retired_origins(lake, keep=timedelta(days=100))
    assert found == [Retired("usage", day(2), origins=1, rows=2 * ROWS + plan)]
    assert remove_origins(lake, found[0]) == 2 * ROWS + plan
    assert runs_with_rows(lake) == ["at-work", "edge", "ended", "new"]
    assert runs_with_plans(lake) == {"plan-ahead", "plan-at-work", "plan-edge"}
    named = ask(lake, "select run_id from forecast.publications order by 1")
    assert named == [("edge",), ("ended",), ("new",), ("plan-ahead",), ("plan-edge",)]
    assert ask(lake, "select * from analyst.forecast_latest order by all") == kept
    assert retired_origins(lake, keep=timedelta(days=100)) == []


def test_small_files_are_merged_by_stream_and_month_and_every_answer_stays(lake):
    for night in range(6):
        publish_run(lake, f"run-{night}", day(night), day(night + 0.2), level=night)
        publish_run(lake, f"other-{night}", day(night), day(night + 0.2), stream="other")
    publish_run(lake, "again-2", day(2), day(40), level=99)
    publish_run(lake, "february", day(35), day(35.2))
    promised, snapshot = nights_at_all_times(lake), lake.snapshot_id()
    assert compact(lake) > 0
    assert nights_at_all_times(lake) == promised
    files = ask(lake, "select data_file from ducklake_list_files('lake', 'forecasts', schema => 'forecast')")
    assert len(files) == 3
    then = f"select count(*) from forecast.forecasts at (version => {snapshot})"
    assert ask(lake, then) == [(14 * ROWS,)]
    assert compact(lake) == 0


def test_merged_file_keeps_origins_apart_and_series_together(lake):
    for night in (3, 1, 2):
        publish_run(lake, f"run-{night}", day(night), day(night + 0.2))
    compact(lake)
    ((file,),) = ask(lake, "select data_file from ducklake_list_files('lake', 'forecasts', schema => 'forecast')")
    order = ask(lake, "select origin, series_id, ts from read_parquet($file)", file=file)
    assert order == sorted(order)


def test_file_that_is_large_stays_as_it_was_written(lake):
    noisy = """
        insert into forecast.forecasts by name
        select 'run-' || $night as run_id, 'usage' as stream, 's' || i as series_id, $origin::timestamptz as ts,
            ts as origin, 1 as horizon_step, random() as mean, random() as q05, random() as q10, random() as q25,
            random() as q50, random() as q75, random() as q90, random() as q95, 'trees' as tier
        from range(300_000) as t(i)
    """
    for night in (1, 2):
        ask(lake, noisy, night=night, origin=day(night))
    before = ask(lake, "from ducklake_list_files('lake', 'forecasts', schema => 'forecast')")
    compact(lake)
    assert ask(lake, "from ducklake_list_files('lake', 'forecasts', schema => 'forecast')") == before


def test_file_with_removed_rows_is_written_anew_and_merged(lake):
    for night in range(4):
        publish_run(lake, f"run-{night}", day(night), day(night + 0.2))
    compact(lake)
    ask(lake, "delete from forecast.forecasts where run_id = 'run-1' or series_id = 's0'")
    publish_run(lake, "run-9", day(9), day(9.2))
    expected = nights_at_all_times(lake)
    compact(lake)
    files = ask(lake, "select delete_file from ducklake_list_files('lake', 'forecasts', schema => 'forecast')")
    assert files == [(None,)]
    assert nights_at_all_times(lake) == expected


def test_what_was_published_by_an_instant_survives_every_step(lake):
    for night in range(4):
        publish_run(lake, f"run-{night}", day(night), day(night + 0.2), level=night)
    publish_run(lake, "again-1", day(1), day(30), level=10)
    publish_run(lake, "again-2", day(1), day(60), level=20)
    write_rows(lake, "killed", day(1), level=-1)
    promised = nights_at_all_times(lake)
    later = later_by(days=60)
    remove_unpublished(lake, unpublished_runs(lake, now=later))
    compact(lake)
    count = expirable_snapshots(lake, now=later, keep=DAY)
    assert expire_snapshots(lake, now=later, keep=DAY) == count > 10
    assert ask(lake, "select count(*) from lake.snapshots()") == [(1,)]
    removed = remove_dead_files(lake, now=later)
    assert removed.files > 0
    assert removed.bytes > 0
    assert nights_at_all_times(lake) == promised
    assert expire_snapshots(lake, now=later, keep=DAY) == 0


def removable(lake, *, now):
    found = dead_files(lake, now=now)
    assert found.refusal is None
    return Removed(len(found.paths), found.bytes)


def test_dead_files_rest_for_a_whole_day_and_go_then(lake):
    for night in range(4):
        publish_run(lake, f"run-{night}", day(night), day(night + 0.2))
    compact(lake)
    expire_snapshots(lake, now=later_by(days=9), keep=DAY)
    before = stored(lake)
    assert remove_dead_files(lake, now=later_by(days=1, hours=23.9)).files == 0
    assert stored(lake) == before
    later = later_by(days=2)
    foreseen = removable(lake, now=later)
    sizes = sum(path.stat().st_size for path in before)
    assert remove_dead_files(lake, now=later) == foreseen
    assert foreseen.files == len(before) - len(stored(lake)) > 0
    assert foreseen.bytes == sizes - sum(path.stat().st_size for path in stored(lake))
    assert len(stored(lake)) == count_files(lake)
    assert remove_dead_files(lake, now=later).files == 0


def test_removal_goes_on_where_a_kill_left_a_line_without_its_file(lake):
    for night in range(3):
        publish_run(lake, f"run-{night}", day(night), day(night + 0.2))
    expected = nights_at_all_times(lake)
    alive = stored(lake)
    compact(lake)
    expire_snapshots(lake, now=later_by(days=9), keep=DAY)
    for path in alive:
        path.unlink()
    later = later_by(days=2)
    remove_dead_files(lake, now=later)
    assert removable(lake, now=later).files == 0
    assert nights_at_all_times(lake) == expected


def test_snapshots_of_the_days_to_keep_stay(lake):
    publish_run(lake, "run", day(1), day(1.2))
    before = ask(lake, "select count(*) from lake.snapshots()")
    assert expire_snapshots(lake, now=later_by(days=30, hours=23.9), keep=timedelta(days=30)) == 0
    assert ask(lake, "select count(*) from lake.snapshots()") == before
    assert expire_snapshots(lake, now=later_by(days=31), keep=timedelta(days=30)) == before[0][0] - 1


def test_file_of_a_killed_writer_goes_after_a_day_and_no_other_file(lake):
    publish_run(lake, "run", day(1), day(1.2))
    data = Path(lake.settings.data)
    orphan, notes = data / "forecast" / "forecasts" / f"ducklake-{uuid.uuid4()}.parquet", data / "notes.txt"
    orphan.write_bytes(b"half")
    notes.write_bytes(b"mine")
    (alive,) = stored(lake) - {orphan}
    assert remove_dead_files(lake, now=later_by(days=1, hours=23.9)).files == 0
    with open_lake_to_read(lake.settings) as reader:
        foreseen = removable(reader, now=later_by(days=2))
    assert foreseen == Removed(files=1, bytes=4)
    assert remove_dead_files(lake, now=later_by(days=2)) == foreseen
    assert stored(lake) == {alive}
    assert notes.exists()


def test_scratch_folder_of_a_killed_training_goes_after_a_day(tmp_path):
    models = tmp_path / "models"
    now = datetime.now(UTC)
    old = models / "usage" / ".usage-20240101-abc.x1y2_z3w"
    young = models / "usage" / ".usage-20240108-abc.aaaaaaaa"
    others = [models / "usage" / "usage-20240101-abc", models / "usage" / ".git", models / ".notes.aaaaaaaa"]
    for folder in (old, young, *others):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"12345")
        os.utime(folder, times=stamp(now, hours=25))
    os.utime(young, times=stamp(now, hours=23))
    assert scratch_folders(str(models), now=now) == [old]
    assert remove_scratch([old]).bytes == 5
    assert not old.exists()
    assert young.exists()
    assert all(folder.exists() for folder in others)
    assert scratch_folders(str(tmp_path / "nowhere"), now=now) == []
