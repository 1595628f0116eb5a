"""The growth member: properties that hold for any panel, and links that grow by other mechanisms than its own."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from forecasting.errors import ModelError
from forecasting.models.growth.measure import LEAST_SEEN, measure
from forecasting.models.growth.member import GrowthMember, fit_growth, rebuild_growth
from forecasting.models.growth.pooling import usual_parameters
from forecasting.panel.grid import Panel, cut_panel, take_series
from forecasting.terms import MEDIAN, QUANTILES
from tests.models.factories import hide, make_panel, repeat_slot, scramble_from
from tests.models.growth.growing_links import daily_panel

USUAL = GrowthMember(usual_parameters(season=7, roughness=0.1), ndtri(np.asarray(QUANTILES)))


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Six links, 30 weeks of days, half a year ahead."""
    return make_panel(n_series=6, weeks=30, season=7, horizon=182, gaps=0.05, noise=0.1, drift=0.005)


@pytest.fixture(scope="module")
def member(panel: Panel) -> GrowthMember:
    fitted = fit_growth(panel, until=panel.n_history, seed=1)
    assert fitted is not None
    return fitted


def forecast(member: GrowthMember, panel: Panel, *, at: int | None = None, length: int | None = None) -> np.ndarray:
    at = panel.n_history if at is None else at
    return member.predict_many(panel, origin_columns=(at,), length=panel.n_horizon if length is None else length)[0]


def test_quantiles_are_sorted_positive_and_finite_from_every_column(panel, member):
    predicted = member.predict_many(panel, origin_columns=(60, 150, panel.n_history), length=80)
    assert predicted.shape == (3, 6, 80, 7)
    assert predicted.dtype == np.float32
    assert np.isfinite(predicted).all()
    assert (predicted > 0).all()
    assert (np.diff(predicted, axis=-1) > 0).all()


def test_nothing_from_the_column_on_changes_the_forecast_from_it(panel, member):
    one, other = (forecast(member, p, at=150, length=50) for p in (panel, scramble_from(panel, 150)))
    np.testing.assert_array_equal(one, other)
    cut = forecast(member, cut_panel(panel, at=150, length=50), at=150, length=50)
    np.testing.assert_array_equal(one, cut)
    fits = [fit_growth(p, until=150, seed=1) for p in (panel, scramble_from(panel, 150))]
    np.testing.assert_array_equal(*(forecast(fit, panel, at=150, length=50) for fit in fits))


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(1e-6, 1e6))
def test_demand_in_another_unit_is_forecast_in_that_unit(factor):
    panel = make_panel(n_series=2, weeks=20, season=7, horizon=100, gaps=0.1)
    scaled = replace(panel, y=(panel.y * np.float32(factor)).astype(np.float32))
    np.testing.assert_allclose(forecast(USUAL, scaled), factor * forecast(USUAL, panel), rtol=1e-4)


def test_parameters_learned_in_another_unit_are_the_same(panel, member):
    scaled = fit_growth(replace(panel, y=panel.y * 1024), until=panel.n_history, seed=1)
    np.testing.assert_allclose(forecast(scaled, panel), forecast(member, panel), rtol=1e-3)


def test_the_other_series_of_a_panel_do_not_matter_to_a_series(panel, member):
    whole = forecast(member, panel)
    for rows in ([4], [1, 3, 5]):
        part = take_series(panel, np.array(rows))
        np.testing.assert_allclose(forecast(member, part), whole[rows], rtol=1e-5)
    order = np.array([3, 0, 5, 1, 4, 2])
    turned = replace(take_series(panel, order), series_ids=panel.series_ids)
    np.testing.assert_allclose(forecast(member, turned), whole[order], rtol=1e-5)
    again = fit_growth(turned, until=panel.n_history, seed=1)
    np.testing.assert_allclose(forecast(again, turned), whole[order], rtol=1e-3)


def width(predicted: np.ndarray) -> np.ndarray:
    return np.log(predicted[..., -1] / predicted[..., 0])


def test_farther_ahead_and_after_a_longer_silence_the_interval_is_never_narrower(panel, member):
    predicted = width(forecast(member, panel))
    same_weekday = predicted[:, ::7]
    trend = same_weekday[:, 12:] - same_weekday[:, :-12]
    assert (trend > 0).all()
    silent = hide(panel, slice(None), slice(panel.n_history - 90, None))
    widths = [width(forecast(USUAL, silent, at=silent.n_history - 90 + gap, length=1))[:, 0] for gap in range(0, 91, 7)]
    assert (np.diff(widths, axis=0) >= -1e-3).all()
    assert (widths[-1] > widths[0] * 1.05).all()


def test_a_stored_member_forecasts_bit_for_bit_the_same(panel, member):
    config, arrays = member.as_parts()
    again = rebuild_growth(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(forecast(again, panel), forecast(member, panel))


def test_a_member_that_an_earlier_version_stored_forecasts_bit_for_bit_the_same(panel, member):
    old = {"cycle": "swell", "cycle_days": "swell_days", "level_drift": "wander"}
    old |= {"growth_deviation": "turn", "deviation_years": "turn_years"}
    config, arrays = member.as_parts()
    stored = {old.get(name, name): number for name, number in config["parameters"].items()}
    assert set(old.values()) < set(stored)
    again = rebuild_growth(
        {"kind": config["kind"], "law": stored},
        {"pattern": arrays["pattern"], "shapes": arrays["shapes"], "reach": arrays["quantile_z"]},
    )
    np.testing.assert_array_equal(forecast(again, panel), forecast(member, panel))


def test_damaged_parts_are_refused_in_one_line(member):
    config, arrays = member.as_parts()
    parameters = config["parameters"]
    damaged = [
        ({}, arrays),
        ({**config, "parameters": None}, arrays),
        ({**config, "parameters": {**parameters, "season": 5}}, arrays),
        ({**config, "parameters": {**parameters, "level_drift": float("nan")}}, arrays),
        ({**config, "parameters": {**parameters, "level_drift": "far"}}, arrays),
        (
            {**config, "parameters": {key: value for key, value in parameters.items() if key != "growth_deviation"}},
            arrays,
        ),
        (config, {**arrays, "quantile_z": arrays["quantile_z"][:3]}),
        (config, {**arrays, "pattern": arrays["pattern"] + np.inf}),
        (config, {**arrays, "shapes": arrays["shapes"][:-1]}),
        (config, {**arrays, "shapes": arrays["shapes"][:, 0]}),
        (config, {key: value for key, value in arrays.items() if key != "shapes"}),
    ]
    for parts in damaged:
        with pytest.raises(ModelError, match="train again") as caught:
            rebuild_growth(*parts)
        assert "\n" not in str(caught.value)


def test_another_season_is_refused(member):
    with pytest.raises(ModelError, match="expected a season of 7, found 1"):
        forecast(member, make_panel(weeks=40, season=1))


def test_a_constant_series_goes_on_nearly_flat_in_a_narrow_interval():
    lively = make_panel(n_series=5, weeks=30, season=7, horizon=182, noise=0.1, drift=0.005)
    panel = replace(lively, y=np.where(np.arange(5)[:, None] == 2, np.float32(80), lively.y))
    predicted = forecast(fit_growth(panel, until=panel.n_history, seed=1), panel)
    np.testing.assert_allclose(predicted[2, :, MEDIAN], 80, rtol=0.08)
    others = np.delete(width(predicted), 2, axis=0).min(axis=0)
    assert (width(predicted)[2] < others).all()
    assert (width(predicted)[2, :30] < 0.6 * others[:30]).all()
    still = replace(lively, y=np.full_like(lively.y, 80))
    predicted = forecast(fit_growth(still, until=still.n_history, seed=1), still)
    np.testing.assert_allclose(predicted[:, :, MEDIAN], 80, rtol=0.05)
    assert (width(predicted) < 0.4).all()


def test_six_months_of_wild_noise_are_no_wild_extrapolation():
    noise = np.random.default_rng(0).standard_normal((30, 182 + 730))
    panel = daily_panel(100 * np.exp(0.8 * noise), days=182)
    median = forecast(fit_growth(panel, until=182, seed=1), panel)[:, :, MEDIAN]
    assert (median > 100 / 2.5).all()
    assert (median < 100 * 2.5).all()


def test_zeros_gaps_and_doubled_columns_are_forecast_through(panel):
    y = panel.y.copy()
    y[0, ::5] = 0
    broken = hide(replace(panel, y=y), 1, slice(0, 150))
    predicted = forecast(USUAL, repeat_slot(broken, column=30))
    assert np.isfinite(predicted).all()
    assert (predicted[:, :, MEDIAN] < 10 * np.nanmedian(panel.y, axis=1)[:, None]).all()


def test_a_series_of_which_too_little_was_seen_is_left_to_others(panel):
    few = hide(panel, 1, slice(0, panel.n_history - LEAST_SEEN))
    observed = few.observed.copy()
    observed[1, -1] = False
    silent = replace(few, observed=observed, y=np.where(np.arange(6)[:, None] == 2, np.float32(0), few.y))
    predicted = forecast(USUAL, silent)
    assert np.isnan(predicted[[1, 2]]).all()
    assert np.isfinite(predicted[[0, 3, 4, 5]]).all()
    assert np.isnan(forecast(USUAL, panel, at=0)).all()
    assert fit_growth(panel, until=LEAST_SEEN - 1, seed=1) is None
    assert fit_growth(panel, until=0, seed=1) is None


@pytest.mark.parametrize("days", [LEAST_SEEN, 30, 90])
def test_a_young_stream_is_trained_as_far_as_it_goes(panel, days):
    young = cut_panel(
        replace(panel, y=np.nan_to_num(panel.y, nan=50), observed=np.ones_like(panel.observed)), at=days, length=60
    )
    predicted = forecast(fit_growth(young, until=days, seed=1), young)
    assert np.isfinite(predicted).all()
    assert (predicted[:, :, MEDIAN] < 4 * np.median(young.y, axis=1)[:, None]).all()


def test_weeks_are_forecast_as_days_are():
    panel = make_panel(n_series=8, weeks=104, season=1, horizon=52, noise=0.05)
    weekly = replace(panel, y=panel.y * np.exp(0.4 * np.arange(104) / 52).astype(np.float32))
    predicted = forecast(fit_growth(weekly, until=104, seed=1), weekly)
    year_on = np.log(predicted[:, -1, MEDIAN] / np.median(weekly.y[:, -6:], axis=1))
    np.testing.assert_allclose(year_on, 0.4, atol=0.15)


def test_the_roughness_of_few_values_is_drawn_to_the_typical_one():
    panel = make_panel(n_series=3, weeks=60, season=7, noise=0.2)
    for at in (21, 420):
        alone, _, _ = measure(panel, slice(None), at=at, typical=None)
        drawn, _, _ = measure(panel, slice(None), at=at, typical=0.05)
        pairs = at - 7
        by_hand = 0.05 * (alone.roughness / 0.05) ** (pairs / (pairs + 20))
        np.testing.assert_allclose(drawn.roughness, by_hand)
    np.testing.assert_allclose(alone.roughness, 0.2, rtol=0.2)


def test_only_four_years_of_history_count():
    panel = make_panel(n_series=2, weeks=230, season=7)
    kept = 4 * 365
    old = replace(panel, y=np.where(np.arange(panel.n_history) < panel.n_history - kept - 1, panel.y * 9, panel.y))
    np.testing.assert_array_equal(forecast(USUAL, panel), forecast(USUAL, old))


def test_a_level_that_is_known_to_have_shifted_teaches_no_growth():
    rng = np.random.default_rng(1)
    y = 100 * np.exp(0.05 * rng.standard_normal((4, 182 + 365)))
    y[:, 150:] *= 2
    panel = daily_panel(y, days=182, level_start=np.full(4, 150))
    median = forecast(USUAL, panel)[:, -28:, MEDIAN].mean(axis=1)
    np.testing.assert_allclose(median, 200 * np.exp(0.1), rtol=0.25)


def pinned(rng: np.random.Generator) -> tuple[Panel, Panel]:
    """Links that reach a capacity of 120 in their last months: with the days there flagged, and as if measured."""
    demand = 90 * np.exp(0.5 * np.arange(400) / 365) * np.exp(0.05 * rng.standard_normal((6, 400)))
    censored = demand[:, :300] >= 120
    measured = daily_panel(np.minimum(demand, 120), days=300)
    return replace(measured, censored=censored), measured


def test_censored_days_never_lower_the_forecast():
    flagged, taken = pinned(np.random.default_rng(2))
    one, other = forecast(USUAL, flagged), forecast(USUAL, taken)
    assert (one[:, :, MEDIAN] >= other[:, :, MEDIAN]).all()
    assert (one[:, -1, MEDIAN] > 1.03 * other[:, -1, MEDIAN]).all()
    true = 90 * np.exp(0.5 * np.arange(300, 400) / 365)
    assert np.median(one[:, :, MEDIAN] / true) > np.median(other[:, :, MEDIAN] / true)
    assert np.median(one[:, :, MEDIAN] / true) == pytest.approx(1, abs=0.08)


def test_of_censored_days_only_what_was_measured_counts():
    flagged, _ = pinned(np.random.default_rng(3))
    added = np.where(flagged.censored, np.float32(30), np.float32(0))
    restored = replace(flagged, y=flagged.y + added, suppressed=added)
    np.testing.assert_allclose(forecast(USUAL, restored), forecast(USUAL, flagged), rtol=1e-4)
