import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from forecasting.quantiles import LEVELS
from forecasting.uncertainty.mint import Mint, learn_mint, shrinkage
from forecasting.uncertainty.reconcile import choose_method, find_gain, in_order_of, reconcile, sum_members

TREE = sparse.csr_array(np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1]], np.float32))


def random_tree(rng: np.random.Generator, n: int) -> sparse.csr_array:
    """A whole, its parts and some group twice."""
    part = rng.integers(0, 3, n)
    rows = [np.ones(n), *(part == number for number in range(3)), part == part[0]]
    return sparse.csr_array(np.array(rows, np.float32))


def random_errors(rng: np.random.Generator, summing: sparse.csr_array, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors of series that share some, and of groups that see part of their members' errors."""
    n = summing.shape[1]
    bottom = rng.uniform(0.5, 3, n) * (rng.normal(size=(rows, n)) + 0.5 * rng.normal(size=(rows, 1)))
    groups = 0.6 * (summing @ bottom.T).T + rng.normal(size=(rows, summing.shape[0]))
    return bottom, groups


def covariance(mint: Mint, spread: np.ndarray | None = None) -> np.ndarray:
    """(K, K) W, in full."""
    deviation = mint.deviation if spread is None else mint.deviation * spread
    return np.outer(deviation, deviation) * (np.diag(mint.own) + mint.common.T @ mint.common)


def textbook(base: np.ndarray, summing: sparse.csr_array, w: np.ndarray) -> np.ndarray:
    """S (S' W^-1 S)^-1 S' W^-1 y of groups, then series."""
    s = np.vstack([summing.toarray(), np.eye(summing.shape[1])]).astype(float)
    inverse = np.linalg.inv(w)
    return s @ np.linalg.solve(s.T @ inverse @ s, s.T @ inverse @ base)


def plain_mint(deviation: np.ndarray) -> Mint:
    """Errors that have nothing to do with each other."""
    return Mint(1.0, deviation, np.ones(len(deviation)), np.zeros((0, len(deviation))))


@given(st.integers(0, 10_000), st.integers(2, 8), st.sampled_from([3, 5, 40]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_it_is_the_textbook_formula(seed, n, rows, scaled):
    rng = np.random.default_rng(seed)
    summing = random_tree(rng, n)[:4]
    summing = summing[np.flatnonzero(summing.sum(axis=1) > 0)]
    mint = learn_mint(*random_errors(rng, summing, rows), summing)
    # singular covariances have no textbook
    mint = Mint(mint.intensity, mint.deviation, np.maximum(mint.own, 0.05), mint.common)
    base = rng.uniform(50, 60, (summing.shape[0] + n, 6))
    spread = rng.uniform(0.5, 2, len(base)) if scaled else None
    groups = summing.shape[0]
    found = reconcile(base[groups:], base[:groups], summing, find_gain(mint, summing, spread=spread))
    wanted = textbook(base, summing, covariance(mint, spread))
    kept = (wanted[groups:] > 0).all(axis=0)
    np.testing.assert_allclose(found[:, kept], wanted[groups:, kept], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(sum_members(found, summing)[:, kept], wanted[:groups, kept], rtol=1e-9, atol=1e-9)


def test_shrinkage_is_that_of_schaefer_and_strimmer():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(12, 4)) + 0.4 * rng.normal(size=(12, 1))
    z /= np.sqrt((z**2).mean(axis=0))
    variances = squares = 0.0
    for i in range(4):
        for j in range(4):
            if i != j:
                product = z[:, i] * z[:, j]
                variances += product.var(ddof=1) / 12
                squares += product.mean() ** 2
    assert shrinkage(z, np.arange(12)) == pytest.approx(variances / squares)


def test_rows_that_repeat_each_other_are_no_more_evidence():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(20, 30))
    again = np.repeat(z, 10, axis=0)
    once = shrinkage(z, np.arange(20))
    assert shrinkage(again, np.repeat(np.arange(20), 10)) == pytest.approx(once)
    assert shrinkage(again, np.arange(200)) < 0.2 * once
    assert shrinkage(z, np.zeros(20, int)) == 1.0


def test_series_that_err_together_are_believed_to():
    rng = np.random.default_rng(2)
    together = rng.normal(size=(300, 1)) + 0.3 * rng.normal(size=(300, 8))
    assert shrinkage(together, np.arange(300)) < 0.05
    assert shrinkage(rng.normal(size=(30, 8)), np.arange(30)) > 0.5


@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(0, 12))
@settings(max_examples=80, deadline=None)
def test_paths_add_up_stay_when_they_do_and_are_never_negative(seed, n, rows):
    rng = np.random.default_rng(seed)
    summing = random_tree(rng, n)
    bottom_errors, group_errors = random_errors(rng, summing, rows)
    bottom_errors[:, 0] = 0
    bottom_errors[rng.random(bottom_errors.shape) < 0.2] = np.nan
    group_errors[rng.random(group_errors.shape) < 0.2] = np.nan
    gain = find_gain(learn_mint(bottom_errors, group_errors, summing), summing)
    bottom = rng.gamma(1, 20, (n, 15)).astype(np.float32)
    groups = (sum_members(bottom, summing) * rng.uniform(0.3, 2, (summing.shape[0], 15))).astype(np.float32)
    agreed = reconcile(bottom, groups, summing, gain)
    sums = sum_members(agreed, summing)
    assert np.isfinite(agreed).all()
    assert (agreed >= 0).all()
    np.testing.assert_allclose(sums, summing.toarray().astype(float) @ agreed.astype(float), rtol=1e-6)
    np.testing.assert_allclose(sums.mean(axis=1), summing.toarray() @ agreed.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(reconcile(agreed, sums, summing, gain), agreed, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(
        reconcile(bottom, sum_members(bottom, summing), summing, gain), bottom, rtol=1e-5, atol=1e-3
    )


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_order_of_series_and_of_groups_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    summing = random_tree(rng, 6)
    bottom_errors, group_errors = random_errors(rng, summing, 9)
    bottom, groups = rng.uniform(20, 30, (6, 5)), rng.uniform(60, 90, (5, 5))
    one, other = rng.permutation(6), rng.permutation(5)
    shuffled = summing[other][:, one]
    plain = find_gain(learn_mint(bottom_errors, group_errors, summing), summing)
    moved = find_gain(learn_mint(bottom_errors[:, one], group_errors[:, other], shuffled), shuffled)
    np.testing.assert_allclose(moved, plain[one][:, other], atol=1e-8)
    np.testing.assert_allclose(
        reconcile(bottom[one], groups[other], shuffled, moved), reconcile(bottom, groups, summing, plain)[one]
    )


def test_groups_that_know_nothing_leave_the_series_and_groups_that_know_all_are_met():
    bottom, groups = np.full((5, 3), 10.0), np.array([[60.0] * 3, [26.0] * 3, [34.0] * 3])
    ignorant = find_gain(plain_mint(np.array([1e9, 1e9, 1e9, 1, 1, 1, 1, 1])), TREE)
    np.testing.assert_allclose(reconcile(bottom, groups, TREE, ignorant), bottom, atol=1e-9)
    certain = find_gain(plain_mint(np.array([1e-6, 1e-6, 1e-6, 1, 1, 1, 1, 2])), TREE)
    agreed = reconcile(bottom, groups, TREE, certain)
    np.testing.assert_allclose(sum_members(agreed, TREE), groups, rtol=1e-6)
    # what is missing goes where errors are large: variances 1, 1 and 4
    np.testing.assert_allclose(agreed[2:, 0], 10 + 4 * np.array([1, 1, 4]) / 6, rtol=1e-6)


def test_a_group_that_is_given_twice_counts_by_its_errors_and_breaks_nothing():
    twice = sparse.csr_array(np.vstack([TREE.toarray(), TREE.toarray()[:1]]))
    bottom, groups = np.full((5, 1), 10.0), np.array([[55.0], [22.0], [33.0], [55.0]])
    same = reconcile(bottom, groups[:3], TREE, find_gain(plain_mint(np.array([0.0, 0, 0, 1, 1, 1, 1, 1])), TREE))
    certain = find_gain(plain_mint(np.array([0.0, 0, 0, 0, 1, 1, 1, 1, 1])), twice)
    np.testing.assert_allclose(reconcile(bottom, groups, twice, certain), same)
    np.testing.assert_allclose(same, [[11.0]] * 5)
    # errors of both are one: nothing is gained by saying it twice
    errors = np.random.default_rng(0).normal(size=(5000, 8)) * [2, 2, 2, 1, 1, 1, 1, 1]
    mint = learn_mint(errors[:, 3:], errors[:, :3], TREE)
    double = learn_mint(errors[:, 3:], errors[:, [0, 1, 2, 0]], twice)
    plain = reconcile(bottom, groups[:3], TREE, find_gain(mint, TREE))
    np.testing.assert_allclose(reconcile(bottom, groups, twice, find_gain(double, twice)), plain, rtol=0.01)


def test_series_without_spread_or_without_errors_stay_as_they_are():
    errors = np.random.default_rng(0).normal(size=(50, 8))
    mint = learn_mint(errors[:, 3:], errors[:, :3], TREE)
    spread = np.array([1.0, 1, 1, 0, 1, 0, 1, 1])
    bottom, groups = np.full((5, 2), 10.0), np.full((3, 2), 70.0)
    agreed = reconcile(bottom, groups, TREE, find_gain(mint, TREE, spread=spread))
    np.testing.assert_array_equal(agreed[[0, 2]], 10.0)
    assert (agreed[[1, 3, 4]] > 11).all()
    np.testing.assert_array_equal(find_gain(mint, TREE, spread=np.zeros(8)), 0.0)
    still = learn_mint(errors[:, 3:] * [0, 1, 1, 1, 1], errors[:, :3], TREE)
    np.testing.assert_array_equal(find_gain(still, TREE)[0], 0.0)


def test_nodes_that_nothing_is_known_of_do_not_lead():
    errors = np.random.default_rng(0).normal(size=(50, 8)) * 0.1
    unknown = errors.copy()
    unknown[:, 0] = np.nan
    known, unsure = (learn_mint(own[:, 3:], own[:, :3], TREE) for own in (errors, unknown))
    assert unsure.deviation[0] == pytest.approx(errors[:, 3:].std(axis=0).sum(), rel=0.1)
    assert np.abs(find_gain(unsure, TREE)[:, 0]).max() < 0.3 * np.abs(find_gain(known, TREE)[:, 0]).max()
    nothing = learn_mint(np.empty((0, 5)), np.empty((0, 3)), TREE)
    np.testing.assert_array_equal(nothing.deviation, [5, 2, 3, 1, 1, 1, 1, 1])
    assert nothing.intensity == 1.0
    assert np.isfinite(find_gain(nothing, TREE)).all()


def test_missing_errors_leave_every_variance_as_it_is_known():
    rng = np.random.default_rng(4)
    errors = rng.normal(size=(400, 8)) + rng.normal(size=(400, 1))
    errors[rng.random(errors.shape) < 0.3] = np.nan
    mint = learn_mint(errors[:, 3:], errors[:, :3], TREE)
    np.testing.assert_allclose(np.diag(covariance(mint)), np.nanmean(errors**2, axis=0))
    assert np.linalg.eigvalsh(covariance(mint)).min() > 0


def test_of_many_rows_some_are_learned_from(monkeypatch):
    errors = np.random.default_rng(5).normal(size=(900, 8)).astype(np.float32)
    every = learn_mint(errors[:, 3:], errors[:, :3], TREE, block=np.arange(900) // 3)
    monkeypatch.setattr("forecasting.uncertainty.mint.MAX_ROWS", 450)
    some = learn_mint(errors[:, 3:], errors[:, :3], TREE, block=np.arange(900) // 3)
    assert some.common.shape == (450, 8)
    assert some.common.dtype == np.float32
    np.testing.assert_allclose(some.deviation, every.deviation, rtol=0.15)


def test_reconciled_forecasts_are_better_than_both_where_both_know_something():
    rng = np.random.default_rng(6)
    truth = 100 + rng.normal(size=(2000, 5))
    noise = np.array([1.0, 0.7, 0.7])
    bottom = truth + rng.normal(size=truth.shape)
    groups = (TREE @ truth.T).T + noise * rng.normal(size=(2000, 3))
    half = slice(1000)
    mint = learn_mint((truth - bottom)[half], ((TREE @ truth.T).T - groups)[half], TREE)
    agreed = reconcile(bottom[1000:].T, groups[1000:].T, TREE, find_gain(mint, TREE)).T

    def error(series: np.ndarray) -> np.ndarray:
        off = series - truth[1000:]
        return np.concatenate([((TREE @ off.T) ** 2).mean(axis=1), (off**2).mean(axis=0)])

    base = np.concatenate([noise**2, np.ones(5)])
    assert (error(agreed) < 0.97 * base).all()
    assert (error(agreed)[:3] < 0.5 * error(bottom[1000:])[:3]).all()


def test_quantiles_do_not_add_while_paths_do():
    rng = np.random.default_rng(7)
    paths = rng.gamma(4, 10, (5, 4000))
    summed = sum_members(paths, TREE)
    np.testing.assert_allclose(summed[0], paths.sum(axis=0))
    np.testing.assert_allclose(summed[0], summed[1] + summed[2])
    np.testing.assert_allclose(summed[0].mean(), paths.mean(axis=1).sum())
    of_sum, sum_of = np.quantile(summed[0], LEVELS), np.quantile(paths, LEVELS, axis=1).sum(axis=1)
    # independent parts are not all high at once: 1.96 standard deviations of five against five times one
    assert sum_of[-1] - of_sum[-1] > 0.2 * of_sum[-1]
    assert sum_of[0] - of_sum[0] < -0.2 * of_sum[0]


def test_values_take_the_order_of_others_and_stay_what_they_are():
    values = np.array([[5.0, 1, 3], [9, 8, 7]])
    placed = in_order_of(values, np.array([[0.1, 0.3, 0.2], [2, 2, 1]]))
    np.testing.assert_array_equal(placed, [[1, 5, 3], [8, 9, 7]])
    many = np.arange(400.0)
    np.testing.assert_array_equal(in_order_of(many, many % 2)[::2], many[:200])


def test_sums_of_many_series_are_exact_in_single_precision():
    paths = np.random.default_rng(8).gamma(1, 10, (20_000, 2)).astype(np.float32)
    every = sparse.csr_array(np.ones((1, len(paths)), np.float32))
    np.testing.assert_allclose(sum_members(paths, every)[0], paths.astype(np.float64).sum(axis=0), rtol=2e-7)


def test_the_method_of_least_mean_loss_wins_unless_it_spoils_a_level():
    base = np.array([10.0, 5.0, 1.0])
    bottom_up, mint = np.array([10.0, 5.2, 1.0]), np.array([9.0, 4.9, 1.0])
    assert choose_method(base, {"bottom_up": bottom_up, "mint": mint}) == "mint"
    assert choose_method(base, {"bottom_up": base, "mint": np.array([5.0, 4.0, 1.02])}) == "bottom_up"
    assert choose_method(base, {"bottom_up": bottom_up, "mint": np.array([10.5, 5.5, 1.0])}) == "bottom_up"
    assert choose_method(base, {"bottom_up": base, "mint": base}) == "bottom_up"
