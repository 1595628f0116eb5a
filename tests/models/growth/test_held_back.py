"""Held-back forecasts of the growth model, and the quantiles that they ask for."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from forecasting.models.growth.held_back import evidence, judge, learn_quantile_z
from forecasting.models.growth.pooling import usual_parameters
from forecasting.terms import QUANTILES
from tests.models.growth.growing_links import sample_of, steady_links


def test_forecasts_are_judged_by_what_was_seen_later_and_in_their_own_deviations():
    panel = steady_links(12, 300)
    sample, parameters = sample_of(panel), usual_parameters(season=7, roughness=0.05)
    surprise, spread = judge(parameters, sample)
    assert surprise.shape == spread.shape
    reached = np.isfinite(surprise).any(axis=(1, 2))
    assert reached.tolist() == [True] * 7 + [False] * 4, "up to half of the history ahead"
    assert 0.3 < np.nanstd(surprise) < 1.2
    half = replace(sample, measured=replace(sample.measured, seen=sample.measured.seen & (np.arange(300) < 200)))
    blind, _ = judge(parameters, half)
    assert np.isfinite(blind).sum() < np.isfinite(surprise).sum()
    newcomer = replace(
        sample.measured, seen=sample.measured.seen & ((np.arange(300) >= 280) | (np.arange(12) > 0)[:, None])
    )
    unknown, _ = judge(parameters, replace(sample, measured=newcomer))
    assert np.isnan(unknown[..., 0]).all()
    assert np.isfinite(unknown[..., 1]).any()


def test_quantiles_lie_where_held_back_forecasts_ask_for_them_as_far_as_there_is_evidence():
    usual = usual_parameters(season=7, roughness=0.05)
    many, few = (sample_of(steady_links(n, 300)) for n in (40, 2))
    assert evidence(many) == 60
    assert evidence(few) == pytest.approx(2 * 2 * 299 / 365.2425)
    normal = ndtri(np.asarray(QUANTILES))
    found = learn_quantile_z(usual, many)
    surprise, _ = judge(usual, many)
    observed = np.nanquantile(surprise, QUANTILES)
    np.testing.assert_allclose(found, normal + 60 / 70 * np.clip(observed - normal, -1, 1))
    assert (np.diff(found) > 0).all()
