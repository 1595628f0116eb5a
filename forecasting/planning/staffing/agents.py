"""Agents from the distribution of the load: fewest that meet a service target with a given confidence.

Staffing for the median loses ten to twenty points of service, because half of all intervals get more calls and service
falls faster than it rises. Here every interval is staffed against all paths of its load at once. At confidence 0.8 the
target is met in four intervals of five, on the average of a local day. Agents are whole people, so that an interval is
rounded up beyond the confidence; that surplus is taken off the next interval of the day.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.staffing import StaffingSection
from forecasting.numerics import Floats, Ints
from forecasting.planning.queues.erlang import agents_for, queue
from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.staffing.loads import LoadNodes, PoolLoad, gather_nodes
from forecasting.terms import StaffingRule

MOST_SURPLUS = 0.2
"""Most by which the surplus of earlier intervals of a day may lower the probability of one."""


@dataclass(frozen=True)
class Ladder:
    """What each number of agents does in each interval, the paths of its load averaged."""

    first: Ints
    """(H,) the lowest number."""
    met: Floats
    """(H, C) probability of meeting the target with first, first + 1, .. agents; never falling, at last 1."""
    served: Floats
    """(H, C) expected share of all offered calls that is answered in time, likewise."""


def staff_pool(pool: PoolLoad, rules: StaffingSection, service_table: ServiceTable) -> pd.DataFrame:
    """Rows of planning.staffing of one pool: one an interval and level of confidence, by ts and confidence.

    The service level is the share of all offered calls that is answered in time, expected over the paths; `met` is the
    probability that the interval reaches the target, sampling noise of single calls included. Never NaN: a queue that
    grows without end (Erlang C) counts as a wait of one interval.
    """
    service = service_table.service
    nodes = gather_nodes(pool, interval=service.interval)
    ladder = climb(nodes, service_table, least=rules.min_agents)
    least = least_agents(nodes, rules)
    expected = expected_agents(ladder, service.share, least)
    plug_in = plug_in_agents(pool, rules, interval=service.interval)
    calls, handle = calls_and_handle(pool)
    common = {
        "pool_id": pool.pool_id,
        "ts": pd.DatetimeIndex(pool.ts).tz_localize("UTC"),
        "calls": calls,
        "handle": handle,
        "load": pool.work.mean(axis=1) / service.interval,
        "expected_agents": expected,
        "plug_in_agents": plug_in,
        "plug_in_service_level": expected_service(nodes, plug_in, service_table),
    }
    parts = []
    agents = least
    for confidence in rules.confidence:
        wanted, rule = choose_agents(ladder, day=pool.day, confidence=confidence)
        bounded, rule = _bound(wanted, rule, nodes, rules, least=least)
        # the surplus must not leave a higher confidence with fewer agents than a lower one
        agents = np.maximum(bounded, agents)
        parts.append(
            pd.DataFrame(
                common
                | {
                    "confidence": confidence,
                    "load_at_confidence": np.quantile(pool.work, confidence, axis=1) / service.interval,
                }
                | {"agents": agents, "rostered": roster(agents, rules.shrinkage), "rule": rule}
                | {"met": service_table.met(nodes.load, agents[:, None], nodes.handle).mean(axis=1)}
                | {"service_level": expected_service(nodes, agents, service_table)}
                | _experience(nodes, agents, service_table)
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["ts", "confidence"], ignore_index=True)


def calls_and_handle(pool: PoolLoad) -> tuple[Floats, Floats]:
    """(H,) expected calls and seconds of handling a call, as a plan shows them."""
    calls = pool.calls.mean(axis=1, dtype=np.float64)
    work = pool.work.mean(axis=1, dtype=np.float64)
    return calls, np.where(calls > 1e-9, work / np.maximum(calls, 1e-9), pool.usual_handle)


def choose_agents(ladder: Ladder, *, day: Ints, confidence: float) -> tuple[Ints, NDArray[np.object_]]:
    """Fewest agents whose probability of meeting the target averages `confidence` over each day, and what decided.

    Interval by interval: the fewest that reach the confidence less the surplus of earlier intervals of the day, where
    that surplus is at most `MOST_SURPLUS`. day: (H,) ascending. Both results are (H,).
    """
    agents, rule = np.empty(len(day), np.int64), np.empty(len(day), dtype=object)
    alone = np.argmax(ladder.met >= confidence, axis=1)
    surplus = 0.0
    for number, (chances, own) in enumerate(zip(ladder.met, alone, strict=True)):
        if number and day[number] != day[number - 1]:
            surplus = 0.0
        chosen = int(np.argmax(chances >= confidence - surplus))
        # an interval without calls always meets the target, which adds no surplus
        if chances[0] < 1:
            surplus = float(np.clip(surplus + chances[chosen] - confidence, 0.0, MOST_SURPLUS))
        agents[number] = ladder.first[number] + chosen
        rule[number] = StaffingRule.EARLIER_SURPLUS if chosen < own else StaffingRule.TARGET
    return agents, rule


def expected_agents(ladder: Ladder, share: float, least: Ints) -> Ints:
    """Fewest agents whose expected service level reaches the share; at least `least`."""
    found: Ints = np.maximum(ladder.first + np.argmax(ladder.served >= share, axis=1), least)
    return found


def plug_in_agents(pool: PoolLoad, rules: StaffingSection, *, interval: float, factor: float = 1.0) -> Ints:
    """(H,) agents for the median forecasts as if they were certain, as tools do that take one number.

    factor: safety factor on the calls. interval: seconds.
    """
    found: Ints = agents_for(
        pool.median_calls * factor * pool.usual_handle / interval,
        handle=pool.usual_handle,
        within=rules.target.within,
        share=rules.target.share,
        patience=rules.patience,
        max_occupancy=rules.max_occupancy,
    )
    return np.maximum(found, rules.min_agents)


def roster(agents: Ints, shrinkage: float) -> Ints:
    """People to roster so that so many are available, rounded up."""
    # 7 / (1 - 0.3) is a little more than 10 in floating point
    rostered: Ints = np.ceil(agents / (1 - shrinkage) - 1e-9).astype(np.int64)
    return rostered


def expected_service(nodes: LoadNodes, agents: Ints, service_table: ServiceTable) -> Floats:
    """(H,) share of all offered calls that is answered in time, expected over the paths."""
    served = service_table.served_within(nodes.load, agents[:, None], nodes.handle)
    return _by_calls(served, nodes.calls)


def _by_calls(values: Floats, calls: Floats) -> Floats:
    total = calls.sum(axis=1)
    weighted: Floats = np.where(total > 0, (values * calls).sum(axis=1) / np.maximum(total, 1e-12), values.mean(axis=1))
    return weighted


def climb(nodes: LoadNodes, service_table: ServiceTable, *, least: int) -> Ladder:
    """Service of all numbers of agents that an interval may need, from too few to more than enough.

    least: 0 or the minimum number of agents.
    """
    lowest, highest, share = nodes.load[:, 0], nodes.load[:, -1], service_table.service.share
    first = np.maximum(np.floor(lowest * min(0.8, share) - np.sqrt(lowest)), min(least, 1)).astype(np.int64)
    count = int(np.max(np.ceil(highest + 4 * np.sqrt(highest) + 4) - first)) + 1
    agents = (first[:, None] + np.arange(count))[..., None]
    load, handle, calls = nodes.load[:, None], nodes.handle[:, None], nodes.calls[:, None]
    met = service_table.met(load, agents, handle).mean(axis=2)
    served = service_table.served_within(load, agents, handle)
    total = calls.sum(axis=2)
    expected = np.where(total > 0, (served * calls).sum(axis=2) / np.maximum(total, 1e-12), 1.0)
    # interpolation may dip by rounding; more agents never serve less
    met, expected = np.maximum.accumulate(met, axis=1), np.maximum.accumulate(expected, axis=1)
    met[:, -1] = expected[:, -1] = 1.0
    return Ladder(first, met, expected)


def least_agents(nodes: LoadNodes, rules: StaffingSection) -> Ints:
    """Agents below which the minimum or the occupancy cap is broken."""
    least: Ints = np.full(len(nodes.load), rules.min_agents, dtype=np.int64)
    if rules.max_occupancy == 1:
        return least
    # with so many, no path exceeds the cap
    enough: Ints = np.maximum(least, np.ceil(nodes.load[:, -1] / rules.max_occupancy).astype(np.int64))
    short = least - 1
    while (open_ := enough - short > 1).any():
        middle = np.where(open_, (enough + short) // 2, enough)
        over = _occupancy(nodes, middle, rules) > rules.max_occupancy
        short, enough = np.where(open_ & over, middle, short), np.where(open_ & ~over, middle, enough)
    return enough


def _occupancy(nodes: LoadNodes, agents: Ints, rules: StaffingSection) -> Floats:
    asked = queue(
        nodes.load,
        agents[:, None],
        handle=nodes.handle,
        within=rules.target.within,
        patience=rules.patience,
    )
    occupancy: Floats = asked.occupancy.mean(axis=1)
    return np.where(agents > 0, occupancy, np.where(nodes.load.max(axis=1) > 0, 2.0, 0.0))


def _bound(
    agents: Ints, rule: NDArray[np.object_], nodes: LoadNodes, rules: StaffingSection, *, least: Ints
) -> tuple[Ints, NDArray[np.object_]]:
    """Agents held up by the minimum and the occupancy cap, and the rule that decided."""
    capped = np.where(least > rules.min_agents, StaffingRule.MAX_OCCUPANCY, StaffingRule.MIN_AGENTS)
    named = np.where(agents < least, capped, rule)
    named = np.where(nodes.load.max(axis=1) > 0, named, StaffingRule.NO_LOAD)
    return np.maximum(agents, least), named


def _experience(nodes: LoadNodes, agents: Ints, service_table: ServiceTable) -> dict[str, Floats]:
    """Expected wait of all calls in seconds, share of them abandoned, and occupancy of the agents."""
    service = service_table.service
    asked = queue(nodes.load, agents[:, None], handle=nodes.handle, within=service.within, patience=service.patience)
    return {
        "asa": _by_calls(np.minimum(asked.mean_wait, service.interval), nodes.calls),
        "occupancy": asked.occupancy.mean(axis=1),
        "abandonment": _by_calls(asked.abandoned, nodes.calls),
    }
