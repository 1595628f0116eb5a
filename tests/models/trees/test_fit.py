"""Training of the trees: rounds, budget and what there is too little of."""

import time

import numpy as np
import pytest

from forecasting.models.profile import ProfileMember, fit_profile
from forecasting.models.trees import fit
from forecasting.models.trees.fit import LEAST_ROUNDS, MOST_ROUNDS, fit_trees
from forecasting.models.trees.member import TreesMember
from forecasting.panel.grid import Panel
from tests.models.factories import hide, make_panel, scramble_from

SEASON = 28
UNTIL = 16 * SEASON


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=4, weeks=22, drift=0.03, noise=0.1)


@pytest.fixture(scope="module")
def profile(panel: Panel) -> ProfileMember:
    found = fit_profile(panel, until=UNTIL, seed=1)
    assert found is not None
    return found


def grow(
    panel: Panel, profile: ProfileMember, *, check: bool = True, rounds: list[int] | None = None, budget: float = 2.0
) -> tuple[TreesMember, list[int]] | None:
    return fit_trees(panel, profile, until=UNTIL, check=check, rounds=rounds, seed=1, budget=budget)


def test_rounds_are_those_that_help_on_newer_rows(panel, profile):
    _, best = grow(panel, profile)
    assert len(best) == 7
    assert all(LEAST_ROUNDS <= count < MOST_ROUNDS for count in best)


def test_newer_rows_fix_the_rounds_and_nothing_else(panel, profile):
    (member, _), (other, _) = (grow(p, profile) for p in (panel, scramble_from(panel, UNTIL)))
    assert member.profile is profile
    first = [one.boosters[3].dump_model(num_iteration=1)["tree_info"] for one in (member, other)]
    assert first[0] == first[1]


def test_rounds_that_are_given_are_grown(panel, profile):
    rounds = [6, 7, 8, 9, 10, 11, 12]
    member, grown = grow(panel, profile, check=False, rounds=rounds)
    assert grown == rounds
    assert [booster.num_trees() for booster in member.boosters] == rounds


def test_a_short_budget_grows_fewer_rounds_and_ends_in_time(panel, profile, monkeypatch):
    monkeypatch.setattr(fit, "LEAST_ROWS", 10)
    monkeypatch.setattr(fit, "ROWS_A_SECOND", 1e9)
    monkeypatch.setattr(fit, "MOST_ROWS", 4_000)
    started = time.monotonic()
    _, grown = grow(panel, profile, check=False, rounds=[20_000] * 7, budget=1.0)
    assert time.monotonic() - started < 2.5
    assert all(LEAST_ROUNDS <= count < 20_000 for count in grown)


def test_a_budget_that_ends_while_rounds_are_checked_leaves_a_member_with_what_it_has(panel, profile, monkeypatch):
    monkeypatch.setattr(fit, "ROWS_A_SECOND", 1e12)
    member, best = grow(panel, profile, budget=1e-6)
    assert best == [LEAST_ROUNDS] * 7
    assert np.isfinite(member.predict_many(panel, origin_columns=(panel.n_history,), length=SEASON)).all()


def test_where_time_has_run_out_every_quantile_still_has_its_least_rounds(panel, profile, monkeypatch):
    monkeypatch.setattr(fit, "ROWS_A_SECOND", 1e12)
    member, grown = grow(panel, profile, check=False, rounds=[5_000] * 7, budget=1e-6)
    assert grown == [LEAST_ROUNDS] * 7
    assert np.isfinite(member.predict_many(panel, origin_columns=(panel.n_history,), length=SEASON)).all()


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("budget", [-1.0, 0.0, 0.01])
def test_a_budget_of_next_to_nothing_grows_no_tree(panel, profile, check, budget):
    assert grow(panel, profile, check=check, rounds=None if check else [9] * 7, budget=budget) is None


def test_too_few_rows_to_learn_or_none_to_check_grow_no_tree(panel, profile):
    assert grow(hide(panel, slice(None), slice(4, UNTIL - 8)), profile) is None
    assert grow(hide(panel, slice(None), slice(UNTIL, None)), profile) is None


def test_no_more_rows_are_drawn_than_the_budget_allows_for(panel, profile, monkeypatch):
    numbers = []
    draw = fit.draw_rows

    def note(*given, most, **others):
        numbers.append(most)
        return draw(*given, most=most, **others)

    monkeypatch.setattr(fit, "draw_rows", note)
    monkeypatch.setattr(fit, "ROWS_A_SECOND", 1_000)
    grow(panel, profile, check=False, rounds=[5] * 7, budget=2.0)
    grow(panel, profile, check=False, rounds=[5] * 7, budget=1e6)
    assert numbers == [2_000, fit.MOST_ROWS]
