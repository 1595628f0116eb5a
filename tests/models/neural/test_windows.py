from dataclasses import replace

import numpy as np
import pytest
import torch

from forecasting.models.neural.windows import (
    KnownInputs,
    WindowShape,
    WindowSource,
    gather,
    gather_target,
    prepare,
)
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel, repeat_slot

SHAPE = WindowShape(context=56, horizon=28, block=1)


def source_of(panel: Panel, shape: WindowShape = SHAPE, start: int = 0, known: bool = False) -> WindowSource:
    known_inputs = KnownInputs(torch.from_numpy(panel.covariates), None) if known else None
    return prepare(panel, shape, known_inputs=known_inputs, rows=slice(0, panel.n_series), start=start)


def pairs(*windows: tuple[int, int]) -> dict[str, torch.Tensor]:
    series, at = zip(*windows, strict=True)
    return {"series": torch.tensor(series), "at": torch.tensor(at)}


def test_context_is_demand_relative_to_its_mean():
    panel = make_panel(n_series=3, weeks=6)
    windows = gather(source_of(panel), **pairs((0, 60), (2, 100)))
    for row, (series, at) in enumerate([(0, 60), (2, 100)]):
        context = panel.y[series, at - 56 : at]
        np.testing.assert_allclose(windows.scale[row], context.mean(), rtol=1e-5)
        np.testing.assert_allclose(windows.context[row, :, 0], context / context.mean() - 1, atol=1e-5)


def test_target_and_base_and_scale_give_back_the_demand():
    panel = make_panel(n_series=3, weeks=6, gaps=0.1)
    source, where = source_of(panel), pairs((1, 84), (0, 100))
    windows = gather(source, **where)
    target, weight = gather_target(source, windows, **where)
    demand = (target + windows.base) * windows.unit[:, None, None]
    for row, (series, at) in enumerate([(1, 84), (0, 100)]):
        seen = panel.observed[series, at : at + 28]
        np.testing.assert_allclose(demand[row, seen, 0], panel.y[series, at : at + 28][seen], rtol=1e-4)
        np.testing.assert_array_equal(weight[row, :, 0] > 0, seen)
    assert float(weight.mean()) == pytest.approx(1.0)


def test_base_is_the_mean_of_the_last_four_same_slots():
    panel = make_panel(n_series=2, weeks=8, noise=0.3)
    at = 5 * 28 + 11
    windows = gather(source_of(panel), **pairs((1, at)))
    newest = [column - 28 for column in range(at, at + 28)]
    expected = [np.mean([panel.y[1, column - 28 * k] for k in range(4)]) for column in newest]
    np.testing.assert_allclose(windows.base[0, :, 0] * windows.scale[0], expected, rtol=1e-4)


@pytest.mark.parametrize("known", [False, True])
def test_nothing_at_or_after_the_column_enters_a_window(known):
    panel, at = make_panel(n_series=2, weeks=7, gaps=0.2), 100
    y, observed = panel.y.copy(), panel.observed.copy()
    y[:, at:], observed[:, at:] = 1e9, True
    shape = WindowShape(context=14, horizon=7, block=4)
    before, after = (
        gather(source_of(one, shape, known=known), **pairs((0, at), (1, at)))
        for one in (panel, replace(panel, y=y, observed=observed))
    )
    for name in ("context", "past", "future", "base", "scale"):
        if getattr(before, name) is not None:
            torch.testing.assert_close(getattr(before, name), getattr(after, name), rtol=0, atol=0)


def test_holes_are_filled_from_earlier_weeks_and_never_with_zero():
    panel = make_panel(n_series=2, weeks=6, noise=0.0)
    holes = hide(panel, 0, slice(120, 140))
    windows = gather(source_of(holes), **pairs((0, 140)))
    demand = (windows.context[0, :, 0] + 1) * windows.scale[0]
    np.testing.assert_allclose(demand, panel.y[0, 84:140], rtol=1e-4)


def test_what_precedes_a_young_series_takes_the_mean_of_its_context():
    panel = hide(make_panel(n_series=1, weeks=6), 0, slice(0, 100))
    windows = gather(source_of(panel), **pairs((0, 140)))
    assert (windows.context[0, :16, 0] == 0).all()
    assert float(windows.scale[0]) == pytest.approx(panel.y[0, 100:140].mean(), rel=1e-5)


def test_a_context_may_begin_before_the_history():
    panel = make_panel(n_series=1, weeks=6)
    windows = gather(source_of(panel, start=-40), **pairs((0, 16)))
    assert (windows.context[0, :40, 0] == 0).all()
    assert float(windows.scale[0]) == pytest.approx(panel.y[0, :16].mean(), rel=1e-5)


@pytest.mark.parametrize("start", [-56, 14, 35, 40])
def test_where_the_prepared_columns_start_changes_no_window(start):
    panel = make_panel(n_series=2, weeks=7, gaps=0.1)
    where = pairs((0, 96), (1, 141))
    whole, part = (gather(source_of(panel, start=one, known=True), **where) for one in (0, start))
    for name in ("context", "past", "future", "base", "scale"):
        torch.testing.assert_close(getattr(whole, name), getattr(part, name), rtol=0, atol=0)


def test_an_empty_context_has_no_scale_and_no_weight():
    panel = make_panel(n_series=2, weeks=6)
    panel.y[0] = 0
    source, where = source_of(panel), pairs((0, 100), (1, 100))
    windows = gather(source, **where)
    _, weight = gather_target(source, windows, **where)
    assert windows.scale[0] == 0
    assert torch.isfinite(windows.context).all()
    assert (weight[0] == 0).all()


def test_blocks_read_means_and_forecast_columns():
    panel = make_panel(n_series=2, weeks=8)
    shape = WindowShape(context=14, horizon=7, block=4)
    source, where = source_of(panel, shape, known=True), pairs((1, 120))
    windows = gather(source, **where)
    target, _ = gather_target(source, windows, **where)
    context = panel.y[1, 64:120]
    np.testing.assert_allclose(windows.context[0, :, 0], context.reshape(14, 4).mean(1) / context.mean() - 1, atol=1e-5)
    assert target.shape == windows.base.shape == (1, 7, 4)
    np.testing.assert_allclose(windows.future[0, :, :2], panel.covariates[120:148].reshape(7, 4, 2).mean(1), atol=1e-6)
    np.testing.assert_allclose(windows.past[0, :, :2], panel.covariates[64:120].reshape(14, 4, 2).mean(1), atol=1e-6)


def test_campaigns_and_opening_hours_are_known_ahead():
    panel = make_panel(n_series=2, weeks=6)
    panel.campaign[1, 112:119] = True
    panel.open[1, 119:126] = False
    windows = gather(source_of(panel, known=True), **pairs((1, 112), (0, 112)))
    campaign, opened = windows.future[..., 2], windows.future[..., 3]
    assert campaign[0].tolist() == [1.0] * 7 + [0.0] * 21
    assert opened[0].tolist() == [1.0] * 7 + [0.0] * 7 + [1.0] * 14
    assert (campaign[1] == 0).all()
    assert (opened[1] == 1).all()


def test_the_horizon_may_end_after_the_panel():
    panel = make_panel(n_series=1, weeks=6, horizon=10)
    windows = gather(source_of(panel, known=True), **pairs((0, panel.n_history)))
    assert windows.base.shape == (1, 28, 1)
    assert torch.isfinite(windows.future).all()


def test_a_doubled_hour_does_not_shift_the_base():
    panel = make_panel(n_series=2, weeks=8, noise=0.0)
    doubled = repeat_slot(panel, column=100)
    one = gather(source_of(panel), **pairs((1, 196)))
    two = gather(source_of(doubled), **pairs((1, 197)))
    torch.testing.assert_close(one.base * one.scale, two.base * two.scale, rtol=1e-4, atol=1e-4)


def test_a_series_under_an_event_sees_covariates_of_its_own():
    panel, shape = make_panel(n_series=2, weeks=8), WindowShape(context=14, horizon=7, block=4)
    row = np.full((2, len(panel.ts)), -1, dtype=np.int32)
    row[1, 120:122] = [0, 1]
    shared, own = torch.from_numpy(panel.covariates), torch.from_numpy(panel.covariates[120:122] + 4)
    events = KnownInputs(shared, None, own, row, np.array([0, 1], dtype=np.int32))
    both = torch.tensor([0, 1]), torch.tensor([120, 120])
    found = []
    for known in (KnownInputs(shared, None), events):
        source = prepare(panel, shape, known_inputs=known, rows=slice(0, 2), start=0)
        found.append(gather(source, series=both[0], at=both[1]).future[..., :2].numpy())
    np.testing.assert_array_equal(found[1][0], found[0][0])
    np.testing.assert_allclose(found[1][1, 0], found[0][1, 0] + 2, atol=1e-6)
    np.testing.assert_array_equal(found[1][1, 1:], found[0][1, 1:])
