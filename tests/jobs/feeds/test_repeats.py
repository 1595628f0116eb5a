"""Rows that are there twice: those of intervals count once, of single events by what the feed shows."""

import numpy as np
import pytest

from forecasting.errors import SettingsError
from tests.jobs.feeds.test_feeds import findings, hourly, look, table

QUARTERS = [
    f"2024-01-0{day} {hour:02d}:{minute:02d}" for day in (1, 2) for hour in range(8, 12) for minute in (0, 15, 30, 45)
]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_parts_of_an_interval_that_come_again_count_once(lake, tmp_path, times):
    rows, found = look(lake, tmp_path, hourly(["1", "2", "4", "8"], QUARTERS * times), interval="1h")
    assert [float(row[2]) for row in rows] == [15.0] * 8
    assert ("rows that share a time and a key" in findings(found)) == (times > 1)


def test_of_two_values_of_a_part_neither_is_believed(lake, tmp_path):
    feed = hourly(["1"], QUARTERS * 4) + f"{QUARTERS[0]},9\n"
    rows, _ = look(lake, tmp_path, feed, interval="1h")
    assert rows[0][2] == "unreadable: several values at one time"
    assert [float(row[2]) for row in rows[1:]] == [4.0] * 7


def test_polls_that_come_again_count_once(lake, tmp_path):
    polls = [f"2024-01-01 {place // 12:02d}:{place % 12 * 5:02d}:{(place * 7) % 11:02d}" for place in range(60)]
    feed = hourly(["100", "200"], polls, heading="ts,octets")
    assert look(lake, tmp_path, feed + feed.partition("\n")[2])[0] == look(lake, tmp_path, feed)[0]


def test_both_of_an_hour_that_clocks_show_twice_belong_to_their_day(lake, tmp_path):
    hours = [f"2024-10-{day:02d} {hour:02d}:00" for day in (26, 27, 28) for hour in range(24)]
    rows, _ = look(lake, tmp_path, hourly(["1"], sorted([*hours, "2024-10-27 02:00"])), interval="1d")
    assert [float(row[2]) for row in rows] == [24.0, 25.0, 24.0]


def calls(days=10, seed=3):
    """Times of single calls to the second, at no step, and how long each took."""
    draw = np.random.default_rng(seed)
    return [
        (
            f"2024-03-{day + 1:02d} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
            int(draw.integers(1, 4)),
        )
        for day in range(days)
        for second in sorted(draw.integers(8 * 3600, 20 * 3600, 300).tolist())
    ]


def total(lake, tmp_path, rows, heading="started,y", **stated):
    read, found = look(lake, tmp_path, table(heading, rows), interval="30min", **stated)
    return sum(float(row[2]) for row in read), findings(found)


def test_a_feed_of_events_that_was_delivered_twice_counts_once(lake, tmp_path):
    once = calls()
    real, _ = total(lake, tmp_path, once)
    twice, said = total(lake, tmp_path, [*once, *once])
    assert twice == sum(y for _, y in set(once))
    assert "they fill whole days: delivered twice" in said
    each, _ = total(lake, tmp_path, [*once, *once], repeats="each")
    assert each == 2 * real == 2 * sum(y for _, y in once)


def test_one_day_of_events_that_was_delivered_twice_counts_once(lake, tmp_path):
    rows = [*calls(), *calls()[600:900]]
    counted, said = total(lake, tmp_path, sorted(rows))
    assert "delivered twice" in said
    assert counted < 1.02 * sum(y for _, y in calls())


def test_events_that_happen_to_be_alike_each_count(lake, tmp_path):
    rows = sorted([*calls(), *calls()[::50]])
    counted, said = total(lake, tmp_path, rows)
    assert counted == sum(y for _, y in rows)
    assert "two events may be alike); otherwise --repeats once" in said


def test_a_number_of_the_call_decides(lake, tmp_path):
    rows = [(ts, y, f"c{place}") for place, (ts, y) in enumerate(calls())]
    counted, said = total(lake, tmp_path, sorted([*rows, *rows[::50]]), "started,y,call_id", y_column="y")
    assert counted == sum(row[1] for row in rows)
    assert "call_id names single events" in said


def test_repeats_that_may_be_either_are_asked_about(lake, tmp_path):
    rows = sorted([*calls(), *calls()[:300], *calls()[600::10]])
    with pytest.raises(SettingsError, match="say --repeats once if they were delivered twice"):
        total(lake, tmp_path, rows)
