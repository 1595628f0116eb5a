from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from forecasting.quantiles import LEVELS
from forecasting.terms import QUANTILE_COLUMNS, Period, Stat
from forecasting.uncertainty import aggregates
from forecasting.uncertainty.aggregates import aggregate_paths, aggregate_rows, quantiles_of_paths
from forecasting.uncertainty.paths import draw_paths
from forecasting.uncertainty.periods import Columns

MINUTE, DAY = np.timedelta64(1, "m"), np.timedelta64(1, "D")


def make_columns(
    start: str = "2024-03-07",
    *,
    days: int = 12,
    minutes: int = 60,
    zone: str = "UTC",
    kept: slice | np.ndarray = slice(None),
) -> Columns:
    """Local days from a midnight on; 2024-03-10 has 23 hours in Toronto, 2024-03-11 is a Monday."""
    starts = pd.date_range(start, periods=days + 1, freq="D", tz=ZoneInfo(zone)).tz_convert("UTC").tz_localize(None)
    midnights = starts.to_numpy("datetime64[us]")
    grid = np.arange(midnights[0], midnights[-1], minutes * MINUTE) if minutes < 1440 else midnights[:-1]
    ts = grid[kept]
    local = pd.DatetimeIndex(ts).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    day = local.to_numpy("datetime64[D]").astype(np.int64)
    return Columns(ts, day, midnights[:-1], int(np.datetime64(start, "D").astype(int)), minutes)


def make_paths(columns: Columns, *, nodes: int = 2, paths: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2, 10, (nodes, len(columns.ts), paths)).astype(np.float32)


def wide_open(columns: Columns, nodes: int = 2) -> np.ndarray:
    return np.ones((nodes, len(columns.ts)), dtype=bool)


def values(found: list, stat: str, period: str) -> np.ndarray:
    return next(one.paths for one in found if (one.stat, one.period) == (stat, period))


def literally(
    path: np.ndarray, columns: Columns, is_open: np.ndarray, *, rate: bool
) -> dict[tuple[str, str, np.datetime64], float]:
    """Aggregates of one path of one node, word by word."""
    minutes, found = columns.interval_minutes, {}
    busy: dict[int, float] = {}
    for day in set(columns.day.tolist()):
        own = [at for at in range(len(path)) if columns.day[at] == day]
        windows = []
        for place, at in enumerate(own):
            end = columns.ts[at] + max(60, minutes) * MINUTE
            inside = [h for h in own[place : place + 6] if columns.ts[h] + minutes * MINUTE <= end]
            total = sum(float(path[h]) for h in inside if is_open[h])
            windows.append(total / max(60 // minutes, 1) if rate else total)
        if is_open[own].any():
            busy[day] = max(windows)
    for number, midnight in enumerate(columns.midnights):
        first = columns.first_day + number
        for period, length in (("day", 1), ("week", 7)):
            if period == "week" and ((first - 4) % 7 or number + 7 > len(columns.midnights)):
                continue
            if period == "day" and minutes >= 1440:
                continue
            own = path[(columns.day >= first) & (columns.day < first + length) & is_open].astype(float)
            if not len(own):
                continue
            found["mean" if rate else "sum", period, midnight] = own.mean() if rate else own.sum()
            found["max", period, midnight] = own.max()
            found["p95", period, midnight] = np.quantile(own, 0.95)
            if minutes < 1440:
                hours = [busy[day] for day in range(first, first + length) if day in busy]
                found["busy_hour", period, midnight] = float(np.mean(hours))
    return found


@given(
    st.integers(0, 10_000),
    st.sampled_from([10, 20, 30, 60, 120, 360, 1440, 2880]),
    st.sampled_from([0.0, 0.3, 0.9]),
    st.booleans(),
    st.sampled_from(["UTC", "America/Toronto"]),
)
@settings(max_examples=30, deadline=None)
def test_a_literal_implementation_agrees(seed, minutes, closed, rate, zone):
    rng = np.random.default_rng(seed)
    days = 2 if minutes < 20 else 12
    whole = make_columns("2024-03-09" if days == 2 else "2024-03-07", days=days, minutes=minutes, zone=zone)
    kept = np.sort(rng.permutation(len(whole.ts))[: max(int(len(whole.ts) * rng.uniform(0.2, 1.3)), 1)])
    columns = Columns(whole.ts[kept], whole.day[kept], whole.midnights[1:], whole.first_day + 1, minutes)
    paths = make_paths(columns, paths=2, seed=seed)
    is_open = rng.random(paths.shape[:2]) >= closed
    paths[~is_open] = np.nan
    found = aggregate_paths(paths, columns, is_open=is_open, rate=rate)
    for node in range(2):
        for path in range(2):
            found_rows = {
                (str(one.stat), str(one.period), start): float(one.paths[node, place, path])
                for one in found
                for place, start in enumerate(one.ts)
                if one.is_open[node, place]
            }
            wanted = literally(paths[node, :, path], columns, is_open[node], rate=rate)
            assert found_rows == pytest.approx(wanted, rel=1e-5)


def test_daily_sums_add_up_to_the_whole_of_every_path_and_to_the_week():
    columns = make_columns("2024-03-04", days=14, zone="America/Toronto", minutes=30)
    paths = make_paths(columns)
    found = aggregate_paths(paths, columns, is_open=wide_open(columns), rate=False)
    daily, weekly = values(found, "sum", "day"), values(found, "sum", "week")
    np.testing.assert_allclose(daily.sum(axis=1), paths.sum(axis=1, dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(daily.reshape(2, 2, 7, 5).sum(axis=2), weekly, rtol=1e-5)


@pytest.mark.parametrize("rate", [False, True])
def test_statistics_stand_in_order_and_busy_hours_lie_between_peaks(rate):
    columns = make_columns(minutes=15)
    paths = make_paths(columns)
    found = aggregate_paths(paths, columns, is_open=wide_open(columns), rate=rate)
    for period in ("day", "week"):
        highest, percentile = values(found, "max", period), values(found, "p95", period)
        busy, level = values(found, "busy_hour", period), values(found, "mean" if rate else "sum", period)
        assert (highest >= percentile).all()
        assert (percentile > np.median(paths)).all()
        assert (busy <= highest * (1 if rate else 4) * 1.0001).all()
        least = level if rate else level / (24 if period == "day" else 168)
        assert (busy >= least).all()


def test_the_busy_hour_begins_with_any_interval_but_stays_within_its_day_and_open_time():
    columns = make_columns(days=2, minutes=30, kept=np.r_[0:20, 22:96])
    flow = np.ones((1, len(columns.ts), 1), np.float32)
    flow[0, [5, 6], 0] = 20, 30
    flow[0, [19, 20], 0] = 100, 100  # an hour and a half apart
    flow[0, [45, 46], 0] = 60, 60  # either side of midnight
    is_open = wide_open(columns, 1)
    busy = values(aggregate_paths(flow, columns, is_open=is_open, rate=False), "busy_hour", "day")
    np.testing.assert_array_equal(busy.ravel(), [101, 61])
    busy = values(aggregate_paths(flow, columns, is_open=is_open, rate=True), "busy_hour", "day")
    np.testing.assert_array_equal(busy.ravel(), [50.5, 30.5])
    is_open[0, [19, 20]] = False
    busy = values(aggregate_paths(flow, columns, is_open=is_open, rate=False), "busy_hour", "day")
    np.testing.assert_array_equal(busy.ravel(), [61, 61])


def test_days_of_23_and_25_hours_are_summed_whole():
    for start, hours in (("2024-03-09", (24, 23, 24)), ("2024-11-02", (24, 25, 24))):
        columns = make_columns(start, days=3, zone="America/Toronto")
        ones = np.ones((1, len(columns.ts), 1), np.float32)
        daily = values(aggregate_paths(ones, columns, is_open=wide_open(columns, 1), rate=False), "sum", "day")
        assert tuple(daily.ravel()) == hours


def test_weeks_begin_on_monday_and_lie_in_the_horizon_whole():
    columns = make_columns("2024-03-07", days=18)
    found = aggregate_paths(make_paths(columns), columns, is_open=wide_open(columns), rate=False)
    starts = next(one.ts for one in found if one.period == Period.WEEK)
    assert starts.astype("datetime64[D]").astype(str).tolist() == ["2024-03-11", "2024-03-18"]


@pytest.mark.parametrize(("days", "expected"), [(12, ["2024-03-05"]), (6, None)])
def test_a_horizon_without_a_week_from_monday_has_its_first_seven_days_instead(days, expected):
    short = make_columns("2024-03-05", days=days)
    found = aggregate_paths(make_paths(short), short, is_open=wide_open(short), rate=False)
    starts = [one.ts.astype("datetime64[D]").astype(str).tolist() for one in found if one.period == Period.WEEK]
    assert starts == ([expected] * len(starts) if expected else [])
    assert bool(starts) == bool(expected)


def test_daily_streams_have_weeks_without_busy_hours_and_no_days():
    columns = make_columns("2024-03-04", days=14, minutes=1440)
    found = aggregate_paths(make_paths(columns), columns, is_open=wide_open(columns), rate=True)
    assert {(one.stat, one.period) for one in found} == {
        (stat, Period.WEEK) for stat in (Stat.MEAN, Stat.MAX, Stat.P95)
    }


def test_the_order_of_paths_does_not_matter():
    columns = make_columns()
    paths, order = make_paths(columns, paths=9), np.random.default_rng(1).permutation(9)
    given_ = {"level": ["series"] * 2, "keys": ["a", "b"], "is_open": wide_open(columns), "rate": False}
    plain = aggregate_rows(paths, columns, intervals=True, **given_)
    pd.testing.assert_frame_equal(aggregate_rows(paths[..., order], columns, intervals=True, **given_), plain)


def test_rows_are_those_of_open_periods_of_each_node(monkeypatch):
    columns = make_columns("2024-03-04", days=7, minutes=360)
    is_open = wide_open(columns)
    is_open[1, columns.day == columns.first_day + 2] = False
    paths = make_paths(columns)
    given_ = {"level": ["region", "site"], "keys": ["qc", "qc/mtl"], "is_open": is_open, "rate": True}
    rows = aggregate_rows(paths, columns, intervals=True, **given_)
    counts = rows.groupby(["level", "period", "stat"]).size()
    assert counts["region"].to_dict() == {
        **{("day", stat): 7 for stat in ("mean", "max", "p95", "busy_hour")},
        **{("week", stat): 1 for stat in ("mean", "max", "p95", "busy_hour")},
        ("interval", "mean"): 28,
    }
    assert counts["site", "day"].tolist() == [6] * 4
    assert counts["site", "interval", "mean"] == 24
    assert (rows.groupby("level")["group_key"].unique().str[0] == ["qc", "qc/mtl"]).all()
    assert not rows.duplicated(["level", "group_key", "stat", "period", "ts"]).any()
    assert (np.diff(rows[list(QUANTILE_COLUMNS)], axis=1) >= 0).all()
    assert np.isfinite(rows[["mean", *QUANTILE_COLUMNS]]).all(axis=None)
    own = rows[(rows["period"] == "interval") & (rows["level"] == "site")]
    np.testing.assert_allclose(own["mean"], paths[1][is_open[1]].mean(axis=1), rtol=1e-6)
    assert (own["ts"] == pd.DatetimeIndex(columns.ts[is_open[1]]).tz_localize("UTC")).all()
    monkeypatch.setattr(aggregates, "CHUNK", 1)
    key = ["level", "stat", "period", "ts"]
    again = aggregate_rows(paths, columns, intervals=True, **given_)
    pd.testing.assert_frame_equal(again.sort_values(key, ignore_index=True), rows.sort_values(key, ignore_index=True))
    none = aggregate_rows(paths[:0], columns, level=[], keys=[], is_open=is_open[:0], rate=True, intervals=True)
    assert none.columns.tolist() == rows.columns.tolist()
    assert none.empty


def test_quantiles_stand_at_the_middle_ranks_of_paths():
    np.testing.assert_allclose(quantiles_of_paths(np.arange(1.0, 11))[[0, 2, 3, 6]], [1, 3, 5.5, 10])
    np.testing.assert_allclose(quantiles_of_paths(np.arange(100.0)), LEVELS * 100 - 0.5)
    np.testing.assert_array_equal(quantiles_of_paths(np.array([[4.0]])), [[4.0] * 7])
    drawn = np.random.default_rng(0).gamma(1, 5, (20, 31))
    np.testing.assert_allclose(quantiles_of_paths(drawn), np.quantile(drawn, LEVELS, axis=-1, method="hazen").T)


def test_paths_of_an_interval_give_its_forecast_back():
    rng = np.random.default_rng(3)
    forecast = gamma.ppf(LEVELS, rng.uniform(3, 30, (24, 1)), scale=rng.uniform(1, 9, (24, 1)))
    ranks = rng.permuted(np.tile(np.arange(200), (24, 1)), axis=1)
    np.testing.assert_allclose(quantiles_of_paths(draw_paths(forecast, ranks)), forecast, rtol=0.02)


def test_quantiles_of_a_peak_are_higher_than_the_peak_of_medians():
    columns = make_columns(days=1)
    paths = np.random.default_rng(5).gamma(4, 10, (1, 24, 500)).astype(np.float32)
    rows = aggregate_rows(
        paths, columns, level=["all"], keys=["all"], is_open=wide_open(columns, 1), rate=True, intervals=False
    )
    peak = rows.loc[rows["stat"] == "max"].iloc[0]
    assert peak["q50"] > 1.5 * np.median(paths, axis=2).max()
    assert peak["q95"] > np.quantile(paths, 0.95, axis=2).max()


def test_months_lie_in_the_horizon_whole_and_have_their_own_lengths():
    columns = make_columns("2024-01-31", days=60, minutes=360)
    ones = np.ones((1, len(columns.ts), 1), np.float32)
    found = aggregate_paths(ones, columns, is_open=wide_open(columns, 1), rate=False)
    months = [one for one in found if one.period == Period.MONTH and one.stat == Stat.SUM]
    assert [str(one) for one in months[0].ts.astype("datetime64[D]")] == ["2024-02-01"]
    assert values(found, "sum", "month").ravel().tolist() == [29 * 4]
    assert values(found, "busy_hour", "month").ravel().tolist() == [1]
    short = make_columns("2024-02-02", days=40, minutes=360)
    flow = make_paths(short)
    assert not [
        one for one in aggregate_paths(flow, short, is_open=wide_open(short), rate=False) if one.period == "month"
    ]
