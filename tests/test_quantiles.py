"""Laws of quantile arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri

from forecasting.quantiles import LEVELS, Tails, mean_of_quantiles, pinball, scores_at, sort_quantiles

numbers = st.floats(-1e6, 1e6, width=32)
forecasts = arrays(np.float64, (5, 7), elements=numbers)


@given(forecasts, arrays(np.float64, 5, elements=numbers))
def test_sorting_never_worsens_the_pinball_loss(forecast, y):
    before, after = pinball(y, forecast).sum(axis=1), pinball(y, sort_quantiles(forecast)).sum(axis=1)
    assert (after <= before + 1e-6 * (1 + np.abs(before))).all()


@given(forecasts)
def test_sorted_quantiles_do_not_cross_and_keep_the_lower_bound(forecast):
    ordered = sort_quantiles(forecast, lower=0.0)
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert (ordered >= 0).all()


def test_pinball_is_the_naive_loop():
    y, forecast = 3.0, np.array([1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 9.0])
    expected = [level * (y - q) if y >= q else (1 - level) * (q - y) for level, q in zip(LEVELS, forecast, strict=True)]
    np.testing.assert_allclose(pinball(np.array(y), forecast), expected)


def test_mean_of_a_uniform_distribution_is_its_middle():
    np.testing.assert_allclose(mean_of_quantiles(10 + 4 * LEVELS), 12.0)


def test_mean_of_a_skewed_distribution_lies_above_its_median():
    exponential = -np.log(1 - LEVELS)
    assert mean_of_quantiles(exponential) > exponential[3]
    assert mean_of_quantiles(exponential) == pytest.approx(1.0, abs=0.1)


@given(forecasts, st.floats(0.1, 10), numbers)
def test_mean_moves_and_stretches_with_the_quantiles(forecast, factor, shift):
    ordered = sort_quantiles(forecast)
    moved = mean_of_quantiles(factor * ordered + shift)
    np.testing.assert_allclose(moved, factor * mean_of_quantiles(ordered) + shift, rtol=1e-6, atol=1e-3)


@given(forecasts, st.integers(2, 60))
def test_scores_at_never_fall_as_the_probability_rises(forecast, count):
    ordered = sort_quantiles(forecast)
    values = scores_at(ordered, count)
    assert values.shape == (5, count)
    assert (np.diff(values, axis=1) >= -1e-9 * (1 + np.abs(ordered).max())).all()


def test_scores_at_are_those_of_a_normal_distribution_far_into_its_tails():
    normal = (10 + 4 * ndtri(LEVELS)).astype(np.float32)
    found = scores_at(normal[None], 999)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], 10 + 4 * ndtri((np.arange(999) + 0.5) / 999), rtol=1e-5, atol=1e-5)


@given(forecasts, st.integers(2, 60), st.floats(0.1, 3), st.floats(0.1, 3))
def test_with_tails_scores_never_fall_either_and_change_only_beyond_the_quantiles(forecast, count, low, high):
    ordered = sort_quantiles(forecast)
    values, usual = scores_at(ordered, count, Tails(low, high)), scores_at(ordered, count)
    assert (np.diff(values, axis=1) >= -1e-9 * (1 + np.abs(ordered).max())).all()
    probability = (np.arange(count) + 0.5) / count
    inside = (probability >= LEVELS[0]) & (probability <= LEVELS[-1])
    np.testing.assert_array_equal(values[:, inside], usual[:, inside])


def test_excesses_over_the_outermost_quantiles_are_exponential_with_the_means_of_the_tails():
    forecast = 10 + 4 * ndtri(LEVELS)
    found = (scores_at(forecast[None], 100_000, Tails(low=0.5, high=2.0))[0] - 10) / 4
    for side, mean in ((-1, 0.5), (1, 2.0)):
        excess = side * found[side * found > ndtri(0.95)] - ndtri(0.95)
        assert excess.mean() == pytest.approx(mean, rel=0.01)
        assert (excess > 2 * mean).mean() == pytest.approx(np.exp(-2), rel=0.01)


@given(forecasts)
def test_scores_at_the_levels_are_the_quantiles(forecast):
    ordered = sort_quantiles(forecast)
    found = scores_at(ordered, 10)  # at 0.05, 0.15 ...: two levels lie among them
    np.testing.assert_allclose(found[:, [0, 9]], ordered[:, [0, 6]], atol=1e-9 * (1 + np.abs(ordered).max()))
