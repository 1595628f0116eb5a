from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.staffing.agents import choose_agents, climb, plug_in_agents, roster, staff_pool
from forecasting.planning.staffing.loads import gather_nodes
from tests.planning.staffing.loads import HALF_HOUR, lognormal, make_pool, make_rules, make_service_table

ROUND_THE_CLOCK = 6 + 5 * np.sin(np.arange(24) * 2 * np.pi / 24)


def staff(load, *, handle=300.0, day=None, **rules):
    held = make_rules(**rules)
    return staff_pool(make_pool(load, handle=handle, day=day), held, make_service_table(held))


@pytest.mark.parametrize(
    ("cv", "by_load", "agents_by_load", "by_call", "agents"),
    [
        (1e-6, 0.807, 108, 0.807, 108),
        (0.05, 0.711, 111, 0.699, 111),
        (0.10, 0.635, 114, 0.600, 115),
        (0.15, 0.609, 118, 0.553, 121),
    ],
)
def test_an_uncertain_load_costs_the_plug_in_its_service_and_is_staffed_for(
    cv, by_load, agents_by_load, by_call, agents
):
    """100 Erlangs, 300 s, 80/20, Erlang C, endless queues scored 0. The published numbers average over loads; the
    product over calls, of which high loads bring more."""
    held = make_rules()
    pool, service_table = make_pool(lognormal([100.0], cv, paths=4000)), make_service_table(held)
    pool.median_calls[:] = 100.0 * HALF_HOUR / 300
    nodes = gather_nodes(pool, interval=HALF_HOUR)
    people = np.arange(105, 125)
    average = service_table.served_within(nodes.load, people[:, None], nodes.handle).mean(axis=1)
    assert average[people == 108] == pytest.approx(by_load, abs=0.01)
    assert people[np.argmax(average >= 0.8)] == agents_by_load
    row = staff_pool(pool, held, service_table).iloc[0]
    assert row["plug_in_agents"] == 108
    assert row["plug_in_service_level"] == pytest.approx(by_call, abs=0.01)
    # twenty nodes for the paths may cost one agent where 80.0% is near
    assert agents <= row["expected_agents"] <= agents + (cv > 0.01)


@pytest.mark.parametrize("patience", ["none", "5min"])
def test_agents_rise_with_risk_and_with_uncertainty(patience):
    rows = staff(lognormal([30.0], 0.2), patience=patience, confidence=(0.2, 0.5, 0.8, 0.95))
    assert (np.diff(rows["agents"]) > 0).all()
    assert (np.diff(rows["met"]) > 0).all()
    assert (rows["met"] >= rows["confidence"] - 1e-9).all()
    sure, unsure = (staff(lognormal([30.0], cv), patience=patience).iloc[1]["agents"] for cv in (0.01, 0.3))
    assert sure < unsure


def test_a_higher_risk_never_has_fewer_agents_although_more_was_carried():
    load = lognormal(np.random.default_rng(1).uniform(0.5, 8, 12), 0.2, paths=40)
    rows = staff(load, patience="5min", confidence=(0.75, 0.8))
    low, high = (rows.loc[rows["confidence"] == confidence, "agents"].to_numpy() for confidence in (0.75, 0.8))
    assert (high >= low).all()
    alone = staff(load, patience="5min", confidence=(0.8,))["agents"].to_numpy()
    assert (alone < low).any()


def test_one_agent_fewer_misses_the_risk():
    held = make_rules(confidence=(0.8,), patience="5min")
    pool, service_table = make_pool(lognormal([3.0, 30.0, 100.0], 0.2), day=[0, 1, 2]), make_service_table(held)
    agents = staff_pool(pool, held, service_table)["agents"].to_numpy()
    nodes = gather_nodes(pool, interval=HALF_HOUR)
    met = [service_table.met(nodes.load, (agents - less)[:, None], nodes.handle).mean(axis=1) for less in (0, 1)]
    assert (met[0] >= 0.8).all()
    assert (met[1] < 0.8).all()


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_low_targets_get_the_fewest_agents_too(share):
    held = make_rules(target=f"{share * 100:g}/20", patience="1min", confidence=(0.8,))
    pool, service_table = make_pool(lognormal([100.0], 0.02)), make_service_table(held)
    row = staff_pool(pool, held, service_table).iloc[0]
    nodes = gather_nodes(pool, interval=HALF_HOUR)
    fewer = service_table.met(nodes.load, np.array([[row["agents"] - 1]]), nodes.handle).mean()
    assert row["met"] >= 0.8 > fewer
    assert row["expected_agents"] <= row["plug_in_agents"] + 1


def test_the_average_of_a_day_meets_the_risk_and_hardly_more():
    rows = staff(lognormal(ROUND_THE_CLOCK, 0.2), patience="5min", confidence=(0.5, 0.8))
    for confidence, own in rows.groupby("confidence"):
        assert confidence - 0.001 <= own["met"].mean() <= confidence + 0.02
    carried = rows[rows["rule"] == "earlier_surplus"]
    assert 0 < len(carried) < len(rows)
    assert (carried["met"] < carried["confidence"]).all()
    assert (rows["met"] >= rows["confidence"] - 0.2 - 1e-9).all()


def test_what_was_rounded_up_is_not_carried_into_the_next_day():
    load = lognormal(np.full(6, 2.0), 0.2)
    together = staff(load, patience="5min", confidence=(0.8,))
    apart = staff(load, day=np.arange(6), patience="5min", confidence=(0.8,))
    assert (apart["met"] >= 0.8).all()
    assert apart["agents"].nunique() == 1
    assert set(apart["rule"]) == {"target"}
    assert together["agents"].sum() < apart["agents"].sum()


def test_intervals_without_calls_owe_the_others_nothing():
    """A target is met for sure where nobody calls; that pays for no missed one."""
    quiet = np.zeros((4, 400))
    busy = lognormal([10.0, 10.0], 0.2)
    rows = staff(np.concatenate([quiet, busy]), patience="5min", confidence=(0.8,))
    assert rows["met"].iloc[4] >= 0.8
    assert (rows["agents"].iloc[4:].to_numpy() == staff(busy, patience="5min", confidence=(0.8,))["agents"]).all()


def test_an_interval_without_calls_gets_the_minimum():
    rows = staff(np.zeros((2, 50)), min_agents=3, patience="5min")
    assert (rows["agents"] == 3).all()
    assert set(rows["rule"]) == {"no_load"}
    assert (rows["met"] == 1).all()
    assert (rows["occupancy"] == 0).all()
    assert (rows["expected_agents"] == 3).all()
    assert (staff(np.zeros((2, 50)))["agents"] == 0).all()


def test_rules_are_named():
    assert set(staff(lognormal([1.0], 0.1), min_agents=9)["rule"]) == {"min_agents"}
    assert set(staff(lognormal([30.0], 0.1), max_occupancy=0.5)["rule"]) == {"max_occupancy"}
    assert set(staff(lognormal([30.0], 0.1))["rule"]) == {"target"}


@pytest.mark.parametrize("patience", ["none", "5min"])
@pytest.mark.parametrize("cap", [0.5, 0.7, 0.85])
def test_nobody_is_busier_than_the_cap_and_one_agent_fewer_would_be(patience, cap):
    load = lognormal([0.5, 10.0, 60.0], 0.15)
    rows = staff(load, patience=patience, max_occupancy=cap, confidence=(0.3,))
    assert (rows["occupancy"] <= cap).all()
    capped = rows[rows["rule"] == "max_occupancy"]
    assert len(capped)
    expected = load.mean(axis=1) / cap
    if patience == "none":
        assert (capped["agents"] <= np.ceil(expected[capped.index]) + 2).all()


def test_a_certain_load_is_staffed_by_the_published_examples():
    rows = staff(np.full((1, 50), 10.0), handle=180.0, max_occupancy=0.7, shrinkage=0.3)
    assert rows.iloc[0]["plug_in_agents"] == 15
    assert rows.iloc[0]["expected_agents"] == 15
    plain = staff_pool(
        make_pool(np.full((1, 50), 10.0), handle=180.0),
        rules := make_rules(),
        make_service_table(rules, shortest=180.0, longest=180.0),
    )
    assert plain.iloc[0]["expected_agents"] == plain.iloc[0]["plug_in_agents"] == 14
    assert plain.iloc[0]["plug_in_service_level"] == pytest.approx(0.8883500192, abs=0.002)


def test_shrinkage_is_applied_once():
    np.testing.assert_array_equal(roster(np.array([14, 21, 0, 5]), 0.3), [20, 30, 0, 8])
    np.testing.assert_array_equal(roster(np.array([14, 7]), 0.0), [14, 7])
    rows = staff(lognormal([10.0], 0.1), shrinkage=0.3)
    np.testing.assert_array_equal(rows["rostered"], np.ceil(rows["agents"] / 0.7))
    plain = staff(lognormal([10.0], 0.1))
    np.testing.assert_array_equal(rows["agents"], plain["agents"])


def test_a_safety_factor_is_on_the_calls():
    held = make_rules()
    pool = make_pool(np.full((1, 5), 100.0))
    assert plug_in_agents(pool, held, interval=HALF_HOUR) == 108
    more = plug_in_agents(make_pool(np.full((1, 5), 120.0)), held, interval=HALF_HOUR)
    assert plug_in_agents(pool, held, interval=HALF_HOUR, factor=1.2) == more


def test_the_row_can_be_checked_with_a_pocket_calculator():
    generator = np.random.default_rng(0)
    handle = 300 * np.exp(0.3 * generator.standard_normal((3, 200)))
    calls = 60 * np.exp(0.3 * generator.standard_normal((3, 200)))
    held = make_rules(patience="5min")
    pool = make_pool(calls * handle / HALF_HOUR, handle=handle)
    rows = staff_pool(pool, held, make_service_table(held, shortest=150.0, longest=600.0))
    np.testing.assert_allclose(rows["calls"] * rows["handle"] / HALF_HOUR, rows["load"], rtol=1e-6)
    np.testing.assert_allclose(
        rows.loc[rows["confidence"] == 0.5, "load_at_confidence"], np.median(pool.work, axis=1) / HALF_HOUR
    )
    assert (
        rows.loc[rows["confidence"] == 0.8, "load_at_confidence"].to_numpy()
        > rows.loc[rows["confidence"] == 0.8, "load"]
    ).all()


def test_nodes_stand_for_all_paths_by_ascending_load():
    pool = make_pool(np.random.default_rng(0).permuted(lognormal([10.0, 40.0], 0.3, paths=203), axis=1))
    nodes = gather_nodes(pool, interval=HALF_HOUR)
    assert nodes.load.shape == (2, 20)
    assert (np.diff(nodes.load, axis=1) > 0).all()
    np.testing.assert_allclose(nodes.load.mean(axis=1), pool.work.mean(axis=1) / HALF_HOUR, rtol=0.01)
    few = gather_nodes(make_pool([[3.0, 1.0]]), interval=HALF_HOUR)
    np.testing.assert_allclose(few.load, [[1.0, 3.0]])


def test_a_ladder_rises():
    held = make_rules(patience="5min")
    nodes = gather_nodes(make_pool(lognormal([0.01, 5.0, 80.0], 0.5)), interval=HALF_HOUR)
    ladder = climb(nodes, make_service_table(held), least=1)
    for rising in (ladder.met, ladder.served):
        assert (np.diff(rising, axis=1) >= 0).all()
        assert ((rising >= 0) & (rising <= 1)).all()
    assert (ladder.first >= 1).all()
    agents, _ = choose_agents(ladder, day=np.arange(3), confidence=0.8)
    at = np.take_along_axis(ladder.met, (agents - ladder.first)[:, None], axis=1)
    assert (at >= 0.8).all()


def test_a_thousand_erlangs_under_a_cap_take_seconds_at_most():
    rows = staff(lognormal(np.full(4, 1000.0), 0.1, paths=40), max_occupancy=0.8, patience="5min", confidence=(0.8,))
    assert (rows["occupancy"] <= 0.8).all()
    assert (rows["agents"] >= 1000 / 0.8 * 0.9).all()


@cache
def learned_answers(patience, handle: float) -> ServiceTable:
    return make_service_table(make_rules(patience=patience), shortest=handle, longest=handle)


@given(
    arrays(np.float64, (3, 25), elements=st.floats(0, 30, allow_subnormal=False) | st.sampled_from([0.0, 1e-12, 1e-6])),
    st.sampled_from([2.0, 300.0]),
    st.sampled_from(["none", "5min", 1.0]),
    st.sampled_from([0, 2]),
    st.sampled_from([1.0, 0.6]),
)
@settings(max_examples=40, deadline=None)
def test_no_row_lacks_a_number(load, handle, patience, least, cap):
    held = make_rules(patience=patience, min_agents=least, max_occupancy=cap, confidence=(0.1, 0.8, 0.99))
    pool = make_pool(load, handle=handle, day=[0, 0, 1])
    rows = staff_pool(pool, held, learned_answers(patience, handle))
    assert rows.notna().all().all()
    numbers = rows.select_dtypes("number")
    assert np.isfinite(numbers).all().all()
    assert (numbers >= 0).all().all()
    assert (rows["agents"] >= least).all()
    assert (rows[["met", "service_level", "occupancy", "abandonment", "plug_in_service_level"]] <= 1 + 1e-9).all().all()
    assert (rows["asa"] <= HALF_HOUR + 1e-6).all()
    assert set(rows["rule"]) <= {"target", "earlier_surplus", "min_agents", "max_occupancy", "no_load"}
    for _, day in rows.assign(day=np.repeat([0, 0, 1], 3)).groupby(["day", "confidence"]):
        assert day["met"].mean() >= day["confidence"].iloc[0] - 0.01
