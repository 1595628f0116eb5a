"""Plan the people or the capacity of a stream from published forecasts, and publish the plan."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.staffing import StaffingSection
from forecasting.contracts.plans import check_plan
from forecasting.errors import SettingsError
from forecasting.jobs.capacity.links import capacity_rules, read_links
from forecasting.jobs.capacity.plan import NO_FAILURE, make_capacity
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.staffing.kept import NOTHING, Kept, find_kept
from forecasting.jobs.staffing.plan import (
    Loads,
    expect_calls,
    read_pool_loads,
    service_table_of,
    staff,
    staffing_rules,
    sum_up,
)
from forecasting.jobs.staffing.rosters import plan_groups, plan_rosters
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.planning.shifts.search import ORDINARY, QUICK, Effort
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import require_lake
from forecasting.store.tables.plans import publish_plan
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind, SeriesFinding

logger = logging.getLogger(__name__)

Tables = dict[str, pd.DataFrame]

HEAVY = (
    SeriesFinding.NO_CAPACITY,
    SeriesFinding.NO_FORECAST,
    SeriesFinding.PEAK_ABOVE_CAPACITY,
    SeriesFinding.STOPPED_REPORTING,
    SeriesFinding.COUNTER_WRAPS,
    SeriesFinding.NO_SUFFICIENT_STEP,
)
NAMED = 3
"""Findings of a plan of capacity that its message names; the table holds all of them."""


def plans(settings: Settings, stream: str) -> bool:
    """Whether a stream's definition asks for a plan."""
    return read_definition(settings, stream).stream.planning.any


def run(
    settings: Settings,
    stream: str,
    *,
    origin: str,
    quick: bool = False,
    begin: Callable[[str], None] = lambda _: None,
) -> JobSummary:
    """Plan from the forecast that was published from `origin`, and publish.

    quick: pools whose loads are those of a plan of this origin keep its rows, and the shifts of the others are searched
    for in a second each. begin: called with what is being worked on. Raises SettingsError where there is no lake, the
    stream plans nothing or its rules do not fit, FeedError where a forecast is missing; nothing is published then.
    """
    definition = read_definition(settings, stream).stream
    if not definition.planning.any:
        raise SettingsError(
            f"stream {stream}: nothing to plan, its definition has neither [planning.staffing] nor [planning.capacity]"
        )
    require_lake(settings)  # a plan rests on published forecasts: where there is no lake, none is made for it
    with open_session(settings, stream) as session:
        instant = resolve_origin(origin, definition)
        with session.run(RunKind.PLAN, origin=instant) as record:
            made = [
                *([_staffing(session, instant, begin, quick=quick)] if definition.planning.staffing else []),
                *([_capacity(session, instant, begin)] if definition.planning.capacity else []),
            ]
            return publish_parts(session, record, made)


@dataclass(frozen=True)
class Part:
    """What is planned by one section of a definition."""

    tables: Tables
    notes: tuple[str, ...]
    details: dict[str, Any]


def _staffing(session: Session, origin: datetime, begin: Callable[[str], None], *, quick: bool) -> Part:
    rules = staffing_rules(session.definition.stream)
    begin("loads")
    loads = read_pool_loads(session, origin)
    kept = find_kept(session.lake, session.definition.stream, origin, loads, rules) if quick else NOTHING
    tables = make_tables(loads, rules, begin=begin, kept=kept, effort=QUICK if quick else ORDINARY)
    notes = [loads.note] if loads.note else []
    if "rosters" in tables and (short := float(tables["rosters"]["short_hours"].sum())) > 0:
        notes.append(f"shifts leave {short:.1f} person-hours uncovered")
    found = tables.get("findings", pd.DataFrame(columns=["series_id", "note"]))
    findings = [str(note) for note in found.loc[~found["series_id"].isin(kept.runs), "note"]]
    for line in findings:
        logger.warning("stream %s: %s", session.definition.stream.name, line)
    notes += findings
    hours = loads.calls.stream.interval.total_seconds() / 3600
    details = {
        "pools": len(loads.pools),
        **({"as planned before": len(kept.runs)} if quick else {}),
        "agent_hours": {
            f"confidence {confidence:g}": int(np.round(own["agents"].sum() * hours))
            for confidence, own in tables["staffing"].groupby("confidence")
        },
        "forecast": loads.calls.run_id,
        **({"adjustments": list(loads.adjustments)} if loads.adjustments else {}),
        **({"people": int(tables["rosters"]["heads"].sum())} if "rosters" in tables else {}),
    }
    return Part(tables, tuple(notes), details)


def _capacity(session: Session, origin: datetime, begin: Callable[[str], None]) -> Part:
    rules = capacity_rules(session.definition.stream)
    begin("links")
    links = read_links(session, origin)
    tables = make_capacity(links, rules, begin=begin)
    findings = _by_weight(tables["findings"]) if "findings" in tables else []
    for line in findings:
        logger.warning("stream %s: %s", session.definition.stream.name, line)
    named = findings[:NAMED] + ([f"{len(findings) - NAMED} more findings"] if len(findings) > NAMED else [])
    intact = tables["capacity"][tables["capacity"]["failure"] == NO_FAILURE]
    details = {
        "links": len(intact),
        "due": int(intact["due"].sum()),
        "cases": len(tables["capacity"]),
        "findings": findings,
        "peaks": links.peaks.run_id,
        **({"adjustments": list(links.peaks.adjustments)} if links.peaks.adjustments else {}),
    }
    return Part(tables, (*([links.note] if links.note else []), *named), details)


def make_tables(
    loads: Loads,
    rules: StaffingSection,
    *,
    begin: Callable[[str], None],
    kept: Kept = NOTHING,
    effort: Effort = ORDINARY,
) -> Tables:
    """The tables of a plan, by name; without periods, groups or shifts where the horizon or the definition has none."""
    begin("agents")
    left, tables = kept.without(loads), {}
    if left.pools:
        service_table = service_table_of(left.pools, rules, interval=loads.calls.stream.interval.total_seconds())
        staffing = staff(left, rules, service_table)
        tables = {"staffing": staffing} | sum_up(left, staffing, rules, service_table)
        if rules.shifts:
            tables |= plan_rosters(left, staffing, rules, begin=begin, effort=effort)
    tables = kept.beside(tables)
    tables["pool_calls"] = expect_calls(loads)
    if rules.groups:
        begin("groups of several skills")
        tables["groups"] = plan_groups(tables["staffing"], rules)
    return tables


def _by_weight(findings: pd.DataFrame) -> list[str]:
    """Their lines, those first that leave a link without a plan or an order."""
    light = ~findings["finding"].isin([str(kind) for kind in HEAVY])
    return [str(line) for line in findings.assign(light=light).sort_values("light", kind="stable")["note"]]


def publish_parts(session: Session, record: Run, parts: list[Part], *, scenario: str | None = None) -> JobSummary:
    """Check what was planned and publish it, as the plan or as that of a scenario."""
    tables: Tables = {}
    for part in parts:
        for name, rows in part.tables.items():
            # two parts may both have findings
            tables[name] = pd.concat([tables[name], rows], ignore_index=True) if name in tables else rows
    check_plan(tables)
    record.message = "; ".join(note for part in parts for note in part.notes) or None
    status = publish_plan(session.lake, record, tables, complete=True, now=wall_clock(), scenario=scenario)
    return JobSummary(
        job="plan",
        stream=record.stream.name,
        status=str(status),
        run_id=record.run_id,
        origin=record.origin.isoformat() if record.origin else None,
        rows=sum(len(rows) for rows in tables.values()),
        message=record.message,
        details={name: value for part in parts for name, value in part.details.items()},
    )
