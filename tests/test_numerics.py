"""Special functions against scipy's own distributions."""

import numpy as np
import pytest
from scipy import stats

from forecasting.numerics import DEVIATION_TO_MAD, MAD_TO_DEVIATION, in_full, inverse_mills, log_poisson, sample_rows


def test_log_poisson_is_that_of_scipy_for_small_and_large_counts():
    count, mean = (grid.ravel() for grid in np.meshgrid([0.0, 1, 7, 15, 16, 40, 1000], [1e-3, 0.7, 15.5, 40, 990]))
    np.testing.assert_allclose(log_poisson(count, mean), stats.poisson.logpmf(count, mean), rtol=1e-12, atol=1e-12)


def test_log_poisson_loses_nothing_where_count_and_mean_are_large_and_close():
    # at its mean a Poisson probability is 1 / sqrt(2 pi n) (1 - 1 / (12 n) + ...)
    count = np.array([1e6, 1e9, 1e12])
    expected = -np.log(2 * np.pi * count) / 2 - 1 / (12 * count)
    np.testing.assert_allclose(log_poisson(count, count), expected, rtol=1e-14)


def test_inverse_mills_is_the_mean_of_a_normal_tail():
    bound = np.array([-5.0, -1, 0, 0.5, 3, 8])
    np.testing.assert_allclose(inverse_mills(bound), stats.truncnorm.mean(bound, np.inf), rtol=1e-9)
    # far out it is the bound and a little more
    assert inverse_mills(1e3) == pytest.approx(1e3 + 1e-3, rel=1e-9)
    assert inverse_mills(-40.0) == 0


def test_mad_constants_are_each_others_inverse():
    assert pytest.approx(stats.norm.ppf(0.75), abs=1e-4) == DEVIATION_TO_MAD
    assert pytest.approx(1 / stats.norm.ppf(0.75), abs=1e-4) == MAD_TO_DEVIATION


def test_sample_of_rows_is_ascending_without_repeats_and_always_the_same():
    np.testing.assert_array_equal(sample_rows(5, 5), np.arange(5))
    rows = sample_rows(10_000, 300)
    assert len(np.unique(rows)) == 300
    assert (np.diff(rows) > 0).all()
    assert len(np.unique(rows % 24)) == 24
    np.testing.assert_array_equal(rows, sample_rows(10_000, 300))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (14055.0, "14,055"),
        (1e6, "1,000,000"),
        (4.8, "4.8"),
        (0.7, "0.7"),
        (0.000123456, "0.0001235"),
        (0, "0"),
        (-1234.5, "-1,234"),
    ],
)
def test_numbers_are_written_in_full(value, text):
    assert in_full(value) == text
    assert in_full(120.4, digits=2) == "120"
    assert in_full(1234.5, digits=3, sign=True) == "+1,234"
    assert in_full(-50.0, sign=True) == "-50"
