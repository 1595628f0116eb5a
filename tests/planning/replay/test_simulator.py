import numpy as np
import pytest
from hypothesis import given, settings

from forecasting.errors import SettingsError
from forecasting.planning.replay.service import summarise
from forecasting.planning.replay.simulator import Calls, Staff, replay
from tests.planning.shifts.centres import calls_at, centres, staff_of

INF = float("inf")


def test_a_tiny_day_is_replayed_as_by_hand():
    # two agents; the third call hangs up at 7, the fourth gets the agent who is free at 10, the fifth the one of 12
    calls = calls_at(0, 2, 3, 4, 5, handle=[10, 10, 9, 1, 2], patience=[INF, 0, 4, 6, 99])
    staff = staff_of(2)
    found = replay(calls, staff)
    np.testing.assert_array_equal(found.wait, [0, 0, 4, 6, 6])
    np.testing.assert_array_equal(found.answered, [True, True, False, True, True])
    np.testing.assert_array_equal(found.end, [10, 12, 7, 11, 13])
    np.testing.assert_array_equal(found.group, [0, 0, -1, 0, 0])


def test_threshold_and_patience_include_their_last_moment():
    staff = staff_of(1)
    found = replay(calls_at(0, 5, patience=[0, 5]), staff)
    assert found.answered.all()
    assert summarise(found, staff, within=5.0).served.sum() == 2
    assert summarise(found, staff, within=4.999).served.sum() == 1


def test_patience_of_zero_leaves_at_once_when_nobody_is_free():
    found = replay(calls_at(0, 5, 10, patience=0), staff_of(1))
    np.testing.assert_array_equal(found.answered, [True, False, True])
    np.testing.assert_array_equal(found.wait, 0)


def test_lower_priority_numbers_go_first_and_equal_ones_in_order_of_arrival():
    found = replay(calls_at(0, 1, 2, 3, 4, priority=[5, 2, 1, 2, 1]), staff_of(1))
    np.testing.assert_array_equal(found.at + found.wait, [0, 30, 10, 40, 20])


def test_waiting_calls_are_taken_at_once_when_staff_rises():
    found = replay(calls_at(0, 1, 2, handle=500), staff_of(1, 3))
    np.testing.assert_array_equal(found.wait, [0, 99, 98])


def test_busy_agents_finish_and_leave_when_staff_falls():
    # both calls of the first interval end at 150 and 160; one person is left from 100 on, who is free at 160
    found = replay(calls_at(0, 10, 20, 170, handle=[150, 150, 5, 5]), staff_of(2, 1))
    np.testing.assert_array_equal(found.at + found.wait, [0, 10, 160, 170])


def test_staff_that_falls_and_rises_again_is_never_more_than_planned():
    # one of two busy agents is to go at 100; at 200 two are planned again, so no third one appears
    found = replay(calls_at(0, 0, 50, handle=300), staff_of(2, 1, 2, 2))
    np.testing.assert_array_equal(found.at + found.wait, [0, 0, 300])


def test_callers_wait_for_the_opening_and_are_cut_off_at_the_close():
    staff = Staff(np.array([0.0, 50.0, 60.0, 100.0]), np.array([1, 0, 1]))
    found = replay(calls_at(-20, 55, 95, 96, 120, handle=[30, 38, 40, 1, 1], patience=[INF, INF, INF, INF, 9]), staff)
    np.testing.assert_array_equal(found.wait, [20, 5, 3, 4, 0])
    np.testing.assert_array_equal(found.answered, [True, True, True, False, False])
    np.testing.assert_array_equal(found.end, [30, 98, 138, 100, 120])
    assert summarise(found, staff, within=20.0).calls.sum() == 3


def test_calls_go_to_the_least_flexible_free_group_and_freed_agents_take_the_longest_waiting():
    skills = ({"a", "b"}, {"a"}, {"b"})
    staff = Staff(np.array([0.0, 500.0]), np.array([[1], [1], [0]]), skills)
    calls = calls_at(0, 1, 2, 3, 4, handle=[100, 50, 10, 10, 10], skill=["a", "a", "b", "a", "a"])
    found = replay(calls, staff)
    # the specialist takes the first, the generalist the second and, freed at 51, calls in order of arrival: b before a
    np.testing.assert_array_equal(found.group, [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(found.at + found.wait, [0, 1, 51, 61, 71])


def test_a_call_never_goes_to_a_group_without_its_skill():
    staff = Staff(np.array([0.0, 500.0]), np.array([[5], [1]]), ({"a"}, {"b"}))
    found = replay(calls_at(0, 1, 2, skill=["b", "b", "a"]), staff)
    np.testing.assert_array_equal(found.group, [1, 1, 0])
    np.testing.assert_array_equal(found.wait, [0, 9, 0])


def test_an_agent_of_several_skills_takes_their_calls_in_order_of_arrival():
    staff = Staff(np.array([0.0, 500.0]), np.array([[1]]), ({"a", "b"},))
    found = replay(calls_at(0, 1, 2, 3, skill=["a", "a", "b", "a"]), staff)
    np.testing.assert_array_equal(found.at + found.wait, [0, 10, 20, 30])


def test_a_call_ends_before_another_arrives_at_the_same_instant():
    found = replay(calls_at(0, 1, 10, priority=[1, 1, 0]), staff_of(1))
    np.testing.assert_array_equal(found.at + found.wait, [0, 10, 20])


def test_staff_changes_before_calls_end_at_the_same_instant():
    found = replay(calls_at(0, 0, 1, handle=[100, 199, 5]), staff_of(2, 1))
    np.testing.assert_array_equal(found.at + found.wait, [0, 0, 199])


def test_priority_counts_across_the_skills_of_an_agent():
    staff = Staff(np.array([0.0, 500.0]), np.array([[1]]), ({"a", "b"},))
    found = replay(calls_at(0, 1, 2, skill=["a", "a", "b"], priority=[1, 1, 0]), staff)
    np.testing.assert_array_equal(found.wait, [0, 19, 8])


@given(centres())
@settings(max_examples=80, deadline=None)
def test_every_call_is_answered_or_lost_once_within_its_patience(centre):
    calls, staff = centre
    found = replay(calls, staff)
    close = staff.bounds[-1]
    assert (found.wait >= 0).all()
    assert (found.wait <= calls.patience).all()
    assert ((found.group >= 0) == found.answered).all()
    np.testing.assert_array_equal(found.end, calls.at + found.wait + np.where(found.answered, calls.handle, 0))
    lost = ~found.answered
    np.testing.assert_array_equal(
        found.end[lost], np.minimum(calls.at + calls.patience, np.maximum(calls.at, close))[lost]
    )
    for call in np.flatnonzero(found.answered):
        assert calls.skill[call] in staff.skills[found.group[call]]
        assert 0 <= found.end[call] - calls.handle[call] < close


@given(centres())
@settings(max_examples=80, deadline=None)
def test_no_group_takes_a_call_beyond_its_heads_and_none_idles_while_its_calls_wait(centre):
    calls, staff = centre
    found = replay(calls, staff)
    start = found.at + found.wait
    for now in np.unique(np.concatenate([start[found.answered], staff.bounds[:-1], found.end])):
        interval = np.searchsorted(staff.bounds, now, side="right") - 1
        if not 0 <= interval < staff.agents.shape[1]:
            continue
        waiting = (found.at <= now) & ((start > now) | (~found.answered & (found.end > now)))
        for group, heads in enumerate(staff.agents[:, interval]):
            mine = found.answered & (found.group == group)
            busy = (mine & (start <= now) & (found.end > now)).sum()
            if (mine & (start == now) & (found.end > now)).any():
                assert busy <= heads
            served = np.isin(calls.skill, list(staff.skills[group]))
            assert busy >= heads or not (waiting & served).any()


@given(centres())
@settings(max_examples=80, deadline=None)
def test_a_call_is_never_overtaken_by_an_equal_one_of_its_skill(centre):
    calls, staff = centre
    found = replay(calls, staff)
    start = np.where(found.answered, found.at + found.wait, INF)
    for late in range(len(calls.at)):
        equal = (calls.skill == calls.skill[late]) & (calls.priority == calls.priority[late])
        before = equal & (np.arange(len(calls.at)) < late) & (found.answered | (found.end > start[late]))
        assert (start[before] <= start[late]).all()


@given(centres())
@settings(max_examples=50, deadline=None)
def test_seconds_waited_are_the_queue_summed_over_time(centre):
    """Little's law for a finite trace: the area under the number waiting is the sum of the waits."""
    calls, staff = centre
    found = replay(calls, staff)
    moments = np.unique(np.concatenate([found.at, found.at + found.wait]))
    waiting = [((found.at <= now) & (found.at + found.wait > now)).sum() for now in moments[:-1]]
    np.testing.assert_allclose(found.wait.sum(), np.dot(waiting, np.diff(moments)) if len(moments) else 0.0)


@given(centres())
@settings(max_examples=50, deadline=None)
def test_the_same_calls_and_staff_always_give_the_same_replay(centre):
    calls, staff = centre
    before = [np.copy(column) for column in (calls.at, calls.handle, calls.patience, calls.priority, staff.agents)]
    first, second = replay(calls, staff), replay(calls, staff)
    for name in ("wait", "answered", "end", "group"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    for column, old in zip((calls.at, calls.handle, calls.patience, calls.priority, staff.agents), before, strict=True):
        np.testing.assert_array_equal(column, old)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: calls_at(2, 1), "order of time, found 1 at position 1"),
        (
            lambda: calls_at(1, 2, handle=[1, np.nan]),
            "handle times: expected finite seconds >= 0, found nan",
        ),
        (lambda: calls_at(1, 2, patience=-1), "patience: expected seconds >= 0, found -1"),
        (lambda: Calls(np.zeros(2), np.zeros(2), np.zeros(1)), "expected 2 of patience, found shape"),
        (lambda: calls_at(1, 2, priority=[0.5, 1]), "whole numbers as priority"),
        (lambda: Staff(np.array([0.0, 1.0]), np.array([1, 2])), "agents of every interval between 2 bounds"),
        (lambda: Staff(np.array([0.0, 1.0]), np.array([1.5])), "agents: expected whole numbers >= 0, found 1.5"),
        (lambda: Staff(np.array([1.0, 1.0]), np.array([1])), "bounds of staff: expected ascending seconds"),
        (lambda: Staff(np.array([0.0, 1.0]), np.array([1]), ({"a"}, {"b"})), "skills of 1 groups, found 2"),
        (
            lambda: replay(calls_at(1, 2, skill=["a", "q"]), Staff(np.array([0.0, 9.0]), np.array([1]), ({"a"},))),
            "no group holds skill 'q', which 1 calls need; groups hold a",
        ),
        (
            lambda: replay(calls_at(1, 2), Staff(np.array([0.0, 9.0]), np.array([1]), ({"a"},))),
            "expected the skill of each",
        ),
    ],
)
def test_bad_calls_and_staff_are_refused_in_one_clear_line(wrong, text):
    with pytest.raises(SettingsError, match=text) as caught:
        wrong()
    assert "\n" not in str(caught.value)
