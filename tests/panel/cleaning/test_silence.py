"""Silence that is lost data, and silence that is not."""

import numpy as np
import pytest

from forecasting.panel.cleaning.silence import weigh_silence
from tests.panel.histories import WEEK, make_counts, make_grid, make_shape, make_traffic, search

SILENT = np.s_[:, 10 * WEEK + 8 : 10 * WEEK + 20]


def test_a_series_is_not_lost_before_its_first_demand_nor_once_it_is_retired():
    y = make_counts(20, weeks=20)
    y[:10, : 7 * WEEK] = 0
    y[5:15, -WEEK:] = 0
    assert not search(y).fault.any()


def test_a_silence_that_goes_on_is_lost_until_it_has_lasted_a_season():
    y = make_counts(20, weeks=20)
    y[0, 24 - WEEK :] = 0
    assert search(y).fault[0, 24 - WEEK :].mean() > 0.95
    y[0, -WEEK - 24 :] = 0
    assert not search(y).fault.any()


def test_three_silent_weeks_are_a_state_of_the_series():
    y = make_counts(20, weeks=20)
    y[0, 9 * WEEK + 10 : 11 * WEEK] = 0
    y[1, 9 * WEEK : 12 * WEEK] = 0
    fault = search(y).fault
    assert fault[0, 9 * WEEK + 10 : 11 * WEEK].all()
    assert not fault[1].any()


def test_a_series_that_ramps_up_is_not_lost_while_it_was_small():
    rng = np.random.default_rng(0)
    age = (np.arange(30 * WEEK) - rng.integers(0, 20 * WEEK, (30, 1))).clip(0)
    fault = search(rng.poisson(20 * make_shape(30) * np.minimum(age / (6 * WEEK), 1))).fault
    assert (fault > 0).mean() < 1e-3


def test_nights_and_weekends_without_demand_are_usual():
    y = make_counts(20, weeks=20)
    hour = np.arange(y.shape[1])
    y[:, (hour % 24 < 8) | (hour // 24 % 7 > 4)] = 0
    assert not search(y).fault.any()
    y[:, 10 * WEEK + 24 : 10 * WEEK + 48] = 0
    assert search(y).fault[:, 10 * WEEK + 24 + 8 : 10 * WEEK + 48].all()


def test_a_series_that_falls_silent_every_few_days_by_itself_has_lost_nothing():
    rng = np.random.default_rng(0)
    hours = 30 * WEEK
    on = np.cumsum(rng.random((20, hours)) < 1 / 15, axis=1) % 2
    assert search(on * rng.poisson(10, (20, hours))).fault.mean() < 0.01


def test_the_evening_that_is_silent_every_month_is_maintenance():
    y = make_traffic(weeks=40)
    for week in range(2, 40, 3):
        y[:, week * WEEK + 70 : week * WEEK + 76] = 0
    assert not search(y).fault.any()


def test_next_to_nothing_is_silence_but_a_low_value_is_not():
    y = make_traffic(spread=0.2)
    low = y.copy()
    y[SILENT] *= 0.003
    assert search(y).fault[SILENT].all()
    low[SILENT] *= 0.1
    assert not search(low).fault.any()


def test_holes_do_not_part_a_silence():
    y = make_counts(5, weeks=20)
    y[0, 10 * WEEK + 8 : 10 * WEEK + 20] = 0
    whole = search(y).fault[0, 10 * WEEK + 8 : 10 * WEEK + 20]
    y[0, 10 * WEEK + 10 : 10 * WEEK + 12] = np.nan
    fault = search(y).fault[0, 10 * WEEK + 8 : 10 * WEEK + 20]
    assert whole.all()
    np.testing.assert_array_equal(fault > 0, np.isfinite(y[0, 10 * WEEK + 8 : 10 * WEEK + 20]))


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_silence_says_more_of_steady_demand_and_nothing_without_a_month_of_neighbours(spread):
    y = make_traffic(spread=spread, weeks=9)
    y[:, 4 * WEEK + 10] = 0
    grid = make_grid(y.shape[1])
    silence = weigh_silence(y, grid)
    assert silence.silent[:, 4 * WEEK + 10].all()
    assert silence.silent.sum() < 1.5 * len(y)
    weight = silence.weight[:, 4 * WEEK + 10]
    assert np.median(weight) > 100 if spread == 0.1 else np.median(weight) < 10
    assert not weigh_silence(y[:, : 4 * WEEK], make_grid(4 * WEEK)).weight.any()


def test_counts_tell_no_more_than_the_poisson_distribution():
    y = make_counts(6, weeks=17)
    y[:, 8 * WEEK + 6] = 0
    counted, measured = (weigh_silence(y * scale, make_grid(y.shape[1])).weight[:, 8 * WEEK + 6] for scale in (1, 0.7))
    level = y[:, 6::WEEK].sum(axis=1) / 16
    assert (counted <= np.maximum(level, np.log(34)) + 1e-3).all()
    assert measured.mean() > 2 * counted.mean()


def test_a_series_that_is_silent_for_more_than_a_tenth_of_its_time_is_so_by_itself():
    y = make_counts(20, weeks=20)
    for week, row in ((4, 0), (7, 0), (10, 0), (13, 0), (7, 1), (13, 1)):
        y[row, week * WEEK : week * WEEK + 120] = 0
    fault = search(y).fault
    assert not fault[0].any()
    assert fault[1].sum() > 200
