"""Stuck counters and absurd spikes."""

import numpy as np

from forecasting.panel.cleaning.breaks import Fault
from tests.panel.histories import WEEK, make_counts, make_traffic, search


def test_the_first_value_of_a_stuck_counter_stays():
    y = make_traffic()
    y[:, 1000:1020] = y[:, 1000:1001]
    fault = search(y).fault
    assert not fault[:, :1001].any()
    assert (fault[:, 1001:1020] == Fault.STUCK).all()
    assert not fault[:, 1020:].any()


def test_a_counter_stuck_across_a_hole_is_stuck():
    y = make_traffic()
    y[:, 1000:1020] = y[:, 1000:1001]
    y[:, 1010:1012] = np.nan
    np.testing.assert_array_equal(search(y).fault[:, 1001:1020] > 0, np.isfinite(y[:, 1001:1020]))


def test_five_equal_values_in_a_row_are_no_stuck_counter():
    y = make_traffic()
    y[:, 1000:1005] = y[:, 1000:1001]
    assert not search(y).fault.any()
    y[:, 2000:2020] = y[:, 2000:2001]
    assert not search(y).fault[:, :2000].any()


def test_ones_repeat_themselves_more_readily_than_forties():
    y = make_counts(50)
    y[0, 1000:1012], y[1, 1000:1012] = 1, 40
    fault = search(y).fault
    assert not fault[0].any()
    assert fault[1, 1001:1012].all()


def test_small_counts_repeat_themselves_for_a_while_but_not_for_days():
    y = make_counts(2)
    y[:, 1000:1008] = 2
    assert not search(y).fault.any()
    y[:, 1000:1072] = 2
    assert (search(y).fault[:, 1001:1072] == Fault.STUCK).mean() > 0.9


def test_a_link_that_is_full_for_hours_is_not_stuck():
    y = make_traffic(n_series=5)
    y[:, 1000:1020] = y.max(axis=1, keepdims=True) * 1.1
    assert not search(y).fault.any()


def test_a_value_that_is_held_every_month_is_a_habit():
    y = make_traffic(weeks=40)
    for week in range(2, 40, 3):
        y[:, week * WEEK : week * WEEK + 12] = 10
    assert not search(y).fault.any()


def test_a_counter_that_has_stood_for_a_season_is_the_new_normal():
    y = make_traffic()
    y[:, 1 - WEEK :] = y[:, -WEEK : 1 - WEEK]
    assert (search(y).fault[:, 2 - WEEK :] == Fault.STUCK).all()
    y[:, -WEEK - 1 :] = y[:, -WEEK - 1 : -WEEK]
    assert not search(y).fault.any()


def test_a_spike_is_set_aside_once_demand_is_as_before():
    y = make_counts(10)
    y[0, 1500], y[1, 1500:1502], y[2, 1500:1503], y[3, -1], y[4, 1500] = 5000, 5000, 5000, 5000, 500
    fault = search(y).fault
    assert np.argwhere(fault == Fault.SPIKE).tolist() == [[0, 1500], [1, 1500], [1, 1501]]


def test_high_values_at_the_start_or_of_a_history_below_a_month_are_no_spikes():
    y = make_counts(10)
    first = y.copy()
    first[:, 0] = 5000
    assert not search(first).fault.any()
    y[:, 300:302] = 5000
    assert not search(y[:, : 3 * WEEK]).fault.any()
    assert search(y[:, : 4 * WEEK]).fault[:, 300:302].all()


def test_spikes_are_found_as_long_as_they_come_less_than_once_a_month():
    y = make_counts(10)
    y[0, 500:3000:500], y[1, 500:3100:500] = 5000, 5000
    fault = search(y).fault
    assert np.flatnonzero(fault[0]).tolist() == [500, 1000, 1500, 2000, 2500]
    assert not fault[1].any()


def test_a_surge_that_comes_monthly_is_no_spike():
    y = make_counts(1)
    y[:, 100 :: 3 * WEEK] = 1000
    assert not search(y).fault.any()
