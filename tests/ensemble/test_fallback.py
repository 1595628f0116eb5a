"""Forecasts of streams and series that no trained member answers for."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.members import FALLBACK
from forecasting.ensemble.mixture import PanelForecast, mix_members
from forecasting.models.pretrained.fallback import FallbackMember
from forecasting.models.pretrained.member import choose_pretrained
from forecasting.panel.grid import Panel
from forecasting.quantiles import pinball
from forecasting.terms import Tier
from tests.models.factories import hide, make_panel
from tests.models.oracles import Oracle, whole

SEASON = 28
HOUSE = {FALLBACK: FallbackMember()}


def answer(panel: Panel):
    return HOUSE[FALLBACK].predict_many(panel, origin_columns=(panel.n_history,), length=panel.n_horizon)[0]


def others(forecast: PanelForecast, row: int):
    return np.delete(forecast.quantiles, row, axis=0)


def test_a_stream_of_two_weeks_without_a_model_is_forecast_by_the_networks():
    panel = make_panel(n_series=5, weeks=2)
    found = forecast_panel(panel, HOUSE)
    assert found.tier.tolist() == [Tier.PRETRAINED] * 5
    assert found.evidence is None
    assert (found.weights[Tier.PRETRAINED] == 1).all()
    np.testing.assert_array_equal(found.quantiles, answer(panel))


def test_with_history_to_judge_by_it_is_weighed_like_any_member():
    panel = make_panel(n_series=5, weeks=12, noise=0.2)
    found = forecast_panel(panel, HOUSE)
    assert found.evidence is not None
    assert list(found.weights) == ["seasonal_naive", "last_four", "pretrained"]
    assert found.weights["pretrained"].mean() > 0.5
    assert set(found.tier) <= {Tier.PRETRAINED, Tier.ENSEMBLE, Tier.LAST_FOUR}


def test_a_first_forecast_is_better_than_the_mean_of_the_weeks_there_are():
    panel = make_panel(n_series=40, weeks=5, noise=0.3, drift=0.05, seed=3)
    y = panel.y[:, 2 * SEASON : 3 * SEASON]
    early = replace(make_panel(n_series=40, weeks=2, noise=0.3, drift=0.05), y=panel.y[:, : 2 * SEASON])
    ours, theirs = (pinball(y, forecast_panel(early, members).quantiles).mean() for members in (HOUSE, {}))
    assert ours < 0.95 * theirs


def test_trained_members_that_nobody_can_judge_yet_leave_the_first_word_to_the_networks():
    panel = make_panel(n_series=3, weeks=3, horizon=2 * SEASON)
    trained = {"wise": Oracle(whole(panel))}
    assert mix_members(panel, trained).tier.tolist() == [Tier.LAST_FOUR] * 3
    assert mix_members(panel, trained | HOUSE).tier.tolist() == [Tier.PRETRAINED] * 3
    # also where the stream's own model holds them
    own = {"pretrained": choose_pretrained(panel, until=panel.n_history)}
    assert mix_members(panel, trained | own).tier.tolist() == [Tier.PRETRAINED] * 3


def test_growth_and_half_a_year_ahead_are_none_of_its_business():
    near = make_panel(n_series=3, weeks=3, horizon=2 * SEASON)
    assert set(mix_members(near, {Tier.GROWTH: Oracle(whole(near)), **HOUSE}).tier) == {Tier.GROWTH}
    far = make_panel(n_series=3, weeks=12, horizon=9 * SEASON)
    assert set(mix_members(far, HOUSE).tier) == {Tier.LAST_FOUR}
    own = {"pretrained": choose_pretrained(far, until=far.n_history)}
    assert set(mix_members(far, own).tier) == {Tier.LAST_FOUR}


@pytest.fixture(scope="module")
def young() -> Panel:
    """Nine series of sixteen weeks, of which the fourth began two weeks ago."""
    return hide(make_panel(n_series=9, weeks=16, noise=0.2), 3, slice(14 * SEASON))


def test_a_young_series_of_a_trained_stream_is_forecast_by_the_networks(young):
    trained = {"wise": Oracle(np.nan_to_num(whole(young)), leaves=("series-00003",))}
    before, found = mix_members(young, trained), mix_members(young, trained | HOUSE)
    assert (before.tier[3], found.tier[3]) == (Tier.LAST_FOUR, Tier.PRETRAINED)
    np.testing.assert_allclose(found.quantiles[3], answer(young)[3], rtol=1e-4)
    np.testing.assert_array_equal(others(found, 3), others(before, 3))
    assert "pretrained" not in found.weights
    # what others were stretched by was not learned on it
    wide = {"wise": Oracle(np.nan_to_num(whole(young)), leaves=("series-00003",), spread=40.0)}
    calibrated = forecast_panel(young, wide | HOUSE)
    np.testing.assert_array_equal(calibrated.quantiles[3], found.quantiles[3])
    assert (others(calibrated, 3) != others(mix_members(young, wide | HOUSE), 3)).any()


def test_where_seasonal_members_are_the_best_of_a_stream_they_stay(young):
    poor = {"fool": Oracle(np.nan_to_num(whole(young)), factor=3.0, leaves=("series-00003",))}
    found = mix_members(young, poor | HOUSE)
    assert found.tier[3] != Tier.PRETRAINED
    np.testing.assert_array_equal(found.quantiles, mix_members(young, poor).quantiles)


def test_a_series_of_a_day_still_takes_the_shape_of_its_peers(young):
    newest = hide(young, 3, slice(16 * SEASON - 4))
    trained = {"wise": Oracle(np.nan_to_num(whole(young)), leaves=("series-00003",))}
    for members in (trained | HOUSE, HOUSE):
        assert mix_members(newest, members).tier[3] == Tier.COLD_START
