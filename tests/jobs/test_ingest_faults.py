"""Bad rows of some series stop no other: they wait, whole, and the feed is refused only where nearly all are bad."""

import json

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ContractError, FeedError, QueryError, SettingsError
from forecasting.jobs import ingest, score
from forecasting.jobs.streams import quarantine
from forecasting.jobs.training import promote
from forecasting.settings import Settings
from forecasting.store.files.feeds import Feed
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import define_stream, deliver, hourly_rows

SERIES = ("a", "b", "c")
HOUR = pd.Timedelta("1h")


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def reasons(settings: Settings) -> dict[str, int]:
    return dict(ask(settings, "select reason, count(*) from history.quarantine where resolved_at is null group by 1"))


def held(settings: Settings) -> dict[str, int]:
    return dict(ask(settings, "select series_id, count(*) from history.demand group by 1 order by 1"))


def of(rows: pd.DataFrame, *series: str) -> pd.Series:
    return rows["series_id"].isin(series)


BAD = {
    "negative": lambda rows, bad: rows.assign(y=rows["y"].mask(bad, -1.0)),
    "off the grid": lambda rows, bad: rows.assign(ts=rows["ts"].mask(bad, rows["ts"] + pd.Timedelta("7min"))),
    "twice": lambda rows, bad: pd.concat([rows, rows[bad].assign(y=1.5)]),
    "not readable": lambda rows, bad: rows.assign(y=rows["y"].astype(str).mask(bad, "n/a")),
    "too large": lambda rows, bad: rows.assign(y=rows["y"].mask(bad, 1e39)),
    "infinite": lambda rows, bad: rows.assign(y=rows["y"].mask(bad, np.inf)),
    "weighted by infinity": lambda rows, bad: rows.assign(weight=np.where(bad, np.inf, 1.0)),
    "known at no time": lambda rows, bad: rows.assign(available_at=(rows["ts"] + HOUR).astype(str).mask(bad, "later")),
    "known at infinity": lambda rows, bad: rows.assign(
        available_at=(rows["ts"] + HOUR).astype(str).mask(bad, "infinity")
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_one_series_whose_rows_are_all_bad_does_not_stop_the_others(settings, fault):
    define_stream(settings)
    rows = hourly_rows(days=3, series=SERIES)
    deliver(settings, BAD[fault](rows, of(rows, "b")))
    summary = ingest.run(settings, "usage", until="2024-01-04")
    assert held(settings) == {"a": 72, "c": 72}
    assert "series 'b': " in summary.message
    assert sum(reasons(settings).values()) >= 72


def test_feed_whose_series_are_nearly_all_bad_is_refused_and_a_person_lets_it_go_on(settings):
    define_stream(settings)
    rows = hourly_rows(days=5, series=SERIES)
    bad = rows["ts"] >= pd.Timestamp("2024-01-04 12:00", tz="UTC")
    deliver(settings, BAD["negative"](rows, bad & (rows["ts"].dt.hour < 18)))
    ingest.run(settings, "usage", until="2024-01-04")
    with pytest.raises(ContractError, match="go on without these rows with `forecasting quarantine accept usage`"):
        ingest.run(settings, "usage", until="2024-01-05")
    summary = quarantine.accept(settings, "usage", by="ann")
    assert summary.details == {"levels": 0, "left_out": 18}
    assert ingest.run(settings, "usage", until="2024-01-05").rows == 3 * 18
    assert reasons(settings) == {"negative_value": 18}
    with pytest.raises(ContractError):  # the word was on the rows that waited then
        ingest.run(settings, "usage", until="2024-01-06")


def test_series_that_lost_its_values_keeps_them_and_the_others_go_on(settings):
    define_stream(settings)
    rows = hourly_rows(days=6, series=SERIES)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-06")
    deliver(settings, rows[~of(rows, "b") | (rows["ts"] >= pd.Timestamp("2024-01-05 12:00", tz="UTC"))])
    summary = ingest.run(settings, "usage", until="2024-01-07")
    assert "series b: the feed no longer holds 60 of 72 values" in summary.message
    assert (summary.rows, summary.details["withdrawn"]) == (72, 0)
    confirmed = ingest.run(settings, "usage", since="2024-01-03", until="2024-01-07")
    assert (confirmed.rows, confirmed.details["withdrawn"]) == (60, 60)


def test_rows_before_the_window_of_one_series_do_not_stop_the_others(settings):
    define_stream(
        settings, extract="select * from read_parquet($feed) where (ts >= $since or series_id = 'b') and ts < $until"
    )
    deliver(settings, hourly_rows(days=6, series=SERIES))
    ingest.run(settings, "usage", until="2024-01-06")
    assert ingest.run(settings, "usage", until="2024-01-07").rows == 72
    assert reasons(settings) == {"ts_before_since": 48}


MALFORMED = {
    "NUL": "b\x00",
    "C0": "b\x1f",
    "delete": "b\x7f",
    "C1": "b\x85x",
    "newline": "b\nx",
    "replacement character": "b\ufffd",
    "byte order mark": "\ufeffb",
    "blank before": " b",
    "blank behind": "b\u00a0",
    "too long": "b" * 256,
}


@pytest.mark.parametrize("key", MALFORMED.values(), ids=MALFORMED)
def test_malformed_key_waits_whole_and_the_stream_goes_on_night_after_night(settings, key):
    define_stream(settings)
    rows = hourly_rows(days=4)
    deliver(settings, rows.assign(series_id=rows["series_id"].replace("b", key)))
    ingest.run(settings, "usage", until="2024-01-04")
    summary = ingest.run(settings, "usage", until="2024-01-05")
    assert held(settings) == {"a": 96}
    assert reasons(settings) == {"malformed_key": 96}
    assert "malformed_key" in summary.message
    ((raw, shown),) = ask(settings, "select raw, series_id from history.quarantine order by ts limit 1")
    assert json.loads(raw)["series_id"] == key
    assert "\x00" not in shown


@pytest.mark.parametrize("value", ["no\x00rth", "no\x9frth", "no\ufffdrth"])
def test_malformed_attribute_waits_whole_and_the_stream_goes_on(settings, value):
    define_stream(settings)
    rows = hourly_rows(days=4)
    deliver(settings, rows.assign(region=np.where(of(rows, "b"), value, "south"), floor=3))
    ingest.run(settings, "usage", until="2024-01-05")
    assert held(settings) == {"a": 96}
    assert reasons(settings) == {"malformed_attribute": 96}
    ((raw,),) = ask(settings, "select raw from history.quarantine order by ts limit 1")
    assert json.loads(raw)["region"] == value


def test_empty_keys_wait_and_the_stream_goes_on(settings):
    define_stream(settings)
    rows = hourly_rows(days=4)
    rows["series_id"] = rows["series_id"].mask(of(rows, "b"), np.where(rows["ts"].dt.hour < 12, "", None))
    deliver(settings, rows)
    assert "rows without a series: 96 of 96 rows are bad" in ingest.run(settings, "usage", until="2024-01-05").message
    assert held(settings) == {"a": 96}


def test_series_of_single_events_is_named_by_its_rejects(settings):
    whole = "select series_id, ts, y from read_parquet($feed) where y >= 0 and ts >= $since and ts < $until"
    define_stream(settings, extract=whole)
    (settings.streams / "usage.rejects.sql").write_text(
        "select 'dead' as reason, to_json(poll) as raw, ts, series_id from read_parquet($feed) as poll "
        "where y < 0 and ts >= $since and ts < $until",
        encoding="utf-8",
    )
    rows = hourly_rows(days=4, series=SERIES)
    deliver(settings, BAD["negative"](rows, of(rows, "c")))
    assert "series 'c': 96 of 96 rows are bad (dead)" in ingest.run(settings, "usage", until="2024-01-05").message
    assert held(settings) == {"a": 96, "b": 96}


def test_secrets_within_bad_rows_are_not_kept(settings):
    define_stream(settings)
    rows = hourly_rows(days=4)
    rows["tokens"], rows["note"] = "12", "none"
    rows["file"] = "https://feeds.example/usage.parquet?sig=Xy7Zq9Wv5"
    rows.loc[5, "y"], rows.loc[5, "note"] = -1.0, "login with password=hunter2hunter"
    deliver(settings, rows)
    for _ in range(2):
        ingest.run(settings, "usage", since="2024-01-01", until="2024-01-05")
    ((raw,),) = ask(settings, "select raw from history.quarantine")
    assert json.loads(raw) == {
        "series_id": "a",
        "ts": "2024-01-01 05:00:00+00",
        "y": "-1.0",
        "tokens": "12",
        "note": "login with password=***",
        "file": "https://feeds.example/usage.parquet?sig=***",
    }
    deliver(settings, rows.assign(y=rows["y"].abs()))
    quarantine.replay(settings, "usage")
    assert reasons(settings) == {}


@pytest.mark.parametrize("change", ["replaced", "written over", "removed"])
def test_a_file_that_changes_while_it_is_read_is_not_taken_in_and_the_next_run_goes_on(settings, change, monkeypatch):
    define_stream(settings)
    rows = hourly_rows(days=4)
    path = deliver(settings, rows)
    read = Feed.create_table

    def read_slowly(feed, *given, **more):
        read(feed, *given, **more)
        if change == "removed":
            path.unlink()
        else:
            other = deliver(settings, rows.assign(y=rows["y"] + 1), file="other" if change == "replaced" else "feed")
            other.replace(path)

    with monkeypatch.context() as patched:
        patched.setattr(Feed, "create_table", read_slowly)
        with pytest.raises(FeedError, match=r"feed\.parquet changed while it was read, so nothing of it was taken in"):
            ingest.run(settings, "usage", until="2024-01-05")
    assert held(settings) == {}
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-05")
    assert held(settings) == {"a": 96, "b": 96}


def test_replay_takes_nothing_away_that_the_feed_no_longer_holds(settings):
    define_stream(settings)
    rows = hourly_rows(days=6, series=SERIES)
    bad = rows.copy()
    bad.loc[10, "y"] = -1.0
    deliver(settings, bad)
    ingest.run(settings, "usage", until="2024-01-07")
    deliver(settings, rows[rows["ts"] >= pd.Timestamp("2024-01-06", tz="UTC")])
    with pytest.raises(FeedError, match="no longer holds"):
        quarantine.replay(settings, "usage")
    assert reasons(settings) == {"negative_value": 1}
    assert sum(held(settings).values()) == 6 * 72 - 1


@pytest.mark.parametrize(
    "command",
    [
        lambda settings: quarantine.replay(settings, "usage"),
        lambda settings: quarantine.accept(settings, "usage", by="ann"),
        lambda settings: score.run(settings, "usage", origin="2024-01-05"),
        lambda settings: promote.run(settings, "m", by="ann"),
    ],
    ids=["replay", "accept", "score", "promote"],
)
def test_commands_on_what_is_there_make_no_lake(settings, command):
    define_stream(settings)
    with pytest.raises(SettingsError, match="no lake here yet"):
        command(settings)
    assert settings.catalog_file is not None
    assert not settings.catalog_file.exists()


@pytest.mark.parametrize("name", ["row_no", "Row_No", "instant", "local_ts"])
def test_attribute_with_a_name_of_the_ingests_own_is_reported_with_its_file(settings, name):
    define_stream(settings)
    deliver(settings, hourly_rows(days=3).assign(**{name: "x"}))
    with pytest.raises(QueryError, match=rf"usage\.sql: column {name} has a name that the ingest uses itself"):
        ingest.run(settings, "usage", until="2024-01-04")
