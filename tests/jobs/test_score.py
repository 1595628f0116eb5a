"""Scores of published forecasts against what was measured since."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import backfill, forecast, ingest, score
from forecasting.jobs.common.session import open_session
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.tables.scores import origins_to_score
from forecasting.terms import ModelChoice
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with

ORIGIN = "2024-01-29"
HOURS = 48


def frame(settings: Settings, query: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).to_arrow_table().to_pandas()


def publish(settings: Settings) -> None:
    """A forecast of two days from the end of four weeks; five weeks are in the feed."""
    define_stream(settings)
    deliver(settings, hourly_rows(days=35))
    ingest.run(settings, "usage", until=ORIGIN)
    forecast.run(settings, "usage", origin=ORIGIN)


@pytest.fixture
def published(settings: Settings) -> Settings:
    return begin_with(settings, publish)


def test_nothing_is_scored_before_it_is_measured(published):
    assert score.run(published, "usage", origin=ORIGIN).status == "unchanged"
    assert score.run(published, "usage", origin="2024-01-30").rows == 0


def test_published_rows_and_the_seasonal_naive_are_scored_on_the_same_intervals(published):
    ingest.run(published, "usage", until="2024-01-31")
    summary = score.run(published, "usage", origin="2024-01-31")
    assert summary.status == "published"
    assert summary.details == {"origins": ["2024-01-29T00:00:00+00:00"]}
    scores = frame(published, "select * from analyst.accuracy")
    assert set(scores["member"]) == {"published", "seasonal_naive"}
    whole = scores[(scores["series_id"] == "*") & (scores["horizon_bucket"] == "all")].set_index("member")
    assert whole["rows"].tolist() == [2 * HOURS] * 2
    pairs = frame(published, "select y, q50, q10, q90 from analyst.forecast_vs_actual")
    wape = (pairs["y"] - pairs["q50"]).abs().sum() / pairs["y"].abs().sum()
    assert whole.loc["published", "wape"] == pytest.approx(wape, rel=1e-5)
    inside = pairs["y"].between(pairs["q10"], pairs["q90"]).mean()
    assert whole.loc["published", "cover80"] == pytest.approx(inside)
    naive = frame(
        published,
        """
        select sum(abs(new.y - old.y)) / sum(new.y) as wape
        from history.demand as new
        inner join history.demand as old on new.series_id = old.series_id and new.ts = old.ts + interval 7 day
        where new.ts >= '2024-01-29 00:00:00Z'
        """,
    )
    assert whole.loc["seasonal_naive", "wape"] == pytest.approx(naive["wape"].item(), rel=1e-5)


def test_what_is_scored_once_is_scored_again_only_when_more_is_known(published):
    ingest.run(published, "usage", until="2024-01-30")
    first = score.run(published, "usage", origin="2024-01-30")
    assert score.run(published, "usage", origin="2024-01-30").status == "unchanged"
    ingest.run(published, "usage", until="2024-02-02")
    second = score.run(published, "usage", origin="2024-02-02")
    assert score.run(published, "usage", origin="2024-02-02").status == "unchanged"
    assert score.run(published, "usage", origin="2024-02-03").status == "unchanged"
    evaluations = frame(published, "select distinct eval_id from evaluation.scores order by 1")["eval_id"]
    assert set(evaluations) == {first.run_id, second.run_id}
    newest = frame(
        published,
        "select distinct eval_id, rows from analyst.accuracy where series_id = '*' and horizon_bucket = 'all'",
    )
    assert set(newest["eval_id"]) == {second.run_id}
    assert set(newest["rows"]) == {2 * HOURS}


def test_demand_that_became_known_later_is_not_used(published):
    ingest.run(published, "usage", until="2024-01-31")
    score.run(published, "usage", origin="2024-01-30")
    assert set(
        frame(published, "select rows from analyst.accuracy where series_id = '*' and horizon_bucket = 'all'")["rows"]
    ) == {HOURS}


def test_what_was_published_in_hindsight_is_not_scored_and_hides_nothing_that_was_not(published):
    ingest.run(published, "usage", until="2024-02-05")
    train.run(published, "usage", origin="2024-02-05")
    given = {"models": ModelChoice.CHAMPION, "replace": True}
    report = backfill.run(published, "usage", since="2024-01-28", until=ORIGIN, **given)
    assert report.counts == {"published": 2}
    summary = score.run(published, "usage", origin="2024-02-05")
    assert summary.details == {"origins": ["2024-01-29T00:00:00+00:00"]}
    found = frame(
        published,
        "select wape from analyst.accuracy where member = 'published' and series_id = '*' and horizon_bucket = 'all'",
    )
    pairs = frame(
        published,
        f"""
        select forecasts.q50, demand.y
        from forecast.forecasts as forecasts
        inner join history.demand as demand using (series_id, ts)
        where forecasts.run_id <> '{report.origins[1].run_id}' and forecasts.origin = '{ORIGIN} 00:00:00Z'
        """,
    )
    with open_session(published, "usage") as session:
        until = pd.Timestamp("2024-02-05", tz="UTC").to_pydatetime()
        assert origins_to_score(session.lake, session.definition.stream, scored_until=until) == []
    assert len(pairs) == 2 * HOURS
    wape = (pairs["y"] - pairs["q50"]).abs().sum() / pairs["y"].abs().sum()
    assert found["wape"].item() == pytest.approx(wape, rel=1e-5)


def test_unknown_demand_is_not_scored(published):
    rows = hourly_rows(days=35)
    lost = (
        (rows["series_id"] == "b")
        & (rows["ts"] >= pd.Timestamp("2024-01-29T12:00Z"))
        & (rows["ts"] < pd.Timestamp("2024-01-30T06:00Z"))
    )
    deliver(published, rows.assign(y=np.where(lost, np.nan, rows["y"])))
    ingest.run(published, "usage", until="2024-01-31")
    score.run(published, "usage", origin="2024-01-31")
    counts = frame(
        published, "select series_id, rows from analyst.accuracy where member = 'published' and horizon_bucket = 'all'"
    )
    assert dict(zip(counts["series_id"], counts["rows"], strict=True)) == {"*": 78, "a": 48, "b": 30}


def test_series_that_retired_since_does_not_stop_the_others(published):
    rows = hourly_rows(days=70)
    deliver(published, rows[(rows["series_id"] == "a") | (rows["ts"] < pd.Timestamp(ORIGIN, tz="UTC"))])
    ingest.run(published, "usage", until="2024-03-10")
    score.run(published, "usage", origin="2024-03-10")
    assert set(frame(published, "select distinct series_id from analyst.accuracy")["series_id"]) == {"*", "a"}


def test_stream_that_never_forecast_has_nothing_to_score(settings):
    define_stream(settings)
    with pytest.raises(SettingsError, match="no lake here yet"):
        score.run(settings, "usage", origin=ORIGIN)
    with open_lake(settings):
        pass
    assert score.run(settings, "usage", origin=ORIGIN).status == "unchanged"
