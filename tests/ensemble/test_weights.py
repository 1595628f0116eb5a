from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.ensemble.evidence import Evidence
from forecasting.ensemble.weights import MOST_ROWS, learn_weights, mix
from forecasting.models.features.days import LEADS
from tests.ensemble.evidences import make_evidence

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
CELLS = len(LEADS) + 1


def silence(evidence: Evidence, member: int, rows: slice = slice(None)) -> Evidence:
    predicted = evidence.predicted.copy()
    predicted[member, rows] = np.nan
    return replace(evidence, predicted=predicted)


@settings(max_examples=25, deadline=None)
@given(
    biases=st.lists(st.floats(-5, 5), min_size=1, max_size=5),
    days=st.integers(1, 60),
    silent=st.floats(0, 1),
    groups=st.integers(1, 3),
)
def test_weights_are_shares(biases, days, silent, groups):
    evidence = make_evidence(*biases, days=days, group=np.arange(days * 6) % groups, lead=np.arange(days * 6) % 3)
    evidence = silence(evidence, 0, slice(0, int(silent * len(evidence))))
    weights = learn_weights(evidence, groups=groups + 1)
    assert weights.shape == (groups + 1, CELLS, len(biases))
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-6)


def test_a_member_that_knows_gets_nearly_all_the_weight_where_evidence_is_rich():
    weights = learn_weights(make_evidence(3.0, 0.0, -4.0), groups=1)
    assert (weights[..., 1] > 0.95).all()


def test_thin_evidence_moves_weights_less():
    shares = [learn_weights(make_evidence(0.6, 0.0, days=days), groups=1)[0, 0, 1] for days in (2, 20, 2_000)]
    assert 0.5 < shares[0] < shares[1] < shares[2]
    assert shares[0] < 0.8


def test_members_that_err_to_both_sides_share_by_how_far_they_err():
    even = learn_weights(make_evidence(-1.0, 1.0, days=2000), groups=1)[0, 0]
    np.testing.assert_allclose(even, [0.5, 0.5], atol=0.05)
    uneven = learn_weights(make_evidence(-0.5, 1.0, days=2000), groups=1)[0, 0]
    np.testing.assert_allclose(uneven, [2 / 3, 1 / 3], atol=0.1)


def pinball_of(evidence: Evidence, weights: np.ndarray) -> float:
    error = evidence.y[:, None] - np.tensordot(weights, evidence.predicted, axes=1)
    return float(np.maximum(LEVELS * error, (LEVELS - 1) * error).mean())


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_with_rich_evidence_the_mix_loses_hardly_more_than_whoever_is_best(biases):
    evidence = make_evidence(*biases, days=300, hours=4)
    found = learn_weights(evidence, groups=1)[0, 0]
    assert pinball_of(evidence, found) <= 1.01 * min(pinball_of(evidence, alone) for alone in np.eye(len(biases)))


def test_a_member_that_has_no_forecast_gets_no_weight_and_changes_none():
    evidence = make_evidence(-0.7, 0.5)
    dumb = silence(make_evidence(-0.7, 0.5, 0.0), 2)
    weights = learn_weights(dumb, groups=1)
    assert (weights[..., 2] == 0).all()
    np.testing.assert_allclose(weights[..., :2], learn_weights(evidence, groups=1), rtol=1e-5)


def test_a_member_that_forecasts_less_than_half_gets_no_weight_and_one_that_forecasts_more_does():
    evidence = make_evidence(-0.7, 0.0)
    count = len(evidence)
    assert (learn_weights(silence(evidence, 1, slice(0, int(0.6 * count))), groups=1)[..., 1] == 0).all()
    assert (learn_weights(silence(evidence, 1, slice(0, int(0.3 * count))), groups=1)[..., 1] > 0.5).all()


def test_members_that_never_forecast_together_weigh_the_same():
    evidence = make_evidence(0.0, 0.0, 0.0, days=10)
    half = len(evidence) // 2
    evidence = silence(silence(silence(evidence, 2), 0, slice(0, half)), 1, slice(half, None))
    np.testing.assert_allclose(learn_weights(evidence, groups=1)[0, 0], [0.5, 0.5, 0.0])


def test_where_nobody_forecasts_all_weigh_the_same():
    evidence = silence(silence(make_evidence(1.0, 0.0), 0), 1)
    np.testing.assert_allclose(learn_weights(evidence, groups=2), 0.5)


def test_groups_and_days_ahead_have_weights_of_their_own_and_lend_them_where_there_is_no_evidence():
    count = 2000 * 6
    group, lead = np.arange(count) % 2, np.arange(count) // 2 % 2
    first = np.where(group == 0, np.where(lead == 0, 0.0, 2.0), 2.0)
    weights = learn_weights(make_evidence(first, 2.0 - first, days=2000, group=group, lead=lead), groups=3)
    assert weights[0, 0, 0] > 0.9
    assert weights[0, 1, 0] < 0.1
    assert (weights[1, :, 0] < 0.1).all()
    # a cell without evidence has the weights of its group, a group without evidence those of the stream
    assert 0.1 < weights[0, 2, 0] < 0.9
    np.testing.assert_array_equal(weights[0, 2], weights[0, 3])
    assert weights[1, 0, 0] < weights[2, 0, 0] < weights[0, 0, 0]


def test_every_hour_of_the_day_counts_however_much_evidence_there_is():
    hours = 24
    hour = np.tile(np.arange(hours), MOST_ROWS)
    good_at_midnight = np.where(hour == 0, 0.0, 2.0)
    evidence = make_evidence(good_at_midnight, 2.0 - good_at_midnight, days=MOST_ROWS, hours=hours)
    assert learn_weights(evidence, groups=1)[0, 0, 1] > 0.8


NUMBERS = st.one_of(st.floats(0, 100), st.just(float("nan")))


@settings(max_examples=60, deadline=None)
@given(
    predicted=st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=5),
    raw=st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_a_mix_is_the_weighted_mean_of_those_that_have_a_forecast(predicted, raw):
    values = np.array(predicted, dtype=np.float32)
    weights = np.tile(np.array(raw) / sum(raw), (len(values), 1))
    mixed = mix(np.repeat(values.T[..., None], 7, axis=2), weights)
    for row in range(len(values)):
        able = np.isfinite(values[row])
        if able.any():
            expected = np.average(values[row][able], weights=weights[row][able])
            np.testing.assert_allclose(mixed[row], expected, rtol=1e-4, atol=1e-4)
        else:
            assert np.isnan(mixed[row]).all()


def test_a_mix_is_nan_where_only_members_without_weight_have_a_forecast():
    predicted = np.ones((2, 1, 7), np.float32)
    predicted[0] = np.nan
    assert np.isnan(mix(predicted, np.array([[1.0, 0.0]]))).all()


def test_a_mix_of_sorted_quantiles_is_sorted():
    predicted = np.sort(np.random.default_rng(0).normal(size=(3, 50, 7)), axis=2).astype(np.float32)
    mixed = mix(predicted, np.random.default_rng(1).dirichlet(np.ones(3), size=50))
    assert (np.diff(mixed, axis=1) >= 0).all()


def test_equal_evidence_gives_equal_weights():
    evidence = make_evidence(0.3, -0.2, 1.0)
    np.testing.assert_array_equal(learn_weights(evidence, groups=1), learn_weights(evidence, groups=1))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_the_evidence_does_not_matter(scale):
    evidence = make_evidence(0.3, -0.2, 1.0)
    other = replace(evidence, y=evidence.y * np.float32(scale), predicted=evidence.predicted * np.float32(scale))
    np.testing.assert_allclose(learn_weights(other, groups=1), learn_weights(evidence, groups=1), atol=5e-3)
