"""Scores against a naive loop, a reference scorer and published numbers."""

import functools
import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.evaluation.scores import (
    ALL_BUCKETS,
    ALL_SERIES,
    SCORE_COLUMNS,
    horizon_buckets,
    poisson_deviation,
    score_rows,
    seasonal_scale,
)
from forecasting.terms import QUANTILE_COLUMNS, QUANTILES

SCORES = ["wape", "mase", "wql", "cover80", "cover90", "bias", "noise_floor", "rows"]


def make_scored(*, n_series=3, steps=60, seed=0, missing=0.1, scale=None):
    """Poisson demand and quantile forecasts around the wrong rate."""
    rng = np.random.default_rng(seed)
    rate = rng.uniform(0.5, 30, (n_series, 1)) * rng.uniform(0.5, 1.5, (n_series, steps))
    y = rng.poisson(rate).astype(float)
    y[rng.random(y.shape) < missing] = np.nan
    guess = rate * rng.uniform(0.8, 1.2, (n_series, 1))
    spread = np.sort(rng.normal(size=(n_series, steps, len(QUANTILES))), axis=-1)
    quantiles = np.maximum(guess[..., None] + np.sqrt(guess)[..., None] * spread, 0)
    frame = pd.DataFrame(quantiles.reshape(-1, len(QUANTILES)), columns=list(QUANTILE_COLUMNS))
    scales = rng.uniform(1, 9, n_series) if scale is None else np.asarray(scale, float)
    return frame.assign(
        series_id=np.repeat([f"s{number}" for number in range(n_series)], steps),
        horizon_bucket=np.tile(horizon_buckets(np.arange(1, steps + 1), interval=timedelta(hours=6)), n_series),
        y=y.ravel(),
        mean=guess.ravel(),
        scale=np.repeat(scales, steps),
    )


def only(table, series_id=ALL_SERIES, bucket=ALL_BUCKETS):
    return table[(table["series_id"] == series_id) & (table["horizon_bucket"] == bucket)].iloc[0]


def naive_scores(frame):
    """One row at a time, in plain Python."""
    error = over = volume = pinball = noise = inside80 = inside90 = rows = 0.0
    scaled = []
    for row in frame.to_dict("records"):
        y = row["y"]
        if math.isnan(y):
            continue
        rows += 1
        volume += abs(y)
        error += abs(y - row["q50"])
        over += row["q50"] - y
        inside80 += row["q10"] <= y <= row["q90"]
        inside90 += row["q05"] <= y <= row["q95"]
        for level, name in zip(QUANTILES, QUANTILE_COLUMNS, strict=True):
            pinball += 2 / 7 * (level * (y - row[name]) if y >= row[name] else (1 - level) * (row[name] - y))
        noise += naive_deviation(row["mean"])
        if row["scale"] > 0:
            scaled.append(abs(y - row["q50"]) / row["scale"])
    volume = volume or math.nan
    return {
        "wape": error / volume,
        "mase": sum(scaled) / len(scaled),
        "wql": pinball / volume,
        "cover80": inside80 / rows,
        "cover90": inside90 / rows,
        "bias": over / volume,
        "noise_floor": noise / volume,
        "rows": rows,
    }


@functools.cache
def naive_deviation(rate):
    """Mean absolute deviation of Poisson counts by its definition."""
    probability, total = math.exp(-rate), 0.0
    for count in range(int(rate + 20 * math.sqrt(rate) + 40)):
        total += probability * abs(count - rate)
        probability *= rate / (count + 1)
    return total


def reference_scores(forecast, truth, season):
    """The scorer that a peer would write with a merge and a loop over series."""
    first = forecast["origin"].min()
    scale = {}
    for series_id, group in truth[truth.ts < first].groupby("series_id"):
        y = group.sort_values("ts")["y"].to_numpy(float)
        scale[series_id] = np.nanmean(np.abs(y[season:] - y[:-season]))
    merged = forecast.merge(truth, on=["series_id", "ts"]).dropna(subset=["y"])
    y, median = merged["y"].to_numpy(float), merged["q50"].to_numpy(float)
    error = np.abs(y - median)
    losses = [
        2 * np.maximum(level * (y - merged[name]), (level - 1) * (y - merged[name])).sum()
        for level, name in zip(QUANTILES, QUANTILE_COLUMNS, strict=True)
    ]
    return {
        "rows": len(merged),
        "wape": error.sum() / np.abs(y).sum(),
        "mase": np.mean(error / merged["series_id"].map(scale).to_numpy(float)),
        "wql": np.mean(losses) / np.abs(y).sum(),
        "cover80": ((y >= merged["q10"]) & (y <= merged["q90"])).mean(),
        "cover90": ((y >= merged["q05"]) & (y <= merged["q95"])).mean(),
        "bias": (median - y).sum() / np.abs(y).sum(),
    }


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.3]))
def test_scores_equal_a_naive_loop_for_every_series_and_bucket(seed, missing):
    frame = make_scored(seed=seed, missing=missing, scale=[2.0, 0.0, np.nan])
    table = score_rows(frame)
    assert tuple(table.columns) == SCORE_COLUMNS
    assert not table.duplicated(["series_id", "horizon_bucket"]).any()
    for row in table.to_dict("records"):
        part = frame
        if row["series_id"] != ALL_SERIES:
            part = part[part["series_id"] == row["series_id"]]
        if row["horizon_bucket"] != ALL_BUCKETS:
            part = part[part["horizon_bucket"] == row["horizon_bucket"]]
        if row["series_id"] in ("s1", "s2"):
            assert math.isnan(row["mase"])
            row["mase"], part = 0.0, part.assign(scale=np.inf)
        np.testing.assert_allclose(
            [row[name] for name in SCORES], [naive_scores(part)[name] for name in SCORES], rtol=1e-9
        )


def test_scores_equal_those_of_a_reference_scorer():
    season, n_series = 24, 4
    rng = np.random.default_rng(7)
    y = rng.poisson(20, (n_series, 240)).astype(float)
    ids = [f"s{number}" for number in range(n_series)]
    ts = pd.date_range("2024-01-01", periods=240, freq="h", tz="UTC")
    truth = pd.DataFrame({"series_id": np.repeat(ids, 240), "ts": np.tile(ts, n_series), "y": y.ravel()})
    forecast = make_scored(n_series=n_series, steps=48).drop(columns=["y", "scale"])
    forecast = forecast.assign(ts=np.tile(ts[192:], n_series), origin=ts[192])
    scale = pd.Series(seasonal_scale(y[:, :192], season=season), index=ids)
    frame = forecast.merge(truth, on=["series_id", "ts"])
    total = only(score_rows(frame.assign(scale=frame["series_id"].map(scale))))
    expected = reference_scores(forecast, truth, season)
    np.testing.assert_allclose([total[name] for name in expected], list(expected.values()), rtol=1e-12)


def test_rows_are_ordered_by_series_and_days_ahead():
    table = score_rows(make_scored(n_series=2))
    assert table["series_id"].tolist() == [ALL_SERIES] * 6 + ["s0"] * 6 + ["s1"] * 6
    assert table["horizon_bucket"].tolist() == ["d1", "d2-3", "d4-7", "d8-14", "later", "all"] * 3


def test_a_perfect_forecast_scores_zero_and_covers_all():
    frame = make_scored(missing=0)
    frame = frame.assign(**dict.fromkeys(QUANTILE_COLUMNS, frame["y"]))
    total = only(score_rows(frame))
    assert total[["wape", "mase", "wql", "bias"]].tolist() == [0, 0, 0, 0]
    assert total[["cover80", "cover90"]].tolist() == [1, 1]


def test_rows_without_a_measurement_are_not_scored():
    frame = make_scored(missing=0.5)
    pd.testing.assert_frame_equal(score_rows(frame), score_rows(frame[frame["y"].notna()]))


def test_nothing_measured_gives_no_scores():
    table = score_rows(make_scored(missing=1.1))
    assert table.empty
    assert tuple(table.columns) == SCORE_COLUMNS


def test_demand_of_zero_has_no_relative_scores_and_fractions_have_no_noise_floor():
    zero = only(score_rows(make_scored(missing=0).assign(y=0.0)))
    assert zero[["wape", "wql", "bias", "noise_floor"]].isna().all()
    assert zero["rows"] == 180
    fraction = only(score_rows(make_scored(missing=0).assign(y=0.5)))
    assert math.isnan(fraction["noise_floor"])
    assert fraction["wape"] > 0


def test_a_forecast_that_is_missing_is_not_silently_left_out():
    frame = make_scored(missing=0)
    frame.loc[0, "q50"] = np.nan
    table = score_rows(frame)
    assert math.isnan(only(table)["wape"])
    assert math.isnan(only(table, "s0", "d1")["wape"])
    assert not math.isnan(only(table, "s1")["wape"])


def test_scoring_changes_nothing_in_its_frame():
    frame = make_scored()
    before = frame.copy(deep=True)
    score_rows(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("rate", "percent"),
    [
        (2, 54.1),
        (5, 35.1),
        (10, 25.0),
        (25, 15.9),
        (50, 11.3),
        (100, 8.0),
        (200, 5.6),
        (500, 3.6),
        (1000, 2.5),
        (5000, 1.1),
    ],
)
def test_the_noise_floor_of_poisson_calls_is_as_published(rate, percent):
    assert round(float(100 * poisson_deviation(rate) / rate), 1) == percent


@given(rate=st.floats(0, 120) | st.floats(15, 25))
def test_the_poisson_deviation_equals_its_definition(rate):
    np.testing.assert_allclose(poisson_deviation(rate), naive_deviation(rate), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rate", [1e4, 1e6, 1e9])
def test_the_poisson_deviation_keeps_its_digits_at_large_rates(rate):
    # Stirling's series of 2 m e^-m m^m / m! at a whole m
    expected = math.sqrt(2 * rate / math.pi) * (1 - 1 / (12 * rate) + 1 / (288 * rate**2))
    np.testing.assert_allclose(poisson_deviation(rate), expected, rtol=1e-12)


def test_the_seasonal_scale_uses_pairs_where_both_are_observed():
    y = np.array([[1, 2, 4, 8, 16, 32], [1, np.nan, 4, 8, 16, 32], [np.nan] * 6], np.float32)
    np.testing.assert_allclose(seasonal_scale(y, season=2), [(3 + 6 + 12 + 24) / 4, (3 + 12 + 24) / 3, np.nan])
    assert np.isnan(seasonal_scale(y, season=6)).all()
    assert np.isnan(seasonal_scale(y, season=9)).all()


@pytest.mark.parametrize(
    ("interval", "steps", "buckets"),
    [
        (
            timedelta(minutes=30),
            [1, 48, 49, 144, 145, 336, 337, 672, 673],
            ["d1", "d1", "d2-3", "d2-3", "d4-7", "d4-7", "d8-14", "d8-14", "later"],
        ),
        (
            timedelta(days=1),
            [1, 2, 3, 4, 7, 8, 14, 15],
            ["d1", "d2-3", "d2-3", "d4-7", "d4-7", "d8-14", "d8-14", "later"],
        ),
        (timedelta(days=7), [1, 2, 3], ["d4-7", "d8-14", "later"]),
    ],
)
def test_a_step_belongs_to_the_day_ahead_on_which_its_interval_ends(interval, steps, buckets):
    assert horizon_buckets(np.array(steps), interval=interval).tolist() == buckets
