"""Plans replayed on real calls: the service that the agents of each plan would have given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.config.staffing import StaffingSection
from forecasting.numerics import Ints
from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.replay.service import ServiceTotals, summarise
from forecasting.planning.replay.simulator import Calls, Staff, replay
from forecasting.planning.staffing.agents import choose_agents, climb, least_agents, plug_in_agents
from forecasting.planning.staffing.loads import PoolLoad, gather_nodes

FEW = 5
"""Intervals with at most so many calls are not judged by their share."""
FACTORS = np.arange(0.80, 1.41, 0.02)
CONFIDENCES = np.round(np.arange(0.30, 0.96, 0.025), 3)


@dataclass(frozen=True)
class Day:
    """One open day of one pool: the load that the plan was made from, and the calls that arrived."""

    load: PoolLoad
    """Of the day's intervals."""
    calls: Calls
    """Seconds since 1970; who called while the pool was open."""


@dataclass(frozen=True)
class Attained:
    """Cost and service of a plan over all days."""

    agent_hours: float
    intervals: float
    """Share of the intervals with more than five calls in which the target was met."""
    days: float
    """Share of the days with calls whose service level over all calls reached the target."""
    service_level: float
    """Share of all offered calls that was answered in time."""
    mean_wait: float
    abandoned: float
    occupancy: float


Plan = Callable[[Day], Ints]
"""Agents in each interval of a day."""


def attain(days: Sequence[Day], plan: Plan, rules: StaffingSection, *, interval: float) -> Attained:
    """Replay every day against a plan. interval: seconds."""
    found = [_replay_day(day, plan(day), rules, interval=interval) for day in days]
    served, calls = (np.concatenate([getattr(one, name) for one in found]) for name in ("served", "calls"))
    share, judged = rules.target.share, calls > FEW
    totals = [one.total() for one in found]
    busy = [one for one in totals if one.calls[0] > 0]
    offered = max(sum(int(one.calls[0]) for one in totals), 1)
    staffed = sum(float(one.staffed[0]) for one in totals)
    return Attained(
        agent_hours=staffed / 3600,
        intervals=float((served[judged] / calls[judged] >= share).mean()) if judged.any() else 1.0,
        days=float(np.mean([one.served_within[0] >= share for one in busy])) if busy else 1.0,
        service_level=sum(int(one.served[0]) for one in totals) / offered,
        mean_wait=sum(float(one.waited[0]) for one in totals) / offered,
        abandoned=sum(int(one.lost[0]) for one in totals) / offered,
        occupancy=sum(float(one.busy[0]) for one in totals) / max(staffed, 1e-9),
    )


def _replay_day(day: Day, agents: Ints, rules: StaffingSection, *, interval: float) -> ServiceTotals:
    """Sums of the open intervals. Nobody is on the phones between two spans of opening hours."""
    start = day.load.ts.astype("datetime64[s]").astype(np.int64).astype(np.float64)
    place = np.round((start - start[0]) / interval).astype(np.int64)
    bounds = start[0] + interval * np.arange(place[-1] + 2)
    on_phones = np.zeros(place[-1] + 1, np.int64)
    on_phones[place] = agents
    staff = Staff(bounds, on_phones)
    whole = summarise(replay(day.calls, staff), staff, within=rules.target.within)
    return ServiceTotals(
        *(getattr(whole, name)[place] for name in ("calls", "served", "lost", "waited", "busy", "staffed"))
    )


def at_confidence(rules: StaffingSection, service_table: ServiceTable, confidence: float) -> Plan:
    """The product's plan: agents for a probability of meeting the target."""

    def plan(day: Day) -> Ints:
        nodes = gather_nodes(day.load, interval=service_table.service.interval)
        wanted, _ = choose_agents(
            climb(nodes, service_table, least=rules.min_agents), day=day.load.day, confidence=confidence
        )
        return np.maximum(wanted, least_agents(nodes, rules))

    return plan


def known(day: Day) -> PoolLoad:
    """The load of a day whose true rate is known: its calls and mean handle time, spread over the day as forecast.

    A bound for comparison: no plan knows it beforehand.
    """
    shape = day.load.calls.mean(axis=1)
    total = shape.sum()
    calls = shape * (len(day.calls.at) / total) if total > 0 else np.zeros(len(shape))
    handle = float(day.calls.handle.mean()) if len(day.calls.at) else float(day.load.usual_handle.mean())
    seconds = np.full(len(shape), max(handle, 1.0))
    return PoolLoad(
        pool_id=day.load.pool_id,
        ts=day.load.ts,
        day=day.load.day,
        calls=calls[:, None],
        work=(calls * seconds)[:, None],
        median_calls=calls,
        usual_handle=seconds,
    )


def cheapest_known(
    days: Sequence[Day], rules: StaffingSection, service_table: ServiceTable, *, days_met: float
) -> tuple[str, Attained] | None:
    """The cheapest plan from each day's true rate that meets the target on that share of days, with its name, or None.

    Tried are the load times safety factors, and the product's own rule at levels of confidence.
    """
    interval = service_table.service.interval
    true_loads = {id(day): known(day) for day in days}

    def by_factor(factor: float) -> Plan:
        return lambda day: plug_in_agents(true_loads[id(day)], rules, interval=interval, factor=factor)

    def by_confidence(confidence: float) -> Plan:
        own = at_confidence(rules, service_table, confidence)
        return lambda day: own(Day(true_loads[id(day)], day.calls))

    plans = {f"load times {factor:.2f}": by_factor(float(factor)) for factor in FACTORS}
    plans |= {f"confidence {confidence:g}": by_confidence(float(confidence)) for confidence in CONFIDENCES}
    tried = {name: attain(days, plan, rules, interval=interval) for name, plan in plans.items()}
    enough = {name: one for name, one in tried.items() if one.days >= days_met}
    return min(enough.items(), key=lambda item: item[1].agent_hours) if enough else None


def least_confidence(
    days: Sequence[Day], rules: StaffingSection, service_table: ServiceTable, *, days_met: float
) -> tuple[float, Attained] | None:
    """The lowest confidence with which the target is met on that share of days, and what it attained; None for none."""
    for confidence in CONFIDENCES:
        found = attain(
            days, at_confidence(rules, service_table, float(confidence)), rules, interval=service_table.service.interval
        )
        if found.days >= days_met:
            return float(confidence), found
    return None
