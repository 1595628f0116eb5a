"""Axes hold what they show; lines break where nothing is open."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecasting.reports.scales import axis_label, line_path, round_ticks, runs, value_axis


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_ticks_are_few_and_hold_the_range(low, width):
    ticks = round_ticks(low, low + width)
    assert ticks[0] <= low + 1e-6 * abs(low)
    assert ticks[-1] >= (low + width) - 1e-6 * max(abs(low), width)
    assert len(ticks) <= 7


def test_an_axis_of_zeros_or_of_nothing_still_has_a_height():
    for values in ([np.zeros(3)], [np.array([np.nan])], []):
        scale, ticks = value_axis(values, start=100, end=0)
        assert scale(0.0) == 100
        assert len(ticks) > 1


def test_lines_break_at_closed_hours_and_missing_values():
    x = np.array([0.0, 1, 2, 10, 11, 12])
    y = np.array([1.0, 2, 3, 4, np.nan, 6])
    pieces = runs(x, y, step=1.0)
    assert [piece.tolist() for piece in pieces] == [[0, 1, 2], [3], [5]]
    assert line_path(x, y, pieces).count("M") == 3


def test_labels_of_axes_are_whole_where_they_can_be():
    assert [axis_label(one) for one in (0.0, 2.5, 1500.0)] == ["0", "2.5", "1,500"]


def test_labels_of_axes_are_short_and_never_lose_their_digits():
    assert [axis_label(one) for one in (0.001, 0.0025, 0.25)] == ["0.001", "0.0025", "0.25"]
    assert [axis_label(one, largest=2e6) for one in (0.0, 5e5, 1.5e6)] == ["0", "0.5M", "1.5M"]
    _, ticks = value_axis([np.array([3e9, 8.2e9])], start=100, end=0)
    assert max(len(tick.label) for tick in ticks) <= 7
    assert len({tick.label for tick in ticks}) == len(ticks)
