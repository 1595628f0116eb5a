"""HTML of a report and of the index of all reports, each one file that loads nothing else."""

import base64
import calendar
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from forecasting.reports.blocks import Page, Table, TableColumn
from forecasting.reports.formats import Kind

_STREAMS = (
    TableColumn("stream", "Stream"),
    TableColumn("status", "Status"),
    TableColumn("origin_local", "Known until", Kind.STAMP),
    TableColumn("published", "Published", Kind.STAMP),
    TableColumn("planned", "Planned", Kind.STAMP),
)
_ALARMS = (
    TableColumn("stream", "Stream"),
    TableColumn("detail", "What was found"),
    TableColumn("state", "State"),
    TableColumn("acknowledged_by", "Looked after by"),
    TableColumn("alarm_id", "Alarm", Kind.CODE),
)


@dataclass(frozen=True)
class DayReport:
    """What the index shows of a report."""

    day: date
    file: str
    title: str
    lead: str
    needs: int
    """How many things a person has to do."""


def render_page(page: Page) -> str:
    """A report as HTML. Every text is escaped; the page forbids all scripts and styles but its own."""
    style, script = _source("style.css"), _source("script.js")
    return (
        _environment()
        .get_template("page.html")
        .render(
            page=page, style=Markup(style), style_hash=_hash(style), script=Markup(script), script_hash=_hash(script)
        )
    )


def render_index(reports: Sequence[DayReport]) -> str:
    """A calendar of reports, the newest month first."""
    by_day = {report.day: report for report in sorted(reports, key=lambda report: report.day)}
    months = sorted({(day.year, day.month) for day in by_day}, reverse=True)
    style = _source("style.css")
    return (
        _environment()
        .get_template("index.html")
        .render(
            newest=by_day[max(by_day)] if by_day else None,
            months=[_month(year, month, by_day) for year, month in months],
            style=Markup(style),
            style_hash=_hash(style),
        )
    )


def render_status(streams: pd.DataFrame, alarms: pd.DataFrame, reports: Sequence[DayReport]) -> str:
    """What is published and which alarms are open; reports: the newest last."""
    calls = int(alarms["needs_person"].sum()) if len(alarms) else 0
    lead = f"{calls} {'alarm calls' if calls == 1 else 'alarms call'} for a person." if calls else "No alarm calls."
    tables = [("Alarms", Table(_ALARMS, alarms))] if len(alarms) else []
    tables += [("Streams", Table(_STREAMS, streams))] if len(streams) else []
    if not tables:
        lead = "Nothing is published yet."
    return _render_status("Forecasts", lead, tables, reports[-1] if reports else None)


def render_note(text: str) -> str:
    """A page that says one thing."""
    return _render_status("Forecast report", text, [], None)


def _render_status(title: str, lead: str, tables: Sequence[tuple[str, Table]], newest: DayReport | None) -> str:
    style, script = _source("style.css"), _source("script.js")
    marks = {"style": Markup(style), "style_hash": _hash(style), "script": Markup(script), "script_hash": _hash(script)}
    return (
        _environment().get_template("status.html").render(title=title, lead=lead, tables=tables, newest=newest, **marks)
    )


def _month(year: int, month: int, by_day: dict[date, DayReport]) -> dict[str, object]:
    weeks = [
        [None if not number else {"number": number, "report": by_day.get(date(year, month, number))} for number in week]
        for week in calendar.Calendar().monthdayscalendar(year, month)
    ]
    return {"title": f"{date(year, month, 1):%B %Y}", "weeks": weeks}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("forecasting.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["place"] = _place
    return environment


def _place(value: float) -> str:
    """A place in a drawing, one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def _source(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]


def _hash(text: str) -> str:
    """Of an inline style or script, as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
