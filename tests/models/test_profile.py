from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ModelError
from forecasting.models.features import rows
from forecasting.models.profile import ProfileMember, fit_profile, rebuild_profile
from forecasting.models.seasonal.member import last_four
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel, take_series
from forecasting.quantiles import pinball
from forecasting.terms import MEDIAN
from tests.models.factories import hide, make_panel, scramble_from

SEASON = 28


def wandering_panel(*, n_series: int = 4, weeks: int = 26, seed: int = 0) -> Panel:
    """The level of each series walks from day to day: yesterday says more than four weeks do."""
    panel = make_panel(n_series=n_series, weeks=weeks, season=SEASON, horizon=SEASON, noise=0.03, seed=seed)
    rng = np.random.default_rng(seed + 100)
    steps = rng.normal(scale=0.12, size=(n_series, panel.n_history // 4)).cumsum(axis=1)
    # a pull back to the middle keeps levels within reason
    steps -= np.linspace(0, 1, steps.shape[1]) * steps[:, -1:]
    return replace(panel, y=(panel.y * np.exp(np.repeat(steps, 4, axis=1))).astype(np.float32))


def fit(panel: Panel, *, until: int | None = None, seed: int = 1) -> ProfileMember:
    member = fit_profile(panel, until=panel.n_history if until is None else until, seed=seed)
    assert member is not None
    return member


def ask(member: ProfileMember, panel: Panel, at: int, length: int = SEASON) -> Floats32:
    return member.predict_many(panel, origin_columns=(at,), length=length)[0]


@pytest.fixture(scope="module")
def panel() -> Panel:
    return wandering_panel()


@pytest.fixture(scope="module")
def member(panel: Panel) -> ProfileMember:
    return fit(panel, until=panel.n_history - 6 * SEASON)


def test_a_level_that_follows_the_last_day_is_learned(panel, member):
    ours, theirs = [], []
    for at in range(panel.n_history - 6 * SEASON, panel.n_history - 4, 4):
        y = panel.y[:, at : at + 4]
        ours.append(pinball(y, ask(member, panel, at, 4)).mean())
        theirs.append(pinball(y, last_four(panel, at=at, length=4)).mean())
    assert np.mean(ours) < 0.6 * np.mean(theirs)


def test_intervals_hold_what_they_promise_on_days_that_were_not_learned():
    panel = make_panel(n_series=12, weeks=26, noise=0.3)
    member = fit(panel, until=20 * SEASON)
    inside = []
    for at in range(20 * SEASON, 25 * SEASON, 4):
        predicted, y = ask(member, panel, at), panel.y[:, at : at + SEASON]
        inside.append((y >= predicted[..., 1]) & (y <= predicted[..., 5]))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.04)


def test_quantiles_are_sorted_finite_and_not_negative(panel, member):
    predicted = member.predict_many(panel, origin_columns=(200, panel.n_history), length=10)
    assert predicted.shape == (2, panel.n_series, 10, 7)
    assert predicted.dtype == np.float32
    assert np.isfinite(predicted).all()
    assert (np.diff(predicted, axis=-1) >= 0).all()
    assert (predicted >= 0).all()


def test_several_columns_and_several_chunks_are_the_same_as_one_by_one(panel, member, monkeypatch):
    origin_columns = (100, 203, panel.n_history)
    together = member.predict_many(panel, origin_columns=origin_columns, length=SEASON)
    monkeypatch.setattr(rows, "CHUNK", 3)
    for block, at in zip(together, origin_columns, strict=True):
        np.testing.assert_array_equal(block, ask(member, panel, at))


@settings(max_examples=15, deadline=None)
@given(at=st.integers(3 * SEASON, 25 * SEASON), seed=st.integers(0, 99))
def test_nothing_at_or_after_the_column_changes_a_forecast(panel, member, at, seed):
    np.testing.assert_array_equal(ask(member, panel, at), ask(member, scramble_from(panel, at, seed=seed), at))


@settings(max_examples=5, deadline=None)
@given(until=st.integers(8 * SEASON, 20 * SEASON))
def test_nothing_at_or_after_the_bound_changes_what_is_learned(panel, until):
    counts = replace(panel, y=np.round(panel.y))
    one, other = (fit(p, until=until) for p in (counts, scramble_from(counts, until)))
    assert one.power == other.power
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.errors, other.errors)


def test_a_young_series_is_forecast_with_the_weights_of_the_pool(panel):
    young = hide(panel, 0, slice(0, panel.n_history - 8))
    member = fit(young)
    apart = np.abs(member.weights[:-1] - member.weights[-1]).sum(axis=(1, 2))
    assert apart[0] < 0.2 * apart[1:].min()
    mine = np.abs(member.errors[:-1] - member.errors[-1]).max(axis=(1, 2))
    assert mine[0] < 0.5 * mine[1:].max()
    assert np.isfinite(ask(member, young, young.n_history)[0]).all()


def test_a_series_that_training_did_not_know_is_forecast_with_the_pool(panel):
    member = fit(take_series(panel, np.array([0, 1, 3])))
    assert member.places(panel, np.arange(4)).tolist() == [0, 1, 3, 2]
    pooled = replace(
        member,
        weights=np.broadcast_to(member.weights[-1], member.weights.shape),
        errors=np.broadcast_to(member.errors[-1], member.errors.shape),
    )
    at = panel.n_history
    own, pool = ask(member, panel, at), ask(pooled, panel, at)
    np.testing.assert_array_equal(own[2], pool[2])
    assert (own[[0, 1, 3]] != pool[[0, 1, 3]]).any(axis=(1, 2)).all()


def test_a_series_is_forecast_alike_in_whatever_company(panel, member):
    at = panel.n_history
    alone = take_series(panel, np.array([1, 3]))
    np.testing.assert_array_equal(ask(member, alone, at), ask(member, panel, at)[[1, 3]])


def test_a_series_without_history_is_left_to_others_and_disturbs_none(panel, member):
    at = panel.n_history
    never = hide(panel, 2, slice(None))
    predicted = ask(member, never, at)
    assert np.isnan(predicted[2]).all()
    np.testing.assert_array_equal(predicted[[0, 1, 3]], ask(member, panel, at)[[0, 1, 3]])


def test_a_series_of_which_a_single_value_was_seen_is_left_to_others(panel, member):
    assert np.isnan(ask(member, hide(panel, 0, slice(0, panel.n_history - 1)), panel.n_history)[0]).all()


def test_learned_weeks_are_answered_by_weights_that_have_not_seen_them(panel):
    until = panel.n_history - 6 * SEASON
    member = fit(panel, until=until)
    parts = member.as_parts()
    kept = rebuild_profile(*parts)
    drawn = rows.draw_rows(panel, since=2 * SEASON, until=panel.n_history, most=4_000, rng=np.random.default_rng(0))
    for history, part, _ in rows.by_chunk(panel, drawn, power=member.power):
        lagged = rows.row_features(history, part)
        error = (panel.y[part.series, part.column] - lagged.base) / lagged.noise
        learned = part.column < until
        told, seen = (one.answers(history, part, lagged, until=until) for one in (member, kept))
        np.testing.assert_array_equal(told[~learned], seen[~learned])
        # nearly a series' own weights know learned weeks better than they know others
        lost = [np.nanmean((error[learned] - answers[learned, 1]) ** 2) for answers in (told, seen)]
        assert lost[0] > 1.01 * lost[1]


def test_whole_horizons_are_forecast_or_nothing_of_them(panel, member):
    young = hide(panel, 0, slice(0, panel.n_history - 3))
    young = hide(young, 1, slice(0, panel.n_history - 5))
    predicted = member.predict_many(young, origin_columns=(panel.n_history - 4, panel.n_history), length=SEASON)
    finite = np.isfinite(predicted)
    np.testing.assert_array_equal(finite.all(axis=(2, 3)), finite.any(axis=(2, 3)))


def test_a_stale_feed_is_forecast(panel, member):
    stale = hide(panel, slice(None), slice(panel.n_history - 40, None))
    assert np.isfinite(ask(member, stale, panel.n_history)).all()


def test_a_series_that_was_silent_for_long_is_as_uncertain_as_its_past_was(panel, member):
    big = replace(panel, y=panel.y * 1_000)
    silent = hide(big, 0, slice(big.n_history - 6 * SEASON, None))
    predicted = ask(member, silent, big.n_history)[0]
    assert np.median((predicted[:, 6] - predicted[:, 0]) / predicted[:, MEDIAN]) > 0.1


def test_equal_seeds_fit_equal_members():
    panel = make_panel(n_series=3, weeks=14, gaps=0.1)
    one, same = fit(panel), fit(panel)
    np.testing.assert_array_equal(one.weights, same.weights)
    np.testing.assert_array_equal(one.errors, same.errors)


def test_too_little_history_fits_nothing():
    panel = make_panel(n_series=3, weeks=3)
    assert fit_profile(panel, until=SEASON, seed=1) is None
    assert fit_profile(hide(panel, slice(None), slice(None)), until=panel.n_history, seed=1) is None


@pytest.mark.parametrize("weeks", [2, 3, 5])
def test_few_weeks_are_enough_for_a_forecast(weeks):
    panel = make_panel(n_series=3, weeks=weeks)
    assert np.isfinite(ask(fit(panel), panel, panel.n_history)).all()


def test_parts_make_the_same_member_again(panel, member):
    again = rebuild_profile(*member.as_parts())
    at = panel.n_history
    np.testing.assert_array_equal(ask(again, panel, at), ask(member, panel, at))
    assert again.series_ids == member.series_ids


def without(mapping: dict, name: str) -> dict:
    return {key: value for key, value in mapping.items() if key != name}


def test_damaged_parts_are_refused_in_one_line(member):
    config, arrays = member.as_parts()
    weights, errors = arrays["weights"], arrays["errors"]
    damaged = [
        ({}, arrays),
        (without(config, "season"), arrays),
        ({**config, "season": "week"}, arrays),
        ({**config, "power": None}, arrays),
        ({**config, "series_ids": 5}, arrays),
        ({**config, "series_ids": [*config["series_ids"], "one more"]}, arrays),
        (config, {}),
        (config, without(arrays, "errors")),
        (config, without(arrays, "loose")),
        (config, {**arrays, "loose": weights[:-1]}),
        (config, {**arrays, "weights": weights[:-1]}),
        (config, {**arrays, "errors": errors[..., :6]}),
        (config, {**arrays, "weights": weights * np.nan}),
        (config, {**arrays, "errors": errors + np.inf}),
    ]
    for parts in damaged:
        with pytest.raises(ModelError, match=r"^profile: expected .*train again$") as caught:
            rebuild_profile(*parts)
        assert "\n" not in str(caught.value)


def test_a_panel_of_another_season_is_refused(member):
    with pytest.raises(ModelError, match="expected a season of 28, found 14"):
        ask(member, make_panel(season=14), 28, 1)
