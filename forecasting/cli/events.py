"""`forecasting events`: what shapes demand beyond the calendar, from files and from people."""

import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream
from forecasting.errors import SettingsError
from forecasting.settings import read_settings
from forecasting.terms import EventKind

app = typer.Typer(help="Holidays, campaigns, closures and outages.", no_args_is_help=True)

KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", help="Since when it is known; now when absent.", metavar="T"),
]


@app.command("import")
def events_import(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, Parquet or JSON: event_id, kind, starts_at, ends_at[, known_at, name, withdrawn, scope]; the "
            "scope also in columns of its own: stream, series_id, or attributes of the series.",
            metavar="FILE",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Import events; each new or changed one becomes a version.

    Times without an offset are local times of the streams that the event concerns; ends_at is the first instant after
    it. The reply names the series that each event concerns. Where anything is wrong no event of the file is taken in.
    """
    from forecasting.jobs.streams import events as job

    console.show_events(job.import_file(read_settings(os.environ), file).as_dict(), as_json)


@app.command("add")
def events_add(
    kind: Annotated[EventKind, typer.Argument(help="What happens.", metavar="KIND")],
    starts: Annotated[str, typer.Option("--starts", help="First instant: a date or a time.", metavar="T")],
    ends: Annotated[
        str, typer.Option("--ends", help="First instant after it: of a day, the date of the next.", metavar="T")
    ],
    stream: Annotated[str | None, typer.Option(help="Only this stream; all when absent.", metavar="STREAM")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only series with this attribute, or series_id=KEY; may repeat.", metavar="NAME=VALUE"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called.", metavar="TEXT")] = None,
    event_id: Annotated[
        str | None, typer.Option("--id", help="Its key; the same key again changes the event.", metavar="KEY")
    ] = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Add one event, or change it.

    KIND is holiday, campaign, closure, outage, surge or demand. Times without an offset are local times of the streams
    that it concerns.

    Example: forecasting events add campaign --stream sales --starts 2024-06-03 --ends 2024-06-10 --where region=north
    """
    from forecasting.jobs.streams import events as job

    scope = {"stream": stream} if stream else {}
    for text in where or ():
        key, equals, value = text.partition("=")
        if not (equals and key.strip() and value.strip()):
            raise SettingsError(f"--where {text!r}: expected an attribute and its value such as region=north")
        scope[key.strip()] = value.strip()
    taken = job.add(
        read_settings(os.environ),
        str(kind),
        starts=starts,
        ends=ends,
        scope=scope,
        name=name,
        event_id=event_id,
        known_at=known_at,
    )
    console.show_events(taken.as_dict(), as_json)


@app.command("list")
def events_list(
    stream: OneStream = None,
    every: Annotated[bool, typer.Option("--all", help="Also events that were called off.")] = False,
    as_json: AsJson = False,
) -> None:
    """List events and the series that each concerns.

    As they are known now, the latest first.
    """
    from forecasting.jobs.streams import events as job

    console.show_table(job.show(read_settings(os.environ), stream=stream, every=every), as_json)


@app.command("withdraw")
def events_withdraw(
    event_id: Annotated[str, typer.Argument(help="Key of the event; see `forecasting events list`.", metavar="KEY")],
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Call an event off; forecasts of earlier origins still know of it."""
    from forecasting.jobs.streams import events as job

    console.show_events(job.withdraw(read_settings(os.environ), event_id, known_at=known_at).as_dict(), as_json)
