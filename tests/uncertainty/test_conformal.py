import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import MEDIAN, QUANTILES
from forecasting.uncertainty.conformal import DAY_SERIES, EVIDENCE, LARGEST, SMALLEST, learn_factors, widen

NORMAL = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645])
HOURS = 4


def demand(days: int, seed: int = 0) -> np.ndarray:
    return 10 + np.random.default_rng(seed).normal(size=days * HOURS)


def forecast(days: int, width: float = 1.0) -> np.ndarray:
    return np.broadcast_to(10 + width * NORMAL, (days * HOURS, 7))


def learn(y, quantiles, *, group=0, lead=0, series=0, day=None, shape=(1, 1)):
    rows = np.zeros(len(y), dtype=np.int64)
    day = np.arange(len(y)) // HOURS if day is None else day
    return learn_factors(
        y, quantiles, group=rows + group, lead=rows + lead, series=rows + series, day=rows + day, shape=shape
    )


def test_a_calibrated_forecast_is_left_as_it_is():
    factors = np.mean([learn(demand(1500, seed), forecast(1500)) for seed in range(5)], axis=0)
    np.testing.assert_allclose(factors, 1, atol=0.04)


@pytest.mark.parametrize("width", [0.5, 0.7, 1.5, 2.0])
def test_after_calibration_a_forecast_covers_what_it_promises_on_fresh_days(width):
    factors = learn(demand(2000), forecast(2000, width))[0, 0]
    judged = np.delete(factors, MEDIAN)
    assert (judged > 1).all() if width < 1 else (judged < 1).all()
    fresh, predicted = demand(5000, seed=9), widen(forecast(5000, width), factors)
    held = (fresh[:, None] <= predicted).mean(axis=0)
    np.testing.assert_allclose(held, QUANTILES, atol=0.03)


def test_both_ends_of_an_interval_have_one_factor_and_skewed_demand_is_held_by_it():
    y = demand(3000)
    skewed = np.where(y > 10, 10 + 2 * (y - 10), y)
    factors = learn(skewed, forecast(3000))[0, 0]
    np.testing.assert_array_equal(factors, factors[::-1])
    predicted = widen(forecast(3000), factors)
    held = ((skewed >= predicted[:, 1]) & (skewed <= predicted[:, 5])).mean()
    assert held == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("drift", [-3.0, 3.0])
def test_demand_that_went_up_or_down_does_not_move_the_mean(drift):
    predicted = forecast(2000)
    after = widen(predicted, learn(demand(2000) + drift, predicted)[0, 0])
    np.testing.assert_allclose(mean_of_quantiles(after), mean_of_quantiles(predicted), rtol=1e-6)
    assert (after[:, -1] > predicted[:, -1]).all()


def test_thin_evidence_moves_factors_less_and_always_toward_what_it_shows():
    found = [learn(demand(days), forecast(days, 0.5))[0, 0, -1] for days in (5, 50, 1000)]
    assert 1 < found[0] < found[1] < found[2] < 2.1
    assert found[0] < 2 ** (2 * 5 / (5 + EVIDENCE)) * 1.1


def test_the_hours_of_a_day_are_one_piece_of_evidence():
    y, predicted = demand(50), forecast(50, 0.5)
    apart, together = (learn(y, predicted, day=day)[0, 0, -1] for day in (np.arange(200), np.arange(200) // 40))
    assert apart > together > 1


def test_the_series_of_a_day_are_more_evidence_than_one_but_not_without_end():
    y, predicted, places = demand(500), forecast(500, 0.5), np.arange(500 * HOURS)
    day = places % 5
    found = [
        learn(y, predicted, day=day, series=places // 5 % n)[0, 0, -1] for n in (1, 2, DAY_SERIES, 10 * DAY_SERIES)
    ]
    assert 1 < found[0] < found[1] < found[2]
    assert found[2] == pytest.approx(found[3], rel=1e-9)


def test_no_evidence_changes_nothing():
    factors = learn_factors(
        np.empty(0),
        np.empty((0, 7)),
        group=np.empty(0, np.int64),
        lead=np.empty(0, np.int64),
        series=np.empty(0, np.int64),
        day=np.empty(0, np.int64),
        shape=(3, 2),
    )
    np.testing.assert_array_equal(factors, np.ones((3, 2, 7)))


def test_groups_and_days_ahead_have_factors_of_their_own_and_lend_them_where_there_is_no_evidence():
    days = 3000
    place = np.arange(days * HOURS) // HOURS
    group, lead = place % 2, place // 2 % 2
    spread = np.where(group == 0, np.where(lead == 0, 1.0, 2.0), 0.6)
    y = 10 + spread * (demand(days) - 10)
    factors = learn(y, forecast(days), group=group, lead=lead, shape=(3, 3))
    upper = factors[..., -1]
    np.testing.assert_allclose(upper[0, :2], [1.0, 1.8], atol=0.15)
    np.testing.assert_allclose(upper[1, :2], 0.65, atol=0.1)
    assert upper[0, 0] < upper[0, 2] < upper[0, 1]
    assert upper[1, 0] < upper[2, 0] < upper[0, 1]
    np.testing.assert_array_equal(factors[2, 0], factors[2, 2])
    assert upper[1, 2] < 0.9 * upper[2, 2]


def test_the_mean_is_never_moved_and_of_symmetric_forecasts_nor_is_the_median():
    factors = learn(demand(300), forecast(300, 0.3))
    assert (factors[..., MEDIAN] == 1).all()
    predicted = forecast(10)
    np.testing.assert_allclose(widen(predicted, factors[0, 0])[:, MEDIAN], predicted[:, MEDIAN], rtol=1e-12)


def test_factors_keep_within_bounds_however_wrong_a_forecast_was():
    for width in (1e-2, 1e6):
        factors = learn(demand(3000), forecast(3000, width))
        assert (factors >= SMALLEST).all()
        assert (factors <= LARGEST).all()


def test_quantiles_that_lie_on_the_median_say_nothing_of_their_width():
    y = np.where(np.arange(400) % 10 == 0, 1.0, 0.0)
    factors = learn(y, np.zeros((400, 7)))
    np.testing.assert_array_equal(factors, 1)


def test_the_order_of_rows_does_not_matter():
    y, predicted = demand(100), forecast(100, 0.7)
    day, group = np.arange(400) // HOURS, np.arange(400) % 2
    order = np.random.default_rng(0).permutation(400)
    one = learn(y, predicted, group=group, day=day, shape=(2, 1))
    other = learn(y[order], predicted[order], group=group[order], day=day[order], shape=(2, 1))
    np.testing.assert_allclose(one, other)


@settings(max_examples=60, deadline=None)
@given(
    quantiles=st.lists(st.floats(0, 1e6, width=32), min_size=7, max_size=7),
    factors=st.lists(st.floats(SMALLEST, LARGEST), min_size=7, max_size=7),
)
def test_widening_keeps_order_type_sign_and_mean(quantiles, factors):
    before = np.sort(np.array([quantiles], dtype=np.float32))
    kept = before.copy()
    factors = np.array(factors)
    factors[MEDIAN] = 1
    after = widen(before, factors)
    assert after.dtype == np.float32
    assert (np.diff(after) >= 0).all()
    assert (after >= 0).all()
    mean = np.maximum(mean_of_quantiles(before), 0)
    if np.maximum(np.sort(before[:, 3:4] + (before - before[:, 3:4]) * factors), 0).any():
        np.testing.assert_allclose(np.maximum(mean_of_quantiles(after), 0), mean, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(before, kept)


def test_widening_by_one_changes_nothing_and_by_more_moves_every_quantile_away_from_the_median():
    predicted = forecast(3)
    np.testing.assert_allclose(widen(predicted, np.ones(7)), predicted)
    wide = widen(predicted, np.full(7, 2.0))
    np.testing.assert_allclose(wide, forecast(3, 2.0))
