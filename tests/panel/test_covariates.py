"""Covariates known in advance."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting.panel.calendar.calendar import wall_times
from tests.panel.factories import make_events, make_panel, make_series, make_stream

DAY = np.timedelta64(1, "D")


def column(panel, name, series=0):
    """A covariate of one series."""
    columns = np.arange(len(panel.ts))
    return panel.covariates_of(np.full_like(columns, series), columns)[:, panel.covariate_names.index(name)]


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
    same = [n for n, name in enumerate(panel.covariate_names) if not name.startswith(("year", "month"))]
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


def test_a_holiday_is_one_for_the_series_in_its_scope_and_none_for_others():
    events = make_events(("holiday", {"region": "north"}, "2024-01-17T00:00Z", "2024-01-18T00:00Z"))
    series = make_series("a", "b", "c", "d", region=["north", "south", "south", "south"])
    panel = make_panel(make_stream(), series=series, events=events, since="2024-01-08", origin="2024-01-15")
    holiday = column(panel, "holiday")
    assert set(holiday[panel.ts.astype("datetime64[D]") == np.datetime64("2024-01-17")]) == {1.0}
    assert holiday.sum() == 24
    assert not column(panel, "holiday", series=1).any()
    np.testing.assert_array_equal(
        panel.covariates, make_panel(make_stream(), since="2024-01-08", origin="2024-01-15").covariates
    )


def test_an_event_ahead_leaves_the_history_as_it_is_and_one_that_began_does_not():
    series = make_series("a", "b")
    found = []
    for start in ("2024-01-14T00:00Z", "2024-01-15T00:00Z"):
        events = make_events(("holiday", {"series_id": "a"}, start, "2024-01-16T00:00Z"))
        panel = make_panel(make_stream(), series=series, events=events, since="2024-01-02", origin="2024-01-15")
        found.append([column(panel, "before_holiday")[: panel.n_history].sum(), column(panel, "holiday").sum()])
    assert found == [[48, 48], [0, 24]]


def test_a_week_knows_the_share_of_its_days_that_are_holidays():
    panel = make_panel(make_stream(interval="7d", country="US", horizon="28d"), since="2024-01-01", origin="2024-01-15")
    np.testing.assert_allclose(column(panel, "holiday")[:3], [1 / 7, 0, 1 / 7], rtol=1e-6)


def test_the_weekend_is_that_of_the_country():
    panel = make_panel(make_stream(interval="1d", country="IL"), since="2024-01-01", origin="2024-01-08")
    assert np.flatnonzero(column(panel, "weekend")[:7]).tolist() == [4, 5]


OFFICE = {"mon-thu": "09:00-17:00", "fri": "09:00-13:00"}


def by_date(panel, name):
    """The values of a covariate by local date of a stream in UTC, which must be one a date."""
    values = {}
    for ts, value in zip(panel.ts, column(panel, name), strict=True):
        assert values.setdefault(str(ts)[:10], value) == value
    return values


@settings(max_examples=20, deadline=None)
@given(
    interval=st.sampled_from(["6h", "1d", "7d"]),
    country=st.sampled_from([None, "US", "IL", "CN"]),
    hours=st.sampled_from([(), (OFFICE,), ({**OFFICE, "holiday": "closed"},)]),
    later=st.integers(1, 40),
)
@example(interval="6h", country=None, hours=(), later=10)
def test_a_column_has_the_same_covariates_at_every_origin(interval, country, hours, later):
    stream = make_stream(interval=interval, country=country, hours=hours, horizon="28d", history="35d")
    events = make_events(
        ("holiday", {}, "2024-03-14T00:00Z", "2024-03-15T00:00Z"),
        ("closure", {"series_id": "a"}, "2024-03-19T10:00Z", "2024-03-21T12:00Z"),
    )
    origins = np.datetime64("2024-03-04"), np.datetime64("2024-03-04") + later
    first, second = (
        make_panel(stream, series=make_series("a", "b"), events=events, since="2024-01-01", origin=str(origin))
        for origin in origins
    )
    _, one, other = np.intersect1d(first.ts, second.ts, return_indices=True)
    assert len(one)
    assert first.covariate_names == second.covariate_names
    for name in first.covariate_names:
        before, after = column(first, name)[one], column(second, name)[other]
        # the eve of what has not begun is no eve yet in what is history: neither at the earlier origin nor at the later
        ts = first.ts[one]
        known = (ts >= first.ts[first.n_history]) & ((ts < origins[1] - DAY) | (ts >= origins[1]))
        np.testing.assert_array_equal(before[known], after[known])


def test_there_are_no_more_covariates_than_a_transformer_can_afford():
    panel = make_panel(make_stream(country="US"), since="2024-01-02", origin="2024-01-10")
    assert panel.covariates.shape[1] == len(set(panel.covariate_names)) <= 20


@pytest.mark.parametrize("hours", [(), (OFFICE,)], ids=["always open", "office hours"])
def test_days_off_in_a_row_are_counted_before_and_after(hours):
    stream = make_stream(interval="6h", country="US", hours=hours, horizon="14d")
    panel = make_panel(stream, since="2024-01-02", origin="2024-01-15")
    before, after = by_date(panel, "off_before"), by_date(panel, "off_after")
    assert [before[f"2024-01-{day:02d}"] for day in (8, 9, 12, 16, 17, 22)] == [0.5, 0, 0, 0.75, 0, 0.5]
    assert [after[f"2024-01-{day:02d}"] for day in (5, 8, 11, 12, 16, 19)] == [0.5, 0, 0, 0.75, 0, 0.5]


def test_a_closure_is_a_day_off_for_those_it_closes_and_a_half_day_where_it_leaves_some_time():
    events = make_events(("closure", {"series_id": "a"}, "2024-01-09T00:00Z", "2024-01-10T13:00Z"))
    stream = make_stream(hours=[OFFICE])
    panel = make_panel(stream, series=make_series("a", "b"), events=events, since="2024-01-02", origin="2024-01-15")
    share, before = by_date(panel, "open_share"), by_date(panel, "off_before")
    assert [share[f"2024-01-{day:02d}"] for day in (8, 9, 10, 11, 12)] == [1, 0, 0.5, 1, 0.5]
    assert [before[f"2024-01-{day:02d}"] for day in (9, 10, 11)] == [0, 0.25, 0]
    assert by_date(panel, "off_after")["2024-01-08"] == 0.25


def test_a_closure_before_the_history_closes_nothing():
    events = make_events(("closure", {}, "2023-12-15T00:00Z", "2023-12-18T00:00Z"))
    panel = make_panel(make_stream(hours=[OFFICE]), events=events, since="2024-01-02", origin="2024-01-15")
    assert set(column(panel, "open_share")) == {0.5, 1}


def test_a_closure_without_an_end_closes_all_days_to_come():
    events = make_events(("closure", {}, "2024-01-17T00:00Z", None))
    for zone in ("UTC", "Europe/Lisbon"):
        stream = make_stream(hours=[OFFICE], timezone=zone)
        panel = make_panel(stream, events=events, since="2024-01-02", origin="2024-01-15")
        share = by_date(panel, "open_share")
        assert [share[f"2024-01-{day:02d}"] for day in (15, 16, 17, 18, 19)] == [1, 1, 0, 0, 0]


def test_a_holiday_with_hours_of_its_own_is_open_for_its_share_of_the_day():
    hours = ({"mon-fri": "09:00-17:00", "holiday": "09:00-11:00"},)
    panel = make_panel(make_stream(hours=hours, country="US"), since="2024-01-02", origin="2024-01-15")
    assert by_date(panel, "open_share")["2024-01-15"] == 0.25


def test_a_working_day_between_two_days_off_is_a_bridge_unless_it_is_so_every_week():
    events = make_events(
        ("holiday", {}, "2024-01-11T00:00Z", "2024-01-12T00:00Z"),
        ("holiday", {}, "2024-01-16T00:00Z", "2024-01-17T00:00Z"),
        ("holiday", {}, "2024-01-24T00:00Z", "2024-01-25T00:00Z"),
    )
    for interval in ("1h", "1d"):
        stream = make_stream(interval=interval, hours=[OFFICE], horizon="14d")
        panel = make_panel(stream, events=events, since="2024-01-02", origin="2024-01-15")
        assert [day for day, bridge in by_date(panel, "bridge").items() if bridge] == ["2024-01-12", "2024-01-15"]
    alone = make_stream(hours=[{"tue,thu,sat": "09:00-17:00"}])
    assert not column(make_panel(alone, since="2024-01-02", origin="2024-01-15"), "bridge").any()


def test_a_day_that_only_some_have_off_is_half_a_holiday():
    stream = make_stream(interval="1d", country="CN", horizon="14d", start="2024-01-01")
    panel = make_panel(stream, since="2024-02-01", origin="2024-03-04")
    holiday = by_date(panel, "holiday")
    assert holiday["2024-02-12"] == 1
    assert holiday["2024-03-08"] == 0.5
    assert by_date(panel, "before_holiday")["2024-03-07"] == 0.5
    assert by_date(panel, "off_before")["2024-03-09"] == 0


def test_a_holiday_is_known_again_wherever_its_date_falls_and_on_the_day_it_is_moved_to():
    stream = make_stream(interval="1d", country="US", history="1460d", start="2020-01-01", horizon="14d")
    panel = make_panel(stream, since="2020-01-01", origin="2023-12-31")
    sine, cosine = by_date(panel, "holiday_sin1"), by_date(panel, "holiday_cos1")
    identity = {day: (sine[day], cosine[day]) for day in sine}
    assert identity["2021-11-25"] == identity["2022-11-24"] == identity["2023-11-23"]
    assert identity["2021-12-24"] == identity["2022-12-25"] == identity["2021-12-25"]
    assert identity["2021-11-11"] != identity["2021-11-25"]
    assert identity["2021-11-24"] == (0, 0)
    holidays = [value for value in identity.values() if value != (0, 0)]
    np.testing.assert_allclose(np.hypot(*np.transpose(holidays)), 1, rtol=1e-6)


def test_the_edges_of_a_month_are_its_first_and_last_days():
    panel = make_panel(make_stream(interval="1d", horizon="28d"), since="2024-01-20", origin="2024-02-15")
    start, end = by_date(panel, "month_start"), by_date(panel, "month_end")
    np.testing.assert_allclose([start[f"2024-02-{day:02d}"] for day in (1, 2, 5, 6)], [1, 0.8, 0.2, 0], atol=1e-6)
    np.testing.assert_allclose([end[f"2024-02-{day:02d}"] for day in (24, 25, 28, 29)], [0, 0.2, 0.8, 1], atol=1e-6)
    assert (end["2024-01-31"], end["2024-02-01"], start["2024-01-31"]) == (1, 0, 0)
