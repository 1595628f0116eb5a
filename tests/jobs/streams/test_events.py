"""Events from files and from a stream's own SQL."""

from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import events
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.events import events_as_of
from tests.feeds import START, define_stream, deliver, hourly_rows

ONE = {
    "event_id": "sale",
    "kind": "campaign",
    "starts_at": "2024-02-01T00:00:00Z",
    "ends_at": "2024-02-02T00:00:00Z",
    "scope": '{"region": "north"}',
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A home with a stream whose series have a region; nothing is ingested yet."""
    define_stream(settings, timezone="America/Toronto")
    deliver(settings, regional_rows())
    return settings


def regional_rows(days: int = 35) -> pd.DataFrame:
    rows = hourly_rows(days=days, series=("a", "b", "c"))
    return rows.assign(region=rows["series_id"].map({"a": "north", "b": "south", "c": "north"}))


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Settings:
    """Two streams in use, in Toronto and in Berlin, the first with a region and the second with a site."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("events") / "home")})
    define_stream(settings, "voice", timezone="America/Toronto")
    deliver(settings, regional_rows(3), "voice")
    define_stream(settings, "trunks", timezone="Europe/Berlin")
    deliver(settings, hourly_rows(days=3, series=("x", "y")).assign(site="ber"), "trunks")
    for name in ("voice", "trunks"):
        ingest.run(settings, name, until="2024-01-03")
    return settings


def write(path: Path, *rows: dict) -> Path:
    frame = pd.DataFrame(rows)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_json(path, orient="records")
    return path


def known(settings: Settings, at: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return events_as_of(lake, pd.Timestamp(at, tz="UTC").to_pydatetime())


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_events_are_imported_from_any_of_the_formats(settings, tmp_path, kind):
    path = write(tmp_path / f"events.{kind}", ONE, {**ONE, "event_id": "all", "scope": None})
    assert events.import_file(settings, path).summary.rows == 2
    found = known(settings, "2100-01-01").set_index("event_id")
    assert found.loc["sale", "scope"] == {"region": "north"}
    assert found.loc["all", "scope"] == {}
    assert found.loc["sale", "starts_at"] == pd.Timestamp("2024-02-01", tz="UTC")


def test_importing_again_writes_only_what_changed(settings, tmp_path):
    path = write(tmp_path / "events.csv", ONE, {**ONE, "event_id": "other"})
    events.import_file(settings, path)
    assert events.import_file(settings, path).summary.status == "unchanged"
    write(path, {**ONE, "ends_at": "2024-02-03T00:00:00Z"}, {**ONE, "event_id": "other"})
    assert events.import_file(settings, path).summary.rows == 1
    assert known(settings, "2100-01-01").set_index("event_id").loc["sale", "ends_at"] == pd.Timestamp(
        "2024-02-03", tz="UTC"
    )


def test_event_is_seen_from_when_it_was_known_and_not_after_it_was_called_off(settings, tmp_path):
    first = {**ONE, "known_at": "2024-01-10T00:00:00Z"}
    off = {**ONE, "known_at": "2024-01-20T00:00:00Z", "withdrawn": "true"}
    for row in (first, off):
        events.import_file(settings, write(tmp_path / "events.csv", row))
    assert [len(known(settings, at)) for at in ("2024-01-09", "2024-01-10", "2024-01-19", "2024-01-20")] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "party"}, "event sale: kind is party; expected holiday, campaign, closure, outage, surge or demand"),
        ({"starts_at": "soon"}, "event sale: starts_at is no timestamp"),
        ({"ends_at": "2024-01-01"}, "event sale: ends_at is not after starts_at"),
        ({"starts_at": "03/02/2024"}, "event sale: starts_at is no timestamp: expected a time such as 2024-06-03"),
        ({"starts_at": "2024-03-10 02:30", "ends_at": "2024-03-11"}, "starts_at is no timestamp: .* clocks skip it"),
        ({"ends_at": "2024-11-03 01:30"}, "ends_at is no timestamp: .* occurs twice"),
        ({"scope": "north"}, "event sale: scope is no JSON object"),
        ({"event_id": None}, "event_id is missing"),
        ({"ends_at": "2024-02-01T00:00:00Z"}, "ends_at is not after starts_at; ends_at is the first instant after"),
        ({"ends_at": "2999-01-01"}, "event sale: it lies outside of the years 1900 to 2200"),
        ({"ends_at": "infinity"}, "event sale: ends_at is no timestamp"),
        ({"known_at": "infinity"}, "event sale: known_at is no timestamp"),
        ({"known_at": "later"}, "event sale: known_at is no timestamp"),
        ({"withdrawn": "perhaps"}, "event sale: withdrawn is neither true nor false"),
        ({"name": "sa\x07le"}, "event sale: it holds control characters"),
        (
            {"scope": '{"regoin": "north"}'},
            "'regoin' is no attribute of series .did you mean 'region'..; there are ",
        ),
        ({"scope": '{"region": null}'}, "scope: expected one value of 'region', found null"),
        ({"scope": '{"stream": "usagee"}'}, "no stream 'usagee' .did you mean 'usage'."),
        ({"scope": '{"region": "no\\u0000rth"}'}, "event sale: it holds control characters"),
    ],
)
def test_bad_event_is_named_and_none_is_taken_in(settings, tmp_path, change, told):
    path = write(tmp_path / "events.csv", {**ONE, "event_id": "good"}, {**ONE, **change})
    with pytest.raises(FeedError, match=told):
        events.import_file(settings, path)
    assert known(settings, "2100-01-01").empty


def test_wrong_file_is_told(settings, tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        events.import_file(settings, tmp_path / "none.csv")
    with pytest.raises(SettingsError, match=r"expected a .csv, .parquet or .json file"):
        events.import_file(settings, tmp_path / "events.xlsx")
    with pytest.raises(FeedError, match="column kind is missing; expected event_id, kind"):
        events.import_file(settings, write(tmp_path / "events.csv", {"event_id": "a"}))


def test_stream_brings_its_own_events_and_a_closure_is_not_forecast(settings):
    define_stream(settings, tables='[events]\nextract = "closures.sql"\nfeed = "feeds/closures.csv"\n')
    (settings.streams / "closures.sql").write_text(
        "select * from read_csv($feed, all_varchar = true)", encoding="utf-8"
    )
    deliver(settings, hourly_rows(days=35))
    closure = {**ONE, "kind": "closure", "scope": '{"series_id": "a"}', "known_at": "2024-01-15T00:00:00Z"}
    origin = START + pd.Timedelta(days=31)
    closure |= {"starts_at": origin.isoformat(), "ends_at": (origin + pd.Timedelta("6h")).isoformat()}
    write(settings.home / "feeds" / "closures.csv", closure)
    ingest.run(settings, "usage", until="2024-02-01")
    assert forecast.run(settings, "usage", origin="2024-02-01").rows == 2 * 48 - 6


def test_a_scope_in_columns_of_its_own_is_a_scope(settings, tmp_path):
    flat = {name: value for name, value in ONE.items() if name != "scope"}
    columns = {"stream": "usage", "series_id": "", "region": "north"}
    events.import_file(settings, write(tmp_path / "events.csv", {**flat, **columns}, {**flat, "event_id": "all"}))
    found = known(settings, "2100-01-01").set_index("event_id")["scope"]
    assert found["sale"] == {"stream": "usage", "region": "north"}
    assert found["all"] == {}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("regoin", "column 'regoin' is neither one of events nor an attribute of series .did you mean 'region'."),
        ("comment", "expected event_id, kind, .* and as the scope stream, series_id, region"),
    ],
)
def test_a_column_that_nobody_knows_is_an_error(settings, tmp_path, column, message):
    with pytest.raises(FeedError, match=message):
        events.import_file(settings, write(tmp_path / "events.csv", {**ONE, column: "north"}))
    assert known(settings, "2100-01-01").empty


def test_a_scope_that_is_given_twice_must_agree(settings, tmp_path):
    with pytest.raises(FeedError, match="scope: region is 'north' in the column scope and 'south' in its own column"):
        events.import_file(settings, write(tmp_path / "events.csv", {**ONE, "region": "south"}))


@pytest.mark.parametrize(
    ("scope", "starts", "instant"),
    [
        ({"stream": "voice"}, "2024-06-03 09:00", "2024-06-03T13:00Z"),
        ({"stream": "trunks"}, "2024-06-03", "2024-06-02T22:00Z"),
        ({"region": "north"}, "2024-06-03T09:00:00", "2024-06-03T13:00Z"),
        ({"site": "ber"}, "2024-1-3 9:00", "2024-01-03T08:00Z"),
        ({"series_id": "x"}, "2024-06-03 09:00", "2024-06-03T07:00Z"),
        ({}, "2024-06-03 09:00-0330", "2024-06-03T12:30Z"),
        ({}, "2024-06-03 09:00 Europe/Berlin", "2024-06-03T07:00Z"),
        ({"region": "north"}, "2024-06-03 09:00 UTC", "2024-06-03T09:00Z"),
    ],
)
def test_a_time_without_an_offset_is_local_where_its_series_are(network, scope, starts, instant):
    events.add(network, "campaign", starts=starts, ends="2025-01-01T00:00Z", scope=scope, event_id="local")
    assert known(network, "2100-01-01").set_index("event_id").loc["local", "starts_at"] == pd.Timestamp(instant)


def test_a_time_without_an_offset_of_streams_in_several_zones_is_refused(network):
    message = "has no offset, and it concerns streams in America/Toronto and Europe/Berlin; give it an offset, such as"
    with pytest.raises(SettingsError, match=message):
        events.add(network, "holiday", starts="2024-06-03", ends="2024-06-04", scope={})


def test_a_reply_names_the_series_and_the_local_times(network):
    taken = events.add(network, "campaign", starts="2024-06-03", ends="2024-06-04T04:00Z", scope={"region": "north"})
    (event,) = taken.as_dict()["events"]
    assert (event["starts"], event["ends"], event["zone"]) == (
        "2024-06-03 00:00",
        "2024-06-04 00:00",
        "America/Toronto",
    )
    assert event["series"] == "2 of voice (a, c)"
    assert events.show(network, stream="voice").iloc[0]["series"] == "2 of voice (a, c)"
    assert taken.events["event_id"][0] not in set(events.show(network, stream="trunks")["event_id"])


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({"region": "nroth"}, "no series has region 'nroth' .did you mean 'north'..; region is north, south"),
        ({"series_id": "d"}, "no series has series_id 'd'; series_id is a, b, c, x, y"),
        ({"region": "north", "series_id": "b"}, "no series has region 'north' and series_id 'b' together"),
        ({"stream": "trunks", "region": "north"}, "'region' is no attribute of series of trunks; there are stream, "),
    ],
)
def test_a_scope_that_matches_nothing_is_an_error(network, scope, message):
    with pytest.raises(SettingsError, match=message):
        events.add(network, "outage", starts="2024-06-03T00:00Z", ends="2024-06-04T00:00Z", scope=scope)


def test_an_event_is_called_off_for_later_origins(network):
    span = {"starts": "2024-06-03", "ends": "2024-06-04", "scope": {"stream": "voice"}}
    events.add(network, "closure", **span, event_id="move", known_at="2024-05-01")
    assert events.withdraw(network, "move", known_at="2024-05-10 08:00").summary.rows == 1
    assert "move" in set(known(network, "2024-05-10 11:59")["event_id"])
    assert "move" not in set(known(network, "2024-05-10 12:00")["event_id"])
    assert "move" not in set(events.show(network)["event_id"])
    assert "move" in set(events.show(network, every=True)["event_id"])
    with pytest.raises(SettingsError, match="no event 'mvoe'; the latest are"):
        events.withdraw(network, "mvoe")


def test_a_file_that_keeps_earlier_versions_may_be_read_again(settings, tmp_path):
    first = {**ONE, "known_at": "2024-01-10T00:00:00Z", "withdrawn": "false"}
    path = write(tmp_path / "events.csv", first, {**first, "known_at": "2024-01-20T00:00:00Z", "withdrawn": "true"})
    assert events.import_file(settings, path).summary.rows == 1
    assert events.import_file(settings, path).summary.status == "unchanged"
    assert [len(known(settings, at)) for at in ("2024-01-15", "2024-01-25", "2100-01-01")] == [1, 0, 0]


def test_a_streams_own_events_are_in_its_local_time_and_a_scope_that_matches_nothing_is_named(settings):
    define_stream(
        settings,
        timezone="America/Toronto",
        tables='[events]\nextract = "extract/events.sql"\nfeed = "feeds/events.csv"\n',
    )
    define_stream(settings, "trunks", timezone="Europe/Berlin")
    flat = {name: value for name, value in ONE.items() if name != "scope"}
    local = {**flat, "starts_at": "2024-02-01 09:00", "ends_at": "2024-02-02", "region": "north"}
    everywhere = {**local, "event_id": "all", "region": ""}
    write(settings.home / "feeds" / "events.csv", local, everywhere)
    first = ingest.run(settings, "usage", until="2024-01-20")
    assert set(known(settings, "2100-01-01")["starts_at"]) == {pd.Timestamp("2024-02-01T14:00Z")}
    assert first.message is None
    write(settings.home / "feeds" / "events.csv", {**local, "region": "nroth"})
    second = ingest.run(settings, "usage", until="2024-01-21")
    assert "event sale concerns nothing: no series has region 'nroth' (did you mean 'north'?)" in second.message
