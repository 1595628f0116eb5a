"""Plan the staff of a stream from a published forecast, and publish the plan."""

import logging
from collections.abc import Callable

import numpy as np
import pandas as pd

from forecasting.contracts.plans import check_plan
from forecasting.jobs.rosters import plan_groups, plan_rosters
from forecasting.jobs.session import Session, Summary, open_session, wall_clock
from forecasting.jobs.staff import Loads, answers_of, read_loads, staff, staffing_rules, sum_up
from forecasting.panel.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.staffing_rules import StaffingSection
from forecasting.store.definitions import read_definition
from forecasting.store.plans import publish_plan
from forecasting.store.runs import Run
from forecasting.terms import RunKind

logger = logging.getLogger(__name__)

Tables = dict[str, pd.DataFrame]


def plans(settings: Settings, stream: str) -> bool:
    """Whether a stream's definition asks for a plan."""
    return read_definition(settings, stream).stream.planning.staffing is not None


def run(settings: Settings, stream: str, *, origin: str, begin: Callable[[str], None] = lambda _: None) -> Summary:
    """Plan from the forecast that was published from `origin`, and publish.

    begin: told what is being worked on. Raises SettingsError where the stream plans nothing or its rules do not fit,
    FeedError where a forecast is missing; nothing is published then.
    """
    with open_session(settings, stream) as session:
        rules = staffing_rules(session.definition.stream)
        instant = resolve_origin(origin, session.definition.stream)
        with session.run(RunKind.PLAN, origin=instant) as record:
            begin("loads")
            loads = read_loads(session, instant)
            tables = make_tables(loads, rules, begin=begin)
            check_plan(tables)
            return _publish(session, record, loads, tables)


def make_tables(loads: Loads, rules: StaffingSection, *, begin: Callable[[str], None]) -> Tables:
    """The tables of a plan, by name; without periods, groups or shifts where the horizon or the definition has none."""
    begin("agents")
    answers = answers_of(loads.pools, rules, interval=loads.calls.stream.interval.total_seconds())
    staffing = staff(loads, rules, answers)
    tables = {"staffing": staffing} | sum_up(loads, staffing, rules, answers)
    if rules.groups:
        begin("groups of several skills")
        tables["groups"] = plan_groups(staffing, rules)
    if rules.shifts:
        tables |= plan_rosters(loads, staffing, rules, begin=begin)
    return tables


def _publish(session: Session, record: Run, loads: Loads, tables: Tables) -> Summary:
    notes = [loads.note] if loads.note else []
    if "rosters" in tables and (short := float(tables["rosters"]["short_hours"].sum())) > 0:
        notes.append(f"shifts leave {short:.1f} person-hours uncovered")
    record.message = "; ".join(notes) or None
    status = publish_plan(session.lake, record, tables, complete=True, now=wall_clock())
    staffing = tables["staffing"]
    hours = loads.calls.stream.interval.total_seconds() / 3600
    return Summary(
        job="plan",
        stream=record.stream.name,
        status=str(status),
        run_id=record.run_id,
        origin=loads.calls.origin.isoformat(),
        rows=sum(len(rows) for rows in tables.values()),
        message=record.message,
        details={
            "pools": len(loads.pools),
            "agent_hours": {
                f"risk {risk:g}": int(np.round(own["agents"].sum() * hours)) for risk, own in staffing.groupby("risk")
            },
            "forecast": loads.calls.run_id,
            **({"people": int(tables["rosters"]["heads"].sum())} if "rosters" in tables else {}),
        },
    )
