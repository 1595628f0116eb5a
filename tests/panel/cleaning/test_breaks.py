"""Faults put into clean histories are found; clean histories are left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.panel.cleaning import breaks
from forecasting.panel.cleaning.breaks import Fault, find_breaks
from tests.panel.histories import (
    WEEK,
    drift,
    make_counts,
    make_grid,
    make_shape,
    make_traffic,
    make_ts,
    search,
    search_surges,
)

RNG = np.random.default_rng(0)
HOURS = np.arange(52 * WEEK)
CLEAN = {
    "rare calls": make_counts(0.05, weeks=52),
    "few calls": make_counts(1, weeks=52),
    "many calls": make_counts(50, weeks=52),
    "steady traffic": make_traffic(spread=0.1, weeks=52),
    "bursty traffic": make_traffic(spread=1.2, weeks=52),
    "nearly always nothing": RNG.gamma(0.1, 50, (20, 52 * WEEK)),
    "tenfold growth": RNG.poisson(5 * make_shape(52) * 10 ** (HOURS / HOURS[-1]), (20, 52 * WEEK)),
    "wandering level": RNG.poisson(20 * drift(20, 52, step=0.1, memory=0.9, rng=RNG) * make_shape(52)),
    "plan of small whole numbers": np.tile(np.repeat([2.0, 5, 5, 3], 6), (3, 364)),
    "a constant": np.full((3, 52 * WEEK), 3.0),
    "up or down": (RNG.random((20, 52 * WEEK)) < 0.98) * 1.0,
    "whole percents": np.round(RNG.gamma(4, 2, (20, 52 * WEEK)) * make_shape(52)),
    "a gauge of one decimal": np.round(50 + np.cumsum(RNG.normal(0, 0.05, (20, 52 * WEEK)), axis=1), 1),
    "a ceiling": np.minimum(RNG.gamma(4, 20, (20, 52 * WEEK)), 100),
    "four weeks": make_counts(10, weeks=4),
    "below zero": RNG.normal(0, 1, (20, 52 * WEEK)),
    "nothing at all": np.zeros((3, 52 * WEEK)),
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_demand_of_any_kind_has_no_faults_and_no_shift(name):
    found = search_surges(CLEAN[name])
    assert not found.fault.any()
    assert (found.level_factor == 1).all()
    assert not found.level_start.any()


@pytest.mark.parametrize(("season", "step"), [(7, np.timedelta64(1, "D")), (1, np.timedelta64(7, "D"))])
def test_clean_days_and_weeks_have_no_faults_and_no_shift(season, step):
    rng = np.random.default_rng(0)
    for demand in (rng.gamma(3, 1, (50, 730)), rng.poisson(5, (50, 730)), rng.gamma(30, 10, (50, 730))):
        found = search_surges(demand, season=season, step=step)
        assert not found.fault.any()
        assert not found.level_start.any()


def inject(y, *, kind, length, seed):
    """A copy with a fault at a random place of each series, and where it is."""
    rng = np.random.default_rng(seed)
    broken, put = y.copy(), np.zeros(y.shape, bool)
    for row, at in enumerate(rng.integers(4 * WEEK, y.shape[1] - 2 * WEEK, len(y))):
        where = slice(at, at + length)
        if kind == Fault.STUCK:
            broken[row, where], put[row, at + 1 : at + length] = max(y[row, at], 0.1), True
        else:
            broken[row, where] = 0 if kind == Fault.LOST else 1000 * max(y[row].mean(), 1)
            put[row, where] = True
    return broken, put


def near(put):
    """A day around a fault: zeros of the quiet night beside a silence are part of it for all one can tell."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(put, ((0, 0), (24, 24))), 49, axis=1).any(axis=2)


@pytest.mark.parametrize(
    ("kind", "length", "clean", "share"),
    [
        (Fault.LOST, 3, make_traffic(spread=0.2), 0.99),
        (Fault.LOST, 12, make_traffic(spread=0.6), 0.99),
        (Fault.LOST, 12, make_counts(10), 0.8),
        (Fault.LOST, 24, make_counts(3), 0.9),
        (Fault.LOST, 7 * 24, make_counts(10), 0.99),
        (Fault.STUCK, 6, make_traffic(), 0.99),
        (Fault.STUCK, 48, make_traffic(), 0.99),
        (Fault.STUCK, 24, make_counts(50), 0.9),
        (Fault.SPIKE, 1, make_counts(10), 0.99),
        (Fault.SPIKE, 2, make_traffic(), 0.99),
    ],
)
def test_a_fault_put_into_clean_demand_is_found_for_what_it_is_and_next_to_nothing_else(kind, length, clean, share):
    for seed in range(3):
        broken, put = inject(clean, kind=kind, length=length, seed=seed)
        fault = search(broken).fault
        assert (fault[put] == kind).mean() >= share
        assert not (fault[~near(put)] > 0).any()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hours=st.integers(3, 60))
def test_a_feed_that_falls_silent_is_found_in_small_series_too(seed, hours):
    y = np.concatenate([make_counts(2, n_series=8, seed=seed), make_counts(0.3, n_series=8, seed=seed + 1)])
    at = int(np.random.default_rng(seed).integers(5, 15)) * WEEK + 2
    y[:, at : at + hours] = 0
    fault = search(y).fault
    assert (fault[:, at : at + hours] == Fault.LOST).all()
    # a quiet weekend beside the fault may be part of it for all the smallest series can tell
    assert (np.delete(fault, np.s_[at - 24 : at + hours + 24], axis=1) > 0).mean() < 3e-3


def test_one_large_series_is_not_taken_for_the_feed():
    y = np.concatenate([make_counts(50, n_series=1), make_counts(0.02, n_series=5)])
    y[0, 1000:1030] = 0
    fault = search(y).fault
    assert fault[0, 1000:1030].all()
    assert not fault[1:].any()


def test_two_large_series_are_not_taken_for_a_feed_of_many():
    y = np.concatenate([make_counts(200, n_series=2), make_counts(1, n_series=10)])
    y[:2, 1000:1030] = 0
    fault = search(y).fault[:, 1000:1030]
    assert fault[:2].all()
    # at night, when all are quiet, nobody can tell
    assert (fault[2:] > 0).mean() < 0.5


def test_what_the_calendar_explains_is_not_lost():
    y = make_counts(20, n_series=4)
    y[:, 1008:1032] = 0
    explained = np.zeros(y.shape, bool)
    explained[:, 1008:1032] = True
    grid, ts = make_grid(y.shape[1]), make_ts(y.shape[1], step=np.timedelta64(1, "h"))
    assert find_breaks(y, grid, ts, explained=~explained & False).fault[:, 1008:1032].all()
    assert not find_breaks(y, grid, ts, explained=explained).fault.any()


def test_a_level_is_judged_without_what_was_set_aside():
    y = make_counts(20, n_series=3)
    for week in (17, 18, 19):
        y[:, week * WEEK + 20 : week * WEEK + 92] = 0
    found = search(y)
    assert (found.fault.sum(axis=1) > 3 * 60).all()
    assert not found.level_start.any()


def test_cutting_the_work_into_pieces_changes_nothing(monkeypatch):
    y, _ = inject(make_counts(10), kind=Fault.LOST, length=20, seed=1)
    y[:, 2000:2010] = 0
    y[3, 1500:] *= 4
    whole = search(y)
    monkeypatch.setattr(breaks, "_CELLS", 3 * y.shape[1])
    pieces = search(y)
    np.testing.assert_array_equal(whole.fault, pieces.fault)
    np.testing.assert_array_equal(whole.level_start, pieces.level_start)
    assert whole.fault.any()
    assert whole.level_start[3]


def test_the_search_changes_none_of_its_arguments_and_what_it_cannot_see_has_no_fault():
    y, _ = inject(make_counts(10), kind=Fault.LOST, length=20, seed=1)
    y[np.random.default_rng(0).random(y.shape) < 0.3] = np.nan
    copy = y.copy()
    fault = search(y).fault
    np.testing.assert_array_equal(y, copy)
    assert fault.any()
    assert not fault[np.isnan(y)].any()


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6])
def test_the_unit_of_traffic_does_not_matter(scale):
    y, _ = inject(make_traffic(spread=0.5), kind=Fault.LOST, length=10, seed=1)
    y[4, 1500:] *= 4
    one, other = search(y), search(y * np.float32(scale))
    assert (one.fault != other.fault).mean() < 1e-4
    np.testing.assert_array_equal(one.level_start, other.level_start)
