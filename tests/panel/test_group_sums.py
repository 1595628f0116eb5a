from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from forecasting.config.sections import ModelsSection
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.training import train_members
from forecasting.panel.grid import Panel
from forecasting.panel.group_sums import sum_panel
from forecasting.panel.hierarchy import Hierarchy, build_hierarchy
from tests.models.factories import hide, make_panel


def by_region(panel: Panel) -> Hierarchy:
    return build_hierarchy(panel.attributes, ["region"])


def whole(panel: Panel) -> Hierarchy:
    return build_hierarchy(panel.attributes, [])


def with_y(panel: Panel, y: np.ndarray) -> Panel:
    return replace(panel, y=y.astype(np.float32), observed=np.isfinite(y))


def rising_panel() -> Panel:
    """Series of which the second doubles every five weeks, up to a good part of the whole."""
    panel = make_panel(n_series=12, weeks=20, noise=0.0)
    y = panel.y.copy()
    y[1] *= np.exp2(np.arange(panel.n_history) / panel.season / 5 - 3)
    return with_y(panel, y)


def test_groups_of_a_whole_panel_are_plain_sums_on_the_same_columns():
    panel = make_panel()
    groups = sum_panel(panel, by_region(panel))
    assert groups.series_ids.tolist() == ["all:all", "region:r0", "region:r1", "region:r2"]
    np.testing.assert_allclose(groups.y, [panel.y.sum(axis=0), panel.y[0] + panel.y[3], *panel.y[1:3]], rtol=1e-6)
    assert groups.observed.all()
    assert (groups.attributes == "").all(axis=None)
    assert groups.attributes.columns.tolist() == ["region"]
    assert groups.weight is None
    assert groups.y.dtype == np.float32
    np.testing.assert_array_equal(groups.ts, panel.ts)


def test_a_missing_member_is_filled_by_its_usual_share_at_the_level_of_that_time():
    panel = rising_panel()
    groups = sum_panel(hide(panel, 1, slice(300, 330)), whole(panel))
    # within a week the level rises by seven percent, which no week's own level follows
    np.testing.assert_allclose(groups.y[0], panel.y.sum(axis=0), rtol=0.01)
    assert groups.observed.all()
    late = sum_panel(hide(panel, 1, slice(panel.n_history - 10, None)), whole(panel))
    np.testing.assert_allclose(late.y[0, -10:], panel.y.sum(axis=0)[-10:], rtol=0.01)


@pytest.mark.parametrize(("share", "seen"), [(0.15, True), (0.25, False)])
def test_a_group_of_which_too_much_is_missing_is_unobserved(share, seen):
    panel = make_panel(n_series=2, noise=0.0)
    flat = np.repeat([[100 * (1 - share)], [100 * share]], panel.n_history, axis=1)
    groups = sum_panel(hide(with_y(panel, flat), 1, slice(40, 44)), whole(panel))
    assert groups.observed[0, 40:44].all() == seen
    assert groups.observed[0].sum() == panel.n_history - (0 if seen else 4)
    np.testing.assert_allclose(groups.y[groups.observed], 100, rtol=1e-5)
    assert np.isnan(groups.y[~groups.observed]).all()


def test_before_its_first_and_long_after_its_last_value_a_member_counts_as_nothing():
    panel = make_panel(n_series=2, noise=0.0)
    season = panel.season
    young = sum_panel(hide(panel, 1, slice(0, 5 * season)), whole(panel))
    np.testing.assert_allclose(young.y[0, : 5 * season], panel.y[0, : 5 * season], rtol=1e-5)
    np.testing.assert_allclose(young.y[0, 5 * season :], panel.y[:, 5 * season :].sum(axis=0), rtol=1e-5)
    gone = sum_panel(hide(panel, 1, slice(5 * season, None)), whole(panel))
    np.testing.assert_allclose(gone.y[0, 5 * season :], panel.y[0, 5 * season :], rtol=1e-5)
    # a feed that is two days late is no closing down
    large = with_y(panel, panel.y * [[1], [10]])
    late = sum_panel(hide(large, 1, slice(panel.n_history - 8, None)), whole(panel))
    assert late.observed[0].tolist() == [True] * (panel.n_history - 8) + [False] * 8


def test_members_that_never_had_anything_are_summed_to_nothing():
    panel = make_panel(n_series=5)
    empty = with_y(panel, np.zeros_like(panel.y))
    groups = sum_panel(hide(empty, 0, slice(10, 12)), whole(panel))
    assert (groups.y == 0).all()
    groups = sum_panel(hide(empty, slice(0, 2), slice(10, 12)), whole(panel))
    assert np.flatnonzero(~groups.observed[0]).tolist() == [10, 11]


def test_a_group_without_any_value_is_unobserved():
    panel = make_panel()
    groups = sum_panel(hide(panel, slice(None), slice(None)), by_region(panel))
    assert not groups.observed.any()
    assert groups.open.all()
    assert np.isnan(groups.y).all()


def test_closed_members_add_nothing_and_lack_nothing():
    panel = make_panel(n_series=3, noise=0.0)
    is_open = panel.open.copy()
    is_open[1, ::5] = False
    is_open[:, ::10] = False
    closed = replace(panel, open=is_open)
    observed = closed.observed & is_open[:, : panel.n_history]
    closed = replace(closed, observed=observed, y=np.where(observed, closed.y, np.nan))
    groups = sum_panel(closed, whole(panel))
    np.testing.assert_array_equal(groups.open[0], is_open.any(axis=0))
    np.testing.assert_array_equal(groups.observed[0], observed.any(axis=0))
    np.testing.assert_allclose(groups.y[0, 5], panel.y[0, 5] + panel.y[2, 5], rtol=1e-6)


def test_what_was_measured_under_an_event_of_a_member_is_no_part_of_its_group():
    panel = make_panel(n_series=3, noise=0.0)
    flat = with_y(panel, np.repeat([[60.0], [30.0], [10.0]], panel.n_history, axis=1))
    event, y, usual = panel.campaign.copy(), flat.y.copy(), panel.open.copy()
    event[2, 5] = event[0, 7] = event[1, -1] = True
    y[2, 5], y[0, 7] = 40.0, 90.0
    closed = panel.open.copy()
    closed[1, -1] = False
    groups = sum_panel(replace(flat, y=y, campaign=event, event=event, usual_open=usual, open=closed), whole(panel))
    # a small member is filled by its usual share; without a large one the group is unknown
    assert groups.y[0, 5] == pytest.approx(100.0, rel=1e-4)
    assert np.flatnonzero(~groups.observed[0]).tolist() == [7]
    assert not groups.campaign.any()
    assert groups.open.all()


def test_level_shifts_are_those_of_the_sum():
    panel = make_panel(n_series=3, weeks=30, noise=0.02)
    at = 20 * panel.season
    y = np.where(np.arange(panel.n_history) < at, panel.y, 3 * panel.y)
    groups = sum_panel(with_y(panel, y), whole(panel))
    assert abs(int(groups.level_start[0]) - at) <= 2


def test_the_result_does_not_depend_on_how_many_series_are_looked_at_together(monkeypatch):
    panel = make_panel(n_series=9, gaps=0.1)
    once = sum_panel(panel, by_region(panel))
    monkeypatch.setattr("forecasting.panel.group_sums._CELLS", 1)
    np.testing.assert_allclose(sum_panel(panel, by_region(panel)).y, once.y, rtol=1e-6)


def test_members_trained_on_the_series_forecast_their_sums():
    panel = make_panel(n_series=12, weeks=16, gaps=0.02, noise=0.1)
    hierarchy = by_region(panel)
    trainings = train_members(panel, ModelsSection(members=("seasonal",)))
    members = {name: training.member for name, training in trainings.items() if training.member is not None}
    groups, parts = sum_panel(panel, hierarchy), forecast_panel(panel, members).quantiles
    forecast = forecast_panel(groups, members).quantiles
    sums = np.einsum("gn,nhq->ghq", hierarchy.summing.toarray(), parts)
    np.testing.assert_allclose(forecast[..., 3], sums[..., 3], rtol=0.2)
    # errors of members cancel out in part: sums are surer than sums of widths
    width = (forecast[..., 6] - forecast[..., 0]).mean(axis=1)
    assert (width < 0.8 * (sums[..., 6] - sums[..., 0]).mean(axis=1)).all()
    assert (width > 0.1 * (sums[..., 6] - sums[..., 0]).mean(axis=1)).all()


def test_any_groups_can_be_summed():
    panel = make_panel(n_series=2)
    summing = sparse.csr_array(np.array([[1, 1], [1, 1], [0, 1]], np.float32))
    same = Hierarchy(("all", "x", "y"), np.arange(3), np.array(["all", "a", "a/b"]), summing, ())
    groups = sum_panel(panel, same)
    np.testing.assert_array_equal(groups.y[0], groups.y[1])
    assert isinstance(groups.attributes, pd.DataFrame)
