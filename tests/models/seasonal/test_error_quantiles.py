"""Quantiles of few errors: their positions are level x (count + 1), which does not let coverage fall short."""

import numpy as np
import pytest

from forecasting.models.seasonal.member import MIN_ERRORS, _row_quantiles
from forecasting.terms import QUANTILES


def test_positions_lie_at_the_level_times_one_more_than_the_count():
    errors = np.random.default_rng(0).permutation(np.arange(1.0, 40)).astype(np.float32)
    np.testing.assert_allclose(_row_quantiles(errors[None], least=MIN_ERRORS)[0], 40 * np.array(QUANTILES), rtol=1e-6)


def test_rows_without_errors_enough_have_no_quantiles():
    errors = np.full((2, 30), np.nan, np.float32)
    errors[0, :19], errors[1, :20] = 1.0, 1.0
    quantiles = _row_quantiles(errors, least=MIN_ERRORS)
    assert np.isnan(quantiles[0]).all()
    np.testing.assert_array_equal(quantiles[1], np.ones(7))


@pytest.mark.parametrize("count", [20, 25])
def test_the_outermost_of_few_errors_end_the_tails(count):
    errors = np.arange(count, dtype=np.float32)[None]
    quantiles = _row_quantiles(errors, least=MIN_ERRORS)[0]
    assert quantiles[0] == pytest.approx(0.05 * (count + 1) - 1)
    assert quantiles[-1] == pytest.approx(min(0.95 * (count + 1) - 1, count - 1))
