"""Small feeds of other people's systems: what their columns are taken for, and what is asked."""

from datetime import datetime

import pytest

from forecasting.errors import ForecastingError, SettingsError
from forecasting.jobs.feeds.extracts import extract_text
from forecasting.jobs.feeds.findings import Notes, Stated
from forecasting.jobs.feeds.proposals import examine
from forecasting.jobs.feeds.rows.sources import file_source
from tests.jobs.feeds.test_grid import SPAN


def local(*parts):
    """A time on the local clock."""
    return datetime(*parts)  # noqa: DTZ001


HOURS = [f"2024-01-{day:02d} {hour:02d}:00" for day in range(1, 4) for hour in range(8, 12)]


def look(lake, tmp_path, content, name="feed.csv", zone="Europe/Berlin", sheet=None, **stated):
    """What a feed's extract gives, sorted, and what was found."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notes = Notes()
    source = file_source(lake, str(path), notes, sheet=sheet)
    examined = examine(lake, source, Stated("mine", zone, **stated), notes, horizon="28d", feed=str(path))
    extract = extract_text(lake, examined.found)
    values = {name: value for name, value in {"feed": str(path), **SPAN}.items() if f"${name}" in extract}
    rows = lake.connection.execute(extract, values).fetchall()
    return sorted(rows, key=lambda row: (str(row[0]), str(row[1]))), examined.found


def table(heading, rows, separator=","):
    return "\n".join([heading, *(separator.join(map(str, row)) for row in rows)]) + "\n"


def hourly(values, stamps=HOURS, heading="ts,calls", separator=","):
    return table(heading, [(ts, values[place % len(values)]) for place, ts in enumerate(stamps)], separator)


def findings(found):
    return "; ".join(map(str, found.findings))


@pytest.mark.parametrize(
    ("texts", "numbers", "remark"),
    [
        (["8,0", "31,5"], [8.0, 31.5], "decimal comma"),
        (['"1,234"', "63"], [1234.0, 63.0], "thousands comma: 1,234 is 1234"),
        (["1.062", "63"], [1062.0, 63.0], "thousands point: 1.062 is 1062"),
        (["1.234.567", "2.000.000"], [1234567.0, 2000000.0], "thousands point"),
        (["1.062,5", "3,0"], [1062.5, 3.0], "decimal comma, thousands point"),
        (['"1,062.5"', "3.0"], [1062.5, 3.0], "thousands comma"),
        (["1 062,5", "3"], [1062.5, 3.0], "thousands space"),
        (["1'062", "12"], [1062.0, 12.0], "thousands apostrophe"),
        (["0.125", "1.250"], [0.125, 1.25], ""),
        (["1500", "1.062"], [1500.0, 1.062], "1500 has no mark"),
        (["2.5e+06", "3e6"], [2.5e6, 3e6], ""),
        (["0:05:12", "1:00:00"], [312.0, 3600.0], "hours:minutes:seconds"),
    ],
)
def test_marks_of_numbers_are_told_by_the_column(lake, tmp_path, texts, numbers, remark):
    rows, found = look(lake, tmp_path, hourly(texts, heading="ts;calls", separator=";").replace('"', ""))
    assert sorted({float(row[2]) for row in rows}) == sorted(numbers)
    assert remark in findings(found)


@pytest.mark.parametrize("text", ["1.062", '"1,062"'])
def test_a_mark_with_three_digits_everywhere_is_asked_for(lake, tmp_path, text):
    feed = hourly([text, text.replace("062", "377")])
    with pytest.raises(SettingsError, match=r"may be 1,\d+ or 1\.\d+: .* say --decimal (point|comma)"):
        look(lake, tmp_path, feed)
    stated = {name: look(lake, tmp_path, feed, decimal=name)[0][0][2] for name in ("point", "comma")}
    assert sorted(map(float, stated.values())) == [1.062, 1062.0]


def test_what_may_be_a_thousand_later_is_rejected_not_read(lake, tmp_path):
    rows, found = look(lake, tmp_path, hourly(["63", "12"]))
    path = tmp_path / "feed.csv"
    path.write_text(path.read_text() + "2024-01-03 12:00,1.062\n2024-01-03 13:00,1.5\n")
    rows = lake.connection.execute(extract_text(lake, found), {"feed": str(path), **SPAN}).fetchall()
    assert [row[2] for row in rows[-2:]] == ["unreadable: 1.062", "1.5"]


@pytest.mark.parametrize("literal", ["NaN", "-nan", "U", "null", "#N/A", "+Inf", "-inf", "", "-", "n/a"])
def test_what_stands_for_unknown_is_unknown(lake, tmp_path, literal):
    rows, _ = look(lake, tmp_path, hourly(["5", literal, "7.5"]))
    assert [row[2] for row in rows[:3]] == ["5", None, "7.5"]


@pytest.mark.parametrize(
    ("stamps", "first"),
    [
        (["13/01/2024 08:00", "13/01/2024 09:00"], local(2024, 1, 13, 8)),
        (["01/13/2024 8:00 AM", "01/13/2024 9:00 AM"], local(2024, 1, 13, 8)),
        (["13.01.24 08:00", "13.01.24 09:00", "14.01.24 08:00"], local(2024, 1, 13, 8)),
        (["2024-01-13T08:00:00", "2024-01-13T09:00:00"], local(2024, 1, 13, 8)),
        (["20240113 0800", "20240113 0900"], local(2024, 1, 13, 8)),
        (["13-Jan-2024 08:00", "13-Jan-2024 09:00"], local(2024, 1, 13, 8)),
        (["2024-01-13 08:00 - 2024-01-13 09:00", "2024-01-13 09:00 - 2024-01-13 10:00"], local(2024, 1, 13, 8)),
        (["2024-01-13T08:00Z", "2024-01-13T09:00Z"], local(2024, 1, 13, 9)),
        (["2024-01-13 08:00:00+01:00", "2024-01-13 09:00:00+01:00"], local(2024, 1, 13, 8)),
        (["2024-01-13 08:00:00.250 UTC", "2024-01-13 09:00:00.250 UTC"], local(2024, 1, 13, 9)),
        (["1705132800", "1705136400"], local(2024, 1, 13, 9)),
        (["1705132800000", "1705136400000"], local(2024, 1, 13, 9)),
        (["1705132800000000000", "1705136400000000000"], local(2024, 1, 13, 9)),
        (["45304.333333333336", "45304.375"], local(2024, 1, 13, 8)),
        (["1/13/2024 8:00", "1/13/2024", "1/13/2024 9:00"], local(2024, 1, 13, 0)),
    ],
)
def test_times_are_read_in_the_formats_of_exports(lake, tmp_path, stamps, first):
    look(lake, tmp_path, hourly(["5"], stamps), interval="1h")
    ((local,),) = lake.connection.execute("select min(local_read) from readings").fetchall()
    assert local.replace(microsecond=0) == first


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("Date,Time,calls", [("13/01/2024", "08:00", 5), ("13/01/2024", "09:00", 6)]),
        ("Date,Hour,calls", [("2024-01-13", 8, 5), ("2024-01-13", 9, 6)]),
        ("Date,Interval,calls", [("13/01/2024", "08:00-09:00", 5), ("13/01/2024", "09:00-10:00", 6)]),
        ("Date,Time,calls", [("2024-01-13", "0800", 5), ("2024-01-13", "0900", 6)]),
        ("start,end,calls", [("2024-01-13 08:00", "2024-01-13 09:00", 5), ("2024-01-13 09:00", "2024-01-13 10:00", 6)]),
        ("Date,Time,AHT,calls", [("13/01/2024", "08:00", "0:05:12", 5), ("13/01/2024", "09:00", "0:04:17", 6)]),
    ],
)
def test_date_and_time_of_day_may_stand_in_columns_of_their_own(lake, tmp_path, heading, rows):
    read, _ = look(lake, tmp_path, table(heading, rows), y_column="calls")
    assert [(row[1], float(row[2])) for row in read] == [(local(2024, 1, 13, 8), 5), (local(2024, 1, 13, 9), 6)]


def test_order_of_day_and_month_follows_from_the_spacing_and_is_said(lake, tmp_path):
    days = [f"2/{day}/2024" for day in range(1, 13)]
    rows, found = look(lake, tmp_path, hourly(["868"], days), interval="1d")
    assert (rows[0][1], rows[-1][1]) == (local(2024, 2, 1), local(2024, 2, 12))
    assert "month first" in findings(found)
    assert "otherwise --date-format dmy" in findings(found)
    with pytest.raises(SettingsError, match="the feed is in months"):
        look(lake, tmp_path, hourly(["868"], days), interval="1d", date_format="dmy")


def test_order_that_nothing_decides_is_asked_for(lake, tmp_path):
    feed = hourly(["5"], [f"05/06/2024 {hour:02d}:00" for hour in range(8, 20)])
    with pytest.raises(SettingsError, match="may be day first or month first: no date decides it; say --date-format"):
        look(lake, tmp_path, feed)
    assert look(lake, tmp_path, feed, date_format="mdy")[0][0][1] == local(2024, 5, 6, 8)


def test_a_second_key_column_is_found(lake, tmp_path):
    rows = [(ts, "help", channel, 5 + place) for ts in HOURS for place, channel in enumerate(["voice", "chat"])]
    read, found = look(lake, tmp_path, table("ts,queue,channel,calls", rows))
    assert {row[0] for row in read} == {"help.voice", "help.chat"}
    assert "queue and channel: the series' key" in findings(found)
    with pytest.raises(SettingsError, match="say --series-col queue --series-col channel if that names"):
        look(lake, tmp_path, table("ts,queue,channel,calls", rows), series_columns=("queue",))


def test_rows_that_no_column_tells_apart_are_asked_about(lake, tmp_path):
    rows = [(ts, place) for ts in HOURS for place in (3, 5)]
    with pytest.raises(SettingsError, match="rows share a time but differ"):
        look(lake, tmp_path, table("ts,calls", rows))


def test_parts_of_an_interval_are_added_up(lake, tmp_path):
    quarters = [f"2024-01-01 {hour:02d}:{minute:02d}" for hour in range(8, 12) for minute in (0, 15, 30, 45)]
    rows, found = look(lake, tmp_path, hourly(["1", "2", "4", "8"], quarters), interval="30min")
    assert [float(row[2]) for row in rows] == [3.0, 12.0] * 4
    assert "the feed is in 15 minutes: 2 rows make one interval, added up" in findings(found)
    rows, _ = look(lake, tmp_path, hourly(["1", "2", "4", "8"], quarters[1:]), interval="30min")
    assert rows[0][2] is None  # half of it is missing
    with pytest.raises(SettingsError, match="the feed is in 15 minutes; say --interval 15min"):
        look(lake, tmp_path, hourly(["1"], quarters), interval="5min")
    assert look(lake, tmp_path, hourly(["1"], quarters))[1].grid.interval.total_seconds() == 900


def test_polls_off_the_grid_are_put_into_intervals(lake, tmp_path):
    polls = [f"2024-01-01 {place // 12:02d}:{place % 12 * 5:02d}:{(place * 7) % 11:02d}" for place in range(60)]
    rows, found = look(lake, tmp_path, hourly(["100.5", "200.25"], polls, heading="ts,mbps"))
    assert [row[1].minute % 5 for row in rows] == [0] * 60
    assert found.aggregate == "mean"
    assert "polls near every 5 minutes" in findings(found)


def test_weeks_that_begin_on_sunday_are_put_at_mondays(lake, tmp_path):
    rows, found = look(lake, tmp_path, hourly(["5"], ["2024-01-07", "2024-01-14", "2024-01-21"]))
    assert [row[1] for row in rows] == [local(2024, 1, day) for day in (8, 15, 22)]
    assert "weeks that begin on Sunday" in findings(found)


@pytest.mark.parametrize(
    ("stamps", "period"),
    [
        ([f"2024-{month:02d}-01" for month in range(1, 13)], "months"),
        ([f"{year}-{month:02d}-01" for year in (2021, 2022, 2023) for month in (1, 4, 7, 10)], "quarters"),
        ([f"{year}-01-01" for year in range(2001, 2018)], "years"),
        (["2001-01-01", "2002-01-01", "2003-01-01"], "years"),
    ],
)
def test_periods_of_the_calendar_are_refused(lake, tmp_path, stamps, period):
    with pytest.raises(SettingsError, match=f"the feed is in {period}; intervals are parts of a day or whole days"):
        look(lake, tmp_path, hourly(["5"], stamps))


def test_midnights_of_utc_are_days(lake, tmp_path):
    days = [f"2024-01-{day:02d}T00:00:00Z" for day in range(1, 10)]
    rows, _ = look(lake, tmp_path, hourly(["5"], days), zone="America/Toronto")
    assert rows[0][1] == local(2024, 1, 1)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_encodings_are_read(lake, tmp_path, encoding):
    text = table("ts;cola;llamadas", [(ts, "Atención", 5) for ts in HOURS], ";")
    rows, found = look(lake, tmp_path, text.encode(encoding))
    assert rows[0][0] == "Atención"
    assert ("encoding" in findings(found)) == (encoding != "utf-8-sig")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table("ts,queue,calls", [(ts, "5 €", 5) for ts in HOURS]).encode("cp1252"), "holds the byte 0x80"),
        (table("ts,calls", [(ts, 5) for ts in HOURS]).encode("utf-16-be"), "UTF-16 big endian"),
        ("just a text\nof two lines\n", "no separator of columns"),
        ("", "the file is empty"),
        (hourly(["12 Mbit/s"]), "no column is known to be the y"),
        (hourly(["5", "twelve", "6"]), "values cannot be read as numbers, such as 'twelve'"),
        (hourly(["-5", "6"]), "values are below 0"),
        (hourly(["5"], ["tomorrow", "today"]), "column ts: .* cannot be read as times"),
        (hourly(["1,062.5", "1.062,5"], heading="ts;calls", separator=";"), "the decimal mark differs"),
        (table("time,port,bps_in,bps_out", [(ts, "p1", 1, 2) for ts in HOURS]), "several columns hold numbers: bps_in"),
    ],
)
def test_what_cannot_be_read_is_named(lake, tmp_path, content, message):
    with pytest.raises(ForecastingError, match=message):
        look(lake, tmp_path, content)


def test_each_column_of_a_wide_table_is_a_series(lake, tmp_path):
    feed = table("Date,Sales,Help desk,Total", [(ts, 5, 7, 12) for ts in HOURS])
    rows, found = look(lake, tmp_path, feed)
    assert {row[0]: float(row[2]) for row in rows} == {"Sales": 5.0, "Help desk": 7.0}
    assert "each of 2 columns is a series" in findings(found)


def test_headings_may_be_times_of_day(lake, tmp_path):
    feed = table("Date,08:00,08:30,09:00", [("13/01/2024", 1, 2, 3), ("14/01/2024", 4, 5, 6)])
    rows, _ = look(lake, tmp_path, feed, name="days.csv")
    assert [(row[1], float(row[2])) for row in rows[:4]] == [
        (local(2024, 1, 13, 8), 1.0),
        (local(2024, 1, 13, 8, 30), 2.0),
        (local(2024, 1, 13, 9), 3.0),
        (local(2024, 1, 14, 8), 4.0),
    ]


def test_headings_may_be_dates(lake, tmp_path):
    feed = table("queue,2024-01-13,2024-01-14,2024-01-15", [("help", 1, 2, 3), ("sales", 4, 5, 6)])
    rows, _ = look(lake, tmp_path, feed)
    assert rows[0][:2] == ("help", local(2024, 1, 13))
    assert len(rows) == 6


def test_lines_before_the_header_and_totals_are_no_rows(lake, tmp_path):
    rows = [(ts, queue, 5) for ts in HOURS for queue in ("a", "b", "Total")]
    feed = "Report\nmade by the switch\n\n" + table("Interval,Queue,Calls", rows) + "Total,,360\n"
    read, found = look(lake, tmp_path, feed)
    assert {row[0] for row in read} == {"a", "b"}
    assert len(read) == 2 * len(HOURS)
    assert "rows of Total are left out" in findings(found)


def test_spreadsheets_are_read(lake, tmp_path):
    from forecasting.store.access.extensions import load_extension

    load_extension(lake.connection, "excel")
    path = tmp_path / "feed.xlsx"
    lake.connection.execute(
        "copy (select timestamp '2024-01-01 08:00' + interval (i) hour as start, 'help' as queue, i * 1.5 as calls, "
        f"from range(30) as rows(i)) to '{path}' (format xlsx, header true, sheet 'Calls')"
    )
    rows, found = look(lake, tmp_path, None, name="feed.xlsx", sheet="Calls")
    assert (rows[3][0], rows[3][1], float(rows[3][2])) == ("help", local(2024, 1, 1, 11), 4.5)
    assert "days since 1899-12-30" in findings(found)


def test_a_stray_clock_does_not_begin_the_history(lake, tmp_path):
    stamps = ["1970-01-01 00:00", *(f"2024-01-{day:02d} {hour:02d}:00" for day in range(1, 31) for hour in range(24))]
    path = tmp_path / "feed.csv"
    path.write_text(hourly(["5"], stamps))
    notes = Notes()
    source = file_source(lake, str(path), notes)
    examined = examine(lake, source, Stated("mine", "UTC"), notes, horizon="7d", feed=str(path))
    assert (examined.start.isoformat(), examined.measured.stray) == ("2024-01-01", 1)


def test_grid_of_six_local_hours_is_refused_where_clocks_change(lake, tmp_path):
    days = [
        f"2024-{month:02d}-{day:02d} {hour:02d}:00"
        for month in (3, 4)
        for day in range(1, 29)
        for hour in (0, 6, 12, 18)
    ]
    with pytest.raises(SettingsError, match="which clock changes move against a regular grid"):
        look(lake, tmp_path, hourly(["5"], days))


@pytest.mark.parametrize(
    ("heading", "row"),
    [("Date,octets", ("2000000001",)), ("Date,contacts", (7,)), ("Date,Talk time,calls", ("0:05:00", 7))],
)
def test_numbers_and_durations_beside_a_date_are_no_times(lake, tmp_path, heading, row):
    rows = [(f"2024-01-{day:02d}", *row) for day in range(1, 10)]
    read, found = look(lake, tmp_path, table(heading, rows), aggregate="sum")
    assert found.time.columns == ("Date",)
    assert (read[0][1], float(read[0][2])) == (local(2024, 1, 1), float(row[-1]))


def test_blanks_around_keys_are_cut_off(lake, tmp_path):
    rows = [(ts, queue, 5) for ts in HOURS for queue in ("help  ", "sales")]
    assert {row[0] for row in look(lake, tmp_path, table("ts,queue,calls", rows))[0]} == {"help", "sales"}
