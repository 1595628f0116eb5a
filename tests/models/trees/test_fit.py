"""Training of the trees: rounds, budget and what there is too little of."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.models.profile import ProfileMember, fit_profile
from forecasting.models.trees import fit
from forecasting.models.trees.fit import LEAST_ROUNDS, MOST_ROUNDS, Grown, affordable_rows, fit_trees
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
    panel: Panel, profile: ProfileMember, *, check: bool = True, rounds: list[int] | None = None, most: int = 4_000
) -> Grown | None:
    return fit_trees(panel, profile, until=UNTIL, check=check, rounds=rounds, seed=1, most=most)


def test_rounds_are_those_that_help_on_newer_rows(panel, profile):
    best = grow(panel, profile).rounds
    assert len(best) == 7
    assert all(LEAST_ROUNDS <= count < MOST_ROUNDS for count in best)


def test_newer_rows_fix_the_rounds_and_nothing_else(panel, profile):
    member, other = (grow(p, profile).member for p in (panel, scramble_from(panel, UNTIL)))
    assert member.profile is profile
    first = [one.boosters[3].dump_model(num_iteration=1)["tree_info"] for one in (member, other)]
    assert first[0] == first[1]


def test_rounds_that_are_given_are_grown(panel, profile):
    rounds = [6, 7, 8, 9, 10, 11, 12]
    found = grow(panel, profile, check=False, rounds=rounds)
    assert found.rounds == rounds
    assert [booster.num_trees() for booster in found.member.boosters] == rounds


def test_a_clock_that_runs_fast_changes_no_tree(panel, profile, monkeypatch):
    def text(found: Grown) -> list[str]:
        return [booster.model_to_string() for booster in found.member.boosters]

    before = text(grow(panel, profile, most=1_000))
    now = iter(range(0, 10**12, 10**6))
    for clock in ("time", "monotonic", "perf_counter", "process_time"):
        monkeypatch.setattr(f"time.{clock}", lambda: float(next(now)))
    assert text(grow(panel, profile, most=1_000)) == before


def test_a_budget_means_rows_and_never_rounds(panel, profile):
    few, many = (affordable_rows(panel, budget=budget) for budget in (1.0, 10.0))
    assert 1_000 < few < many / 5
    assert affordable_rows(panel, budget=1e6) == fit.MOST_ROWS
    assert affordable_rows(panel, budget=-1.0) == 0


def test_rows_with_many_inputs_or_of_large_trees_are_dearer(panel):
    wide = replace(
        panel,
        covariates=np.repeat(panel.covariates[:, :1], 60, axis=1),
        covariate_names=tuple(f"covariate_{number}" for number in range(60)),
    )
    assert affordable_rows(wide, budget=5.0) < affordable_rows(panel, budget=5.0)
    many = make_panel(n_series=400, weeks=4)
    assert affordable_rows(many, budget=5.0) < affordable_rows(panel, budget=5.0)


def test_no_more_rows_are_learned_from_than_are_allowed_and_it_is_said(panel, profile):
    some, every = (grow(panel, profile, check=False, rounds=[5] * 7, most=most) for most in (800, fit.MOST_ROWS))
    assert some.n_rows <= 800 < every.n_rows
    assert some.limited
    assert not every.limited


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("most", [0, 50])
def test_next_to_no_rows_grow_no_tree(panel, profile, check, most):
    assert grow(panel, profile, check=check, rounds=None if check else [9] * 7, most=most) is None


def test_too_few_rows_to_learn_or_none_to_check_grow_no_tree(panel, profile):
    assert grow(hide(panel, slice(None), slice(4, UNTIL - 8)), profile) is None
    assert grow(hide(panel, slice(None), slice(UNTIL, None)), profile) is None
