"""Adjustments as factors, one after the other."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.planning.adjustments import Adjustment, adjust
from forecasting.terms import Operation

AT = datetime(2024, 1, 1, tzinfo=UTC)
ALL = np.ones((2, 3), bool)
MEAN = np.array([[10.0, 20.0, 0.0], [30.0, 20.0, 5.0]])


def one(operation: Operation, value: float) -> Adjustment:
    return Adjustment("a", AT, {}, AT, AT, operation, value)


@pytest.mark.parametrize(
    ("operation", "value", "together", "alone"),
    [
        (Operation.PERCENT, 15, [46, 46, 5.75], [[11.5, 23, 0], [34.5, 23, 5.75]]),
        (Operation.ADD, 8, [48, 48, 13], [[18, 28, 0], [38, 28, 13]]),
        (Operation.SET, 50, [50, 50, 50], [[50, 50, 0], [50, 50, 50]]),
        (Operation.FLOOR, 15, [40, 40, 15], [[15, 20, 0], [30, 20, 15]]),
        (Operation.CAP, 15, [15, 15, 5], [[10, 15, 0], [15, 15, 5]]),
    ],
)
def test_an_amount_is_that_of_all_series_together_where_values_add_up_and_of_each_else(
    operation, value, together, alone
):
    shared = adjust(MEAN, [one(operation, value)], [ALL], together=True)
    np.testing.assert_allclose((MEAN * shared.factors).sum(axis=0), together)
    # by what they have: siblings keep their shares
    np.testing.assert_allclose(shared.factors[0, :2], shared.factors[1, :2])
    each = adjust(MEAN, [one(operation, value)], [ALL], together=False)
    np.testing.assert_allclose(MEAN * each.factors, alone)


def test_adjustments_follow_each_other():
    steps = [one(Operation.PERCENT, 50), one(Operation.CAP, 30), one(Operation.ADD, 6)]
    found = adjust(MEAN, steps, [ALL] * 3, together=True)
    np.testing.assert_allclose((MEAN * found.factors).sum(axis=0), [36, 36, 13.5])


def test_what_is_out_of_scope_or_closed_stays_as_it_is():
    mean = MEAN.copy()
    mean[1, 0] = np.nan
    cells = np.array([[True, True, False], [True, False, False]])
    found = adjust(mean, [one(Operation.PERCENT, 10)], [cells], together=True)
    np.testing.assert_array_equal(found.factors, [[1.1, 1.1, 1], [1, 1, 1]])
    np.testing.assert_array_equal(found.touched[0], [[True, True, False], [False, False, False]])


def test_nothing_to_share_by_is_counted_and_left():
    found = adjust(MEAN[:1], [one(Operation.SET, 4)], [ALL[:1]], together=True)
    assert found.without_base == (1,)
    np.testing.assert_allclose(found.factors, [[0.4, 0.2, 1]])
    # zero stays zero whatever its cap
    assert adjust(MEAN[:1], [one(Operation.CAP, 4)], [ALL[:1]], together=True).without_base == (0,)


operations = st.sampled_from(list(Operation))


@given(
    st.lists(st.tuples(operations, st.floats(0.01, 200)), max_size=6),
    st.lists(st.lists(st.floats(0.1, 1e6), min_size=4, max_size=4), min_size=1, max_size=5),
)
def test_factors_are_finite_and_not_negative_and_sums_are_those_of_the_series(steps, mean):
    values = np.array(mean)
    made = [one(operation, value) for operation, value in steps]
    cells = [np.ones(values.shape, bool)] * len(made)
    found = adjust(values, made, cells, together=True)
    assert np.isfinite(found.factors).all()
    assert (found.factors >= 0).all()
    # what all have together is adjusted as one series would be
    total = values.sum(axis=0, keepdims=True)
    alone = adjust(total, made, [np.ones(total.shape, bool)] * len(made), together=True)
    np.testing.assert_allclose((values * found.factors).sum(axis=0), (total * alone.factors)[0], rtol=1e-9)
