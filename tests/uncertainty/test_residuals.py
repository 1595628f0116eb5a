import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri

from forecasting.quantiles import LEVELS, scores_at
from forecasting.uncertainty.curves import Curves, Sums
from forecasting.uncertainty.dependence import Dependence, dependence_of
from forecasting.uncertainty.residuals import CLIP, NORMAL_EXCESS, learn_from_errors, learn_tails, normal_scores

MARKS = ndtri(LEVELS)
HOURS, DAYS = 12, 7
WITHIN, BETWEEN, SERIES = 0.8, 0.5, 0.4
HISTORY = Dependence.alike(np.append(1.0, np.full(HOURS - 1, 0.3)), np.append(1.0, np.full(DAYS, 0.1)), series=0.9)


@given(arrays(np.float64, 7, elements=st.floats(1, 1e3)), st.floats(0, 10))
@settings(max_examples=80, deadline=None)
def test_scores_are_the_inverse_of_what_is_drawn_at_them(steps, lowest):
    quantiles = lowest + np.cumsum(steps)
    asked = ndtri((np.arange(400) + 0.5) / 400)
    found = normal_scores(scores_at(quantiles, 400), np.tile(quantiles, (400, 1)))
    np.testing.assert_allclose(found, asked, atol=1e-2)
    np.testing.assert_allclose(normal_scores(quantiles, np.tile(quantiles, (7, 1))), MARKS, atol=1e-6)


def test_scores_of_a_normal_forecast_are_standard_errors_up_to_a_limit():
    y = np.array([10.0, 12.0, 7.0, 1000.0, -1000.0])
    np.testing.assert_allclose(normal_scores(y, np.tile(10 + 2 * MARKS, (5, 1))), [0, 1, -1.5, CLIP, -CLIP], atol=1e-6)


def test_what_equals_several_quantiles_has_the_middle_of_their_scores():
    night = np.array([0, 0, 0, 0, 1, 2, 3.0])
    found = normal_scores(np.array([0, 1, 3.0]), np.tile(night, (3, 1)))
    np.testing.assert_allclose(found, [(MARKS[0] + MARKS[3]) / 2, MARKS[4], MARKS[6]], atol=1e-6)
    full = np.array([1, 2, 5, 5, 5, 5, 5.0])
    np.testing.assert_allclose(normal_scores(np.array([5.0]), full[None]), (MARKS[2] + MARKS[6]) / 2)


def test_what_is_missing_or_certain_says_nothing():
    quantiles = np.stack([10 + MARKS, np.full(7, np.nan), np.zeros(7), np.full(7, 3.0), 10 + MARKS])
    found = normal_scores(np.array([np.nan, 1.0, 0.0, 4.0, 10.0]), quantiles)
    np.testing.assert_array_equal(np.isfinite(found), [False, False, False, False, True])
    assert normal_scores(np.zeros((0, 3, 4)), np.zeros((0, 3, 4, 7))).shape == (0, 3, 4)


def test_rounding_to_single_precision_breaks_no_tie():
    quantiles = (np.array([0.3, 0.3, 0.3, 0.3, 0.6, 0.7, 0.9]) * 1e5).astype(np.float32)
    y = np.nextafter(quantiles[:1], np.float32([1e9]))
    np.testing.assert_allclose(normal_scores(y, quantiles[None]), (MARKS[0] + MARKS[3]) / 2)


def test_tails_are_those_of_the_errors_each_side_by_itself():
    rng = np.random.default_rng(3)
    inside, edge = rng.uniform(-1, 1, 180_000), MARKS[-1]
    scores = np.concatenate([inside, edge + rng.exponential(0.7, 10_000), -edge - rng.exponential(0.3, 10_000)])
    found = learn_tails(np.clip(scores, -CLIP, CLIP).reshape(4, 50, -1))
    assert found.high == pytest.approx(0.7, rel=0.03)
    assert found.low == pytest.approx(0.3, rel=0.03)


def test_normal_errors_have_a_normal_mean_excess_and_few_errors_are_taken_for_normal():
    scores = np.random.default_rng(4).standard_normal(400_000)
    for found in (learn_tails(scores), learn_tails(np.append(scores[:20], [np.nan] * 5)), learn_tails(np.zeros(0))):
        assert (found.low, found.high) == pytest.approx((NORMAL_EXCESS, NORMAL_EXCESS), rel=0.03)
    assert pytest.approx(0.4179, abs=1e-4) == NORMAL_EXCESS
    few = learn_tails(np.full(5, 3.5))
    assert NORMAL_EXCESS < few.high < 0.7 * NORMAL_EXCESS + 0.3 * 3.5


def make_errors(rng: np.random.Generator, windows: int, series: int) -> np.ndarray:
    """(A, N, L) standard normal errors: what lasts over days, what lasts over a day, and the hour's own."""

    def drawn(*shape: int) -> np.ndarray:
        days = rng.standard_normal((*shape, DAYS, 1))
        always, hours = rng.standard_normal((*shape, 1, 1)), rng.standard_normal((*shape, DAYS, HOURS))
        parts = np.sqrt(BETWEEN) * always + np.sqrt(WITHIN - BETWEEN) * days + np.sqrt(1 - WITHIN) * hours
        return parts.reshape(*shape, DAYS * HOURS)

    return np.sqrt(SERIES) * drawn(windows, 1) + np.sqrt(1 - SERIES) * drawn(windows, series)


def days_of(windows: int) -> np.ndarray:
    """(A, L), each window some days after the one before."""
    return 19_000 + 3 * np.arange(windows)[:, None] + np.repeat(np.arange(DAYS), HOURS)


def test_many_windows_tell_the_dependence():
    errors = make_errors(np.random.default_rng(0), 400, 12)
    found = learn_from_errors(errors, days_of(400), history=HISTORY)
    np.testing.assert_allclose(found.within[1:], WITHIN, atol=0.05)
    np.testing.assert_allclose(found.between[1:DAYS], BETWEEN, atol=0.05)
    np.testing.assert_allclose(found.shared_within, SERIES * np.append(1, found.within[1:]), atol=0.06)
    np.testing.assert_allclose(found.shared_between[1:DAYS], SERIES * BETWEEN, atol=0.05)


def test_too_wide_a_forecast_changes_no_correlation():
    errors = make_errors(np.random.default_rng(0), 50, 5)
    one, other = (learn_from_errors(scale * errors, days_of(50), history=HISTORY) for scale in (1.0, 0.3))
    np.testing.assert_allclose(one.within, other.within)
    np.testing.assert_allclose(one.shared_between, other.shared_between)


def test_what_is_unknown_says_nothing():
    errors = make_errors(np.random.default_rng(1), 300, 8)
    errors[np.random.default_rng(2).random(errors.shape) < 0.5] = np.nan
    found = learn_from_errors(errors, days_of(300), history=HISTORY)
    np.testing.assert_allclose(found.within[1:], WITHIN, atol=0.06)
    assert found.series == pytest.approx(SERIES, abs=0.06)


@pytest.mark.parametrize("shape", [(0, 3, DAYS * HOURS), (4, 3, DAYS * HOURS)])
def test_without_a_window_that_tells_history_stands(shape):
    found = learn_from_errors(np.full(shape, np.nan), days_of(shape[0]), history=HISTORY)
    assert found is HISTORY


def test_the_fewer_windows_the_nearer_to_history():
    errors = make_errors(np.random.default_rng(3), 200, 6)
    apart = [
        abs(learn_from_errors(errors[:count], days_of(count), history=HISTORY).within[5] - HISTORY.within[5])
        for count in (1, 4, 200)
    ]
    assert 0 < apart[0] < 0.5 * apart[1] < 0.8 * apart[2]


def test_of_one_series_nobody_learns_what_others_share():
    errors = make_errors(np.random.default_rng(4), 1, 1)
    found = learn_from_errors(errors, days_of(1), history=HISTORY)
    evidence_days = DAYS / (DAYS + 200)
    assert found.series == pytest.approx((1 - evidence_days) * HISTORY.series)


@pytest.mark.parametrize("seed", range(5))
def test_every_curve_falls_and_what_is_shared_is_no_more_than_what_is_own(seed):
    errors = np.random.default_rng(seed).standard_normal((2, 3, DAYS * HOURS)) ** 3
    clock = np.tile(np.arange(HOURS), (2, DAYS))
    found = learn_from_errors(errors, days_of(2), history=HISTORY, clock=clock)
    for own, shared in ((found.within, found.shared_within), (found.between, found.shared_between)):
        assert (shared <= own).all()
    assert (found.shared_same <= found.same).all()
    assert (found.between <= found.same).all()
    for curve in (found.within, found.between, found.same, found.shared_within, found.shared_between):
        assert (np.diff(curve) <= 0).all()
    assert (np.diff(found.shared_same) <= 0).all()


def test_days_apart_two_series_are_no_more_alike_than_at_one_moment():
    def curves(within: list[float], between: list[float], same: list[float]) -> Curves:
        return Curves(*(Sums(np.array(values), np.ones(len(values))) for values in (within, between, same)))

    own, pairs = curves([1, 0.9], [0, 0.3, 0.2], [0, 0.8, 0.8]), curves([0.2, 0.1], [0, 0.1, 0.1], [0, 0.7, 0.6])
    found = dependence_of(own, pairs, 1.0)
    np.testing.assert_allclose(found.same, [1, 0.8, 0.8])
    np.testing.assert_allclose(found.shared_same, [0.2, 0.2, 0.2])


def test_shapes_that_are_wrong_every_day_alike_are_found_by_the_time_of_day():
    rng = np.random.default_rng(6)
    shape = np.tile(rng.standard_normal((200, 4, HOURS)), DAYS)
    errors = np.sqrt(0.6) * shape + np.sqrt(0.4) * rng.standard_normal(shape.shape)
    clock = np.tile(np.arange(HOURS), (200, DAYS))
    found = learn_from_errors(errors, days_of(200), history=HISTORY, clock=clock)
    np.testing.assert_allclose(found.same[1:DAYS], 0.6, atol=0.06)
    np.testing.assert_allclose(found.between[1:DAYS], 0, atol=0.05)
    assert found.series < 0.1


@pytest.mark.parametrize("hours", [1, 23, 25], ids=["days", "a short day", "a long day"])
def test_days_of_another_length_than_history_knew_are_fitted_in(hours):
    day = 19_000 + np.repeat(np.arange(3), [hours, 24, 24])[None]
    errors = np.random.default_rng(5).standard_normal((1, 2, day.shape[1]))
    found = learn_from_errors(errors, day, history=HISTORY)
    assert len(found.within) == max(hours, 24)
    for curve in (found.within, found.between, found.shared_within, found.shared_between):
        assert (np.diff(curve) <= 0).all()
        assert ((curve >= 0) & (curve <= 1)).all()
    assert (found.shared_within <= found.within).all()
