"""Limits that a stream's own past sets: what is usual calls nobody, what is not does."""

import numpy as np
import pytest

from forecasting.evaluation.alarms.checks import RULES, Check
from forecasting.evaluation.alarms.limits import LEAST_ORIGINS, judge

BIAS = RULES[Check.BIAS]


def past(days: int = 58, *, spread: float = 0.02, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, days)


def judged(values, *, special=(), rule=BIAS, chance=1 / 1800, weekdays=None):
    count = len(values)
    days = np.arange(count) % 7 if weekdays is None else weekdays
    marked = np.zeros(count, bool)
    marked[list(special)] = True
    return judge(np.asarray(values, float), days, marked, rule, chance=chance)


def test_usual_values_call_nobody_and_a_large_one_does():
    values = past()
    assert judged([*values, 0.01]).excess < 1
    assert judged([*values, 0.5]).excess > 1
    assert judged([*values, -0.5]).excess > 1


def test_two_origins_in_a_row_call_where_one_of_them_would_not():
    values = past()
    one = judged([*values[:-1], 0.0, 0.095])
    assert one.excess < 1
    assert judged([*values[:-1], 0.095, 0.095]).excess > 1
    assert judged([*values[:-1], -0.095, 0.095]).excess < 1


def test_outliers_of_the_past_do_not_hide_a_fault():
    values = past()
    values[[5, 17, 30]] = 5.0
    assert judged([*values, 0.5]).excess > 1


def test_a_noisy_stream_has_wider_limits():
    assert judged([*past(spread=0.02), 0.3]).excess > 1
    assert judged([*past(spread=0.1), 0.3]).excess < 1


def test_a_smaller_chance_of_a_false_alarm_asks_for_more():
    values = [*past(), 0.3]
    assert judged(values, chance=1e-5).excess < judged(values, chance=1e-3).excess


def test_weekdays_have_levels_of_their_own():
    days = np.arange(59) % 7
    values = np.where(days == 6, 0.4, 0.0) + past(59)
    sunday = values[: int(np.flatnonzero(days == 6)[-1]) + 1]
    assert judged(sunday, weekdays=days[: len(sunday)]).excess < 1
    on_monday = np.append(sunday, 0.4)
    assert judged(on_monday, weekdays=days[: len(on_monday)]).excess > 1


def test_known_special_days_are_allowed_more_and_teach_nothing():
    values = [*past(), 0.2]
    assert judged(values).excess > 1
    assert judged(values, special=[58]).excess < 1
    wild = past()
    wild[::3] = 2.0
    assert judged([*wild, 0.3], special=range(0, 58, 3)).excess > 1


def test_a_short_past_judges_nothing():
    assert judged([*past(LEAST_ORIGINS), 5.0]) is None
    assert judged([*past(LEAST_ORIGINS + 1), 5.0]) is not None


def test_an_unknown_value_is_no_finding():
    assert judged([*past(), np.nan]) is None


@pytest.mark.parametrize(("check", "bad", "good"), [(Check.ACCURACY, 0.4, 0.01), (Check.COVERAGE, 0.2, 1.0)])
def test_one_sided_checks_call_on_their_bad_side_only(check, bad, good):
    values = np.random.default_rng(1).normal(0.1 if check is Check.ACCURACY else 0.8, 0.01, 58)
    assert judged([*values, bad], rule=RULES[check]).excess > 1
    assert judged([*values, good], rule=RULES[check]).excess < 1


def test_what_is_far_from_usual_and_still_small_calls_nobody():
    values = past(spread=1e-4)
    assert judged([*values, 0.03]).excess < 1


def test_limits_are_in_the_units_of_the_value():
    found = judged([*past(), 0.01])
    assert found.lower < found.usual < found.upper
    assert judged([*past(), found.upper + 0.01]).excess > 1
