"""Held-back forecasts: each interval of the evidence in its place, in its own unit, nothing elsewhere."""

from dataclasses import replace

import numpy as np

from forecasting.ensemble.calibrated import forecast_panel, held_back_forecasts
from forecasting.ensemble.mixture import mix_members
from forecasting.models.features.days import LEADS
from tests.models.factories import make_panel
from tests.models.oracles import WIDTH, Oracle, whole


def test_what_was_observed_and_forecast_stands_at_its_origin_series_and_step():
    panel = make_panel(n_series=3, weeks=20, noise=0.2, gaps=0.1)
    forecast = mix_members(panel, {"wise": Oracle(np.nan_to_num(whole(panel)))})
    held = held_back_forecasts(panel, forecast)
    judged = np.isfinite(held.y)
    assert judged.sum() == len(forecast.evidence) > 0
    for number, at in enumerate(forecast.origin_columns):
        observed = panel.y[:, at : at + panel.n_horizon]
        np.testing.assert_allclose(held.y[number][judged[number]], observed[judged[number]], rtol=1e-5)
        error = held.predicted[number][..., 3] - observed
        assert np.abs(error[judged[number]]).max() < 0.05 * observed[judged[number]].max()
    np.testing.assert_array_equal(np.isfinite(held.predicted).all(axis=-1), judged)


def test_without_evidence_nothing_stands_anywhere():
    panel = make_panel(n_series=3, weeks=2)
    forecast = mix_members(panel, {})
    assert forecast.evidence is None
    assert forecast.mixed.shape == (0, 7)
    assert np.isnan(held_back_forecasts(panel, forecast).y).all()
    held = held_back_forecasts(panel, replace(forecast, origin_columns=(28,)))
    assert held.y.shape == (1, 3, panel.n_horizon)
    assert np.isnan(held.y).all()
    assert np.isnan(held.predicted).all()


def test_a_horizon_of_three_weeks_is_calibrated_in_all_cells_of_days_ahead():
    """The oracle errs by nothing and says that it might: its intervals are narrowed however many days ahead."""
    panel = make_panel(n_series=3, weeks=60, horizon=84, noise=0.2)
    forecast = forecast_panel(panel, {"wise": Oracle(whole(panel), spread=5.0)})
    assert np.unique(forecast.lead).tolist() == list(range(len(LEADS) + 1))
    width = forecast.quantiles[..., 5] - forecast.quantiles[..., 1]
    for cell in range(len(LEADS) + 1):
        assert width[:, forecast.lead == cell].mean() < 0.8 * 5.0 * (WIDTH[5] - WIDTH[1])
