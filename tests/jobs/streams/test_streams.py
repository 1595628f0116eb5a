"""Checking definitions and bringing one's own feed."""

import re

import pandas as pd
import pytest

from forecasting.cli import feeds
from forecasting.config.hours import parse_spans
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import add, overview
from forecasting.jobs.streams.add import NewStream
from forecasting.store.files.definitions import read_definition
from tests.feeds import EXTRACT, define_stream, deliver, hourly_rows


def verdict(settings, name="usage"):
    (finding,) = overview.check(settings, [name])
    return finding.verdict, finding.message


def test_packaged_definitions_are_sound(settings):
    findings = {finding.stream: finding for finding in overview.check(settings, [])}
    assert {"call_volume", "link_traffic"} <= findings.keys()
    # it has no feed of its own, and history may be empty
    assert findings.pop("link_peak").verdict == "ok"
    assert all(finding.verdict == "warning" and "no file found" in finding.message for finding in findings.values())


def test_sound_stream_with_its_feed_is_ok(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=2))
    assert verdict(settings) == ("ok", "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"extract": "select series_id, ts from read_parquet($feed) where ts >= $since and ts < $until"},
            "column y is missing",
        ),
        (
            {"extract": EXTRACT.replace("select *", "select series_id, ts, ts as y")},
            r"column y has type TIMESTAMP WITH TIME ZONE; expected a number",
        ),
        (
            {"extract": EXTRACT.replace("select *", "select series_id, 1.5 as ts, y")},
            r"column ts has type .*expected TIMESTAMPTZ",
        ),
        ({"extract": EXTRACT.replace("$until", "$untli")}, r"usage\.sql:4: parameter \$untli is not known here"),
        ({"extract": "select * from read_parquet($feed)"}, r"the extract must name \$since and \$until"),
        ({"extract": "selec * from x"}, r"usage\.sql: not SQL: .*syntax error"),
        ({"extract": "select 1; select 2"}, r"usage\.sql: expected one statement, found 2"),
        ({"timezone": "Mars/Olympus"}, r"usage\.toml:6: stream\.timezone: expected an IANA time zone"),
        ({"horizon": "90min"}, r"usage\.toml:1: stream: horizon .* is no multiple of interval"),
        (
            {"tables": '[[calendar.hours]]\nwhere = { queue = "chat" }\nmon = "08:00-18:00"\n'},
            r"calendar\.hours\.0\.where names 'queue', which usage.sql does not return",
        ),
        (
            {"tables": '[[calendar.hours]]\nmon-wed = "08:00-26:00"\n'},
            r"usage\.toml:15: calendar\.hours\.0: expected hours between",
        ),
    ],
)
def test_check_finds_the_mistake_and_says_where(settings, changes, told):
    define_stream(settings, **changes)
    deliver(settings, hourly_rows(days=2))
    found, message = verdict(settings)
    assert found == "error"
    assert re.search(told, message), message


HANDLES = """[planning.staffing]
target = "80/20"
{}
"""


@pytest.mark.parametrize(
    ("rules", "handles", "found"),
    [
        ('aht_stream = "handle"', {"source": "", "unit": "seconds"}, "handle has aggregate = 'sum'; expected 'mean'"),
        ('aht_stream = "handel"', {}, "planning.staffing.aht_stream handel does not exist; there are "),
        (
            'aht_stream = "handle"',
            {"unit": "minutes", "mean": True},
            "handle has the unit 'minutes'; expected seconds",
        ),
        ('aht_stream = "handle"', {"interval": "30min", "mean": True}, "handle has intervals of 30min, expected a"),
        ('aht_stream = "handle"\nhandle_time = "5min"', {}, "expected either aht_stream, or handle_time such as"),
        ("", {}, "expected either aht_stream, or handle_time such as"),
        ('handle_time = "0s"', {}, "handle_time: expected a duration such as"),
    ],
)
def test_handle_times_must_be_a_mean_in_seconds_that_exists(settings, rules, handles, found):
    wanted = dict(handles)
    is_mean = wanted.pop("mean", False)
    define_stream(settings, "handle", **wanted)
    if is_mean:
        path = settings.streams / "handle.toml"
        path.write_text(
            path.read_text(encoding="utf-8").replace("[source]", 'aggregate = "mean"\n\n[source]'), encoding="utf-8"
        )
    define_stream(settings, tables=HANDLES.format(rules))
    deliver(settings, hourly_rows(days=2))
    assert verdict(settings)[0] == "error"
    assert found in verdict(settings)[1]


def test_a_constant_handle_time_needs_no_other_stream(settings):
    define_stream(settings, tables=HANDLES.format('handle_time = "300s"'))
    deliver(settings, hourly_rows(days=2))
    assert verdict(settings) == ("ok", "")


def test_a_peak_stream_must_exist(settings):
    links = '[planning.capacity]\npeak_stream = "paek"\ncapacity = "y"\n'
    define_stream(settings, tables=links)
    deliver(settings, hourly_rows(days=2))
    found, message = verdict(settings)
    assert (found, "planning.capacity.peak_stream paek does not exist" in message) == ("error", True)


def test_rejects_need_their_columns(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=2))
    rejects = "select 'x' as reason, '{}' as raw from read_parquet($feed)"
    (settings.streams / "usage.rejects.sql").write_text(rejects, encoding="utf-8")
    assert verdict(settings)[0] == "error"
    assert "usage.rejects.sql: column ts is missing" in verdict(settings)[1]


def test_check_writes_nothing(settings):
    define_stream(settings)
    overview.check(settings, [])
    assert not (settings.home / "lake" / "catalog.sqlite").exists()


def test_unknown_stream_is_named(settings):
    with pytest.raises(SettingsError, match="stream 'nope' does not exist; there are call_aht"):
        overview.check(settings, ["nope"])


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("stamps", ["instants", "local", "text"])
def test_own_feed_has_forecasts_after_two_commands(settings, kind, stamps):
    rows = hourly_rows(days=35).rename(columns={"series_id": "queue", "ts": "time", "y": "calls"})
    local = rows["time"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    if stamps == "local":
        rows["time"] = local
    if stamps == "text":
        rows["time"] = local.dt.strftime("%Y-%m-%dT%H:%M:%S").where(rows.index != 5, "unreadable")
    settings.home.mkdir(parents=True)
    path = settings.home / f"usage.{kind}"
    rows.to_parquet(path, index=False) if kind == "parquet" else rows.to_csv(path, index=False)
    new = NewStream(name="mine", feed=str(path), interval="1h", horizon="2d", timezone="Europe/Berlin")
    added = add.add(settings, new)
    assert added.series == 2
    assert added.origin == "2024-02-05"
    text = added.definition.read_text(encoding="utf-8").replace(
        '["nbeats", "tft", "pretrained", "trees", "seasonal"]', '["seasonal"]'
    )
    added.definition.write_text(text, encoding="utf-8")
    assert overview.check(settings, ["mine"])[0].verdict == "ok"
    told = ingest.run(settings, "mine", until=added.origin)
    assert told.details["rejected"] == (1 if stamps == "text" else 0)
    assert forecast.run(settings, "mine", origin=added.origin).rows == 2 * 48


def test_feed_without_a_key_is_one_series(settings, tmp_path):
    rows = hourly_rows(days=3, series=("a",))[["ts", "y"]]
    rows.to_parquet(tmp_path / "one.parquet", index=False)
    new = NewStream(name="one", feed=str(tmp_path / "one.parquet"), interval="1h", horizon="2d", timezone="UTC")
    assert add.add(settings, new).series == 1
    assert ingest.run(settings, "one", until="2024-01-04").rows == 72


def test_feed_is_also_found_where_the_person_stands(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hourly_rows(days=3).to_parquet("usage.parquet", index=False)
    add.add(settings, NewStream(name="mine", feed="usage.parquet", interval="1h", horizon="2d", timezone="UTC"))
    assert ingest.run(settings, "mine", until="2024-01-04").rows == 144


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"feed": "nowhere.parquet"}, FeedError, "cannot be read: .*nowhere.parquet"),
        ({"feed": "usage.xlsx"}, FeedError, r"no file .*usage.xlsx"),
        ({"feed": "usage.pdf"}, SettingsError, r"expected .csv, .tsv, .txt, .parquet or .xlsx"),
        ({"timezone": "Mars/Olympus"}, SettingsError, "--timezone Mars/Olympus: expected an IANA"),
        ({"interval": "soon"}, SettingsError, "--interval: expected a duration"),
        ({"y_column": "calls"}, SettingsError, "column 'calls' is not in the feed, which has series_id, ts, y"),
        ({"name": "call_volume"}, SettingsError, "exists already"),
        ({"name": "Bad Name"}, SettingsError, "name"),
        ({"horizon": "90min"}, SettingsError, "no multiple of interval"),
    ],
)
def test_mistake_in_adding_is_told_and_writes_nothing(settings, changes, error, told):
    settings.home.mkdir(parents=True)
    hourly_rows(days=2).to_parquet(settings.home / "usage.parquet", index=False)
    (settings.home / "usage.pdf").write_text("%PDF")
    given = {"name": "mine", "feed": "usage.parquet", "interval": "1h", "horizon": "2d", "timezone": "UTC", **changes}
    with pytest.raises(error, match=told):
        add.add(settings, NewStream(**given))
    assert not list(settings.home.glob("streams/*"))


def test_column_that_cannot_be_guessed_is_asked_for(settings, tmp_path):
    pd.DataFrame({"when": ["monday", "tuesday"], "much": [1.0, 2.0]}).to_parquet(tmp_path / "odd.parquet")
    new = NewStream(name="odd", feed=str(tmp_path / "odd.parquet"), interval="1h", horizon="2d", timezone="UTC")
    with pytest.raises(SettingsError, match="no column holds times; say --ts-col, one of when, much"):
        add.add(settings, new)


EXAMPLE = """
# Opening hours, if demand is closed at times; intervals outside them are not forecast.
# [calendar]
# country = "CA"
# [[calendar.hours]]
# mon-fri = "08:00-20:00"
# holiday = "closed"
"""


def office_rows(*, days=70, zone="America/Toronto", opens=7, closes=21):
    """Hourly rows of two series from Monday to Friday within hours of the local clock."""
    rows = hourly_rows(days=days)
    local = rows["ts"].dt.tz_convert(zone)
    return rows[local.dt.hour.between(opens, closes - 1) & (local.dt.day_of_week < 5)]


def add_feed(settings, rows, *, kind="parquet", interval="1h", zone="America/Toronto"):
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / f"usage.{kind}"
    rows.to_parquet(path, index=False) if kind == "parquet" else rows.to_csv(path, index=False)
    new = NewStream(name="mine", feed=str(path), interval=interval, horizon="2d", timezone=zone)
    added = add.add(settings, new)
    return added, added.definition.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_opening_hours_of_a_feed_are_found_and_written(settings, kind):
    added, text = add_feed(settings, office_rows(), kind=kind)
    assert added.hours == {"mon-fri": "07:00-21:00"}
    assert added.message == "hours found in the feed: mon-fri 07:00-21:00 (check them in the definition)"
    assert '[[calendar.hours]]\nmon-fri = "07:00-21:00"\n# holiday = "closed"\n' in text
    assert "# Opening hours, as read from the feed: please check them;" in text
    (rule,) = read_definition(settings, "mine").stream.calendar.hours
    assert rule.weekdays == (parse_spans("07:00-21:00"),) * 5 + ((), ())
    assert overview.check(settings, ["mine"])[0].verdict == "ok"


def test_forecast_of_a_feed_with_hours_leaves_closed_intervals_out(settings):
    added, text = add_feed(settings, office_rows())
    added.definition.write_text(re.sub("members = .*", 'members = ["seasonal"]', text), encoding="utf-8")
    ingest.run(settings, "mine", until=added.origin)
    assert forecast.run(settings, "mine", origin="2024-03-05").rows == 2 * 2 * 14


def test_one_series_that_is_open_opens_the_stream(settings):
    rows = pd.concat([office_rows(), office_rows(opens=12, closes=23).assign(series_id="late")])
    assert add_feed(settings, rows)[0].hours == {"mon-fri": "07:00-23:00"}


def test_interval_without_a_number_is_closed_and_zero_is_open(settings):
    rows = hourly_rows(days=70)
    hour = rows["ts"].dt.tz_convert("America/Toronto").dt.hour
    rows["y"] = rows["y"].mask(hour < 6).mask(hour == 23, float("inf")).mask(hour.between(6, 12), 0.0)
    assert add_feed(settings, rows)[0].hours == {"mon-sun": "06:00-23:00"}


@pytest.mark.parametrize(("days", "interval"), [(70, "1h"), (70, "1d"), (21, "1h")])
def test_feed_that_is_always_open_long_stepped_or_young_keeps_the_example(settings, days, interval):
    rows = office_rows(days=days) if interval == "1d" or days == 21 else hourly_rows(days=days)
    added, text = add_feed(settings, rows, interval=interval)
    assert EXAMPLE in text
    assert (added.hours, added.message) == ({}, "")


def test_feed_that_leaves_out_what_has_no_demand_is_not_taken_for_closed(settings):
    added, text = add_feed(settings, office_rows(days=140).query("series_id == 'a'").sample(frac=0.4, random_state=0))
    assert EXAMPLE in text
    assert added.hours == {}
    assert re.fullmatch(
        r"no opening hours written: only (39|4\d)% of the intervals in what may be hours \(mon-fri 07:00-21:00\) "
        "hold a value; an absent row is missing, never 0, so a feed must hold its zeros",
        added.message,
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_hours_that_were_found_are_told(settings, as_json, capsys):
    added, _ = add_feed(settings, office_rows())
    feeds.show_added("mine", vars(added), as_json)
    told = capsys.readouterr().out
    assert added.message in told
    assert ('"hours": {"mon-fri": "07:00-21:00"}' in told) == as_json


@pytest.mark.parametrize(
    ("zone", "interval", "first", "grid"),
    [
        ("Asia/Kolkata", "1h", "2024-01-01 00:00", "utc"),
        ("Asia/Kolkata", "1h", "2024-01-01 00:30", "local"),
        ("America/St_Johns", "1h", "2024-01-01 00:00", "utc"),
        ("Asia/Kathmandu", "30min", "2024-01-01 00:00", "utc"),
        ("Asia/Kathmandu", "15min", "2024-01-01 00:00", "local"),
        ("Europe/Berlin", "6h", "2024-01-01 00:00", "utc"),
        ("America/Toronto", "1h", "2024-01-01 00:00", "local"),
    ],
)
def test_a_feed_of_whole_utc_hours_is_counted_from_utc(settings, zone, interval, first, grid):
    ts = pd.date_range(first, periods=40 * 4, freq=interval, tz="UTC")
    added, _ = add_feed(settings, pd.DataFrame({"series_id": "a", "ts": ts, "y": 1.0}), interval=interval, zone=zone)
    assert read_definition(settings, "mine").stream.stream.grid == grid
    counts = ingest.run(settings, "mine", until=(ts[-1] + pd.Timedelta(interval)).isoformat()).details
    assert (counts["good"], counts["rejected"]) == (len(ts), 0)
    assert added.rows == len(ts)


def test_a_last_day_of_25_hours_is_whole(settings):
    days = pd.date_range("2024-08-01", "2024-11-03").strftime("%Y-%m-%d")
    rows = pd.DataFrame({"series_id": "a", "ts": days, "y": 1.0})
    assert add_feed(settings, rows, interval="1d")[0].origin == "2024-11-04"


@pytest.mark.parametrize(
    ("given", "column", "counts"),
    [
        ({"unit": "calls"}, "y", True),
        ({"unit": "Mbit/s"}, "y", False),
        ({"unit": "calls", "aggregate": "mean"}, "y", False),
        ({}, "calls", True),
        ({}, "mbps", False),
        ({"unit": "Mbit/s", "counts": True}, "y", True),
        ({"unit": "calls", "counts": False}, "y", False),
        ({"unit": 'a "pipe\\" of\n5"'}, 'mb"\\ps', False),
    ],
)
def test_a_new_stream_says_by_unit_and_aggregate_whether_its_values_are_counts(
    settings, tmp_path, given, column, counts
):
    rows = hourly_rows(days=2)[["series_id", "ts", "y"]].rename(columns={"y": column})
    rows.to_parquet(feed := str(tmp_path / "usage.parquet"))
    new = NewStream(name="mine", feed=feed, interval="1h", horizon="2d", timezone="UTC", y_column=column, **given)
    assert (added := add.add(settings, new)).counts is counts
    assert f"counts = {str(counts).lower()}\n" in added.definition.read_text()
    stream = read_definition(settings, "mine").stream
    assert (stream.counts, stream.stream.metric, stream.stream.unit) == (counts, column, given.get("unit", "units"))
