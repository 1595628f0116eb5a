"""Scores against a naive loop, a reference scorer and published numbers."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from forecasting.evaluation.counts import count_pit, poisson_deviation, share_inside
from forecasting.evaluation.scores import (
    ALL_BUCKETS,
    ALL_SERIES,
    SCORE_COLUMNS,
    SCORES,
    are_counts,
    horizon_buckets,
    score_rows,
    score_sums,
    seasonal_scale,
    sum_statistics,
)
from forecasting.terms import QUANTILE_COLUMNS, QUANTILES


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
    error = over = over_mean = volume = pinball = noise = inside80 = inside90 = pit80 = pit90 = rows = 0.0
    scaled = []
    for row in frame.to_dict("records"):
        y = row["y"]
        if math.isnan(y):
            continue
        rows += 1
        volume += abs(y)
        error += abs(y - row["q50"])
        over += row["q50"] - y
        over_mean += row["mean"] - y
        inside80 += row["q10"] <= y <= row["q90"]
        inside90 += row["q05"] <= y <= row["q95"]
        for level, name in zip(QUANTILES, QUANTILE_COLUMNS, strict=True):
            pinball += 2 / 7 * (level * (y - row[name]) if y >= row[name] else (1 - level) * (row[name] - y))
        noise += row["noise"]
        pit80 += row["pit80"]
        pit90 += row["pit90"]
        if row["scale"] > 0:
            scaled.append(abs(y - row["q50"]) / row["scale"])
    volume = volume or math.nan
    return {
        "wape": error / volume,
        "mase": sum(scaled) / len(scaled) if scaled else math.nan,
        "wql": pinball / volume,
        "cover80": inside80 / rows,
        "cover90": inside90 / rows,
        "pit80": pit80 / rows,
        "pit90": pit90 / rows,
        "bias": over / volume,
        "bias_mean": over_mean / volume,
        "noise_floor": noise / volume,
        "rows": rows,
    }


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


def with_counts(frame):
    """The frame with what its rows add where y is a count: noise and the shares of the PIT, tested on their own."""
    y, mean = frame["y"].fillna(0).to_numpy(), frame["mean"].to_numpy()
    pit = count_pit(y, frame[list(QUANTILE_COLUMNS)].to_numpy(), mean)
    shares = {f"pit{share}": share_inside(*pit, coverage=share / 100) for share in (80, 90)}
    return frame.assign(noise=poisson_deviation(mean), **shares)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.3]))
def test_scores_equal_a_naive_loop_for_every_series_and_bucket(seed, missing):
    frame = with_counts(make_scored(seed=seed, missing=missing, scale=[2.0, 0.0, np.nan]))
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
        expected = naive_scores(part)
        np.testing.assert_allclose([row[name] for name in SCORES], [expected[name] for name in SCORES], rtol=1e-9)


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


def test_demand_of_zero_has_no_relative_scores_and_only_counts_have_a_noise_floor():
    zero = only(score_rows(make_scored(missing=0).assign(y=0.0)))
    assert zero[["wape", "wql", "bias", "bias_mean", "noise_floor"]].isna().all()
    assert zero["rows"] == 180
    for other in (0.5, -3.0):
        measured = only(score_rows(make_scored(missing=0).assign(y=other)))
        assert measured[["noise_floor", "pit80", "pit90"]].isna().all()
        assert measured["wape"] > 0


def test_a_forecast_that_is_missing_is_not_silently_left_out():
    frame = make_scored(missing=0)
    frame.loc[0, "q50"] = np.nan
    table = score_rows(frame)
    assert only(table)[["wape", "pit80", "pit90"]].isna().all()
    assert math.isnan(only(table, "s0", "d1")["wape"])
    assert not math.isnan(only(table, "s1")["wape"])


def test_origins_are_pooled_as_if_their_rows_had_been_scored_together():
    first, second = make_scored(seed=1, n_series=2), make_scored(seed=2)
    sums = [sum_statistics(part).assign(member=name) for part, name in ((first, "a"), (second, "a"), (second, "b"))]
    pooled = score_sums(pd.concat(sums), by=["member"])
    for name, together in (("a", pd.concat([first, second])), ("b", second)):
        part = pooled[pooled["member"] == name].drop(columns="member").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, score_rows(together))


def test_categorical_keys_are_scored_like_text():
    frame = make_scored()
    coded = frame.astype({"series_id": pd.CategoricalDtype(["s2", "s9", "s0", "s1"]), "horizon_bucket": "category"})
    pd.testing.assert_frame_equal(score_rows(coded), score_rows(frame))


def test_scoring_changes_nothing_in_its_frame():
    frame = make_scored()
    before = frame.copy(deep=True)
    score_rows(frame)
    pd.testing.assert_frame_equal(frame, before)


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


def whole_numbers(spread: float, *, days: int = 60) -> pd.DataFrame:
    """Hourly whole numbers around 500 that scatter by `spread`, and the best forecast of them."""
    y = np.rint(np.random.default_rng(5).normal(500, spread, days * 24))
    quantiles = dict(zip(QUANTILE_COLUMNS, 500 + spread * ndtri(QUANTILES), strict=True))
    return pd.DataFrame({"series_id": "a", "horizon_bucket": "d1", "y": y, "mean": 500.0, "scale": 1.0, **quantiles})


def test_whole_numbers_that_the_definition_does_not_call_counts_have_no_floor():
    total = only(score_rows(whole_numbers(30), counts=False))
    assert total[["noise_floor", "pit80", "pit90"]].isna().all()
    assert only(score_rows(whole_numbers(30)))["noise_floor"] > 0


def test_a_false_guess_is_caught_because_its_error_lies_below_the_floor_of_counts():
    amounts, counts = (sum_statistics(whole_numbers(spread)) for spread in (10, 23))
    assert not are_counts(amounts)
    assert are_counts(counts)
    assert only(score_sums(amounts))[["noise_floor", "pit80"]].isna().all()
    # neither too few values nor one member that happens to do well prove anything
    assert are_counts(sum_statistics(whole_numbers(10, days=1).head(3)))
    assert are_counts(sum_statistics(whole_numbers(500**0.5, days=400)))


def test_one_floor_holds_for_every_member_of_a_case():
    frame = whole_numbers(30)
    sums = pd.concat(
        [
            sum_statistics(frame.assign(mean=mean, rate=500.0)).assign(member=member)
            for member, mean in (("good", 500.0), ("bad", 900.0))
        ]
    )
    floors = score_sums(sums, by=["member"])["noise_floor"]
    assert len(set(floors)) == 1
