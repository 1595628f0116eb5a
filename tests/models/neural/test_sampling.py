import numpy as np
import pytest
import torch

from forecasting.models.neural import sampling
from forecasting.models.neural.sampling import (
    WindowDataset,
    count_windows,
    draw_windows,
    pick_windows,
    spread_windows,
    usable_contexts,
)
from forecasting.models.neural.windows import KnownInputs, WindowShape, prepare
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel

SHAPE = WindowShape(context=28, horizon=14, block=1)


@pytest.fixture
def panel() -> Panel:
    panel = make_panel(n_series=7, weeks=6, gaps=0.3)
    panel = hide(panel, 2, slice(0, 120))
    panel = hide(panel, 3, slice(60, 130))
    return hide(panel, 5, slice(None))


def valid_one_by_one(panel: Panel, *, since: int, until: int) -> list[tuple[int, int]]:
    found = []
    for series in range(panel.n_series):
        for at in range(max(since, 1), until - 14 + 1):
            seen = panel.observed[series, max(at - 28, 0) : at].sum()
            target = panel.observed[series, at : at + 14].any()
            if seen >= 8 and seen >= 0.25 * 28 and target:
                found.append((series, at))
    return found


@pytest.mark.parametrize("chunk", [2, 500])
def test_windows_are_those_that_a_loop_finds(panel, monkeypatch, chunk):
    monkeypatch.setattr(sampling, "CHUNK", chunk)
    expected = valid_one_by_one(panel, since=0, until=140)
    counts = count_windows(panel, SHAPE, since=0, until=140)
    assert counts.sum() == len(expected)
    ranks = np.random.default_rng(0).permutation(len(expected))
    series, at = pick_windows(panel, SHAPE, since=0, until=140, ranks=ranks)
    assert list(zip(series.tolist(), at.tolist(), strict=True)) == [expected[rank] for rank in ranks]


def test_a_draw_has_exactly_the_windows_asked_for_and_repeats_with_its_seed(panel):
    total = int(count_windows(panel, SHAPE, since=0, until=140).sum())
    draws = [
        draw_windows(panel, SHAPE, until=140, total=total, count=5000, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    ]
    assert len(draws[0].series) == len(draws[0].at) == 5000
    assert torch.equal(draws[0].at, draws[1].at)
    assert not torch.equal(draws[0].at, draws[2].at)
    expected = set(valid_one_by_one(panel, since=0, until=140))
    drawn = set(zip(draws[0].series.tolist(), draws[0].at.tolist(), strict=True))
    assert drawn <= expected
    assert len(drawn) > 0.98 * len(expected)
    assert 0.02 < draws[0].hidden.float().mean() < 0.08


def test_no_training_target_reaches_the_validation_targets(panel):
    total = int(count_windows(panel, SHAPE, since=0, until=100).sum())
    draw = draw_windows(panel, SHAPE, until=100, total=total, count=2000, generator=torch.Generator().manual_seed(0))
    held = int(count_windows(panel, SHAPE, since=100, until=140).sum())
    validation = spread_windows(panel, SHAPE, since=100, until=140, total=held, most=50)
    assert int(draw.at.max()) + 14 == 100
    assert int(validation.at.min()) >= 100
    assert int(validation.at.max()) + 14 <= 140
    assert len(validation.at) == 50


def test_a_context_counts_only_what_was_open():
    panel = make_panel(n_series=2, weeks=4)
    panel.open[0, np.arange(panel.open.shape[1]) % 28 >= 9] = False
    panel.observed[:, np.arange(panel.n_history) % 28 >= 9] = False
    panel.observed[:, np.arange(panel.n_history) % 28 < 3] = False
    origin_columns = np.array([112])
    assert usable_contexts(panel, rows=slice(0, 2), origin_columns=origin_columns, columns=56)[:, 0].tolist() == [
        True,
        False,
    ]


def test_a_batch_is_gathered_at_once_and_hides_the_attributes_drawn_to_be_hidden(panel):
    known_inputs = KnownInputs(torch.from_numpy(panel.covariates), torch.ones(7, 1, dtype=torch.int64))
    source = prepare(panel, SHAPE, known_inputs=known_inputs, rows=slice(0, 7), start=-28)
    total = int(count_windows(panel, SHAPE, since=0, until=140).sum())
    draw = draw_windows(panel, SHAPE, until=140, total=total, count=64, generator=torch.Generator().manual_seed(0))
    dataset = WindowDataset(source, draw)
    batch = dataset.__getitems__(list(range(64)))
    assert batch.past_target.shape == (64, 28, 1)
    assert batch.sample_weight.shape == batch.future_target.shape == (64, 14, 1)
    assert torch.isfinite(batch.past_target).all()
    assert torch.isfinite(batch.future_target).all()
    np.testing.assert_array_equal(batch.static_covariates[:, 0, 0] == 0, draw.hidden)
    np.testing.assert_allclose(dataset[3].past_target, batch.past_target[3])
