"""Local time: origins, boundaries and the grid."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import SettingsError
from forecasting.panel.calendar.calendar import (
    first_instants,
    floor_to_grid,
    grid_anchor,
    grid_between,
    grid_ends,
    grid_from,
    interval_of,
    is_on_grid,
    resolve_origin,
    retrain_boundary,
    wall_times,
    whole_days,
)
from forecasting.panel.calendar.holidays import public_holidays, weekend
from forecasting.panel.calendar.instants import as_utc
from tests.panel.factories import make_stream, utc

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/Toronto",
    "America/St_Johns",
    "America/Santiago",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
)
zones = st.sampled_from(ZONES)
days = st.dates(date(2023, 1, 1), date(2026, 12, 31))
intervals = st.sampled_from(["5min", "30min", "1h", "2h", "6h", "1d", "2d", "7d"])


def local_day(stream, day):
    midnights = np.array([day, day + timedelta(days=1)], "datetime64[us]")
    return grid_between(stream, *first_instants(midnights, stream.zone))


@pytest.mark.parametrize(
    ("day", "quarter_hours"), [("2024-03-31", 92), ("2024-06-30", 96), ("2024-10-27", 100), ("2024-12-31", 96)]
)
def test_a_local_day_in_berlin_has_its_own_number_of_quarter_hours(day, quarter_hours):
    stream = make_stream(interval="15min", timezone="Europe/Berlin")
    assert len(local_day(stream, date.fromisoformat(day))) == quarter_hours


@given(zone=zones, day=days, interval=st.sampled_from(["5min", "30min", "1h"]))
def test_every_interval_of_a_local_day_appears_exactly_once(zone, day, interval):
    stream = make_stream(interval=interval, timezone=zone)
    starts = local_day(stream, day)
    assert (np.diff(starts) == np.timedelta64(stream.interval)).all()
    assert (wall_times(starts, stream.zone).astype("datetime64[D]") == np.datetime64(day)).all()
    beside = np.array([starts[0] - np.timedelta64(stream.interval), starts[-1] + np.timedelta64(stream.interval)])
    assert (wall_times(beside, stream.zone).astype("datetime64[D]") != np.datetime64(day)).all()


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([*ZONES, "Antarctica/Troll", "America/Caracas"]),
    around=st.sampled_from(
        ["2024-03-10", "2024-03-31", "2024-04-07", "2024-09-08", "2024-10-06", "2024-10-27", "2024-11-03"]
    ),
    quarter=st.integers(-8, 24),
)
def test_a_wall_time_means_the_first_instant_at_which_clocks_show_it_or_more(zone, around, quarter):
    zone = ZoneInfo(zone)
    wall = np.array([np.datetime64(around, "us") + quarter * np.timedelta64(15, "m")])
    found = first_instants(wall, zone)
    assert wall_times(found, zone)[0] >= wall[0]
    earlier = found - np.arange(1, 100) * np.timedelta64(5, "m")
    assert (wall_times(earlier, zone) < wall[0]).all()
    assert wall_times(found - np.timedelta64(1, "us"), zone)[0] < wall[0]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Santiago", date(2024, 9, 8), 23),
        ("America/Havana", date(2024, 11, 3), 25),
        ("UTC", date(2024, 3, 31), 24),
    ],
)
def test_a_day_that_starts_with_a_clock_change_starts_at_its_first_instant(zone, day, hours):
    assert len(local_day(make_stream(timezone=zone), day)) == hours


@given(zone=zones, day=days)
def test_whole_hours_are_whole_local_hours_in_standard_time(zone, day):
    stream = make_stream(timezone=zone)
    wall = datetime.combine(day, datetime.min.time(), stream.zone)
    if not wall.dst():
        starts = local_day(stream, day)
        assert (
            wall_times(starts[:1], stream.zone).astype("datetime64[h]") == wall_times(starts[:1], stream.zone)
        ).all()


def test_a_grid_in_kolkata_is_anchored_on_local_hours():
    anchor, step = grid_anchor(make_stream(timezone="Asia/Kolkata"))
    assert step == np.timedelta64(1, "h")
    assert (anchor - np.datetime64("1970-01-01T00:30")) % step == np.timedelta64(0)


@given(zone=zones, day=days, interval=intervals, hour=st.integers(0, 23))
def test_an_origin_date_is_on_the_grid_and_no_interval_away_from_its_local_time(zone, day, interval, hour):
    stream = make_stream(interval=interval, timezone=zone, horizon="14d", origin_time=f"{hour:02d}:00")
    origin = resolve_origin(day.isoformat(), stream)
    assert is_on_grid(np.array([origin.replace(tzinfo=None)], "datetime64[us]"), stream).all()
    meant = datetime.combine(day, stream.stream.origin_time, stream.zone).astimezone(ZoneInfo("UTC"))
    assert timedelta(0) <= meant - origin < stream.interval + timedelta(hours=1)


@given(zone=zones, interval=intervals, day=days, time=st.times())
def test_flooring_gives_the_newest_interval_start_and_does_so_again(zone, interval, day, time):
    instant = datetime.combine(day, time)
    stream = make_stream(interval=interval, timezone=zone, horizon="14d")
    floored = floor_to_grid(instant.replace(tzinfo=ZoneInfo("UTC")), stream)
    assert floor_to_grid(floored, stream) == floored
    start = np.array([floored.replace(tzinfo=None)], "datetime64[us]")
    assert start[0] <= np.datetime64(instant) < grid_ends(start, stream)[0]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-06-30", "America/Toronto", "2024-06-30T04:00"),
        ("2024-12-31", "America/Toronto", "2024-12-31T05:00"),
        ("2024-06-30T06:00", "America/Toronto", "2024-06-30T10:00"),
        ("2024-06-30 06:00Z", "America/Toronto", "2024-06-30T06:00"),
        ("2024-06-30T06:00+02:00", "America/Toronto", "2024-06-30T04:00"),
        ("2024-09-08", "America/Santiago", "2024-09-08T04:00"),
        ("2024-11-03", "America/Havana", "2024-11-03T04:00"),
    ],
)
def test_an_origin_is_read_in_the_zone_of_its_stream(text, zone, expected):
    assert resolve_origin(text, make_stream(timezone=zone)) == utc(expected)


def test_an_origin_date_means_the_origin_time_of_its_stream():
    assert resolve_origin("2024-06-30", make_stream(timezone="Asia/Kolkata", origin_time="05:00")) == utc(
        "2024-06-29T23:30"
    )


def test_an_origin_date_of_a_weekly_stream_is_the_monday_before():
    stream = make_stream(interval="7d", horizon="14d", timezone="Europe/Berlin")
    assert resolve_origin("2024-07-04", stream) == utc("2024-06-30T22:00")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("yesterday", "expected an ISO date or timestamp"),
        ("2024-13-01", "expected an ISO date or timestamp"),
        ("0001-01-01T00:00+12:00", "expected an ISO date or timestamp"),
        ("", "expected an ISO date or timestamp"),
        ("2024-06-30T06:07", "off the grid of stream calls .* take 2024-06-30T06:00:00-04:00"),
        ("2024-03-10T02:30", "does not exist"),
        ("2024-11-03T01:00", "occurs twice.*01:00:00-04:00 or 2024-11-03T01:00:00-05:00"),
    ],
)
def test_an_origin_that_cannot_be_meant_is_refused_with_what_to_write_instead(text, says):
    with pytest.raises(SettingsError, match=says):
        resolve_origin(text, make_stream(timezone="America/Toronto"))


def test_an_origin_date_in_summer_on_a_two_hour_grid_is_the_start_of_the_interval_under_way():
    stream = make_stream(interval="2h", timezone="America/Toronto")
    assert resolve_origin("2024-01-15", stream) == utc("2024-01-15T05:00")
    assert resolve_origin("2024-07-15", stream) == utc("2024-07-15T03:00")


@given(
    zone=zones, day=days, interval=intervals, period=st.sampled_from(["1d", "7d", "10d", "28d"]), hour=st.integers(0, 5)
)
def test_a_retrain_boundary_is_at_or_before_its_origin_by_less_than_a_period(zone, day, interval, period, hour):
    stream = make_stream(interval=interval, timezone=zone, horizon="14d", retrain=period, origin_time=f"{hour:02d}:00")
    origin = resolve_origin(day.isoformat(), stream)
    boundary = retrain_boundary(stream, origin)
    assert boundary <= origin
    assert origin - boundary < stream.models.retrain + stream.interval + timedelta(hours=1)
    assert retrain_boundary(stream, boundary) == boundary


def test_weekly_retrain_boundaries_are_mondays_at_the_origin_time():
    stream = make_stream(timezone="Europe/Berlin", origin_time="05:00")
    monday, before = utc("2024-04-01T03:00"), utc("2024-03-25T04:00")
    assert retrain_boundary(stream, monday) == monday
    assert retrain_boundary(stream, monday - timedelta(hours=1)) == before
    assert retrain_boundary(stream, monday + timedelta(days=6, hours=23)) == monday


@given(zone=zones, day=days, interval=intervals)
def test_a_horizon_continues_the_grid_of_its_history(zone, day, interval):
    stream = make_stream(interval=interval, timezone=zone, horizon="14d")
    start = as_utc(pd.DatetimeIndex([resolve_origin(day.isoformat(), stream)]))[0]
    horizon = grid_from(stream, start, steps=stream.steps)
    assert horizon[0] == start
    np.testing.assert_array_equal(grid_between(stream, start, grid_ends(horizon[-1:], stream)[0]), horizon)
    assert is_on_grid(horizon, stream).all()


def test_intervals_of_days_start_at_local_midnights_across_a_clock_change():
    stream = make_stream(interval="1d", timezone="Europe/Berlin")
    starts = grid_from(stream, np.datetime64("2024-03-29T23:00", "us"), steps=3)
    expected = ["2024-03-29T23:00", "2024-03-30T23:00", "2024-03-31T22:00"]
    np.testing.assert_array_equal(starts, np.array(expected, "datetime64[us]"))


def test_a_date_that_a_zone_skipped_is_no_interval():
    stream = make_stream(interval="1d", timezone="Pacific/Apia", start="2011-01-01")
    starts = grid_between(stream, np.datetime64("2011-12-28T12:00", "us"), np.datetime64("2012-01-02T00:00", "us"))
    dates = wall_times(starts, stream.zone).astype("datetime64[D]")
    assert dates.astype(str).tolist() == ["2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]


def test_instants_off_the_grid_and_missing_ones_are_found():
    ts = pd.Series(pd.to_datetime(["2024-07-01T00:00Z", "2024-07-01T00:30Z", "2024-07-01T22:00Z", None], utc=True))
    assert is_on_grid(ts, make_stream(timezone="Europe/Berlin")).tolist() == [True, False, True, False]
    assert is_on_grid(ts, make_stream(timezone="Asia/Kolkata")).tolist() == [False, True, False, False]
    assert is_on_grid(ts, make_stream(interval="1d", timezone="Europe/Berlin")).tolist() == [False, False, True, False]


def test_public_holidays_and_the_weekend_are_those_of_the_country():
    year = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]")
    canada = public_holidays(make_stream(country="CA"), year)
    assert canada[0]
    assert not canada[9]
    assert not public_holidays(make_stream(), year).any()
    assert weekend(make_stream(country="IL")) == (4, 5)
    assert weekend(make_stream()) == (5, 6)


def whole(since: str, until: str, zone: str) -> tuple[int, list[str]]:
    first, midnights = whole_days(utc(since), utc(until), ZoneInfo(zone))
    return first, midnights.astype("datetime64[m]").astype(str).tolist()


def day_number(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def test_whole_days_lie_between_midnights_whatever_clocks_do():
    spring = whole("2024-03-30T10:00", "2024-04-02T10:00", "Europe/Berlin")
    assert spring == (day_number("2024-03-31"), ["2024-03-30T23:00", "2024-03-31T22:00"])
    autumn = whole("2024-10-25T22:00", "2024-10-28T23:00", "Europe/Berlin")
    assert autumn == (day_number("2024-10-26"), ["2024-10-25T22:00", "2024-10-26T22:00", "2024-10-27T23:00"])


def test_part_of_a_day_is_no_whole_day():
    assert whole("2024-06-01T00:30", "2024-06-02T23:00", "UTC")[1] == []
    assert whole("2024-06-01T10:00", "2024-06-01T12:00", "UTC")[1] == []
    assert whole("2024-06-02T00:00", "2024-06-02T00:00", "UTC")[1] == []
    assert whole("2024-06-02T00:00", "2024-06-03T00:00", "UTC") == (day_number("2024-06-02"), ["2024-06-02T00:00"])


def test_a_day_whose_midnight_is_skipped_or_comes_twice_is_whole_from_its_first_instant():
    """In Havana clocks go from 0:00 to 1:00 in spring, and from 1:00 back to 0:00 in autumn."""
    assert whole("2024-03-10T05:00", "2024-03-11T04:00", "America/Havana") == (
        day_number("2024-03-10"),
        ["2024-03-10T05:00"],
    )
    autumn = day_number("2024-11-03")
    assert whole("2024-11-03T04:00", "2024-11-04T05:00", "America/Havana") == (autumn, ["2024-11-03T04:00"])
    assert whole("2024-11-03T05:00", "2024-11-04T05:00", "America/Havana") == (autumn + 1, [])


@given(zone=zones, day=days, hour=st.integers(0, 23), length=st.integers(0, 24 * 16))
def test_whole_days_are_all_days_that_begin_and_end_inside(zone, day, hour, length):
    since = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo("UTC"))
    until = since + timedelta(hours=length)
    first, midnights = whole_days(since, until, ZoneInfo(zone))
    edges = as_utc(pd.DatetimeIndex([since, until]))
    local = wall_times(edges, ZoneInfo(zone)).astype("datetime64[D]")
    every = np.arange(local[0] - 2, local[1] + 3)
    starts, ends = first_instants(every, ZoneInfo(zone)), first_instants(every + 1, ZoneInfo(zone))
    inside = (starts >= edges[0]) & (ends <= edges[1])
    np.testing.assert_array_equal(midnights, starts[inside])
    if inside.any():
        assert first == every[inside][0].astype(int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2024-13-01 10:00", "TS '2024-13-01 10:00': expected"),
        ("2024-03-10 02:30", "TS 2024-03-10T02:30:00 in .* does not exist"),
    ],
)
def test_a_wrong_moment_of_an_interval_is_not_blamed_on_the_origin(text, message):
    with pytest.raises(SettingsError, match=message):
        interval_of(text, make_stream(timezone="America/Toronto"))
