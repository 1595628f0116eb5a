"""Actual demand over the horizon of a past origin, and the scores of each member on it."""

import numpy as np

from forecasting.evaluation.backtest import MemberForecast, measure_horizon, sum_member_statistics
from forecasting.evaluation.scores import ALL_BUCKETS, ALL_SERIES, score_sums
from tests.panel.factories import make_demand, make_events, make_panel, make_series, make_stream, utc


def test_demand_is_placed_on_the_open_intervals_of_the_horizon():
    stream = make_stream(horizon="2d", hours=[{"mon-sun": "08:00-12:00"}])
    panel = make_panel(stream, origin="2024-01-10", since="2024-01-02", series=make_series("a", "b"))
    demand = make_demand(
        stream, "b", "gone", since="2024-01-09", until="2024-01-11", value=lambda ts: np.arange(len(ts))
    )
    y = measure_horizon(stream, panel, origin=utc("2024-01-10T00:00"), demand=demand, events=make_events())
    assert y.shape == (2, 8)
    np.testing.assert_array_equal(y[1], [32, 33, 34, 35, *[np.nan] * 4])
    assert np.isnan(y[0]).all()


def test_outages_and_closures_that_became_known_later_are_not_scored():
    stream = make_stream(horizon="1d")
    panel = make_panel(stream, origin="2024-01-10", since="2024-01-02", series=make_series("a", "b"))
    demand = make_demand(stream, "a", "b", since="2024-01-10", until="2024-01-11")
    events = make_events(
        ("outage", {"series_id": "a"}, "2024-01-10T05:30", "2024-01-10T07:00"),
        ("closure", {}, "2024-01-10T20:00", "2024-01-11T00:00"),
        ("campaign", {}, "2024-01-10T01:00", "2024-01-10T02:00"),
    )
    y = measure_horizon(stream, panel, origin=utc("2024-01-10T00:00"), demand=demand, events=events)
    assert np.flatnonzero(np.isnan(y[0])).tolist() == [5, 6, 20, 21, 22, 23]
    assert np.flatnonzero(np.isnan(y[1])).tolist() == [20, 21, 22, 23]


def test_members_are_scored_where_they_have_a_forecast_and_something_was_measured():
    stream = make_stream(horizon="2d", hours=[{"mon-sun": "08:00-12:00"}])
    panel = make_panel(stream, origin="2024-01-10", since="2024-01-02", series=make_series("a", "b"))
    y = np.full((2, 8), 10, np.float32)
    y[0, :3] = np.nan
    everywhere = np.broadcast_to(np.linspace(8, 14, 7), (2, 8, 7))
    partly = everywhere.copy()
    partly[1] = np.nan
    mean = np.full((2, 8), 12.0)
    forecasts = {"published": MemberForecast(mean, everywhere), "young": MemberForecast(mean, partly)}
    sums = sum_member_statistics(stream, panel, y=y, forecasts=forecasts, scale={"a": 0.5})
    scores = score_sums(sums, by=["member"]).set_index(["member", "series_id", "horizon_bucket"])
    assert scores.loc[("published", ALL_SERIES, ALL_BUCKETS), "rows"] == 13
    assert scores.loc[("published", ALL_SERIES, "d1"), "rows"] == 5
    assert scores.loc[("young", ALL_SERIES, ALL_BUCKETS), "rows"] == 5
    assert ("young", "b", ALL_BUCKETS) not in scores.index
    whole = scores.loc[("published", ALL_SERIES, ALL_BUCKETS)]
    np.testing.assert_allclose(whole[["wape", "bias", "bias_mean", "mase"]].tolist(), [0.1, 0.1, 0.2, 2.0])
