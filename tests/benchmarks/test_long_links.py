"""Generated links of years: their run-out day by a reckoning day by day, and what their history holds."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from cases.long_links import CEILING, CENSORED, LongLinks, first_day, make_long_links

from forecasting.config.capacity import Persistence


@pytest.fixture(scope="module")
def links() -> LongLinks:
    return make_long_links(200, seed=3)


def day_by_day(measured: np.ndarray, future: np.ndarray, limit: float, *, days: int, window: int) -> int:
    """First day from the origin that ends a window with days enough above the limit; -1 where there is none."""
    whole = [*measured, *future]
    for day in range(len(future)):
        last = whole[len(measured) + day + 1 - window : len(measured) + day + 1]
        if sum(value > limit for value in last) >= days:
            return day
    return -1


def test_the_expected_run_out_day_is_the_one_that_a_reckoning_day_by_day_finds(links):
    now = links.y.shape[1]
    for row in range(40):
        past, future = links.expected[row, :now].astype(float), links.expected[row, now:].astype(float)
        assert links.expected_runs_out[row] == day_by_day(past, future, links.limit[row], days=3, window=7)


def test_the_run_out_day_is_reckoned_with_the_days_noise(links):
    found = [day_by_day(np.full(7, np.nan), links.future[row], links.limit[row], days=3, window=7) for row in range(40)]
    late = links.runs_out[:40] >= 6  # from then on no day before the origin counts
    assert late.sum() > 10
    assert [day for day, own in zip(found, late, strict=True) if own] == list(links.runs_out[:40][late])
    assert (links.runs_out != links.expected_runs_out).any()


def test_days_before_the_origin_count_into_the_first_windows():
    above = np.array([[0, 1, 1, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 0, 1]], dtype=bool)
    assert list(first_day(above, 3, Persistence(days=3, window=4))) == [1, -1, -1]
    assert list(first_day(above, 3, Persistence(days=2, window=2))) == [-1, 4, -1]


def test_links_of_every_fate_are_there(links):
    out = links.runs_out
    assert 0.25 < (out < 0).mean() < 0.65
    assert (out == 0).mean() < 0.15
    assert ((out > 0) & (out < 90)).sum() >= 5
    assert ((out >= 120) & (out < 245)).sum() >= 5


def test_links_mostly_grow_by_ten_to_forty_percent_a_year(links):
    now = links.y.shape[1]
    growth = links.expected[:, now : now + 365].mean(axis=1) / links.expected[:, now - 365 : now].mean(axis=1) - 1
    assert ((growth > 0.1) & (growth < 0.4)).mean() > 0.7
    assert growth.min() < 0.08
    assert growth.max() > 0.35


def test_nothing_measured_passes_the_capacity_and_days_near_it_are_censored(links):
    now = links.y.shape[1]
    upgraded = links.series["upgraded"].to_numpy("M8[D]")[:, None]
    old = links.series["capacity_before"].to_numpy()[:, None]
    present = np.where(links.days[None, :now] < upgraded, old, links.series["capacity"].to_numpy()[:, None])
    share = links.y / present
    assert np.nanmax(share) <= CEILING + 1e-6
    assert links.censored.any()
    clear = ~(np.abs(share - CENSORED) < 1e-6)
    np.testing.assert_array_equal(links.censored[clear], np.nan_to_num(share[clear]) >= CENSORED)


def test_what_an_old_capacity_held_back_appears_with_the_upgrade(links):
    ratios = []
    for row in np.flatnonzero(links.series["upgraded"].notna()):
        at = int(np.searchsorted(links.days, links.series["upgraded"].to_numpy("M8[D]")[row]))
        if links.censored[row, at - 28 : at].sum() >= 14:
            measured = np.nanmean(links.y[row, at : at + 28]) / np.nanmean(links.y[row, at - 28 : at])
            asked = links.expected[row, at : at + 28].mean() / links.expected[row, at - 28 : at].mean()
            ratios.append(measured / asked)
    assert len(ratios) >= 5
    assert np.mean(ratios) > 1.03


def test_histories_are_as_long_as_asked_with_days_missing_inside():
    links = make_long_links(60, seed=1, history=(200, 400), horizon=100, origin=date(2025, 7, 1))
    assert links.y.shape == (60, 400)
    assert links.future.shape == (60, 100)
    assert links.days[400] == np.datetime64("2025-07-01")
    known = np.isfinite(links.y)
    first = known.argmax(axis=1)
    assert ((400 - first <= 400) & (400 - first >= 180)).all()
    assert first.std() > 20
    inside = np.array([row[begin:].mean() for row, begin in zip(known, first, strict=True)])
    assert 0.9 < inside.mean() < 1


def test_neighbouring_days_are_alike_and_some_are_far_off(links):
    now = links.y.shape[1]
    odd = links.future / links.expected[:, now:] - 1
    spread = odd.std(axis=1)
    assert (spread > 0.02).all()
    assert (spread < 0.12).all()
    score = odd / spread[:, None]
    assert 0.3 < (score[:, 1:] * score[:, :-1]).mean() < 0.5
    assert (score**4).mean() > 3.7  # a normal distribution's is 3


def test_equal_seeds_make_equal_links():
    one, same, other = (make_long_links(12, seed=seed, horizon=60) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.series, same.series)
    for name in ("y", "future", "expected", "runs_out"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.future, other.future)
