from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.models.features.slots import recent_mean
from forecasting.models.seasonal.cold_start import cold_start
from forecasting.models.seasonal.member import last_four, seasonal_naive
from forecasting.panel.grid import Panel
from forecasting.quantiles import pinball
from forecasting.terms import MEDIAN
from tests.models.factories import hide, make_panel, repeat_slot

MEMBERS = [seasonal_naive, last_four, cold_start]


def scramble_from(panel: Panel, at: int) -> Panel:
    """The same panel with other demand, unobserved here and there, from column `at` on."""
    y, observed = panel.y.copy(), panel.observed.copy()
    y[:, at:] = 1e6
    observed[:, at::3] = False
    return replace(panel, y=y, observed=observed)


@pytest.mark.parametrize("member", MEMBERS)
@settings(max_examples=25, deadline=None)
@given(at=st.integers(30, 110), seed=st.integers(0, 5))
def test_nothing_at_or_after_the_column_changes_the_forecast(member, at, seed):
    panel = make_panel(n_series=3, weeks=5, season=28, gaps=0.2, seed=seed)
    before = member(panel, at=at, length=28)
    after = member(scramble_from(panel, at), at=at, length=28)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("member", MEMBERS)
def test_quantiles_are_sorted_finite_and_not_negative(member):
    panel = make_panel(n_series=5, weeks=8, gaps=0.3, noise=1.0)
    forecast = member(panel, at=panel.n_history, length=panel.n_horizon)
    assert forecast.shape == (5, panel.n_horizon, 7)
    assert forecast.dtype == np.float32
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert (forecast >= 0).all()


def test_without_noise_the_week_repeats_itself():
    panel = make_panel(n_series=3, weeks=6, noise=0.0)
    last_week = panel.y[:, -panel.season :]
    for member in (seasonal_naive, last_four):
        forecast = member(panel, at=panel.n_history, length=panel.season)
        np.testing.assert_allclose(forecast, np.repeat(last_week[..., None], 7, axis=2), rtol=1e-4)


def test_last_four_averages_the_last_four_observed_values_of_a_slot():
    values = np.array([[1, 2, 4, np.nan, 8, 16]], np.float32).reshape(1, 6, 1)
    np.testing.assert_allclose(recent_mean(values, last=4).ravel(), [1, 1.5, 7 / 3, 7 / 3, 3.75, 7.5])
    np.testing.assert_allclose(recent_mean(values, last=1).ravel(), [1, 2, 4, 4, 8, 16])


def test_intervals_cover_what_they_promise():
    panel = make_panel(n_series=40, weeks=20, noise=0.3, seed=3)
    inside = []
    for at in range(12 * 28, 19 * 28, 28):
        forecast = last_four(panel, at=at, length=28)
        y = panel.y[:, at : at + 28]
        inside.append((y >= forecast[..., 1]) & (y <= forecast[..., 5]))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.04)


def test_four_weeks_beat_one_where_weeks_are_noisy():
    panel = make_panel(n_series=20, weeks=10, noise=0.3)
    at = panel.n_history - 28
    y = panel.y[:, at:]
    four, one = (np.nanmean(pinball(y, member(panel, at=at, length=28))) for member in (last_four, seasonal_naive))
    assert four < 0.95 * one


def test_the_second_week_of_a_horizon_is_less_certain_under_drift():
    panel = make_panel(n_series=30, weeks=16, horizon=56, drift=0.1, noise=0.02)
    forecast = seasonal_naive(panel, at=panel.n_history, length=56)
    width = (forecast[..., 6] - forecast[..., 0]).mean(axis=0)
    assert width[28:].mean() > 1.3 * width[:28].mean()


def test_a_gap_before_the_origin_is_bridged_by_older_weeks():
    panel = make_panel(n_series=3, weeks=8, noise=0.0)
    whole = last_four(panel, at=panel.n_history, length=28)
    stale = hide(panel, slice(None), slice(panel.n_history - 10, None))
    np.testing.assert_allclose(last_four(stale, at=panel.n_history, length=28), whole, rtol=1e-4)


def test_a_doubled_hour_and_a_missing_hour_keep_slots_apart():
    panel = make_panel(n_series=2, weeks=8, noise=0.0)
    doubled = repeat_slot(panel, column=100)
    forecast = seasonal_naive(doubled, at=doubled.n_history, length=28)
    np.testing.assert_allclose(
        forecast[..., MEDIAN], seasonal_naive(panel, at=panel.n_history, length=28)[..., MEDIAN], rtol=1e-4
    )


def test_a_series_is_forecast_whole_or_not_at_all():
    panel = make_panel(n_series=4, weeks=6)
    young = hide(panel, 0, slice(0, panel.n_history - 5))
    newer = hide(young, 1, slice(0, panel.n_history - 20))
    never = hide(newer, 2, slice(None))
    forecast = last_four(never, at=panel.n_history, length=28)
    finite = np.isfinite(forecast)
    assert finite.all(axis=(1, 2)).tolist() == [False, True, False, True]
    assert finite.any(axis=(1, 2)).tolist() == [False, True, False, True]


def test_a_part_time_series_is_judged_by_its_open_slots():
    panel = make_panel(n_series=2, weeks=6)
    shut = np.arange(len(panel.ts)) % 28 >= 8
    panel = replace(panel, open=panel.open & ~shut, observed=panel.observed & ~shut[: panel.n_history])
    assert np.isfinite(last_four(panel, at=panel.n_history, length=28)).all()


def test_an_empty_series_stays_at_zero():
    panel = make_panel(n_series=2, weeks=6)
    panel.y[0] = 0
    assert (last_four(panel, at=panel.n_history, length=28)[0] == 0).all()


def test_one_week_of_history_is_enough_for_a_forecast_with_some_spread():
    panel = make_panel(n_series=2, weeks=1)
    forecast = last_four(panel, at=28, length=28)
    assert (forecast[..., 5] > forecast[..., 1]).all()


def test_cold_start_takes_the_shape_of_its_peers_and_its_own_level():
    panel = make_panel(n_series=6, weeks=8, noise=0.0)
    panel.y[3] = 10 * panel.y[0]
    truth = panel.y[3, -28:].copy()
    young = hide(panel, 3, slice(0, panel.n_history - 6))
    forecast = cold_start(young, at=panel.n_history, length=28)
    np.testing.assert_allclose(forecast[3, :, MEDIAN], truth, rtol=0.02)


def test_cold_start_forecasts_a_series_never_seen_with_a_wide_interval():
    panel = make_panel(n_series=9, weeks=8)
    never = hide(panel, 4, slice(None))
    forecast = cold_start(never, at=panel.n_history, length=28)
    assert np.isfinite(forecast).all()
    assert (forecast[4, :, 6] > 1.5 * forecast[4, :, 0]).all()


def test_cold_start_needs_but_one_observation_in_the_stream():
    panel = make_panel(n_series=3, weeks=2)
    bare = hide(panel, slice(None), slice(1, None))
    bare = hide(bare, slice(1, None), slice(None))
    assert np.isfinite(cold_start(bare, at=bare.n_history, length=28)).all()
    nothing = hide(panel, slice(None), slice(None))
    assert np.isnan(cold_start(nothing, at=bare.n_history, length=28)).all()


def test_cold_start_forecasts_only_the_given_rows():
    panel = make_panel(n_series=3, weeks=4)
    rows = np.array([False, True, False])
    forecast = cold_start(panel, at=panel.n_history, length=28, rows=rows)
    assert np.isfinite(forecast).all(axis=(1, 2)).tolist() == rows.tolist()


def test_cold_start_works_without_attributes():
    panel = make_panel(n_series=3, weeks=4)
    panel = replace(panel, attributes=panel.attributes[[]])
    assert np.isfinite(cold_start(panel, at=panel.n_history, length=28)).all()


def test_arguments_are_left_as_they_were():
    panel = make_panel(n_series=3, weeks=4, gaps=0.2)
    y, observed = panel.y.copy(), panel.observed.copy()
    for member in MEMBERS:
        member(panel, at=panel.n_history, length=28)
    np.testing.assert_array_equal(panel.y, y)
    np.testing.assert_array_equal(panel.observed, observed)
