"""Opening hours against a slow oracle that asks the clock minute by minute."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.config.hours import WEEKDAYS
from forecasting.errors import SettingsError
from forecasting.panel.calendar.calendar import floor_to_grid, grid_from, wall_times
from forecasting.panel.calendar.hours import rules_of_series
from forecasting.panel.calendar.week import most_columns, week_template
from tests.panel.factories import make_events, make_panel, make_series, make_stream

BANK_DAYS = {"mon-fri": "09:00-17:00"}
QUARTER = timedelta(minutes=15)
GRIDS = (
    ("Europe/Berlin", "15min"),
    ("Europe/Berlin", "1h"),
    ("America/Santiago", "1h"),
    ("America/Toronto", "30min"),
    ("America/Havana", "1h"),
    ("Asia/Kolkata", "1h"),
    ("Asia/Kolkata", "6h"),
)


def opened(panel, row=0):
    """UTC starts, as text to the minute, of the open intervals of a series."""
    return np.datetime_as_string(panel.ts[panel.open[row]], "m").tolist()


@st.composite
def spans_of_a_day(draw):
    """None to two spans of quarter hours as text, the last past midnight at times. No day opens before three."""
    edges = sorted(draw(st.lists(st.integers(12, 95), max_size=4, unique=True)))
    clock = [f"{edge // 4:02d}:{edge % 4 * 15:02d}" for edge in edges]
    spans = [f"{start}-{end}" for start, end in zip(clock[::2], clock[1::2], strict=False)]
    if len(edges) % 2:
        spans.append(f"{clock[-1]}-{draw(st.sampled_from(['00:00', '00:15', '01:30', '03:00']))}")
    return ",".join(spans) or "closed"


@st.composite
def rules(draw):
    hours = []
    for queue in draw(st.lists(st.sampled_from(["chat", "voice"]), unique=True, max_size=2)):
        rule = {"where": {"queue": queue}} | {day: draw(spans_of_a_day()) for day in WEEKDAYS}
        if draw(st.booleans()):
            rule["holiday"] = draw(spans_of_a_day())
        if any(value != "closed" for key, value in rule.items() if key in WEEKDAYS):
            hours.append(rule)
    return hours


def is_open_quarter(rule, instant, zone, holidays):
    """Whether a quarter hour is open by a rule: today's spans, or yesterday's that pass midnight."""
    wall = instant.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    for day, at in ((wall.date(), minute), (wall.date() - timedelta(days=1), minute + 1440)):
        spans = rule.weekdays[day.weekday()]
        if rule.holiday is not None and day in holidays:
            spans = rule.holiday
        if any(start <= at < end for start, end in spans):
            return True
    return False


def quarters(start, stream):
    return [start + step * QUARTER for step in range(stream.interval // QUARTER)]


@settings(max_examples=40, deadline=None)
@given(
    hours=rules(),
    grid=st.sampled_from(GRIDS),
    first=st.sampled_from(
        [date(2024, 3, 8), date(2024, 3, 29), date(2024, 9, 6), date(2024, 10, 25), date(2024, 11, 1)]
    ),
    closure=st.tuples(st.integers(0, 95), st.integers(1, 96)),
)
def test_the_open_mask_equals_a_slow_oracle(hours, grid, first, closure):
    zone, interval = grid
    stream = make_stream(interval=interval, timezone=zone, horizon="4d", hours=hours)
    begin = datetime.combine(first, datetime.min.time(), UTC) + closure[0] * QUARTER
    end = begin + closure[1] * QUARTER
    holiday = first + timedelta(days=2)
    events = make_events(
        ("closure", {"queue": "voice"}, begin.isoformat(), end.isoformat()),
        ("holiday", {}, f"{holiday}T06:00Z", f"{holiday}T20:00Z"),
    )
    series = make_series("a", "b", "c", queue=["chat", "voice", "other"])
    panel = make_panel(
        stream, series=series, events=events, since=first.isoformat(), origin=(first + timedelta(days=1)).isoformat()
    )
    by_queue = {rule.where["queue"]: rule for rule in stream.calendar.hours}
    for row, queue in enumerate(series["queue"]):
        rule = by_queue.get(queue)
        expected = [
            any(
                (rule is None or is_open_quarter(rule, quarter, stream.zone, {holiday}))
                and not (queue == "voice" and begin <= quarter < end)
                for quarter in quarters(start.replace(tzinfo=UTC), stream)
            )
            for start in panel.ts.astype(datetime)
        ]
        np.testing.assert_array_equal(panel.open[row], expected)


@settings(max_examples=40, deadline=None)
@given(
    hours=rules().filter(bool),
    interval=st.sampled_from(["15min", "1h", "6h"]),
    zone=st.sampled_from(["UTC", "Asia/Kolkata"]),
)
def test_the_columns_are_the_intervals_that_some_series_has_open_in_a_week(hours, interval, zone):
    stream = make_stream(interval=interval, timezone=zone, horizon="7d", hours=hours)
    series = make_series(*(rule["where"]["queue"] for rule in hours), queue=[rule["where"]["queue"] for rule in hours])
    template = week_template(stream, rules_of_series(stream, series.set_index("series_id")))
    midnight = datetime(2024, 1, 8, tzinfo=stream.zone).astimezone(UTC)
    expected = [
        any(
            is_open_quarter(rule, quarter, stream.zone, set())
            for rule in stream.calendar.hours
            for quarter in quarters(midnight + slot * stream.interval, stream)
        )
        for slot in range(len(template))
    ]
    np.testing.assert_array_equal(template, expected)


def test_the_first_rule_that_matches_gives_the_hours_and_no_rule_means_always_open():
    hours = [
        {"where": {"queue": "chat", "region": "qc"}, "mon": "08:00-09:00"},
        {"where": {"queue": "chat"}, "mon": "10:00-11:00"},
    ]
    stream = make_stream(hours=hours)
    series = make_series("a", "b", "c", queue=["chat", "chat", "voice"], region=["qc", "on", "qc"])
    panel = make_panel(stream, series=series, since="2024-01-01", origin="2024-01-08")
    assert opened(panel, 0) == ["2024-01-01T08:00", "2024-01-08T08:00"]
    assert opened(panel, 1) == ["2024-01-01T10:00", "2024-01-08T10:00"]
    assert panel.open[2].all()
    assert panel.season == 168


def test_a_rule_that_asks_for_an_attribute_nobody_has_is_refused():
    stream = make_stream(hours=[{"where": {"quue": "chat"}, "mon": "08:00-09:00"}])
    with pytest.raises(SettingsError, match=r"calendar.hours.0.where names 'quue'.* queue"):
        make_panel(stream, series=make_series("a", queue=["chat"]), since="2024-01-01", origin="2024-01-08")


def test_hours_that_never_open_are_refused():
    stream = make_stream(hours=[{"mon": "closed"}])
    with pytest.raises(SettingsError, match="no open time in a week"):
        make_panel(stream, since="2024-01-01", origin="2024-01-08")


def test_a_night_shift_belongs_to_the_day_it_starts_on_when_the_next_day_is_a_holiday():
    hours = [{"sun-sat": "22:00-02:00", "holiday": "closed"}]
    events = make_events(("holiday", {}, "2024-01-09T00:00Z", "2024-01-10T00:00Z"))
    panel = make_panel(make_stream(hours=hours, horizon="3d"), events=events, since="2024-01-07", origin="2024-01-08")
    night = [f"2024-01-0{day}" for day in ("8T22:00", "8T23:00", "9T00:00", "9T01:00")]
    assert [start for start in opened(panel) if "2024-01-08T12" < start < "2024-01-10T12"] == night


def test_a_public_holiday_of_the_country_replaces_the_hours_of_its_weekday():
    hours = [{"mon-fri": "09:00-17:00", "holiday": "10:00-12:00"}]
    panel = make_panel(make_stream(hours=hours, country="US"), since="2024-01-08", origin="2024-01-12")
    assert [start for start in opened(panel) if start.startswith("2024-01-15")] == [
        "2024-01-15T10:00",
        "2024-01-15T11:00",
    ]
    assert (panel.ts.astype("datetime64[D]") == np.datetime64("2024-01-15")).sum() == 8


def test_a_public_holiday_without_hours_of_its_own_keeps_those_of_its_weekday():
    panel = make_panel(make_stream(hours=[BANK_DAYS], country="US"), since="2024-01-08", origin="2024-01-12")
    assert panel.open.all()


def test_a_holiday_event_counts_for_the_local_date_whose_noon_it_covers_and_only_in_its_scope():
    hours = [{"mon-fri": "09:00-17:00", "holiday": "closed"}]
    stream = make_stream(hours=hours, timezone="Pacific/Auckland", start="2023-12-01")
    series = make_series("a", "b", region=["north", "south"])
    events = make_events(("holiday", {"region": "north"}, "2024-01-17T11:00Z", "2024-01-18T11:00Z"))
    panel = make_panel(stream, series=series, events=events, since="2024-01-08", origin="2024-01-15")
    closed = panel.ts[~panel.open[0]]
    assert len(closed) == 8
    assert (closed + np.timedelta64(13, "h")).astype("datetime64[D]").tolist() == [date(2024, 1, 18)] * 8
    assert panel.open[1].all()


def test_a_closure_over_the_opening_hours_closes_the_day_of_a_daily_stream():
    events = make_events(
        ("closure", {}, "2024-01-16T09:00Z", "2024-01-16T17:00Z"),
        ("closure", {}, "2024-01-17T09:00Z", "2024-01-17T16:00Z"),
    )
    stream = make_stream(interval="1d", hours=[BANK_DAYS])
    panel = make_panel(stream, events=events, since="2024-01-08", origin="2024-01-15")
    horizon = panel.open[0, panel.n_history :]
    assert horizon.tolist() == [True, False, True, True, True]


def test_a_closure_without_an_end_goes_on():
    events = make_events(("closure", {}, "2024-01-16T10:00Z", None))
    panel = make_panel(make_stream(hours=[BANK_DAYS]), events=events, since="2024-01-08", origin="2024-01-15")
    assert opened(panel)[-1] == "2024-01-16T09:00"


def test_a_closure_of_the_first_doubled_hour_leaves_the_second_open():
    stream = make_stream(timezone="Europe/Berlin", start="2024-10-01", horizon="2d")
    events = make_events(("closure", {}, "2024-10-27T00:00Z", "2024-10-27T01:00Z"))
    panel = make_panel(stream, events=events, since="2024-10-20", origin="2024-10-27")
    assert np.datetime_as_string(panel.ts[~panel.open[0]], "m").tolist() == ["2024-10-27T00:00"]


def test_an_event_of_another_stream_or_with_an_unknown_attribute_touches_nothing():
    window = ("2024-01-16T00:00Z", "2024-01-17T00:00Z")
    events = make_events(("closure", {"stream": "traffic"}, *window), ("closure", {"site": "mtl"}, *window))
    panel = make_panel(make_stream(), events=events, since="2024-01-08", origin="2024-01-15")
    assert panel.open.all()


@settings(max_examples=40, deadline=None)
@given(
    hours=rules().filter(bool),
    zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
    horizon=st.sampled_from(["1d", "3d", "7d", "10d", "400d"]),
    day=st.dates(date(2024, 1, 9), date(2025, 12, 1)),
    hour=st.integers(0, 23),
)
def test_no_horizon_has_more_columns_than_the_stream_says(hours, zone, horizon, day, hour):
    stream = make_stream(timezone=zone, horizon=horizon, hours=hours)
    series = make_series(*(rule["where"]["queue"] for rule in hours), queue=[rule["where"]["queue"] for rule in hours])
    template = week_template(stream, rules_of_series(stream, series.set_index("series_id")))
    start = np.datetime64(floor_to_grid(datetime.combine(day, time(hour), UTC), stream).replace(tzinfo=None), "us")
    wall = wall_times(grid_from(stream, start, steps=stream.steps), stream.zone)
    slot = (wall - np.datetime64("2024-01-01")) // np.timedelta64(1, "h") % 168
    assert template[slot].sum() <= most_columns(stream, template)
