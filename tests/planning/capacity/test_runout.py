import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.config.capacity import CapacitySection, Persistence
from forecasting.planning.capacity.busiest import heavy_first_exceedance
from forecasting.planning.capacity.ceilings import ceilings, heavy_ceilings
from forecasting.planning.capacity.runout import (
    date_quantiles,
    first_exceedance_day,
    judged_peaks,
    median_peak,
    probability_by,
    run_out,
)
from forecasting.terms import MEDIAN, QUANTILES

ONCE = Persistence(days=1, window=1)
LEVELS = st.integers(0, 3)


@st.composite
def persistences(draw) -> Persistence:
    window = draw(st.integers(1, 6))
    return Persistence(days=draw(st.integers(1, window)), window=window)


@st.composite
def cases(draw, most_days: int = 12):
    """Small peaks around a ceiling of 1: paths (n, D, S), ceilings (n,) and measured days (n, W) with holes."""
    n, days, draws, measured = (draw(st.integers(*span)) for span in [(1, 3), (1, most_days), (1, 3), (0, 8)])
    paths = draw(arrays(np.float32, (n, days, draws), elements=LEVELS.map(float)))
    before = draw(arrays(np.float64, (n, measured), elements=LEVELS.map(float) | st.just(np.nan)))
    return paths, draw(arrays(np.float64, (n,), elements=LEVELS.map(float))), before


def literal(paths, before, passed) -> np.ndarray:
    """Day by day: passed(link, days so far) -> bool."""
    n, horizon, draws = paths.shape
    found = np.full((n, draws), horizon)
    for link in range(n):
        for path in range(draws):
            history = [*before[link], *paths[link, :, path]]
            for day in range(horizon):
                if passed(link, history[: before.shape[1] + day + 1]):
                    found[link, path] = day
                    break
    return found


def one(*peaks: float) -> np.ndarray:
    return np.array(peaks, dtype=np.float32)[None, :, None]


def first_exceedance_of(paths, persistence, **given) -> int:
    return int(first_exceedance_day(paths, np.array([1.0]), persistence, **given)[0, 0])


def test_three_of_seven_days_make_a_passage():
    rule = Persistence(days=3, window=7)
    assert first_exceedance_of(one(0, 2, 0, 2, 0, 0, 0, 2, 0), rule) == 7, "days 1 to 7 are seven"
    assert first_exceedance_of(one(0, 2, 0, 2, 0, 0, 0, 0, 2), rule) == 9, "the first has left the window; never is D"
    assert first_exceedance_of(one(2, 2, 2), rule) == 2
    assert first_exceedance_of(one(1, 1, 1, 1), rule) == 4, "on the ceiling is not above it"


def test_measured_days_count_until_they_leave_the_window():
    rule = Persistence(days=3, window=4)
    assert first_exceedance_of(one(0, 0), rule, before=np.array([[2.0, 2.0, 2.0]])) == 0, (
        "past its ceiling at the origin"
    )
    assert first_exceedance_of(one(2, 0), rule, before=np.array([[0.0, 2.0, 2.0]])) == 0
    assert first_exceedance_of(one(0, 2, 0), rule, before=np.array([[2.0, 2.0]])) == 1
    assert first_exceedance_of(one(0, 0, 2), rule, before=np.array([[2.0, 2.0]])) == 3
    assert first_exceedance_of(one(0, 2, 0), rule, before=np.array([[2.0, np.nan]])) == 3, "a missing day was not above"
    assert first_exceedance_of(one(0), rule, before=np.array([[9.0, 9.0, 9.0, 0.0, 0.0]])) == 1, (
        "older days do not matter"
    )
    assert first_exceedance_of(one(0, 2), ONCE, before=np.array([[9.0, 9.0]])) == 1


def test_ceilings_may_change_by_the_day():
    rising = np.array([[1.0, 1.0, 3.0, 3.0]])
    rule = Persistence(days=2, window=2)
    assert first_exceedance_day(one(0, 2, 2, 2), rising, rule).tolist() == [[4]]
    assert first_exceedance_day(one(2, 0, 2, 2), rising, rule, before=np.array([[2.0]])).tolist() == [[0]]


def test_paths_of_single_precision_meet_a_ceiling_that_has_no_exact_float():
    share = np.array([0.8 * 10.25])
    paths = np.full((1, 3, 1), share[0], dtype=np.float32)
    assert first_exceedance_day(paths, share, Persistence(days=1, window=2), before=share[None]).tolist() == [[3]]


@given(cases(), persistences())
def test_passages_are_those_of_a_literal_reading(case, rule):
    paths, ceiling, before = case

    def passed(link, history):
        return sum(peak > ceiling[link] for peak in history[-rule.window :]) >= rule.days

    found = first_exceedance_day(paths, ceiling, rule, before=before)
    assert found.dtype == np.int32
    assert np.array_equal(found, literal(paths, before, passed))
    assert np.array_equal(first_exceedance_day(paths, ceiling, rule), literal(paths, before[:, :0], passed))
    by_day = np.repeat(ceiling[:, None], paths.shape[1], axis=1)
    assert np.array_equal(first_exceedance_day(paths, by_day, rule, before=before), found)


@given(cases(), persistences(), arrays(np.float64, (3,), elements=st.floats(0, 2)))
def test_more_capacity_never_runs_out_earlier(case, rule, more):
    paths, ceiling, before = case
    more = more[: len(ceiling)]
    early = first_exceedance_day(paths, ceiling, rule, before=before)
    assert (first_exceedance_day(paths, ceiling + more, rule, before=before) >= early).all()


@given(cases(), st.integers(2, 6))
def test_more_days_of_a_window_never_come_earlier_nor_does_a_shorter_window(case, window):
    paths, ceiling, before = case
    by_days = [
        first_exceedance_day(paths, ceiling, Persistence(days=days, window=window), before=before)
        for days in range(1, window + 1)
    ]
    assert (np.diff(by_days, axis=0) >= 0).all()
    shorter = Persistence(days=1, window=window - 1)
    assert (first_exceedance_day(paths, ceiling, shorter, before=before) >= by_days[0]).all()


@given(cases(), persistences(), st.randoms(use_true_random=False))
def test_the_order_of_links_and_paths_does_not_matter(case, rule, random):
    paths, ceiling, before = case
    links, draws = list(range(len(paths))), list(range(paths.shape[2]))
    random.shuffle(links)
    random.shuffle(draws)
    mixed = first_exceedance_day(paths[links][:, :, draws], ceiling[links], rule, before=before[links])
    assert np.array_equal(mixed, first_exceedance_day(paths, ceiling, rule, before=before)[links][:, draws])


def test_the_mean_of_the_busiest_days_passes_with_the_fifth():
    five = np.array([4.0])
    assert heavy_first_exceedance(one(9, 9, 9, 9, 9), five).tolist() == [[4]], "of four days nothing is said"
    assert heavy_first_exceedance(one(0, 0, 0, 0, 20, 0), five).tolist() == [[6]], "20 / 5 is on the ceiling"
    assert heavy_first_exceedance(one(0, 0, 0, 0, 21, 0), five).tolist() == [[4]]
    assert heavy_first_exceedance(one(0, 0), five, before=np.array([[6.0, np.nan, 6, 0, 6, 6]])).tolist() == [[0]]
    assert heavy_first_exceedance(one(0, 9), five, before=np.array([[6.0, np.nan, 6]])).tolist() == [[2]]


def test_busy_days_of_the_measured_year_count_and_older_ones_do_not():
    before = np.zeros((1, 400))
    before[0, [36, 37, 38, 39, 40]] = 6.0
    ceiling, a_day_older = np.array([5.5]), np.roll(before, -1)
    assert heavy_first_exceedance(one(0, 0), ceiling, before=before).tolist() == [[0]], "the oldest is 364 days ago"
    assert heavy_first_exceedance(one(0, 0), ceiling, before=a_day_older).tolist() == [[2]], "the oldest is a year ago"
    assert heavy_first_exceedance(one(7, 0), ceiling, before=a_day_older).tolist() == [[0]]
    assert heavy_first_exceedance(one(0, 7), ceiling, before=a_day_older).tolist() == [[2]], (
        "another is a year ago by then"
    )


@settings(max_examples=150)
@given(cases(most_days=20), st.integers(1, 4), st.integers(0, 4))
def test_the_busiest_days_are_those_of_a_literal_reading(case, busiest, longer):
    paths, ceiling, before = case
    window = busiest + longer

    def passed(link, history):
        known = sorted(peak for peak in history[-window:] if not np.isnan(peak))[-busiest:]
        return len(known) == busiest and sum(known) > busiest * ceiling[link]

    found = heavy_first_exceedance(paths, ceiling, before=before, busiest=busiest, window=window)
    assert np.array_equal(found, literal(paths, before, passed))


def test_a_year_of_many_paths_is_that_of_a_literal_reading():
    draw = np.random.default_rng(4)
    paths = draw.gamma(8.0, 1.0, (3, 500, 800)).astype(np.float32)
    before, ceiling = draw.gamma(8.0, 1.0, (3, 380)), np.array([17.5, 18.5, 17.0])
    found = heavy_first_exceedance(paths, ceiling, before=before)
    some = [0, 7, 799]

    def passed(link, history):
        return sum(sorted(history[-365:])[-5:]) > 5 * ceiling[link]

    assert np.array_equal(found[:, some], literal(paths[:, :, some], before, passed))
    assert 0 < (found < 500).mean() < 1


def test_a_trunk_group_runs_out_by_the_earlier_of_both_rules():
    rules = CapacitySection(peak_stream="trunk_peak", grade=0.01, heavy_grade=0.07)
    circuits = np.array([15.0, 15.0, 15.0])
    paths = np.full((3, 20, 1), 5.0, dtype=np.float32)
    paths[0, [4, 6, 8]] = 8.2  # above 8.108 Erlangs on three days of seven
    paths[1, [0, 8, 16]] = 30.0  # far apart: 30 + 30 + 3 x 5 is 15 a day of five
    assert ceilings(circuits, rules)[0] < 8.2 < heavy_ceilings(circuits, rules)[0] < 15
    assert run_out(paths, circuits, rules)[:, 0].tolist() == [8, 8, 20]
    measured = np.zeros((3, 300))
    measured[2, :5] = 12.5
    assert run_out(paths, circuits, rules, before=measured)[:, 0].tolist() == [8, 8, 0]
    link = CapacitySection(peak_stream="link_peak", threshold=0.5)
    assert run_out(paths, circuits, link)[:, 0].tolist() == [8, 20, 20], "without a grade one rule holds"


def test_dates_are_the_earliest_by_which_so_many_paths_have_run_out():
    first_exceedance = np.array([[10, 20, 30, 40, 50, 60, 70, 80, 100, 100]], dtype=np.int32)
    assert date_quantiles(first_exceedance, (0.05, 0.1, 0.11, 0.5, 0.8, 0.81, 0.95)).tolist() == [
        [10, 10, 20, 50, 80, 100, 100]
    ]
    assert date_quantiles(first_exceedance).shape == (1, len(QUANTILES))
    assert date_quantiles(first_exceedance)[0, MEDIAN] == 50
    assert date_quantiles(np.arange(200, dtype=np.int32)[None], (1 - 0.9, 0.1)).tolist() == [[19, 19]]


def test_probabilities_count_the_day_itself():
    first_exceedance = np.array([[3, 5, 9, 9]], dtype=np.int32)
    assert probability_by(first_exceedance, [2, 3, 4, 5, 8]).tolist() == [[0, 0.25, 0.25, 0.5, 0.5]]


@given(
    arrays(np.int32, st.tuples(st.integers(1, 3), st.integers(1, 30)), elements=st.integers(0, 40)),
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5).map(sorted),
)
def test_dates_and_probabilities_agree(first_exceedance, levels):
    dates = date_quantiles(first_exceedance, levels)
    assert (np.diff(dates, axis=1) >= 0).all()
    chances = probability_by(first_exceedance, np.arange(41))
    assert (np.diff(chances, axis=1) >= 0).all(), "a probability by a later day is never less"
    for link, found in enumerate(dates):
        for level, day in zip(levels, found, strict=True):
            assert chances[link, day] >= level - 1e-9
            assert day == 0 or chances[link, day - 1] < level


def test_a_window_may_be_longer_than_the_horizon():
    rule = Persistence(days=5, window=300)
    for horizon, expected in [(1, 1), (2, 1), (400, 1)]:  # the fifth day is day 1, beyond a horizon of one day
        paths = np.full((2, horizon, 2), 2.0, dtype=np.float32)
        assert (first_exceedance_day(paths, np.ones(2), rule, before=np.full((2, 3), 2.0)) == expected).all()


@given(cases(), persistences())
@settings(deadline=None)
def test_the_judged_peak_is_above_a_ceiling_exactly_where_the_rule_counts_it_as_passed(case, rule):
    paths, ceiling, before = case
    filled = np.nan_to_num(before)
    for passed in range(1, paths.shape[1] + 1):
        if before.shape[1] + passed < rule.window:
            continue
        judged = judged_peaks(paths, rule, passed=passed, before=filled)
        window = np.concatenate([np.repeat(filled[:, :, None], paths.shape[2], axis=2), paths[:, :passed]], axis=1)
        above = (window[:, -rule.window :] > ceiling[:, None, None]).sum(axis=1) >= rule.days
        assert ((judged > ceiling[:, None]) == above).all()


def test_the_third_highest_of_a_week_is_the_weekdays_peak():
    week = np.array([[745.0, 755.0, 754.0, 743.0, 149.0, 151.0, 750.0]])
    assert judged_peaks(one(*[700.0] * 9), Persistence(days=3, window=7), before=week).tolist() == [[750.0]]


def test_a_gap_is_no_fall_of_the_peak_for_days_ahead_stand_in():
    rule, ahead = Persistence(days=3, window=7), one(*[700.0] * 9)
    gap = np.array([[745.0, np.nan, np.nan, np.nan, 149.0, np.nan, np.nan]])
    assert judged_peaks(ahead, rule, before=gap).tolist() == [[700.0]]
    assert judged_peaks(ahead, rule).tolist() == [[700.0]]
    assert judged_peaks(one(5.0, 6.0), rule).tolist() == [[5.0]], "of two days the lower one, not nothing"


def test_the_median_peak_is_passed_where_half_of_the_paths_pass():
    judged = np.array([[1.0, 2.0, 3.0, 4.0]])
    assert median_peak(judged).tolist() == [3.0]
    assert date_quantiles((judged <= 2.5).astype(np.int32), (0.5,))[0, 0] == 0
