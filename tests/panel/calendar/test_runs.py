"""The season as a table, runs of values and which of them are exceptional."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from forecasting.panel.calendar.runs import (
    Grid,
    Runs,
    chance_threshold,
    exceptional,
    find_runs,
    passes,
)
from tests.panel.histories import make_grid


def naive_runs(member, known):
    found = []
    for row in range(len(member)):
        run = []
        for column in range(member.shape[1]):
            if member[row, column]:
                run.append(column)
            elif known[row, column] and run:
                found.append((row, run))
                run = []
        if run:
            found.append((row, run))
    return found


@given(known=arrays(bool, (3, 12)), member=arrays(bool, (3, 12)))
def test_runs_are_those_of_a_loop_over_the_known_values(known, member):
    member = member & known
    runs = find_runs(member, known)
    expected = naive_runs(member, known)
    assert list(zip(runs.row, runs.first, runs.last, runs.size, strict=True)) == [
        (row, run[0], run[-1], len(run)) for row, run in expected
    ]
    weight = np.arange(36.0).reshape(3, 12)
    assert runs.total(weight).tolist() == [weight[row, run].sum() for row, run in expected]
    assert runs.start(weight).tolist() == [weight[row, run[0]] for row, run in expected]
    np.testing.assert_array_equal(runs.mark(np.ones(len(expected), bool), member.shape), member)
    assert not runs.mark(np.zeros(len(expected), bool), member.shape).any()


def test_a_table_holds_each_column_at_its_cycle_and_slot():
    grid = Grid(np.array([2, 0, 1, 2], np.int32), np.array([0, 1, 1, 1], np.int32), season=3)
    table = grid.table(np.array([[5, 6, 7, 8]]))
    np.testing.assert_array_equal(table, [[[0, 0, 5], [6, 7, 8]]])
    np.testing.assert_array_equal(grid.columns(table), [[5, 6, 7, 8]])


def alone(rows):
    """Runs of one value each, apart, in the given rows."""
    member = np.zeros((max(rows) + 1, 2 * len(rows)), bool)
    member[rows, 2 * np.arange(len(rows))] = True
    return find_runs(member, np.ones(member.shape, bool))


def test_a_run_is_exceptional_only_where_its_series_does_not_do_likewise_every_month():
    runs: Runs = alone([0] * 5 + [1] * 5)
    score = np.array([100, 40, 40, 5, 5, 100, 5, 5, 5, 5.0])
    chosen = exceptional(runs, score, threshold=20, n_cycles=8)
    assert np.flatnonzero(chosen).tolist() == [5]
    assert np.flatnonzero(exceptional(runs, score, threshold=20, n_cycles=12)).tolist() == [0, 1, 2, 5]
    assert not exceptional(runs, score, threshold=100, n_cycles=12).any()


@pytest.mark.parametrize(
    ("first", "last", "fault"), [(10, 23, True), (10, 24, False), (40, 41, True), (34, 41, False), (35, 41, True)]
)
def test_a_fault_lasts_two_seasons_at_most_and_less_than_one_where_it_has_not_ended(first, last, fault):
    known = np.ones((1, 44), bool)
    known[:, 42:] = False
    member = np.zeros((1, 44), bool)
    member[0, first : last + 1] = True
    # 36..41 are fewer than seven columns: a season
    expected = last - first + 1 < 7 if last == 41 else fault
    assert passes(find_runs(member, known), known, 7).tolist() == [expected]


def test_a_larger_panel_asks_for_more_evidence():
    assert chance_threshold(1) == 7
    assert chance_threshold(1_000_000) == pytest.approx(7 + 6 * np.log(10))
    assert make_grid(15, season=7).n_cycles == 3
