from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.models.features.days import index_days
from forecasting.models.features.history import (
    AMOUNT_POWER,
    BASE,
    CLOCK_MEANS,
    COUNT_POWER,
    LEVEL_SHARE,
    SLOT_MEANS,
    choose_power,
    prepare_history,
)
from forecasting.models.features.lagged import (
    CLIP,
    DEVIATIONS,
    GUESS,
    GUESS_ROWS,
    LAST_VALUES,
    LEVEL_DAYS,
    RATIO,
    RECENT_COLUMNS,
    RECENT_DAYS,
    LaggedFeatures,
    lagged_features,
)
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel, repeat_slot, scramble_from

SEASON = 28


def small_panel(seed: int = 0, *, doubled: int | None = None, gaps: float = 0.2) -> Panel:
    panel = make_panel(n_series=3, weeks=9, season=SEASON, gaps=gaps, noise=0.3, seed=seed)
    return panel if doubled is None else repeat_slot(panel, column=doubled)


def features_from(
    panel: Panel, at: int, *, length: int = SEASON, noise_until: int = 0, power: float = 0.5, since: int = 0
) -> LaggedFeatures:
    """All series' next `length` columns from `at`, series by series."""
    series, step = (index.ravel() for index in np.indices((panel.n_series, length)))
    history = prepare_history(panel, slice(None), power=power, since=since)
    return lagged_features(
        history, series=series, at=np.full(len(series), at), column=at + step, noise_until=noise_until
    )


def assert_same(one: LaggedFeatures, other: LaggedFeatures) -> None:
    for field in fields(LaggedFeatures):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


@settings(max_examples=80, deadline=None)
@given(
    at=st.integers(1, 9 * SEASON - 1),
    seed=st.integers(0, 3),
    doubled=st.none() | st.integers(1, 9 * SEASON - 1),
    gaps=st.sampled_from([0.0, 0.3, 0.9]),
)
def test_nothing_at_or_after_the_column_is_remembered(at, seed, doubled, gaps):
    panel = small_panel(seed, doubled=doubled, gaps=gaps)
    assert_same(features_from(panel, at), features_from(scramble_from(panel, at), at))


@settings(max_examples=20, deadline=None)
@given(at=st.integers(1, 140), until=st.integers(150, 200))
def test_noise_may_be_measured_until_a_later_column_and_no_further(at, until):
    panel = small_panel()
    later = features_from(panel, at, noise_until=until)
    assert_same(later, features_from(scramble_from(panel, until), at, noise_until=until))
    own = features_from(panel, at)
    assert (later.noise != own.noise).any()
    for name in ("base", "level", "ratios", "weeks"):
        np.testing.assert_array_equal(getattr(later, name), getattr(own, name))


def test_noise_of_a_later_column_is_its_own_and_not_that_of_an_earlier_bound():
    panel = small_panel()
    assert_same(features_from(panel, 200, noise_until=150), features_from(panel, 200))


@settings(max_examples=60, deadline=None)
@given(
    since=st.integers(0, 9 * SEASON),
    later=st.integers(0, 3 * SEASON),
    noise_later=st.integers(-5, 2 * SEASON),
    seed=st.integers(0, 3),
    doubled=st.none() | st.integers(1, 9 * SEASON - 1),
    gaps=st.sampled_from([0.0, 0.3, 0.9]),
)
def test_what_is_remembered_for_later_columns_alone_is_the_same(since, later, noise_later, seed, doubled, gaps):
    panel = small_panel(seed, doubled=doubled, gaps=gaps)
    at = min(since + later, panel.n_history)
    given = {"length": min(SEASON, len(panel.ts) - at), "noise_until": min(at + noise_later, panel.n_history)}
    assert_same(features_from(panel, at, since=since, **given), features_from(panel, at, **given))


class Naive:
    """The definition, one row at a time, from lists of what was seen before `at`."""

    def __init__(self, panel: Panel, series: int, at: int, power: float) -> None:
        self.panel, self.at, self.power = panel, at, power
        seen = panel.observed[series].copy()
        # of a slot that a week has twice, the later column stands for both
        last = {(week, slot): c for c, (week, slot) in enumerate(zip(panel.cycle, panel.slot, strict=True))}
        self.stands = [last[panel.cycle[c], panel.slot[c]] == c for c in range(len(panel.slot))]
        self.y = [float(value) if ok else None for value, ok in zip(panel.y[series], seen, strict=True)]
        self.date = panel.wall.astype("datetime64[D]")
        self.clock = panel.wall - self.date

    def slot_values(self, column: int, *, before_week: int | None = None, slot: int | None = None) -> list[float]:
        """Newest first."""
        wanted = self.panel.slot[column] if slot is None else slot
        return [
            self.y[c]
            for c in reversed(range(min(self.at, self.panel.n_history)))
            if self.panel.slot[c] == wanted
            and self.stands[c]
            and self.y[c] is not None
            and (before_week is None or self.panel.cycle[c] < before_week)
        ]

    def slot_mean(self, column: int, last: int, **given: int) -> float:
        values = self.slot_values(column, **given)[:last]
        return float(np.mean(values)) if values else np.nan

    def clock_mean(self, column: int, last: int) -> float:
        values = [
            self.y[c]
            for c in range(self.at)
            if self.clock[c] == self.clock[column] and self.stands[c] and self.y[c] is not None
        ]
        return float(np.mean(values[-last:])) if values else np.nan

    def day_start(self, days: int) -> int:
        dates = np.unique(self.date)
        today = int(np.searchsorted(dates, self.date[self.at]))
        return int(np.searchsorted(self.date, dates[max(today - days, 0)]))

    def level(self) -> float:
        values = [self.y[c] for c in range(self.day_start(LEVEL_DAYS), self.at) if self.y[c] is not None]
        return float(np.mean(values)) if values else np.nan

    def expected(self, column: int) -> float:
        """What the base would have been a week before, at the week's start."""
        return self.slot_mean(column, BASE, before_week=self.panel.cycle[column])

    def change(self, since: int) -> tuple[float, float]:
        pairs = [(self.y[c], self.expected(c)) for c in range(since, self.at) if self.y[c] is not None]
        pairs = [(y, expected) for y, expected in pairs if np.isfinite(expected)]
        if not pairs:
            return 0.0, 1.0
        demand, expected = np.sum(pairs, axis=0)
        return (demand - expected) / len(pairs), float(np.clip(demand / expected, 1 / RATIO, RATIO))

    def noise(self, base: float, level: float) -> float:
        if not np.isfinite(base):
            return 1.0
        errors, known = [], []
        for c in range(self.at):
            if self.y[c] is None:
                continue
            known.append(self.y[c])
            expected = self.expected(c)
            if np.isfinite(expected):
                errors.append(abs(self.y[c] - expected) / (expected + LEVEL_SHARE * np.mean(known)) ** self.power)
        guess = max(level**COUNT_POWER, GUESS * level) / level**self.power
        mean = (sum(errors) + GUESS_ROWS * guess) / (len(errors) + GUESS_ROWS)
        return float(mean * (base + LEVEL_SHARE * level) ** self.power)

    def spread(self, column: int, base: float) -> list[float]:
        """Of the values in the last weeks, which may be fewer than there are weeks."""
        weeks = {self.panel.cycle[c] for c in range(self.at) if self.panel.slot[c] == self.panel.slot[column]}
        newest = sorted(weeks)[-LAST_VALUES:]
        values = [
            self.y[c]
            for c in range(self.at)
            if self.panel.slot[c] == self.panel.slot[column]
            and self.panel.cycle[c] in newest
            and self.stands[c]
            and self.y[c] is not None
        ]
        if not values:
            return [0.0, 0.0, 0.0, 0.0]
        return [min(values) - base, float(np.median(values)) - base, max(values) - base, float(np.std(values))]

    def features(self, column: int) -> dict[str, object]:
        level = self.level()
        base = self.slot_mean(column, BASE)
        base = base if np.isfinite(base) else level
        noise = self.noise(base, level)
        slots = [self.slot_mean(column, last) for last in SLOT_MEANS if last != BASE]
        own = int(self.panel.slot[column])
        beside = [int(np.clip(own + step, 0, self.panel.season - 1)) for step in (-1, 0, 1)]
        others = [*slots, np.mean([self.slot_mean(column, 8, slot=slot) for slot in beside])]
        others += [self.clock_mean(column, last) for last in CLOCK_MEANS] + [level]
        apart = [other - base for other in others]
        since = [max(self.at - back, 0) for back in RECENT_COLUMNS] + [self.day_start(days) for days in RECENT_DAYS]
        changes = [self.change(start) for start in since]
        for error, ratio in changes:
            apart += [error, base * (ratio - 1)]
        scaled = np.clip(np.nan_to_num(np.array(apart) / noise), -CLIP, CLIP)
        return {
            "base": base,
            "noise": noise,
            "level": level,
            "deviations": scaled,
            "ratios": [ratio for _, ratio in changes[-len(RECENT_DAYS) :]],
            "spread": np.clip(np.nan_to_num(np.array(self.spread(column, base)) / noise), -CLIP, CLIP),
        }


@pytest.mark.parametrize("doubled", [None, 60, 170])
@pytest.mark.parametrize(
    ("at", "power"), [(85, COUNT_POWER), (112, AMOUNT_POWER), (171, COUNT_POWER), (9 * SEASON, AMOUNT_POWER)]
)
def test_what_is_remembered_is_what_a_loop_over_the_past_finds(at, power, doubled):
    panel = hide(small_panel(doubled=doubled), 1, slice(0, 100))
    found = features_from(panel, at, power=power)
    for row in range(0, panel.n_series * SEASON, 5):
        series, step = divmod(row, SEASON)
        expected = Naive(panel, series, at, power).features(at + step)
        for name, value in expected.items():
            np.testing.assert_allclose(
                getattr(found, name)[row], value, rtol=2e-3, atol=2e-3, err_msg=f"{name} of series {series}, {step}"
            )


def test_as_many_deviations_as_are_declared():
    assert features_from(small_panel(), 100).deviations.shape == (3 * SEASON, DEVIATIONS)


def test_weeks_since_a_slot_was_passed_count_from_the_newest_week_that_has_it():
    panel = make_panel(n_series=1, weeks=6, horizon=2 * SEASON)
    at = 5 * SEASON + 10
    weeks = features_from(panel, at, length=SEASON + 5).weeks
    assert weeks.tolist() == [1.0] * SEASON + [2.0] * 5


def test_a_series_that_was_never_seen_has_no_base_and_a_noise_that_is_a_number():
    known = features_from(hide(small_panel(), 1, slice(None)), 200)
    mine = slice(SEASON, 2 * SEASON)
    assert np.isnan(known.base[mine]).all()
    assert np.isfinite(np.delete(known.base, np.arange(SEASON, 2 * SEASON))).all()
    assert (known.noise > 0).all()
    for values in (known.deviations, known.spread):
        assert (values[mine] == 0).all()
    assert (known.ratios[mine] == 1).all()


def test_a_slot_that_was_never_seen_takes_the_level():
    panel = make_panel(n_series=2, weeks=6, noise=0.0)
    closed = np.arange(panel.n_history) % SEASON == 9
    panel = replace(panel, observed=panel.observed & ~closed, y=np.where(closed, np.nan, panel.y).astype(np.float32))
    known = features_from(panel, panel.n_history)
    np.testing.assert_allclose(known.base[9], known.level[9], rtol=1e-6)


def test_a_series_that_was_silent_for_long_keeps_the_noise_of_its_errors():
    panel = make_panel(n_series=1, weeks=12, noise=0.2)
    panel = replace(panel, y=panel.y * 1_000)
    silent = hide(panel, 0, slice(panel.n_history - 6 * SEASON, None))
    before, after = (features_from(one, panel.n_history) for one in (panel, silent))
    assert np.isnan(after.level).all()
    np.testing.assert_allclose(after.noise, before.noise, rtol=0.5)


@pytest.mark.parametrize("at", [0, 1, 27, 28, 40])
def test_the_first_weeks_of_a_stream_are_remembered_too(at):
    panel = make_panel(n_series=2, weeks=2)
    known = features_from(panel, at)
    assert np.isfinite(known.base).all() == (at > 0)
    assert np.isfinite(known.deviations).all()
    assert (known.noise > 0).all()


def test_values_that_were_not_observed_are_not_used_even_where_they_are_numbers():
    panel = small_panel(gaps=0.0)
    hidden = panel.observed & (np.random.default_rng(0).random(panel.observed.shape) < 0.7)
    there = replace(panel, observed=hidden)
    gone = replace(there, y=np.where(hidden, panel.y, np.nan).astype(np.float32))
    assert_same(features_from(there, 200), features_from(gone, 200))


def test_series_are_remembered_alike_in_whatever_company():
    panel = small_panel()
    together = features_from(panel, 150)
    history = prepare_history(panel, slice(1, 3), power=0.5)
    assert history.first == 1
    step = np.arange(SEASON)
    alone = lagged_features(history, series=np.ones(SEASON, np.int64), at=np.full(SEASON, 150), column=150 + step)
    for field in fields(LaggedFeatures):
        np.testing.assert_array_equal(getattr(alone, field.name), getattr(together, field.name)[2 * SEASON :])


@pytest.mark.parametrize("power", [COUNT_POWER, AMOUNT_POWER])
def test_a_series_of_nothing_but_zeros_has_a_noise_above_zero(power):
    panel = small_panel()
    empty = replace(panel, y=np.where(np.arange(3)[:, None] == 1, panel.y * 0, panel.y))
    known = features_from(empty, 200, power=power)
    assert (known.noise > 0).all()
    assert (known.base[SEASON : 2 * SEASON] == 0).all()


def test_noise_grows_like_that_of_counts_only_where_all_that_is_known_is_whole():
    panel = small_panel()
    assert choose_power(panel, until=200) == AMOUNT_POWER
    counts = replace(panel, y=np.round(panel.y))
    assert choose_power(counts, until=panel.n_history) == COUNT_POWER
    assert choose_power(scramble_from(counts, 200), until=200) == COUNT_POWER


def test_the_units_of_demand_do_not_matter_but_for_the_guess_of_noise():
    panel = small_panel()
    one, thousand = (features_from(p, 200) for p in (panel, replace(panel, y=panel.y * 1024)))
    np.testing.assert_allclose(thousand.base, one.base * 1024, rtol=1e-5)
    np.testing.assert_allclose(thousand.ratios, one.ratios, rtol=1e-4)
    np.testing.assert_allclose(thousand.deviations, one.deviations, rtol=0.1, atol=0.05)


def test_days_hold_the_columns_of_a_local_date_and_know_where_each_time_lies():
    panel = small_panel(doubled=60)
    days = index_days(panel)
    date = panel.wall.astype("datetime64[D]")
    for number in range(len(days.first) - 1):
        own = np.arange(days.first[number], days.first[number + 1])
        assert len(np.unique(date[own])) == 1
        assert (days.day[own] == number).all()
    assert days.first[-1] == len(panel.ts)
    places = days.column[days.day, days.clock]
    assert (panel.wall[places] == panel.wall).all()
    assert places[60] == 61


def test_the_panel_is_left_as_it_was():
    panel = small_panel()
    y, observed = panel.y.copy(), panel.observed.copy()
    features_from(panel, 200)
    np.testing.assert_array_equal(panel.y, y)
    np.testing.assert_array_equal(panel.observed, observed)


def weigh(panel: Panel, *, seed: int = 0) -> Panel:
    weight = np.random.default_rng(seed).integers(1, 40, panel.y.shape).astype(np.float32)
    return replace(panel, weight=np.where(panel.observed, weight, 0).astype(np.float32))


def test_equal_weights_change_nothing():
    panel = small_panel()
    alike = replace(panel, weight=panel.observed.astype(np.float32))
    for field in fields(LaggedFeatures):
        one, other = (getattr(features_from(each, 5 * SEASON), field.name) for each in (panel, alike))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=field.name)


@settings(max_examples=20, deadline=None)
@given(at=st.integers(1, 9 * SEASON - 1), seed=st.integers(0, 3))
def test_no_weight_at_or_after_a_column_is_known_there(at, seed):
    panel = weigh(small_panel(seed))
    weight = panel.weight.copy()
    weight[:, at:] *= 7
    assert_same(features_from(panel, at), features_from(replace(panel, weight=weight), at))


def test_base_level_and_times_of_day_are_means_of_all_that_lies_behind_their_values():
    panel, at = weigh(small_panel(gaps=0.3)), 6 * SEASON
    known = features_from(panel, at)
    for row, (series, step) in enumerate(np.ndindex(panel.n_series, SEASON)):
        columns = [column for column in range(step, at, SEASON) if panel.observed[series, column]][-BASE:]
        expected = np.average(panel.y[series, columns], weights=panel.weight[series, columns])
        np.testing.assert_allclose(known.base[row], expected, rtol=1e-4)
        month = slice(at - 4 * SEASON, at)
        level = np.nansum(panel.y[series, month] * panel.weight[series, month]) / panel.weight[series, month].sum()
        np.testing.assert_allclose(known.level[row], level, rtol=1e-4)
        same_time = [column for column in range(step % 4, at, 4) if panel.observed[series, column]][-CLOCK_MEANS[-1] :]
        clock = np.average(panel.y[series, same_time], weights=panel.weight[series, same_time])
        place = len(SLOT_MEANS) + len(CLOCK_MEANS) - 1
        apart = known.deviations[row, place] * known.noise[row]
        np.testing.assert_allclose(apart, clock - known.base[row], rtol=1e-3, atol=1e-2)


def test_noise_is_what_values_err_by_call_for_call():
    panel = make_panel(n_series=1, weeks=30, season=SEASON, noise=0.4)
    heavy = np.ones(panel.y.shape, np.float32)
    calm = panel.y.copy()
    calm[:, ::2] = calm[:, ::2].mean()
    heavy[:, ::2] = 50
    steady = replace(panel, y=calm)
    weighted, plain = (features_from(each, 29 * SEASON) for each in (replace(steady, weight=heavy), steady))
    assert (weighted.noise < 0.5 * plain.noise).all()
