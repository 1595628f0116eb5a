"""What the command line prints."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from forecasting.cli.sharing.terminal import cell_text, column_blocks
from forecasting.errors import ForecastingError, gravest
from forecasting.redaction import redact, redact_error, redact_values

if TYPE_CHECKING:
    import pandas as pd

_EVENTS = 20
"""Events that a reply lists."""


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
    details = f" ({details})" if details else ""
    typer.echo(f"{summary['job']} {summary['stream']}{origin}: {summary['status']}, {summary['rows']} rows{details}")
    if summary["message"]:
        typer.echo(f"  {summary['message']}")


def show_evaluation(summary: dict[str, Any], tables: "Mapping[str, pd.DataFrame]", sentences: Iterable[str]) -> None:
    """Print an evaluation for people: what was done, its tables, and what they mean."""
    details = summary["details"]
    origins = [origin[:16].replace("T", " ") for origin in details["origins"]]
    span = f"from {origins[0]} to {origins[-1]}, every {details['every']}" if len(origins) > 1 else origins[0]
    model = f"model {details['model']}" if details["model"] else "no trained model"
    typer.echo(f"{summary['stream']}: {len(origins)} origin{'s' if len(origins) > 1 else ''} {span}, {model}")
    if summary["message"]:
        typer.echo(f"  {summary['message']}")
    for title, table in tables.items():
        typer.echo()
        show_table(table, as_json=False, title=title)
    typer.echo()
    for sentence in sentences:
        typer.echo(sentence)


def show_issued(issued: dict[str, Any]) -> None:
    """Print what became of one origin of a backfill."""
    rows = f", {issued['rows']} rows" if issued["rows"] else ""
    model = f" (model {issued['model_id']})" if issued["model_id"] else ""
    message = f": {issued['message']}" if issued["message"] else ""
    typer.echo(f"{_local(issued['origin'])}  {issued['status']}{rows}{model}{message}")


def show_backfill(report: dict[str, Any]) -> None:
    """Print what a backfill did, or would do, as a whole."""
    for trained in report["trained"]:
        message = f": {trained['message']}" if trained["message"] else ""
        typer.echo(f"model of {_local(trained['boundary'])} {trained['status']}{message}")
    counts = ", ".join(f"{count} {status}" for status, count in report["counts"].items())
    typer.echo(f"backfill {report['stream']}: {len(report['origins'])} origins: {counts}")
    if report["dry_run"]:
        typer.echo("nothing was written; without --dry-run this is done")


def _local(stamp: str) -> str:
    """A local ISO timestamp for people, the date alone at midnight."""
    return stamp[:16].replace("T", " ").removesuffix(" 00:00")


def show_outcomes(outcomes: Iterable[Any]) -> None:
    """Print what a run did for each stream, as JSON."""
    found = [
        {
            "stream": outcome.stream,
            "steps": [step.as_dict() for step in outcome.steps],
            "error": str(outcome.error) if outcome.error else None,
        }
        for outcome in outcomes
    ]
    typer.echo(json.dumps(found, default=str))


def show_errors(errors: Sequence[ForecastingError]) -> None:
    """Print what went wrong with single streams, a line each on stderr, and end with the exit code of the gravest."""
    for error in errors:
        typer.echo(f"error: {error}", err=True)
    if errors:
        raise typer.Exit(gravest(error.exit_code for error in errors))


def show_definition(definition: Any, as_json: bool) -> None:
    """Print a stream's definition, defaults filled in, and the files it is made of."""
    shown = {
        "path": str(definition.path),
        "extract": str(definition.extract.path),
        "rejects": str(definition.rejects.path) if definition.rejects else None,
        **definition.stream.model_dump(mode="json"),
    }
    typer.echo(json.dumps(redact_values(shown), indent=None if as_json else 2))


def show_checks(checks: Sequence[Mapping[str, str]], as_json: bool) -> None:
    """Print what a check of definitions found, a line each."""
    if as_json:
        typer.echo(json.dumps(checks))
        return
    for found in checks:
        message = f": {found['message']}" if found["message"] else ""
        typer.echo(f"{found['verdict']:<8} {found['stream']}{message}")


def show_card(facts: dict[str, Any], table: "pd.DataFrame", *, as_json: bool) -> None:
    """Print what is known of pretrained weights: all of it as JSON, or its gist for people."""
    if as_json:
        typer.echo(json.dumps(facts))
        return
    weights, judges = facts["weights"], facts["judges"]
    training = ", ".join(f"{key} {value}" for key, value in facts["training"].items()) or "not on record"
    typer.echo(
        f"{facts['name']}: {weights['networks']} networks of width {weights['width']}, "
        f"{weights['parameters']:,} parameters\ntraining: {training}\nworld: {facts['world']}\n"
        f"scores: on {judges['worlds']} generated panels that no network learned from"
    )
    for member, own in ((facts["name"], facts), *facts["modules"].items()):
        for name, scores in own["scores"].items():
            typer.echo(f"  {member}, {name}: loss {scores['loss']:.3f}, relative {scores['relative']:.3f}")
    typer.echo()
    show_table(table, as_json=False)


def show_events(taken: dict[str, Any], as_json: bool) -> None:
    """Print which events are new or changed, a line each: when, in local time, and of which series."""
    if as_json:
        typer.echo(json.dumps(taken, default=str))
        return
    typer.echo(f"{taken['job']}: {taken['status']}, {taken['rows']} new or changed")
    for event in taken["events"][:_EVENTS]:
        when = f"{event['starts']} to {event['ends']} ({event['zone']})"
        typer.echo(f"  {event['event_id']}: {event['kind']}, {when}, series: {event['series']}")
    if len(taken["events"]) > _EVENTS:
        typer.echo(f"  and {len(taken['events']) - _EVENTS} more; see `forecasting events list`")


def start_logging(verbose: bool) -> None:
    """Log lines on stderr: errors only unless asked for more."""
    level = logging.INFO if verbose else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_redact_record)
    for library in ("darts", "pytorch_lightning", "lightning"):
        logging.getLogger(library).setLevel(logging.ERROR)


def _redact_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact(record.getMessage()), ()
    if record.exc_info:
        redact_error(record.exc_info[1])
    return True


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={count}" for key, count in value.items()) or "none"
    if isinstance(value, list):
        # whole sentences are part of the message
        short = len(value) <= 3 and not any(" " in str(one) for one in value)
        return (" ".join(map(str, value)) or "none") if short else f"{len(value)}"
    return str(value)


def show_table(frame: "pd.DataFrame", as_json: bool, *, title: str | None = None) -> None:
    """Print a frame, below its title if it has one: a table on a terminal, CSV into a pipe, or JSON."""
    if as_json:
        typer.echo(_as_json(frame))
    elif sys.stdout.isatty():
        draw_table(frame, title=title)
    else:
        heading = f"{title}:\n" if title else ""
        typer.echo(f"{heading}{frame.to_csv(index=False)}", nl=False)


def draw_table(frame: "pd.DataFrame", *, title: str | None = None) -> None:
    """Print a frame as a table; what is too wide goes on below, each part beside the first column."""
    console = Console(markup=False, emoji=False)  # names of people's columns and series may look like markup
    heads = [str(name) for name in frame.columns]
    rows = [[cell_text(value) for value in row] for row in frame.itertuples(index=False)]
    for number, places in enumerate(column_blocks(heads, rows, width=console.width)):
        table = Table(box=None, header_style="bold", title=None if number else title, title_justify="left")
        for place in places:
            side: Literal["left", "right"] = "right" if frame.dtypes.iloc[place].kind in "iuf" else "left"
            table.add_column(heads[place], justify=side, no_wrap=place == 0)  # the first is the key, to be copied whole
        for row in rows:
            table.add_row(*(row[place] for place in places))
        if number:
            console.print()
        console.print(table)


def _as_json(frame: "pd.DataFrame") -> str:
    """Rows as JSON; a text that is JSON stands as what it says, NaN and infinities as null."""
    text: str = frame.to_json(orient="records", date_format="iso", default_handler=str)
    nested = frame.attrs.get("json", ())
    if not nested:
        return text
    rows = json.loads(text)
    for row in rows:
        for name in nested:
            row[name] = row[name] and json.loads(row[name], parse_constant=lambda _: None)
    return json.dumps(rows)
