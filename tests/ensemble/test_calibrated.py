"""The forecast as it is published: mixed, then calibrated, and judged on held-back origins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from forecasting.ensemble import calibrated
from forecasting.ensemble.calibrated import forecast_panel, forecast_panels, held_back_losses
from forecasting.ensemble.evidence import held_back_columns
from forecasting.ensemble.mixture import PanelForecast, mix_members
from forecasting.models.member import Member
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.quantiles import mean_of_quantiles, pinball
from forecasting.terms import MEDIAN, Tier
from tests.models.factories import hide, make_panel
from tests.models.oracles import WIDTH, Oracle, whole

SEASON = 28


@dataclass(frozen=True)
class Blurred:
    """Knows each series' true mean, and forecasts a spread that is `width` times the true one."""

    center: Floats32
    """(N, T+H)"""
    width: float
    sigma: float = 10.0

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        rows = np.array([int(name.rpartition("-")[2]) for name in panel.series_ids])
        predicted = np.stack([self.center[rows, at : at + length] for at in origin_columns])[..., None]
        return (predicted + self.width * self.sigma * WIDTH).astype(np.float32)


def noisy_panel(n_series: int = 3, weeks: int = 30) -> tuple[Panel, Floats32]:
    """Demand is a walk that nobody guesses, plus normal noise; returns the panel and the walk."""
    panel = make_panel(n_series=n_series, weeks=weeks, horizon=SEASON)
    rng = np.random.default_rng(3)
    days = rng.normal(scale=60, size=(n_series, len(panel.ts) // 4))
    center = (400 + np.repeat(days, 4, axis=1)).astype(np.float32)
    noise = rng.normal(scale=10, size=panel.y.shape)
    return replace(panel, y=(center[:, : panel.n_history] + noise).astype(np.float32)), center


def width_of(quantiles: Floats32) -> float:
    return float((quantiles[..., 5] - quantiles[..., 1]).mean())


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=4, weeks=20, noise=0.2, gaps=0.1)


@pytest.fixture(scope="module")
def members(panel: Panel) -> Mapping[str, Member]:
    return {"wise": Oracle(np.nan_to_num(whole(panel)), factor=1.1), "fool": Oracle(np.nan_to_num(whole(panel)), 3.0)}


def assert_same(one: PanelForecast, other: PanelForecast) -> None:
    for field in fields(PanelForecast):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs, err_msg=field.name)
        elif isinstance(mine, Mapping):
            assert list(mine) == list(theirs)
            for name in mine:
                np.testing.assert_array_equal(mine[name], theirs[name], err_msg=f"{field.name} {name}")


def test_a_forecast_is_a_pure_function_of_panel_and_members(panel, members):
    y, observed = panel.y.copy(), panel.observed.copy()
    one, other = (forecast_panel(panel, members) for _ in range(2))
    assert_same(one, other)
    np.testing.assert_array_equal(panel.y, y)
    np.testing.assert_array_equal(panel.observed, observed)


def test_what_has_no_meaning_in_a_panel_does_not_enter_a_forecast(panel, members):
    hidden = replace(panel, y=np.where(panel.observed, panel.y, 1e9).astype(np.float32))
    assert_same(forecast_panel(hidden, members), forecast_panel(panel, members))


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_what_was_too_narrow_is_widened_and_what_was_too_wide_narrowed(width):
    panel, center = noisy_panel(n_series=8, weeks=60)
    predicted = forecast_panel(panel, {"blurred": Blurred(center, width)})
    assert (predicted.weights["blurred"] > 0.9).all()
    before, true = width_of(mix_members(panel, {"blurred": Blurred(center, width)}).quantiles), 2 * 1.282 * 10
    assert abs(width_of(predicted.quantiles) - true) < 0.15 * true
    assert abs(width_of(predicted.quantiles) - true) <= abs(before - true) + 0.05 * true


def test_calibration_leaves_the_mean_and_keeps_order_and_sign():
    panel, center = noisy_panel(n_series=8, weeks=60)
    members = {"blurred": Blurred(center, 0.5)}
    raw, predicted = mix_members(panel, members), forecast_panel(panel, members)
    np.testing.assert_allclose(predicted.mean, raw.mean, rtol=1e-5)
    assert (predicted.quantiles != raw.quantiles).any()
    assert (np.diff(predicted.quantiles) >= 0).all()
    assert (predicted.quantiles >= 0).all()
    np.testing.assert_array_equal(predicted.mean, np.maximum(mean_of_quantiles(predicted.quantiles), 0))


def test_the_mean_lies_within_those_of_the_members(panel, members):
    predicted = forecast_panel(panel, members)
    own = [np.maximum(mean_of_quantiles(one), 0) for one in predicted.member_forecasts.values()]
    is_open = panel.open[:, panel.n_history :]
    low, high = (edge(np.where(np.isfinite(own), own, np.nan), axis=0)[is_open] for edge in (np.nanmin, np.nanmax))
    assert (predicted.mean[is_open] >= low * (1 - 1e-5)).all()
    assert (predicted.mean[is_open] <= high * (1 + 1e-5)).all()


def test_a_calibration_that_helps_one_half_of_the_origins_and_harms_the_other_is_not_kept():
    panel, center = noisy_panel(n_series=8, weeks=60)
    member = {"blurred": Blurred(center, 1.0)}
    raw = mix_members(panel, member)
    scale = np.where(raw.evidence.newer, 3.0, 0.2).astype(np.float32)
    middle = raw.mixed[:, MEDIAN]
    torn = replace(raw, evidence=replace(raw.evidence, y=middle + scale * (raw.evidence.y - middle)))
    every = np.ones(len(torn.evidence), dtype=bool)
    assert (calibrated._factors(torn, every) == 1).mean() > 0.7
    alike = replace(raw, evidence=replace(raw.evidence, y=middle + 3 * (raw.evidence.y - middle)))
    assert (calibrated._factors(alike, every)[..., 0] > 1.2).all()


def test_what_a_cold_start_lends_is_not_calibrated():
    panel = hide(make_panel(n_series=9, weeks=20, noise=0.3), 3, slice(None))
    raw, predicted = mix_members(panel, {}), forecast_panel(panel, {})
    assert predicted.tier[3] == Tier.COLD_START
    np.testing.assert_array_equal(predicted.quantiles[3], raw.quantiles[3])
    assert (predicted.quantiles[2] != raw.quantiles[2]).any()


def test_every_series_is_forecast_and_its_tier_names_the_source(panel, members):
    holes = hide(panel, 2, slice(None))
    knows = {"wise": replace(members["wise"], leaves=("series-00001", "series-00002"))}
    predicted = forecast_panel(holes, knows)
    assert np.isfinite(predicted.quantiles).all()
    assert set(predicted.tier.tolist()) <= {*map(str, Tier), "wise"}
    assert predicted.tier[2] == Tier.COLD_START
    assert predicted.tier[1] in (Tier.LAST_FOUR, Tier.SEASONAL_NAIVE, Tier.ENSEMBLE)


def test_short_history_and_an_empty_horizon_are_forecast_without_calibration():
    short = make_panel(n_series=3, weeks=3, horizon=2 * SEASON)
    assert_same(forecast_panel(short, {}), mix_members(short, {}))
    empty = forecast_panel(make_panel(n_series=3, weeks=8, horizon=0), {})
    assert empty.quantiles.shape == (3, 0, 7)
    losses = held_back_losses(short, {})
    assert losses.origin_columns == ()
    assert losses.loss.shape == losses.volume.shape == (0, 3)
    assert held_back_losses(make_panel(n_series=3, weeks=8, horizon=0), {}).origin_columns == ()


def test_several_panels_are_forecast_as_one_by_one(panel, members):
    earlier = make_panel(n_series=4, weeks=17, noise=0.2, gaps=0.1)
    together = list(forecast_panels([earlier, panel], members))
    for one, alone in zip(together, (earlier, panel), strict=True):
        assert_same(one, forecast_panel(alone, members))


def test_held_back_volume_is_the_demand_that_was_observed_and_loss_that_of_a_forecast(panel, members):
    losses = held_back_losses(panel, members)
    assert losses.origin_columns == held_back_columns(panel, length=SEASON)
    assert losses.loss.shape == losses.volume.shape == (len(losses.origin_columns), 4)
    seen = np.where(panel.observed, panel.y, 0.0)
    for place, at in enumerate(losses.origin_columns):
        np.testing.assert_allclose(losses.volume[place], seen[:, at : at + SEASON].sum(axis=1), rtol=1e-4)
    assert (losses.loss > 0).all()
    assert losses.loss.sum() < 0.2 * losses.volume.sum()


def test_the_loss_of_a_single_member_is_that_of_its_own_calibrated_quantiles():
    panel, center = noisy_panel(n_series=2, weeks=60)
    member = Blurred(center, 1.0)
    losses = held_back_losses(panel, {"blurred": member})
    own = []
    for at in losses.origin_columns:
        y = panel.y[:, at : at + SEASON]
        own.append(
            pinball(y, member.predict_many(panel, origin_columns=(at,), length=SEASON)[0]).mean(axis=-1).sum(axis=1)
        )
    np.testing.assert_allclose(losses.loss.sum(), np.sum(own), rtol=0.05)


def test_a_worse_model_loses_more(panel):
    truth = np.nan_to_num(whole(panel))
    good, bad = (held_back_losses(panel, {"one": Oracle(truth, factor)}).loss.sum() for factor in (1.0, 1.2))
    assert good < bad


def test_each_half_of_the_held_back_origins_is_judged_by_what_the_other_half_taught(monkeypatch):
    panel, center = noisy_panel()
    asked: list[np.ndarray] = []
    learn = calibrated._factors

    def note(forecast, rows):
        asked.append(rows)
        return learn(forecast, rows)

    member = {"blurred": Blurred(center, 1.0)}
    evidence = mix_members(panel, member).evidence
    monkeypatch.setattr(calibrated, "_factors", note)
    held_back_losses(panel, member)
    older, newer = asked
    np.testing.assert_array_equal(older, ~evidence.newer)
    np.testing.assert_array_equal(newer, evidence.newer)
    assert older.any()
    assert newer.any()


def test_a_series_that_was_never_seen_is_not_judged(panel, members):
    losses = held_back_losses(hide(panel, 1, slice(None)), members)
    assert (losses.volume[:, 1] == 0).all()
    assert (losses.loss[:, 1] == 0).all()
    assert np.isfinite(losses.loss).all()


def test_a_series_too_young_for_any_forecast_spoils_no_other_loss(panel):
    at = held_back_columns(panel, length=SEASON)[2]
    young = hide(panel, 1, slice(0, at + 3))
    losses = held_back_losses(young, {})
    assert np.isfinite(np.delete(losses.loss, 1, axis=1)).all()
    wql = 2 * np.nansum(losses.loss) / losses.volume[np.isfinite(losses.loss)].sum()
    assert 0 < wql < 0.3
