"""Series that were renamed or switched off: they end, and sums stop counting them."""

import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import series
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import define_stream, deliver, hourly_rows

ORIGIN, LATER = "2024-02-01", "2024-02-03"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Five weeks of two series, a and b, and their sums."""
    define_stream(settings, tables="[hierarchy]\n", models="max_fallback_share = 1.0")
    deliver(settings, hourly_rows(days=35))
    ingest.run(settings, "usage", until=ORIGIN)
    return settings


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def forecast_series(settings: Settings, origin: str) -> dict[str, int]:
    forecast.run(settings, "usage", origin=origin)
    return dict(ask(settings, "select series_id, count(*) from analyst.forecast_latest group by 1 order by 1"))


def daily_sums(settings: Settings) -> list[float]:
    query = """
        select mean from analyst.aggregates_latest
        where level = 'all' and stat = 'sum' and period = 'day' order by ts
    """
    return [mean for (mean,) in ask(settings, query)]


def series_sums(settings: Settings) -> dict[str, list[float]]:
    rows = ask(
        settings,
        "select series_id, sum(mean) from analyst.forecast_latest group by series_id, ts::date order by ts::date",
    )
    found: dict[str, list[float]] = {}
    for name, total in rows:
        found.setdefault(name, []).append(total)
    return found


def test_a_retired_series_is_not_forecast_from_its_date_on_and_counts_in_no_sum(settings):
    series.retire(settings, "usage", ["b"], on="2024-02-02", known_at="2024-01-20")
    assert forecast_series(settings, ORIGIN) == {"a": 48, "b": 24}
    sums, parts = daily_sums(settings), series_sums(settings)
    assert sums[0] == pytest.approx(parts["a"][0] + parts["b"][0], rel=0.02)
    assert sums[1] == pytest.approx(parts["a"][1], rel=0.02)
    ingest.run(settings, "usage", until=LATER)
    assert forecast_series(settings, LATER) == {"a": 48}
    assert daily_sums(settings) == pytest.approx(series_sums(settings)["a"], rel=0.02)


def test_an_origin_before_it_was_known_is_forecast_as_known_then(settings):
    series.retire(settings, "usage", ["b"], on="2024-02-01", known_at="2024-02-02")
    assert forecast_series(settings, ORIGIN) == {"a": 48, "b": 48}
    ingest.run(settings, "usage", until=LATER)
    assert forecast_series(settings, LATER) == {"a": 48}


def test_an_end_that_is_taken_back_is_none(settings):
    series.retire(settings, "usage", ["b"], on="2024-02-01", known_at="2024-01-20")
    series.retire(settings, "usage", ["b"], on="2024-02-01", known_at="2024-01-21", undo=True)
    assert forecast_series(settings, ORIGIN) == {"a": 48, "b": 48}


def test_a_series_that_nobody_knows_is_named_with_those_there_are(settings):
    with pytest.raises(SettingsError, match="stream usage: no series 'c'; it has a, b; see `forecasting series list"):
        series.retire(settings, "usage", ["a", "c"], on="2024-02-01")
    assert set(series.show(settings, stream="usage")["retired_from"].dropna()) == set()


def test_the_list_says_what_each_series_holds_in_local_time(settings):
    series.retire(settings, "usage", ["b"], on="2024-02-01")
    first, second = series.show(settings, stream="usage").to_dict("records")
    assert (first["series_id"], first["first_ts"], first["last_ts"]) == ("a", "2024-01-01 00:00", "2024-01-31 23:00")
    assert (first["values"], second["retired_from"]) == (31 * 24, "2024-02-01 00:00")


def test_a_series_that_is_gone_from_the_feed_ends_where_a_person_pulls_it_again(settings):
    rows = hourly_rows(days=35)
    renamed = rows.assign(series_id=rows["series_id"].replace("b", "c"))
    deliver(settings, renamed)
    unasked = ingest.run(settings, "usage", until=LATER)
    assert unasked.message is None
    assert forecast_series(settings, LATER).keys() == {"a", "b", "c"}
    pulled = ingest.run(settings, "usage", until=LATER, since="2024-01-01")
    assert pulled.message == "series b: gone from the feed, 744 values withdrawn"
    ingest.run(settings, "usage", until="2024-02-04")
    assert forecast_series(settings, "2024-02-04").keys() == {"a", "c"}
    assert daily_sums(settings) == pytest.approx(
        [sum(pair) for pair in zip(*series_sums(settings).values(), strict=True)], rel=0.02
    )
    # what was known before the pull is what an earlier origin is forecast from
    forecast.run(settings, "usage", origin="2024-02-02")
    query = "select distinct series_id from analyst.forecast_from_origin('2024-02-02') order by 1"
    assert [name for (name,) in ask(settings, query)] == ["a", "b"]
