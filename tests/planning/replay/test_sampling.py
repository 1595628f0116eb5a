import numpy as np
import pytest

from forecasting.errors import SettingsError
from forecasting.planning.replay.sampling import sample_arrivals, sample_exponential

DRAWS = 200_000


def make_generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_arrivals_are_poisson_in_each_interval_uniform_within_and_in_order():
    expected, bounds = np.array([3.0, 0.0, 40.0]), np.array([-100.0, 0.0, 900.0, 1000.0])
    generator = make_generator()
    days = [sample_arrivals(expected, bounds, generator=generator) for _ in range(2000)]
    counts = np.array([np.histogram(day, bounds)[0] for day in days])
    for day in days:
        assert (np.diff(day) >= 0).all()
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=4 * np.sqrt(40 / 2000))
    np.testing.assert_allclose(counts.var(axis=0), expected, rtol=0.15)
    late = np.concatenate(days)
    np.testing.assert_allclose(late[late >= 900].mean(), 950, atol=4 * 29 / np.sqrt(80_000))


def test_exponential_seconds_have_their_mean_as_spread():
    drawn = sample_exponential(180.0, count=DRAWS, generator=make_generator())
    np.testing.assert_allclose([drawn.mean(), drawn.std()], 180, rtol=0.01)


def test_each_call_may_have_its_own_mean_and_endless_or_no_patience():
    drawn = sample_exponential(np.array([np.inf, 0.0, 5.0]), count=3, generator=make_generator())
    np.testing.assert_array_equal(drawn[:2], [np.inf, 0])
    assert 0 < drawn[2] < np.inf


def test_the_same_seed_draws_the_same_calls():
    first, second = (sample_arrivals(np.array([9.0]), np.array([0.0, 1.0]), generator=make_generator()) for _ in "ab")
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (lambda g: sample_arrivals(np.array([1.0, -2.0]), np.arange(3.0), generator=g), "mean calls.*found -2"),
        (lambda g: sample_arrivals(np.array([np.nan]), np.arange(2.0), generator=g), "mean calls.*found nan"),
        (lambda g: sample_exponential(-1.0, count=3, generator=g), "mean seconds.*found -1"),
    ],
)
def test_impossible_means_are_refused(draw, text):
    with pytest.raises(SettingsError, match=text):
        draw(make_generator())
