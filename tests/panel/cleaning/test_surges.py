"""Surges that nobody announced, what a person says of them, and what looks like one."""

import numpy as np
import pytest

from forecasting.panel.cleaning.breaks import Fault
from tests.panel.histories import WEEK, drift, make_counts, make_shape, make_traffic, make_ts, search_surges

DAY = 24
HISTORY = {
    "calls": make_counts(50),
    "calls of restless days": np.random.default_rng(1).poisson(
        20 * make_shape(20) * np.repeat(np.random.default_rng(2).lognormal(0, 0.15, (20, 140)), DAY, axis=1)
    ),
    "traffic": make_traffic(),
}


def surged(y, *, day, days, factor):
    y = y.astype(float)
    y[:, day * DAY : (day + days) * DAY] *= factor
    return np.round(y) if factor >= 1 and (y % 1 == 0).all() else y


def span(y, *, day, days):
    mask = np.zeros(y.shape, bool)
    mask[:, day * DAY : (day + days) * DAY] = True
    return mask


@pytest.mark.parametrize("name", HISTORY)
@pytest.mark.parametrize(("factor", "days"), [(2, 7), (3, 3), (4, 14), (5, 10), (7, 2), (4, 1), (0.2, 4), (0.05, 10)])
def test_a_run_of_days_beyond_the_plausible_is_set_aside_and_next_to_nothing_else(name, factor, days):
    y = surged(HISTORY[name], day=60, days=days, factor=factor)
    fault, put = search_surges(y).fault, span(y, day=60, days=days)
    assert (fault[put] > 0).mean() >= (0.8 if factor == 2 or days == 1 else 0.9)
    assert (fault[~put] > 0).mean() <= 0.002


def test_each_surge_is_named_by_its_days_and_its_volume():
    found = search_surges(surged(make_counts(50, n_series=3), day=60, days=10, factor=5)).surges
    assert [(one.row, one.first, one.end, one.days, one.ongoing) for one in found] == [
        (row, 60 * DAY, 70 * DAY, 10, False) for row in range(3)
    ]
    assert all(abs(one.factor - 5) < 0.5 for one in found)


@pytest.mark.parametrize("name", HISTORY)
def test_two_surges_in_two_months_are_both_kept_out(name):
    y = surged(surged(HISTORY[name], day=50, days=5, factor=4), day=95, days=7, factor=5)
    for until in (110, 125, 140):
        fault = search_surges(y[:, : until * DAY]).fault
        put = (span(y, day=50, days=5) | span(y, day=95, days=7))[:, : until * DAY]
        assert (fault[put] > 0).mean() >= 0.9
        assert (fault[~put] > 0).mean() <= 0.002


@pytest.mark.parametrize("name", HISTORY)
def test_a_surge_that_decays_is_kept_out_as_long_as_it_is_half_as_much_again(name):
    y = HISTORY[name].astype(float)
    for day, factor in enumerate((6, 4, 2.5, 1.8)):
        y = surged(y, day=60 + day, days=1, factor=factor)
    fault, put = search_surges(y).fault, span(y, day=60, days=4)
    assert (fault[put] > 0).mean() >= 0.9
    assert (fault[~put] > 0).mean() <= 0.002


@pytest.mark.parametrize("known", [35, 42, 60])
@pytest.mark.parametrize("day", [0, 4, 16])
def test_a_surge_in_the_first_weeks_of_a_short_history_is_found(known, day):
    y = surged(make_counts(50), day=day, days=10, factor=5)[:, : known * DAY]
    fault, put = search_surges(y).fault, span(y, day=day, days=10)
    assert (fault[put] == Fault.SURGE).mean() >= 0.95
    assert not (fault[~put] > 0).any()


def test_days_and_weeks_have_surges_too():
    rng = np.random.default_rng(0)
    days, weeks = rng.gamma(30, 10, (20, 200)), rng.gamma(60, 10, (20, 60))
    days[:, 120:130] *= 5
    weeks[:, 40:42] *= 5
    fault = search_surges(days, season=7, step=np.timedelta64(1, "D")).fault
    assert (fault[:, 120:130] == Fault.SURGE).mean() >= 0.95
    fault = search_surges(weeks, season=1, step=np.timedelta64(7, "D")).fault
    assert (fault[:, 40:42] == Fault.SURGE).mean() >= 0.9


@pytest.mark.parametrize("factor", [2, 5, 0.2])
def test_a_run_that_goes_on_is_held_out_for_six_days_and_is_a_new_level_after_a_week(factor):
    y = surged(make_counts(50), day=100, days=40, factor=factor)
    for age in (3, 6):
        found = search_surges(y[:, : (100 + age) * DAY])
        assert (found.fault[:, 100 * DAY :] > 0).mean() >= 0.9
        assert (found.level_factor == 1).all()
    for age in (7, 10, 14, 21, 28):
        found = search_surges(y[:, : (100 + age) * DAY])
        assert not (found.fault == Fault.SURGE).any()
        followed = found.level_factor != 1
        assert followed.mean() >= 0.95
        assert (found.level_start[followed] == 100 * DAY).mean() >= 0.9
        assert np.allclose(found.level_factor[followed], factor, rtol=0.1)


def test_a_new_level_that_ends_within_three_weeks_was_a_surge():
    y = surged(make_counts(50), day=100, days=12, factor=5)
    assert (search_surges(y[:, : 111 * DAY]).level_factor > 4).all()
    for until in (113, 120, 140):
        found = search_surges(y[:, : until * DAY])
        assert (found.fault[:, 100 * DAY : 112 * DAY] == Fault.SURGE).mean() >= 0.95
        assert (found.level_factor == 1).all()


@pytest.mark.parametrize("factor", [0.6, 0.7, 1.4, 1.6])
def test_a_new_level_too_small_for_a_surge_is_never_held_out_and_followed_after_a_week(factor):
    y = surged(make_counts(50), day=100, days=40, factor=factor)
    for age in (3, 6):
        found = search_surges(y[:, : (100 + age) * DAY])
        assert (found.level_factor == 1).all()
        assert not found.surges
    for age in (7, 10, 14, 21, 28):
        found = search_surges(y[:, : (100 + age) * DAY])
        followed = found.level_factor != 1
        assert followed.mean() >= 0.9
        assert (found.level_start[followed] == 100 * DAY).mean() >= 0.9
        assert np.allclose(found.level_factor[followed], factor, rtol=0.1)


def test_a_small_step_in_a_short_history_is_no_new_level():
    y = surged(make_counts(50), day=100, days=40, factor=1.5)[:, 60 * DAY : 110 * DAY]
    assert (search_surges(y).level_factor == 1).all()


def test_a_usual_day_or_two_do_not_end_a_new_level_and_a_third_does():
    y = surged(make_counts(50), day=100, days=40, factor=1.5)
    for usual, lasts in ((1, True), (2, True), (3, False)):
        y[:, 114 * DAY : (114 + usual) * DAY] = make_counts(50)[:, 114 * DAY : (114 + usual) * DAY]
        found = search_surges(y[:, : (114 + usual) * DAY])
        assert ((found.level_factor != 1).mean() >= 0.9) == lasts
        assert not found.surges


@pytest.mark.parametrize(("spread", "most"), [(0.05, 0.01), (0.1, 0.05), (0.2, 0.1)])
def test_a_level_that_strays_every_week_has_hardly_ever_a_new_one(spread, most):
    strays = drift(20, 40, step=spread, memory=0.8, rng=np.random.default_rng(5))
    y = np.random.default_rng(6).poisson(50 * make_shape(40) * strays)
    moved = [search_surges(y[:, : week * WEEK]).level_factor != 1 for week in range(20, 40, 2)]
    assert np.mean(moved) <= most


@pytest.mark.parametrize("rate", [1.5, 2, 4])
def test_a_ramp_of_weeks_is_no_surge(rate):
    y = make_counts(50) * np.interp(np.arange(20 * WEEK), [70 * DAY, 112 * DAY], [1, rate])
    for until in (80, 90, 100, 112, 120, 140):
        assert not search_surges(y[:, : until * DAY]).surges


def dates(weeks):
    return make_ts(weeks * WEEK, step=np.timedelta64(1, "h")).astype("datetime64[D]")


def day_of_month(date):
    return (date - date.astype("datetime64[M]")).astype(int)


SEASONS = {
    "bills of the first days": lambda date: day_of_month(date) < 3,
    "wages from the 20th": lambda date: (day_of_month(date) >= 19) & (day_of_month(date) < 24),
    "last days of a month": lambda date: (
        (date + np.timedelta64(3, "D")).astype("datetime64[M]") != date.astype("datetime64[M]")
    ),
    "quarters": lambda date: (day_of_month(date) < 5) & (date.astype("datetime64[M]").astype(int) % 3 == 0),
}
YEARLY = {
    "Christmas": lambda date: (date.astype("datetime64[M]").astype(int) % 12 == 11) & (day_of_month(date) >= 16),
    "works holidays": lambda date: (date.astype("datetime64[M]").astype(int) % 12 == 7) & (day_of_month(date) < 14),
}


@pytest.mark.parametrize("name", SEASONS)
@pytest.mark.parametrize("weeks", [30, 60])
def test_what_comes_every_month_or_quarter_is_a_season(name, weeks):
    y = make_counts(20, n_series=5, weeks=weeks) * np.where(SEASONS[name](dates(weeks)), 3, 1)
    assert not search_surges(y).surges


@pytest.mark.parametrize("name", YEARLY)
@pytest.mark.parametrize("factor", [0.2, 3])
def test_what_came_a_year_ago_is_a_season_from_its_first_day_on(name, factor):
    y = make_counts(20, n_series=3, weeks=110) * np.where(YEARLY[name](dates(110)), factor, 1)
    first = int(np.flatnonzero(YEARLY[name](dates(110)))[0]) // DAY + 365
    for until in (first + 3, first + 6, first + 30):
        if until < 110 * 7:
            assert not search_surges(y[:, : until * DAY]).surges


def test_a_month_end_of_a_history_of_six_weeks_is_no_surge():
    y = make_counts(20, n_series=5, weeks=6) * np.where(SEASONS["last days of a month"](dates(6)), 3, 1)
    assert not search_surges(y).surges


def test_days_around_public_holidays_are_theirs_in_the_first_year():
    date = dates(30)
    holiday = np.isin(date, [np.datetime64("2022-04-15"), np.datetime64("2022-04-18")])[None].repeat(5, axis=0)
    y = make_counts(20, n_series=5, weeks=30)
    y[:, (date >= np.datetime64("2022-04-13")) & (date < np.datetime64("2022-04-21"))] *= 3
    assert search_surges(y).surges
    assert not search_surges(y, holiday=holiday).surges


def test_a_campaign_was_announced():
    y = surged(make_counts(20, n_series=3), day=60, days=5, factor=3)
    assert search_surges(y).surges
    assert not search_surges(y, campaign=span(y, day=60, days=5)).surges


def test_a_series_that_surges_every_two_months_is_so_by_nature():
    y = make_counts(50, n_series=5, weeks=52)
    for day in (40, 96, 161, 214, 279, 332):
        y = surged(y, day=day, days=4, factor=4)
    assert not search_surges(y).surges


def test_a_storm_in_several_series_at_once_is_found_in_each():
    y = make_counts(50)
    y[:12] = surged(y, day=60, days=5, factor=4)[:12]
    rows = {one.row for one in search_surges(y).surges}
    assert rows == set(range(12))


def test_nothing_after_the_origin_counts():
    y = surged(make_counts(50), day=60, days=10, factor=5)
    until = 75 * DAY
    changed = y.copy()
    changed[:, until:] = 0
    assert search_surges(y[:, :until]).surges == search_surges(changed[:, :until]).surges


def test_a_rejected_surge_is_used_and_a_confirmed_one_kept_out_whatever_the_rule_thinks():
    y = surged(make_counts(50), day=60, days=10, factor=5)
    put = span(y, day=60, days=10)
    found = search_surges(y, rejected=put)
    assert not (found.fault == Fault.SURGE).any()
    assert len(found.surges) == 20
    weak = make_counts(50)
    assert ((search_surges(weak, confirmed=put).fault == Fault.SURGE) == (put & np.isfinite(weak))).all()


def test_a_confirmed_run_of_weeks_is_no_new_level():
    y = surged(make_counts(50), day=100, days=40, factor=5)[:, : 115 * DAY]
    assert (search_surges(y).level_factor > 4).all()
    found = search_surges(y, confirmed=span(y, day=100, days=40))
    assert (found.level_factor == 1).all()
    assert (found.fault[:, 100 * DAY :] == Fault.SURGE).all()
