import numpy as np
import pytest
from scipy import sparse
from scipy.special import ndtri

from forecasting.quantiles import LEVELS, Tails, mean_of_quantiles
from forecasting.uncertainty.aggregates import quantiles_of_paths
from forecasting.uncertainty.agreement import CLIP, errors_of, reconcile_paths, series_paths, spread_of, sum_paths
from forecasting.uncertainty.dependence import Dependence
from forecasting.uncertainty.mint import Mint, learn_mint
from forecasting.uncertainty.paths import RankMaker

SCORES = ndtri(LEVELS)
SUMMING = sparse.csr_array(np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], np.float32))
DAY = np.repeat(np.arange(2), 3)
COLUMNS = len(DAY)
TAILS = Tails(low=0.42, high=0.42)
DEPENDENCE = Dependence.alike(np.array([1.0, 0.8, 0.7]), np.array([1.0, 0.5]), series=0.5)


def normal(mean: np.ndarray, spread: float) -> np.ndarray:
    return np.asarray(mean, float)[..., None] + spread * SCORES


def make_paths(quantiles: np.ndarray) -> np.ndarray:
    return series_paths(quantiles, RankMaker(DEPENDENCE, DAY, paths=200, seed=(1,)), TAILS)


def learned(bottom: float, groups: float) -> Mint:
    """Errors of these standard deviations beside what was forecast, none of which has to do with another."""
    rng = np.random.default_rng(0)
    errors = rng.standard_normal((400, 4)) * bottom, rng.standard_normal((400, 3)) * groups
    return learn_mint(*errors, SUMMING)


@pytest.fixture
def series() -> np.ndarray:
    level = np.array([[100], [200], [150], [50]]) * (1 + 0.2 * np.sin(np.arange(COLUMNS)))
    return normal(level, 8.0)


def sums_of(quantiles: np.ndarray, factor: float, spread: float = 16.0) -> np.ndarray:
    """What groups say by themselves: `factor` times what their members do."""
    return normal(factor * np.einsum("gn,nh->gh", SUMMING.toarray(), quantiles[..., 3]), spread)


def test_the_spread_is_the_standard_deviation_of_a_normal_forecast():
    np.testing.assert_allclose(spread_of(normal(np.full((2, 3), 50), 4.0)), 4.0)
    assert (spread_of(np.full((2, 7), np.nan)) == 0).all()


def test_errors_are_beside_the_mean_in_standard_deviations():
    quantiles = normal(np.full(5, 50), 4.0)
    y = np.array([50, 54, 40, 1e6, np.nan])
    np.testing.assert_allclose(errors_of(y, quantiles), [0, 1, -2.5, CLIP, np.nan], atol=1e-9)
    certain = np.stack([np.full(7, 3.0), np.full(7, np.nan)])
    assert np.isnan(errors_of(np.array([3.0, 3.0]), certain)).all()


def test_paths_have_each_series_forecast_and_nothing_comes_where_it_is_closed(series):
    series[1, 2] = np.nan
    paths = make_paths(series)
    assert (paths[1, 2] == 0).all()
    known = np.isfinite(series[..., 0])
    np.testing.assert_allclose(quantiles_of_paths(paths)[known], series[known], rtol=1e-3)
    np.testing.assert_allclose(paths.mean(axis=2)[known], mean_of_quantiles(series)[known], rtol=1e-6)


def test_sums_are_those_of_the_members(series):
    paths = make_paths(series)
    sums = sum_paths(paths, SUMMING)
    assert sums.dtype == np.float32
    expected = np.einsum("gn,nhs->ghs", SUMMING.toarray().astype(float), paths.astype(float))
    np.testing.assert_allclose(sums, expected, rtol=1e-6)


def test_better_groups_draw_their_members_and_worse_ones_leave_them(series):
    paths, groups = make_paths(series), sums_of(series, 1.1)
    before, wanted = sum_paths(paths, SUMMING).mean(axis=2), groups[..., 3]
    share = {}
    for name, mint in (("better", learned(1.0, 0.02)), ("alike", learned(1.0, 1.0)), ("worse", learned(0.02, 1.0))):
        agreed = reconcile_paths(paths, series, groups, SUMMING, mint, TAILS)
        assert agreed.dtype == np.float32
        assert (agreed >= 0).all()
        share[name] = ((sum_paths(agreed, SUMMING).mean(axis=2) - before) / (wanted - before)).mean()
    assert share["better"] == pytest.approx(1, abs=0.02)
    assert 0.3 < share["alike"] < 0.8
    assert share["worse"] == pytest.approx(0, abs=0.02)


def test_groups_that_are_sure_hand_on_their_distribution(series):
    narrow = sums_of(series, 1.05, spread=6.0)
    # three forecasts of normal sums agree with each other only where the whole is as sure as its parts allow
    narrow[0] = normal(narrow[1:, :, 3].sum(axis=0), 12.0)
    agreed = reconcile_paths(make_paths(series), series, narrow, SUMMING, learned(1.0, 0.001), TAILS)
    found = quantiles_of_paths(sum_paths(agreed, SUMMING))
    np.testing.assert_allclose(found[1:], narrow[1:], atol=1.0)


def test_a_group_that_only_repeats_its_members_changes_nothing(series):
    paths = make_paths(series)
    groups = quantiles_of_paths(sum_paths(paths, SUMMING))
    agreed = reconcile_paths(paths, series, groups, SUMMING, learned(1.0, 1.0), TAILS)
    # but for what seven quantiles leave of two hundred paths
    assert np.abs(agreed - paths).mean() < 0.2
    np.testing.assert_allclose(agreed, paths, atol=4)


def test_a_group_without_a_forecast_asks_nothing(series):
    paths, groups, mint = make_paths(series), sums_of(series, 1.1), learned(1.0, 0.5)
    whole = reconcile_paths(paths, series, groups, SUMMING, mint, TAILS)
    groups[0, 1] = np.nan
    found = reconcile_paths(paths, series, groups, SUMMING, mint, TAILS)
    np.testing.assert_array_equal(np.delete(found, 1, axis=1), np.delete(whole, 1, axis=1))
    parts = Mint(
        mint.intensity, np.delete(mint.deviation, 0), np.delete(mint.own, 0), np.delete(mint.common, 0, axis=1)
    )
    alone = reconcile_paths(paths, series, groups[1:], SUMMING[1:], parts, TAILS)
    np.testing.assert_allclose(found[:, 1], alone[:, 1], rtol=1e-5)
    assert found[:, 1].sum() > 1.02 * paths[:, 1].sum()


def test_closed_members_stay_closed_and_the_others_take_the_change_of_their_group(series):
    series[0, 2] = np.nan
    groups = sums_of(np.nan_to_num(series), 1.1)
    agreed = reconcile_paths(make_paths(series), series, groups, SUMMING, learned(1.0, 0.01), TAILS)
    assert (agreed[0, 2] == 0).all()
    np.testing.assert_allclose(agreed[1, 2].mean(), groups[1, 2, 3], rtol=0.01)


def test_where_all_are_closed_nothing_comes(series):
    series[:, 3] = np.nan
    groups = sums_of(np.nan_to_num(series), 1.1)
    groups[:, 3] = np.nan
    agreed = reconcile_paths(make_paths(series), series, groups, SUMMING, learned(1.0, 1.0), TAILS)
    assert (agreed[:, 3] == 0).all()
    assert np.isfinite(agreed).all()


def test_one_series_agrees_with_groups_that_are_itself():
    series, groups = normal(np.full((1, COLUMNS), 100), 8.0), normal(np.full((3, COLUMNS), 120), 8.0)
    alone = sparse.csr_array(np.ones((3, 1), np.float32))
    rng = np.random.default_rng(0)
    errors = np.repeat(rng.standard_normal((300, 1)), 3, axis=1)
    mint = learn_mint(10 * rng.standard_normal((300, 1)), errors, alone)
    agreed = reconcile_paths(make_paths(series), series, groups, alone, mint, TAILS)
    assert np.isfinite(agreed).all()
    assert agreed.mean() == pytest.approx(120, rel=0.02)
