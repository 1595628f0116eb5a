"""What the command line prints."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """A spinner with the elapsed time on stderr while work goes on, on a terminal only; yields what sets its text."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        task = bar.add_task(text, total=None)
        yield lambda changed: bar.update(task, description=changed)


def report(summary: dict[str, Any], as_json: bool) -> None:
    """Print what a job did: a line for people, or its summary as JSON."""
    if as_json:
        typer.echo(json.dumps(summary, default=str))
        return
    details = ", ".join(f"{key} {_plain(value)}" for key, value in summary["details"].items())
    origin = f" origin {summary['origin']}" if summary["origin"] else ""
    told = f" ({details})" if details else ""
    typer.echo(f"{summary['job']} {summary['stream']}{origin}: {summary['status']}, {summary['rows']} rows{told}")
    if summary["message"]:
        typer.echo(f"  {summary['message']}")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={count}" for key, count in value.items()) or "none"
    if isinstance(value, list):
        return f"{len(value)}" if len(value) > 3 else " ".join(map(str, value)) or "none"
    return str(value)


def show_table(frame: "pd.DataFrame", as_json: bool) -> None:
    """Print a frame: a table on a terminal, CSV into a pipe, or JSON."""
    if as_json:
        typer.echo(frame.to_json(orient="records", date_format="iso", default_handler=str))
        return
    if not sys.stdout.isatty():
        typer.echo(frame.to_csv(index=False), nl=False)
        return
    table = Table(box=None, header_style="bold")
    for name in frame.columns:
        table.add_column(str(name), justify="right" if frame[name].dtype.kind in "iuf" else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*map(_cell, row))
    Console().print(table)


def _cell(value: Any) -> str:
    if str(value) in ("None", "nan", "NaT", "<NA>"):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
