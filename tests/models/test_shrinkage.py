import numpy as np
import pytest

from forecasting.models import shrinkage
from forecasting.models.shrinkage import Moments, choose_prior, fit_shrunk

K = 3
WEEKS = 12


def observe(wanted: np.ndarray, *, noise: float, days: int = 7 * WEEKS, rows: int = 4, seed: int = 0) -> Moments:
    """Rows of series that want these weights (N, K) of regressors drawn at random; a day's rows say the same."""
    rng = np.random.default_rng(seed)
    moments = Moments.nothing(series=len(wanted), cells=1, regressors=K)
    day = np.repeat(np.arange(days), rows)
    for series, own in enumerate(wanted):
        regressors = np.repeat(rng.normal(size=(days, K)), rows, axis=0).astype(np.float32)
        errors = np.repeat(rng.normal(scale=noise, size=days), rows)
        moments.add(series, 0, regressors, (regressors @ own + errors).astype(np.float32), day)
    return moments


@pytest.mark.parametrize("rows", [1, 40])
def test_a_series_of_as_many_days_as_the_prior_is_drawn_halfway_to_the_pool_however_often_a_day_is_a_target(rows):
    wanted = np.linspace(-1, 1, K)
    days = np.full((1, 2, 1), 30 * (1 + shrinkage.RIDGE))
    count = rows * days
    # two series that want the opposite of each other: the pool wants nothing
    square = count[..., None, None] * np.eye(K)
    product = count[..., None] * np.stack([wanted, -wanted])[None, :, None]
    weights = shrinkage._regress(Moments(square.astype(np.float32), product, count, days), prior_days=30)
    np.testing.assert_allclose(weights[2], 0, atol=1e-6)
    np.testing.assert_allclose(weights[0, 0], wanted / 2, atol=1e-4)
    np.testing.assert_allclose(weights[1, 0], -wanted / 2, atol=1e-4)


def test_steady_series_that_differ_keep_their_own_weights_and_noisy_ones_that_agree_borrow():
    unlike = np.array([[1, -1, 0], [-1, 1, 0], [0, 1, -1], [1, 0, 1]], dtype=float)
    assert choose_prior(observe(unlike, noise=0.05)) == min(shrinkage.PRIOR_DAYS)
    assert choose_prior(observe(np.ones((4, K)), noise=5.0)) == max(shrinkage.PRIOR_DAYS)


def test_the_chosen_prior_is_nearest_to_the_truth_for_series_between_both():
    rng = np.random.default_rng(3)
    wanted = 0.5 + 0.15 * rng.normal(size=(40, K))
    moments = observe(wanted, noise=1.0, days=70)
    missed = {
        days: float(((shrinkage._regress(moments, prior_days=days)[:-1, 0] - wanted) ** 2).mean())
        for days in shrinkage.PRIOR_DAYS
    }
    best = min(missed.values())
    assert missed[choose_prior(moments)] <= 1.1 * best
    assert max(missed.values()) > 1.5 * best


def test_a_single_week_leaves_the_usual_prior():
    assert choose_prior(observe(np.ones((2, K)), noise=1.0, days=7)) == shrinkage.USUAL_DAYS


def test_a_cell_without_rows_has_no_weights_and_an_unseen_series_those_of_all():
    moments = Moments.nothing(series=2, cells=2, regressors=K)
    regressors = np.random.default_rng(1).normal(size=(200, K)).astype(np.float32)
    moments.add(0, 0, regressors, regressors.sum(axis=1), np.arange(200) // 2)
    weights = fit_shrunk(moments).weights
    assert not weights[:, 1].any()
    np.testing.assert_allclose(weights[1, 0], weights[2, 0], rtol=1e-5)


def test_weights_without_a_week_have_not_learned_from_it():
    wanted = np.random.default_rng(2).normal(size=(3, K))
    moments, other = observe(wanted, noise=0.5), observe(wanted, noise=0.5)
    fold, (first, *_) = 2, other.square.shape
    assert first > fold
    other.product[fold] *= -3
    # the loose ones, as every week has a say in the choice of the prior
    before, after = fit_shrunk(moments).held_out[1], fit_shrunk(other).held_out[1]
    np.testing.assert_array_equal(before[fold], after[fold])
    assert all((before[one] != after[one]).any() for one in range(first) if one != fold)


def test_loose_weights_are_nearer_to_what_a_series_says_itself():
    wanted = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    fitted = fit_shrunk(observe(wanted, noise=4.0))
    missed = [np.abs(weights[:-1, 0] - fitted.weights[-1, 0]).mean() for weights in (fitted.weights, fitted.loose)]
    assert missed[0] < missed[1]


def test_more_series_have_fewer_folds():
    counts = [len(Moments.nothing(series=n, cells=1, regressors=1).rows) for n in (0, 1, 2_000, 4_000, 50_000)]
    assert counts == [6, 6, 6, 3, 2]
