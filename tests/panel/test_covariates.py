"""Covariates known in advance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.panel.calendar import wall_times
from tests.panel.factories import make_events, make_panel, make_series, make_stream


def column(panel, name):
    return panel.covariates[:, panel.covariate_names.index(name)]


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/Santiago"]),
    interval=st.sampled_from(["30min", "6h", "1d", "2d", "7d"]),
    country=st.sampled_from([None, "CA", "IL"]),
)
def test_covariates_are_finite_and_within_one(zone, interval, country):
    stream = make_stream(timezone=zone, interval=interval, country=country, horizon="14d")
    panel = make_panel(stream, since="2024-11-20", origin="2024-12-20")
    assert panel.covariates.shape == (len(panel.ts), len(panel.covariate_names))
    assert np.isfinite(panel.covariates).all()
    assert np.abs(panel.covariates).max() <= 1


def test_the_same_local_time_has_the_same_covariates_before_and_after_a_clock_change():
    stream = make_stream(timezone="Europe/Berlin")
    panel = make_panel(stream, since="2024-03-25", origin="2024-04-04")
    wall = wall_times(panel.ts, stream.zone)
    before, after = (
        int(np.flatnonzero(wall == np.datetime64(time))[0]) for time in ("2024-03-27T09:00", "2024-04-03T09:00")
    )
    same = [n for n, name in enumerate(panel.covariate_names) if not name.startswith("year")]
    np.testing.assert_array_equal(panel.covariates[before, same], panel.covariates[after, same])


@pytest.mark.parametrize(
    ("interval", "names"),
    [
        (
            "1h",
            {"day_sin1", "day_cos2", "week_sin1", "weekend", "holiday", "before_holiday", "after_holiday", "year_cos1"},
        ),
        ("1d", {"week_sin1", "weekend", "holiday", "before_holiday", "after_holiday", "year_cos1"}),
        ("7d", {"holiday", "year_cos1"}),
    ],
)
def test_covariates_fit_the_length_of_the_interval(interval, names):
    panel = make_panel(make_stream(interval=interval, horizon="14d"), since="2024-01-01", origin="2024-01-29")
    assert names <= set(panel.covariate_names)
    assert interval == "1h" or not any(name.startswith("day") for name in panel.covariate_names)


def test_a_holiday_marks_its_local_day_and_the_days_beside_it():
    panel = make_panel(make_stream(interval="1d", country="US"), since="2024-01-02", origin="2024-01-10")
    for name, day in (("before_holiday", "2024-01-14"), ("holiday", "2024-01-15"), ("after_holiday", "2024-01-16")):
        marked = panel.ts[column(panel, name) > 0]
        assert np.datetime64(day) in marked
        assert ((marked == np.datetime64(day)) | (marked < np.datetime64("2024-01-10"))).all()


def test_a_holiday_of_some_series_counts_by_their_share():
    events = make_events(("holiday", {"region": "north"}, "2024-01-17T00:00Z", "2024-01-18T00:00Z"))
    series = make_series("a", "b", "c", "d", region=["north", "south", "south", "south"])
    panel = make_panel(make_stream(), series=series, events=events, since="2024-01-08", origin="2024-01-15")
    holiday = column(panel, "holiday")
    assert set(holiday[panel.ts.astype("datetime64[D]") == np.datetime64("2024-01-17")]) == {0.25}
    assert holiday.sum() == 24 * 0.25


def test_a_week_knows_the_share_of_its_days_that_are_holidays():
    panel = make_panel(make_stream(interval="7d", country="US", horizon="28d"), since="2024-01-01", origin="2024-01-15")
    np.testing.assert_allclose(column(panel, "holiday")[:3], [1 / 7, 0, 1 / 7], rtol=1e-6)


def test_the_weekend_is_that_of_the_country():
    panel = make_panel(make_stream(interval="1d", country="IL"), since="2024-01-01", origin="2024-01-08")
    assert np.flatnonzero(column(panel, "weekend")[:7]).tolist() == [4, 5]
