"""Daily peaks of links: the percentile, what was known of it when, and the nights that read them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.demo.feeds import write_link_feed
from forecasting.jobs import ingest
from forecasting.settings import Settings, read_settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.feeds import open_feed
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read

ZONE = "America/Toronto"
HOUR = pd.Timedelta("1h")
READY = pd.Timedelta("70min")


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def midnight(day: str) -> datetime:
    return pd.Timestamp(day, tz=ZONE).to_pydatetime()


def hours_of(day: str, *, series_id: str = "mtl-core-00.ge-0/0/1", seed: int = 0) -> pd.DataFrame:
    """The hours of a local day, each known 70 minutes after it began."""
    first = pd.Timestamp(day, tz=ZONE)
    ts = pd.date_range(first, first + pd.DateOffset(days=1), freq="h", inclusive="left").tz_convert("UTC")
    y = np.random.default_rng(seed).uniform(100, 900, len(ts))
    frame = pd.DataFrame({"stream": "link_traffic", "series_id": series_id, "ts": ts, "y": y})
    return frame.assign(censored=pd.array([None] * len(ts), "boolean"), available_at=ts + READY)


def write(lake: Lake, rows: pd.DataFrame) -> None:
    lake.connection.register("rows", rows)
    lake.connection.execute(
        "insert into history.demand by name"
        " select *, null::double as weight, 'r' as run_id, now() as loaded_at from rows"
    )
    lake.connection.unregister("rows")


def describe(lake: Lake, series_id: str, *, valid_from: str, known_at: str, **attributes: str) -> None:
    lake.connection.execute(
        "insert into history.series values ('link_traffic', $series_id, $valid_from, $known_at, $attributes, 'r')",
        {
            "series_id": series_id,
            "valid_from": midnight(valid_from),
            "known_at": midnight(known_at),
            "attributes": attributes,
        },
    )


def peaks(lake: Lake, *, since: str, until: str | datetime) -> pd.DataFrame:
    """What the extract returns, as an ingest asks for it."""
    definition = read_definition(lake.settings, "link_peak")
    span = {"since": midnight(since), "until": midnight(until) if isinstance(until, str) else until}
    with open_feed(lake, definition) as feed:
        feed.create_table("extracted", definition.extract, **span)
    return lake.connection.execute("select * from extracted order by series_id, ts, available_at").fetchdf()


@pytest.mark.parametrize(("day", "hours"), [("2026-02-10", 24), ("2026-03-08", 23), ("2026-11-01", 25)])
def test_a_peak_is_the_percentile_of_the_hours_of_a_local_day_and_known_when_the_last_of_them_was(lake, day, hours):
    following = str(date.fromisoformat(day) + timedelta(days=1))
    rows = hours_of(day)
    assert len(rows) == hours
    around = [hours_of(str(pd.Timestamp(day).date() + timedelta(days=step)), seed=9) for step in (-1, 1)]
    write(lake, pd.concat([rows.assign(available_at=rows["ts"] + HOUR), *around]))
    (found,) = peaks(lake, since=day, until=following).to_dict("records")
    assert found["ts"] == pd.Timestamp(day)
    assert found["y"] == pytest.approx(np.quantile(rows["y"], 0.95), rel=1e-12)
    assert found["available_at"] == pd.Timestamp(following, tz=ZONE)


def test_a_day_has_a_row_for_each_moment_at_which_something_of_it_became_known(lake):
    rows = hours_of("2026-02-10")
    late = rows.iloc[[12]].assign(y=2000.0, available_at=pd.Timestamp("2026-02-13 05:00Z"))
    gone = rows.iloc[:10].assign(y=np.nan, available_at=pd.Timestamp("2026-02-14 05:00Z"))
    write(lake, pd.concat([rows, late, gone]))
    found = peaks(lake, since="2026-02-10", until="2026-02-20")
    changed = rows["y"].where(rows.index != 12, 2000.0)
    expected = [np.quantile(rows["y"][:-1], 0.95), np.quantile(rows["y"], 0.95), np.quantile(changed, 0.95), np.nan]
    np.testing.assert_allclose(found["y"], expected, rtol=1e-12)
    known_at = ["2026-02-11 04:10Z", "2026-02-11 05:10Z", "2026-02-13 05:00Z", "2026-02-14 05:00Z"]
    assert list(found["available_at"]) == list(pd.to_datetime(known_at))
    early = peaks(lake, since="2026-02-10", until="2026-02-11")
    np.testing.assert_allclose(early["y"], expected[:1], rtol=1e-12)
    assert peaks(lake, since="2026-02-10", until=datetime(2026, 2, 11, 4, tzinfo=UTC)).empty


@pytest.mark.parametrize(("day", "least"), [("2026-02-10", 18), ("2026-03-08", 18), ("2026-11-01", 19)])
def test_a_day_is_known_where_three_quarters_of_its_hours_are(lake, day, least):
    rows = hours_of(day).assign(available_at=lambda frame: frame["ts"] + HOUR)
    write(lake, rows.iloc[:least])
    write(lake, rows.iloc[: least - 1].assign(series_id="fewer"))
    (found,) = peaks(lake, since=day, until="2026-12-01").to_dict("records")
    assert found["series_id"] == "mtl-core-00.ge-0/0/1"
    assert found["y"] == pytest.approx(np.quantile(rows["y"][:least], 0.95))


def test_a_peak_is_a_bound_where_an_hour_at_or_above_it_is(lake):
    rows = hours_of("2026-02-10").assign(available_at=lambda frame: frame["ts"] + HOUR)
    order = np.argsort(rows["y"].to_numpy())
    for series_id, place in (("highest", order[-1]), ("second", order[-2]), ("third", order[-3]), ("none", None)):
        bounds = [True if number == place else None for number in range(24)]
        write(lake, rows.assign(series_id=series_id, censored=pd.array(bounds, "boolean")))
    found = peaks(lake, since="2026-02-10", until="2026-02-11").set_index("series_id")["censored"]
    assert found[["highest", "second"]].all()
    assert found[["third", "none"]].isna().all()


def test_a_peak_carries_what_was_on_record_of_its_link(lake):
    write(lake, hours_of("2026-02-10"))
    write(lake, hours_of("2026-02-10", series_id="nobody knows"))
    told = {"region": "qc", "site": "mtl", "router": "mtl-core-00"}
    link = "mtl-core-00.ge-0/0/1"
    describe(lake, link, valid_from="2026-01-01", known_at="2026-01-02", capacity_mbps="1000", **told)
    describe(lake, link, valid_from="2026-02-10", known_at="2026-02-15", capacity_mbps="10000", **told)
    for until, capacity in (("2026-02-12", ["1000"] * 2), ("2026-02-16", ["1000", "1000", "10000"])):
        found = peaks(lake, since="2026-02-10", until=until).set_index("series_id")
        assert found.loc[link, list(told)].drop_duplicates().to_dict("records") == [told]
        assert found.loc[link, "capacity_mbps"].tolist() == capacity
        assert found.loc["nobody knows", [*told, "capacity_mbps"]].isna().all(axis=None)
    assert found.loc[link, "available_at"].iloc[-1] == midnight("2026-02-15"), "a correction is known when it came"
    assert found.loc[link, "y"].iloc[-1] == found.loc[link, "y"].iloc[-2]


def test_a_day_before_an_upgrade_carries_what_held_then(lake):
    days = pd.date_range("2026-02-10", periods=4).strftime("%Y-%m-%d")
    write(lake, pd.concat([hours_of(day) for day in days]))
    describe(lake, "mtl-core-00.ge-0/0/1", valid_from="2026-02-01", known_at="2026-02-02", capacity_mbps="1000")
    describe(lake, "mtl-core-00.ge-0/0/1", valid_from="2026-02-12", known_at="2026-02-12", capacity_mbps="10000")
    found = peaks(lake, since="2026-02-10", until="2026-02-20").drop_duplicates("ts")
    assert found["capacity_mbps"].tolist() == ["1000", "1000", "10000", "10000"]


NIGHTS = ["2026-02-15", "2026-02-16"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Traffic that is ingested night after night; `link_peak` reads it each time, its copy `later` once, at the end."""
    feeds = tmp_path_factory.mktemp("links")
    write_link_feed(feeds, seed=2, n_links=8, days=4, start=date(2026, 2, 13))
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("home"))})
    settings.streams.mkdir(parents=True, exist_ok=True)
    for name, packaged in (("link_traffic", "link_traffic"), ("link_peak", "link_peak"), ("later", "link_peak")):
        text = read_definition(settings, packaged).path.read_text(encoding="utf-8")
        text = text.replace(f'name = "{packaged}"', f'name = "{name}"').replace("= 2025-12-31", "= 2026-02-13")
        text = re.sub(r"\[events\]\n[^[]*", "", text)
        (settings.streams / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINKS_FEED", str(feeds))
        for night in NIGHTS:
            ingest.run(settings, "link_traffic", until=night)
            ingest.run(settings, "link_peak", until=night)
        ingest.run(settings, "later", until=NIGHTS[-1])
    return settings


def known(settings: Settings, stream: str, night: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(
            "select series_id, ts, y, censored, available_at from analyst.history_as_of($at)"
            " where stream = $stream order by all",
            {"stream": stream, "at": midnight(night)},
        ).df()


def test_every_night_finds_the_same_peaks_whenever_they_were_ingested(home):
    for number, night in enumerate(NIGHTS, start=2):
        nightly = known(home, "link_peak", night)
        assert len(nightly) > 6 * (number - 1)
        assert nightly["ts"].max() == pd.Timestamp(night, tz=ZONE) - pd.DateOffset(days=1)
        pd.testing.assert_frame_equal(nightly, known(home, "later", night))


def test_a_night_that_is_pulled_again_changes_nothing(home):
    for stream in ("link_peak", "later"):
        assert ingest.run(home, stream, since="2026-02-13", until=NIGHTS[-1]).rows == 0
