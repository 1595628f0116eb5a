import numpy as np

from forecasting.uncertainty.gaps import fill_gaps

CLOCK = np.tile(np.arange(3), 4)


def make_said() -> np.ndarray:
    """One series of four days of three intervals, ascending through the day."""
    return (np.tile([10.0, 20.0, 30.0], 4)[None, :, None] + np.arange(7)).astype(np.float32)


def test_a_missing_forecast_is_that_of_the_same_time_of_other_days():
    said, is_open = make_said(), np.ones((1, 12), bool)
    whole = said.copy()
    said[0, [4, 7]] = np.nan
    np.testing.assert_allclose(fill_gaps(said, is_open, CLOCK), whole)
    assert np.isnan(said[0, 4]).all()


def test_a_time_of_day_that_is_never_known_takes_the_mean_of_the_series():
    said = make_said()
    said[0, CLOCK == 2] = np.nan
    found = fill_gaps(said, np.ones((1, 12), bool), CLOCK)
    np.testing.assert_allclose(found[0, 2], 15 + np.arange(7))


def test_closed_intervals_and_series_without_any_stay_missing():
    said = np.concatenate([make_said(), np.full((1, 12, 7), np.nan, np.float32)])
    said[0, 5] = np.nan
    is_open = np.ones((2, 12), bool)
    is_open[0, 5] = False
    found = fill_gaps(said, is_open, CLOCK)
    assert np.isnan(found[0, 5]).all()
    assert np.isnan(found[1]).all()
