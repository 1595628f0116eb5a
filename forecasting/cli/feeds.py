"""What the command line prints of a feed: what its columns were taken for, rows as they are read, what was written."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from forecasting.cli import console as tables

if TYPE_CHECKING:
    from forecasting.jobs.streams.first_look import FirstLook

_MOST_FINDINGS = 20
_MOST_COLUMNS = 100


def show_report(report: Mapping[str, Any]) -> None:
    """Print the report of a feed: columns, rows as they stand and are read, counts, assumptions, a line a series."""
    console = Console(highlight=False, markup=False, emoji=False)
    columns = _table("column", "taken for")
    for name, role in report["columns"].items():
        columns.add_row(name, role)
    console.print(columns)
    console.print()
    console.print(_rows(report))
    console.print()
    verdicts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report["verdicts"].items())
    typer.echo(f"rows: {verdicts}")
    if report["rejected"]:
        rejected = ", ".join(f"{count} {reason}" for reason, count in report["rejected"].items())
        typer.echo(f"an ingest would put into quarantine: {rejected}")
    if report["stray"]:
        typer.echo(f"{report['stray']} rows lie more than a year from all others and are left out of the history")
    typer.echo(
        f"{report['series']} series from {report['first']} to {report['last']} (local time), interval "
        f"{report['interval']}, {report['aggregate']} over time"
    )
    if report["missing"]:
        closed = ", closed times among them" if report["hours"] else ""
        about = "about " if report["is_estimate"] else ""
        typer.echo(
            f"{about}{report['missing']} intervals have no row between the first and the last of their series{closed}"
        )
    for finding in report["findings"][:_MOST_FINDINGS]:
        typer.echo(f"  {finding}")
    sparks = _table("series", "from first to last")
    for series, line in report["sparks"].items():
        sparks.add_row(series, line)
    console.print()
    console.print(sparks)


def _rows(report: Mapping[str, Any]) -> Table:
    """The first rows: as they stand, then as they will be read."""
    names = list(report["columns"])[: len(report["rows"][0]["stands"])] if report["rows"] else []
    table = _table(*names, "=", "series", "local time", "value")
    for row in report["rows"]:
        read = [str(row[key]) if row[key] is not None else "unknown" for key in ("series_id", "ts", "y")]
        table.add_row(*(str(row["stands"].get(name) or "") for name in names), "", *read)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def show_added(name: str, added: Mapping[str, Any], as_json: bool) -> None:
    """Print what a new stream's feed holds and what to do next."""
    if as_json:
        typer.echo(json.dumps(dict(added), default=str))
        return
    held = f"{added['rows']} rows of {added['series']} series, {added['first_ts']} to {added['last_ts']} (UTC)"
    typer.echo(f"added {name}: {held}\n  {added['definition']}\n  {added['extract']}")
    if added["message"]:
        typer.echo(added["message"])
    taken = "counts, with a noise floor" if added["counts"] else "amounts, not counts"
    typer.echo(f"values are taken for {taken} (counts = {str(added['counts']).lower()} in the definition)")
    typer.echo(f"next: forecasting run {name} --origin {added['origin']}")


def show_dry_run(name: str, added: Mapping[str, Any], extract: str, as_json: bool) -> None:
    """Print what would be written."""
    if as_json:
        typer.echo(json.dumps({**added, "dry_run": True, "sql": extract}, default=str))
        return
    if added["message"]:
        typer.echo(added["message"])
    typer.echo(f"\n{extract}\nnothing was written; without --dry-run stream {name} is added")


def columns() -> int:
    """Columns that a chart may have on this terminal."""
    return min(Console().width, _MOST_COLUMNS)


def show_first_look(found: "FirstLook", as_json: bool) -> None:
    """Print what a first look found: the feed, scores, a chart, the next intervals and how to keep it."""
    if as_json:
        typer.echo(json.dumps(found.as_dict(), default=str))
        return
    show_report(found.added.report.as_dict())
    if found.added.message:
        typer.echo(found.added.message)
    typer.echo()
    if found.evaluation is None:
        typer.echo(found.note)
    else:
        tables.show_table(found.evaluation.report.members, as_json=False, title="scores of two forecasts of the past")
        for sentence in found.evaluation.report.sentences:
            typer.echo(sentence)
    typer.echo(f"\n{found.shown}: measured (•), median (━) and 80% interval (░) of the forecast")
    for line in found.chart:
        typer.echo(line)
    typer.echo()
    tables.show_table(found.next_intervals, as_json=False, title=f"{found.shown}, next intervals, local time")
    typer.echo(f"\nnothing was kept; this keeps it:\n{found.keep}")
