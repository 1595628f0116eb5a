from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.models.combine import (
    LEADS,
    MOST_ROWS,
    ORIGINS,
    OWN_GROUPS,
    Evidence,
    gather_evidence,
    group_series,
    held_back_columns,
    held_back_start,
    lead_cells,
    learn_weights,
    mix,
)
from tests.models.factories import hide, make_panel, repeat_slot

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
NORMAL = np.array([-1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645])
CELLS = len(LEADS) + 1


def make_evidence(
    *biases: float | np.ndarray,
    days: int = 400,
    hours: int = 6,
    group: int | np.ndarray = 0,
    lead: int | np.ndarray = 0,
) -> Evidence:
    """One series with normal demand around 10; each member says the true distribution shifted by its bias."""
    rng = np.random.default_rng(0)
    count = days * hours
    rows = np.zeros(count, dtype=np.int64)
    truth = 10 + rng.normal(size=count)
    said = [10 + NORMAL + np.broadcast_to(bias, count)[:, None] for bias in biases]
    return Evidence(
        y=truth.astype(np.float32),
        said=np.stack(said).astype(np.float32),
        series=rows + group,
        group=rows + group,
        lead=rows + lead,
        origin=np.arange(count) * 4 // max(count, 1),
        day=np.arange(count) // hours,
        scale=np.ones(count, np.float32),
    )


def silence(evidence: Evidence, member: int, rows: slice = slice(None)) -> Evidence:
    said = evidence.said.copy()
    said[member, rows] = np.nan
    return replace(evidence, said=said)


@settings(max_examples=25, deadline=None)
@given(
    biases=st.lists(st.floats(-5, 5), min_size=1, max_size=5),
    days=st.integers(1, 60),
    silent=st.floats(0, 1),
    groups=st.integers(1, 3),
)
def test_weights_are_shares(biases, days, silent, groups):
    evidence = make_evidence(*biases, days=days, group=np.arange(days * 6) % groups, lead=np.arange(days * 6) % 3)
    evidence = silence(evidence, 0, slice(0, int(silent * len(evidence))))
    weights = learn_weights(evidence, groups=groups + 1)
    assert weights.shape == (groups + 1, CELLS, len(biases))
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-6)


def test_a_member_that_knows_gets_nearly_all_the_weight_where_evidence_is_rich():
    weights = learn_weights(make_evidence(3.0, 0.0, -4.0), groups=1)
    assert (weights[..., 1] > 0.95).all()


def test_thin_evidence_moves_weights_less():
    shares = [learn_weights(make_evidence(0.6, 0.0, days=days), groups=1)[0, 0, 1] for days in (2, 20, 2_000)]
    assert 0.5 < shares[0] < shares[1] < shares[2]
    assert shares[0] < 0.8


def test_members_that_err_to_both_sides_share_by_how_far_they_err():
    even = learn_weights(make_evidence(-1.0, 1.0, days=2000), groups=1)[0, 0]
    np.testing.assert_allclose(even, [0.5, 0.5], atol=0.05)
    uneven = learn_weights(make_evidence(-0.5, 1.0, days=2000), groups=1)[0, 0]
    np.testing.assert_allclose(uneven, [2 / 3, 1 / 3], atol=0.1)


def pinball_of(evidence: Evidence, weights: np.ndarray) -> float:
    error = evidence.y[:, None] - np.tensordot(weights, evidence.said, axes=1)
    return float(np.maximum(LEVELS * error, (LEVELS - 1) * error).mean())


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_with_rich_evidence_the_mix_loses_hardly_more_than_whoever_is_best(biases):
    evidence = make_evidence(*biases, days=300, hours=4)
    found = learn_weights(evidence, groups=1)[0, 0]
    assert pinball_of(evidence, found) <= 1.01 * min(pinball_of(evidence, alone) for alone in np.eye(len(biases)))


def test_a_member_that_does_not_answer_gets_no_weight_and_changes_none():
    evidence = make_evidence(-0.7, 0.5)
    dumb = silence(make_evidence(-0.7, 0.5, 0.0), 2)
    weights = learn_weights(dumb, groups=1)
    assert (weights[..., 2] == 0).all()
    np.testing.assert_allclose(weights[..., :2], learn_weights(evidence, groups=1), rtol=1e-5)


def test_a_member_that_answers_less_than_half_is_given_nothing_and_one_that_answers_more_is():
    evidence = make_evidence(-0.7, 0.0)
    count = len(evidence)
    assert (learn_weights(silence(evidence, 1, slice(0, int(0.6 * count))), groups=1)[..., 1] == 0).all()
    assert (learn_weights(silence(evidence, 1, slice(0, int(0.3 * count))), groups=1)[..., 1] > 0.5).all()


def test_members_that_never_answer_together_share_alike():
    evidence = make_evidence(0.0, 0.0, 0.0, days=10)
    half = len(evidence) // 2
    evidence = silence(silence(silence(evidence, 2), 0, slice(0, half)), 1, slice(half, None))
    np.testing.assert_allclose(learn_weights(evidence, groups=1)[0, 0], [0.5, 0.5, 0.0])


def test_where_nobody_answers_all_weigh_alike():
    evidence = silence(silence(make_evidence(1.0, 0.0), 0), 1)
    np.testing.assert_allclose(learn_weights(evidence, groups=2), 0.5)


def test_groups_and_days_ahead_have_weights_of_their_own_and_lend_them_where_there_is_no_evidence():
    count = 2000 * 6
    group, lead = np.arange(count) % 2, np.arange(count) // 2 % 2
    first = np.where(group == 0, np.where(lead == 0, 0.0, 2.0), 2.0)
    weights = learn_weights(make_evidence(first, 2.0 - first, days=2000, group=group, lead=lead), groups=3)
    assert weights[0, 0, 0] > 0.9
    assert weights[0, 1, 0] < 0.1
    assert (weights[1, :, 0] < 0.1).all()
    # a cell without evidence has the weights of its group, a group without evidence those of the stream
    assert 0.1 < weights[0, 2, 0] < 0.9
    np.testing.assert_array_equal(weights[0, 2], weights[0, 3])
    assert weights[1, 0, 0] < weights[2, 0, 0] < weights[0, 0, 0]


def test_every_hour_of_the_day_counts_however_much_evidence_there_is():
    hours = 24
    hour = np.tile(np.arange(hours), MOST_ROWS)
    good_at_midnight = np.where(hour == 0, 0.0, 2.0)
    evidence = make_evidence(good_at_midnight, 2.0 - good_at_midnight, days=MOST_ROWS, hours=hours)
    assert learn_weights(evidence, groups=1)[0, 0, 1] > 0.8


def test_the_newer_half_of_the_origins_is_told_by_their_number_and_not_by_their_rows():
    evidence = make_evidence(0.0, days=10)
    lopsided = replace(evidence, origin=(np.arange(60) >= 10).astype(np.int64))
    assert lopsided.newer.sum() == 50
    single = replace(evidence, origin=np.zeros(60, dtype=np.int64))
    assert not single.newer.any()
    assert evidence.newer.sum() == 30


NUMBERS = st.one_of(st.floats(0, 100), st.just(float("nan")))


@settings(max_examples=60, deadline=None)
@given(
    said=st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=5),
    raw=st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_a_mix_is_the_weighted_mean_of_those_that_answer(said, raw):
    values = np.array(said, dtype=np.float32)
    weights = np.tile(np.array(raw) / sum(raw), (len(values), 1))
    mixed = mix(np.repeat(values.T[..., None], 7, axis=2), weights)
    for row in range(len(values)):
        able = np.isfinite(values[row])
        if able.any():
            expected = np.average(values[row][able], weights=weights[row][able])
            np.testing.assert_allclose(mixed[row], expected, rtol=1e-4, atol=1e-4)
        else:
            assert np.isnan(mixed[row]).all()


def test_a_mix_says_nothing_where_only_members_without_weight_answer():
    said = np.ones((2, 1, 7), np.float32)
    said[0] = np.nan
    assert np.isnan(mix(said, np.array([[1.0, 0.0]]))).all()


def test_a_mix_of_sorted_quantiles_is_sorted():
    said = np.sort(np.random.default_rng(0).normal(size=(3, 50, 7)), axis=2).astype(np.float32)
    mixed = mix(said, np.random.default_rng(1).dirichlet(np.ones(3), size=50))
    assert (np.diff(mixed, axis=1) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(
    weeks=st.integers(1, 80),
    season=st.sampled_from([7, 28, 56]),
    length=st.integers(1, 120),
    doubled=st.booleans(),
    horizon=st.sampled_from([0, 5, 28]),
)
def test_held_back_columns_are_whole_days_before_the_origin_with_known_columns_after(
    weeks, season, length, doubled, horizon
):
    panel = make_panel(n_series=1, weeks=weeks, season=season, horizon=horizon)
    if doubled:
        panel = repeat_slot(panel, column=panel.n_history // 2)
    ats = held_back_columns(panel, length=length)
    assert len(ats) <= ORIGINS
    assert list(ats) == sorted(set(ats))
    origin = panel.wall[panel.n_history] if horizon else panel.wall[-1]
    for at in ats:
        assert held_back_start(panel, length=length) <= at <= panel.n_history - length
        assert at >= panel.n_history // 2
        assert (origin - panel.wall[at]) % np.timedelta64(1, "D") == np.timedelta64(0)


def test_held_back_columns_spread_from_the_start_of_what_is_held_back_to_its_end():
    panel = make_panel(n_series=1, weeks=80)
    start = held_back_start(panel, length=28)
    ats = held_back_columns(panel, length=28)
    assert len(ats) == ORIGINS
    assert ats[0] == start
    assert ats[-1] == panel.n_history - 28
    assert max(np.diff(ats)) - min(np.diff(ats)) <= 4


def test_short_history_holds_nothing_back():
    panel = make_panel(n_series=1, weeks=3)
    assert held_back_columns(panel, length=60) == ()
    assert held_back_start(panel, length=60) == panel.n_history
    assert held_back_columns(panel, length=999) == ()
    assert len(held_back_columns(panel, length=20)) > 0


def test_at_least_two_horizons_are_held_back():
    panel = make_panel(n_series=1, weeks=60)
    for length in (4, 28, 300):
        assert panel.n_history - held_back_start(panel, length=length) >= 2 * length


def test_days_ahead_fall_into_cells():
    panel = make_panel(n_series=1, weeks=8, horizon=20 * 4)
    cells = lead_cells(panel, at=panel.n_history, length=80)
    days = np.arange(80) // 4
    expected = [sum(day >= lead for lead in LEADS) for day in days]
    assert cells.tolist() == expected
    # days ahead count midnights: the second column from noon on is tomorrow's if the day ends there
    assert lead_cells(panel, at=3, length=2).tolist() == [0, 1]


def test_few_series_are_groups_of_their_own():
    assert group_series(make_panel(n_series=OWN_GROUPS)).tolist() == list(range(OWN_GROUPS))


def test_many_series_are_grouped_alike_many_each_by_how_much_they_change_from_week_to_week():
    calm, wild = make_panel(n_series=20, weeks=12, noise=0.02), make_panel(n_series=20, weeks=12, noise=0.8)
    mixed = np.arange(20) % 2 == 0
    panel = replace(calm, y=np.where(mixed[:, None], wild.y, calm.y))
    groups = group_series(panel)
    assert np.bincount(groups).max() - np.bincount(groups).min() <= 1
    assert len(np.bincount(groups)) == OWN_GROUPS
    assert groups[mixed].min() >= groups[~mixed].max()
    scaled = replace(panel, y=panel.y * np.linspace(0.1, 1000, 20, dtype=np.float32)[:, None])
    np.testing.assert_array_equal(group_series(scaled), groups)


def test_series_of_which_nothing_is_known_are_grouped_with_the_least_predictable():
    panel = hide(make_panel(n_series=20, weeks=12), slice(3, 5), slice(None))
    assert group_series(panel)[[3, 4]].tolist() == [OWN_GROUPS - 1] * 2
    assert len(group_series(make_panel(n_series=12, weeks=1))) == 12


def test_evidence_is_what_was_observed_and_what_was_said_of_it():
    panel = make_panel(n_series=4, weeks=8, gaps=0.2)
    ats, series, length = (100, 130), np.array([0, 2]), 12
    rng = np.random.default_rng(0)
    said = np.sort(rng.uniform(10, 200, size=(3, 2, 2, length, 7)), axis=-1).astype(np.float32)
    evidence = gather_evidence(panel, said, ats=ats, series=series, groups=np.array([5, 6, 7, 8]), length=length)
    seen = {
        (origin, own, step)
        for origin, at in enumerate(ats)
        for own in (0, 1)
        for step in range(length)
        if panel.observed[series[own], at + step]
    }
    assert len(evidence) == len(seen)
    for row in range(len(evidence)):
        own = int(np.flatnonzero(series == evidence.series[row])[0])
        truth = evidence.y[row] * evidence.scale[row]
        matches = [
            (origin, o, step)
            for origin, o, step in seen
            if o == own
            and origin == evidence.origin[row]
            and np.isclose(panel.y[series[o], ats[origin] + step], truth, rtol=1e-4)
        ]
        assert len(matches) == 1
        origin, _, step = matches[0]
        np.testing.assert_allclose(evidence.said[:, row] * evidence.scale[row], said[:, origin, own, step], rtol=1e-4)
        assert evidence.group[row] == [5, 7][own]
        assert evidence.lead[row] == lead_cells(panel, at=ats[origin], length=length)[step]
        assert evidence.day[row] == (ats[origin] + step) // 4


def test_a_part_of_evidence_keeps_its_rows_together():
    evidence = make_evidence(1.0, 2.0, days=4)
    rows = np.arange(24) % 3 == 0
    part = evidence.only(rows)
    for field in fields(Evidence):
        whole = getattr(evidence, field.name)
        np.testing.assert_array_equal(
            getattr(part, field.name), whole[:, rows] if field.name == "said" else whole[rows]
        )


def test_equal_evidence_gives_equal_weights():
    evidence = make_evidence(0.3, -0.2, 1.0)
    np.testing.assert_array_equal(learn_weights(evidence, groups=1), learn_weights(evidence, groups=1))


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_the_evidence_does_not_matter(scale):
    evidence = make_evidence(0.3, -0.2, 1.0)
    other = replace(evidence, y=evidence.y * np.float32(scale), said=evidence.said * np.float32(scale))
    np.testing.assert_allclose(learn_weights(other, groups=1), learn_weights(evidence, groups=1), atol=5e-3)
