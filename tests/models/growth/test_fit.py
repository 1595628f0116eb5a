"""The law of growth as it is learned: known laws found again, promises held on links that grow otherwise."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.special import ndtri

from forecasting.models.growth.fit import SHAPES, score, shorten
from forecasting.models.growth.held_back import evidence, judge, learn_quantile_z, origins
from forecasting.models.growth.kalman import filter_states, look_ahead
from forecasting.models.growth.measure import clock_of, measure
from forecasting.models.growth.member import fit_growth
from forecasting.models.growth.model import GrowthParameters
from forecasting.models.growth.pooling import Sample, pool, usual_parameters
from forecasting.panel.grid import Panel, cut_panel
from forecasting.terms import MEDIAN, QUANTILES
from tests.models.growth.growing_links import MECHANISMS, YEAR, daily_panel, grow_links

AHEAD = 365


def sample_of(panel: Panel) -> Sample:
    measured, _, _ = measure(panel, slice(None), at=panel.n_history, typical=0.1)
    return Sample(measured, clock_of(panel, slice(panel.n_history)))


def law_abiding(n: int, days: int, *, seed: int = 0) -> Panel:
    """Links of one weekday pattern and one summer, whose growth a year has mean 0.4 and standard deviation 0.15."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    logs = 0.05 * rng.standard_normal((n, days)) + rng.normal(0.4, 0.15, (n, 1)) * day / YEAR
    logs += np.where(day % 7 >= 5, -0.3, 0.0) + 0.1 * np.cos(2 * np.pi * day / YEAR)
    return daily_panel(100 * np.exp(logs), days=days)


def spread_of(parameters: GrowthParameters) -> np.ndarray:
    """(E,) standard deviations of the effects over series."""
    return np.sqrt((parameters.shapes**2).sum(axis=1))


def test_means_and_spreads_over_series_are_found_again():
    sample = sample_of(law_abiding(40, 500))
    parameters = usual = replace(
        usual_parameters(season=7, roughness=0.05), cycle=0.05, level_drift=1e-5, growth_deviation=0.01
    )
    for _ in range(6):
        parameters = pool(parameters, sample, usual)
    assert parameters.growth == pytest.approx(0.4, abs=0.08)
    assert parameters.spread == pytest.approx(0.16, abs=0.05)
    weekend = parameters.pattern[5:7].mean() - parameters.pattern[:5].mean()
    assert weekend == pytest.approx(-0.3, abs=0.04)
    year = np.hypot(*parameters.pattern[8:].reshape(-1, 2).T)
    np.testing.assert_allclose(year[0], 0.1, atol=0.03)
    assert year[1:].max() < 0.03
    for part in (slice(0, 7), slice(8, None)):
        assert spread_of(parameters)[part].mean() < spread_of(usual)[part].mean()


def test_one_year_says_nothing_of_the_season_and_few_series_little_of_growth():
    usual = usual_parameters(season=7, roughness=0.05)
    parameters = pool(usual, sample_of(law_abiding(3, 365)), usual)
    np.testing.assert_array_equal(parameters.pattern[7:], 0)
    np.testing.assert_allclose(spread_of(parameters)[7:], spread_of(usual)[7:])
    assert usual.growth < parameters.growth < 0.35


def test_two_months_leave_the_spread_of_growth_nearly_as_it_is_usual():
    usual = usual_parameters(season=7, roughness=0.05)
    parameters = pool(usual, sample_of(law_abiding(40, 60)), usual)
    assert parameters.spread > 0.8 * usual.spread


def test_of_what_was_never_seen_nothing_is_learned():
    usual = usual_parameters(season=7, roughness=0.05)
    sample = sample_of(law_abiding(40, 400))
    nothing = np.zeros_like(sample.measured.seen)
    parameters = pool(usual, replace(sample, measured=replace(sample.measured, seen=nothing)), usual)
    np.testing.assert_allclose(parameters.pattern, 0, atol=1e-12)
    np.testing.assert_allclose(spread_of(parameters), spread_of(usual))


def closing(n: int, days: int) -> tuple[Panel, np.ndarray]:
    """Links, and (n,) which of them are empty on weekends and, once a year, for three weeks from day 200 on."""
    empties, day = np.arange(n) % 2 == 0, np.arange(days)
    drop = np.where(day % 7 >= 5, -0.4, 0.0) + np.where((day % 365 >= 200) & (day % 365 < 221), -0.6, 0.0)
    noise = 0.05 * np.random.default_rng(4).standard_normal((n, days))
    return daily_panel(100 * np.exp(noise + empties[:, None] * drop), days=days), empties


def test_a_shape_of_the_year_is_as_sharp_as_other_series_show_it_and_goes_with_the_week():
    panel, empties = closing(24, 800)
    parameters = usual = usual_parameters(season=7, roughness=0.05)
    for _ in range(6):
        parameters = pool(parameters, sample_of(panel), usual)
    young = sample_of(cut_panel(panel, at=150, length=70))
    parameters, whole = shorten(parameters), clock_of(panel, slice(panel.n_history))
    (state,) = filter_states(parameters, young.clock, young.measured, marks=(150,))
    predicted, _ = look_ahead(parameters, state, whole.take(np.arange(150, 220)), young.measured.roughness)
    hole = predicted[54:68].mean(axis=0) - predicted[26:40].mean(axis=0)
    assert hole[empties].mean() < -0.4
    assert abs(hole[~empties].mean()) < 0.1


def test_few_shapes_keep_nearly_all_that_series_differ_by():
    parameters = usual_parameters(season=7, roughness=0.05)
    rng = np.random.default_rng(0)
    five = replace(parameters, shapes=rng.standard_normal((len(parameters.pattern), 5)) @ rng.standard_normal((5, 40)))
    short = shorten(five)
    assert short.shapes.shape[1] == SHAPES
    np.testing.assert_allclose(short.shapes @ short.shapes.T, five.shapes @ five.shapes.T, atol=1e-9)


def test_forecasts_are_judged_by_what_was_seen_later_and_in_their_own_deviations():
    panel = law_abiding(12, 300)
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


def test_a_law_that_is_wrong_scores_worse_unless_nothing_speaks_against_it():
    sample, usual = sample_of(law_abiding(12, 300)), usual_parameters(season=7, roughness=0.05)
    fitting = pool(pool(usual, sample, usual), sample, usual)
    for wrong in ({"level_drift": 0.05}, {"cycle": 4.0}, {"growth_deviation": 1.5}):
        assert score(replace(fitting, **wrong), sample, usual) < score(fitting, sample, usual)
    young = sample_of(law_abiding(1, 40))
    assert np.isfinite(score(usual, young, usual))
    assert len(origins(young.clock.day)) == 0
    np.testing.assert_array_equal(learn_quantile_z(usual, young), ndtri(np.asarray(QUANTILES)))


def test_quantiles_reach_as_far_as_held_back_forecasts_ask_for_by_their_evidence():
    usual = usual_parameters(season=7, roughness=0.05)
    many, few = (sample_of(law_abiding(n, 300)) for n in (40, 2))
    assert evidence(many) == 60
    assert evidence(few) == pytest.approx(2 * 2 * 299 / 365.2425)
    normal = ndtri(np.asarray(QUANTILES))
    found = learn_quantile_z(usual, many)
    surprise, _ = judge(usual, many)
    asked = np.nanquantile(surprise, QUANTILES)
    np.testing.assert_allclose(found, normal + 60 / 70 * np.clip(asked - normal, -1, 1))
    assert (np.diff(found) > 0).all()


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
