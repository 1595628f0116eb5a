"""Shifts: every plan is recounted from its roster, small ones are compared with the best by trying all."""

from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.config.shifts import ShiftRule
from forecasting.errors import ModelError, SettingsError
from forecasting.planning.shifts.model import plan_shifts
from forecasting.planning.shifts.patterns import make_week
from forecasting.planning.shifts.roster import count_at_work, write_roster
from forecasting.planning.shifts.search import Effort

EXACT = Effort(gap=0.0, limit=20.0)


def shift(**changes) -> ShiftRule:
    return ShiftRule.model_validate({"name": "full", "length": "8h", "starts": "08:00", "every": "1h"} | changes)


def make(hours: str = "00:00-24:00", *, minutes: int = 60, first: str = "2024-06-03", zone: str = "UTC"):
    """A week that is open at the same hours of the local clock every day."""
    local = pd.date_range(first, periods=2, freq="7D", tz=ZoneInfo(zone))
    wall = pd.date_range(*local, freq=f"{minutes}min", inclusive="left").tz_localize(None).to_numpy()
    clock = (wall - wall.astype("datetime64[D]")) // np.timedelta64(1, "m")
    begin, end = (int(part[:2]) * 60 for part in hours.split("-"))
    return make_week(wall, (clock >= begin) & (clock < end), interval=timedelta(minutes=minutes))


def need(week, people: int, *, begin: int = 0, end: int = 24) -> np.ndarray:
    hour = week.minute // 60
    return np.where(week.open & (hour >= begin) & (hour < end), people, 0)


def recounted(plan) -> np.ndarray:
    return count_at_work(write_roster(plan), intervals=len(plan.required))


def test_nobody_needed_nobody_rostered():
    week = make()
    plan = plan_shifts(need(week, 0), week, [shift()])
    assert (plan.heads, plan.paid_hours, plan.objective, plan.gap) == (0, 0.0, 0.0, 0.0)
    assert write_roster(plan) == []


def test_seven_people_on_five_days_put_five_on_every_day():
    week = make("08:00-16:00")
    plan = plan_shifts(need(week, 5), week, [shift()], effort=EXACT)
    assert (plan.heads, plan.paid_hours, plan.short_hours, plan.over_hours) == (7, 280.0, 0.0, 0.0)
    assert plan.gap == 0.0
    rows = write_roster(plan)
    for person in range(1, 8):
        days = {row.day for row in rows if row.person == person}
        off = set(range(7)) - days
        assert len(days) == 5
        assert any((day + 1) % 7 in off for day in off)  # the two days off are together


def test_breaks_are_taken_in_turns_and_unpaid_unless_said():
    week = make("08:00-16:00")
    breaks = [{"length": "1h", "from": "3h", "to": "4h"}]
    required = need(week, 2) - need(week, 1, begin=11, end=13)
    unpaid = plan_shifts(required, week, [shift(days=7, breaks=breaks)], effort=EXACT)
    paid = plan_shifts(required, week, [shift(days=7, breaks=[breaks[0] | {"paid": True}])], effort=EXACT)
    assert (unpaid.heads, unpaid.short_hours, unpaid.paid_hours) == (2, 0.0, 2 * 7 * 7.0)
    assert paid.paid_hours == 2 * 7 * 8.0
    for day in range(7):
        begun = sorted(row.breaks[0][0] % 24 for row in write_roster(unpaid) if row.day == day)
        assert begun == [11, 12]


def test_night_of_the_last_day_covers_the_first_morning():
    week = make()
    plan = plan_shifts(need(week, 1, end=6) + need(week, 1, begin=22), week, [shift(starts="22:00", days=7)])
    assert (plan.heads, plan.short_hours) == (1, 0.0)
    last = write_roster(plan)[-1]
    assert (last.day, last.start, last.end) == (6, 6 * 24 + 22, 6 * 24 + 30)
    assert plan.coverage[:6].tolist() == [1] * 6


@pytest.mark.parametrize(("first", "hours"), [("2024-03-25", 167), ("2024-10-21", 169)])
def test_shifts_begin_by_the_local_clock_and_last_by_time_where_clocks_change(first, hours):
    week = make(first=first, zone="Europe/Berlin")
    assert len(week) == hours
    plan = plan_shifts(need(week, 1, begin=8, end=16), week, [shift(days=7)], effort=EXACT)
    assert (plan.heads, plan.over_hours, plan.short_hours) == (1, 0.0, 0.0)
    night = plan_shifts(need(week, 1, begin=23), week, [shift(starts="23:00", days=7)])
    assert {row.end - row.start for row in write_roster(night)} == {8}
    # a start that the clock skips comes as soon as it can
    assert week.minute[week.at(6, 120)] == (180 if hours == 167 else 120)


def test_part_time_stays_within_its_share():
    week = make("08:00-16:00")
    part = shift(name="part", length="4h", starts="08:00-12:00", days=5, max_share=0.3)
    plan = plan_shifts(need(week, 8, end=12), week, [shift(), part], effort=EXACT)
    of_part = sum(tour.people for tour in plan.tours if tour.shift.name == "part")
    assert 0 < of_part <= 0.3 * plan.heads
    free = plan_shifts(need(week, 8, end=12), week, [shift(), part.model_copy(update={"max_share": None})])
    assert free.paid_hours < plan.paid_hours


def test_people_of_a_week_vary_their_start_only_as_far_as_allowed():
    week = make("06:00-20:00")
    required = need(week, 2, begin=8, end=16) + np.where(week.day % 2, need(week, 2, begin=10, end=18), 0)
    rows = write_roster(plan_shifts(required, week, [shift(starts="06:00-12:00", vary="2h", days=4)]))
    for person in {row.person for row in rows}:
        starts = [row.start - week.midnight(row.day) for row in rows if row.person == person]
        assert max(starts) - min(starts) <= 2


def test_too_few_heads_are_reported_as_shortfall():
    week = make("08:00-16:00")
    plan = plan_shifts(need(week, 5), week, [shift()], max_heads=5, effort=EXACT)
    assert plan.heads == 5
    assert plan.short_hours == 7 * 5 * 8 - 5 * 40
    assert plan.objective == plan.paid_hours + plan.weight * plan.short_hours
    assert plan_shifts(need(week, 5), week, [shift()], max_heads=0).short_hours == 280


def test_cheap_shortfall_is_preferred_to_a_person_for_one_hour():
    week = make("08:00-16:00")
    required = np.where(week.day == 0, need(week, 1, begin=9, end=10), 0)
    assert plan_shifts(required, week, [shift()]).short_hours == 0.0
    assert plan_shifts(required, week, [shift()], weight=10).heads == 0


def test_round_the_clock_week_is_covered_within_three_percent():
    week = make(minutes=30)
    hour, day = week.minute / 60, np.array([1.0, 0.95, 0.9, 0.9, 1.05, 0.6, 0.5])[week.day]
    shape = np.exp(-(((hour - 11) / 3.5) ** 2)) + 0.7 * np.exp(-(((hour - 18) / 3) ** 2)) + 0.1
    required = np.random.default_rng(2).poisson(20 * day * shape)
    lunch = {"length": "30min", "from": "3h", "to": "5h"}
    full = shift(length="510min", starts="00:00-23:30", every="30min", breaks=[lunch])
    part = shift(name="part", length="4h", starts="00:00-23:30", every="30min", max_share=0.4)
    plan = plan_shifts(required, week, [full, part], effort=Effort(gap=0.03, limit=1.0))
    assert plan.short_hours == 0.0
    assert plan.gap <= 0.03
    # weeks of 40 and 20 hours: so is every objective, and every bound, with them
    assert (plan.weight * 0.5 % 20, plan.bound % 20) == (0.0, 0.0)
    np.testing.assert_array_equal(recounted(plan), plan.coverage)


def test_holidays_shorten_the_week_of_those_who_work():
    week = make("08:00-16:00")
    closed = np.isin(week.day, [0, 2, 4])
    week = make_week(
        np.datetime64("2024-06-03") + np.arange(168) * np.timedelta64(1, "h"),
        week.open & ~closed,
        interval=week.interval,
    )
    plan = plan_shifts(need(week, 2), week, [shift()], effort=EXACT)
    assert (plan.heads, plan.short_hours, plan.over_hours) == (3, 0.0, 8.0)
    # on all four open days nobody would have two days off together
    assert {len(tour.days) for tour in plan.tours} == {3}


def test_uncovered_intervals_are_short_and_the_shifts_that_do_not_fit_are_named():
    week = make("08:00-14:00")
    nobody = plan_shifts(need(week, 2), week, [shift()])
    assert (nobody.heads, nobody.short_hours, nobody.gap) == (0, 84.0, 0.0)
    assert nobody.left_out == {"full": "it lasts 8h, and the longest opening is 6h"}
    assert (nobody.uncovered == week.open).all()
    early = shift(name="part", length="5h", starts="08:00", days=7, least_days_off_together=0)
    plan = plan_shifts(need(week, 2), week, [shift(), early], effort=EXACT)
    assert (plan.heads, plan.short_hours) == (2, 14.0)
    assert (plan.uncovered == (week.minute == 13 * 60)).all()
    late = plan_shifts(need(week, 2), week, [shift(length="5h", starts="10:00")])
    assert late.left_out == {"full": "from none of its starts does it lie within opening hours whole"}
    plan = plan_shifts(need(week, 2), week, [shift(), shift(name="all", length="6h", days=7)])
    assert (plan.short_hours, plan.uncovered.any()) == (0.0, False)


def test_hour_that_every_placement_of_a_break_takes_is_not_covered():
    week = make("08:00-16:00")
    plan = plan_shifts(need(week, 1), week, [shift(breaks=[{"length": "1h", "from": "4h", "to": "4h"}])])
    assert (plan.uncovered == (week.minute == 12 * 60)).all()


def test_shift_off_the_grid_of_intervals_is_left_out_and_the_others_are_worked():
    week = make("08:00-16:00")
    odd = shift(name="odd", length="450min")
    plan = plan_shifts(need(week, 1), week, [odd, shift()], effort=EXACT)
    assert list(plan.left_out) == ["odd"]
    assert "expected whole intervals of 1h" in plan.left_out["odd"]
    assert plan.short_hours == 0.0


def test_share_of_a_shift_gives_way_where_nobody_can_work_the_others():
    week = make("08:00-16:00")
    catalogue = [shift(max_share=0.5), shift(name="long", length="10h", max_share=0.5)]
    plan = plan_shifts(need(week, 2), week, catalogue, effort=EXACT)
    assert (list(plan.left_out), plan.short_hours) == (["long"], 0.0)


def test_people_of_the_last_evening_are_at_work_in_the_week_after():
    week = make()
    night = shift(name="night", length="8h", starts="22:00", breaks=[{"length": "1h", "from": "4h", "to": "4h"}])
    plan = plan_shifts(need(week, 2, begin=22) + need(week, 2, end=6), week, [night], effort=EXACT)
    rows = [row for row in write_roster(plan) if row.end > len(week)]
    away = {at - len(week) for row in rows for first, last in row.breaks for at in range(first, last)}
    assert away == {2}
    assert plan.overhang[:7].tolist() == [len(rows) if at < 6 and at != 2 else 0 for at in range(7)]
    assert (plan.overhang[6:] == 0).all()


def test_requirement_that_makes_no_sense_is_named():
    week = make("08:00-16:00")
    with pytest.raises(SettingsError, match="day 1 of the week at 00:00, 1, asks for people while closed"):
        plan_shifts(np.ones(168, int), week, [shift()])
    with pytest.raises(SettingsError, match="-1, is negative"):
        plan_shifts(-need(week, 1), week, [shift()])
    for wrong in (np.zeros(167, int), np.zeros(168)):
        with pytest.raises(SettingsError, match="one whole number of people an interval"):
            plan_shifts(wrong, week, [shift()])
    with pytest.raises(SettingsError, match="max_heads"):
        plan_shifts(need(week, 1), week, [shift()], max_heads=-1)


def test_a_week_is_seven_whole_days():
    wall = np.datetime64("2024-06-03") + np.arange(168) * np.timedelta64(1, "h")
    with pytest.raises(SettingsError, match="found 6 days, 144 intervals"):
        make_week(wall[:144], np.ones(144, bool), interval=timedelta(hours=1))
    with pytest.raises(SettingsError, match="2024-06-09 has 20 intervals of 1h"):
        make_week(wall[:164], np.ones(164, bool), interval=timedelta(hours=1))
    with pytest.raises(SettingsError, match="seven local days on end"):
        make_week(wall[::-1], np.ones(168, bool), interval=timedelta(hours=1))


def test_plan_is_the_same_each_time_however_soon_it_stops():
    week = make("06:00-22:00", minutes=30)
    required = np.where(week.open, np.random.default_rng(1).integers(3, 9, len(week)), 0)
    shifts = [shift(starts="06:00-14:00", breaks=[{"length": "30min", "from": "3h", "to": "5h"}], every="30min")]
    with pytest.raises(ModelError, match=r"no shifts found with an effort of 0\.0001: raise its limit"):
        plan_shifts(required, week, shifts, effort=Effort(limit=0.0001))
    for effort in (Effort(limit=0.1), Effort(gap=0.02)):
        plans = [plan_shifts(required, week, shifts, effort=effort) for _ in range(2)]
        assert plans[0].tours == plans[1].tours
        assert plans[0].starts == plans[1].starts
        assert plans[0].bound <= plans[0].objective
        np.testing.assert_array_equal(recounted(plans[0]), plans[0].coverage)


@settings(max_examples=25, deadline=None)
@given(
    even=st.lists(st.integers(0, 3), min_size=8, max_size=8), odd=st.lists(st.integers(0, 3), min_size=8, max_size=8)
)
def test_small_plans_are_the_best_of_all(even, odd):
    """All teams of up to four people of three kinds, each day splitting the breaks of the long shift its own way."""
    week = make(minutes=180)
    long = shift(length="12h", starts="06:00", every="3h", days=7, breaks=[{"length": "3h", "from": "3h", "to": "6h"}])
    short = shift(name="short", length="6h", starts="00:00-18:00", every="18h", days=7)
    required = np.where(week.day % 2, np.tile(odd, 7), np.tile(even, 7))
    plan = plan_shifts(required, week, [long, short], max_heads=4, weight=25, effort=EXACT)
    np.testing.assert_array_equal(recounted(plan), plan.coverage)

    def cost(people: tuple[int, ...]) -> int:
        of_long, night, evening = people
        base = np.array([night, night, of_long, of_long, of_long, of_long, evening, evening])
        total = 7 * (9 * of_long + 6 * night + 6 * evening)
        for times, day in ((4, even), (3, odd)):
            splits = [
                base - np.eye(8, dtype=int)[3] * k - np.eye(8, dtype=int)[4] * (of_long - k) for k in range(of_long + 1)
            ]
            total += times * 25 * 3 * min(int(np.maximum(day - there, 0).sum()) for there in splits)
        return total

    best = min(cost(people) for people in product(range(5), repeat=3) if sum(people) <= 4)
    assert plan.objective == pytest.approx(best)
    assert plan.gap == 0.0
