"""Files of a plan for other tools."""

from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import FeedError, LakeError, SettingsError
from forecasting.jobs.staffing import export
from forecasting.store.files import exports
from tests.backfills import frame
from tests.contact_centre import CALLS, NEXT, ORIGIN, ZONE, changed_definitions
from tests.feeds import define_stream


@pytest.fixture(scope="module")
def files(centre, tmp_path_factory) -> dict[str, pd.DataFrame]:
    paths = export.run(centre, CALLS, origin=ORIGIN, folder=tmp_path_factory.mktemp("export") / "new" / "folder")
    return {path.name: pd.read_csv(path) for path in paths}


def test_every_pool_and_week_has_its_file(files):
    pools, weeks = ("care", "sales", "tech"), ("2024-W12", "2024-W13")
    assert list(files) == [f"calls.{pool}.{week}.csv" for pool in pools for week in weeks]
    assert [len(rows) for rows in files.values()] == [20, 140] * 3


def test_columns_are_the_documented_ones_and_the_numbers_those_of_the_plan(files, centre):
    rows = pd.concat(files.values())
    assert list(rows.columns) == [
        *("pool", "date", "start", "utc_start", "minutes", "calls", "handle_seconds", "load_erlangs"),
        *("confidence", "agents", "rostered", "service_level", "target_met", "plug_in_agents"),
    ]
    origin = pd.Timestamp(ORIGIN, tz=ZONE).isoformat()
    query = f"select * from planning.staffing where confidence = 0.8 and origin = '{origin}'"
    plan = frame(centre, query)
    plan = plan[plan["run_id"] == plan["run_id"].max()].sort_values(["pool_id", "ts"])
    assert set(rows["confidence"]) == {0.8}
    assert set(rows["minutes"]) == {30}
    rows = rows.sort_values(["pool", "utc_start"])
    for name, own in (("agents", "agents"), ("rostered", "rostered"), ("plug_in_agents", "plug_in_agents")):
        assert rows[name].to_list() == plan[own].to_list()
    for name, own in (("calls", "calls"), ("service_level", "service_level"), ("target_met", "met")):
        assert rows[name].to_numpy() == pytest.approx(plan[own].to_numpy(), abs=0.006)
    assert pd.to_datetime(rows["utc_start"]).to_list() == plan["ts"].to_list()


def test_dates_and_times_are_local_on_both_sides_of_a_clock_change(files):
    rows = files["calls.care.2024-W13.csv"]
    local = pd.to_datetime(rows["utc_start"]).dt.tz_convert(ZONE)
    assert (rows["date"] + " " + rows["start"]).to_list() == local.dt.strftime("%Y-%m-%d %H:%M").to_list()
    first = rows.groupby("date")[["start", "utc_start"]].first()
    assert set(first["start"]) == {"08:00"}
    assert list(first["utc_start"].str[11:16]) == ["07:00"] * 6 + ["06:00"]


def test_another_level_of_risk_is_exported_when_asked_for_and_one_that_is_not_there_refused(centre, tmp_path):
    lower = export.run(centre, CALLS, origin=ORIGIN, folder=tmp_path, confidence=0.5)
    assert set(pd.read_csv(lower[1])["confidence"]) == {0.5}
    with pytest.raises(SettingsError, match=r"confidence 0.9: the plan has 0.5, 0.8"):
        export.run(centre, CALLS, origin=ORIGIN, folder=tmp_path, confidence=0.9)


def test_an_origin_without_a_plan_is_refused_and_no_folder_made(centre, tmp_path):
    with pytest.raises(FeedError, match=r"no plan from 2024-03-24T23:00.*forecasting plan calls --origin 2024-03-25"):
        export.run(centre, CALLS, origin=NEXT, folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "plan.csv"
    exports.write_csv(pd.DataFrame({"agents": [1]}), path)

    def fill_disk(_rows, target, **_):
        Path(target).write_text("agents\n2", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fill_disk)
    with pytest.raises(LakeError, match=r"plan\.csv: cannot be written: No space left on device; free space or"):
        exports.write_csv(pd.DataFrame({"agents": [2]}), path)
    assert [file.name for file in tmp_path.iterdir()] == ["plan.csv"]
    assert path.read_text(encoding="utf-8") == "agents\n1\n"


def test_a_folder_that_cannot_be_one_is_told(centre, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LakeError, match=r"cannot be written.*name another folder"):
        export.run(centre, CALLS, origin=ORIGIN, folder=tmp_path / "file")


def test_a_pool_named_after_a_series_with_a_slash_has_a_file_in_the_same_folder(centre, tmp_path):
    rows = frame(centre, "select * from planning.staffing where pool_id = 'care'").assign(pool_id="north/care 1")
    stream = changed_definitions(centre, tmp_path / "streams")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "planned_rows", lambda *_, **__: rows)
        paths = export.run(stream, CALLS, origin=ORIGIN, folder=tmp_path / "out")
    assert {path.parent for path in paths} == {tmp_path / "out"}
    assert {path.name[:-8] for path in paths} == {"calls.north%2Fcare%201.2024"}


def test_a_stream_without_staff_is_refused_before_anything_is_planned(settings):
    define_stream(settings)
    with pytest.raises(SettingsError, match=r"no \[planning.staffing\]"):
        export.check(settings, "usage")
