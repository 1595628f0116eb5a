"""What must hold of any queue, whatever its numbers; and agreement with slow arithmetic and plain chains."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from forecasting.planning.queues.erlang import agents_for, queue, served_within
from tests.planning.queues import exact

LOADS = st.floats(1e-3, 1e4)
TIMES = st.floats(1, 5000)
PATIENCE = st.one_of(st.floats(0, 1e5), st.just(inf), st.floats(1e6, 1e18))
WITHIN = st.floats(0, 600)


def staff(load: float, spread: float) -> int:
    """Agents some square roots of load away from it."""
    return max(0, round(load + spread * np.sqrt(load)))


@given(LOADS, st.floats(-5, 12), TIMES, WITHIN, PATIENCE)
def test_every_figure_is_a_share_and_definitions_are_ordered(load, spread, handle, within, patience):
    found = queue(load, staff(load, spread), handle=handle, within=within, patience=patience)
    for share in (found.waits, found.abandoned, found.occupancy, found.served_within):
        assert 0 <= share <= 1 + 1e-12
    assert found.mean_wait >= 0
    assert 1 - found.waits <= found.served_within + 1e-12
    assert found.served_within <= found.served_within_of_staying + 1e-9
    assert found.served_within <= found.waited_within + 1e-12


@given(LOADS, st.floats(-5, 12), TIMES, WITHIN, PATIENCE)
def test_more_agents_never_lower_the_service_level(load, spread, handle, within, patience):
    agents = staff(load, spread) + np.arange(4)
    found = queue(load, agents, handle=handle, within=within, patience=patience)
    assert (np.diff(found.served_within) >= -1e-12).all()
    assert (np.diff(found.waits) <= 1e-12).all()
    assert (np.diff(found.occupancy)[1 if agents[0] == 0 else 0 :] <= 1e-12).all()


@given(LOADS, st.floats(1.0001, 1.5), st.floats(-3, 6), TIMES, WITHIN, PATIENCE)
def test_more_load_never_raises_the_service_level(load, more, spread, handle, within, patience):
    agents = staff(load, spread)
    less, greater = served_within([load, load * more], agents, handle=handle, within=within, patience=patience)
    assert greater <= less + 1e-12


@given(LOADS, st.floats(-5, 12), TIMES, st.floats(0, 1e5))
def test_time_waited_is_what_giving_up_costs(load, spread, handle, patience):
    """Abandonment a second = callers in the queue / patience, and Little's law."""
    found = queue(load, staff(load, spread), handle=handle, within=20, patience=patience)
    assert found.mean_wait == pytest.approx(found.abandoned * patience, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("load", "agents", "handle", "patience"),
    [
        (10, 14, 180, 300),
        (10, 6, 180, 90),
        (50, 52, 300, 30),
        (3, 3, 60, 6000),
        (0.2, 1, 60, 60),
        (120, 110, 200, 400),
        (3.3e-9, 7, 1000, 1e-8),
    ],
)
def test_figures_are_those_of_the_birth_and_death_chain(load, agents, handle, patience):
    callers = np.arange(1, 4000)
    leaving = np.minimum(callers, agents) / handle + np.maximum(callers - agents, 0) / patience
    logs = np.concatenate([[0.0], np.cumsum(np.log(load / handle) - np.log(leaving))])
    chance = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    in_line = np.maximum(np.arange(4000) - agents, 0) @ chance
    found = queue(load, agents, handle=handle, within=20, patience=patience)
    assert found.waits == pytest.approx(chance[agents:].sum(), rel=1e-9, abs=0)
    assert found.abandoned == pytest.approx(in_line / patience / (load / handle), rel=1e-9, abs=0)
    assert found.mean_wait == pytest.approx(in_line / (load / handle), rel=1e-9, abs=0)
    assert found.occupancy == pytest.approx(np.minimum(np.arange(4000), agents) @ chance / agents, rel=1e-9, abs=0)


@pytest.mark.parametrize(("agents", "patience", "within"), [(14, 300, 20), (8, 90, 60), (11, 30, 5)])
def test_service_levels_are_those_of_a_caller_followed_through_the_queue(agents, patience, within):
    load, handle, room = 10, 180, 120
    callers = np.arange(1, agents + room)
    leaving = np.minimum(callers, agents) / handle + np.maximum(callers - agents, 0) / patience
    chance = np.concatenate([[1.0], np.cumprod(load / handle / leaving)])
    chance /= chance.sum()
    # states: k = 0 .. room - 1 callers ahead, then served, then gave up
    rates = np.zeros((room + 2, room + 2))
    for ahead in range(room):
        rates[ahead, ahead - 1 if ahead else room] = agents / handle + ahead / patience
        rates[ahead, room + 1] = 1 / patience
        rates[ahead, ahead] = -rates[ahead].sum()
    end = chance[agents:] @ expm(rates * within)[:room]
    served, gone = chance[:agents].sum() + end[room], end[room + 1]
    found = queue(load, agents, handle=handle, within=within, patience=patience)
    assert found.served_within == pytest.approx(served, rel=1e-9, abs=0)
    assert found.served_within_of_staying == pytest.approx(served / (1 - gone), rel=1e-9, abs=0)
    assert found.waited_within == pytest.approx(served + gone, rel=1e-9, abs=0)


@given(LOADS, st.floats(0.1, 12), TIMES, WITHIN)
def test_long_patience_tends_to_erlang_c(load, spread, handle, within):
    agents = int(load + spread * np.sqrt(load)) + 1
    endless = queue(load, agents, handle=handle, within=within)
    for patience, near in ((1e9, 1e-2), (1e15, 1e-6), (1e25, 1e-10), (1e200, 1e-10)):
        found = queue(load, agents, handle=handle, within=within, patience=handle * patience)
        for ours, limit in ((found.waits, endless.waits), (found.served_within, endless.served_within)):
            assert ours == pytest.approx(limit, abs=near)
        if agents > load + 0.1 * np.sqrt(load):
            assert found.mean_wait == pytest.approx(endless.mean_wait, rel=near, abs=1e-9)


@pytest.mark.parametrize("patience", [0, 1e-9, 60, 600, 1e9, inf])
def test_any_load_is_finite(patience):
    load = np.array([0, 1e-300, 1e-9, 1, 100, 1e4, 2e4])[:, None]
    agents = np.array([0, 1, 2, 100, 9_900, 10_000, 10_100, 20_000, 40_000])
    for within in (0, 20, 1e9, 1e308):
        found = queue(load, agents, handle=300, within=within, patience=patience)
        for name, values in vars(found).items():
            grows = (name == "mean_wait") & np.isinf(patience) & (load > 0) & (agents <= load)
            assert (np.isfinite(values) | grows).all(), name


@pytest.mark.parametrize("load", [1000.0, 9_876.5])
@pytest.mark.parametrize("patience", [60, 600, 6000, 1e5, inf])
def test_large_queues_agree_with_slow_arithmetic(load, patience):
    agents = np.array([round(load + spread * np.sqrt(load)) for spread in (-2, 0, 0.5, 3)])
    found = served_within(load, agents, handle=250, within=20, patience=patience)
    slow = [float(exact.served(load, int(n), handle=250, within=20, patience=patience)) for n in agents]
    assert found == pytest.approx(slow, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(st.floats(1e-3, 200), st.floats(-4, 6), TIMES, WITHIN, st.one_of(st.floats(1, 5000), st.just(0), st.just(inf)))
def test_service_levels_agree_with_slow_arithmetic(load, spread, handle, within, patience):
    agents = max(1, staff(load, spread))
    slow = exact.served(load, agents, handle=handle, within=within, patience=patience)
    found = served_within(load, agents, handle=handle, within=within, patience=patience)
    assert found == pytest.approx(float(slow), rel=1e-9, abs=1e-11)


def test_agents_are_the_integers_of_slow_arithmetic():
    rng = np.random.default_rng(7)
    count = 400
    load = np.exp(rng.uniform(np.log(0.01), np.log(150), count))
    handle, within = rng.uniform(30, 900, count), rng.choice([0.0, 10, 20, 60, 300], count)
    share, patience = rng.uniform(0.02, 0.99, count), np.exp(rng.uniform(np.log(5), np.log(5000), count))
    patience = np.where(rng.random(count) < 0.25, inf, np.where(rng.random(count) < 0.05, 0, patience))
    cap = np.where(rng.random(count) < 0.5, 1.0, rng.uniform(0.3, 1, count))
    # the near ties of published tables, from both sides
    ties = [
        (20, 200, 20, 0.8),
        (20, 200, 20, 0.800196),
        (20, 200, 20, 0.8002),
        (18, 240, 20, 0.8),
        (18, 240, 20, 0.80075),
    ]
    near = np.array([*ties, (10, 180, 20, 0.7955947884), (10, 180, 20, 0.79559479), (10, 180, 20, 0.8)]).T
    load, handle, within, share = (
        np.append(one, two) for one, two in zip((load, handle, within, share), near, strict=True)
    )
    patience, cap = np.append(patience, np.full(len(near[0]), inf)), np.append(cap, np.ones(len(near[0])))
    found = agents_for(load, handle=handle, within=within, share=share, patience=patience, max_occupancy=cap)
    slow = [
        exact.agents_needed(x, handle=h, within=t, share=s, patience=p, max_occupancy=c)
        for x, h, t, s, p, c in np.stack([load, handle, within, share, patience, cap], axis=1).tolist()
    ]
    assert found.tolist() == slow


@given(LOADS, TIMES, WITHIN, st.floats(0.01, 0.999), PATIENCE, st.floats(0.3, 1))
def test_agents_reach_the_target_and_one_less_does_not(load, handle, within, share, patience, cap):
    needed = agents_for(load, handle=handle, within=within, share=share, patience=patience, max_occupancy=cap)
    slack, agents = 1e-9, np.maximum(needed + np.arange(-1, 1), 0)
    found = queue(load, agents, handle=handle, within=within, patience=patience)
    enough = (found.served_within >= share - slack) & (found.occupancy <= cap + slack)
    clearly = (found.served_within >= share + slack) & (found.occupancy <= cap - slack)
    assert enough[1]
    assert not clearly[0]
