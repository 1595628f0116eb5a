"""Laws of quantile arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.quantiles import LEVELS, mean_of_quantiles, pinball, sort_quantiles, values_at

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


def spread_ranks(count: int) -> np.ndarray:
    return np.broadcast_to((np.arange(count) + 0.5) / count, (5, count))


@given(forecasts)
def test_values_at_evenly_spread_ranks_have_the_mean_of_the_quantiles(forecast):
    ordered = sort_quantiles(forecast)
    mean, width = mean_of_quantiles(ordered), ordered[:, -1] - ordered[:, 0]
    found = values_at(ordered, spread_ranks(200)).mean(axis=1)
    np.testing.assert_allclose(found - mean, 0, atol=1e-9 + 1e-6 * width.max())


@given(forecasts, st.integers(2, 60))
def test_values_at_never_fall_as_the_rank_rises(forecast, count):
    ordered = sort_quantiles(forecast)
    values = values_at(ordered, spread_ranks(count))
    assert (np.diff(values, axis=1) >= -1e-9 * (1 + np.abs(ordered).max())).all()


@given(forecasts)
def test_values_at_the_levels_are_the_quantiles(forecast):
    ordered = sort_quantiles(forecast)
    found = values_at(ordered, np.broadcast_to(LEVELS, (5, 7)))
    np.testing.assert_allclose(found, ordered, atol=1e-9 * (1 + np.abs(ordered).max()))


def test_values_beyond_the_outermost_levels_continue_their_slopes():
    line = (10 + 4 * LEVELS).astype(np.float32)
    found = values_at(line[None], np.array([[0.001, 0.5, 0.999]], np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], [10.004, 12, 13.996], rtol=1e-5)
