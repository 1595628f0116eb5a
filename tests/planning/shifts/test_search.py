"""The search in ranges about the relaxed values: what it may miss there, it finds outside."""

import pytest
from ortools.sat.python import cp_model

from forecasting.planning.shifts.search import Effort, search

EXACT = Effort(gap=0.0, limit=5.0)


def covering(costs: tuple[int, int], amounts: tuple[int, int], need: int) -> tuple[cp_model.CpModel, list]:
    """The cheapest whole numbers of two things that amount to no less than is needed."""
    cp = cp_model.CpModel()
    chosen = [cp.new_int_var(0, 100, "") for _ in costs]
    cp.add(sum(amount * one for amount, one in zip(amounts, chosen, strict=True)) >= need)
    cp.minimize(sum(cost * one for cost, one in zip(costs, chosen, strict=True)))
    return cp, chosen


def test_best_plan_is_found_though_it_lies_far_from_the_relaxed_one():
    # relaxed: 10.9 of the first, none of the second; 11 of the first cost 1100
    cp, chosen = covering((100, 111), (10, 11), 109)
    found = search(cp, chosen, EXACT)
    assert [found.of(one) for one in chosen] == [1, 9]
    assert (found.objective, found.bound) == (1099, 1099)


def test_plan_near_the_relaxed_one_will_do_within_the_gap_and_the_bound_is_of_all_plans():
    cp, chosen = covering((100, 111), (10, 11), 109)
    found = search(cp, chosen, Effort(gap=0.01))
    assert [found.of(one) for one in chosen] == [11, 0]
    assert (found.objective, found.bound) == (1100, 1090)


def test_bound_is_a_multiple_of_what_all_costs_are_multiples_of():
    # relaxed: 7/3 of the first at 20 make 46.7
    cp, chosen = covering((20, 40), (3, 5), 7)
    found = search(cp, chosen, Effort(gap=0.9))
    assert (found.objective, found.bound) == (60, 60)


@pytest.mark.parametrize("need", [0, 1, 33])
def test_whole_relaxed_values_are_the_answer(need):
    cp, chosen = covering((3, 100), (1, 1), need)
    found = search(cp, chosen, EXACT)
    assert [found.of(one) for one in chosen] == [need, 0]
    assert found.bound == found.objective == 3 * need
