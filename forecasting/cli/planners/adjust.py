"""`forecasting adjust`: what a planner knows and the forecast does not."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream, StreamName
from forecasting.errors import SettingsError
from forecasting.settings import read_settings
from forecasting.terms import AdjustedBy, Operation

app = typer.Typer(help="Correct forecasts; the statistical numbers stay.", no_args_is_help=True)

_SHOWN = 5
"""Series that are named of an adjustment."""


@app.command("add")
def adjust_add(
    stream: StreamName,
    starts: Annotated[str, typer.Option("--starts", help="First instant: a date or a local time.", metavar="T")],
    ends: Annotated[
        str, typer.Option("--ends", help="First instant after it: of a day, the date of the next.", metavar="T")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why.", metavar="TEXT")],
    author: Annotated[str, typer.Option("--author", help="Who says so.", metavar="NAME")],
    percent: Annotated[float | None, typer.Option(help="More by so many percent; less below 0.", metavar="P")] = None,
    add: Annotated[float | None, typer.Option("--add", help="So much more an interval; less below 0.")] = None,
    set_to: Annotated[float | None, typer.Option("--set", help="Exactly so much an interval.")] = None,
    floor: Annotated[float | None, typer.Option("--floor", help="At least so much an interval.")] = None,
    cap: Annotated[float | None, typer.Option("--cap", help="At most so much an interval.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Only series with this attribute, or series_id=PATTERN such as care.*; may repeat.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="handle_time adjusts the handle times of a stream of calls.", metavar="NAME")
    ] = None,
    scenario: Annotated[
        str, typer.Option("--scenario", help="Only in this scenario; see `forecasting scenario`.", metavar="NAME")
    ] = "base",
    preview: Annotated[bool, typer.Option("--preview", help="Say what it would do, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Adjust the forecast of some series for some time.

    The statistical forecast stays as it is, and models never learn from adjustments; read the result in
    analyst.forecast_final. An amount is that of an interval, of all the series together where values add up. Several
    adjustments of an interval follow each other in the order in which they were made. Plan again to see the staff.

    Example: forecasting adjust add sales --percent 15 --where region=north --starts 2024-06-04 --ends 2024-06-05
    --reason "campaign by mail" --author ana
    """
    from forecasting.jobs.planners import adjust as job
    from forecasting.jobs.planners.records import in_words

    given = {
        Operation.PERCENT: percent,
        Operation.ADD: add,
        Operation.SET: set_to,
        Operation.FLOOR: floor,
        Operation.CAP: cap,
    }
    wanted = [(operation, value) for operation, value in given.items() if value is not None]
    if len(wanted) != 1:
        found = ", ".join(f"--{operation}" for operation, _ in wanted) or "none"
        raise SettingsError(f"expected one of --percent, --add, --set, --floor and --cap, found {found}")
    operation, value = wanted[0]
    effect = job.add(
        read_settings(os.environ),
        stream,
        operation=operation,
        value=value,
        starts=starts,
        ends=ends,
        scope=_scope(where),
        reason=reason,
        author=author,
        metric=metric,
        scenario=scenario,
        preview=preview,
    )
    _show(effect.as_dict(), in_words(operation, value), as_json=as_json)


@app.command("import")
def adjust_import(
    file: Annotated[
        Path | None, typer.Argument(help="CSV of adjustments; planners.inbox when absent.", metavar="FILE.csv")
    ] = None,
    stream: Annotated[
        str | None, typer.Option("--stream", help="Stream of rows that name none.", metavar="STREAM")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take in adjustments of a CSV, or of planners.inbox.

    Columns: stream, starts_at, ends_at, operation (percent, add, set, floor or cap), value, reason and author; metric
    and scenario where they differ; series_id (a pattern such as care.*), scope (JSON) or attributes name the series.
    Times are local ones of the stream unless they have an offset. A bad row goes to quarantine with the reason, and the
    rest is taken; what was taken before adds nothing. Without a file the rows that role planner put into planners.inbox
    of a PostgreSQL catalog are taken over, as every run of a stream does.

    Example: forecasting adjust import march.csv --stream sales
    """
    from forecasting.jobs.planners import imports as job

    settings = read_settings(os.environ)
    if file is None and stream is not None:
        raise SettingsError("--stream is for rows of a file; name the file, or leave both out for planners.inbox")
    taken = job.import_inbox(settings) if file is None else job.import_file(settings, file, stream=stream)
    if as_json:
        typer.echo(json.dumps(taken.as_dict(), default=str))
        return
    typer.echo(
        f"adjustments of {taken.source}: {len(taken.added)} added, {taken.known} known already, "
        f"{len(taken.rejected)} to quarantine"
    )
    if len(taken.added):
        console.draw_table(taken.added)
    for one in taken.rejected:
        typer.echo(f"  rejected  {one.stream or '(no stream)'}: {one.reason}")


@app.command("list")
def adjust_list(
    stream: OneStream = None,
    every: Annotated[bool, typer.Option("--all", help="Also adjustments that were withdrawn.")] = False,
    as_json: AsJson = False,
) -> None:
    """List adjustments, in the order in which they are applied."""
    from forecasting.jobs.planners import adjust as job

    console.show_table(job.show(read_settings(os.environ), stream=stream, every=every), as_json)


@app.command("value")
def adjust_value(
    stream: OneStream = None,
    by: Annotated[AdjustedBy, typer.Option("--by", help="What is summed.")] = AdjustedBy.AUTHOR,
    as_json: AsJson = False,
) -> None:
    """Show whether adjustments helped, once demand was measured.

    Errors of the median with and without them, as shares of demand, and what they saved with its 95% interval: as long
    as that holds 0 it may be luck.
    """
    from forecasting.jobs.planners import value as job

    table = job.value(read_settings(os.environ), stream=stream, by=by, plain=not as_json)
    if table.empty and not as_json:
        typer.echo("no adjustment was measured yet; demand of its intervals has to come in first")
    else:
        console.show_table(table, as_json)


@app.command("withdraw")
def adjust_withdraw(
    adjustment_id: Annotated[
        str, typer.Argument(help="Key of the adjustment; see `forecasting adjust list`.", metavar="KEY")
    ],
    as_json: AsJson = False,
) -> None:
    """Withdraw an adjustment: the forecast is what it was without it."""
    from forecasting.jobs.planners import adjust as job

    stream = job.withdraw(read_settings(os.environ), adjustment_id)
    if as_json:
        typer.echo(json.dumps({"adjustment_id": adjustment_id, "stream": stream, "status": "withdrawn"}))
    else:
        typer.echo(f"adjustment {adjustment_id} of {stream}: withdrawn")


def _scope(where: list[str] | None) -> dict[str, str]:
    scope = {}
    for text in where or ():
        key, equals, value = text.partition("=")
        if not (equals and key.strip() and value.strip()):
            raise SettingsError(f"--where {text!r}: expected an attribute and its value such as region=north")
        scope[key.strip()] = value.strip()
    return scope


def _show(effect: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(effect, default=str))
        return
    series = effect["series"]
    more = f" and {len(series) - _SHOWN} more" if len(series) > _SHOWN else ""
    typer.echo(f"adjustment {effect['adjustment_id']} of {effect['stream']}: {words}, {effect['status']}")
    typer.echo(f"  when    {effect['starts']} to {effect['ends']} ({effect['zone']})")
    typer.echo(f"  series  {len(series)}: {', '.join(series[:_SHOWN])}{more}")
    typer.echo(
        f"  effect  {effect['before']:,.1f} -> {effect['after']:,.1f} {effect['unit']} over {effect['intervals']:,} "
        "intervals"
    )
    for line in effect["plans"]:
        typer.echo(f"  plan    {line}")
    for note in effect["notes"]:
        typer.echo(f"  note    {note}")
