"""Calls of a pool in an interval: the spread of their rate, and the luck of single calls."""

import numpy as np
import pytest
from scipy.stats import poisson

from forecasting.planning.staffing.loads import PoolLoad, call_quantiles
from forecasting.terms import QUANTILES
from tests.planning.staffing.loads import HALF_HOUR, make_pool

PATHS = 400


def pool_of(rates: np.ndarray) -> PoolLoad:
    """A pool of (H, S) calls in half an hour."""
    return make_pool(rates * 300.0 / HALF_HOUR)


@pytest.mark.parametrize("rate", [4.0, 30.0, 400.0])
def test_counts_of_a_rate_that_is_known_are_those_of_poisson(rate):
    found = call_quantiles(pool_of(np.full((1, PATHS), rate)), counts=True)[0]
    low, high = poisson.ppf(QUANTILES, rate) - 1, poisson.ppf(QUANTILES, rate) + 1
    assert ((found >= low) & (found <= high)).all()
    assert (np.diff(found) >= 0).all()


def test_amounts_have_the_spread_of_their_paths_alone():
    rates = np.random.default_rng(1).lognormal(3, 0.3, (3, PATHS))
    found = call_quantiles(pool_of(rates), counts=False)
    np.testing.assert_allclose(found, np.quantile(rates, QUANTILES, axis=1).T)
    assert (call_quantiles(pool_of(rates), counts=True)[:, -1] > found[:, -1]).all()


def test_an_interval_without_calls_has_none():
    assert call_quantiles(pool_of(np.zeros((1, PATHS))), counts=True).max() == 0
