"""Origins that the data cannot serve, feeds that fell behind, series that began late; and what is visible after."""

import pandas as pd
import pytest

from forecasting.errors import FallbackError, FeedError, InsufficientHistoryError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import events
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import START, define_stream, deliver, hourly_rows
from tests.homes import begin_with

DAYS = 29
LAST = START + pd.Timedelta(days=DAYS)


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def publications(settings: Settings) -> list[tuple]:
    return ask(
        settings, "select origin, complete, rows, replaces is null from forecast.publications order by published_at"
    )


def last_run(settings: Settings) -> tuple:
    return ask(settings, "select status, message from forecast.runs order by started_at desc, run_id limit 1")[0]


def fill(settings: Settings) -> None:
    """A lake with 29 days of history of two series, published from their end; max_age is 6 h."""
    define_stream(settings)
    deliver(settings, hourly_rows(days=DAYS))
    ingest.run(settings, "usage", until=LAST.isoformat())
    forecast.run(settings, "usage", origin=LAST.isoformat())


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def test_origin_as_old_as_max_age_allows_is_complete(filled):
    assert forecast.run(filled, "usage", origin=(LAST + pd.Timedelta("6h")).isoformat()).status == "published"
    assert publications(filled)[-1][1] is True


def test_origin_after_the_last_ingest_is_published_as_stale(filled):
    origin = LAST + pd.Timedelta("7h")
    summary = forecast.run(filled, "usage", origin=origin.isoformat())
    assert summary.status == "stale"
    assert "newest value is 7.0 h of open time older" in summary.message
    assert "max_age is 6h" in summary.message
    assert publications(filled)[-1] == (origin, False, 96, True)
    assert last_run(filled) == ("stale", summary.message)
    assert ask(filled, "select min(ts), max(ts), min(horizon_step) from analyst.forecast_latest") == [
        (origin, origin + pd.Timedelta("47h"), 1)
    ]


def test_origin_long_after_the_last_ingest_fails_and_what_was_published_stays(filled):
    before = ask(filled, "select * from analyst.forecast_latest order by all")
    with pytest.raises(
        FeedError, match=r"13\.0 h of open time older.*twice that is too old.*ingest newer usage"
    ) as failure:
        forecast.run(filled, "usage", origin=(LAST + pd.Timedelta("13h")).isoformat())
    assert failure.value.exit_code == 3
    assert ask(filled, "select * from analyst.forecast_latest order by all") == before
    assert last_run(filled) == ("failed", str(failure.value))


def test_origin_weeks_after_the_last_ingest_fails_with_the_last_value_on_record(filled):
    with pytest.raises(FeedError, match=r"no series reported in the four weeks .*2024-01-29T23:00.*ingest newer usage"):
        forecast.run(filled, "usage", origin="2024-06-01")


def test_stale_publication_is_replaced_once_the_feed_has_caught_up(filled):
    origin = (LAST + pd.Timedelta("12h")).isoformat()
    assert forecast.run(filled, "usage", origin=origin).status == "stale"
    deliver(filled, hourly_rows(days=DAYS + 1))
    ingest.run(filled, "usage", until=origin)
    assert forecast.run(filled, "usage", origin=origin).status == "published"
    assert [row[1:] for row in publications(filled)[1:]] == [(False, 96, True), (True, 96, False)]


@pytest.mark.parametrize("origin", ["2023-06-01", "2024-01-01"])
def test_origin_before_the_data_is_the_users_mistake(filled, origin):
    with pytest.raises(SettingsError, match=r"lies before the data, which begin at 2024-01-01T00:00") as failure:
        forecast.run(filled, "usage", origin=origin)
    assert failure.value.exit_code == 2
    assert len(publications(filled)) == 1


@pytest.mark.parametrize("origin", ["yesterday", "2024-13-01", "", "2024-01-30T00:30"])
def test_unreadable_origin_is_the_users_mistake(filled, origin):
    with pytest.raises(SettingsError, match="origin") as failure:
        forecast.run(filled, "usage", origin=origin)
    assert "\n" not in str(failure.value)


def test_stream_without_history_says_what_to_run(settings):
    define_stream(settings)
    with pytest.raises(
        InsufficientHistoryError, match="no history yet; run `forecasting ingest usage` first"
    ) as failure:
        forecast.run(settings, "usage", origin="2024-01-30")
    assert failure.value.exit_code == 3


def test_closed_weekend_does_not_make_a_feed_stale(settings):
    define_stream(settings, tables='[[calendar.hours]]\nmon-fri = "08:00-18:00"\n')
    rows = hourly_rows(days=28)
    hours, weekday = rows["ts"].dt.hour, rows["ts"].dt.day_of_week
    deliver(settings, rows[(hours >= 8) & (hours < 18) & (weekday < 5)])
    ingest.run(settings, "usage", until="2024-01-29")
    assert forecast.run(settings, "usage", origin="2024-01-29").status == "published"


def test_horizon_without_an_open_interval_publishes_no_row(settings):
    define_stream(settings, tables='[[calendar.hours]]\nmon-fri = "08:00-18:00"\n')
    rows = hourly_rows(days=26)
    hours, weekday = rows["ts"].dt.hour, rows["ts"].dt.day_of_week
    deliver(settings, rows[(hours >= 8) & (hours < 18) & (weekday < 5)])
    ingest.run(settings, "usage", until="2024-01-27")
    summary = forecast.run(settings, "usage", origin="2024-01-27")
    assert (summary.status, summary.rows) == ("published", 0)
    assert publications(settings) == [(pd.Timestamp("2024-01-27", tz="UTC"), True, 0, True)]
    assert ask(settings, "select count(*) from analyst.forecast_latest") == [(0,)]
    assert forecast.run(settings, "usage", origin="2024-01-27").status == "unchanged"


def test_horizon_that_a_closure_fills_publishes_no_row(filled, tmp_path):
    closure = pd.DataFrame(
        {"event_id": ["c1"], "kind": ["closure"], "starts_at": [LAST], "ends_at": [LAST + pd.Timedelta("2D")]}
    )
    closure.assign(known_at=LAST - pd.Timedelta("7D")).to_parquet(tmp_path / "events.parquet")
    events.import_file(filled, tmp_path / "events.parquet")
    summary = forecast.run(filled, "usage", origin=LAST.isoformat())
    assert (summary.status, summary.rows) == ("published", 0)
    assert publications(filled)[-1][1:] == (True, 0, False)
    assert ask(filled, "select count(*) from analyst.forecast_latest") == [(0,)]


def young(settings: Settings, *, share: float) -> None:
    """Nine series of four weeks and one of a day."""
    define_stream(settings, models=f"max_fallback_share = {share}")
    old = hourly_rows(days=DAYS, series=tuple(f"old{number}" for number in range(9)))
    new = hourly_rows(days=1, series=("new",), start=LAST - pd.Timedelta("1D"), level=50)
    deliver(settings, pd.concat([old, new]))
    ingest.run(settings, "usage", until=LAST.isoformat())


def test_young_series_is_forecast_from_its_peers(settings):
    young(settings, share=0.1)
    summary = forecast.run(settings, "usage", origin=LAST.isoformat())
    assert summary.details["tiers"]["cold_start"] == 1
    new = ask(settings, "select tier, avg(mean) from analyst.forecast_latest where series_id = 'new' group by tier")
    assert new == [("cold_start", pytest.approx(50, rel=0.5))]


def test_too_many_fallbacks_publish_nothing(settings):
    young(settings, share=0.05)
    with pytest.raises(
        FallbackError, match=r"1 of 10 series have too little history .*max_fallback_share = 0\.05"
    ) as failure:
        forecast.run(settings, "usage", origin=LAST.isoformat())
    assert failure.value.exit_code == 3
    assert publications(settings) == []
    assert ask(settings, "select count(*) from forecast.forecasts") == [(0,)]
    assert last_run(settings)[0] == "failed"
