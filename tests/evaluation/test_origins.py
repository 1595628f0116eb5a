"""Past origins to evaluate: how many there are, where they lie, and ranges that are refused."""

from datetime import datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InsufficientHistoryError, SettingsError
from forecasting.evaluation.origins import choose_origins, history_between, horizon_end
from forecasting.panel.calendar.calendar import resolve_origin
from tests.panel.factories import make_stream, utc

WEEK = timedelta(days=7)


def chosen(stream, first, last, *, since=None, until=None, every=WEEK):
    """Local dates, or stamps where they are not midnight, of the origins."""
    history = history_between(stream, utc(first), utc(last))
    ends = [resolve_origin(text, stream) if text else None for text in (since, until)]
    origins = choose_origins(stream, history, since=ends[0], until=ends[1], every=every)
    local = [origin.astimezone(stream.zone) for origin in origins]
    return [f"{stamp:%Y-%m-%d}" if stamp.time() == stream.stream.origin_time else f"{stamp:%F %T}" for stamp in local]


def test_newest_origins_with_a_measured_horizon_are_taken_week_by_week():
    origins = chosen(make_stream(), "2023-01-01T00:00", "2024-06-30T23:00")
    assert len(origins) == 8
    assert origins[-2:] == ["2024-06-17", "2024-06-24"]
    assert chosen(make_stream(), "2023-01-01T00:00", "2024-06-30T22:00")[-1] == "2024-06-23"


def test_half_of_a_short_history_stays_before_the_first_origin():
    assert chosen(make_stream(), "2024-01-01T00:00", "2024-01-28T23:00") == ["2024-01-15", "2024-01-22"]
    assert chosen(make_stream(), "2024-01-01T00:00", "2024-01-14T23:00") == ["2024-01-08"]


def test_too_short_a_history_says_what_is_needed():
    with pytest.raises(InsufficientHistoryError, match="calls: 13 days of history, expected about 15: a horizon of 7d"):
        chosen(make_stream(), "2024-01-01T00:00", "2024-01-13T23:00")
    assert chosen(make_stream(), "2024-01-01T00:00", "2024-01-13T23:00", since="2024-01-04") == ["2024-01-04"]


def test_closed_days_at_the_end_need_no_measurement():
    stream = make_stream(hours=[{"mon-fri": "08:00-20:00"}], horizon="5d")
    assert chosen(stream, "2024-01-01T08:00", "2024-06-28T19:00")[-1] == "2024-06-26"
    assert chosen(stream, "2024-01-01T08:00", "2024-06-28T18:00")[-1] == "2024-06-23"


def test_origins_keep_their_local_time_when_clocks_change():
    stream = make_stream(timezone="America/Toronto", origin_time="06:00")
    origins = chosen(stream, "2023-06-01T04:00", "2024-04-10T03:00")
    assert origins == [f"{day:%Y-%m-%d}" for day in pd.date_range(end="2024-04-02", periods=8, freq="7D")]


@pytest.mark.parametrize("zone", ["America/Toronto", "Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize("interval", ["2h", "6h"])
@pytest.mark.parametrize("newest", ["2024-06-30T23:00", "2024-12-31T23:00"])
def test_origins_of_dates_stay_those_of_dates_where_clock_changes_move_the_grid(zone, interval, newest):
    stream = make_stream(timezone=zone, interval=interval, horizon="2d", start="2023-01-01")
    history = history_between(stream, utc("2023-01-01T00:00"), resolve_origin(newest[:10], stream))
    for since in ("2024-03-02", "2024-03-30", None):
        first = resolve_origin(since, stream) if since else None
        origins = choose_origins(stream, history, since=first, until=None, every=timedelta(days=30))
        dates = pd.date_range((origins[0] + timedelta(hours=12)).astimezone(stream.zone).date(), periods=20, freq="30D")
        assert origins == [resolve_origin(f"{day:%F}", stream) for day in dates[: len(origins)]]
        assert len(origins) >= 4


def test_a_first_origin_at_a_time_that_clocks_skip_or_double_changes_no_other():
    stream = make_stream(timezone="America/Toronto", origin_time="02:00", start="2022-01-01")
    span = "2023-01-01T05:00", "2024-12-31T04:00"
    assert chosen(stream, *span, since="2024-03-10", until="2024-03-24") == [
        "2024-03-10 03:00:00",
        "2024-03-17",
        "2024-03-24",
    ]
    history = history_between(stream, utc(span[0]), utc(span[1]))
    second = resolve_origin("2024-11-03T01:00-05:00", stream)
    until = resolve_origin("2024-11-11", stream)
    origins = choose_origins(stream, history, since=second, until=until, every=WEEK)
    assert [origin.isoformat() for origin in origins] == ["2024-11-03T06:00:00+00:00", "2024-11-10T06:00:00+00:00"]


@pytest.mark.parametrize(("interval", "horizon", "newest"), [("1d", "14d", "2024-06-17"), ("7d", "28d", "2024-06-03")])
def test_intervals_of_days_and_weeks_have_origins_too(interval, horizon, newest):
    stream = make_stream(interval=interval, horizon=horizon, timezone="America/Toronto")
    last = "2024-06-30T04:00" if interval == "1d" else "2024-06-24T04:00"
    assert chosen(stream, "2022-01-03T05:00", last)[-1] == newest


def test_a_range_holds_both_its_ends_and_may_be_half_measured():
    stream, first, last = make_stream(), "2024-01-01T00:00", "2024-06-30T23:00"
    given_range = {"since": "2024-02-01", "until": "2024-02-05", "every": timedelta(days=2)}
    assert chosen(stream, first, last, **given_range) == ["2024-02-01", "2024-02-03", "2024-02-05"]
    assert chosen(stream, first, last, since="2024-06-12") == ["2024-06-12", "2024-06-19"]
    assert chosen(stream, first, last, since="2024-06-29") == ["2024-06-29"]
    assert chosen(stream, first, last, until="2024-04-15") == ["2024-04-01", "2024-04-08", "2024-04-15"]
    assert chosen(stream, first, last, until="2024-02-01") == ["2024-02-01"]
    assert chosen(stream, first, last, since="2024-06-12T06:00", until="2024-06-20") == [
        "2024-06-12 06:00:00",
        "2024-06-19 06:00:00",
    ]


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"since": "2024-01-01"}, "cannot be evaluated: expected one after the first value"),
        ({"until": "2024-07-01"}, "before the end of the last, 2024-07-01T00:00:00"),
        ({"since": "2024-03-01", "until": "2024-02-01"}, "the first origin, 2024-03-01T00:00:00.*lies after the last"),
        ({"every": timedelta(hours=36)}, "every: expected whole days such as 7d, found 36h"),
        ({"every": timedelta(hours=6)}, "found 6h"),
    ],
)
def test_a_range_that_cannot_be_evaluated_is_a_users_mistake(span, message):
    with pytest.raises(SettingsError, match=message):
        chosen(make_stream(), "2024-01-01T00:00", "2024-06-30T23:00", **span)


@settings(max_examples=60, deadline=None)
@given(
    days=st.integers(1, 500),
    zone=st.sampled_from(["UTC", "America/Toronto", "Asia/Kolkata"]),
    every=st.integers(1, 10),
    shape=st.sampled_from([("30min", "2d"), ("1h", "14d"), ("1d", "28d")]),
)
def test_every_chosen_origin_is_measured_on_the_grid_and_leaves_half_of_the_history(days, zone, every, shape):
    stream = make_stream(timezone=zone, interval=shape[0], horizon=shape[1], start="2022-01-01")
    first, end = resolve_origin("2022-02-01", stream), resolve_origin("2022-02-01", stream) + timedelta(days=days)
    history = history_between(stream, first, resolve_origin(f"{end:%Y-%m-%d}", stream))
    try:
        origins = choose_origins(stream, history, since=None, until=None, every=timedelta(days=every))
    except InsufficientHistoryError:
        assert days < 2 * stream.stream.horizon.days + 3
        return
    assert 1 <= len(origins) <= 8
    local = [origin.astimezone(stream.zone) for origin in origins]
    assert {stamp.time() for stamp in local} == {stream.stream.origin_time}
    steps = {after.date() - before.date() for before, after in pairwise(local)}
    assert steps <= {timedelta(days=every)}
    for origin in origins:
        assert horizon_end(stream, origin) <= history.measured_until
        assert origin - first >= (history.measured_until - first) / 2
    later = resolve_origin(f"{local[-1].date() + timedelta(days=1):%Y-%m-%d}", stream)
    assert horizon_end(stream, later) > history.measured_until


def test_a_horizon_ends_where_its_last_interval_ends():
    assert horizon_end(make_stream(), utc("2024-01-10T00:00")) == utc("2024-01-17T00:00")
    daily = make_stream(interval="1d", timezone="America/Toronto")
    assert horizon_end(daily, datetime.fromisoformat("2024-03-06T05:00+00:00")) == utc("2024-03-13T04:00")
