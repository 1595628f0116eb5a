"""Replay real calls against the plans made for their days, beside other ways to plan."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from math import inf

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.outlook import PanelSource
from forecasting.jobs.common.panels import PanelReader
from forecasting.jobs.common.partners import handle_stream_of
from forecasting.jobs.common.session import Session, open_session
from forecasting.jobs.staffing.call_log import calls_between, complete_calls, read_call_log
from forecasting.jobs.staffing.plan import (
    Loads,
    read_pool_loads,
    service_table_of,
    staffing_rules,
    whole_horizon_days,
)
from forecasting.jobs.staffing.replayed import PlanOutcome, Replayed
from forecasting.numerics import Ints
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.planning.queues.service_table import ServiceTable
from forecasting.planning.replay.plans import (
    Day,
    Plan,
    at_confidence,
    attain,
    cheapest_known,
    least_confidence,
)
from forecasting.planning.staffing.agents import climb, expected_agents, least_agents, plug_in_agents
from forecasting.planning.staffing.loads import gather_nodes
from forecasting.planning.staffing.pools import find_pools
from forecasting.settings import Settings
from forecasting.terms import DAY, format_duration

logger = logging.getLogger(__name__)

SAFETY = (1.1, 1.2, 1.3)
"""Factors on the median that planners use for want of a distribution."""
DAYS_MET = 0.8
"""Share of days on which plans are compared at equal attainment."""


def run(
    settings: Settings,
    stream: str,
    *,
    since: str,
    until: str,
    lead: timedelta = 7 * DAY,
    begin: Callable[[str], None] = lambda _: None,
) -> Replayed:
    """Replay the calls of every local day from `since` to `until`, both in, against plans made `lead` before each day.

    Every plan is made from the published forecast of that morning as `forecasting plan` would make it: the product's at
    each level of confidence, that for the expected service level, the medians taken as certain, alone and with a safety
    factor, and what the cheapest plan would have been had each day's true rate been known. Nothing is written. Raises
    SettingsError without a call log or forecast of a morning.
    """
    dates = _dates(since, until)
    if lead % DAY:
        raise SettingsError(f"--lead {format_duration(lead)}: expected whole days, such as 7d")
    with open_session(settings, stream, read_only=True) as session:
        definition = session.definition.stream
        rules = staffing_rules(definition)
        days = _read_days(session, dates, lead=lead, begin=begin)
    interval = definition.interval.total_seconds()
    outcomes: list[PlanOutcome] = []
    for name, patience in _formulas(rules):
        begin(f"replay of Erlang {name}")
        outcomes.extend(_outcomes(name, days, rules.model_copy(update={"patience": patience}), interval))
    return Replayed(
        stream=stream,
        since=since,
        until=until,
        lead=lead,
        target=str(rules.target),
        days=len({int(day.load.day[0]) for day in days}),
        calls=sum(len(day.calls.at) for day in days),
        outcomes=outcomes,
    )


def _read_days(session: Session, dates: list[date], *, lead: timedelta, begin: Callable[[str], None]) -> list[Day]:
    """Days of all pools: the load known `lead` before, and the calls that arrived."""
    definition = session.definition.stream
    rules = staffing_rules(definition)
    begins, ends = (datetime.combine(day, time(), definition.zone) for day in (dates[0], dates[-1] + DAY))
    log = read_call_log(session, since=begins, until=ends)
    log = complete_calls(log, patience=rules.patience, seed=definition.models.seed)
    origins = [resolve_origin((day - lead).isoformat(), definition) for day in dates]
    panels = _panels(session, origins)
    days: list[Day] = []
    for day, origin in zip(dates, origins, strict=True):
        begin(f"plan of {day}, made {format_duration(lead)} before")
        try:
            loads = read_pool_loads(session, origin, panels=panels)
        except FeedError as error:
            every = f"--from {dates[0] - lead} --to {dates[-1] - lead}"
            raise FeedError(f"{error}; or for all mornings: forecasting backfill {definition.name} {every}") from error
        days.extend(_days_of(loads, rules, log, day))
    if not days:
        raise SettingsError(
            f"stream {definition.name}: no pool is open from {dates[0]} to {dates[-1]}; choose days with opening hours"
        )
    return days


def _panels(session: Session, origins: list[datetime]) -> PanelSource:
    """Panels of ascending origins, each read from the one before."""
    stream = session.definition.stream
    handle_stream = handle_stream_of(session.settings, stream, staffing_rules(stream))
    streams = [stream, *([handle_stream] if handle_stream else [])]
    # a forecast of handle times may be older than that of the calls
    earliest = origins[0] - max(stream.stream.horizon for stream in streams)
    readers = {one.name: PanelReader(session.lake, one, [earliest, origins[-1]]) for one in streams}
    return lambda one, origin: readers[one.name].panel(origin)


def _dates(since: str, until: str) -> list[date]:
    """Both ends in. Raises SettingsError for anything but two ISO dates in order."""
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError as error:
        raise SettingsError(f"--replay {since}..{until}: expected two dates such as 2026-01-01..2026-01-31") from error
    if last < first:
        raise SettingsError(f"--replay {since}..{until}: expected the first date first")
    return [first + number * DAY for number in range((last - first) // DAY + 1)]


def _days_of(loads: Loads, rules: StaffingSection, log: pd.DataFrame, day: date) -> Iterator[Day]:
    """Each pool's part of a local day, with the calls that came while it was open. Raises SettingsError where the
    forecast does not hold the whole day."""
    stream = loads.calls.stream
    number = (day - date(1970, 1, 1)) // DAY
    if not whole_horizon_days(loads.calls, np.array([number])).all():
        raise SettingsError(
            f"stream {stream.name}: the forecast from {loads.calls.origin.isoformat()} does not hold all of {day}; "
            f"expected a horizon a day longer than the lead, found {format_duration(stream.stream.horizon)}"
        )
    interval = stream.interval.total_seconds()
    pools = find_pools(loads.calls.series_ids, rules.pools, stream=stream.name)
    for pool in loads.pools:
        load = pool.only(pool.day == number)
        if len(load.ts):
            starts = load.ts.astype("datetime64[s]").astype(np.int64).astype(np.float64)
            spans = [(float(start), float(start) + interval) for start in starts]
            yield Day(load, calls_between(log, pools[pool.pool_id], spans))


def _formulas(rules: StaffingSection) -> list[tuple[str, float]]:
    """Erlang A, where callers give up, and C."""
    return [("A", rules.patience), ("C", inf)] if rules.patience < inf else [("C", inf)]


def _outcomes(name: str, days: Sequence[Day], rules: StaffingSection, interval: float) -> Iterator[PlanOutcome]:
    """The plans of one formula."""
    service_table = service_table_of([day.load for day in days], rules, interval=interval)
    plans: dict[str, Plan] = {"median": lambda day: plug_in_agents(day.load, rules, interval=interval)}
    for factor in SAFETY:
        plans[f"median {factor - 1:+.0%}"] = _with_safety(rules, interval, factor)
    plans["expected service"] = _expected(rules, service_table)
    plans |= {
        f"confidence {confidence:g}": at_confidence(rules, service_table, confidence) for confidence in rules.confidence
    }
    for plan, made in plans.items():
        yield PlanOutcome(name, plan, attain(days, made, rules, interval=interval))
    if found := least_confidence(days, rules, service_table, days_met=DAYS_MET):
        confidence, attained = found
        yield PlanOutcome(name, f"confidence {confidence:g}: target on {DAYS_MET:.0%} of days", attained)
        if best := cheapest_known(days, rules, service_table, days_met=attained.days):
            yield PlanOutcome(name, f"true rate of each day, {best[0]}", best[1])


def _with_safety(rules: StaffingSection, interval: float, factor: float) -> Plan:
    return lambda day: plug_in_agents(day.load, rules, interval=interval, factor=factor)


def _expected(rules: StaffingSection, service_table: ServiceTable) -> Plan:
    def plan(day: Day) -> Ints:
        nodes = gather_nodes(day.load, interval=service_table.service.interval)
        ladder = climb(nodes, service_table, least=rules.min_agents)
        return expected_agents(ladder, rules.target.share, least_agents(nodes, rules))

    return plan
