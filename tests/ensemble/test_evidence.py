from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.ensemble.evidence import (
    ORIGINS,
    OWN_GROUPS,
    Evidence,
    gather_evidence,
    group_series,
    held_back_columns,
    held_back_start,
)
from forecasting.models.features.days import LEADS, lead_cells
from forecasting.panel.grid import cut_panel
from tests.ensemble.evidences import make_evidence
from tests.models.factories import hide, make_panel, repeat_slot


def test_the_newer_half_of_the_origins_is_chosen_by_their_number_and_not_by_their_rows():
    evidence = make_evidence(0.0, days=10)
    lopsided = replace(evidence, origin=(np.arange(60) >= 10).astype(np.int64))
    assert lopsided.newer.sum() == 50
    single = replace(evidence, origin=np.zeros(60, dtype=np.int64))
    assert not single.newer.any()
    assert evidence.newer.sum() == 30


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
    origin_columns = held_back_columns(panel, length=length)
    assert len(origin_columns) <= ORIGINS + 2
    assert list(origin_columns) == sorted(set(origin_columns))
    origin = panel.wall[panel.n_history] if horizon else panel.wall[-1]
    for at in origin_columns:
        assert held_back_start(panel, length=length) <= at <= panel.n_history - length
        assert at >= panel.n_history // 2
        assert (origin - panel.wall[at]) % np.timedelta64(1, "D") == np.timedelta64(0)


def test_held_back_columns_spread_over_what_is_held_back_on_all_weekdays():
    panel = make_panel(n_series=1, weeks=80)
    start = held_back_start(panel, length=28)
    origin_columns = held_back_columns(panel, length=28)
    assert ORIGINS - 1 <= len(origin_columns) <= ORIGINS + 1
    step = np.diff(origin_columns)
    assert (step == step[0]).all()
    assert origin_columns[0] < start + step[0]
    assert origin_columns[-1] > panel.n_history - 28 - step[0]
    weekdays = (panel.wall[list(origin_columns)] - np.datetime64("1970-01-05")) // np.timedelta64(1, "D") % 7
    assert len(set(weekdays.tolist())) == 7


def test_origins_a_day_apart_have_most_of_their_held_back_columns_in_common():
    panel = make_panel(n_series=1, weeks=80)
    today, yesterday = (
        held_back_columns(cut_panel(panel, at=panel.n_history - back, length=28), length=28) for back in (0, 4)
    )
    assert len(set(today) & set(yesterday)) >= len(today) - 1


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


def test_evidence_is_what_was_observed_and_what_was_forecast_of_it():
    panel = make_panel(n_series=4, weeks=8, gaps=0.2)
    origin_columns, series, length = (100, 130), np.array([0, 2]), 12
    rng = np.random.default_rng(0)
    predicted = np.sort(rng.uniform(10, 200, size=(3, 2, 2, length, 7)), axis=-1).astype(np.float32)
    evidence = gather_evidence(
        panel, predicted, origin_columns=origin_columns, series=series, groups=np.array([5, 6, 7, 8]), length=length
    )
    seen = {
        (origin, own, step)
        for origin, at in enumerate(origin_columns)
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
            and np.isclose(panel.y[series[o], origin_columns[origin] + step], truth, rtol=1e-4)
        ]
        assert len(matches) == 1
        origin, _, step = matches[0]
        np.testing.assert_allclose(
            evidence.predicted[:, row] * evidence.scale[row], predicted[:, origin, own, step], rtol=1e-4
        )
        assert evidence.group[row] == [5, 7][own]
        assert evidence.lead[row] == lead_cells(panel, at=origin_columns[origin], length=length)[step]
        assert evidence.day[row] == (origin_columns[origin] + step) // 4


def test_evidence_counts_by_its_weight_within_its_series():
    panel = make_panel(n_series=2, weeks=8, gaps=0.2)
    weight = np.where(panel.observed, np.random.default_rng(1).integers(1, 9, panel.y.shape), 0).astype(np.float32)
    predicted = np.full((1, 1, 2, 12, 7), 50, np.float32)
    given = {"origin_columns": (100,), "series": np.arange(2), "groups": np.arange(2), "length": 12}
    plain = gather_evidence(panel, predicted, **given)
    weighted = gather_evidence(replace(panel, weight=weight), predicted, **given)
    np.testing.assert_allclose(weighted.y * weighted.scale, plain.y * plain.scale, rtol=1e-5)
    for series in range(2):
        own = plain.series == series
        times = (weighted.y / plain.y)[own]
        calls = weight[series, 100:112][panel.observed[series, 100:112]]
        np.testing.assert_allclose(times, calls / calls.mean(), rtol=1e-5)


def test_a_part_of_evidence_keeps_its_rows_together():
    evidence = make_evidence(1.0, 2.0, days=4)
    rows = np.arange(24) % 3 == 0
    part = evidence.only(rows)
    for field in fields(Evidence):
        whole = getattr(evidence, field.name)
        np.testing.assert_array_equal(
            getattr(part, field.name), whole[:, rows] if field.name == "predicted" else whole[rows]
        )
