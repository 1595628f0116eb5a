"""Factors on forecasts: exact, in order, and without a trace where there are none."""

import numpy as np

from forecasting.ensemble.factors import apply_factors, remove_factors


def test_a_factor_of_one_leaves_a_value_to_the_last_bit_and_others_are_exact():
    paths = np.random.default_rng(1).gamma(2.0, 5.0, (3, 4, 50)).astype(np.float32)
    factors = np.ones((3, 4))
    factors[1, 2], factors[2] = 1.5, 0.0
    scaled = apply_factors(paths, [factors])
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled[0], paths[0])
    np.testing.assert_array_equal(scaled[1, [0, 1, 3]], paths[1, [0, 1, 3]])
    np.testing.assert_allclose(scaled[1, 2], 1.5 * paths[1, 2])
    assert not scaled[2].any()


def test_layers_multiply_in_their_order_and_none_changes_nothing():
    mean = np.full((2, 3), 10.0, np.float32)
    layers = [np.full((2, 3), 1.5), np.full((2, 3), 0.5)]
    np.testing.assert_allclose(apply_factors(mean, layers), 7.5)
    assert apply_factors(mean, []) is mean


def test_what_was_multiplied_can_be_taken_back_except_from_zero():
    quantiles, factors = np.array([[[1.0, 2.0], [0.0, 0.0]]]), np.array([[1.5, 0.0]])
    np.testing.assert_allclose(remove_factors(apply_factors(quantiles, [factors]), factors), quantiles)
