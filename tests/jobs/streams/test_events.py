"""Events from files and from a stream's own SQL."""

from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import events
from forecasting.settings import Settings
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
    assert events.import_file(settings, path).rows == 2
    found = known(settings, "2100-01-01").set_index("event_id")
    assert found.loc["sale", "scope"] == {"region": "north"}
    assert found.loc["all", "scope"] == {}
    assert found.loc["sale", "starts_at"] == pd.Timestamp("2024-02-01", tz="UTC")


def test_importing_again_writes_only_what_changed(settings, tmp_path):
    path = write(tmp_path / "events.csv", ONE, {**ONE, "event_id": "other"})
    events.import_file(settings, path)
    assert events.import_file(settings, path).status == "unchanged"
    write(path, {**ONE, "ends_at": "2024-02-03T00:00:00Z"}, {**ONE, "event_id": "other"})
    assert events.import_file(settings, path).rows == 1
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
        ({"scope": "north"}, "event sale: scope is no JSON object"),
        ({"event_id": None}, "event_id is missing"),
        ({"ends_at": "infinity"}, "event sale: it lies outside of the years 1900 to 2200"),
        ({"known_at": "infinity"}, "event sale: known_at is no timestamp"),
        ({"known_at": "later"}, "event sale: known_at is no timestamp"),
        ({"withdrawn": "perhaps"}, "event sale: withdrawn is neither true nor false"),
        ({"name": "sa\x07le"}, "event sale: it holds control characters"),
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
