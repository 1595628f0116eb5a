"""Demand as known at an instant, from versions in any order."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ContractError
from forecasting.panel.calendar.calendar import grid_between
from forecasting.panel.demand import Demand, Versions, apply_updates, drop_before, lay_demand, lay_frame
from tests.panel.factories import make_stream

START = np.datetime64("2024-01-01", "us")
HOUR = np.timedelta64(1, "h")
GRID = START + np.arange(6) * HOUR
END = GRID[-1] + HOUR
IDS = np.array(["a", "b"])

# grid, and edges that lie on it: hours over a clock change, and days of 23 and 25 hours, weeks
CALENDARS = (
    (make_stream(timezone="Europe/Berlin"), "2024-03-30T23:00", "2024-04-01T00:00"),
    (make_stream(interval="1d", timezone="Europe/Berlin"), "2024-03-20T23:00", "2024-04-10T22:00"),
    (make_stream(interval="1d", timezone="America/Santiago"), "2024-08-31T04:00", "2024-09-20T03:00"),
    (make_stream(interval="7d", horizon="28d", timezone="Europe/Berlin"), "2024-01-28T23:00", "2024-06-30T22:00"),
)


def make_versions(rng: np.random.Generator, grid: np.ndarray, *, until: np.datetime64, rows: int) -> Versions:
    """Versions of three series, the third none of those asked for; each key once, some late, some withdrawn, some
    without weight, some censored."""
    span = int((until - grid[0]) / HOUR)
    key = rng.choice(3 * len(grid) * span, size=min(rows, 3 * len(grid) * span), replace=False)
    series, place, hour = np.unravel_index(key, (3, len(grid), span))
    ts = grid[place]
    y = np.where(rng.random(len(key)) < 0.2, np.nan, rng.integers(0, 1000, len(key)))
    weight = np.where(rng.random(len(key)) < 0.4, np.nan, rng.integers(1, 100, len(key)))
    censored = rng.random(len(key)) < 0.1
    versions = Versions(np.where(series == 2, -1, series), ts, y, grid[0] + (hour + 1) * HOUR, weight, censored)
    return take(versions, versions.available_at > ts)


def take(versions: Versions, rows: np.ndarray) -> Versions:
    return Versions(*(column[rows] for column in versions))


def known_at(versions: Versions, at: np.datetime64) -> np.ndarray:
    return (versions.available_at <= at) & (versions.ts < at)


def batches(rng: np.random.Generator, versions: Versions, number: int) -> list[Versions]:
    """The versions in any order, in so many batches."""
    shuffled = take(versions, rng.permutation(len(versions.ts)))
    edges = np.sort(rng.integers(0, len(versions.ts) + 1, number - 1))
    return [take(shuffled, rows) for rows in np.split(np.arange(len(versions.ts)), edges)]


def newest(versions: Versions, grid: np.ndarray, column: str = "y") -> np.ndarray:
    """(2, G) by the definition: of each cell the value of the greatest available_at."""
    frame = pd.DataFrame(dict(zip(Versions._fields, versions, strict=True)))
    frame = frame[frame["series"] >= 0].sort_values("available_at").drop_duplicates(["series", "ts"], keep="last")
    table = frame.pivot_table(index="series", columns="ts", values=column, dropna=False)
    return table.reindex(index=[0, 1], columns=pd.DatetimeIndex(grid)).to_numpy(np.float32)


def values_at(ts: np.ndarray, *, series: int = 0) -> Versions:
    """Values 0, 1, 2 ... of one series, each known an hour later."""
    size = len(ts)
    return Versions(
        np.full(size, series), ts, np.arange(float(size)), ts + HOUR, np.full(size, np.nan), np.zeros(size, bool)
    )


def lay(*known: Versions) -> Demand:
    return lay_demand(make_stream(), IDS, since=START, until=END, known=known)


def assert_same(one: Demand, other: Demand) -> None:
    assert (one.y.dtype, one.grid.dtype) == (np.float32, np.dtype("datetime64[us]"))
    for name in ("series_ids", "grid", "y", "weight", "censored"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@settings(max_examples=80, deadline=None)
@given(calendar=st.sampled_from(CALENDARS), seed=st.integers(0, 2**32 - 1), number=st.integers(1, 5))
def test_every_cell_holds_its_newest_version_whatever_the_order_and_the_batches(calendar, seed, number):
    stream, since, until = calendar[0], *(np.datetime64(edge, "us") for edge in calendar[1:])
    rng = np.random.default_rng(seed)
    grid = grid_between(stream, since, until)
    versions = make_versions(rng, grid, until=until + 48 * HOUR, rows=rng.integers(0, 400))
    known = take(versions, versions.available_at <= until)
    laid = lay_demand(stream, IDS, since=since, until=until, known=batches(rng, known, number))
    np.testing.assert_array_equal(laid.grid, grid)
    np.testing.assert_array_equal(laid.y, newest(known, grid))
    weight = np.where(np.isnan(laid.y), np.nan, newest(known, grid, "weight"))
    if laid.weight is None:
        assert np.isnan(weight).all()
    else:
        np.testing.assert_array_equal(laid.weight, weight)
    censored = (newest(known._replace(censored=1.0 * known.censored), grid, "censored") > 0) & np.isfinite(laid.y)
    np.testing.assert_array_equal(np.zeros(laid.y.shape, bool) if laid.censored is None else laid.censored, censored)
    assert laid.y.dtype == np.float32


@settings(max_examples=80, deadline=None)
@given(calendar=st.sampled_from(CALENDARS), seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 4))
def test_learning_step_by_step_is_laying_all_at_once(calendar, seed, steps):
    stream, since, until = calendar[0], *(np.datetime64(edge, "us") for edge in calendar[1:])
    rng = np.random.default_rng(seed)
    grid = grid_between(stream, since, until)
    versions = make_versions(rng, grid, until=until, rows=600)
    origins = [*grid[np.sort(rng.choice(np.arange(1, len(grid)), size=steps, replace=False))], until]

    def lay(at):
        known = take(versions, known_at(versions, at))
        return lay_demand(stream, IDS, since=since, until=at, known=batches(rng, known, 2))

    demand = lay(origins[0])
    for before, at in itertools.pairwise(origins):
        is_news = known_at(versions, at) & ((versions.available_at > before) | (versions.ts >= before))
        updates = batches(rng, take(versions, is_news), 2)
        demand = apply_updates(stream, demand, since=before, until=at, updates=updates)
        assert_same(demand, lay(at))


def test_a_withdrawn_value_is_unknown_and_may_come_back():
    one = {"series": np.array([1]), "ts": GRID[2:3], "weight": np.array([np.nan]), "censored": np.array([False])}
    first = Versions(**one, y=np.array([7.0]), available_at=GRID[3:4])
    gone = Versions(**one, y=np.array([np.nan]), available_at=GRID[4:5])
    back = Versions(**one, y=np.array([7.0]), available_at=GRID[5:6])
    for known, y in (([first], 7.0), ([gone, first], np.nan), ([back, gone, first], 7.0)):
        laid = lay(*known)
        np.testing.assert_array_equal(laid.y[1, 2], y)
        assert np.isnan(np.delete(laid.y.ravel(), 8)).all()
    before = lay_demand(make_stream(), IDS, since=START, until=GRID[4], known=[first])
    after = apply_updates(make_stream(), before, since=GRID[4], until=END, updates=[gone])
    assert np.isnan(after.y).all()
    assert before.y[1, 2] == 7.0


def test_weights_are_kept_only_where_the_feed_gives_any():
    plain = values_at(GRID[:3])
    assert lay(plain).weight is None
    weighted = plain._replace(weight=np.array([4.0, np.nan, np.inf]))
    laid = lay(weighted)
    np.testing.assert_array_equal(laid.weight[0], [4, *[np.nan] * 5])
    np.testing.assert_array_equal(laid.y[0, :3], [0, 1, 2])
    np.testing.assert_array_equal(drop_before(laid, GRID[1]).weight, laid.weight[:, 1:])


def test_bounds_are_kept_only_where_the_feed_gives_any_and_go_with_the_version_that_flags_them():
    plain = values_at(GRID[:3])
    assert lay(plain).censored is None
    bounded = plain._replace(censored=np.array([True, False, True]), y=np.array([5.0, 6.0, np.nan]))
    laid = lay(bounded)
    np.testing.assert_array_equal(laid.censored[0], [True, *[False] * 5])
    np.testing.assert_array_equal(drop_before(laid, GRID[1]).censored, laid.censored[:, 1:])
    later = apply_updates(
        make_stream(), laid, since=END, until=END + HOUR, updates=[plain._replace(available_at=GRID[:3])]
    )
    assert later.censored.shape == (2, 7)
    assert not later.censored.any()


def test_a_frame_may_say_which_values_are_bounds_and_leave_some_open():
    rows = pd.DataFrame({"series_id": "a", "ts": GRID[:3], "y": [1.0, 2.0, 3.0]})
    for predicted in ([True, None, False], pd.array([True, None, False], "boolean")):
        laid = lay_frame(make_stream(), rows.assign(censored=predicted), IDS, since=START, until=END)
        np.testing.assert_array_equal(laid.censored[0], [True, *[False] * 5])
    np.testing.assert_array_equal(
        lay_frame(make_stream(), rows.assign(censored=[False, True, False]), IDS, since=START, until=END).censored[0],
        [False, True, *[False] * 4],
    )
    assert lay_frame(make_stream(), rows, IDS, since=START, until=END).censored is None


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_value_with_nothing_behind_it_is_unknown(weight):
    laid = lay(values_at(GRID[:2])._replace(weight=np.array([3.0, weight])))
    np.testing.assert_array_equal(laid.y[0, :2], [0, np.nan])
    np.testing.assert_array_equal(laid.weight[0, :2], [3, np.nan])


def test_nothing_is_known_where_no_version_is():
    laid = lay()
    np.testing.assert_array_equal(laid.grid, GRID)
    assert np.isnan(laid.y).all()
    assert laid.y.shape == (2, 6)
    none = lay_demand(make_stream(), IDS[:0], since=START, until=END, known=[values_at(GRID[:1])])
    assert none.y.shape == (0, 6)


def test_what_lies_before_an_instant_is_forgotten_and_the_rest_stays():
    laid = lay(values_at(GRID))
    rest = drop_before(laid, GRID[2])
    np.testing.assert_array_equal(rest.grid, GRID[2:])
    np.testing.assert_array_equal(rest.y, laid.y[:, 2:])
    assert drop_before(laid, START).y.shape == (2, 6)
    assert drop_before(laid, END).y.shape == (2, 0)
    # what comes after a pause longer than what is remembered
    later = apply_updates(make_stream(), drop_before(laid, END), since=END, until=END + 2 * HOUR, updates=[])
    np.testing.assert_array_equal(later.grid, END + np.arange(2) * HOUR)


@pytest.mark.parametrize("inside", [True, False])
def test_versions_off_the_grid_are_refused_with_their_number_and_those_of_other_spans_are_dropped(inside):
    ts = np.concatenate([GRID[:1], GRID[1:3] + np.timedelta64(30, "m")]) + (0 if inside else 100) * HOUR
    rows = values_at(ts, series=1)
    if not inside:
        assert np.isnan(lay(rows).y).all()
        return
    with pytest.raises(ContractError, match="2 rows start no interval of the stream") as refused:
        lay(rows)
    assert (refused.value.check, refused.value.failed) == ("off_grid_ts", 2)
    with pytest.raises(ContractError, match="2 rows start no interval"):
        apply_updates(make_stream(), lay(), since=END, until=END + HOUR, updates=[rows])


def test_an_hour_that_starts_no_local_day_is_off_the_grid_of_days():
    stream = make_stream(interval="1d", timezone="Europe/Berlin")
    since, until = (np.datetime64(edge, "us") for edge in ("2024-03-29T23:00", "2024-04-02T22:00"))
    # midnight before the clocks change is 23:00 UTC, afterwards 22:00
    for ts, fits in (("2024-03-30T23:00", True), ("2024-03-31T23:00", False), ("2024-03-31T22:00", True)):
        versions = [values_at(np.array([ts], "datetime64[us]"))]
        if fits:
            laid = lay_demand(stream, IDS, since=since, until=until, known=versions)
            assert laid.grid[np.isfinite(laid.y).any(axis=0)].astype(str).tolist() == [f"{ts}:00.000000"]
        else:
            with pytest.raises(ContractError, match="1 rows start no interval"):
                lay_demand(stream, IDS, since=since, until=until, known=versions)


def frame_of(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["series_id", "ts", "y"])
    return frame.assign(ts=pd.to_datetime(frame["ts"], utc=True, format="ISO8601"), y=frame["y"].astype(float))


def laid_frame(frame: pd.DataFrame, *, since: np.datetime64 = START, until: np.datetime64 = END) -> np.ndarray:
    return lay_frame(make_stream(), frame, IDS, since=since, until=until).y


def test_rows_of_a_frame_go_to_their_own_place_in_any_order():
    frame = frame_of(("b", "2024-01-01T05:00", 2), ("a", "2024-01-01T00:00", 1), ("b", "2024-01-01T01:00", None))
    expected = np.full((2, 6), np.nan, np.float32)
    expected[1, 5], expected[0, 0] = 2, 1
    np.testing.assert_array_equal(laid_frame(frame), expected)
    coded = frame.assign(series_id=pd.Categorical(frame["series_id"], categories=["z", "b", "a"]))
    np.testing.assert_array_equal(laid_frame(coded), expected)


def test_rows_of_unknown_and_missing_series_and_outside_the_span_are_dropped():
    frame = frame_of(
        ("z", "2024-01-01T01:00", 1),
        (None, "2024-01-01T01:00", 2),
        (None, "2024-01-01T01:00", 2),
        ("a", "2024-01-01T00:00", 3),
        ("a", "2024-01-01T00:00", 3),
        ("a", "2024-01-01T05:00", 4),
    )
    assert np.isnan(laid_frame(frame, since=GRID[1], until=GRID[5])).all()


@pytest.mark.parametrize("y", [np.inf, -np.inf])
def test_an_infinite_value_is_unknown(y):
    assert np.isnan(laid_frame(frame_of(("a", "2024-01-01T01:00", y)))).all()


def test_rows_of_a_frame_that_repeat_an_interval_or_lie_off_the_grid_are_refused_with_their_number():
    twice = frame_of(*[("a", "2024-01-01T01:00", 1)] * 3)
    with pytest.raises(ContractError, match="2 rows repeat a") as repeated:
        laid_frame(twice)
    assert (repeated.value.check, repeated.value.failed) == ("duplicate_key", 2)
    shifted = frame_of(("a", "2024-01-01T01:30", 1), ("b", "2024-01-01T05:30", 1), ("b", "2024-01-01T05:00", 1))
    with pytest.raises(ContractError, match="2 rows start no interval") as off_grid:
        laid_frame(shifted)
    assert (off_grid.value.check, off_grid.value.failed) == ("off_grid_ts", 2)
