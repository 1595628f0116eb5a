from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.models.combine import held_back_columns, mean_losses, select_members
from tests.models.factories import hide, make_panel

NAMES = ("seasonal_naive", "last_four", "nbeats", "tft")


def select(losses: dict[str, float], carried: dict[str, bool] | None = None) -> str:
    table = {name: np.array([loss]) for name, loss in losses.items()}
    able = {name: np.array([(carried or {}).get(name, True)]) for name in losses}
    return str(select_members(table, able)[0])


def test_the_member_that_lost_least_carries_the_series():
    assert select({"seasonal_naive": 3, "last_four": 2, "nbeats": 1, "tft": 4}) == "nbeats"


def test_a_tie_goes_to_the_simpler_member():
    assert select({"tft": 1, "nbeats": 1, "last_four": 1, "seasonal_naive": 2}) == "last_four"


def test_a_member_that_cannot_answer_from_the_origin_is_not_chosen():
    assert select({"last_four": 2, "nbeats": 1, "seasonal_naive": 3}, {"nbeats": False}) == "last_four"


def test_a_member_that_could_not_be_judged_is_not_chosen_over_one_that_was():
    assert select({"seasonal_naive": 9, "last_four": np.nan, "nbeats": np.nan}) == "seasonal_naive"


def test_a_series_that_nobody_was_judged_on_goes_to_a_seasonal_member_that_carries_it():
    unjudged = dict.fromkeys(NAMES, np.nan)
    assert select(unjudged) == "last_four"
    assert select(unjudged, {"last_four": False}) == "seasonal_naive"
    assert select(unjudged, {"last_four": False, "seasonal_naive": False}) == "cold_start"


LOSS = st.one_of(st.floats(0, 5), st.just(float("nan")))


@given(st.lists(st.tuples(*[LOSS] * 4, *[st.booleans()] * 4), min_size=1, max_size=20))
def test_whoever_is_chosen_can_answer_and_nobody_able_lost_less(rows):
    table = np.array(rows, dtype=float).T
    losses = dict(zip(NAMES, table[:4], strict=True))
    carried = dict(zip(NAMES, table[4:] > 0, strict=True))
    for row, tier in enumerate(select_members(losses, carried)):
        if tier == "cold_start":
            continue
        assert carried[tier][row]
        for name in NAMES:
            if carried[name][row] and np.isfinite(losses[name][row]):
                assert losses[tier][row] <= losses[name][row]


def test_held_back_columns_start_the_day_as_the_origin_does():
    panel = make_panel(weeks=10, season=56)
    ats = held_back_columns(panel, length=56)
    assert ats == (456, 472, 488, 504)
    assert all((panel.ts[560] - panel.ts[at]) % np.timedelta64(1, "D") == np.timedelta64(0) for at in ats)


def test_held_back_columns_leave_half_of_the_history_before_them():
    panel = make_panel(weeks=3, season=28)
    assert held_back_columns(panel, length=28) == (48, 56)
    assert held_back_columns(panel, length=60) == ()
    assert held_back_columns(panel, length=999) == ()


def test_a_loss_counts_observed_columns_only():
    panel = make_panel(n_series=3, weeks=6, season=28)
    panel = hide(panel, 0, slice(112, 120))
    perfect = np.repeat(np.nan_to_num(panel.y[:, 112:140], nan=1e9)[..., None], 7, axis=2)
    wrong = perfect + 10
    losses = mean_losses(panel, np.stack([perfect, wrong]), ats=(112, 112))
    np.testing.assert_allclose(losses, [2.5] * 3, rtol=1e-3)


def test_a_member_that_left_an_observed_column_unanswered_has_no_loss():
    panel = make_panel(n_series=2, weeks=6, season=28)
    forecast = np.ones((1, 2, 28, 7), np.float32)
    forecast[0, 1, 3] = np.nan
    assert np.isfinite(mean_losses(panel, forecast, ats=(112,))).tolist() == [True, False]
    shut = replace(panel, observed=np.where(np.arange(168) == 115, False, panel.observed))
    assert np.isfinite(mean_losses(shut, forecast, ats=(112,))).all()


def test_a_series_that_nothing_was_seen_of_has_no_loss():
    panel = hide(make_panel(n_series=2, weeks=6, season=28), 0, slice(112, None))
    losses = mean_losses(panel, np.ones((1, 2, 28, 7), np.float32), ats=(112,))
    assert np.isfinite(losses).tolist() == [False, True]
    with pytest.raises(ValueError, match="zip"):
        mean_losses(panel, np.ones((1, 2, 28, 7), np.float32), ats=(112, 113))
