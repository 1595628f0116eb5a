import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.config.capacity import CapacitySection
from forecasting.errors import SettingsError
from forecasting.planning.capacity.ceilings import ceilings
from forecasting.planning.capacity.orders import choose_step, delay_cost, order_by
from forecasting.planning.capacity.runout import first_exceedance_day, run_out
from forecasting.terms import CapacityRule

STEPS = [
    {"name": "double", "times": 2, "cost": 300.0},
    {"name": "swap", "to": 16, "cost": 100.0},
    {"name": "giant", "to": 100, "cost": 500.0},
]
NOW = np.zeros(8, np.int32)
"""Deadlines that are due."""


def make(**changes) -> CapacitySection:
    """A share of 1, one day above, in service after 10 days, which must suffice for 20."""
    plain = {"threshold": 1.0, "persistence": "1/1", "lead_time": "10d", "lasting": "20d", "steps": STEPS}
    return CapacitySection(**({"peak_stream": "link_peak"} | plain | changes))


def flat(*levels: float, days: int = 40, paths: int = 10) -> np.ndarray:
    return np.repeat(np.repeat(np.float32(levels)[:, None, None], days, axis=1), paths, axis=2)


def choose(paths, *capacity: float, rules=None, deadline=NOW):
    return choose_step(paths, np.array(capacity), deadline[: len(paths)], rules or make())


def test_orders_are_due_a_lead_time_before_so_few_paths_have_run_out():
    first_exceedance = np.stack([np.arange(200), np.full(200, 150), np.r_[np.full(19, 3), np.full(181, 400)]]).astype(
        np.int32
    )
    assert order_by(first_exceedance, make(confidence=0.9), horizon=400).tolist() == [9, 140, 400]
    assert order_by(first_exceedance, make(confidence=0.95), horizon=400).tolist() == [-1, 140, -7], (
        "late by so many days"
    )
    assert order_by(first_exceedance, make(confidence=0.5), horizon=400).tolist() == [89, 140, 400]


@st.composite
def passages(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(0, 101, (3, draw(st.integers(1, 40)))).astype(np.int32)


@given(passages(), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_higher_risk_never_orders_later(first_exceedance, one, other):
    low, high = sorted([one, other])
    sooner, later = (order_by(first_exceedance, make(confidence=confidence), horizon=100) for confidence in (high, low))
    assert (sooner <= later).all()


@given(passages(), st.integers(1, 60), st.integers(0, 60))
def test_a_longer_lead_time_orders_exactly_so_much_earlier(first_exceedance, lead, longer):
    early = order_by(first_exceedance, make(lead_time=f"{lead + longer}d"), horizon=100)
    late = order_by(first_exceedance, make(lead_time=f"{lead}d"), horizon=100)
    assert np.array_equal(early, np.where(late < 100, late - longer, 100))


@given(passages(), st.floats(0.05, 0.95))
def test_an_order_of_that_day_is_in_service_in_time_with_that_probability(first_exceedance, confidence):
    rules = make(confidence=confidence)
    in_service = order_by(first_exceedance, rules, horizon=100) + 10
    seen = in_service < 100
    assert ((first_exceedance[seen] < in_service[seen, None]).mean(axis=1) <= 1 - confidence + 1e-9).all()


def test_the_cheapest_sufficient_step_is_taken():
    paths = flat(12, 18, 50, 150, 15)
    chosen = choose(paths, 10, 10, 10, 10, 16)
    assert chosen.step.tolist() == [1, 0, 2, -1, 0], "a swap to 16 brings nothing to a link of 16"
    assert chosen.capacity.tolist()[:3] == [16, 20, 100]
    assert chosen.capacity[4] == 32
    assert chosen.cost.tolist()[:3] == [100, 300, 500]
    assert np.isnan([chosen.capacity[3], chosen.cost[3]]).all()
    assert chosen.rule.tolist() == [*["sufficient"] * 3, "no_sufficient_step", "sufficient"]
    assert all(isinstance(rule, CapacityRule) for rule in chosen.rule)


def test_of_steps_that_cost_the_same_the_smaller_is_taken():
    steps = [{"name": "triple", "times": 3, "cost": 1.0}, {"name": "swap", "to": 25, "cost": 1.0}]
    chosen = choose(flat(12, 12), 10, 8, rules=make(steps=steps))
    assert chosen.step.tolist() == [1, 0], "25 of 30 and 25, then 24 of 24 and 25"


def test_days_before_a_step_is_in_service_are_not_held_against_it():
    paths = flat(5)
    paths[:, :10] = 1e6
    assert choose(paths, 4).step.tolist() == [1]
    paths[:, 10] = 1e6
    assert choose(paths, 4).rule.tolist() == ["no_sufficient_step"]
    rules = make(persistence="3/7")
    assert choose(paths, 4, rules=rules).step.tolist() == [1], "its window begins with its first day"
    paths[:, [11, 12]] = 1e6
    assert choose(paths, 4, rules=rules).rule.tolist() == ["no_sufficient_step"]


def test_a_step_must_suffice_for_its_time_and_no_longer():
    paths = flat(5)
    paths[:, 30:] = 17
    assert choose(paths, 4).step.tolist() == [1]
    paths[:, 29] = 17
    assert choose(paths, 10).step.tolist() == [0]
    assert choose(paths[:, :29], 4).step.tolist() == [1], "the horizon ends before that day"


def test_a_step_may_fail_on_as_many_paths_as_the_risk_allows():
    paths = flat(12, 12, paths=200)
    paths[0, 25, :20] = 17
    paths[1, 25, :21] = 17
    assert choose(paths, 10, 10).step.tolist() == [1, 0]


def test_nothing_is_ordered_that_can_wait_for_the_next_plan():
    paths = flat(12, days=120)
    for deadline, expected in [(-5, "sufficient"), (90, "sufficient"), (91, "not_needed"), (120, "not_needed")]:
        chosen = choose(paths, 10, deadline=np.array([deadline]))
        assert chosen.rule.tolist() == [expected]
        assert (chosen.step[0] >= 0) == (expected == "sufficient")
    beyond = choose(flat(12, days=40), 10, deadline=np.array([40]))
    assert beyond.rule.tolist() == ["not_needed"], "no run-out in sight, though the horizon is shorter than a quarter"


def test_what_is_due_is_never_called_not_needed():
    rules = make(confidence=0.9, lead_time="10d")
    paths = flat(5, days=150)
    paths[0, 10, 0] = 11  # one of ten paths on the last day that an order of today cannot help
    deadline = order_by(run_out(paths, np.array([10.0]), rules), rules, horizon=150)
    assert deadline.tolist() == [0]
    assert choose(paths, 10, rules=rules, deadline=deadline).rule.tolist() == ["sufficient"]


def test_without_a_catalogue_nothing_can_be_chosen():
    chosen = choose(flat(12, 12), 10, 10, rules=make(steps=[]), deadline=np.array([0, 40]))
    assert chosen.rule.tolist() == ["no_catalogue", "not_needed"]
    assert chosen.step.tolist() == [-1, -1]
    assert np.isnan([chosen.capacity, chosen.cost]).all()


def test_a_horizon_that_ends_before_anything_is_in_service_is_named():
    with pytest.raises(SettingsError, match="horizon of link_peak beyond lead_time, found 10 days against 10"):
        choose(flat(12, days=10), 10)


def test_circuits_are_chosen_by_both_rules_of_the_recommendation():
    steps = [{"name": "up to 16", "to": 16, "cost": 1.0}, {"name": "up to 30", "to": 30, "cost": 2.0}]
    rules = make(grade=0.01, steps=steps, persistence="3/7")
    paths = flat(8.2, 8.2, 9.5)
    paths[1, [11, 19, 27]] = 25.0  # 18.3 Erlangs a day of the busiest five, of which 16 circuits block more than 7%
    assert choose(paths, 15, 15, 15, rules=rules).step.tolist() == [0, 1, 1]


def test_waiting_is_counted_path_by_path():
    rules = make(overload_cost=7.0, capital_rate=0.1, threshold=0.5, lead_time="30d")
    draw = np.random.default_rng(3)
    paths = draw.gamma(4.0, 1.0, (3, 140, 50)).astype(np.float32)
    capacity, cost = np.array([8.0, 11.0, 20.0]), np.array([1000.0, 5250.0, np.nan])
    found = delay_cost(paths, ceilings(capacity, rules), cost, rules)
    for link in range(3):
        now, later, dearer = [], [], []
        for path in paths[link].T.tolist():
            late = [sum(peak > capacity[link] / 2 for peak in path[:until]) for until in (30, 121)]
            order_now = cost[link] + 7.0 * late[0]
            order_later = cost[link] * (1 - 0.1 * 91 / 365) + 7.0 * late[1]
            now.append(late[0])
            later.append(late[1])
            dearer.append(order_later - order_now)
        assert found.late_now[link] == pytest.approx(np.mean(now))
        assert found.late_later[link] == pytest.approx(np.mean(later))
        assert found.wait_cost[link] == pytest.approx(np.mean(dearer), nan_ok=True)
        expected_delay_loss = np.mean([max(0.0, each) for each in dearer]) if link < 2 else np.nan
        assert found.expected_delay_loss[link] == pytest.approx(expected_delay_loss, nan_ok=True)
    assert found.expected_delay_loss[1] > max(found.wait_cost[1], 0), "it pays on some paths and not on others"


def test_waiting_saves_capital_where_nothing_is_late():
    found = delay_cost(
        flat(5, days=200), np.array([10.0]), np.array([3650.0]), make(capital_rate=0.1, overload_cost=9.0)
    )
    assert found.wait_cost == pytest.approx([-91.0])
    assert (found.expected_delay_loss, found.late_now, found.late_later) == (0, 0, 0)


def test_days_late_end_with_the_horizon():
    found = delay_cost(flat(12), np.array([10.0]), np.array([0.0]), make(overload_cost=1.0))
    assert (found.late_now, found.late_later, found.wait_cost) == (10, 40, 30)


@given(st.permutations(range(4)), st.integers(0, 2**32 - 1))
def test_the_order_of_links_does_not_matter(order, seed):
    draw = np.random.default_rng(seed)
    paths = draw.gamma(9.0, 1.0, (4, 40, 5)).astype(np.float32)
    capacity = draw.uniform(5, 20, 4)
    rules = make(confidence=0.6)
    first_exceedance = first_exceedance_day(paths, ceilings(capacity, rules), rules.persistence)
    deadline = order_by(first_exceedance, rules, horizon=40)
    plain = choose_step(paths, capacity, deadline, rules)
    mixed = choose_step(paths[order], capacity[order], deadline[order], rules)
    assert np.array_equal(mixed.step, plain.step[order])
    assert np.array_equal(mixed.capacity, plain.capacity[order], equal_nan=True)
    assert mixed.rule.tolist() == plain.rule[order].tolist()
