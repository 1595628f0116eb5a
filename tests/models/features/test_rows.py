from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.models.features import rows
from forecasting.models.features.days import index_days
from forecasting.models.features.rows import (
    Rows,
    by_chunk,
    draw_rows,
    horizon_of,
    over_mean,
    row_weights,
)
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel

SEASON = 28


def draw(panel: Panel, *, since: int = 0, until: int | None = None, most: int = 10**9, seed: int = 0) -> Rows:
    until = panel.n_history if until is None else until
    return draw_rows(panel, since=since, until=until, most=most, rng=np.random.default_rng(seed))


def as_set(rows: Rows) -> set[tuple[int, int, int]]:
    return set(zip(rows.series.tolist(), rows.origin.tolist(), rows.column.tolist(), strict=True))


def all_rows(panel: Panel, *, since: int, until: int) -> set[tuple[int, int, int]]:
    """The definition, row by row."""
    days = set(index_days(panel).first.tolist())
    return {
        (series, at, column)
        for series in range(panel.n_series)
        for at in range(max(since, panel.season), until)
        for column in range(at, min(at + panel.max_horizon, until))
        if at in days and panel.observed[series, column]
    }


@settings(max_examples=25, deadline=None)
@given(
    since=st.integers(0, 100), until=st.integers(20, 168), gaps=st.sampled_from([0.0, 0.4]), horizon=st.integers(3, 40)
)
def test_with_room_for_all_every_observed_row_between_the_bounds_is_drawn_once(since, until, gaps, horizon):
    panel = make_panel(n_series=2, weeks=6, gaps=gaps, horizon=horizon)
    drawn = draw(panel, since=since, until=until)
    assert as_set(drawn) == all_rows(panel, since=since, until=until)
    assert len(as_set(drawn)) == len(drawn)


@settings(max_examples=25, deadline=None)
@given(most=st.integers(1, 3000), seed=st.integers(0, 9), n=st.integers(1, 7))
def test_a_draw_is_capped_shared_fairly_and_without_return(most, seed, n):
    panel = make_panel(n_series=n, weeks=8, gaps=0.3)
    drawn = draw(panel, most=most, seed=seed)
    assert len(drawn) <= max(most, n)
    assert as_set(drawn) <= all_rows(panel, since=0, until=panel.n_history)
    assert len(as_set(drawn)) == len(drawn)
    counts = np.bincount(drawn.series, minlength=n)
    assert counts.max() <= max(most // n, 1)
    assert counts.min() >= 0.9 * min(counts.max(), most // n) - 5
    assert (np.diff(drawn.series) >= 0).all()


def test_equal_seeds_draw_equal_rows_and_others_draw_others():
    panel = make_panel(n_series=3, weeks=8)
    one, same, other = (draw(panel, most=300, seed=seed) for seed in (1, 1, 2))
    assert as_set(one) == as_set(same) != as_set(other)


def test_what_lies_at_or_after_the_bound_does_not_change_the_draw():
    panel = make_panel(n_series=3, weeks=8, gaps=0.2)
    later = hide(panel, slice(None), slice(150, None))
    assert as_set(draw(panel, until=150, most=400)) == as_set(draw(later, until=150, most=400))


def test_a_series_that_nothing_was_seen_of_gives_no_row_and_takes_none_from_others():
    panel = hide(make_panel(n_series=3, weeks=8), 1, slice(None))
    counts = np.bincount(draw(panel, most=600).series, minlength=3)
    assert counts.tolist() == [200, 0, 200]


def test_rows_that_are_drawn_lie_all_over_the_history_and_the_horizon():
    panel = make_panel(n_series=2, weeks=20)
    drawn = draw(panel, most=1000)
    ahead = drawn.column - drawn.origin
    assert np.unique(ahead).size == panel.max_horizon
    quarters = np.histogram(drawn.origin, bins=4, range=(SEASON, panel.n_history))[0]
    assert quarters.min() > 0.15 * len(drawn)


def test_without_a_season_of_history_there_is_nothing_to_draw():
    panel = make_panel(n_series=2, weeks=4)
    assert len(draw(panel, until=SEASON)) == 0
    assert len(draw(panel, since=panel.n_history)) == 0
    unseen = hide(panel, slice(None), slice(None))
    assert len(draw(unseen)) == 0


def test_the_longest_horizon_that_a_stream_can_have_is_trained_and_not_only_the_panels():
    panel = replace(make_panel(n_series=1, weeks=8, horizon=10), max_horizon=20)
    drawn = draw(panel)
    assert int((drawn.column - drawn.origin).max()) == 19


def test_a_horizon_lists_series_then_columns_to_forecast_from_then_steps():
    panel = make_panel(n_series=4, weeks=4)
    every = horizon_of(panel, origin_columns=(40, 60), length=3)
    expected = [(series, at, at + step) for series in range(4) for at in (40, 60) for step in range(3)]
    assert list(zip(every.series, every.origin, every.column, strict=True)) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 250])
def test_chunks_cover_every_row_once_with_the_memory_of_its_series(monkeypatch, size):
    monkeypatch.setattr(rows, "CHUNK", size)
    panel = make_panel(n_series=7, weeks=6)
    panel = hide(panel, slice(2, 4), slice(None))
    drawn = draw(panel, most=500)
    covered = np.zeros(len(drawn), dtype=int)
    for history, part, places in by_chunk(panel, drawn, power=0.5):
        covered[places] += 1
        for name in ("series", "origin", "column"):
            np.testing.assert_array_equal(getattr(part, name), getattr(drawn, name)[places])
        own = part.series - history.first
        assert own.min() >= 0
        assert own.max() < min(size, history.cube.shape[0])
        at = panel.n_history
        np.testing.assert_allclose(history.sums[2, own, at], panel.y[part.series].sum(axis=1), rtol=1e-4)
    assert (covered == 1).all()


def test_every_series_weighs_alike_whatever_its_size():
    values = np.array([1, 3, 100, 300, 200], np.float32)
    np.testing.assert_allclose(over_mean(values, np.array([0, 0, 2, 2, 2])), [0.5, 1.5, 0.5, 1.5, 1.0])
    assert len(over_mean(values[:0], np.empty(0, np.int64))) == 0


def test_rows_weigh_what_their_values_do_within_a_series_and_one_without_weights():
    panel = make_panel(n_series=2, weeks=3)
    rows = Rows(np.array([0, 0, 1, 1]), np.array([28, 28, 28, 28]), np.array([28, 29, 30, 31]))
    np.testing.assert_array_equal(row_weights(panel, rows), np.ones(4, np.float32))
    weight = np.zeros(panel.y.shape, np.float32)
    weight[0, 28:30], weight[1, 30:32] = (1, 3), (10, 10)
    np.testing.assert_allclose(row_weights(replace(panel, weight=weight), rows), [0.5, 1.5, 1, 1])
