"""`forecasting streams`, `events` and `quarantine`: definitions, and what comes in with their feeds."""

import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream, StreamName, Streams
from forecasting.settings import read_settings

app = typer.Typer(help="Define what is forecast, from which feed, how far.", no_args_is_help=True)
events_app = typer.Typer(help="Import holidays, campaigns, closures, outages.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Look at rows that broke a contract; take them in.", no_args_is_help=True)


@app.command("list")
def streams_list(as_json: AsJson = False) -> None:
    """List the streams that are defined: the package's and yours.

    Exit code 2 when a definition cannot be read; the others are listed all the same.
    """
    from forecasting.jobs.streams import overview as job

    table, errors = job.overview(read_settings(os.environ))
    console.show_table(table, as_json)
    console.show_errors(errors)


@app.command("show")
def streams_show(stream: StreamName, as_json: AsJson = False) -> None:
    """Show a definition with its defaults, and its files."""
    from forecasting.jobs.streams import overview as job

    console.show_definition(job.show(read_settings(os.environ), stream), as_json)


@app.command("check")
def streams_check(streams: Streams = None, as_json: AsJson = False) -> None:
    """Check definitions and their SQL without running them.

    Without a name: all of them. Exit code 2 when one is wrong.
    """
    from forecasting.jobs.streams import overview as job

    found = job.check(read_settings(os.environ), streams or [])
    console.show_checks([vars(one) for one in found], as_json)
    if any(one.verdict == "error" for one in found):
        raise typer.Exit(2)


@app.command("add")
def streams_add(
    name: Annotated[
        str, typer.Argument(help="Name of the new stream: small letters, digits and underscores.", metavar="NAME")
    ],
    feed: Annotated[
        str, typer.Option(help="Parquet or CSV file, or a pattern such as 'feeds/*.parquet'.", metavar="FILE")
    ],
    interval: Annotated[
        str, typer.Option(help="Length of one interval of the feed: 5min, 30min, 1h, 1d.", metavar="TIME")
    ],
    horizon: Annotated[str, typer.Option(help="How far to forecast: 7d, 14d.", metavar="TIME")],
    timezone: Annotated[str, typer.Option(help="IANA zone in which the series live: America/Toronto.", metavar="ZONE")],
    series_col: Annotated[
        str | None, typer.Option(help="Column of the series' key; guessed when absent.", metavar="NAME")
    ] = None,
    ts_col: Annotated[
        str | None, typer.Option(help="Column of the interval's start; guessed when absent.", metavar="NAME")
    ] = None,
    y_col: Annotated[
        str | None, typer.Option(help="Column of the demand; guessed when absent.", metavar="NAME")
    ] = None,
    attribute_col: Annotated[
        list[str] | None, typer.Option(help="Column that describes a series; may repeat.", metavar="NAME")
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of the demand, for tables and plots.", metavar="TEXT")] = "units",
    aggregate: Annotated[
        str, typer.Option(help="How values add up over time: sum, mean or max.", metavar="HOW")
    ] = "sum",
    counts: Annotated[
        bool | None,
        typer.Option(
            "--counts/--no-counts",
            help="Whether values count things such as calls; by unit and aggregate unless given.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a feed of your own.

    Writes the stream's definition and its SQL, for you to read and change.
    """
    from forecasting.jobs.streams import add as job

    new = job.NewStream(
        name=name,
        feed=feed,
        interval=interval,
        horizon=horizon,
        timezone=timezone,
        series_column=series_col,
        ts_column=ts_col,
        y_column=y_col,
        attribute_columns=tuple(attribute_col or ()),
        unit=unit,
        aggregate=aggregate,
        counts=counts,
    )
    console.show_added(name, vars(job.add(read_settings(os.environ), new)), as_json)


@events_app.command("import")
def events_import(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, Parquet or JSON: event_id, kind, starts_at, ends_at[, known_at, name, scope].", metavar="FILE"
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Import events; each new or changed one becomes a version."""
    from forecasting.jobs.streams import events as job

    console.report(job.import_file(read_settings(os.environ), file).as_dict(), as_json)


@quarantine_app.command("list")
def quarantine_list(
    stream: OneStream = None,
    rows: Annotated[bool, typer.Option("--rows", help="The rows themselves, newest first, instead of counts.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also rows that were taken in since.")] = False,
    most: Annotated[int, typer.Option(help="How many rows at most.", metavar="N")] = 20,
    as_json: AsJson = False,
) -> None:
    """List rejected rows by reason, or one by one."""
    from forecasting.jobs.streams import quarantine as job

    settings = read_settings(os.environ)
    if rows:
        console.show_table(job.show_rows(settings, stream=stream, every=every, most=most), as_json)
    else:
        console.show_table(job.show_reasons(settings, stream=stream, every=every), as_json)


@quarantine_app.command("replay")
def quarantine_replay(stream: StreamName, as_json: AsJson = False) -> None:
    """Pull the span of the waiting rows again.

    To be called after the feed, the SQL or the definition was put right; rows that pass now are taken in.
    """
    from forecasting.jobs.streams import quarantine as job

    console.report(job.replay(read_settings(os.environ), stream).as_dict(), as_json)


@quarantine_app.command("accept")
def quarantine_accept(
    stream: StreamName,
    series: Annotated[
        list[str] | None, typer.Option(help="Only this series; may repeat. All when absent.", metavar="KEY")
    ] = None,
    by: Annotated[str, typer.Option(help="Who decides, for the record.", envvar="USER", metavar="NAME")] = "a person",
    as_json: AsJson = False,
) -> None:
    """Say that what waits is right, or that it is to be left out.

    Rows that wait because their level was not believed (unit_scale) are taken in, and the series goes on at that level.
    Rows that break a rule stay out, but no longer stop an ingest. The decision is kept in history.acceptances.

    Example: forecasting quarantine accept link_traffic --series core-1.ge-0/0/1
    """
    from forecasting.jobs.streams import quarantine as job

    console.report(job.accept(read_settings(os.environ), stream, series=series or (), by=by).as_dict(), as_json)
