"""Members mixed into one forecast of a panel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from forecasting.ensemble import weighing as module
from forecasting.ensemble.evidence import held_back_columns
from forecasting.ensemble.mixture import PanelForecast, mix_members
from forecasting.ensemble.weighing import ForecastCache, predict_all
from forecasting.models.features.days import LEADS
from forecasting.models.member import Member
from forecasting.models.seasonal.member import last_four, seasonal_naive
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.terms import Tier
from tests.models.factories import hide, make_panel, scramble_from
from tests.models.oracles import Oracle, whole

SEASON = 28


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=4, weeks=16, noise=0.2)


@pytest.fixture(scope="module")
def members(panel: Panel) -> dict[str, Member]:
    return {"wise": Oracle(whole(panel)), "fool": Oracle(whole(panel), factor=3.0)}


@pytest.fixture(scope="module")
def mixed(panel: Panel, members: Mapping[str, Member]) -> PanelForecast:
    return mix_members(panel, members)


def test_the_member_that_knows_gets_the_weight_and_names_the_tier(mixed):
    assert mixed.tier.tolist() == ["wise"] * 4
    assert (mixed.weights["wise"] > 0.9).all()
    assert (mixed.weights["fool"] == 0).all()
    np.testing.assert_allclose(mixed.quantiles, mixed.member_forecasts["wise"], rtol=0.3)


def test_weights_are_shares_of_members_by_name(mixed, panel):
    assert list(mixed.weights) == list(mixed.member_forecasts) == ["seasonal_naive", "last_four", "wise", "fool"]
    total = sum(mixed.weights.values())
    np.testing.assert_allclose(total, 1)
    assert total.shape == (4, panel.n_horizon)


def test_the_forecast_is_the_weighted_mean_of_member_forecasts(mixed):
    by_hand = sum(
        mixed.weights[name][..., None] * np.nan_to_num(predicted) for name, predicted in mixed.member_forecasts.items()
    )
    np.testing.assert_allclose(mixed.quantiles, by_hand, rtol=1e-4)


def test_member_forecasts_are_those_of_each_member_by_itself(mixed, panel, members):
    at = panel.n_history
    np.testing.assert_array_equal(mixed.member_forecasts["last_four"], last_four(panel, at=at, length=SEASON))
    np.testing.assert_array_equal(mixed.member_forecasts["seasonal_naive"], seasonal_naive(panel, at=at, length=SEASON))
    for name, member in members.items():
        np.testing.assert_array_equal(
            mixed.member_forecasts[name], member.predict_many(panel, origin_columns=(at,), length=SEASON)[0]
        )


def test_several_that_share_are_an_ensemble(panel):
    truth = whole(panel)
    two = {"low": Oracle(truth, factor=0.8), "high": Oracle(truth, factor=1.2)}
    found = mix_members(panel, two)
    assert found.tier.tolist() == [Tier.ENSEMBLE] * 4
    np.testing.assert_allclose(np.median(found.quantiles[..., 3] / truth[:, -SEASON:]), 1, atol=0.05)


def test_the_mean_lies_among_the_quantiles_and_is_not_negative(mixed, panel):
    assert mixed.mean.shape == (4, SEASON)
    assert (mixed.mean > mixed.quantiles[..., 0]).all()
    assert (mixed.mean < mixed.quantiles[..., 6]).all()
    low = mix_members(replace(panel, y=panel.y * 1e-3), {})
    assert (low.mean >= 0).all()


def test_a_member_that_leaves_a_series_takes_no_part_in_it(panel, mixed):
    truth = whole(panel)
    found = mix_members(panel, {"wise": Oracle(truth, leaves=("series-00001",)), "poor": Oracle(truth, factor=1.3)})
    assert found.tier[1] != "wise"
    assert np.isfinite(found.quantiles).all()
    np.testing.assert_array_equal(found.tier[[0, 2, 3]], ["wise"] * 3)


def test_a_series_that_no_member_with_weight_forecasts_is_forecast_by_the_last_four_weeks(panel, monkeypatch):
    truth = whole(panel)

    @dataclass(frozen=True)
    class Retired(Oracle):
        """Forecasts all series from held-back origins, and all but one from the panel's origin."""

        def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
            predicted = super().predict_many(panel, origin_columns=origin_columns, length=length)
            if tuple(origin_columns) == (panel.n_history,):
                predicted[:, 2] = np.nan
            return predicted

    found = mix_members(panel, {"wise": Retired(truth, spread=0.01)})
    assert found.tier.tolist() == ["wise", "wise", Tier.LAST_FOUR, "wise"]
    np.testing.assert_array_equal(found.quantiles[2], found.member_forecasts["last_four"][2])

    def nothing(panel: Panel, *, at: int, length: int) -> Floats32:
        predicted = last_four(panel, at=at, length=length)
        return predicted if at < panel.n_history else predicted * np.nan

    monkeypatch.setitem(module.UNTRAINED, Tier.LAST_FOUR, nothing)
    found = mix_members(panel, {"wise": Retired(truth, spread=0.01)})
    assert found.tier[2] == Tier.SEASONAL_NAIVE
    np.testing.assert_array_equal(found.quantiles[2], found.member_forecasts["seasonal_naive"][2])


def test_a_series_that_no_member_forecasts_is_forecast_from_its_peers():
    panel = hide(make_panel(n_series=9, weeks=16), 3, slice(None))
    found = mix_members(panel, {})
    assert found.tier[3] == Tier.COLD_START
    assert (np.delete(found.tier, 3) != Tier.COLD_START).all()
    assert np.isfinite(found.quantiles).all()
    assert (found.quantiles[3, :, 6] > found.quantiles[3, :, 0]).all()


def test_closed_intervals_need_no_forecast(panel):
    is_open = panel.open.copy()
    is_open[1, panel.n_history + 5 : panel.n_history + 9] = False

    @dataclass(frozen=True)
    class Sleeper(Oracle):
        def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
            predicted = super().predict_many(panel, origin_columns=origin_columns, length=length)
            if tuple(origin_columns) == (panel.n_history,):
                predicted[:, 1, 5:9] = np.nan
            return predicted

    member = {"wise": Sleeper(whole(panel))}
    assert mix_members(replace(panel, open=is_open), member).tier[1] == "wise"
    assert np.isfinite(mix_members(replace(panel, open=is_open), member).quantiles).all()


def test_quantiles_are_sorted_finite_and_not_negative():
    panel = make_panel(n_series=5, weeks=12, gaps=0.3, noise=1.0)
    found = mix_members(panel, {})
    assert np.isfinite(found.quantiles).all()
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()
    assert (found.quantiles >= 0).all()


def test_too_little_history_to_judge_anyone_trusts_the_last_four_weeks():
    panel = make_panel(n_series=3, weeks=3, horizon=2 * SEASON)
    found = mix_members(panel, {"wise": Oracle(whole(panel))})
    assert found.evidence is None
    assert len(found.origin_columns) == 0
    assert found.tier.tolist() == [Tier.LAST_FOUR] * 3
    np.testing.assert_array_equal(found.quantiles, found.member_forecasts["last_four"])


def test_growth_is_trusted_where_nobody_can_be_judged_and_last_four_take_what_it_leaves():
    panel = make_panel(n_series=3, weeks=3, horizon=2 * SEASON)
    grown = Oracle(whole(panel), leaves=("series-00001",))
    found = mix_members(panel, {"wise": Oracle(whole(panel)), Tier.GROWTH: grown})
    assert found.evidence is None
    assert found.tier.tolist() == [Tier.GROWTH, Tier.LAST_FOUR, Tier.GROWTH]
    np.testing.assert_array_equal(found.quantiles[[0, 2]], np.maximum(found.member_forecasts[Tier.GROWTH][[0, 2]], 0))
    np.testing.assert_array_equal(found.quantiles[1], found.member_forecasts[Tier.LAST_FOUR][1])


def test_an_empty_horizon_is_an_empty_forecast():
    panel = make_panel(n_series=3, weeks=6, horizon=0)
    found = mix_members(panel, {})
    assert found.quantiles.shape == (3, 0, 7)
    assert found.mean.shape == (3, 0)
    assert len(found.tier) == 3
    assert len(found.origin_columns) == 0


def test_held_back_rows_are_mixed_by_weights_that_had_not_seen_their_half():
    panel = make_panel(n_series=2, weeks=20, noise=0.1)
    truth = whole(panel)
    origin_columns = held_back_columns(panel, length=SEASON)
    half = np.median(origin_columns)

    @dataclass(frozen=True)
    class Turncoat(Oracle):
        """Right from one half of the held-back origins, and three times too high from the other."""

        newer: bool = True

        def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
            predicted = super().predict_many(panel, origin_columns=origin_columns, length=length)
            wrong = (np.asarray(origin_columns) > half) == self.newer
            predicted[wrong] *= 3
            return predicted

    found = mix_members(panel, {"old": Turncoat(truth, newer=True), "new": Turncoat(truth, newer=False)})
    evidence = found.evidence
    for part, blamed in ((evidence.newer, 2), (~evidence.newer, 3)):
        # by the other half this member was right, so it weighs much where it is wrong
        y, predicted, mixed = (
            values[..., part, :] for values in (evidence.y[:, None], evidence.predicted, found.mixed)
        )
        near = np.abs(mixed[:, 3] - predicted[blamed, :, 3])
        assert np.median(near) < np.median(np.abs(mixed[:, 3] - y[:, 0]))


def test_of_many_series_some_are_judged_and_all_are_forecast(monkeypatch):
    monkeypatch.setattr(module, "MOST_JUDGED", 5)
    monkeypatch.setattr(module, "LEAST_JUDGED", 5)
    panel = make_panel(n_series=23, weeks=16)
    found = mix_members(panel, {"wise": Oracle(whole(panel))})
    assert len(np.unique(found.evidence.series)) <= 5
    assert found.tier.tolist() == ["wise"] * 23
    assert len(found.group) == 23
    judged = found.evidence.series
    np.testing.assert_array_equal(found.evidence.group, found.group[judged])


def test_nothing_after_the_history_is_used_in_the_evidence(panel):
    calls: list[tuple[int, ...]] = []

    class Note(Oracle):
        def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
            calls.append(tuple(origin_columns))
            return super().predict_many(panel, origin_columns=origin_columns, length=length)

    mix_members(panel, {"note": Note(whole(panel))})
    held = held_back_columns(panel, length=SEASON)
    assert calls == [*((at,) for at in held), (panel.n_history,)]
    assert max(held) + SEASON <= panel.n_history


def test_held_back_columns_that_two_origins_share_are_forecast_once(panel):
    calls: list[int] = []

    class Note(Oracle):
        def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
            calls.extend(origin_columns)
            return super().predict_many(panel, origin_columns=origin_columns, length=length)

    members, cache = {"note": Note(whole(panel))}, ForecastCache()
    first, again = (mix_members(panel, members, cache=cache) for _ in range(2))
    held = held_back_columns(panel, length=SEASON)
    assert calls == [*held, panel.n_history, panel.n_history]
    np.testing.assert_array_equal(first.quantiles, again.quantiles)
    changed = replace(panel, y=np.where(np.arange(panel.n_history) == held[1], panel.y + 1, panel.y))
    calls.clear()
    mix_members(changed, members, cache=cache)
    assert calls == [*held[2:], panel.n_history], "only what lies after the change is forecast again"


def test_what_happened_after_a_column_does_not_change_any_forecast_from_it(panel):
    one, other = (predict_all(p, {}, at=230, length=SEASON) for p in (panel, scramble_from(panel, 230)))
    for name, predicted in one.items():
        np.testing.assert_array_equal(predicted, other[name])


def test_each_column_has_the_cell_of_its_days_ahead(mixed):
    assert mixed.lead.tolist() == [sum(day >= lead for lead in LEADS) for day in np.arange(SEASON) // 4]
