"""Single calls and changes of the mean kept apart: on generated truth and on a real call log."""

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InsufficientHistoryError, SettingsError
from forecasting.planning.staffing.handle_time import single_call_variance

SINGLE, WANDERS = 0.8, 0.12
"""Of the logarithms of a single handle time and of an interval's mean."""
LEVEL = np.array([[220.0], [300.0], [100.0], [250.0]])
CALLS = np.array([[2.0], [6.0], [20.0], [60.0]])
TRUE_SINGLE = (np.exp(SINGLE**2) - 1) * np.exp(WANDERS**2) * LEVEL[:, 0] ** 2
TRUE_REMAINING = (np.exp(WANDERS**2) - 1) * LEVEL[:, 0] ** 2


def make_means(seed: int, *, intervals: int = 3000, wanders: float = WANDERS) -> tuple[np.ndarray, np.ndarray]:
    """Means (4, T) of lognormal handle times, NaN where nobody called, and the calls behind them."""
    rng = np.random.default_rng(seed)
    calls = rng.poisson(CALLS, (len(CALLS), intervals))
    true = LEVEL * np.exp(rng.normal(-(wanders**2) / 2, wanders, calls.shape))
    cell = np.repeat(np.arange(calls.size), calls.ravel())
    total = np.bincount(cell, rng.lognormal(-(SINGLE**2) / 2, SINGLE, len(cell)), calls.size).reshape(calls.shape)
    return np.where(calls > 0, true * total / np.maximum(calls, 1), np.nan), calls.astype(float)


def level_around(y: np.ndarray, calls: np.ndarray, *, intervals: int) -> np.ndarray:
    """Mean of the values within so many intervals on either side, weighted by calls, the interval's own left out."""
    seconds = np.nan_to_num(y) * calls

    def others(values: np.ndarray) -> np.ndarray:
        window = np.ones(2 * intervals + 1)
        around = np.array([np.convolve(row, window)[intervals : intervals + len(row)] for row in values])
        return around - values

    count = others(calls)
    return np.divide(others(seconds), count, out=np.full(y.shape, np.nan), where=count > 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_both_parts_are_found_where_they_are_known(seed):
    y, calls = make_means(seed)
    found = single_call_variance(y, calls, LEVEL)
    np.testing.assert_allclose(found.single, TRUE_SINGLE, rtol=0.25)
    # where few calls lie behind a mean, next to nothing can be said of the rest
    np.testing.assert_allclose(found.remaining[3], TRUE_REMAINING[3], rtol=0.25)


def test_a_level_from_the_values_around_does_as_well_as_the_true_one():
    y, calls = make_means(5)
    found = single_call_variance(y, calls, level_around(y, calls, intervals=100))
    np.testing.assert_allclose(found.single, single_call_variance(y, calls, LEVEL).single, rtol=0.1)


def test_means_that_never_wander_leave_next_to_nothing():
    y, calls = make_means(6, wanders=0.0)
    found = single_call_variance(y, calls, LEVEL)
    assert np.sqrt(found.remaining[3]) < 0.04 * LEVEL[3, 0]


def test_a_series_with_few_intervals_stays_near_the_stream_and_an_empty_one_takes_its():
    y, calls = make_means(7)
    few = y.copy()
    few[0, 5:], few[1] = np.nan, np.nan
    found = single_call_variance(few, calls, LEVEL)
    stream = np.exp(SINGLE**2) - 1
    assert found.single[0] / LEVEL[0, 0] ** 2 == pytest.approx(stream, rel=0.25)
    typical = np.broadcast_to(LEVEL, y.shape)[np.isfinite(few)].mean()
    assert found.single[1] / typical**2 == pytest.approx(stream, rel=0.25)


def test_where_weights_never_differ_nothing_is_taken_for_the_luck_of_single_calls():
    y = np.array([[90.0, 110.0, 90.0, 110.0]])
    found = single_call_variance(y, np.full(y.shape, 4.0), np.array([[100.0]]))
    assert found.single.tolist() == [0.0]
    assert found.remaining == pytest.approx([100.0])


def test_one_absurd_mean_moves_little():
    y, calls = make_means(8)
    y[3, 10] = 50 * LEVEL[3, 0]
    found = single_call_variance(y, calls, LEVEL)
    np.testing.assert_allclose(found.single[3], TRUE_SINGLE[3], rtol=0.4)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), scale=st.sampled_from([0.5, 4.0]))
def test_variances_are_finite_and_not_negative_and_grow_with_the_square_of_the_unit(data, scale):
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 12)))
    values = st.one_of(st.floats(0, 4000), st.just(np.nan))
    size = shape[0] * shape[1]
    y = np.array(data.draw(st.lists(values, min_size=size, max_size=size))).reshape(shape)
    calls = np.array(data.draw(st.lists(st.integers(0, 50), min_size=size, max_size=size)), float).reshape(shape)
    level = np.full((shape[0], 1), 200.0)
    if not (np.isfinite(y) & (calls > 0)).any():
        with pytest.raises(InsufficientHistoryError):
            single_call_variance(y, calls, level)
        return
    found = single_call_variance(y, calls, level)
    for variance in (found.single, found.remaining):
        assert np.isfinite(variance).all()
        assert (variance >= 0).all()
    other = single_call_variance(scale * y, calls, scale * level)
    np.testing.assert_allclose(other.single, scale**2 * found.single, rtol=1e-6, atol=1e-6)


def test_values_without_calls_or_level_do_not_count():
    y, calls = make_means(9, intervals=400)
    level = np.broadcast_to(LEVEL, y.shape).copy()
    worse, fewer, unknown = y.copy(), calls.copy(), level.copy()
    worse[:, :50], fewer[:, :50] = 1e6, 0.0
    worse[:, 50:60], unknown[:, 50:60] = 1e6, 0.0
    y[:, :60] = np.nan
    one, other = single_call_variance(y, calls, level), single_call_variance(worse, fewer, unknown)
    np.testing.assert_allclose(one.single, other.single)
    np.testing.assert_allclose(one.remaining, other.remaining)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(SettingsError, match=r"expected y and weight \(N, T\)"):
        single_call_variance(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 2)))


def test_single_calls_of_the_bank_log_vary_as_its_means_say(shared_data):
    feed = shared_data / "anonymous_bank_calls_raw.parquet"
    means = duckdb.sql(
        f"""
        select
            trim(type) as queue,
            time_bucket(interval 30 minute, strptime(replace(right(date, 8), '10-08-', '99-08-'),
                ['%y%m%d', '%y-%m-%d']) + vru_entry::interval) as ts,
            count(*) as calls, avg(ser_time::double) as y, var_samp(ser_time::double) as within
        from read_parquet('{feed}')
        where outcome = 'AGENT' and trim(type) in ('PS', 'NW', 'NE', 'PE', 'TT') and ser_time::double between 1 and 3600
        group by all
        """
    ).df()
    wide = {name: means.pivot_table(index="queue", columns="ts", values=name) for name in ("y", "calls")}
    y, calls = wide["y"].to_numpy(), wide["calls"].fillna(0).to_numpy()
    found = single_call_variance(y, calls, level_around(y, calls, intervals=400))
    several = means[means["calls"] > 1].assign(own=lambda frame: frame["calls"] - 1)
    several["square"] = several["within"] * several["own"]
    truth = several.groupby("queue")[["square", "own"]].sum()
    np.testing.assert_allclose(found.single, truth["square"] / truth["own"], rtol=0.2)
    mean = np.nansum(y * calls, axis=1) / calls.sum(axis=1)
    assert (np.sqrt(found.remaining) < 0.2 * mean).all()
