"""The forecast job: what it reads, what it publishes, and when it publishes again."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import backfill, forecast, ingest
from forecasting.jobs.streams import events
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.terms import QUANTILE_COLUMNS
from tests.feeds import START, define_stream, deliver, hourly_rows
from tests.homes import begin_with

ORIGIN = pd.Timestamp("2024-01-29", tz="UTC")
DAY = pd.Timedelta("1D")
HOUR = pd.Timedelta("1h")


def frame(settings: Settings, query: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).to_arrow_table().to_pandas()


def publications(settings: Settings) -> pd.DataFrame:
    return frame(settings, "select * from forecast.publications order by published_at")


def rows_with_clock(*, days: int = 28, series: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    """Hourly demand, each value known an hour after its interval began."""
    return hourly_rows(days=days, series=series).assign(available_at=lambda rows: rows["ts"] + HOUR)


def take_in(settings: Settings, rows: pd.DataFrame) -> None:
    deliver(settings, rows)
    ingest.run(settings, "usage", since=str(START.date()), until="2024-02-10")


def fill(settings: Settings) -> None:
    """Four weeks of history up to the origin, whose feed has its own clock."""
    define_stream(settings, source='max_bad_share = 1.0\nmax_age = "2d"')
    take_in(settings, rows_with_clock())


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def test_every_open_interval_of_the_horizon_has_one_row_with_its_lineage(filled):
    summary = forecast.run(filled, "usage", origin="2024-01-29", kind="nightly")
    rows = frame(filled, "select * from analyst.forecast_latest order by series_id, ts")
    assert summary.rows == len(rows) == 2 * 48
    for _, of_series in rows.groupby("series_id"):
        assert of_series["ts"].tolist() == pd.date_range(ORIGIN, periods=48, freq="h").tolist()
        assert of_series["horizon_step"].tolist() == list(range(1, 49))
    quantiles = rows[list(QUANTILE_COLUMNS)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles[:, 0] >= 0).all()
    assert rows["mean"].between(rows["q05"], rows["q95"]).all()
    assert set(rows["run_id"]) == {summary.run_id}
    assert set(rows["tier"]) == set(summary.details["tiers"])
    run = frame(filled, "select * from forecast.runs where kind = 'nightly'").iloc[0]
    assert (run["run_id"], run["status"], run["rows"]) == (summary.run_id, "published", 96)
    assert run["snapshot_id"] > 0
    assert run["finished_at"] >= run["started_at"]


def test_unchanged_night_adds_no_publication_and_no_row(filled):
    first = forecast.run(filled, "usage", origin="2024-01-29")
    second = forecast.run(filled, "usage", origin="2024-01-29", kind="backfill")
    assert (first.status, second.status) == ("published", "unchanged")
    assert publications(filled)["run_id"].tolist() == [first.run_id]
    assert frame(filled, "select distinct run_id from forecast.forecasts")["run_id"].tolist() == [first.run_id]
    assert frame(filled, "select status from forecast.runs where kind = 'backfill'")["status"].tolist() == ["unchanged"]


def test_revision_replaces_the_night_even_where_the_clock_stands_still(filled, monkeypatch):
    monkeypatch.setattr(forecast, "wall_clock", lambda: datetime(2024, 3, 1, tzinfo=UTC))
    issued = [forecast.run(filled, "usage", origin="2024-01-29").run_id]
    for factor in (1.5, 1.0):
        rows = rows_with_clock()
        revised = rows["ts"] >= ORIGIN - 7 * DAY
        known = ORIGIN - pd.Timedelta(minutes=60 - len(issued))
        again = rows[revised].assign(y=lambda rows, factor=factor: rows["y"] * factor, available_at=known)
        deliver(filled, again, file=f"revision{len(issued)}")
        ingest.run(filled, "usage", since=str(START.date()), until="2024-02-10")
        issued.append(forecast.run(filled, "usage", origin="2024-01-29").run_id)
    found = publications(filled)
    assert found["run_id"].tolist() == issued
    assert found["replaces"].iloc[1:].tolist() == issued[:-1]
    assert found["replaces"].isna().tolist() == [True, False, False]
    assert found["published_at"].is_monotonic_increasing
    assert found["published_at"].is_unique
    # what said the same said it under the same hash, and what was replaced can still be read
    assert found["content_hash"].duplicated().tolist() == [False, False, True]
    assert frame(filled, "select count(*) as rows from forecast.forecasts")["rows"].item() == 3 * 96
    assert frame(filled, "select distinct run_id from analyst.forecast_latest")["run_id"].tolist() == issued[-1:]


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_became_known_after_the_origin_is_used(filled, seed):
    before = forecast.run(filled, "usage", origin="2024-01-29")
    random = np.random.default_rng(seed)
    late = ORIGIN + pd.to_timedelta(random.integers(1, 10**6), unit="s")
    rows = rows_with_clock()
    touched = random.random(len(rows)) < 0.3
    revised = rows[touched].assign(y=lambda rows: rows["y"] * random.uniform(0, 5, len(rows)), available_at=late)
    after = rows_with_clock(days=38).query("ts >= @ORIGIN")
    unheard_of = rows_with_clock(series=("c",)).assign(available_at=late)
    take_in(filled, pd.concat([rows, revised, after, unheard_of]))
    again = forecast.run(filled, "usage", origin="2024-01-29")
    assert (again.status, again.rows) == ("unchanged", before.rows)
    assert len(publications(filled)) == 1


def test_series_whose_recent_values_were_not_known_at_the_origin_is_not_forecast(filled):
    rows = rows_with_clock(days=34, series=("a", "b", "c"))
    silent = (rows["series_id"] == "c") & (rows["ts"] >= START + DAY)
    known = rows["available_at"].where(~silent, ORIGIN + 9 * DAY)
    take_in(filled, rows.assign(available_at=known))
    forecast.run(filled, "usage", origin="2024-02-04")
    assert frame(filled, "select distinct series_id from analyst.forecast_latest")[
        "series_id"
    ].sort_values().tolist() == [
        "a",
        "b",
    ]


def test_attributes_are_those_known_at_the_origin(settings):
    office = '[[calendar.hours]]\nwhere = { region = "north" }\nmon-sun = "08:00-18:00"\n'
    hours = f'{office}[[calendar.hours]]\nmon-sun = "00:00-24:00"\n'
    define_stream(settings, tables=hours)
    for region, until in (("south", "2024-01-29"), ("north", "2024-01-30")):
        deliver(settings, hourly_rows(days=29).assign(region=region))
        ingest.run(settings, "usage", until=until)
    # the change was seen by the ingest that ended on the 30th, in rows from the 29th on
    assert forecast.run(settings, "usage", origin="2024-01-29T12:00").rows == 96
    assert forecast.run(settings, "usage", origin="2024-01-30").rows == 40


def test_what_became_known_at_the_origin_is_used(filled):
    forecast.run(filled, "usage", origin="2024-01-29")
    rows = rows_with_clock()
    known = rows[rows["ts"] >= ORIGIN - 7 * DAY].assign(y=lambda rows: rows["y"] * 2, available_at=ORIGIN)
    take_in(filled, pd.concat([rows, known]))
    assert forecast.run(filled, "usage", origin="2024-01-29").status == "published"


@pytest.mark.parametrize(("known_at", "rows"), [(ORIGIN, 48), (ORIGIN + HOUR, 96)])
def test_closure_counts_from_the_moment_it_is_known(filled, tmp_path, known_at, rows):
    closure = {"event_id": "c", "kind": "closure", "starts_at": ORIGIN, "ends_at": ORIGIN + DAY, "known_at": known_at}
    pd.DataFrame([closure]).to_parquet(tmp_path / "events.parquet")
    events.import_file(filled, tmp_path / "events.parquet")
    assert forecast.run(filled, "usage", origin="2024-01-29").rows == rows


def test_newest_origin_speaks_even_if_an_older_one_was_issued_after_it(filled):
    newest = forecast.run(filled, "usage", origin="2024-01-29").run_id
    forecast.run(filled, "usage", origin="2024-01-28")
    assert frame(filled, "select distinct run_id from analyst.forecast_latest")["run_id"].tolist() == [newest]


def test_missing_model_is_told_and_the_seasonal_members_forecast(filled):
    summary = forecast.run(filled, "usage", origin="2024-01-29")
    assert summary.status == "published"
    assert summary.message == "no model is trained for this definition yet; members that need no training forecast"
    assert set(summary.details["weights"]) <= {"pretrained", "last_four", "seasonal_naive"}


def first_fortnight(settings: Settings) -> None:
    """Two weeks of a stream whose forecast reaches a week."""
    define_stream(settings, horizon="7d")
    deliver(settings, hourly_rows(days=15))
    ingest.run(settings, "usage", until="2024-01-16")


def tiers(settings: Settings) -> list[str]:
    return frame(settings, "select distinct tier from analyst.forecast_latest order by 1")["tier"].tolist()


def test_first_forecast_of_a_stream_is_that_of_the_pretrained_networks(settings):
    first_fortnight(settings)
    summary = forecast.run(settings, "usage", origin="2024-01-15")
    assert (summary.rows, summary.details["tiers"]) == (2 * 7 * 24, {"pretrained": 2})
    assert summary.details["weights"] == {"pretrained": 1.0}
    assert tiers(settings) == ["pretrained"]
    assert frame(settings, "select count(*) as n from forecast.models")["n"].item() == 0
    assert forecast.run(settings, "usage", origin="2024-01-15").status == "unchanged"
    # a definition may forbid it
    define_stream(settings, horizon="7d", models='fallback = "seasonal"')
    assert forecast.run(settings, "usage", origin="2024-01-15").details["tiers"] == {"last_four": 2}


def test_origins_before_the_first_model_are_filled_back_by_the_pretrained_networks(settings):
    first_fortnight(settings)
    report = backfill.run(settings, "usage", since="2024-01-06", until="2024-01-07")
    assert [(issued.status, issued.model_id) for issued in report.origins] == [("published", None)] * 2
    assert tiers(settings) == ["pretrained"]
    again = backfill.run(settings, "usage", since="2024-01-06", until="2024-01-07")
    assert [issued.status for issued in again.origins] == ["unchanged"] * 2


def test_weights_of_the_members_are_told_the_heaviest_first(filled):
    train.run(filled, "usage", origin="2024-01-29")
    summary = forecast.run(filled, "usage", origin="2024-01-29")
    assert summary.message is None
    weights = summary.details["weights"]
    assert sum(weights.values()) == pytest.approx(1, abs=0.03)
    assert list(weights.values()) == sorted(weights.values(), reverse=True)
    assert min(weights.values()) > 0


def test_what_history_lacks_and_which_levels_shifted_is_told(settings, tmp_path):
    define_stream(settings)
    outage = {"event_id": "o", "kind": "outage", "starts_at": START + 2 * DAY, "ends_at": START + 3 * DAY}
    pd.DataFrame([outage]).assign(known_at=START).to_parquet(tmp_path / "events.parquet")
    events.import_file(settings, tmp_path / "events.parquet")
    rows = rows_with_clock(days=84)
    lost = (rows["ts"] >= START + 30 * DAY) & (rows["ts"] < START + 31 * DAY)
    shifted = (rows["series_id"] == "b") & (rows["ts"] >= START + 63 * DAY)
    deliver(settings, rows.assign(y=rows["y"].mask(lost, 0.0).mask(shifted, 4 * rows["y"])))
    ingest.run(settings, "usage", until="2024-03-25")
    summary = forecast.run(settings, "usage", origin="2024-03-25")
    told = "48 intervals of a, b set aside under an outage event; 48 intervals of a, b set aside as lost data; "
    assert summary.message.endswith(f"{told}1 level shift: b since 2024-03-04")
    run = frame(settings, "select message, complete from forecast.runs inner join forecast.publications using (run_id)")
    assert run.to_numpy().tolist() == [[summary.message, True]]


def test_unknown_kind_is_refused_before_anything_is_on_record(filled):
    with pytest.raises((SettingsError, ValueError)):
        forecast.run(filled, "usage", origin="2024-01-29", kind="weekly")
    assert frame(filled, "select count(*) as n from forecast.runs where kind <> 'ingest'")["n"].item() == 0


def fill_regions(settings: Settings) -> None:
    """The same four weeks, of three links in two regions that are summed."""
    tables = '[hierarchy]\nlevels = ["region"]\n'
    define_stream(settings, source='max_bad_share = 1.0\nmax_age = "2d"', tables=tables, horizon="1d")
    rows = rows_with_clock(series=("a", "b", "c"))
    take_in(settings, rows.assign(region=rows["series_id"].map({"a": "east", "b": "east", "c": "west"})))


@pytest.fixture
def regions(settings: Settings) -> Settings:
    return begin_with(settings, fill_regions)


def test_sums_are_published_with_the_forecast_of_one_run_at_once(regions):
    summary = forecast.run(regions, "usage", origin="2024-01-29")
    rows = frame(regions, "select * from analyst.forecast_latest")
    sums = frame(regions, "select * from analyst.aggregates_latest")
    (published,) = publications(regions).to_dict("records")
    assert (published["run_id"], published["rows"]) == (summary.run_id, len(rows) + len(sums))
    assert set(rows["run_id"]) | set(sums["run_id"]) == {summary.run_id}
    assert (summary.rows, summary.details["aggregates"]) == (len(rows), len(sums))
    hours = sums[sums["period"] == "interval"]
    by_level = hours.groupby(["level", "ts"])["mean"].sum()
    assert set(hours["group_key"]) == {"all", "east", "west"}
    np.testing.assert_allclose(by_level["region"], by_level["all"], rtol=1e-5)
    np.testing.assert_allclose(rows.groupby("ts")["mean"].sum(), by_level["all"], rtol=0.02)
    days = sums[(sums["period"] == "day") & (sums["level"] == "series")]
    assert set(days["group_key"]) == {"a", "b", "c"}
    assert days.groupby("stat").size().to_dict() == dict.fromkeys(("busy_hour", "max", "p95", "sum"), 3)


def test_night_whose_sums_a_backfill_said_publishes_nothing_again(regions):
    """The backfill forecasts two origins with what it keeps of the first in hand; a night forecasts one."""
    backfill.run(regions, "usage", since="2024-01-28", until="2024-01-29")
    before, sums = publications(regions), frame(regions, "select * from forecast.aggregates order by all")
    assert before["run_id"].tolist() == sums["run_id"].unique().tolist()
    assert forecast.run(regions, "usage", origin="2024-01-29").status == "unchanged"
    pd.testing.assert_frame_equal(publications(regions), before)
    pd.testing.assert_frame_equal(frame(regions, "select * from forecast.aggregates order by all"), sums)
