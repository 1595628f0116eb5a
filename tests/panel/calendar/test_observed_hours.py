"""Opening hours read off a feed: what is written down must be what the feed was made with."""

from datetime import UTC, date, timedelta

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from forecasting.config.hours import HoursRule
from forecasting.panel.calendar.calendar import first_instants, grid_between
from forecasting.panel.calendar.observed_hours import observe_hours
from tests.panel.factories import make_stream

DAY, WEEK = 1440, 7 * 1440
OFFICE = {"mon-fri": "08:00-18:00"}


def open_minutes(weekdays):
    """Which minutes of the local week the spans of its days open."""
    is_open = np.zeros(WEEK, bool)
    for day, spans in enumerate(weekdays):
        for start, end in spans:
            is_open[(day * DAY + np.arange(start, end)) % WEEK] = True
    return is_open


def feed_of(stream, weekdays, *, weeks, holidays=()):
    """Starts of all intervals that hold an open minute, found by asking a clock at each; none on a holiday."""
    is_open = open_minutes(weekdays)
    reached = np.any([np.roll(is_open, -minute) for minute in range(stream.interval // timedelta(minutes=1))], axis=0)
    midnights = np.array([stream.source.start, stream.source.start + timedelta(weeks=weeks)], "datetime64[us]")
    seen = []
    for ts in grid_between(stream, *first_instants(midnights, stream.zone)):
        wall = ts.item().replace(tzinfo=UTC).astimezone(stream.zone)
        if reached[wall.weekday() * DAY + wall.hour * 60 + wall.minute] and wall.date() not in holidays:
            seen.append(ts)
    return np.array(seen, "datetime64[us]")


def observed(hours=OFFICE, *, weeks=8, kept=1.0, **definition):
    """What is found in a feed with these hours, of whose rows a share is kept at random."""
    stream = make_stream(**{"interval": "30min", "timezone": "Europe/Berlin", **definition})
    seen = feed_of(stream, HoursRule.model_validate(hours).weekdays, weeks=weeks)
    return observe_hours(stream, seen[np.random.default_rng(0).random(len(seen)) < kept])


def merged_holes(is_open):
    """Lengths of the closed stretches round the week."""
    first = np.flatnonzero(is_open)[0]
    edges = np.flatnonzero(np.diff(np.roll(is_open, -first), append=True))
    return np.diff(edges)[::2]


@st.composite
def weeks_of_hours(draw):
    """An interval in minutes, and spans of each weekday on whole intervals: none, one, two or one past midnight."""
    step = draw(st.sampled_from([15, 30, 60]))

    def edges(count, first=0, last=DAY):
        marks = st.integers(first // step, last // step).map(lambda mark: mark * step)
        return sorted(draw(st.lists(marks, min_size=count, max_size=count, unique=True)))

    weekdays = []
    for kind in draw(st.lists(st.sampled_from(["closed", "one", "two", "late"]), min_size=7, max_size=7)):
        if kind == "late":
            marks = edges(1, DAY // 2, DAY - step) + edges(1, DAY, DAY + 180)
        else:
            marks = edges({"closed": 0, "one": 2, "two": 4}[kind])
        weekdays.append(tuple(zip(marks[::2], marks[1::2], strict=True)))
    return step, weekdays


@effort(max_examples=60, deadline=None)
@given(
    hours=weeks_of_hours(),
    timezone=st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney"]),
    start=st.dates(date(2020, 1, 1), date(2025, 1, 1)),
    missing=st.sets(st.integers(0, 12 * 7 - 1), max_size=3),
)
@example(hours=(30, [((1200, 1560),)] * 7), timezone="Europe/Berlin", start=date(2024, 1, 3), missing=set())
@example(hours=(60, [()] * 6 + [((1320, 1620),)]), timezone="America/New_York", start=date(2024, 1, 3), missing={4})
def test_hours_that_made_a_feed_are_found_again_but_for_holidays(hours, timezone, start, missing):
    step, weekdays = hours
    is_open = open_minutes(weekdays)
    assume(is_open.any() and not is_open.all() and merged_holes(is_open).min() >= 60)
    stream = make_stream(interval=f"{step}min", timezone=timezone, start=start.isoformat())
    holidays = {start + timedelta(days=day) for day in missing}
    seen = feed_of(stream, weekdays, weeks=12, holidays=holidays)
    found = observe_hours(stream, seen)
    assert found.credible
    written = HoursRule.model_validate(found.by_days)
    assert written.weekdays == found.weekdays
    assert max(map(len, written.weekdays)) <= 2
    assert (open_minutes(written.weekdays) == is_open).all()


@pytest.mark.parametrize(
    ("hours", "by_days"),
    [
        ({"mon-fri": "07:00-21:00", "sat": "10:00-16:00"}, None),
        ({"sun-thu": "08:00-17:00"}, None),
        ({"mon-sun": "20:00-02:00"}, None),
        ({"mon-tue": "08:00-12:00,13:00-17:00", "thu-fri": "08:00-12:00,13:00-17:00"}, None),
        ({"mon-fri": "00:00-24:00"}, None),
        ({"fri-sat": "20:00-06:00", "mon-thu": "09:00-17:00"}, {"mon-thu": "09:00-17:00", "fri-sat": "20:00-06:00"}),
        ({"sat": "08:00-24:00", "sun": "00:00-20:00"}, {"sat": "08:00-24:00", "sun": "00:00-20:00"}),
        ({"mon": "12:00-24:00", "tue": "00:00-12:00"}, None),
        ({"mon,wed": "08:00-17:00"}, {"mon": "08:00-17:00", "wed": "08:00-17:00"}),
    ],
)
def test_hours_are_written_as_people_write_them(hours, by_days):
    assert list(observed(hours).by_days.items()) == list((by_days or hours).items())


def test_feed_that_is_always_open_has_no_hours():
    assert observed({"mon-sun": "00:00-24:00"}) is None


@pytest.mark.parametrize(("weeks", "found"), [(3, None), (4, None), (6, OFFICE)])
def test_less_than_four_weeks_tell_of_no_hours(weeks, found):
    hours = observed(weeks=weeks, start="2024-01-01")
    assert (hours and hours.by_days) == found


def test_feed_without_values_has_no_hours():
    assert observe_hours(make_stream(), np.array([], "datetime64[us]")) is None


@pytest.mark.parametrize("interval", ["90s", "1d", "7d"])
def test_only_whole_minutes_within_a_day_have_hours(interval):
    stream = make_stream(interval=interval)
    ts = grid_between(stream, *np.array(["2024-01-01", "2024-06-01"], "datetime64[us]"))
    working = (ts.astype("datetime64[D]") - np.datetime64("2024-01-01")).astype(int) % 7 < 5
    assert observe_hours(stream, ts[working]) is None


@pytest.mark.parametrize(("weeks_open", "opens"), [(1, False), (2, False), (3, True)])
def test_slot_seen_in_fewer_than_one_week_of_twenty_is_closed(weeks_open, opens):
    stream = make_stream(interval="30min")
    seen = feed_of(stream, HoursRule.model_validate(OFFICE).weekdays, weeks=50)
    at_three = np.datetime64("2024-01-10T03:00", "us") + np.arange(weeks_open) * np.timedelta64(7, "D")
    found = observe_hours(stream, np.union1d(seen, at_three))
    assert (open_minutes(found.weekdays)[2 * DAY + 180]) == opens
    assert ("03:00" in found.by_days.get("wed", "")) == opens


@pytest.mark.parametrize(("lunch", "written"), [("12:30", "08:00-18:00"), ("13:00", "08:00-12:00,13:00-18:00")])
def test_hole_of_less_than_an_hour_lies_inside_the_hours(lunch, written):
    assert observed({"mon-fri": f"08:00-12:00,{lunch}-18:00"}).by_days == {"mon-fri": written}


def test_a_day_has_at_most_two_spans_with_the_longest_hole_between_them():
    hours = {"tue": "06:00-08:00,09:00-11:00,14:00-15:30,17:00-20:00"}
    found = observed(hours)
    assert found.by_days == {"tue": "06:00-11:00,14:00-20:00"}
    assert found.filled == pytest.approx(8.5 / 11)


def test_months_without_any_row_do_not_make_slots_rare():
    stream = make_stream(interval="30min")
    seen = feed_of(stream, HoursRule.model_validate(OFFICE).weekdays, weeks=300)
    late = seen[(seen < seen[0] + np.timedelta64(35, "D")) | (seen > seen[-1] - np.timedelta64(35, "D"))]
    found = observe_hours(stream, late)
    assert found.by_days == OFFICE
    assert found.filled == pytest.approx(1)


@pytest.mark.parametrize(
    ("timezone", "interval"),
    [("America/New_York", "2h"), ("Europe/Berlin", "6h"), ("Australia/Lord_Howe", "1h"), ("Australia/Sydney", "4h")],
)
def test_grid_that_clocks_move_against_the_wall_is_read_by_the_wall(timezone, interval):
    hours = {"mon-fri": "08:00-18:00"} if interval != "4h" else {"mon-fri": "08:00-20:00"}
    stream = make_stream(interval=interval, timezone=timezone)
    rule = HoursRule.model_validate(hours)
    found = observe_hours(stream, feed_of(stream, rule.weekdays, weeks=60))
    again = feed_of(stream, found.weekdays, weeks=60)
    assert (again == feed_of(stream, rule.weekdays, weeks=60)).all()
    assert found.filled == pytest.approx(1, abs=0.01)


def test_position_of_the_grid_that_came_once_closes_nothing():
    stream = make_stream(interval="1h", timezone="Australia/Lord_Howe", start="2024-07-01")
    weekdays = HoursRule.model_validate(OFFICE).weekdays
    seen = feed_of(stream, weekdays, weeks=15, holidays={date(2024, 10, 7)})  # the first Monday of summer time
    assert observe_hours(stream, seen).by_days == OFFICE


def test_share_of_filled_intervals_tells_closed_from_without_demand():
    for kept, credible in [(1.0, True), (0.65, True), (0.55, False), (0.3, False)]:
        found = observed(weeks=30, kept=kept)
        assert found.by_days == OFFICE
        assert found.filled == pytest.approx(kept, abs=0.03)
        assert found.credible == credible


def test_handful_of_rows_in_years_has_nothing_to_believe():
    stream = make_stream(interval="30min")
    found = observe_hours(stream, np.datetime64("2024-01-01", "us") + np.arange(60) * np.timedelta64(7 * 24 + 1, "h"))
    assert found.by_days == {}
    assert not found.credible


def test_a_stray_row_at_night_opens_nothing():
    stream = make_stream(interval="30min", timezone="Europe/Berlin")
    seen = feed_of(stream, HoursRule.model_validate(OFFICE).weekdays, weeks=8)
    strays = seen[[0, 60, 130]] - np.timedelta64(6, "h")
    assert not np.isin(strays, seen).any()
    assert observe_hours(stream, np.union1d(seen, strays)).by_days == OFFICE
