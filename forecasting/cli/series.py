"""`forecasting series` and `surges`: which series there are, and a person's word on them."""

import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream, StreamName
from forecasting.settings import read_settings
from forecasting.terms import EventKind

app = typer.Typer(help="List the series of streams; end those that are gone.", no_args_is_help=True)
surges_app = typer.Typer(help="Look at surges that nobody announced; say what they were.", no_args_is_help=True)

Series = Annotated[str, typer.Argument(help="Key of the series.", metavar="SERIES")]
Day = Annotated[str, typer.Argument(help="A local date inside the surge.", metavar="DATE")]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        help="Forecasts from this origin on follow it: an ISO date or timestamp; now when absent.",
        metavar="T",
    ),
]


@app.command("list")
def series_list(stream: OneStream = None, as_json: AsJson = False) -> None:
    """List series with their first and last value, in local time."""
    from forecasting.jobs.streams import series as job

    console.show_table(job.show(read_settings(os.environ), stream=stream), as_json)


@app.command("retire")
def series_retire(
    stream: StreamName,
    series: Annotated[list[str], typer.Argument(help="Keys of the series.", metavar="SERIES...")],
    on: Annotated[str, typer.Option("--on", help="First local date without them.", metavar="DATE")],
    known_at: Annotated[
        str | None,
        typer.Option("--known-at", help="Forecasts from this origin on know it; now when absent.", metavar="T"),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back: they go on.")] = False,
    as_json: AsJson = False,
) -> None:
    """End series that were renamed or switched off.

    From that date on they are not forecast and count in no sum or plan. What was measured stays, and origins before
    --known-at are forecast as known then.

    Example: forecasting series retire sales care.old --on 2024-06-03
    """
    from forecasting.jobs.streams import series as job

    summary = job.retire(read_settings(os.environ), stream, series, on=on, known_at=known_at, undo=undo)
    console.report(summary.as_dict(), as_json)


@surges_app.command("list")
def surges_list(stream: OneStream = None, as_json: AsJson = False) -> None:
    """List the surges that the current forecasts found, newest first.

    Days far above or below what a series does are kept out of forecasts, unless a person rejects that. The column
    verdict says what a person said: open, confirmed or rejected.
    """
    from forecasting.jobs.streams import surges as job

    console.show_table(job.show(read_settings(os.environ), stream=stream), as_json)


@surges_app.command("confirm")
def surges_confirm(
    stream: StreamName, series: Series, day: Day, known_at: KnownAt = None, as_json: AsJson = False
) -> None:
    """Keep the days of a surge out of forecasts.

    They stay out even where a later forecast would not take them for a surge.
    """
    _judge(stream, series, day, EventKind.SURGE, known_at, as_json)


@surges_app.command("reject")
def surges_reject(
    stream: StreamName, series: Series, day: Day, known_at: KnownAt = None, as_json: AsJson = False
) -> None:
    """Use the days of a surge as demand like any other.

    Forecasts then follow them, however unusual they are.
    """
    _judge(stream, series, day, EventKind.DEMAND, known_at, as_json)


def _judge(stream: str, series: str, day: str, kind: EventKind, known_at: str | None, as_json: bool) -> None:
    from forecasting.jobs.streams import surges as job

    settings = read_settings(os.environ)
    summary = job.judge(settings, stream, series=series, day=day, kind=kind, known_at=known_at)
    console.report(summary.as_dict(), as_json)
