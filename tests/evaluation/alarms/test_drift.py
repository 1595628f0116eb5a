"""Energy distance by hand, and drift of a day against the weeks before it."""

import numpy as np
import pytest

from forecasting.evaluation.alarms.drift import day_drift, energy_distance


def by_pairs(first, second):
    def mean(a, b):
        return np.abs(np.subtract.outer(a, b)).mean()

    return 2 * mean(first, second) - mean(first, first) - mean(second, second)


def test_energy_distance_is_that_of_all_pairs():
    draws = np.random.default_rng(0)
    first, second = draws.normal(0, 1, 40), draws.normal(0.5, 2, 30)
    assert energy_distance(first, second) == pytest.approx(by_pairs(first, second))
    assert energy_distance(first, first) == pytest.approx(0)
    assert energy_distance(np.array([0.0, np.nan]), np.array([3.0])) == pytest.approx(6.0)
    assert np.isnan(energy_distance(np.array([np.nan]), np.array([1.0])))


def levels(days=80, cells=40, seed=0):
    draws = np.random.default_rng(seed)
    week = 1 + 0.5 * (np.arange(days) % 7 < 5)
    return draws.uniform(10, 90, cells) * week[:, None] * np.exp(draws.normal(0, 0.1, (days, cells)))


def test_a_day_like_those_before_has_little_drift_and_mixed_up_series_have_much():
    table = levels()
    usual = day_drift(table)
    assert np.isnan(usual[:56]).all()
    table[-1] = np.random.default_rng(1).permutation(table[-1])
    assert day_drift(table)[-1] > 10 * np.nanmax(usual)


def test_drift_does_not_depend_on_the_unit_of_all_days():
    table = levels()
    assert day_drift(1000 * table) == pytest.approx(day_drift(table), nan_ok=True)


def test_few_cells_or_an_empty_day_have_no_drift():
    table = levels()
    assert np.isnan(day_drift(table[:, :5])).all()
    table[-1] = np.nan
    assert np.isnan(day_drift(table)[-1])
