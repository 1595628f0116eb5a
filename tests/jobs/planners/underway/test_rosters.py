"""Rosters as they really are, beside the shifts of our own plan."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.planners.underway import rosters
from forecasting.jobs.streams import quarantine
from forecasting.store.lake.open import open_lake
from tests.backfills import frame
from tests.contact_centre import CALLS, HANDLES, ZONE

COVERAGE = (
    "select * from analyst.{of} where stream = 'calls' and confidence = 0.8 "
    "and ts_local between '2024-03-26' and '2024-03-28' order by pool_id, ts"
)
HEADER = "pool,starts_at,ends_at,agents"
SHIFT = "care,2024-03-26 08:00,2024-03-26 16:15"
GOOD = (
    f"{SHIFT},1",
    f"{SHIFT},2",
    "sales,2024-03-26 09:00,2024-03-26 09:30,4",
    "care_only,2024-03-26 09:00,2024-03-26 10:00,3",
)


@pytest.fixture
def desk(centre):
    """The contact centre as it is planned; what was imported is forgotten afterwards."""
    yield centre
    with open_lake(centre) as lake:
        for table in ("planning.imported_rosters", "history.quarantine"):
            lake.connection.execute(f"delete from {table}")


def write(path, *rows: str, header: str = HEADER):
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def coverage(desk, of: str = "coverage") -> pd.DataFrame:
    found = frame(desk, COVERAGE.format(of=of))
    return found.assign(at=found["ts"].dt.tz_convert(ZONE).dt.strftime("%d %H:%M")).set_index(["pool_id", "at"])


def test_real_rosters_stand_beside_those_that_are_needed_and_planned(desk, tmp_path):
    before = coverage(desk)
    assert before["real_people"].isna().all()
    taken = rosters.import_file(desk, write(tmp_path / "week.csv", *GOOD), stream=CALLS)
    assert (taken.rows, taken.days, taken.hours) == (3, 3, 3 * 8.25 + 4 * 0.5 + 3)
    found = coverage(desk)
    care = found.loc["care"]
    assert care.loc["26 08:00", "real_people"] == 3
    assert care.loc["26 16:00", "real_people"] == pytest.approx(1.5), "half of the interval"
    assert care.loc["26 17:00", "real_people"] == 0, "a day that is covered by the import"
    assert pd.isna(care.loc["27 08:00", "real_people"])
    assert found.loc[("care_only", "26 09:30"), "real_people"] == 3
    assert (care["real_spare"].dropna() == (care["real_people"] - care["rostered"]).dropna()).all()
    # our own shifts, without people on a break, are those that they were
    planned = before["planned_people"].loc["care"]
    assert planned.max() > 0
    pd.testing.assert_series_equal(planned, care["planned_people"])
    pd.testing.assert_series_equal(before["rostered"], found["rostered"])


def test_the_newest_import_of_a_day_counts_as_a_whole_and_the_same_adds_nothing(desk, tmp_path):
    file = write(tmp_path / "week.csv", *GOOD)
    rosters.import_file(desk, file, stream=CALLS)
    at = frame(desk, "select max(known_at) as at from planning.imported_rosters")["at"][0]
    assert rosters.import_file(desk, file, stream=CALLS).rows == 0
    other = write(tmp_path / "new.csv", "care,2024-03-26 10:00,2024-03-26 12:00", header="pool,starts,ends")
    assert rosters.import_file(desk, other, stream=CALLS).hours == 2
    found = coverage(desk)
    assert found.loc[("care", "26 08:00"), "real_people"] == 0
    assert found.loc[("care", "26 10:00"), "real_people"] == 1
    assert found.loc[("sales", "26 09:00"), "real_people"] == 4
    # what was known before is told as it was
    as_of = frame(
        desk,
        f"select real_people from analyst.coverage_as_of('{at}'::timestamptz) where pool_id = 'care' "
        "and confidence = 0.8 and ts = '2024-03-26 07:00:00+00' order by origin desc limit 1",
    )
    assert as_of["real_people"].tolist() == [3]


BAD = {
    "support,2024-03-26 08:00,2024-03-26 16:00,1": "no pool 'support'; there are all_round, care",
    ",2024-03-26 08:00,2024-03-26 16:00,1": "pool is missing",
    "care,2024-03-26 16:00,2024-03-26 08:00,1": "expected a time after starts 2024-03-26 16:00",
    "care,2024-03-26,2024-03-29,1": "expected at most 24 hours",
    "care,2024-03-26 08:00,2024-03-26 16:00,-1": "agents is -1; expected a number from 0",
    "care,2024-03-26 08:00,2024-03-26 16:00,": "agents is missing",
    "care,2024-03-26 08:00,2024-03-26 16:00,many": "agents is many",
    "care,2024-03-31 02:30,2024-03-31 09:00,1": "starts: ",
    "care,,2024-03-31 09:00,1": "starts: no time is given",
    "care,2024-03-26 08:00,2024-03-26 16:00,1,2": "more cells than the header",
}


def test_bad_rows_wait_in_quarantine_and_the_rest_is_taken(desk, tmp_path):
    file = write(tmp_path / "bad.csv", *BAD, GOOD[0])
    taken = rosters.import_file(desk, file, stream=CALLS)
    assert taken.rows == 1
    assert len(taken.rejected) == len(BAD)
    for one, (row, reason) in zip(taken.rejected, BAD.items(), strict=True):
        assert reason in one.reason, row
    assert len(quarantine.show_rows(desk, stream=CALLS, most=100)) == len(BAD)
    json.dumps(taken.as_dict())
    rosters.import_file(desk, write(file, GOOD[0]), stream=CALLS)
    assert quarantine.show_rows(desk, stream=CALLS).empty


def test_what_cannot_be_taken_at_all_is_one_line(desk, tmp_path, monkeypatch):
    with pytest.raises(FeedError, match="column ends_at is missing; expected pool, starts_at, ends_at"):
        rosters.import_file(desk, write(tmp_path / "a.csv", header="pool,starts_at"), stream=CALLS)
    with pytest.raises(SettingsError, match=r"no \[planning\.staffing\]"):
        rosters.import_file(desk, write(tmp_path / "b.csv", GOOD[0]), stream=HANDLES)
    monkeypatch.setenv("FORECASTING_HOME", str(desk.home))
    file = write(tmp_path / "c.csv", GOOD[0], next(iter(BAD)))
    said = CliRunner().invoke(app.app, ["rosters", "import", str(file), "--stream", CALLS]).stdout
    assert "8.2 person-hours of 1 days of pools are new or changed, 1 rows to quarantine" in said
    assert "rejected  no pool 'support'" in said
