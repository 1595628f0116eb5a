"""Groups of several skills and shifts of a published plan, counted again from their rows."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.backfills import frame
from tests.contact_centre import ORIGIN, ZONE

PLANNED = f"origin = '{pd.Timestamp(ORIGIN, tz=ZONE).isoformat()}'"
MONDAY = pd.Timestamp("2024-03-25", tz=ZONE)
HALF_HOUR = pd.Timedelta(minutes=30)
LENGTHS = {"full": 17 * HALF_HOUR, "part": 10 * HALF_HOUR}


@pytest.fixture(scope="module")
def tables(centre) -> dict[str, pd.DataFrame]:
    names = ("staffing", "groups", "rosters", "shifts")
    found = {name: frame(centre, f"select * from planning.{name} where {PLANNED} order by all") for name in names}
    return {name: rows[rows["run_id"] == rows["run_id"].max()] for name, rows in found.items()}


def breaks_of(text: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    return [(pd.Timestamp(start), pd.Timestamp(end)) for start, end in json.loads(text)]


def test_every_pool_has_a_roster_of_every_whole_week_at_the_highest_risk(tables):
    rosters = tables["rosters"]
    assert list(zip(rosters["pool_id"], rosters["week"].astype(str), rosters["confidence"], strict=True)) == [
        (pool, "2024-03-25", 0.8) for pool in ("care", "sales", "tech")
    ]
    assert (rosters["bound"] <= rosters["paid_hours"] + 1e-6).all()


def test_people_at_work_cover_what_is_rostered_counted_from_their_shifts_and_breaks(tables):
    staffing, rosters = tables["staffing"], tables["rosters"].set_index("pool_id")
    for pool, shifts in tables["shifts"].groupby("pool_id"):
        own = staffing[(staffing["pool_id"] == pool) & (staffing["confidence"] == 0.8) & (staffing["ts"] >= MONDAY)]
        at_work = np.zeros(len(own), int)
        for row in shifts.itertuples():
            inside = (own["ts"] >= row.ts) & (own["ts"] < row.until)
            for start, end in breaks_of(row.breaks):
                inside &= (own["ts"] < start) | (own["ts"] >= end)
            at_work += inside.to_numpy()
        lacking = own["rostered"].to_numpy() - at_work
        assert np.maximum(lacking, 0).sum() / 2 == rosters.loc[pool, "short_hours"] == 0
        assert np.maximum(-lacking, 0).sum() / 2 == rosters.loc[pool, "over_hours"]


def test_people_are_numbered_from_one_and_work_their_days_within_opening_hours(tables):
    rosters = tables["rosters"].set_index("pool_id")
    shifts = tables["shifts"].assign(local=lambda rows: rows["ts"].dt.tz_convert(ZONE))
    assert (shifts["until"] - shifts["ts"] == shifts["shift"].map(LENGTHS)).all()
    # on the Sunday on which clocks change too
    assert (shifts["local"].dt.hour >= 8).all()
    assert (shifts["until"].dt.tz_convert(ZONE).dt.strftime("%H:%M") <= "18:00").all()
    assert shifts["local"].dt.date.max().isoformat() == "2024-03-31"
    for pool, own in shifts.groupby("pool_id"):
        assert sorted(own["person"].unique()) == list(range(1, rosters.loc[pool, "heads"] + 1))
        kinds = own.groupby("person")["shift"].agg(["nunique", "first", "size"])
        assert (kinds["nunique"] == 1).all()
        assert (kinds["size"] == kinds["first"].map({"full": 5, "part": 4})).all()
        assert not own.assign(day=own["local"].dt.date).duplicated(["person", "day"]).any()
        paid = own["shift"].map({"full": 8.0, "part": 5.0}).sum()
        assert paid == pytest.approx(rosters.loc[pool, "paid_hours"])


def test_breaks_are_those_of_the_catalogue(tables):
    for row in tables["shifts"].itertuples():
        breaks = breaks_of(row.breaks)
        assert len(breaks) == (row.shift == "full")
        for start, end in breaks:
            assert end - start == HALF_HOUR
            assert 6 * HALF_HOUR <= start - row.ts <= 10 * HALF_HOUR


def test_people_of_several_skills_hold_every_pool_and_nobody_counts_twice(tables):
    """Hall: of every set of pools, those who answer for any of them are as many as the set asks for."""
    groups = tables["groups"].pivot_table(index=["ts", "confidence"], columns="group_key", values="agents")
    pools = tables["staffing"].pivot_table(index=["ts", "confidence"], columns="pool_id", values="agents")
    assert len(groups) == len(pools) == 8 * 20 * 2
    # nobody else answers for tech, and the others are cheaper
    assert (groups["all_round"] == pools["tech"]).all()
    assert (groups["care_only"] == pools["care"]).all()
    assert (groups.sum(axis=1) == pools.sum(axis=1)).all()
    rostered = tables["groups"]["rostered"]
    assert (rostered == np.ceil(tables["groups"]["agents"] / 0.75 - 1e-9)).all()
