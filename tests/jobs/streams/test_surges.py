"""Surges in forecasts: named in the message and a table, kept out, and judged by a person."""

import pandas as pd
import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import surges
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.terms import EventKind
from tests.feeds import define_stream, deliver, hourly_rows

ORIGIN = "2024-03-25"
FIRST, END = pd.Timestamp("2024-02-28", tz="UTC"), pd.Timestamp("2024-03-09", tz="UTC")


@pytest.fixture
def surged(settings: Settings) -> Settings:
    """Twelve weeks of two series, of which `a` had five times its volume for ten days, and a forecast of both."""
    # the mean of four weeks, as networks may doubt a surge by themselves
    define_stream(settings, source='max_age = "2d"', horizon="7d", models='fallback = "seasonal"')
    rows = hourly_rows(days=84)
    rows.loc[(rows["series_id"] == "a") & rows["ts"].between(FIRST, END, inclusive="left"), "y"] *= 5
    deliver(settings, rows)
    ingest.run(settings, "usage", until=ORIGIN)
    return settings


def total(settings: Settings, series: str = "a") -> float:
    with open_lake_to_read(settings) as lake:
        query = "select sum(q50) from analyst.forecast_latest where series_id = $series"
        return float(lake.connection.execute(query, {"series": series}).fetchall()[0][0])


def test_a_surge_is_kept_out_named_and_listed_and_a_person_has_the_last_word(surged):
    message = forecast.run(surged, "usage", origin=ORIGIN).message
    assert "1 surge kept out of the forecast: a 2024-02-28 to 2024-03-08, " in message
    usual = 7 * hourly_rows(days=84).query("series_id == 'a'")["y"].mean() * 24
    assert total(surged) == pytest.approx(usual, rel=0.1)
    (row,) = surges.show(surged, stream="usage").to_dict("records")
    assert (row["series_id"], row["days"], row["ongoing"], row["verdict"]) == ("a", 10, False, "open")
    assert (row["starts_at"], row["ends_at"]) == (FIRST, END)
    assert 4.5 < row["factor"] < 5.5

    # what is said now is not known at an origin of the past
    surges.judge(surged, "usage", series="a", day="2024-03-01", kind=EventKind.DEMAND)
    assert forecast.run(surged, "usage", origin=ORIGIN).status == "unchanged"
    assert surges.show(surged, stream=None)["verdict"].tolist() == ["rejected"]

    said = surges.judge(surged, "usage", series="a", day="2024-03-01", kind=EventKind.DEMAND, known_at="2024-03-20")
    assert said.status == "unchanged"
    surges.judge(surged, "usage", series="a", day="2024-03-01", kind=EventKind.SURGE, known_at="2024-03-20")
    assert surges.show(surged, stream=None)["verdict"].tolist() == ["confirmed"]


def test_a_surge_that_was_rejected_by_the_origin_is_demand(surged):
    forecast.run(surged, "usage", origin=ORIGIN)
    kept_out = total(surged)
    surges.judge(surged, "usage", series="a", day="2024-03-08", kind=EventKind.DEMAND, known_at="2024-03-20")
    again = forecast.run(surged, "usage", origin=ORIGIN)
    assert "1 surge used as demand, as a person said" in again.message
    assert total(surged) > 1.4 * kept_out


def test_a_day_without_a_surge_is_an_error_that_names_those_found(surged):
    forecast.run(surged, "usage", origin=ORIGIN)
    with pytest.raises(SettingsError, match="no surge of 'a' on 2024-03-09; found: a 2024-02-28 to 2024-03-08"):
        surges.judge(surged, "usage", series="a", day="2024-03-09", kind=EventKind.SURGE)
    with pytest.raises(SettingsError, match="expected a date such as"):
        surges.judge(surged, "usage", series="a", day="yesterday", kind=EventKind.SURGE)
