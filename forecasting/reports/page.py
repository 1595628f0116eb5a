"""HTML of a report and of the index of all reports, each one file that loads nothing else."""

import base64
import calendar
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from forecasting.reports.blocks import Page


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
