"""Demand rows onto the grid."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ContractError
from forecasting.panel.rows import place_rows, read_rows

GRID = np.datetime64("2024-01-01", "us") + np.arange(6) * np.timedelta64(1, "h")


def make_rows(*rows):
    frame = pd.DataFrame(rows, columns=["series_id", "ts", "y"])
    return frame.assign(ts=pd.to_datetime(frame["ts"], utc=True, format="ISO8601"), y=frame["y"].astype(float))


def place(frame, *, kept=(True,) * 6, since=0, until=6):
    rows = read_rows(frame, pd.Index(["a", "b"], dtype=object))
    ends = np.append(GRID, GRID[-1] + np.timedelta64(1, "h"))
    return place_rows(rows, grid=GRID, kept=np.array(kept), n_series=2, since=ends[since], until=ends[until])


def test_rows_go_to_their_own_place_in_any_order():
    y = place(make_rows(("b", "2024-01-01T05:00", 2), ("a", "2024-01-01T00:00", 1), ("b", "2024-01-01T01:00", None)))
    expected = np.full((2, 6), np.nan)
    expected[1, 5], expected[0, 0] = 2, 1
    np.testing.assert_array_equal(y, expected)
    assert y.dtype == np.float32


def test_rows_of_intervals_without_a_column_are_dropped_and_the_others_move_up():
    frame = make_rows(("a", "2024-01-01T01:00", 1), ("a", "2024-01-01T02:00", 2))
    y = place(frame, kept=(False, False, True, True, False, False))
    np.testing.assert_array_equal(y, [[2, np.nan], [np.nan, np.nan]])


def test_rows_of_unknown_and_missing_series_and_outside_the_window_are_dropped():
    frame = make_rows(
        ("z", "2024-01-01T01:00", 1),
        (None, "2024-01-01T01:00", 2),
        ("a", "2024-01-01T00:00", 3),
        ("a", "2024-01-01T05:00", 4),
    )
    assert np.isnan(place(frame, since=1, until=5)).all()


def test_an_infinite_value_is_unknown():
    assert np.isnan(place(make_rows(("a", "2024-01-01T01:00", np.inf)))).all()


def test_the_first_known_value_is_that_of_a_series_on_the_panel():
    frame = make_rows(("z", "2024-01-01T00:00", 1), ("a", "2024-01-01T01:00", None), ("b", "2024-01-01T02:00", 1))
    rows = read_rows(frame, pd.Index(["a", "b"], dtype=object))
    assert rows.first_known(before=GRID[5]) == GRID[2]
    assert rows.first_known(before=GRID[2]) == GRID[2]


def test_rows_of_several_chunks_are_all_placed(monkeypatch):
    monkeypatch.setattr("forecasting.panel.rows._CHUNK", 2)
    frame = make_rows(*(("a", str(ts), number) for number, ts in enumerate(GRID)))
    np.testing.assert_array_equal(place(frame)[0], np.arange(6))


def test_rows_off_the_grid_and_repeated_rows_are_refused_with_their_number():
    twice = make_rows(*[("a", "2024-01-01T01:00", 1)] * 3)
    with pytest.raises(ContractError, match="2 rows repeat a") as repeated:
        place(twice)
    assert (repeated.value.check, repeated.value.failed) == ("duplicate_key", 2)
    shifted = make_rows(("a", "2024-01-01T01:30", 1), ("b", "2024-01-01T05:30", 1), ("b", "2024-01-01T05:00", 1))
    with pytest.raises(ContractError, match="2 rows start no interval") as off_grid:
        place(shifted)
    assert (off_grid.value.check, off_grid.value.failed) == ("off_grid_ts", 2)
