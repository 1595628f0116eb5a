"""The noise of counts against its definition, and their coverage against distributions that are known exactly."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.evaluation.counts import count_pit, poisson_deviation, share_inside
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import QUANTILES

RATES = np.geomspace(0.2, 50, 40)


@functools.cache
def poisson_mass(rate):
    """P(X = k) for k = 0, 1, ... by the recursion, as far as it matters."""
    mass = [math.exp(-rate)]
    for count in range(1, int(rate + 20 * math.sqrt(rate) + 40)):
        mass.append(mass[-1] * rate / count)
    return np.array(mass)


@functools.cache
def negative_binomial_mass(rate, size):
    """P(X = k) of a gamma mixture of Poissons: mean `rate`, variance rate + rate^2 / size."""
    mass = [(size / (size + rate)) ** size]
    for count in range(1, 4000):
        mass.append(mass[-1] * (count - 1 + size) / count * rate / (size + rate))
    return np.array(mass)


def exact_quantiles(mass):
    """The smallest counts that reach the published levels."""
    return np.searchsorted(np.cumsum(mass), np.array(QUANTILES) - 1e-12).astype(float)


def expected_coverage(mass, quantiles, mean, *, coverage):
    """What the share inside comes to on average over counts drawn from `mass`."""
    y = np.arange(len(mass), dtype=float)
    low, high = count_pit(y, np.tile(quantiles, (len(y), 1)), np.full(len(y), mean))
    return float(mass @ share_inside(low, high, coverage=coverage))


@pytest.mark.parametrize(
    ("rate", "percent"),
    [
        (0.4, 100.0),
        (2, 54.1),
        (5, 35.1),
        (10, 25.0),
        (25, 15.9),
        (50, 11.3),
        (100, 8.0),
        (200, 5.6),
        (500, 3.6),
        (1000, 2.5),
        (5000, 1.1),
    ],
)
def test_the_noise_floor_of_poisson_calls_is_as_published(rate, percent):
    assert round(float(100 * poisson_deviation(rate) / rate), 1) == percent


@given(rate=st.floats(0, 120) | st.floats(15, 25))
def test_the_poisson_deviation_is_the_least_mean_error_of_any_constant(rate):
    mass = poisson_mass(rate)
    errors = np.abs(np.subtract.outer(np.arange(len(mass)), np.arange(len(mass)))) @ mass
    np.testing.assert_allclose(poisson_deviation(rate), errors.min(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("rate", [1e4, 1e6, 1e9])
def test_the_poisson_deviation_keeps_its_digits_at_large_rates(rate):
    # Stirling's series of 2 m e^-m m^m / m! at a whole m
    expected = math.sqrt(2 * rate / math.pi) * (1 - 1 / (12 * rate) + 1 / (288 * rate**2))
    np.testing.assert_allclose(poisson_deviation(rate), expected, rtol=1e-12)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
@pytest.mark.parametrize("rate", RATES)
def test_exact_quantiles_of_a_poisson_cover_what_they_promise_at_every_rate(rate, coverage):
    mass = poisson_mass(float(rate))
    assert expected_coverage(mass, exact_quantiles(mass), rate, coverage=coverage) == pytest.approx(coverage, abs=0.002)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
@pytest.mark.parametrize("size", [math.inf, 10, 3, 1])
def test_quantiles_alone_give_the_coverage_of_counts_on_average_over_rates(size, coverage):
    covered = []
    for rate in map(float, RATES):
        mass = poisson_mass(rate) if size == math.inf else negative_binomial_mass(rate, size)
        quantiles = exact_quantiles(mass)
        covered.append(expected_coverage(mass, quantiles, mean_of_quantiles(quantiles), coverage=coverage))
    assert np.mean(covered) == pytest.approx(coverage, abs=0.015)


def test_simulated_calls_are_covered_as_promised_where_plain_coverage_is_too_high():
    rng = np.random.default_rng(3)
    rate = rng.uniform(0.2, 3, 4000)
    quantiles = np.array([exact_quantiles(poisson_mass(float(value))) for value in rate])
    y = rng.poisson(rate).astype(float)
    low, high = count_pit(y, quantiles, rate)
    for coverage, (first, last) in ((0.8, (1, 5)), (0.9, (0, 6))):
        plain = ((y >= quantiles[:, first]) & (y <= quantiles[:, last])).mean()
        assert plain > coverage + 0.05
        assert share_inside(low, high, coverage=coverage).mean() == pytest.approx(coverage, abs=0.015)


def test_too_narrow_and_too_wide_forecasts_are_distinguished():
    rate = 8.0
    mass, quantiles = poisson_mass(rate), exact_quantiles(poisson_mass(rate))
    narrow, wide = (rate + (quantiles - rate) * factor for factor in (0.5, 1.6))
    assert expected_coverage(mass, narrow, rate, coverage=0.8) < 0.55
    assert expected_coverage(mass, wide, rate, coverage=0.8) > 0.92
    assert expected_coverage(mass, quantiles + 9, rate + 9, coverage=0.8) < 0.2


@settings(deadline=None)
@given(
    quantiles=st.lists(st.floats(0, 40), min_size=7, max_size=7).map(sorted),
    mean=st.floats(0, 60),
    far=st.integers(41, 10**6),
)
def test_the_distribution_of_a_count_keeps_every_published_level(quantiles, mean, far):
    y = np.append(np.arange(42.0), far)
    low, high = count_pit(y, np.tile(quantiles, (len(y), 1)), np.full(len(y), mean))
    assert low[0] == 0
    np.testing.assert_array_equal(low[1:-1], high[:-2])
    assert ((low <= high) & (high <= 1)).all()
    for level, quantile in zip(QUANTILES, np.rint(quantiles), strict=True):
        assert high[int(quantile)] >= level
        assert low[int(quantile)] < level
    for coverage in (0.8, 0.9):
        share = share_inside(low, high, coverage=coverage)
        assert ((share >= 0) & (share <= 1)).all()
        assert share[-1] < 0.01


def test_large_counts_are_covered_like_measurements():
    rng = np.random.default_rng(0)
    quantiles = np.sort(rng.normal(1e6, 1e4, (500, 7)), axis=1)
    y = np.rint(rng.normal(1e6, 1e4, 500))
    low, high = count_pit(y, quantiles, quantiles[:, 3])
    plain = (y >= quantiles[:, 1]) & (y <= quantiles[:, 5])
    np.testing.assert_allclose(share_inside(low, high, coverage=0.8), plain, atol=0.01)
