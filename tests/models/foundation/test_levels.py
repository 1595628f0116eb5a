"""Other levels than a model's own, and mixtures of its answers."""

import numpy as np
import pytest
import torch
from scipy.special import ndtri
from scipy.stats import t as students

from forecasting.models.foundation.levels import level_masses, level_matrix, mix_quantiles
from forecasting.terms import QUANTILES
from tests.checkpoints import CHRONOS_LEVELS, DECILES


def test_levels_that_a_model_has_are_taken_as_they_are():
    matrix = level_matrix(CHRONOS_LEVELS, QUANTILES)
    answer = np.sort(np.random.default_rng(0).normal(size=(5, 21)), axis=1).astype(np.float32)
    own = [CHRONOS_LEVELS.index(level) for level in QUANTILES]
    np.testing.assert_allclose(answer @ matrix, answer[:, own], rtol=1e-6)


def test_deciles_of_a_normal_distribution_give_all_its_levels():
    deciles = (100 + 10 * ndtri(DECILES)).astype(np.float32)
    np.testing.assert_allclose(deciles @ level_matrix(DECILES, QUANTILES), 100 + 10 * ndtri(QUANTILES), rtol=1e-5)


def test_levels_between_deciles_lie_between_their_quantiles():
    answer = np.arange(1.0, 10.0, dtype=np.float32) ** 2
    found = answer @ level_matrix(DECILES, QUANTILES)
    assert answer[1] < found[QUANTILES.index(0.25)] < answer[2]
    assert found[QUANTILES.index(0.5)] == answer[4]
    assert (np.diff(found) > 0).all()


def test_tails_heavier_than_the_middle_are_forecast_too_short():
    """It is said so where levels are described, and calibration on held-back origins has to widen them."""
    deciles = students(df=2).ppf(DECILES).astype(np.float32)
    found = deciles @ level_matrix(DECILES, QUANTILES)
    assert deciles[-1] < found[-1] < students(df=2).ppf(0.95)


def test_each_quantile_stands_for_its_share_of_the_probability():
    assert level_masses(DECILES).sum() == pytest.approx(1)
    np.testing.assert_allclose(level_masses((0.1, 0.5, 0.9)), (0.3, 0.4, 0.3))


def test_a_mixture_of_equal_answers_is_that_answer():
    one = torch.arange(1.0, 10.0) ** 1.5
    for levels, answer in ((DECILES, one), (CHRONOS_LEVELS, torch.arange(21.0).exp())):
        mixed = mix_quantiles(answer.repeat(4, 3, 1), (0.3, 0.4, 0.3), levels)
        assert mixed.shape == (4, len(levels))
        torch.testing.assert_close(mixed, answer.repeat(4, 1))


def test_a_mixture_of_answers_far_apart_has_the_share_of_each():
    low, high = torch.linspace(0, 1, 9), torch.linspace(100, 101, 9)
    mixed = mix_quantiles(torch.stack([low, high]), (0.35, 0.65), DECILES)
    assert (mixed[:3] < 2).all()
    assert (mixed[3:] > 98).all()
    assert (mixed.diff() >= 0).all()
