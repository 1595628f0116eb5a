"""The pretrained networks as they answer for a stream that has taught nobody yet."""

import json

import numpy as np
import pytest

from forecasting.models.features.history import AMOUNT_POWER
from forecasting.models.pretrained.card import CELLS, Card, read_card
from forecasting.models.pretrained.fallback import MOST_WEEKS, FallbackMember, may_answer
from forecasting.models.pretrained.member import PretrainedMember, house_networks
from forecasting.panel.grid import Panel
from forecasting.quantiles import mean_of_quantiles
from tests.models.factories import hide, make_panel, scramble_from

SEASON = 28


def card(**factors: float) -> Card:
    """A card with the same factors for all days ahead, but those of a day: three times as far from one."""
    rows = {cell: dict.fromkeys(("50", "80", "90"), factors["all"]) for cell in CELLS}
    rows["1"] = dict.fromkeys(("50", "80", "90"), factors["day"])
    return read_card(json.dumps({"factors": rows}))


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Two weeks of nine series."""
    return make_panel(n_series=9, weeks=2, noise=0.1)


def ask(member, panel: Panel, *, at: int | None = None):
    at = panel.n_history if at is None else at
    return member.predict_many(panel, origin_columns=(at,), length=SEASON)[0]


@pytest.mark.parametrize(("every", "day"), [(1.3, 1.6), (0.8, 0.5)])
def test_bands_are_wider_and_narrower_by_the_factors_of_the_card(panel, every, day):
    plain = ask(PretrainedMember(house_networks(), AMOUNT_POWER), panel)
    found = ask(FallbackMember(card(all=every, day=day)), panel)
    ratio = ((found[..., 6] - found[..., 0]) / (plain[..., 6] - plain[..., 0])).mean(axis=0)
    # four columns a day: those one and two days ahead have a factor of their own
    np.testing.assert_allclose(np.delete(ratio, slice(4, 12)), every, rtol=0.1)
    np.testing.assert_allclose(ratio[4:12], day, rtol=0.1)
    np.testing.assert_allclose(mean_of_quantiles(found), mean_of_quantiles(plain), rtol=1e-3)
    assert (np.diff(found) >= 0).all()


def test_some_series_are_answered_as_all_are(panel):
    member = FallbackMember()
    rows = np.arange(9) % 2 == 0
    found = member.predict_rows(panel, rows, at=panel.n_history, length=SEASON)
    np.testing.assert_allclose(found[rows], ask(member, panel)[rows], rtol=1e-4)
    assert np.isnan(found[~rows]).all()
    assert np.isnan(member.predict_rows(panel, rows & False, at=panel.n_history, length=SEASON)).all()


def test_a_series_of_two_days_is_left_to_its_peers_where_it_has_any(panel):
    two_days = panel.n_history - 8
    young, all_young = hide(panel, 3, slice(two_days)), hide(panel, slice(None), slice(two_days))
    member = FallbackMember()
    only = np.arange(9) == 3
    for found in (ask(member, young), member.predict_rows(young, only, at=young.n_history, length=SEASON)):
        assert np.isnan(found[3]).all()
    assert np.isfinite(np.delete(ask(member, young), 3, axis=0)).all()
    assert np.isfinite(ask(member, all_young)).any()
    five_days = ask(member, hide(panel, 3, slice(panel.n_history - 20)))
    assert np.isfinite(five_days).all()


def test_nothing_from_the_origin_on_changes_its_answer(panel):
    at = panel.n_history - 10
    later = scramble_from(panel, at)
    np.testing.assert_array_equal(ask(FallbackMember(), panel, at=at), ask(FallbackMember(), later, at=at))


def test_it_is_not_asked_for_weekly_intervals_nor_for_half_a_year():
    assert may_answer(make_panel(weeks=4), length=MOST_WEEKS * SEASON)
    assert not may_answer(make_panel(weeks=4), length=MOST_WEEKS * SEASON + 1)
    assert not may_answer(make_panel(weeks=60, season=1), length=4)
