"""Variance of the rates behind counts: many calls show their own, few calls that of their series and stream."""

import numpy as np
import pytest

from forecasting.uncertainty.paths import SPREAD_ERROR, rate_variance


def counts(mean: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """Variance of counts whose rates vary by a share: m + r m^2."""
    return mean + share * mean**2


def test_a_stream_whose_rates_vary_alike_is_taken_at_its_word():
    mean = np.array([[0.5, 3.0, 40.0], [7.0, 100.0, 2.0]])
    np.testing.assert_allclose(rate_variance(mean, counts(mean, 0.04)), 0.04 * mean**2, rtol=1e-9)


def test_plain_poisson_counts_and_less_have_rates_that_are_certain():
    mean = np.array([[0.5, 3.0, 40.0], [7.0, 100.0, 2.0]])
    np.testing.assert_array_equal(rate_variance(mean, mean), 0)
    np.testing.assert_array_equal(rate_variance(mean, 0.5 * mean), 0)


def test_few_calls_take_what_the_series_shows_halfway_to_the_stream():
    """Two series of equal mass: each is drawn as far to their mean as its own mass counts, that is by half."""
    mean = np.full((2, 4), 0.1)
    found = rate_variance(mean, counts(mean, np.array([[0.02], [0.08]])))
    np.testing.assert_allclose(found, np.array([[0.035], [0.065]]) * mean**2, rtol=1e-3)


def test_one_busy_interval_is_believed_and_a_quiet_one_is_not():
    mean = np.array([[1e4, 1e4, 1e4, 1e4, 0.1]])
    variance = counts(mean, 0.04)
    variance[0, 0], variance[0, 4] = counts(mean[0, 0], 0.08), 2 * mean[0, 4]
    found = rate_variance(mean, variance)[0] / mean[0] ** 2
    usual = 0.05
    busy = usual**2 / (usual**2 + (SPREAD_ERROR * 0.08) ** 2)
    assert found[0] == pytest.approx(usual + busy * (0.08 - usual), rel=1e-2)
    assert found[4] == pytest.approx(usual, rel=0.05)


def test_a_small_series_is_drawn_to_a_stream_of_large_ones():
    mean = np.vstack([np.full((9, 4), 30.0), np.full((1, 4), 0.3)])
    share = np.vstack([np.full((9, 1), 0.05), np.full((1, 1), 0.5)])
    found = rate_variance(mean, counts(mean, share))
    np.testing.assert_allclose(found[9] / mean[9] ** 2, 0.05, rtol=0.05)


def test_closed_intervals_have_none():
    mean = np.array([[0.0, 20.0], [0.0, 0.0]])
    found = rate_variance(mean, counts(mean, 0.1))
    np.testing.assert_array_equal(found[mean == 0], 0)
    assert found[0, 1] == pytest.approx(40.0)
