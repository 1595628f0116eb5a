"""A date is its day's first instant: daily and weekly feeds where clocks skip midnight or show it twice."""

import numpy as np
import pandas as pd
import pytest

from forecasting.jobs import forecast, ingest
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import define_stream, deliver

CHANGES = {
    "America/Santiago": ("2022-09-11", "2022-09-11 04:00Z"),
    "Africa/Cairo": ("2024-04-26", "2024-04-25 22:00Z"),
    "Asia/Beirut": ("2024-03-31", "2024-03-30 22:00Z"),
    "America/Havana": ("2024-03-10", "2024-03-10 05:00Z"),
    "Asia/Tehran": ("2021-03-22", "2021-03-21 20:30Z"),
    "America/Asuncion": ("2023-10-01", "2023-10-01 04:00Z"),
    "America/Sao_Paulo": ("2018-11-04", "2018-11-04 03:00Z"),
    "Atlantic/Azores": ("2024-10-27", "2024-10-27 00:00Z"),
    "America/Toronto": ("2024-11-03", "2024-11-03 04:00Z"),
    "Asia/Kolkata": ("2024-03-10", "2024-03-09 18:30Z"),
}
"""Days whose midnight is skipped; the last three have one, of which the first two are days of 25 hours."""
TWICE = {
    "America/Havana": ("2024-11-03", "2024-11-03 04:00Z", "2024-11-03 05:00Z"),
    "Atlantic/Azores": ("2024-10-27", "2024-10-27 00:00Z", "2024-10-27 01:00Z"),
}
"""Days whose midnight occurs twice: the first time and the second."""
NAIVE = """select *
from read_parquet($feed)
where ts::timestamp at time zone '{zone}' >= $since and ts::timestamp at time zone '{zone}' < $until
"""
FORMS = {
    "dates": lambda days: days.date,
    "timestamps": lambda days: days,
    "text": lambda days: days.strftime("%Y-%m-%d"),
    "text with a clock": lambda days: days.strftime("%Y-%m-%d 00:00:00"),
}


def days_around(day: str, *, before: int = 28, after: int = 7, freq: str = "D") -> pd.DatetimeIndex:
    return pd.date_range(pd.Timestamp(day) - before * pd.Timedelta("1D"), periods=before + after, freq=freq)


def define(settings: Settings, zone: str, days: pd.DatetimeIndex, *, interval: str = "1d") -> None:
    define_stream(settings, interval=interval, timezone=zone, horizon="28d", extract=NAIVE.format(zone=zone))
    path = settings.streams / "usage.toml"
    path.write_text(path.read_text().replace("start = 2024-01-01", f"start = {days[0]:%Y-%m-%d}"))


def rows_of(days: pd.DatetimeIndex, stamps: object) -> pd.DataFrame:
    return pd.DataFrame({"series_id": "a", "ts": stamps, "y": 100.0 + np.arange(len(days)) % 7})


def stored(settings: Settings) -> tuple[dict[pd.Timestamp, float], int]:
    with open_lake_to_read(settings) as lake:
        rows = lake.connection.execute("select ts, y from history.demand").fetchall()
        rejected = lake.connection.execute("select count(*) from history.quarantine").fetchone()[0]
    return {pd.Timestamp(ts).tz_convert("UTC"): y for ts, y in rows}, rejected


@pytest.mark.parametrize("form", FORMS)
def test_a_date_without_a_midnight_begins_where_the_clocks_go_on(settings: Settings, form: str):
    day, start = CHANGES["America/Santiago"]
    days = days_around(day)
    define(settings, "America/Santiago", days)
    rows = rows_of(days, FORMS[form](days))
    deliver(settings, rows)
    for until in pd.date_range(pd.Timestamp(day) - pd.Timedelta("1D"), periods=4):
        ingest.run(settings, "usage", until=f"{until:%Y-%m-%d}")
    values, rejected = stored(settings)
    assert rejected == 0
    assert len(values) == 28 + 2
    assert values[pd.Timestamp(start)] == rows["y"][28]


@pytest.mark.parametrize("zone", CHANGES)
def test_every_day_of_a_zone_is_in_and_forecast(settings: Settings, zone: str):
    day, start = CHANGES[zone]
    days = days_around(day, before=35)
    define(settings, zone, days)
    deliver(settings, rows_of(days, FORMS["dates"](days)))
    ingest.run(settings, "usage", until=f"{days[-1]:%Y-%m-%d}")
    values, rejected = stored(settings)
    assert (rejected, len(values)) == (0, len(days) - 1)
    assert pd.Timestamp(start) in values
    assert forecast.run(settings, "usage", origin=day).rows == 28


@pytest.mark.parametrize("zone", TWICE)
@pytest.mark.parametrize("occurrence", [0, 1])
def test_either_occurrence_of_a_doubled_midnight_is_the_day(settings: Settings, zone: str, occurrence: int):
    day, *midnights = TWICE[zone]
    days = days_around(day)
    define(settings, zone, days)
    stamps = days.tz_localize(zone, ambiguous=np.full(len(days), occurrence == 0))
    assert stamps[28] == pd.Timestamp(midnights[occurrence])
    rows = rows_of(days, stamps.tz_convert("UTC"))
    extract = settings.streams / "usage.sql"
    extract.write_text("select * from read_parquet($feed)\nwhere ts >= $since and ts < $until")
    deliver(settings, rows)
    ingest.run(settings, "usage", until=f"{days[-1]:%Y-%m-%d}")
    values, rejected = stored(settings)
    assert (rejected, len(values)) == (0, len(days) - 1)
    assert values[pd.Timestamp(midnights[0])] == rows["y"][28]


def test_a_week_that_begins_on_a_day_without_midnight_is_in(settings: Settings):
    day, start = CHANGES["Asia/Tehran"]
    weeks = pd.date_range(end=pd.Timestamp(day) + pd.Timedelta("28D"), periods=60, freq="W-MON")
    define(settings, "Asia/Tehran", weeks, interval="7d")
    rows = rows_of(weeks, FORMS["dates"](weeks))
    deliver(settings, rows)
    ingest.run(settings, "usage", until=f"{weeks[-1]:%Y-%m-%d}")
    values, rejected = stored(settings)
    assert (rejected, len(values)) == (0, len(weeks) - 1)
    assert values[pd.Timestamp(start)] == rows["y"][weeks.get_loc(day)]


def test_a_date_that_clocks_skip_as_a_whole_stays_out(settings: Settings):
    days = days_around("2011-12-30", after=5)
    define(settings, "Pacific/Apia", days)
    deliver(settings, rows_of(days, FORMS["dates"](days)))
    path = settings.streams / "usage.toml"
    path.write_text(path.read_text().replace("[source]", "[source]\nmax_bad_share = 0.2"))
    ingest.run(settings, "usage", until=f"{days[-1]:%Y-%m-%d}")
    values, rejected = stored(settings)
    assert (rejected, len(values)) == (1, len(days) - 2)


AFTER = {
    "America/Toronto": ("2024-03-10", 23, "2024-11-03", 25),
    "America/Santiago": ("2022-09-11", 23, "2022-04-02", 25),
    "Asia/Tehran": ("2021-03-22", 23, "2021-09-21", 25),
    "Australia/Lord_Howe": ("2024-10-06", 23.5, "2024-04-07", 24.5),
}
"""Days that clocks shorten or lengthen, and how many hours they have."""


@pytest.mark.parametrize("zone", list(AFTER))
@pytest.mark.parametrize("short", [True, False])
def test_the_night_after_a_short_or_long_day_knows_that_day_and_no_earlier_one_does(settings, zone, short):
    day, hours = AFTER[zone][:2] if short else AFTER[zone][2:]
    days = days_around(day, before=35, after=1)
    define(settings, zone, days)
    deliver(settings, rows_of(days, days.date))
    tomorrow = str((pd.Timestamp(day) + pd.Timedelta("1D")).date())
    ingest.run(settings, "usage", until=tomorrow)
    with open_lake_to_read(settings) as lake:
        (ts, known_at) = lake.connection.execute(
            "select ts, available_at from history.demand order by ts desc"
        ).fetchone()
    assert known_at - ts == pd.Timedelta(hours=hours)
    # the origin's own start is when that day ends
    assert pd.Timestamp(forecast.run(settings, "usage", origin=tomorrow).origin) == known_at


@pytest.mark.parametrize("zone", ["America/Toronto", "America/Santiago"])
def test_the_week_of_a_clock_change_is_known_at_the_next_monday(settings, zone):
    day = AFTER[zone][0]
    monday = pd.Timestamp(day) - pd.Timedelta(pd.Timestamp(day).day_of_week, "D")
    weeks = pd.date_range(end=monday, periods=20, freq="7D")
    define(settings, zone, weeks, interval="7d")
    deliver(settings, rows_of(weeks, weeks.date))
    next_monday = str((monday + pd.Timedelta("7D")).date())
    ingest.run(settings, "usage", until=next_monday)
    assert forecast.run(settings, "usage", origin=next_monday).status == "published"
