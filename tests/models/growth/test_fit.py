"""Learned parameters: wrong ones score worse, and intervals hold on links that grow by other mechanisms."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.special import ndtri

from forecasting.models.growth.fit import SHAPES, score, shorten
from forecasting.models.growth.held_back import learn_quantile_z, origins
from forecasting.models.growth.member import fit_growth
from forecasting.models.growth.pooling import pool, usual_parameters
from forecasting.terms import MEDIAN, QUANTILES
from tests.models.growth.growing_links import MECHANISMS, daily_panel, grow_links, sample_of, steady_links

AHEAD = 365


def test_few_shapes_keep_nearly_all_that_series_differ_by():
    parameters = usual_parameters(season=7, roughness=0.05)
    rng = np.random.default_rng(0)
    five = replace(parameters, shapes=rng.standard_normal((len(parameters.pattern), 5)) @ rng.standard_normal((5, 40)))
    short = shorten(five)
    assert short.shapes.shape[1] == SHAPES
    np.testing.assert_allclose(short.shapes @ short.shapes.T, five.shapes @ five.shapes.T, atol=1e-9)


def test_wrong_parameters_score_worse_where_there_is_evidence():
    sample, usual = sample_of(steady_links(12, 300)), usual_parameters(season=7, roughness=0.05)
    fitting = pool(pool(usual, sample, usual), sample, usual)
    for wrong in ({"level_drift": 0.05}, {"cycle": 4.0}, {"growth_deviation": 1.5}):
        assert score(replace(fitting, **wrong), sample, usual) < score(fitting, sample, usual)
    young = sample_of(steady_links(1, 40))
    assert np.isfinite(score(usual, young, usual))
    assert len(origins(young.clock.day)) == 0
    np.testing.assert_array_equal(learn_quantile_z(usual, young), ndtri(np.asarray(QUANTILES)))


@cache
def grown(days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """History (n, days), truth (n, AHEAD) and forecast (n, AHEAD, 7) of links of all mechanisms."""
    y = np.concatenate([grow_links(kind, 12, days + AHEAD, seed=days) for kind in MECHANISMS])
    panel = daily_panel(y, days=days)
    member = fit_growth(panel, until=days, seed=1)
    assert member is not None
    return y[:, :days], y[:, days:], member.predict_many(panel, origin_columns=(days,), length=AHEAD)[0]


@pytest.mark.parametrize("days", [182, 365])
def test_links_that_grow_otherwise_lie_within_the_interval_as_often_as_promised(days):
    _, truth, predicted = grown(days)
    inside = (truth > predicted[:, :, 1]) & (truth < predicted[:, :, 5])
    shares = [inside[:, lead - 20 : lead].mean() for lead in (30, 90, 180)]
    assert np.mean(shares) == pytest.approx(0.8, abs=0.06)
    assert min(shares) > 0.68


@pytest.mark.parametrize("days", [182, 365])
def test_the_median_errs_less_than_the_newest_level_and_than_a_straight_line(days):
    history, truth, predicted = grown(days)
    ahead = slice(150, 180)
    level = np.median(history[:, -28:], axis=1)[:, None]
    slope, start = np.polyfit(np.arange(days), history.T, 1)
    line = start[:, None] + slope[:, None] * (days + np.arange(150, 180))

    def error(of: np.ndarray) -> float:
        return float(np.abs(of / truth[:, ahead] - 1).mean())

    assert error(predicted[:, ahead, MEDIAN]) < 0.9 * min(error(level), error(line))


def test_half_a_year_of_moderate_growth_is_not_tripled_in_a_year():
    history, _, predicted = grown(182)
    level = np.median(history[:, -28:], axis=1)
    assert (predicted[:, :, MEDIAN] < 3 * level[:, None]).all()
