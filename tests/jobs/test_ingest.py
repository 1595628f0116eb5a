"""Ingest, from real files to versions and quarantine."""

import json

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ContractError, FeedError, QueryError, SettingsError
from forecasting.jobs import ingest
from forecasting.jobs.streams import quarantine
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import EXTRACT, define_stream, deliver, hourly_rows

HOUR = pd.Timedelta("1h")

TEXT_EXTRACT = """select *
from read_parquet($feed)
where
    try_cast(ts as timestamptz) is null
    or ts < '2024-01-01'
    or (ts::timestamptz >= $since and ts::timestamptz < $until)
"""

LOCAL_EXTRACT = """select *
from read_parquet($feed)
where ts at time zone 'Europe/Berlin' >= $since and ts at time zone 'Europe/Berlin' < $until
"""


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def versions(settings: Settings, series: str = "a", ts: str = "2024-01-03 00:00:00Z") -> list[tuple]:
    return ask(
        settings,
        f"select y, available_at from history.demand where series_id = '{series}' and ts = '{ts}' order by "
        "available_at",
    )


def reasons(settings: Settings) -> dict[str, int]:
    return dict(ask(settings, "select reason, count(*) from history.quarantine where resolved_at is null group by 1"))


def instant(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_first_ingest_keeps_every_value_as_known_when_its_interval_ended(settings):
    define_stream(settings, source='publication_delay = "15min"')
    rows = hourly_rows(days=5)
    deliver(settings, rows)
    summary = ingest.run(settings, "usage", until="2024-01-06")
    assert summary.rows == len(rows)
    ((y, available_at),) = versions(settings)
    assert y == rows.set_index(["series_id", "ts"]).loc[("a", instant("2024-01-03")), "y"]
    assert available_at == instant("2024-01-03 01:15")


def test_second_ingest_of_the_same_feed_writes_nothing(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=5))
    ingest.run(settings, "usage", until="2024-01-06")
    assert ingest.run(settings, "usage", until="2024-01-06").status == "unchanged"
    assert ask(settings, "select count(*) from history.demand") == [(240,)]


def test_a_night_reads_only_its_look_back(settings):
    define_stream(settings, source='lookback = "1d"')
    deliver(settings, hourly_rows(days=6))
    ingest.run(settings, "usage", until="2024-01-06")
    summary = ingest.run(settings, "usage", until="2024-01-07")
    assert summary.details["since"] == "2024-01-05T00:00:00+00:00"
    assert summary.details["read"] == 2 * 48
    assert summary.rows == 48


def test_revised_value_becomes_a_version_known_from_the_ingest_that_saw_it(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-05")
    revised = rows.assign(y=rows["y"].where(~((rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))), 7.0))
    deliver(settings, revised)
    assert ingest.run(settings, "usage", until="2024-01-06").rows == 48 + 1
    (first, second) = versions(settings)
    assert first[1] == instant("2024-01-03 01:00")
    assert second == (7.0, instant("2024-01-06"))


def test_value_revised_twice_before_the_same_instant_keeps_its_newest_version_current(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    for value in (1.0, 2.0, 3.0):
        at = (rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))
        deliver(settings, rows.assign(y=rows["y"].where(~at, value)))
        ingest.run(settings, "usage", until="2024-01-06")
    found = versions(settings)
    assert [y for y, _ in found] == [1.0, 2.0, 3.0]
    assert len({at for _, at in found}) == 3


def test_withdrawn_value_becomes_unknown_and_may_come_back(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    gone = rows[~((rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03")))]
    for feed, until in ((rows, "2024-01-05"), (gone, "2024-01-06"), (rows, "2024-01-06")):
        deliver(settings, feed)
        ingest.run(settings, "usage", until=until)
    values = [y for y, _ in versions(settings)]
    assert values[1] is None
    assert values[0] == values[2]


def test_late_value_is_known_from_the_ingest_that_brought_it(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    late = (rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))
    deliver(settings, rows[~late])
    ingest.run(settings, "usage", until="2024-01-05")
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-06")
    assert [at for _, at in versions(settings)] == [instant("2024-01-06")]


def test_feed_with_its_own_clock_keeps_each_of_its_versions_once(settings):
    define_stream(settings)
    rows = hourly_rows(days=5).assign(available_at=lambda f: f["ts"] + 2 * HOUR)
    first = rows[(rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))]
    revised = first.assign(y=5.0, available_at=instant("2024-01-04"))
    repeated = revised.assign(available_at=instant("2024-01-05"))
    deliver(settings, pd.concat([rows, revised, repeated]))
    for _ in range(2):
        ingest.run(settings, "usage", until="2024-01-06")
    assert versions(settings) == [(first["y"].item(), instant("2024-01-03 02:00")), (5.0, instant("2024-01-04"))]


def test_value_changed_behind_the_feeds_clock_is_known_from_the_ingest_that_saw_it(settings):
    define_stream(settings)
    rows = hourly_rows(days=5).assign(available_at=lambda f: f["ts"] + 2 * HOUR)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-06")
    at = (rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))
    deliver(settings, rows.assign(y=rows["y"].where(~at, 1.0)))
    ingest.run(settings, "usage", until="2024-01-06")
    assert versions(settings)[-1] == (1.0, instant("2024-01-06"))


PAST = {"since": "2024-01-02", "until": "2024-01-04"}
"""A window that is pulled again after later nights were ingested; the watermark stays where they put it."""
KNOWN = "select {} from analyst.history_as_of('{}'::timestamptz) order by series_id, ts"
EVENTS = """select 'sale' as event_id, 'campaign' as kind, $since as starts_at, $until as ends_at
"""


def as_known(settings: Settings, days: list[str]) -> dict[str, list[tuple]]:
    with open_lake_to_read(settings) as lake:
        return {day: lake.connection.execute(KNOWN.format("*", day)).fetchall() for day in days}


@pytest.mark.parametrize("clock", [False, True])
@pytest.mark.parametrize("fault", ["changed", "withdrawn", "late"])
def test_a_past_window_that_is_pulled_again_changes_nothing_that_was_known_before_the_watermark(settings, fault, clock):
    define_stream(settings)
    rows = hourly_rows(days=9)
    if clock:
        rows = rows.assign(available_at=rows["ts"] + HOUR)
    one = (rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))
    given, predicted = {
        "changed": (rows, rows.assign(y=rows["y"].mask(one, 7.0))),
        "withdrawn": (rows, rows[~one]),
        "late": (rows[~one], rows),
    }[fault]
    if clock and fault == "late":  # its clock says when it became known
        predicted = predicted.assign(available_at=predicted["available_at"].mask(one, instant("2024-01-10")))
    deliver(settings, given)
    for until in ("2024-01-05", "2024-01-10"):
        ingest.run(settings, "usage", until=until)
    days = [str(day) for day in pd.date_range("2024-01-02", "2024-01-09 23:00", freq="6h", tz="UTC")]
    before = as_known(settings, days)
    deliver(settings, predicted)
    assert ingest.run(settings, "usage", **PAST).rows == 1
    y, known_at = versions(settings)[-1]
    assert known_at == instant("2024-01-10")
    assert y == {"changed": 7.0, "withdrawn": None}.get(fault, y)
    assert as_known(settings, days) == before
    later = "2024-01-10T00:00:01Z"
    assert as_known(settings, [later])[later] != before[days[-1]]
    assert ask(settings, "select max(until) from history.ingests") == [(instant("2024-01-10"),)]


def test_attributes_and_events_of_a_past_window_are_known_from_the_watermark_on(settings):
    define_stream(settings, tables='[events]\nextract = "events.sql"')
    (settings.streams / "events.sql").write_text(
        EVENTS.replace("$since", "'2024-02-01'").replace("$until", "'2024-02-02'")
    )
    rows = hourly_rows(days=9)
    deliver(settings, rows.assign(region="south"))
    ingest.run(settings, "usage", until="2024-01-10")
    (settings.streams / "events.sql").write_text(
        EVENTS.replace("$since", "'2024-02-01'").replace("$until", "'2024-02-03'")
    )
    deliver(settings, rows.assign(region="north"))
    ingest.run(settings, "usage", **PAST)
    regions = "select attributes['region'], valid_from, known_at from history.series where series_id = 'a' order by all"
    assert sorted(ask(settings, regions), key=lambda row: row[1]) == [
        ("south", instant("2024-01-01"), instant("2024-01-01 01:00")),
        ("north", instant("2024-01-02"), instant("2024-01-10")),
        ("south", instant("2024-01-04"), instant("2024-01-10")),
    ]
    known = [known_at for (known_at,) in ask(settings, "select known_at from history.events order by 1")]
    assert known[0] == instant("2024-01-10")
    assert len(known) == 2
    assert known[1] >= known[0]


def test_since_pulls_a_range_again(settings):
    define_stream(settings, source='lookback = "1h"')
    rows = hourly_rows(days=10)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-11")
    at = (rows["series_id"] == "a") & (rows["ts"] == instant("2024-01-03"))
    deliver(settings, rows.assign(y=rows["y"].where(~at, 1.0)))
    assert ingest.run(settings, "usage", until="2024-01-11").rows == 0
    assert ingest.run(settings, "usage", since="2024-01-02", until="2024-01-11").rows == 1


def test_interval_that_no_ingest_covered_was_known_in_its_time_however_late_it_is_pulled(settings):
    define_stream(settings)
    rows = hourly_rows(days=9)
    deliver(settings, rows)
    ingest.run(settings, "usage", since="2024-01-06", until="2024-01-10")
    ingest.run(settings, "usage", since="2024-01-01", until="2024-01-10")
    assert versions(settings)[0][1] == instant("2024-01-03 01:00")


def test_attributes_are_kept_with_the_series_and_versioned(settings):
    define_stream(settings)
    rows = hourly_rows(days=5).assign(region="north")
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-05")
    deliver(settings, rows.assign(region="south"))
    ingest.run(settings, "usage", until="2024-01-06")
    found = ask(settings, "select attributes, known_at from history.series where series_id = 'a' order by known_at")
    assert [attributes for attributes, _ in found] == [{"region": "north"}, {"region": "south"}]
    assert found[0][1] == instant("2024-01-01 01:00")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"series_id": None}, "missing_key"),
        ({"series_id": "  "}, "missing_key"),
        ({"series_id": "zz"}, "unknown_key"),
        ({"ts": None}, "unparsable_ts"),
        ({"ts": instant("2024-01-03 00:07")}, "off_grid_ts"),
        ({"y": np.inf}, "non_finite_value"),
        ({"y": np.nan}, "non_finite_value"),
        ({"y": -1.0}, "negative_value"),
    ],
)
def test_bad_row_goes_to_quarantine_whole_and_the_good_ones_go_on(settings, fault, reason):
    define_stream(settings, source='series = ["a", "b"]')
    rows = hourly_rows(days=5).assign(note="kept")
    place = 50
    for column, value in fault.items():
        rows[column] = rows[column].astype(object)
        rows.loc[place, column] = value
        if column == "y":
            rows["y"] = rows["y"].astype(float)
        if column == "ts":
            rows["ts"] = pd.to_datetime(rows["ts"], utc=True)
    path = deliver(settings, rows)
    if "y" in fault and np.isnan(fault["y"]):
        _write_nan(path, place)
    summary = ingest.run(settings, "usage", until="2024-01-06")
    assert summary.details["rejected"] == 1
    assert summary.rows == len(rows) - 1
    ((found, raw),) = ask(settings, "select reason, raw from history.quarantine")
    assert found == reason
    assert json.loads(raw)["note"] == "kept"


def _write_nan(path, place: int) -> None:
    """NaN and NULL differ in Parquet; pandas writes both as NULL."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    y = table["y"].to_pylist()
    y[place] = float("nan")
    pq.write_table(table.set_column(table.schema.get_field_index("y"), "y", pa.array(y, pa.float64())), path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("soon", "unparsable_ts"), ("2023-12-31 23:00:00+00", "ts_out_of_range"), ("2024-01-05 00:30:00", "off_grid_ts")],
)
def test_text_stamps_are_read_and_the_unreadable_rejected(settings, text, reason):
    define_stream(settings, extract=TEXT_EXTRACT)
    rows = hourly_rows(days=5)
    rows["ts"] = rows["ts"].dt.strftime("%Y-%m-%d %H:%M:%S+00")
    rows.loc[10, "ts"] = text
    deliver(settings, rows)
    assert ingest.run(settings, "usage", until="2024-01-06").rows == len(rows) - 1
    assert reasons(settings) == {reason: 1}


def test_unparsable_value_is_rejected_and_an_unknown_one_is_no_fault(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    rows["y"] = rows["y"].astype(str)
    rows.loc[10, "y"] = "n/a"
    rows.loc[11, "y"] = None
    deliver(settings, rows)
    assert ingest.run(settings, "usage", until="2024-01-06").rows == len(rows) - 2
    assert reasons(settings) == {"unparsable_value": 1}


def test_row_at_or_after_until_is_rejected(settings):
    define_stream(settings, extract="select * from read_parquet($feed) where ts >= $since or $until is null")
    deliver(settings, hourly_rows(days=5))
    ingest.run(settings, "usage", until="2024-01-05 23:00")
    assert reasons(settings) == {"ts_after_until": 2}


def test_extract_that_ignores_since_is_the_users_mistake(settings):
    define_stream(settings, extract="select * from read_parquet($feed) where ts < $until or $since is null")
    deliver(settings, hourly_rows(days=10))
    ingest.run(settings, "usage", until="2024-01-10")
    with pytest.raises(QueryError, match=r"rows lie before \$since"):
        ingest.run(settings, "usage", until="2024-01-11")


def test_rows_that_share_a_key_and_differ_are_all_rejected(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    deliver(settings, pd.concat([rows, rows.iloc[[7]].assign(y=1.0), rows.iloc[[9]]]))
    summary = ingest.run(settings, "usage", until="2024-01-06")
    assert summary.rows == len(rows) - 1
    assert reasons(settings) == {"duplicate_key": 2}


def test_local_time_that_does_not_exist_is_rejected_and_the_doubled_hour_is_told_by_row_order(settings):
    define_stream(settings, timezone="Europe/Berlin", extract=LOCAL_EXTRACT)
    spring = pd.DataFrame({"ts": pd.date_range("2024-03-30", "2024-04-01", freq="h", inclusive="left")})
    autumn = pd.date_range("2024-10-26", "2024-10-28", freq="h", inclusive="left", tz="Europe/Berlin").tz_localize(None)
    rows = pd.concat([spring, pd.DataFrame({"ts": autumn})]).assign(series_id="a")
    rows["y"] = np.arange(len(rows), dtype=float)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-11-01")
    assert reasons(settings) == {"nonexistent_local_time": 1}
    found = dict(
        ask(
            settings,
            "select ts, y from history.demand where ts between '2024-10-27 00:00:00Z' and '2024-10-27 02:00:00Z'",
        )
    )
    first = int(np.flatnonzero(autumn == pd.Timestamp("2024-10-27 02:00"))[0]) + len(spring)
    assert [found[instant("2024-10-27") + hours * HOUR] for hours in range(3)] == [first, first + 1, first + 2]


def test_doubled_hour_that_came_once_is_rejected(settings):
    define_stream(settings, timezone="Europe/Berlin", extract=LOCAL_EXTRACT, source="max_bad_share = 0.1")
    ts = pd.date_range("2024-10-26", "2024-10-28", freq="h", inclusive="left")
    deliver(settings, pd.DataFrame({"series_id": "a", "ts": ts, "y": 1.0}))
    ingest.run(settings, "usage", until="2024-11-01")
    assert reasons(settings) == {"ambiguous_local_time": 1}


def test_too_many_bad_rows_of_nearly_every_series_stop_the_ingest_and_can_be_looked_at(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    rows.loc[[*range(20), 150, 151, 152, 153], "y"] = -1.0
    deliver(settings, rows)
    with pytest.raises(
        ContractError, match=r"24 of 240 raw rows .* \(24 negative_value\), more than max_bad_share = 0.02"
    ) as failure:
        ingest.run(settings, "usage", until="2024-01-06")
    assert failure.value.exit_code == 3
    assert ask(settings, "select count(*) from history.demand") == [(0,)]
    assert reasons(settings) == {"negative_value": 24}
    assert ask(settings, "select status from forecast.runs") == [("failed",)]


def test_replay_after_a_fix_takes_the_rows_in_and_resolves_them(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    bad = rows.copy()
    bad.loc[10:11, "y"] = -1.0
    deliver(settings, bad)
    ingest.run(settings, "usage", until="2024-01-06")
    rows.loc[11, "y"] = -1.0
    deliver(settings, rows)
    summary = quarantine.replay(settings, "usage")
    assert summary.rows == 1
    assert summary.details == {"waiting_before": 2, "waiting_after": 1}
    assert reasons(settings) == {"negative_value": 1}
    fixed = rows.loc[10, "ts"].isoformat()
    assert [at for _, at in versions(settings, rows.loc[10, "series_id"], fixed)] == [instant("2024-01-06")]


def test_row_without_a_time_is_on_record_once_and_does_not_stop_later_nights(settings):
    define_stream(settings, source='max_bad_share = 0.02\nlookback = "1h"')
    rows = hourly_rows(days=20)
    rows["ts"] = rows["ts"].where(rows.index % 240 != 7)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-20")
    for until in ("2024-01-20 02:00", "2024-01-20 04:00"):
        ingest.run(settings, "usage", until=until)
    assert reasons(settings) == {"unparsable_ts": 4}


def test_row_without_a_time_waits_until_its_whole_window_was_pulled_again(settings):
    by_delivery = EXTRACT.replace("where ts is null or", "where (ts is null and day >= $since) or")
    define_stream(settings, source='lookback = "1d"', extract=by_delivery)
    rows = hourly_rows(days=10).assign(day=lambda f: f["ts"])
    good = rows.copy()
    rows.loc[50, "ts"] = pd.NaT
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-10")
    ingest.run(settings, "usage", until="2024-01-11")
    assert reasons(settings) == {"unparsable_ts": 1}
    deliver(settings, good)
    assert quarantine.replay(settings, "usage").details == {"waiting_before": 1, "waiting_after": 0}


def test_missing_feed_is_named(settings):
    define_stream(settings)
    with pytest.raises(FeedError, match=r"stream usage: feed .*feeds/usage/\*\.parquet: no file found"):
        ingest.run(settings, "usage", until="2024-01-06")


def test_empty_window_with_open_intervals_is_an_error(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=5))
    ingest.run(settings, "usage", until="2024-01-06")
    with pytest.raises(FeedError, match=r"holds no row in \[2024-02-01.*which has open intervals"):
        ingest.run(settings, "usage", since="2024-02-01", until="2024-02-03")


def test_empty_window_in_which_everyone_is_closed_is_fine(settings):
    define_stream(settings, tables='[[calendar.hours]]\nmon-fri = "08:00-18:00"\n')
    rows = hourly_rows(days=5)
    deliver(settings, rows[(rows["ts"].dt.hour >= 8) & (rows["ts"].dt.hour < 18)])
    ingest.run(settings, "usage", until="2024-01-06")
    assert ingest.run(settings, "usage", since="2024-01-06", until="2024-01-08").status == "unchanged"


def test_truncated_parquet_is_named_and_nothing_is_written(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=2), file="good")
    path = deliver(settings, hourly_rows(days=5), file="torn")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(FeedError, match=r"torn\.parquet: not a whole Parquet file"):
        ingest.run(settings, "usage", until="2024-01-06")
    assert ask(settings, "select count(*) from history.demand") == [(0,)]


def test_feed_of_another_shape_is_told_in_duckdbs_words(settings):
    define_stream(settings, extract=EXTRACT.replace("select *", "select series_id, ts, calls as y"))
    deliver(settings, hourly_rows(days=5))
    with pytest.raises(FeedError, match=r"usage\.sql: the feed .* has not the expected shape: .*calls"):
        ingest.run(settings, "usage", until="2024-01-06")


def test_feed_that_lost_most_of_its_values_is_not_believed(settings):
    define_stream(settings)
    rows = hourly_rows(days=5)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-06")
    deliver(settings, rows[rows["ts"] >= instant("2024-01-05 12:00")])
    with pytest.raises(FeedError, match=r"no longer holds \d+ of 144 values"):
        ingest.run(settings, "usage", until="2024-01-06")
    assert ingest.run(settings, "usage", since="2024-01-03", until="2024-01-06").details["withdrawn"] > 72


def test_stream_that_does_not_exist_is_named_with_those_that_do(settings):
    define_stream(settings)
    with pytest.raises(SettingsError, match=r"stream 'usgae' does not exist; there are .*usage"):
        ingest.run(settings, "usgae", until="2024-01-06")


def test_anonymous_bank_log_is_counted_to_the_call(shared_streams):
    summary = ingest.run(shared_streams, "anonymous_bank", until="1999-11-01")
    counted = dict(ask(shared_streams, "select series_id, sum(y)::bigint from history.demand group by 1"))
    assert counted == {"PS": 244462, "NW": 57596, "NE": 30643, "IN": 13313, "TT": 9900, "PE": 1477}
    assert reasons(shared_streams) == {"unknown_key": 5}
    assert summary.details["rejected"] == 5
    phantoms = 2968
    assert sum(counted.values()) + 5 + phantoms == 360_364


def test_lost_days_of_the_log_are_missing_and_quiet_half_hours_are_zero(shared_streams):
    ingest.run(shared_streams, "anonymous_bank", until="1999-02-01")
    days = dict(
        ask(
            shared_streams,
            "select (ts at time zone 'Asia/Jerusalem')::date::varchar, count(*) from history.demand group by 1",
        )
    )
    assert "1999-01-11" not in days
    assert "1999-01-12" not in days
    assert ask(shared_streams, "select count(*) > 500 from history.demand where series_id = 'PE' and y = 0") == [
        (True,)
    ]


def test_conservation_of_raw_rows_is_checked(shared_streams, tmp_path):
    folder = tmp_path / "leaky"
    folder.mkdir()
    for path in shared_streams.streams.glob("anonymous_bank*"):
        text = path.read_text(encoding="utf-8")
        if path.name.endswith("audit.sql"):
            text = text.replace("union all\nselect 'dropped: phantom', count(*) from windowed where phantom", "")
        (folder / path.name).write_text(text, encoding="utf-8")
    leaky = shared_streams.model_copy(update={"streams": folder})
    with pytest.raises(FeedError, match="every raw row must be counted, rejected or dropped by a named rule"):
        ingest.run(leaky, "anonymous_bank", until="1999-02-01")


def test_night_that_is_made_again_pulls_nothing_even_where_the_feed_no_longer_holds_its_days(settings):
    define_stream(settings)
    rows = hourly_rows(days=9)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-10")
    known = ask(settings, "select * from history.demand order by all")
    deliver(settings, rows[rows["ts"] >= instant("2024-01-08")])
    summary = ingest.run(settings, "usage", until="2024-01-06")
    assert (summary.status, summary.rows) == ("unchanged", 0)
    assert "--since" in summary.message
    assert ask(settings, "select * from history.demand order by all") == known
