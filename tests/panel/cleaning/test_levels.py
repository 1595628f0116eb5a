"""Level shifts, and what looks like one."""

import numpy as np
import pytest

from forecasting.panel.cleaning.levels import cycle_levels
from tests.panel.histories import WEEK, drift, make_counts, make_grid, make_shape, make_traffic, search


def shifted(y, *, at, factor):
    y = y.copy()
    y[:, at:] *= factor
    return y


@pytest.mark.parametrize("factor", [0.2, 0.5, 2, 7])
@pytest.mark.parametrize("at", [6 * WEEK, 12 * WEEK + 60, 17 * WEEK + 30])
def test_a_step_that_has_lasted_is_found_where_it_was(factor, at):
    for y in (make_traffic(), make_counts(50)):
        start = search(np.round(shifted(y, at=at, factor=factor))).level_start
        assert (np.abs(start - at) <= 24).mean() >= 0.9
        assert (np.abs(start - at) <= 3 * 24).all()


def test_a_step_is_found_in_days_and_in_weeks():
    rng = np.random.default_rng(0)
    days, weeks = rng.gamma(30, 10, (20, 200)), rng.gamma(60, 10, (20, 60))
    start = search(shifted(days, at=150, factor=3), season=7, step=np.timedelta64(1, "D")).level_start
    assert (np.abs(start - 150) <= 1).all()
    start = search(shifted(weeks, at=40, factor=3), season=1, step=np.timedelta64(7, "D")).level_start
    assert (np.abs(start - 40) <= 1).all()


@pytest.mark.parametrize(
    ("factor", "at"), [(1.3, 12 * WEEK), (3, 18 * WEEK + 100), (3, 2 * WEEK)], ids=["small", "young", "early"]
)
def test_a_step_that_is_small_or_has_too_little_beside_it_is_none(factor, at):
    assert not search(shifted(make_traffic(), at=at, factor=factor)).level_start.any()


def test_a_surge_that_ended_leaves_the_old_level():
    y = make_traffic(weeks=30)
    y[:, 15 * WEEK : 20 * WEEK] *= 3
    assert not search(y).level_start.any()
    assert not search(y[:, : 22 * WEEK]).level_start.any()


def test_growth_is_no_shift():
    hour = np.arange(52 * WEEK)
    for factor in (3, 30):
        growing = make_traffic(weeks=52) * factor ** (hour / hour[-1])
        assert not search(growing).level_start.any()


def test_a_new_series_that_ramps_up_over_two_months_is_no_shift():
    ramp = np.minimum((1 + np.arange(30 * WEEK)) / (9 * WEEK), 1)
    assert not search(make_traffic(weeks=30) * ramp).level_start.any()


def test_a_season_that_came_a_year_ago_is_no_shift():
    week = np.arange(104 * WEEK) // WEEK
    y = make_traffic(n_series=5, weeks=104) * np.where(week % 52 >= 48, 2, 1)
    for weeks in (103, 102):
        assert not search(y[:, : weeks * WEEK]).level_start.any()
    smooth = make_traffic(n_series=5, weeks=104) * np.exp(0.6 * np.sin(2 * np.pi * week / 52))
    assert not search(smooth).level_start.any()


@pytest.mark.parametrize(("step", "memory", "most"), [(0.1, 0.9, 0.01), (0.2, 0.9, 0.03), (0.1, 1, 0.06)])
def test_a_level_that_always_wanders_seldom_shifts(step, memory, most):
    rng = np.random.default_rng(0)
    level = drift(100, 52, step=step, memory=memory, rng=rng)
    assert (search(rng.poisson(20 * level * make_shape(52))).level_start > 0).mean() <= most


@pytest.mark.parametrize(("weeks", "step", "memory"), [(7, 0.3, 0.5), (8, 0.2, 0.9)])
def test_a_short_history_of_a_wandering_level_seldom_shifts(weeks, step, memory):
    rng = np.random.default_rng(weeks)
    level = drift(500, weeks, step=step, memory=memory, rng=rng)
    assert (search(rng.poisson(20 * level * make_shape(weeks))).level_start > 0).mean() <= 0.02


def test_the_last_of_two_shifts_is_the_present_level():
    y = shifted(shifted(make_traffic(weeks=60), at=10 * WEEK, factor=3), at=50 * WEEK, factor=3)
    assert (np.abs(search(y).level_start - 50 * WEEK) <= 24).all()


def test_a_shift_is_found_through_holes_and_holiday_weeks():
    y = shifted(make_traffic(), at=12 * WEEK, factor=4)
    y[np.random.default_rng(0).random(y.shape) < 0.3] = np.nan
    y[:, 15 * WEEK : 15 * WEEK + 100] *= 0.1
    y[:, 8 * WEEK : 9 * WEEK] = np.nan
    assert (np.abs(search(y).level_start - 12 * WEEK) <= 24).all()


def test_a_cycle_has_a_level_where_half_of_its_usual_volume_is_observed():
    y = make_traffic(spread=0.01, n_series=2, weeks=6)
    y[:, WEEK:] *= 2
    y[0, 3 * WEEK : 3 * WEEK + 120], y[0, 4 * WEEK : 4 * WEEK + 40] = np.nan, np.nan
    level, profile = cycle_levels(y, make_grid(y.shape[1]))
    assert np.isnan(level[0]).tolist() == [False, False, False, True, False, False]
    np.testing.assert_allclose(np.diff(level[1]), [np.log(2), 0, 0, 0, 0], atol=0.01)
    np.testing.assert_allclose(profile[1], y[1].reshape(6, WEEK).mean(axis=0), rtol=1e-5)
    assert np.isnan(cycle_levels(np.zeros((1, 6 * WEEK), np.float32), make_grid(6 * WEEK))[0]).all()
