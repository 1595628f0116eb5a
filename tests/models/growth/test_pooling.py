"""Means and spreads over series: what a stream was made with is found again, as far as its history shows it."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.models.growth.fit import shorten
from forecasting.models.growth.kalman import filter_states, look_ahead
from forecasting.models.growth.measure import clock_of
from forecasting.models.growth.model import GrowthParameters
from forecasting.models.growth.pooling import pool, usual_parameters
from forecasting.panel.grid import Panel, cut_panel
from tests.models.growth.growing_links import daily_panel, sample_of, steady_links


def spread_of(parameters: GrowthParameters) -> np.ndarray:
    """(E,) standard deviations of the effects over series."""
    return np.sqrt((parameters.shapes**2).sum(axis=1))


def test_means_and_spreads_over_series_are_found_again():
    sample = sample_of(steady_links(40, 500))
    parameters = usual = replace(
        usual_parameters(season=7, roughness=0.05), cycle=0.05, level_drift=1e-5, growth_deviation=0.01
    )
    for _ in range(6):
        parameters = pool(parameters, sample, usual)
    assert parameters.growth == pytest.approx(0.4, abs=0.08)
    assert parameters.spread == pytest.approx(0.16, abs=0.05)
    weekend = parameters.pattern[5:7].mean() - parameters.pattern[:5].mean()
    assert weekend == pytest.approx(-0.3, abs=0.04)
    year = np.hypot(*parameters.pattern[8:].reshape(-1, 2).T)
    np.testing.assert_allclose(year[0], 0.1, atol=0.03)
    assert year[1:].max() < 0.03
    for part in (slice(0, 7), slice(8, None)):
        assert spread_of(parameters)[part].mean() < spread_of(usual)[part].mean()


def test_one_year_says_nothing_of_the_season_and_few_series_little_of_growth():
    usual = usual_parameters(season=7, roughness=0.05)
    parameters = pool(usual, sample_of(steady_links(3, 365)), usual)
    np.testing.assert_array_equal(parameters.pattern[7:], 0)
    np.testing.assert_allclose(spread_of(parameters)[7:], spread_of(usual)[7:])
    assert usual.growth < parameters.growth < 0.35


def test_two_months_leave_the_spread_of_growth_nearly_as_it_is_usual():
    usual = usual_parameters(season=7, roughness=0.05)
    parameters = pool(usual, sample_of(steady_links(40, 60)), usual)
    assert parameters.spread > 0.8 * usual.spread


def test_of_what_was_never_seen_nothing_is_learned():
    usual = usual_parameters(season=7, roughness=0.05)
    sample = sample_of(steady_links(40, 400))
    nothing = np.zeros_like(sample.measured.seen)
    parameters = pool(usual, replace(sample, measured=replace(sample.measured, seen=nothing)), usual)
    np.testing.assert_allclose(parameters.pattern, 0, atol=1e-12)
    np.testing.assert_allclose(spread_of(parameters), spread_of(usual))


def closing(n: int, days: int) -> tuple[Panel, np.ndarray]:
    """Links, and (n,) which of them are empty on weekends and, once a year, for three weeks from day 200 on."""
    empties, day = np.arange(n) % 2 == 0, np.arange(days)
    drop = np.where(day % 7 >= 5, -0.4, 0.0) + np.where((day % 365 >= 200) & (day % 365 < 221), -0.6, 0.0)
    noise = 0.05 * np.random.default_rng(4).standard_normal((n, days))
    return daily_panel(100 * np.exp(noise + empties[:, None] * drop), days=days), empties


def test_a_shape_of_the_year_is_as_sharp_as_other_series_show_it_and_goes_with_the_week():
    panel, empties = closing(24, 800)
    parameters = usual = usual_parameters(season=7, roughness=0.05)
    for _ in range(6):
        parameters = pool(parameters, sample_of(panel), usual)
    young = sample_of(cut_panel(panel, at=150, length=70))
    parameters, whole = shorten(parameters), clock_of(panel, slice(panel.n_history))
    (state,) = filter_states(parameters, young.clock, young.measured, marks=(150,))
    predicted, _ = look_ahead(parameters, state, whole.take(np.arange(150, 220)), young.measured.roughness)
    hole = predicted[54:68].mean(axis=0) - predicted[26:40].mean(axis=0)
    assert hole[empties].mean() < -0.4
    assert abs(hole[~empties].mean()) < 0.1
