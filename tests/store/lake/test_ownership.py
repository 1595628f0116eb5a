"""Whose a data folder is: no lake over the data of another, and no file removed that another catalog may need."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.errors import LakeError, SettingsError
from forecasting.jobs.upkeep import claim, doctor, maintain
from forecasting.settings import Settings, read_settings
from forecasting.store.lake import ownership
from forecasting.store.lake.marker import MARKER, Marker, create_marker, read_marker, write_marker
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.publications import ask, day, publish_run

ROWS = "select count(*) from forecast.forecasts"


@pytest.fixture
def production(settings: Settings) -> Settings:
    """A lake with the files of three origins, last written some days ago."""
    publish(settings, 0, 1, 2)
    return settings


def publish(settings: Settings, *nights: int) -> None:
    with open_lake(settings) as lake:
        for night in nights:
            lake.write(
                lambda night=night: publish_run(lake, f"run-{night}", day(night), day(night + 0.2)), message="night"
            )
    grow_old(settings)


def grow_old(settings: Settings) -> None:
    before = (datetime.now(UTC) - timedelta(days=5)).timestamp()
    for path in files(settings):
        os.utime(path, times=(before, before))


def files(settings: Settings) -> set[Path]:
    return set(Path(settings.data).rglob("*.parquet"))


def marker(settings: Settings) -> Marker:
    return Marker(**json.loads((Path(settings.data) / MARKER).read_text()))


def count(settings: Settings) -> int:
    with open_lake_to_read(settings) as lake:
        return int(ask(lake, ROWS)[0][0])


def catalog_of(settings: Settings) -> Path:
    assert settings.catalog_file is not None
    return settings.catalog_file


def test_a_folder_is_marked_with_its_lake_and_follows_every_commit(production):
    with open_lake(production) as lake:
        first = marker(production)
        assert (first.lake_id, first.catalog) == (lake.ownership.lake_id(), str(production.catalog_file))
        assert first.snapshot_id == lake.snapshot_id()
        lake.write(lambda: publish_run(lake, "more", day(3), day(3.2)), message="more")
        assert marker(production).snapshot_id == lake.snapshot_id() == first.snapshot_id + 1
        assert marker(production).token != first.token


def test_reading_marks_nothing_and_writing_marks_a_lake_of_an_older_version(production):
    (Path(production.data) / MARKER).unlink()
    assert count(production) == 72
    assert {one.verdict for one in doctor.run(production) if one.what == "data files"} == {"ok"}
    assert not (Path(production.data) / MARKER).exists()
    open_lake(production).connection.close()
    assert marker(production).doubt is None


@pytest.mark.parametrize(
    "opened", [open_lake, open_lake_to_read, claim.run, maintain.run], ids=lambda act: act.__name__
)
def test_second_catalog_over_the_same_data_is_refused_before_it_is_made(production, tmp_path, opened):
    staging = production.model_copy(update={"catalog": f"sqlite:{tmp_path / 'staging' / 'catalog.sqlite'}"})
    before = files(production)
    with pytest.raises(LakeError, match=r"missing or empty, but .* holds the data of a lake .*nothing was changed"):
        opened(staging)
    assert not catalog_of(staging).exists()
    assert files(production) == before
    assert count(production) == 72


def test_second_catalog_that_exists_is_refused(production, tmp_path):
    home = tmp_path / "other"
    other = read_settings({"FORECASTING_HOME": str(home)})
    publish(other, 0)
    marker_of_other = (Path(other.data) / MARKER).read_bytes()
    (Path(production.data) / MARKER).write_bytes(marker_of_other)
    for act in (open_lake, open_lake_to_read, maintain.run, claim.run):
        with pytest.raises(LakeError, match=rf"belong to another lake: .*catalog is {home}.*nothing was changed"):
            act(production)
    assert (Path(production.data) / MARKER).read_bytes() == marker_of_other


@pytest.mark.parametrize("loss", ["gone", "empty"])
def test_lost_catalog_is_not_replaced_by_an_empty_one_and_can_be_restored(production, tmp_path, loss):
    catalog = catalog_of(production)
    shutil.copy(catalog, tmp_path / "backup")
    before = files(production)
    catalog.unlink()
    if loss == "empty":
        catalog.touch()
    for act in (open_lake, open_lake_to_read, maintain.run, maintain.foresee, claim.run):
        with pytest.raises(LakeError, match="restore the catalog from a backup"):
            act(production)
    assert [one.exit_code for one in doctor.run(production) if one.what == "lake"] == [3]
    assert files(production) == before
    shutil.copy(tmp_path / "backup", catalog)
    assert maintain.run(production).details["files_removed"] == 0
    assert count(production) == 72


def test_data_of_a_lake_without_a_marker_are_recognised_by_their_names(production):
    (Path(production.data) / MARKER).unlink()
    catalog_of(production).unlink()
    with pytest.raises(LakeError, match=r"holds the data of a lake .*ducklake-.*parquet"):
        open_lake(production)


def test_folder_with_other_files_may_hold_a_new_lake(settings):
    feeds = Path(settings.data) / "history" / "demand"
    feeds.mkdir(parents=True)
    (feeds / "calls.parquet").write_bytes(b"mine")
    (feeds / "ducklake-notes.parquet").write_bytes(b"mine")
    publish(settings, 0)
    assert count(settings) == 24


def test_users_files_below_the_data_are_never_removed(production):
    data = Path(production.data)
    name = "ducklake-01a22b54-85ca-772d-8efc-17fad6e684c0.parquet"
    mine = [data / "feeds" / name, data / "calls.parquet", data / "forecast" / "forecasts" / "calls.parquet"]
    mine.append(data / "feeds" / "history" / "demand" / "ducklake-orphan.parquet")
    mine.append(data / "history" / "demand" / "mine" / name)
    killed = data / "forecast" / "forecasts" / "stream=usage" / name
    for path in (*mine, killed):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    grow_old(production)
    assert maintain.run(production).details["files_removed"] == 1
    assert [path.exists() for path in mine] == [True] * 5
    assert not killed.exists()


def test_backup_that_is_older_than_the_data_loses_none_of_them_until_somebody_says_so(production, tmp_path):
    catalog = catalog_of(production)
    shutil.copy(catalog, tmp_path / "backup")
    publish(production, 3, 4)
    before = files(production)
    shutil.copy(tmp_path / "backup", catalog)
    with pytest.raises(LakeError, match=r"no file was removed: the catalog ends with .*restored from a backup"):
        maintain.run(production)
    publish(production, 5, 6, 7, 8, 9)  # goes past the number that the backup lacks
    assert maintain.foresee(production).message is not None
    with pytest.raises(LakeError, match=r"no file was removed.*`forecasting lake claim`, then `forecasting maintain`"):
        maintain.run(production)
    assert before <= files(production)
    (found,) = [one for one in doctor.run(production) if one.what == "data files"]
    assert found.verdict == "warning"
    assert count(production) == 8 * 24
    assert claim.run(production).details["unknown_files"] == 2
    assert maintain.run(production).details["files_removed"] == 2
    assert count(production) == 8 * 24
    assert [one.verdict for one in doctor.run(production) if one.what == "data files"] == ["ok"]


def test_copy_of_a_catalog_beside_the_first_removes_nothing_and_is_seen_by_the_first(production, tmp_path):
    copied = tmp_path / "copy.sqlite"
    shutil.copy(catalog_of(production), copied)
    copy = production.model_copy(update={"catalog": f"sqlite:{copied}"})
    publish(copy, 7, 8)
    before = files(production)
    for one in (copy, production):
        with pytest.raises(LakeError, match=rf"were written from the catalog {production.catalog_file} .*{copied}"):
            maintain.run(one)
    assert before <= files(production)


def test_catalog_that_lost_most_files_removes_none(production):
    with open_lake(production) as lake:
        lake.connection.execute("delete from __ducklake_metadata_lake.ducklake_data_file where data_file_id > 0")
    before = files(production)
    with pytest.raises(LakeError, match=r"does not know \d+ of the \d+ data files.*restore it from a backup"):
        maintain.run(production)
    assert before <= files(production)


def test_moved_lake_is_named_and_claimed_where_it_is_now(production, tmp_path):
    moved = read_settings({"FORECASTING_HOME": str(tmp_path / "moved")})
    production.home.rename(moved.home)
    for act in (open_lake, open_lake_to_read):
        with pytest.raises(LakeError, match=r"keeps its data elsewhere.*moved or copied, run `forecasting lake claim`"):
            act(moved)
    said = claim.run(moved).message
    assert said == f"the data are now looked for in {moved.data}, no longer in {production.data}/"
    assert count(moved) == 72
    assert maintain.run(moved).details["files_removed"] == 0
    assert claim.run(moved).message is None


def test_lake_is_not_claimed_where_data_of_it_are_missing(production, tmp_path):
    moved = read_settings({"FORECASTING_HOME": str(tmp_path / "moved")})
    shutil.copytree(production.home, moved.home)
    min(files(moved)).unlink()
    with pytest.raises(LakeError, match=r"1 of 3 data files of this lake are not here.*nothing was changed"):
        claim.run(moved)
    with pytest.raises(LakeError, match="keeps its data elsewhere"):
        open_lake(moved)


def test_where_there_is_no_lake_there_is_nothing_to_claim(settings):
    with pytest.raises(SettingsError, match="no lake here yet"):
        claim.run(settings)
    assert not settings.home.exists()


def test_of_two_markers_that_are_made_at_once_the_first_counts(tmp_path):
    first, second = (Marker(lake_id, "/catalog", 1, None) for lake_id in ("first", "second"))
    assert create_marker(None, str(tmp_path), first) == first
    assert create_marker(None, str(tmp_path), second) == first
    write_marker(None, str(tmp_path), second)
    assert read_marker(None, str(tmp_path)) == second
    assert [path.name for path in tmp_path.iterdir()] == [MARKER]


def test_damaged_marker_is_named(production):
    (Path(production.data) / MARKER).write_text("{")
    with pytest.raises(LakeError, match=rf"{MARKER}: damaged"):
        open_lake(production)


def test_marker_that_cannot_be_written_keeps_nobody_from_publishing(production, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    before = marker(production)
    with open_lake(production) as lake:
        monkeypatch.setattr(ownership, "write_marker", fail)
        lake.write(lambda: publish_run(lake, "more", day(3), day(3.2)), message="more")
    assert count(production) == 4 * 24
    assert marker(production) == before
    monkeypatch.undo()
    open_lake(production).connection.close()
    assert marker(production).snapshot_id > before.snapshot_id
