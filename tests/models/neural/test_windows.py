"""Windows: what of a panel a network is given, and what it is judged by."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.models.neural.windows import (
    AHEAD,
    CONTEXT,
    Windows,
    draw_windows,
    horizon_windows,
    join_inputs,
    read_targets,
    read_windows,
)
from forecasting.models.pretrained.inputs import WIDTH
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel, scramble_from

SEASON = 28
POWER = 0.75


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=5, weeks=12, season=SEASON, horizon=2 * SEASON, gaps=0.05)


@given(length=st.integers(1, 200), origins=st.lists(st.integers(1, 300), min_size=1, max_size=3, unique=True))
def test_runs_of_a_horizon_cover_each_of_its_columns(length, origins):
    panel = make_panel(n_series=2, weeks=12, season=SEASON)
    windows = horizon_windows(panel, origin_columns=tuple(origins), length=length)
    assert (np.diff(windows.series) >= 0).all()
    for series in range(2):
        for at in origins:
            own = windows.only((windows.series == series) & (windows.origin == at))
            covered = np.unique((own.first[:, None] + np.arange(AHEAD)).ravel())
            assert set(range(at, at + length)) <= set(covered.tolist())
            assert own.first.min() == at
            assert length < AHEAD or covered.max() == at + length - 1


def test_drawn_runs_begin_at_days_and_have_something_to_be_judged_by(panel):
    windows = draw_windows(panel, since=100, until=300, most=400, rng=np.random.default_rng(0))
    assert 300 < len(windows) <= 400
    assert (windows.origin % 4 == 0).all()
    assert windows.origin.min() >= 100
    assert (windows.first >= windows.origin).all()
    assert (np.diff(windows.series) >= 0).all()
    inputs = read_windows(panel, windows, power=POWER)
    _, weight = read_targets(panel, windows, inputs, until=300)
    assert (weight.sum(axis=1) > 0).all()
    assert weight[(windows.first[:, None] + np.arange(AHEAD)) >= 300].sum() == 0
    assert weight[weight > 0].mean() == pytest.approx(1.0, abs=1e-3)


def test_nothing_is_drawn_before_a_season_is_known(panel):
    windows = draw_windows(panel, since=0, until=SEASON, most=100, rng=np.random.default_rng(0))
    assert len(windows) == 0
    nothing = read_windows(panel, windows, power=POWER)
    assert nothing.known.shape == (0, AHEAD, WIDTH)


def test_nothing_at_or_after_the_origin_changes_what_a_network_is_given(panel):
    at = 200
    windows = horizon_windows(panel, origin_columns=(at,), length=2 * SEASON)
    one, other = (read_windows(each, windows, power=POWER) for each in (panel, scramble_from(panel, at)))
    for name in ("known", "before", "errors", "base", "noise", "passed"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_the_context_is_what_came_of_the_columns_before_the_origin(panel):
    at = 250
    inputs = read_windows(panel, horizon_windows(panel, origin_columns=(at,), length=AHEAD), power=POWER)
    assert inputs.before.shape == (5, CONTEXT, WIDTH)
    y = np.where(panel.observed, panel.y, np.nan)[:, at - CONTEXT : at]
    unknown = ~np.isfinite(y)
    assert unknown.any()
    assert (inputs.errors[unknown] == 0).all()
    # the base at the origin knows the column itself, so that errors are small, and of either sign
    assert np.abs(inputs.errors[~unknown]).max() < 10
    assert (inputs.errors > 0).any()
    assert (inputs.errors < 0).any()


def test_an_origin_near_the_start_has_a_context_of_nothing_before_the_panel(panel):
    inputs = read_windows(panel, Windows(*(np.array([value]) for value in (0, 10, 10))), power=POWER)
    assert (inputs.errors[0, : CONTEXT - 10] == 0).all()
    assert np.isfinite(inputs.before).all()


def test_inputs_do_not_depend_on_the_unit():
    panel = make_panel(n_series=3, weeks=12, season=SEASON, noise=0.2)
    windows = horizon_windows(panel, origin_columns=(panel.n_history,), length=SEASON)
    one = read_windows(panel, windows, power=1.0)
    other = read_windows(replace(panel, y=panel.y * np.float32(64)), windows, power=1.0)
    np.testing.assert_allclose(one.known, other.known, atol=2e-3)
    np.testing.assert_allclose(one.errors, other.errors, atol=2e-3)


def test_a_series_without_history_is_marked_as_unknown(panel):
    bare = hide(panel, 2, slice(None))
    inputs = read_windows(bare, horizon_windows(bare, origin_columns=(300,), length=AHEAD), power=POWER)
    assert np.isfinite(inputs.known).all()
    assert np.isnan(inputs.base).any(axis=1).tolist() == [False, False, True, False, False]
    assert not inputs.passed[2].any()


def test_inputs_that_are_joined_are_those_of_all(panel):
    windows = horizon_windows(panel, origin_columns=(250,), length=SEASON)
    whole = read_windows(panel, windows, power=POWER)
    parts = join_inputs([whole.only(slice(0, 3)), whole.only(slice(3, None))])
    np.testing.assert_array_equal(parts.known, whole.known)
    np.testing.assert_array_equal(parts.passed, whole.passed)
