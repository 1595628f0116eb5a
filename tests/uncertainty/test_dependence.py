import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.uncertainty.dependence import ASSUMED_DAY, ASSUMED_SERIES, Dependence, learn_dependence

HOURS, SPREAD = 24, 0.25
DAY_SHARE, DAY_MEMORY, HOUR_MEMORY, SERIES = 0.5, 0.5, 0.8, 0.4
HORIZON_DAYS = 14


def memory(generator: np.random.Generator, shape: tuple[int, int], of: float) -> np.ndarray:
    """Rows of standard normal numbers, each remembering the one before it."""
    drawn = generator.standard_normal(shape)
    for at in range(1, shape[1]):
        drawn[:, at] = of * drawn[:, at - 1] + np.sqrt(1 - of**2) * drawn[:, at]
    return drawn


def errors(generator: np.random.Generator, days: int) -> np.ndarray:
    """A factor of the day and what the hours remember of each other within it, of variance 1."""
    day = memory(generator, (1, days), DAY_MEMORY)[0][:, None]
    hours = memory(generator, (days, HOURS), HOUR_MEMORY)
    return (np.sqrt(DAY_SHARE) * day + np.sqrt(1 - DAY_SHARE) * hours).ravel()


def make_rates(mean: float, *, days: int, series: int = 6, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    shape = 1 + 0.3 * np.sin(np.arange(days * HOURS) * 2 * np.pi / HOURS)
    common = errors(generator, days)
    moved = [np.sqrt(SERIES) * common + np.sqrt(1 - SERIES) * errors(generator, days) for _ in range(series)]
    return np.maximum(mean * shape * (1 + SPREAD * np.array(moved)), 0.0)


def learn(y: np.ndarray, *, noise: np.ndarray | None = None, per_day: int = HOURS, observed=None) -> Dependence:
    return learn_dependence(
        y,
        np.ones(y.shape, bool) if observed is None else observed,
        season=7 * per_day,
        day=np.arange(y.shape[1]) // per_day,
        noise=y if noise is None else noise,
        horizon_days=HORIZON_DAYS,
    )


def counts(mean: float, *, days: int = 300, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + 100).poisson(make_rates(mean, days=days, seed=seed)).astype(np.float32)


def true_within() -> np.ndarray:
    return DAY_SHARE + (1 - DAY_SHARE) * HOUR_MEMORY ** np.arange(HOURS)


@pytest.mark.parametrize("mean", [1.0, 3.0, 300.0], ids=["a call an hour", "three", "hundreds"])
def test_what_moves_together_is_found_whatever_the_noise_of_counting(mean):
    found = [learn(counts(mean, seed=seed)) for seed in range(5)]
    within = np.mean([one.within for one in found], axis=0)
    np.testing.assert_allclose(within[:13], true_within()[:13], atol=0.12)
    between = np.mean([one.between for one in found], axis=0)
    np.testing.assert_allclose(between[1:4], DAY_SHARE * DAY_MEMORY ** np.arange(1, 4), atol=0.08)
    assert between[HORIZON_DAYS] < 0.1
    assert np.mean([one.series for one in found]) == pytest.approx(SERIES, abs=0.1)


def test_less_than_a_call_an_interval_still_tells_days_and_series_apart():
    found = learn(counts(0.3, days=600))
    assert found.between[1] < 0.5 < found.within[1]
    assert found.series < 0.75


def test_hours_that_do_not_move_together_are_found_so():
    generator = np.random.default_rng(0)
    rates = 50 * (1 + SPREAD * generator.standard_normal((5, 300 * HOURS)))
    found = learn(generator.poisson(np.maximum(rates, 0)).astype(float))
    assert found.within[1] < 0.1 > found.between[1]
    assert found.series < 0.1


@pytest.mark.parametrize("days", [0, 1, 27, 28])
def test_without_history_what_is_assumed_stands(days):
    found = learn(np.ones((3, days * HOURS)))
    assert found.within[0] == 1
    np.testing.assert_allclose(found.within[1:], ASSUMED_DAY)
    assert found.series == pytest.approx(ASSUMED_SERIES)
    assert np.isfinite(found.between).all()


def test_more_history_moves_further_from_what_is_assumed():
    apart = [abs(learn(counts(300.0, days=days)).within[12] - ASSUMED_DAY) for days in (28, 33, 300)]
    assert apart[0] == pytest.approx(0)
    assert apart[1] < apart[2] == pytest.approx(ASSUMED_DAY - true_within()[12], abs=0.08)


def test_a_burst_of_one_interval_does_not_decide():
    y = counts(30.0)
    spoiled = y.copy()
    spoiled[2, 4000] *= 20
    usual, found = learn(y), learn(spoiled, noise=y)
    np.testing.assert_allclose(found.within, usual.within, atol=0.05)
    assert found.series == pytest.approx(usual.series, abs=0.05)


def test_what_was_not_observed_says_nothing():
    y = counts(30.0)
    observed = np.random.default_rng(1).random(y.shape) > 0.1
    usual, found = learn(y), learn(np.where(observed, y, 1e6), observed=observed, noise=y)
    np.testing.assert_allclose(found.within[:13], usual.within[:13], atol=0.08)


@given(
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.05, 2.0, 1e6]),
    st.sampled_from([1, 3, 24]),
    st.integers(0, 45),
    st.sampled_from([0.0, 0.5, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_correlations_are_never_missing_and_fall_with_distance(seed, mean, per_day, days, seen):
    generator = np.random.default_rng(seed)
    y = generator.poisson(mean, (2, days * per_day)).astype(np.float32)
    observed = generator.random(y.shape) < seen
    found = learn(np.where(observed, y, np.nan), noise=y, per_day=per_day, observed=observed)
    assert found.within[0] == 1
    assert 0 <= found.series <= 1
    assert found.shared_within[0] == found.shared_between[0]
    assert (found.shared_within <= found.within).all()
    assert (found.shared_between <= found.between).all()
    for non_increasing in (found.within, found.between, found.shared_within, found.shared_between):
        assert ((non_increasing >= 0) & (non_increasing <= 1)).all()
        assert (np.diff(non_increasing) <= 0).all()
    assert len(found.between) == HORIZON_DAYS + 1


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.lists(st.floats(0, 1), min_size=1, max_size=10),
    st.integers(1, 8),
)
@settings(max_examples=80, deadline=None)
def test_columns_have_a_correlation_matrix(within, between, days):
    non_increasing = [np.array([1.0, *sorted(given, reverse=True)]) for given in (within, between)]
    matrix = Dependence.alike(*non_increasing, series=0.5).of_columns(np.repeat(np.arange(days), 5))
    np.testing.assert_allclose(np.diag(matrix), 1, atol=1e-9)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    assert np.linalg.eigvalsh(matrix).min() > -1e-8


def test_columns_correlate_by_their_distance_and_days():
    dependence = Dependence.alike(np.array([1.0, 0.9, 0.8]), np.array([1.0, 0.5, 0.3]), series=0.2)
    matrix = dependence.of_columns(np.array([4, 4, 5, 5]))
    expected = [[1, 0.9, 0.5, 0.5], [0.9, 1, 0.5, 0.5], [0.5, 0.5, 1, 0.9], [0.5, 0.5, 0.9, 1]]
    np.testing.assert_allclose(matrix, expected, atol=1e-9)
    far = dependence.of_columns(np.array([0, 0, 0, 0, 9]))
    assert far[0, 3] == pytest.approx(0.8, abs=0.05)
    assert far[0, 4] == pytest.approx(0.3, abs=0.05)


def test_what_all_share_may_last_longer_than_what_is_a_series_own():
    generator, days = np.random.default_rng(3), 400
    day = np.repeat(memory(generator, (1, days), 0.9)[0], HOURS)
    own = generator.standard_normal((6, days * HOURS))
    found = learn(200 * (1 + 0.1 * np.sqrt(0.5) * (day + own)), noise=np.zeros((6, days * HOURS)))
    # at the same hour and a day later, of the same series and of two: the mean of four weeks takes some of the day away
    assert found.series == pytest.approx(0.5, abs=0.1)
    assert found.within[6] == pytest.approx(found.shared_within[6], abs=0.05)
    assert found.between[2] == pytest.approx(found.shared_between[2], abs=0.05)
    assert found.between[2] > 0.25


def test_one_series_shares_with_nobody_what_it_has_learned():
    found = learn(counts(30.0)[:1])
    assert 0 < found.series < 0.05  # what is assumed without evidence, and hardly any of it is left


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_what_is_shared_and_what_is_own_make_the_whole(memory, between, series):
    non_increasing = between + (1 - between) * memory ** np.arange(6.0)
    dependence = Dependence.alike(non_increasing, np.array([1.0, between]), series=series)
    day = np.repeat(np.arange(3), 6)
    common, own = dependence.roots(day)
    np.testing.assert_allclose(common @ common.T + own @ own.T, dependence.of_columns(day), atol=1e-6)
    np.testing.assert_allclose(np.diag(common @ common.T), series, atol=1e-6)
