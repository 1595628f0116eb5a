"""Calibration of counts near zero, where many quantiles lie on the median."""

import numpy as np

from forecasting.terms import MEDIAN
from forecasting.uncertainty.conformal import learn_factors

NORMAL = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645])


def test_rows_without_width_do_not_hide_that_the_others_are_too_narrow():
    rows = 8_000
    y = 10 + np.random.default_rng(0).normal(size=rows)
    quantiles = np.where(np.arange(rows)[:, None] % 2, 10 + NORMAL / 2, 10.0)
    every = np.zeros(rows, dtype=np.int64)
    factors = learn_factors(
        *(y, quantiles), group=every, lead=every, series=every, day=np.arange(rows) // 4, shape=(1, 1)
    )
    np.testing.assert_allclose(np.delete(factors[0, 0], MEDIAN), 2.0, atol=0.15)
