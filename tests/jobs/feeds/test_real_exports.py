"""Habits of products' exports: spaces of Unicode, camel case, raw twins, days that go to 24:00, rates."""

import pytest

from forecasting.errors import SettingsError
from forecasting.jobs.feeds.roles import implied_aggregate
from tests.jobs.feeds.test_feeds import findings, hourly, local, look, table


@pytest.mark.parametrize("space", ["\u202f", "\u00a0", "\u2009", "\u200e "])
def test_half_days_may_follow_any_space(lake, tmp_path, space):
    stamps = [f"1/13/2024 {hour}:00{space}{'AM' if hour < 12 else 'PM'}" for hour in range(8, 13)]
    rows, found = look(lake, tmp_path, hourly(["5"], stamps))
    assert [row[1] for row in rows] == [local(2024, 1, 13, hour) for hour in range(8, 13)]
    assert "unusual spaces" in findings(found)


def test_half_days_may_have_dots(lake, tmp_path):
    stamps = [f"13/01/2024 {hour}:00:00\u00a0p.\u00a0m." for hour in range(1, 5)]
    rows, _ = look(lake, tmp_path, hourly(["5"], stamps))
    assert [row[1] for row in rows] == [local(2024, 1, 13, hour) for hour in range(13, 17)]


@pytest.mark.parametrize("space", ["\u2009", "\u2007", "\u00a0", "\u202f"])
def test_thousands_may_be_marked_by_any_space(lake, tmp_path, space):
    rows, _ = look(lake, tmp_path, hourly([f"1{space}062", "63"]))
    assert {float(row[2]) for row in rows} == {1062.0, 63.0}
    rows, _ = look(lake, tmp_path, hourly([f"5{space}", "63"]))
    assert {row[2] for row in rows} == {"5", "63"}


def test_words_of_camel_case_say_which_column_begins_the_interval(lake, tmp_path):
    rows = [("q", f"2024-01-13T{hour:02d}:00:00Z", f"2024-01-13T{hour + 1:02d}:00:00Z", hour) for hour in range(8, 12)]
    read, found = look(lake, tmp_path, table("Queue,StartInterval,EndInterval,ContactsHandled", rows), zone="UTC")
    assert found.time.columns == ("StartInterval",)
    assert found.aggregate == "sum"
    assert (read[0][0], float(read[0][2])) == ("q", 8.0)


@pytest.mark.parametrize(
    ("stamp", "options"),
    [
        ("01.02.2026 08:{0:02d}:00 - 08:{1:02d}:00", {"date_format": "dmy"}),
        ("2/1/2026 8:{0:02d}:00 AM - 8:{1:02d}:00 AM", {"date_format": "mdy"}),
    ],
)
def test_of_a_time_and_its_raw_number_the_readable_one_is_taken(lake, tmp_path, stamp, options):
    rows = [(stamp.format(at, at + 5), 46054.3333 + at / 1440, 1000 + at) for at in range(0, 55, 5)]
    feed = table("Date Time,Date Time(RAW),Traffic Total (Speed)(RAW)", rows)
    read, found = look(lake, tmp_path, feed, **options)
    assert [row[1:] for row in read[:2]] == [(local(2026, 2, 1, 8), "1000"), (local(2026, 2, 1, 8, 5), "1005")]
    assert "Date Time(RAW) holds it as a raw number" in findings(found)
    assert found.aggregate == "mean"


def test_hours_1_to_24_begin_an_hour_before(lake, tmp_path):
    rows = [(f"2024-01-{day}", hour, hour) for day in (13, 14) for hour in range(1, 25)]
    read, found = look(lake, tmp_path, table("Date,Hour,calls", rows))
    assert (read[0][1], float(read[0][2])) == (local(2024, 1, 13), 1.0)
    assert (read[-1][1], float(read[-1][2])) == (local(2024, 1, 14, 23), 24.0)
    assert "hours 1 to 24, each the one that ends then" in findings(found)


@pytest.mark.parametrize(
    "feed",
    [
        hourly(["5"], [f"2024-01-13 {hour:02d}:00" for hour in range(1, 25)]),
        table("Date,Time,calls", [("2024-01-13", f"{hour:02d}:00", 5) for hour in range(1, 25)]),
        table("Date,Time,calls", [("2024-01-13", f"{hour:02d}00", 5) for hour in range(1, 25)]),
        table("Date,Hour,calls", [("2024-01-13", hour, 5) for hour in range(25)]),
        table("Date,21:00,22:00,23:00,24:00", [(f"2024-01-{day}", 1, 2, 3, 4) for day in (13, 14)]),
    ],
)
def test_times_that_go_to_24_are_refused_by_name(lake, tmp_path, feed):
    with pytest.raises(SettingsError, match=r"no interval of a day begins at 24:00.* name the ends of intervals"):
        look(lake, tmp_path, feed)


def test_ranges_may_end_at_24(lake, tmp_path):
    rows = [("2024-01-13", f"{hour:02d}:00-{hour + 1:02d}:00", hour) for hour in range(24)]
    read, _ = look(lake, tmp_path, table("Date,Time,calls", rows))
    assert (read[-1][1], float(read[-1][2])) == (local(2024, 1, 13, 23), 23.0)


@pytest.mark.parametrize(
    ("column", "unit", "aggregate"),
    [
        *((name, None, "mean") for name in ("CpuUtil", "error_rate", "ratio", "DL PRB Utilization (%)", "throughput")),
        *((name, None, "mean") for name in ("latency_ms", "AvgSpeed", "TrafficErlang", "AvgHandleTime", "packets/sec")),
        *((name, None, "sum") for name in ("calls handled", "ContactsHandled", "octets", "Anrufe", "bytes_sent")),
        ("calls within service level", None, "sum"),
        ("ServiceLevel", None, "mean"),
        ("value", "Mbit/s", "mean"),
        ("MaxUtil", None, "max"),
    ],
)
def test_words_of_the_name_or_unit_say_how_values_add_up(column, unit, aggregate):
    assert implied_aggregate(column, unit)[0] == aggregate
