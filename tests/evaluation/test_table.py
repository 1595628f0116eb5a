"""What a person reads of an evaluation."""

import numpy as np
import pandas as pd
import pytest

from forecasting.evaluation.scores import sum_statistics
from forecasting.evaluation.table import pool, saved, summarize
from forecasting.terms import QUANTILE_COLUMNS


def make_sums(errors, *, series=("a", "b"), fraction=0.0, skip=()):
    """Sums of two origins on which each member errs by its own constant. skip: (member, series) that has no answer."""
    tables = []
    for origin in pd.to_datetime(["2024-01-08", "2024-01-15"], utc=True):
        for member, error in errors.items():
            answered = [key for key in series if (member, key) not in skip]
            level = np.repeat([20.0 + 60 * series.index(key) for key in answered], 4) + fraction
            frame = pd.DataFrame({"series_id": np.repeat(answered, 4), "y": level, "mean": level + error, "scale": 2.0})
            frame["horizon_bucket"] = np.tile(["d1", "d1", "d2-3", "d4-7"], len(answered))
            spread = dict(zip(QUANTILE_COLUMNS, error + np.arange(-3.0, 4.0), strict=True))
            sums = sum_statistics(frame.assign(**{name: level + shift for name, shift in spread.items()}))
            tables.append(sums.assign(member=member, origin=origin))
    return pd.concat(tables, ignore_index=True)


ERRORS = {"seasonal_naive": 9.0, "published": 2.0, "last_four": 6.0, "trees": 3.0}


def read(sums):
    return summarize(sums, pool(sums))


def test_the_combination_comes_first_and_the_members_by_what_they_lose():
    report = read(make_sums(ERRORS))
    assert report.members["member"].tolist() == ["combination", "trees", "last_four", "seasonal_naive"]
    assert report.members["rows"].tolist() == [16] * 4
    assert report.horizon["horizon_bucket"].tolist() == ["d1", "d2-3", "d4-7"]
    np.testing.assert_allclose(report.members["wape"].iloc[0], 2 / 50)
    np.testing.assert_allclose(report.members["bias_mean"].iloc[0], 2 / 50)


def test_counts_show_their_noise_floor_and_the_coverage_of_the_pit():
    counts, measured = read(make_sums(ERRORS)).members, read(make_sums(ERRORS, fraction=0.5)).members
    assert counts.columns.tolist() == [
        *("member", "wape", "noise_floor", "excess", "mase", "wql", "pit80", "pit90", "bias_mean", "rows")
    ]
    assert measured.columns.tolist() == ["member", "wape", "mase", "wql", "cover80", "cover90", "bias_mean", "rows"]
    np.testing.assert_allclose(counts["excess"], counts["wape"] - counts["noise_floor"], atol=2e-4)


def test_the_worst_series_have_the_most_to_gain_and_one_series_is_no_list():
    # the same error: the small series loses more of its volume, but noise excuses it
    small = read(make_sums(ERRORS, series=("a", "b"), fraction=0.5)).worst
    assert small["series_id"].tolist() == ["a", "b"]
    many = read(make_sums({name: 10 * error for name, error in ERRORS.items()}, series=tuple("abcdefgh"))).worst
    assert len(many) == 5
    assert many["excess"].is_monotonic_decreasing
    assert read(make_sums(ERRORS, series=("a",))).worst.empty


def test_the_gain_over_a_reference_is_a_sentence():
    sums = make_sums(ERRORS)
    loss = sums.groupby("member")["pinball"].sum()
    gain = 1 - loss["published"] / loss["last_four"]
    assert saved(sums, "last_four") == pytest.approx(gain)
    sentences = read(sums).sentences
    assert sentences[0] == f"The forecast loses {gain:.0%} less than the average of the last four weeks."
    assert sentences[-1] == "Its mean is 4.0% over what was measured."
    assert any("is noise that no forecast of counts avoids" in sentence for sentence in sentences)
    worse = read(make_sums({**ERRORS, "published": 8.0}, fraction=0.5)).sentences
    assert "more than the average of the last four weeks" in worse[0]
    trees = saved(make_sums({**ERRORS, "published": 8.0}, fraction=0.5), "published", member="trees")
    assert worse[-1] == f"trees alone would have lost {trees:.1%} less."
    same = read(make_sums({"published": 6.0, "last_four": 6.0}, fraction=0.5)).sentences
    assert same[0] == "The forecast loses as much as the average of the last four weeks."
    assert not any("noise that" in sentence for sentence in worse)


def test_only_intervals_that_both_answered_are_compared():
    sums = make_sums({"published": 2.0, "last_four": 6.0}, skip=(("last_four", "b"),))
    alone = make_sums({"published": 2.0, "last_four": 6.0}, series=("a",))
    assert saved(sums, "last_four") == pytest.approx(saved(alone, "last_four"))
    partly = make_sums({"published": 2.0, "last_four": 6.0})
    partly.loc[(partly["member"] == "last_four") & (partly["series_id"] == "b"), "rows"] -= 1
    assert saved(partly, "last_four") == pytest.approx(saved(alone, "last_four"))
    assert saved(sums, "tft") is None
    assert read(sums).members["rows"].tolist() == [16, 8]


def test_a_report_says_where_values_deny_that_they_are_counts():
    measured = make_sums(ERRORS, fraction=0.5)
    (said,) = [one for one in read(measured).sentences if "noise floor" in one]
    assert "set counts = false" in said
    assert not any("noise floor" in one for one in summarize(measured, pool(measured), counts=False).sentences)
