import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import nbinom, norm

from forecasting.quantiles import LEVELS, Tails, mean_of_quantiles
from forecasting.uncertainty.dependence import Dependence
from forecasting.uncertainty.paths import RankMaker, draw_paths, remove_noise

DAY = np.repeat(np.arange(2), 12)
NORMAL = norm.ppf(LEVELS)


def make_dependence(within: float = 0.9, between: float = 0.5, series: float = 0.3) -> Dependence:
    return Dependence.alike(np.array([1.0, *np.full(11, within)]), np.array([1.0, between]), series=series)


def make_ranks(dependence: Dependence, *, paths: int = 200, seed: int = 0) -> RankMaker:
    return RankMaker(dependence, DAY, paths=paths, seed=(seed,))


def scores(ranks: np.ndarray) -> np.ndarray:
    return norm.ppf((ranks + 0.5) / ranks.shape[-1])


def correlations(ranks: np.ndarray) -> np.ndarray:
    return np.corrcoef(scores(ranks))


@pytest.mark.parametrize("paths", [1, 7, 200])
def test_every_interval_has_exactly_the_evenly_spread_ranks(paths):
    ranks = make_ranks(make_dependence(), paths=paths).of(0)
    assert ranks.shape == (len(DAY), paths)
    np.testing.assert_array_equal(np.sort(ranks, axis=1), np.tile(np.arange(paths), (len(DAY), 1)))


@pytest.mark.parametrize(("within", "between"), [(0.9, 0.5), (0.5, 0.5), (0.0, 0.0), (1.0, 0.0)])
def test_columns_correlate_as_asked(within, between):
    found = correlations(make_ranks(make_dependence(within, between), paths=4000).of(0))
    same = (DAY[:, None] == DAY[None]) & ~np.eye(len(DAY), dtype=bool)
    np.testing.assert_allclose(found[same], within, atol=0.06)
    np.testing.assert_allclose(found[DAY[:, None] != DAY[None]], between, atol=0.06)


@pytest.mark.parametrize("series", [0.0, 0.4, 1.0])
def test_series_correlate_as_asked_each_pair_alike(series):
    maker = make_ranks(make_dependence(within=0.2, between=0.1, series=series), paths=4000)
    drawn = scores(np.stack([maker.of(series) for series in range(3)]))
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        found = [np.corrcoef(drawn[first, at], drawn[second, at])[0, 1] for at in range(len(DAY))]
        np.testing.assert_allclose(np.mean(found), series, atol=0.04)
    across = np.corrcoef(drawn[0, 0], drawn[1, 5])[0, 1]
    assert across == pytest.approx(0.2 * series, abs=0.06)


def test_the_ranks_of_a_series_follow_from_the_seed_alone():
    first, second = make_ranks(make_dependence()), make_ranks(make_dependence())
    one, two = first.of(0), first.of(1)
    np.testing.assert_array_equal(two, second.of(1))
    np.testing.assert_array_equal(one, second.of(0))
    assert (one != two).any()
    assert (one != make_ranks(make_dependence(), seed=1).of(0)).any()


def test_totals_of_a_day_cover_what_comes_and_are_wider_where_hours_move_together():
    spread, hours = 4.0, 12
    quantiles = np.tile(20 + spread * NORMAL, (len(DAY), 1))
    generator, width = np.random.default_rng(5), {}
    for within in (0.0, 0.8):
        paths = draw_paths(quantiles, make_ranks(make_dependence(within, 0.0), paths=1000).of(0))
        low, high = np.quantile(paths[:hours].sum(axis=0), [0.1, 0.9])
        width[within] = high - low
        shared, own = generator.standard_normal((5000, 1)), generator.standard_normal((5000, hours))
        actual = (20 + spread * (np.sqrt(within) * shared + np.sqrt(1 - within) * own)).sum(axis=1)
        assert ((actual >= low) & (actual <= high)).mean() == pytest.approx(0.8, abs=0.04)
    assert width[0.8] > 2.5 * width[0.0]


def test_paths_of_an_interval_are_its_distribution_and_never_negative():
    quantiles = np.array([[0, 0, 0, 1, 2, 4, 6], [10, 11, 13, 15, 17, 19, 20]], float)
    ranks = np.tile(np.arange(400), (2, 1))
    paths = draw_paths(quantiles, ranks)
    np.testing.assert_allclose((paths[1][:, None] <= quantiles[1]).mean(axis=0), LEVELS, atol=0.01)
    assert (paths >= 0).all()
    assert (draw_paths(np.array([[0, 5, 6, 7, 8, 9, 10]], float), ranks[:1]) >= 0).all()
    assert (draw_paths(np.zeros((1, 7)), ranks[:1]) == 0).all()


@given(arrays(np.float64, (4, 7), elements=st.floats(0, 1e4)), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_paths_have_the_mean_of_the_forecast(quantiles, seed):
    ordered = np.sort(quantiles, axis=1)
    ranks = np.random.default_rng(seed).permuted(np.tile(np.arange(50), (4, 1)), axis=1)
    mean = np.maximum(mean_of_quantiles(ordered), 0)
    np.testing.assert_allclose(draw_paths(ordered, ranks).mean(axis=1), mean, rtol=1e-9, atol=1e-9)


def test_the_maximum_of_many_intervals_goes_beyond_their_last_quantile():
    """Of 24 independent normal hours: a tail that ends behind the last quantile cannot reach it."""
    hours = np.tile(100 + 10 * NORMAL, (24, 1))
    drawn = np.random.default_rng(0).permuted(np.tile(np.arange(2000), (24, 1)), axis=1)
    highest = draw_paths(hours, drawn).max(axis=0)
    true = 100 + 10 * norm.ppf(np.array([0.1, 0.5, 0.9]) ** (1 / 24))
    np.testing.assert_allclose(np.quantile(highest, [0.1, 0.5, 0.9]), true, atol=0.8)


def test_heavier_tails_make_higher_maxima_about_the_same_mean():
    hours = np.tile(100 + 10 * NORMAL, (24, 1))
    drawn = np.random.default_rng(0).permuted(np.tile(np.arange(2000), (24, 1)), axis=1)
    usual, heavy = (draw_paths(hours, drawn, tails) for tails in (None, Tails(low=0.4, high=1.0)))
    np.testing.assert_allclose(heavy.mean(axis=1), usual.mean(axis=1), rtol=1e-9)
    assert np.quantile(heavy.max(axis=0), 0.9) > np.quantile(usual.max(axis=0), 0.9) + 10


def mixed_poisson(mean: float, cv: float) -> np.ndarray:
    """(1, 400) values of a count at evenly spread ranks, its rate gamma distributed."""
    shape = 1 / cv**2
    counts = nbinom.ppf((np.arange(400) + 0.5) / 400, shape, shape / (shape + mean))
    return counts[None].astype(float)


@pytest.mark.parametrize("mean", [4.0, 30.0, 300.0])
@pytest.mark.parametrize("cv", [0.2, 0.5])
def test_the_spread_of_the_rate_behind_counts_is_recovered(mean, cv):
    counts = mixed_poisson(mean, cv)
    rates = remove_noise(counts, counts.mean(axis=1))
    assert rates.mean() == pytest.approx(counts.mean(), rel=1e-9)
    # spread ranks lack the utmost tails, hence a little less
    assert rates.var() == pytest.approx((cv * mean) ** 2, rel=0.1, abs=0.06 * mean)


def test_the_rate_behind_plain_poisson_counts_is_certain():
    counts = np.random.default_rng(0).permutation(mixed_poisson(50.0, 1e-4), axis=1)
    rates = remove_noise(counts, counts.mean(axis=1))
    np.testing.assert_allclose(rates, counts.mean(), atol=1.0)


def test_noise_of_nothing_changes_nothing():
    counts = mixed_poisson(30.0, 0.5)
    np.testing.assert_allclose(remove_noise(counts, np.zeros(1)), counts)


@given(arrays(np.float64, (3, 20), elements=st.floats(0, 1e5)), arrays(np.float64, 3, elements=st.floats(0, 1e9)))
@settings(max_examples=80, deadline=None)
def test_rates_are_never_negative_or_missing_keep_the_mean_and_the_order_of_paths(paths, noise):
    rates = remove_noise(paths, noise)
    assert (rates >= 0).all()
    np.testing.assert_allclose(rates.mean(axis=1), paths.mean(axis=1), rtol=1e-9, atol=1e-9)
    order = np.argsort(paths, axis=1)
    assert (np.diff(np.take_along_axis(rates, order, axis=1), axis=1) >= -1e-9).all()
    assert (rates.var(axis=1) <= paths.var(axis=1) * (1 + 1e-9) + 1e-9).all()
