import numpy as np

from forecasting.uncertainty.gaps import fill_gaps

CLOCK = np.tile(np.arange(3), 4)


def make_predicted() -> np.ndarray:
    """One series of four days of three intervals, ascending through the day."""
    return (np.tile([10.0, 20.0, 30.0], 4)[None, :, None] + np.arange(7)).astype(np.float32)


def test_a_missing_forecast_is_that_of_the_same_time_of_other_days():
    predicted, is_open = make_predicted(), np.ones((1, 12), bool)
    whole = predicted.copy()
    predicted[0, [4, 7]] = np.nan
    np.testing.assert_allclose(fill_gaps(predicted, is_open, CLOCK), whole)
    assert np.isnan(predicted[0, 4]).all()


def test_a_time_of_day_that_is_never_known_takes_the_mean_of_the_series():
    predicted = make_predicted()
    predicted[0, CLOCK == 2] = np.nan
    found = fill_gaps(predicted, np.ones((1, 12), bool), CLOCK)
    np.testing.assert_allclose(found[0, 2], 15 + np.arange(7))


def test_closed_intervals_and_series_without_any_stay_missing():
    predicted = np.concatenate([make_predicted(), np.full((1, 12, 7), np.nan, np.float32)])
    predicted[0, 5] = np.nan
    is_open = np.ones((2, 12), bool)
    is_open[0, 5] = False
    found = fill_gaps(predicted, is_open, CLOCK)
    assert np.isnan(found[0, 5]).all()
    assert np.isnan(found[1]).all()
