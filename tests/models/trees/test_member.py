from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ModelError
from forecasting.models.features import rows
from forecasting.models.features.history import prepare_history
from forecasting.models.features.rows import horizon_of, row_features
from forecasting.models.profile import fit_profile
from forecasting.models.seasonal.member import last_four
from forecasting.models.trees.fit import fit_trees
from forecasting.models.trees.member import TreesMember, build_features, choose_inputs, rebuild_trees
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel, take_series
from forecasting.quantiles import pinball
from tests.models.factories import hide, make_panel, scramble_from

SEASON = 28
HELD = 6 * SEASON
"""Columns that no member of these tests has learned from."""


def eventful_panel(*, n_series: int = 6, weeks: int = 30, seed: int = 0) -> Panel:
    """Levels drift, and demand is half as large again on days that the calendar tells."""
    panel = make_panel(n_series=n_series, weeks=weeks, season=SEASON, noise=0.08, drift=0.01, gaps=0.02, seed=seed)
    rng = np.random.default_rng(seed + 7)
    special = np.repeat(rng.random(len(panel.ts) // 4) < 0.12, 4)
    return replace(
        panel,
        y=(panel.y * np.where(special, 1.5, 1.0)[: panel.n_history]).astype(np.float32),
        covariates=np.column_stack([panel.covariates, special]).astype(np.float32),
        covariate_names=(*panel.covariate_names, "special"),
    )


def grow(panel: Panel, *, until: int | None = None, seed: int = 1, most: int = 6_000) -> TreesMember:
    until = panel.n_history - HELD if until is None else until
    profile = fit_profile(panel, until=until, seed=seed)
    assert profile is not None
    grown = fit_trees(panel, profile, until=until, check=False, rounds=[80] * 7, seed=seed, most=most)
    assert grown is not None
    return grown.member


def predict(member: TreesMember, panel: Panel, at: int, length: int = SEASON) -> Floats32:
    return member.predict_many(panel, origin_columns=(at,), length=length)[0]


@pytest.fixture(scope="module")
def panel() -> Panel:
    return eventful_panel()


@pytest.fixture(scope="module")
def member(panel: Panel) -> TreesMember:
    return grow(panel)


def features_of(panel: Panel, member: TreesMember, at: int) -> Floats32:
    history = prepare_history(panel, slice(None), power=member.profile.power)
    rows = horizon_of(panel, origin_columns=(at,), length=SEASON)
    return build_features(history, rows, row_features(history, rows), member.inputs, member.profile)


def test_every_feature_has_a_name_of_its_own(panel, member):
    names = member.inputs.names
    assert len(set(names)) == len(names)
    features = features_of(panel, member, 300)
    assert features.shape == (panel.n_series * SEASON, len(names))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_names_stand_over_the_columns_that_they_name(panel, member):
    found = dict(zip(member.inputs.names, features_of(panel, member, 301).T, strict=True))
    column = 301 + np.tile(np.arange(SEASON), panel.n_series)
    np.testing.assert_array_equal(found["lead"], column - 301)
    np.testing.assert_array_equal(found["slot"], panel.slot[column])
    np.testing.assert_array_equal(found["clock"], column % 4)
    np.testing.assert_array_equal(found["weekday"], column % SEASON // 4)
    np.testing.assert_array_equal(found["lead_days"], column // 4 - 301 // 4)
    np.testing.assert_array_equal(found["covariate_special"], panel.covariates[column, 2])
    day = pd.DatetimeIndex(panel.wall[column])
    np.testing.assert_array_equal(found["month_day"], day.day - 1)
    regions = sorted(set(panel.attributes["region"]))
    expected = [regions.index(region) + 1 for region in np.repeat(panel.attributes["region"], SEASON)]
    np.testing.assert_array_equal(found["attribute_region"], expected)


def test_a_campaign_is_a_feature_of_the_series_that_it_touches(panel, member):
    campaign = panel.campaign.copy()
    campaign[1, 305:309] = True
    features = features_of(replace(panel, campaign=campaign), member, 301)
    flag = features[:, member.inputs.names.index("campaign")].reshape(panel.n_series, SEASON)
    assert flag[1].nonzero()[0].tolist() == [4, 5, 6, 7]
    assert not flag[[0, *range(2, panel.n_series)]].any()


def test_trees_lose_clearly_less_than_the_last_four_weeks_where_the_calendar_explains_demand(panel, member):
    ours, theirs = [], []
    for at in range(panel.n_history - HELD, panel.n_history - SEASON + 1, SEASON):
        y = panel.y[:, at : at + SEASON]
        ours.append(np.nanmean(pinball(y, predict(member, panel, at))))
        theirs.append(np.nanmean(pinball(y, last_four(panel, at=at, length=SEASON))))
    assert np.mean(ours) < 0.75 * np.mean(theirs)


def test_a_special_day_ahead_raises_what_is_forecast_for_it(panel, member):
    at, named = panel.n_history, panel.covariate_names.index("special")
    forecasts = []
    for special in (0, 1):
        covariates = panel.covariates.copy()
        covariates[at:, named] = special
        forecasts.append(predict(member, replace(panel, covariates=covariates), at)[..., 3])
    np.testing.assert_allclose(np.median(forecasts[1] / forecasts[0]), 1.5, atol=0.2)


def test_quantiles_are_sorted_finite_and_not_negative(panel, member):
    predicted = member.predict_many(panel, origin_columns=(200, panel.n_history), length=10)
    assert predicted.shape == (2, panel.n_series, 10, 7)
    assert predicted.dtype == np.float32
    assert np.isfinite(predicted).all()
    assert (np.diff(predicted, axis=-1) >= 0).all()
    assert (predicted >= 0).all()


@settings(max_examples=8, deadline=None)
@given(at=st.integers(100, 800), seed=st.integers(0, 99))
def test_nothing_at_or_after_the_column_changes_a_forecast(panel, member, at, seed):
    np.testing.assert_array_equal(predict(member, panel, at), predict(member, scramble_from(panel, at, seed=seed), at))


def test_nothing_at_or_after_the_bound_changes_what_is_learned(panel):
    until = panel.n_history - HELD
    texts = [
        [booster.model_to_string() for booster in grow(p, until=until).boosters]
        for p in (panel, scramble_from(panel, until))
    ]
    assert texts[0] == texts[1]


def test_equal_seeds_grow_equal_trees_and_others_grow_others(panel, member):
    again, other = grow(panel), grow(panel, seed=2)
    at = panel.n_history
    np.testing.assert_array_equal(predict(again, panel, at), predict(member, panel, at))
    assert (predict(other, panel, at) != predict(member, panel, at)).any()


def test_several_columns_chunks_and_parts_are_the_same_as_one_by_one(panel, member, monkeypatch):
    origin_columns = (300, 417, panel.n_history)
    together = member.predict_many(panel, origin_columns=origin_columns, length=SEASON)
    monkeypatch.setattr(rows, "CHUNK", 4)
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", SEASON + 1)
    for block, at in zip(together, origin_columns, strict=True):
        np.testing.assert_array_equal(block, predict(member, panel, at))


def test_parts_make_the_same_member_again_bit_for_bit(panel, member):
    again = rebuild_trees(*member.as_parts())
    assert again.inputs == member.inputs
    at = panel.n_history
    np.testing.assert_array_equal(predict(again, panel, at), predict(member, panel, at))


def test_a_member_whose_rounds_were_cut_off_early_is_the_same_again(panel):
    until = panel.n_history - HELD
    profile = fit_profile(panel, until=until, seed=1)
    grown = fit_trees(panel, profile, until=until, check=True, rounds=None, seed=1, most=3_000)
    assert grown is not None
    again = rebuild_trees(*grown.member.as_parts())
    np.testing.assert_array_equal(predict(again, panel, panel.n_history), predict(grown.member, panel, panel.n_history))


def without(mapping: dict, name: str) -> dict:
    return {key: value for key, value in mapping.items() if key != name}


def test_damaged_parts_are_refused_in_one_line(member):
    config, arrays = member.as_parts()
    text = arrays["booster.3"]

    def with_text(raw: bytes) -> dict:
        return {**arrays, "booster.3": np.frombuffer(raw, np.uint8)}

    damaged = [
        ({}, arrays),
        (without(config, "profile"), arrays),
        ({**config, "profile": None}, arrays),
        ({**config, "vocabulary": ["region"]}, arrays),
        ({**config, "covariate_names": None}, arrays),
        ({**config, "covariate_names": ["sin_week"]}, arrays),
        (config, without(arrays, "booster.6")),
        (config, without(arrays, "profile.weights")),
        (config, with_text(b"")),
        (config, with_text(b"no trees")),
        (config, with_text(b"\xff\xfe")),
        (config, with_text(text.tobytes()[: len(text) // 2])),
        (config, with_text(text.tobytes()[: len(text) // 10])),
    ]
    for parts in damaged:
        with pytest.raises(ModelError, match=r"^(trees|profile): expected .*train again$") as caught:
            rebuild_trees(*parts)
        assert "\n" not in str(caught.value)


def test_attributes_that_training_did_not_know_are_forecast(panel, member):
    at = panel.n_history
    elsewhere = replace(panel, attributes=panel.attributes.replace("r1", "elsewhere"))
    assert np.isfinite(predict(member, elsewhere, at)).all()
    bare = replace(panel, attributes=panel.attributes[[]])
    assert np.isfinite(predict(member, bare, at)).all()


@pytest.mark.parametrize("name", ["queue, language", "a:b", '{"x"}', "region du Québec"])
def test_attributes_may_be_called_anything(name):
    panel = make_panel(n_series=3, weeks=16)
    panel = replace(panel, attributes=panel.attributes.rename(columns={"region": name}))
    member = rebuild_trees(*grow(panel, until=10 * SEASON, most=2_000).as_parts())
    assert f"attribute_{name}" in member.inputs.names
    assert np.isfinite(predict(member, panel, panel.n_history)).all()


def test_a_panel_of_another_kind_is_refused(panel, member):
    with pytest.raises(ModelError, match="expected a season of 28, found 14"):
        predict(member, make_panel(season=14), 28, 1)
    with pytest.raises(ModelError, match="expected covariate special, which the panel lacks; train"):
        predict(member, make_panel(season=SEASON), 100, 1)


def test_covariates_that_came_later_or_stand_elsewhere_change_nothing(panel, member):
    more = replace(
        panel,
        covariates=np.column_stack([panel.covariates[:, 2], np.ones(len(panel.ts)), panel.covariates[:, :2]]),
        covariate_names=("special", "newer", *panel.covariate_names[:2]),
    )
    at = panel.n_history
    np.testing.assert_array_equal(predict(member, more, at), predict(member, panel, at))


@pytest.mark.parametrize(("weeks", "kept"), [(90, False), (101, True)])
def test_the_time_of_year_is_read_only_with_two_years_of_it(weeks, kept):
    panel = make_panel(n_series=1, weeks=weeks, season=7)
    panel = replace(panel, covariate_names=("year_sin_1", "cos_week"))
    assert ("year_sin_1" in choose_inputs(panel).covariate_names) == kept
    assert "cos_week" in choose_inputs(panel).covariate_names


def test_a_series_without_history_is_left_to_others_and_disturbs_none(panel, member):
    at = panel.n_history
    predicted = predict(member, hide(panel, 2, slice(None)), at)
    assert np.isnan(predicted[2]).all()
    others = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(predicted[others], predict(member, panel, at)[others])


def test_a_series_of_which_a_single_value_was_seen_is_left_to_others(panel, member):
    assert np.isnan(predict(member, hide(panel, 0, slice(0, panel.n_history - 1)), panel.n_history)[0]).all()


def test_series_in_other_company_are_forecast_the_same(panel, member):
    at = panel.n_history
    some = take_series(panel, np.array([1, 4]))
    np.testing.assert_array_equal(predict(member, some, at), predict(member, panel, at)[[1, 4]])
