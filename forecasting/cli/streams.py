"""`forecasting streams` and `quarantine`: definitions, and what comes in with their feeds."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli import console, feeds
from forecasting.cli.arguments import AsJson, OneStream, StreamName, Streams
from forecasting.settings import read_settings

if TYPE_CHECKING:
    from forecasting.jobs.streams.add import Prepared

app = typer.Typer(help="Define what is forecast, from which feed, how far.", no_args_is_help=True)
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
    horizon: Annotated[str, typer.Option(help="How far to forecast: 7d, 14d.", metavar="TIME")],
    timezone: Annotated[str, typer.Option(help="IANA zone in which the series live: America/Toronto.", metavar="ZONE")],
    feed: Annotated[
        str | None,
        typer.Option(
            help="CSV, Parquet or XLSX file, a folder of them, or a pattern such as 'feeds/*.parquet'.", metavar="FILE"
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--from", help="postgres:CONNECTION, duckdb:FILE or sqlite:FILE, not a feed.", metavar="DB"),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Table or view of --from.", metavar="NAME")] = None,
    query: Annotated[str | None, typer.Option(help="SELECT to ask --from in place of a table.", metavar="SQL")] = None,
    interval: Annotated[
        str | None,
        typer.Option(help="Length of one interval: 5min, 30min, 1h, 1d. The feed's own when absent.", metavar="TIME"),
    ] = None,
    series_col: Annotated[
        list[str] | None,
        typer.Option(help="Column of the series' key; found when absent. May repeat: a key of two.", metavar="NAME"),
    ] = None,
    ts_col: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of the interval's start; found when absent. May repeat: a date and a time of day.",
            metavar="NAME",
        ),
    ] = None,
    y_col: Annotated[str | None, typer.Option(help="Column of the demand; found when absent.", metavar="NAME")] = None,
    attribute_col: Annotated[
        list[str] | None, typer.Option(help="Column that describes a series; may repeat.", metavar="NAME")
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(help="Order of dates: dmy, mdy or ymd; or a format such as '%d/%m/%Y %H:%M'.", metavar="FORMAT"),
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(help="The decimal mark of numbers: point or comma.", metavar="MARK")
    ] = None,
    ts_timezone: Annotated[
        str | None,
        typer.Option(
            help="Zone of times without an offset, such as UTC; that of the series when absent.", metavar="ZONE"
        ),
    ] = None,
    repeats: Annotated[
        str | None,
        typer.Option(help="Single events that are alike in all columns count once or each.", metavar="HOW"),
    ] = None,
    wide: Annotated[
        bool | None,
        typer.Option("--wide/--no-wide", help="Whether each number column is a series.", show_default=False),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an XLSX file; the first when absent.", metavar="NAME")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the demand, for tables and plots.", metavar="TEXT")] = None,
    aggregate: Annotated[
        str | None,
        typer.Option(
            help="How values add up over time: sum, mean or max; mean for rates and max for peaks when absent.",
            metavar="HOW",
        ),
    ] = None,
    counts: Annotated[
        bool | None,
        typer.Option(
            "--counts/--no-counts",
            help="Whether values count things such as calls; by unit and aggregate unless given.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a feed of your own.

    Finds out what the columns mean, tries what an ingest will ask of them, shows what was found and writes the stream's
    definition and its SQL, for you to read and change. On a terminal it asks before it writes. What the rows leave open
    is asked in one line that names the option.
    """
    from forecasting.jobs.streams import add as job

    new = job.NewStream(
        name=name,
        feed=feed,
        interval=interval,
        horizon=horizon,
        timezone=timezone,
        series_column=tuple(series_col or ()),
        ts_column=tuple(ts_col or ()),
        y_column=y_col,
        attribute_columns=tuple(attribute_col or ()),
        unit=unit,
        aggregate=aggregate,
        counts=counts,
        date_format=date_format,
        decimal=decimal,
        ts_timezone=ts_timezone,
        repeats=repeats,
        wide=wide,
        sheet=sheet,
        database=database,
        table=table,
        query=query,
    )
    offer(job.prepare(read_settings(os.environ), new), dry_run=dry_run, yes=yes, as_json=as_json)


def offer(prepared: "Prepared", *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Show a new stream, then write it unless a person at a terminal says no, or it was a dry run."""
    added = vars(prepared.added) | {"report": prepared.added.report.as_dict()}
    if not as_json:
        feeds.show_report(added["report"])
    if dry_run:
        feeds.show_dry_run(prepared.proposal.name, added, prepared.proposal.extract, as_json)
        return
    if not (yes or as_json or not sys.stdin.isatty()) and not typer.confirm("Write this stream?", default=True):
        raise typer.Exit(1)
    prepared.write()
    feeds.show_added(prepared.proposal.name, added, as_json)


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
