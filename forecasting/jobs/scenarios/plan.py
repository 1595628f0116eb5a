"""Plan a scenario beside the plan, from the same forecasts and the same random paths."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np

from forecasting.errors import SettingsError
from forecasting.jobs.capacity.links import capacity_rules, read_links
from forecasting.jobs.capacity.plan import make_capacity
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.plan import Part, make_tables, publish_parts
from forecasting.jobs.scenarios.links import order_deltas, with_capacities
from forecasting.jobs.scenarios.scenario import Scenario, newest_planned, read_scenario
from forecasting.jobs.scenarios.staff import ALL, HORIZON, Staffed, read_base_plan, scenario_loads, staff_deltas
from forecasting.jobs.staffing.kept import NOTHING, find_kept
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.lake.open import require_lake
from forecasting.terms import DAY, RunKind

Begin = Callable[[str], None]


def run(settings: Settings, stream: str, *, origin: str, scenario: str, begin: Begin = lambda _: None) -> JobSummary:
    """Plan a scenario and publish it beside the plan, which has to be there; views of plans do not show it.

    Raises SettingsError where there is no such scenario or its rules do not fit, FeedError where the plan is missing;
    nothing is published then.
    """
    require_lake(settings)
    with open_session(settings, stream) as session:
        definition = session.definition.stream
        if not definition.planning.any:
            raise SettingsError(
                f"stream {stream}: nothing to plan, its definition has neither [planning.staffing] nor "
                "[planning.capacity]"
            )
        instant = resolve_origin(origin, definition)
        now = wall_clock()
        # an earlier morning knows what was known within its day
        newest = newest_planned(session.lake, definition, now)
        known_by = now if newest is None or instant >= newest else min(now, instant + DAY)
        known = read_scenario(session.lake, scenario, definition, known_by=known_by)
        with session.run(RunKind.SCENARIO, origin=instant) as record:
            parts = [
                *([_staffing(session, instant, known, begin)] if definition.planning.staffing else []),
                *([_capacity(session, instant, known, begin)] if definition.planning.capacity else []),
            ]
            return publish_parts(session, record, parts, scenario=scenario)


def _staffing(session: Session, origin: datetime, scenario: Scenario, begin: Begin) -> Part:
    begin("loads")
    base = read_base_plan(session, origin)
    rules = scenario.staffing(base.rules)
    loads = scenario_loads(session, base.loads, scenario, rules)
    stream = session.definition.stream
    # what other rules made is no plan of these
    kept = NOTHING if scenario.rules else find_kept(session.lake, stream, origin, loads, rules)
    tables = make_tables(loads, rules, begin=begin, kept=kept)
    begin("differences")
    other = Staffed(loads, rules, tables["staffing"], tables.get("rosters"))
    deltas = staff_deltas(base, other)
    total = deltas[(deltas["place"] == ALL) & (deltas["period"] == HORIZON)].set_index("measure")["delta"]
    details = {
        "scenario": scenario.name,
        "as planned before": len(kept.runs),
        **{f"more {name}": round(float(total[name]), 1) for name in ("calls", "agent_hours") if name in total},
        "forecast": loads.calls.run_id,
        **({"adjustments": list(loads.adjustments)} if loads.adjustments else {}),
    }
    return Part(tables | {"scenario_deltas": deltas}, (), details)


def _capacity(session: Session, origin: datetime, scenario: Scenario, begin: Begin) -> Part:
    begin("links")
    links, rules = read_links(session, origin), capacity_rules(session.definition.stream)
    base = make_capacity(links, rules, begin=begin)
    changed = with_capacities(links, scenario.capacities, scenario=scenario.name)
    changed = replace(changed, peaks=scenario.outlook(session.lake, links.peaks))
    tables = make_capacity(changed, rules, begin=begin)
    deltas = order_deltas(base["capacity"], tables["capacity"], origin)
    due = float(np.sum(deltas.loc[(deltas["place"] == ALL) & (deltas["measure"] == "links_due"), "delta"]))
    details = {"scenario": scenario.name, "more links due": int(due), "peaks": links.peaks.run_id}
    return Part(tables | {"scenario_deltas": deltas}, (), details)
