"""Censored demand put back, against the demand that was cut off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import lognorm

from forecasting.panel.calendar.runs import Grid
from forecasting.panel.cleaning import censoring
from forecasting.panel.cleaning.censoring import MOST, restore_demand

SEASON = 168


def grid_of(weeks: int, season: int = SEASON) -> Grid:
    column = np.arange(weeks * season, dtype=np.int32)
    return Grid(column % season, column // season, season)


def traffic(rng: np.random.Generator, *, weeks: int, growth: float, noise: float, n: int = 12) -> np.ndarray:
    """(n, T) demand of links: a day whose busy hours differ, quiet weekends, growth, weeks that wander, noise."""
    hour = np.arange(weeks * SEASON)
    peak = rng.choice([11.0, 14.0, 20.5], (n, 1))
    angle = 2 * np.pi * (hour % 24 - peak) / 24
    shape = np.minimum(np.exp(0.75 * np.cos(angle) + 0.15 * np.cos(2 * angle)), 1.9)
    shape *= np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    level = np.repeat(0.03 * rng.standard_normal((n, weeks)), SEASON, axis=1)
    return 1000 * shape * (1 + growth) ** (hour / 8736) * np.exp(level + noise * rng.standard_normal(level.shape))


def restore(demand, bound, grid, *, special=None):
    """What is made of demand that was cut off at a bound; measured, restored, suppressed, censored."""
    censored = demand >= bound
    y = np.minimum(demand, bound).astype(np.float32)
    special = np.zeros(y.shape, bool) if special is None else special
    return y, *restore_demand(y, censored, grid, special=special), censored


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("weeks", "growth", "noise", "gain"),
    [(52, 0.6, 0.06, 1.5), (13, 0.6, 0.06, 1.4), (104, 0.3, 0.06, 1.2), (52, 1.5, 0.15, 1.4)],
)
def test_busy_hours_of_a_growing_link_that_were_cut_for_four_weeks_come_near_the_demand(
    seed, weeks, growth, noise, gain
):
    """The bound is what the busy hours reach as the last four weeks begin; they are cut on every workday since."""
    rng, grid = np.random.default_rng(seed), grid_of(weeks)
    demand = traffic(rng, weeks=weeks, growth=growth, noise=noise)
    cut = demand.shape[1] - 4 * SEASON
    y, restored, suppressed, censored = restore(demand, 1900 * (1 + growth) ** (cut / 8736), grid)
    busy = censored & (np.arange(demand.shape[1]) >= cut)
    days = busy[:, cut:].reshape(len(y), 28, 24).any(axis=2)[:, np.arange(28) % 7 < 5]
    assert days.mean() > 0.85
    before, after = (np.abs(values - demand)[busy].mean() for values in (y, restored))
    assert after * gain < before
    assert abs((restored - demand)[busy].mean()) < 0.25 * (demand - y)[busy].mean()
    np.testing.assert_array_equal(restored[~censored], y[~censored])
    np.testing.assert_allclose(restored, y + suppressed, rtol=1e-6)


def test_a_holiday_in_the_cut_weeks_pulls_nothing_down():
    rng, grid = np.random.default_rng(0), grid_of(20)
    demand = traffic(rng, weeks=20, growth=0.6, noise=0.06)
    off = np.zeros(demand.shape, bool)
    for day in (17 * 7 + 1, 18 * 7 + 4, 19 * 7 + 1):
        off[:, 24 * day : 24 * (day + 1)] = True
    demand = np.where(off, 0.4 * demand, demand)
    bound = 1900 * 1.6 ** (16 / 52)
    flagged, unflagged = restore(demand, bound, grid, special=off), restore(demand, bound, grid)
    for _, restored, _, censored in (flagged, unflagged):
        assert np.abs(restored - demand)[censored].mean() < np.abs(np.minimum(demand, bound) - demand)[censored].mean()
    assert abs((flagged[1] - demand)[flagged[3]].mean()) < abs((unflagged[1] - demand)[flagged[3]].mean())


def test_the_restored_mean_is_that_of_a_lognormal_beyond_the_bound():
    """Steady noise around one level: by integration, E[Y | Y >= c] = int_c y f(y) dy / P(Y >= c)."""
    rng, weeks, spread = np.random.default_rng(0), 400, 0.2
    demand = 50 * np.exp(spread * rng.standard_normal((1, weeks * 24)))
    for bound in (50.0, 55.0, 65.0):
        _, restored, _, censored = restore(demand, bound, grid_of(weeks, 24))
        parameters = lognorm(s=spread, scale=50)
        mean = quad(lambda y: y * parameters.pdf(y), bound, np.inf)[0] / parameters.sf(bound)  # noqa: B023
        np.testing.assert_allclose(restored[censored].mean(), mean, rtol=0.015)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    season=st.sampled_from([1, 7, 24]),
    weeks=st.integers(1, 30),
    share=st.floats(0, 1),
    noise=st.sampled_from([0.0, 0.01, 0.3, 2.0]),
)
def test_nothing_is_lowered_or_raised_beyond_the_most_or_touched_without_being_censored(
    seed, season, weeks, share, noise
):
    rng, grid = np.random.default_rng(seed), grid_of(weeks, season)
    shape = (4, weeks * season)
    y = np.exp(noise * rng.standard_normal(shape)).astype(np.float32) * 10
    y[rng.random(shape) < 0.05] = 0
    y[rng.random(shape) < 0.1] = np.nan
    censored = (rng.random(shape) < share) & np.isfinite(y)
    censored[0] = False
    given_y = y.copy()
    restored, suppressed = restore_demand(y, censored, grid, special=rng.random(shape) < 0.1)
    np.testing.assert_array_equal(y, given_y)
    assert restored.dtype == suppressed.dtype == np.float32
    np.testing.assert_array_equal(restored[~censored], y[~censored])
    assert (restored[censored] >= y[censored]).all()
    assert (restored[censored] <= np.float32(MOST) * y[censored] * (1 + 1e-6)).all()
    assert (suppressed[~censored] == 0).all()
    assert np.isfinite(suppressed).all()


def test_units_and_the_other_series_make_no_difference(monkeypatch):
    demand = traffic(np.random.default_rng(1), weeks=10, growth=1.0, noise=0.1)
    _, restored, _, _ = restore(demand, 1950.0, grid_of(10))
    _, larger, _, _ = restore(1024 * demand, 1024 * 1950.0, grid_of(10))
    np.testing.assert_allclose(larger, 1024 * restored, rtol=1e-5)
    monkeypatch.setattr(censoring, "_CELLS", 1)
    np.testing.assert_array_equal(restore(demand, 1950.0, grid_of(10))[1], restored)


def test_a_slot_that_is_always_cut_is_judged_by_the_slots_beside_it():
    rng, grid = np.random.default_rng(0), grid_of(12, 24)
    shape = 100 + 40 * np.cos(2 * np.pi * (np.arange(12 * 24) % 24 - 14) / 24)
    demand = np.tile(shape * np.exp(0.02 * rng.standard_normal(12 * 24)), (2, 1))
    y, restored, _, censored = restore(demand, np.where(np.arange(288) % 24 == 14, 120.0, 999.0), grid)
    assert censored.sum() == 24
    # between 13 and 15 o'clock, which have 100 + 40 cos 15 degrees
    np.testing.assert_allclose(restored[censored], 138.6, rtol=0.03)
    assert (y[censored] == 120).all()


def test_working_days_that_are_always_cut_are_not_guessed_at_from_their_weekends():
    """Daily peaks: a bound of 985 all week, quiet weekends. Demand is above it; how far, nothing tells."""
    day = np.arange(26 * 7)
    noise = np.exp(0.04 * np.random.default_rng(0).standard_normal((1, len(day))))
    demand = np.where(day % 7 < 5, 1150.0, 640.0) * noise
    y, restored, _, censored = restore(demand, 985.0, grid_of(26, 7))
    assert censored.sum() == 5 * 26
    assert ((restored / y)[censored] > 1.01).all()
    assert ((restored / y)[censored] < 1.08).all()


def test_a_week_that_is_cut_throughout_is_judged_by_the_weeks_beside_it():
    rng, grid = np.random.default_rng(0), grid_of(12, 24)
    demand = 100 * np.exp(0.02 * rng.standard_normal((1, 288)))
    _, restored, _, censored = restore(demand, np.where(grid.cycle == 11, 80.0, 999.0), grid)
    assert censored.sum() == 24
    np.testing.assert_allclose(restored[censored], 100, rtol=0.03)


def test_a_series_with_less_than_a_season_of_other_values_is_left_as_it_is():
    demand = traffic(np.random.default_rng(0), weeks=4, growth=0.6, noise=0.1, n=2)
    censored = np.arange(4 * SEASON) >= SEASON - 1
    y = demand.astype(np.float32)
    restored, suppressed = restore_demand(y, np.tile(censored, (2, 1)), grid_of(4), special=np.zeros(y.shape, bool))
    np.testing.assert_array_equal(restored, y)
    assert not suppressed.any()


def test_both_values_of_the_hour_that_autumn_repeats_are_restored():
    grid = grid_of(20, 24)
    slot, cycle = np.insert(grid.slot, 250, grid.slot[249]), np.insert(grid.cycle, 250, grid.cycle[249])
    demand = 100 * np.exp(0.05 * np.random.default_rng(0).standard_normal((1, len(slot))))
    bound = np.where(np.isin(np.arange(len(slot)), [249, 250]), 70.0, 999.0)
    _, restored, _, _ = restore(demand, bound, Grid(slot, cycle, 24))
    np.testing.assert_allclose(restored[0, 249:251], 100, rtol=0.05)
