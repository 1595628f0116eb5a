"""`forecasting run`, its single steps, and `forecasting runs list`."""

import os
from typing import Annotated

import typer

from forecasting.cli import console, feeds
from forecasting.cli.arguments import AsJson, OneStream, OriginText, StreamName, Streams
from forecasting.settings import read_settings

app = typer.Typer(help="What ran, and how it ended.", no_args_is_help=True)


Jobs = Annotated[
    int,
    typer.Option("--jobs", min=1, help="Processes that share a stream too large for one; they change no number."),
]


def run(origin: OriginText, streams: Streams = None, jobs: Jobs = 1, as_json: AsJson = False) -> None:
    """Run all steps: ingest, train, forecast, plan and score.

    A model is trained where one is due, and a plan made where the definition asks for one. Without a name: every stream
    that is in use, which are your own and the packaged ones that have a feed. A stream that fails does not stop the
    others; the exit code is that of the gravest failure.
    """
    with console.working("run") as progress:
        from forecasting.jobs import line
        from forecasting.jobs.streams import overview

        settings = read_settings(os.environ)
        outcomes = line.run(
            settings,
            streams or overview.in_use(settings),
            origin=origin,
            begin=lambda job, stream: progress(f"{job} {stream}"),
            report=lambda summary: None if as_json else console.report(summary.as_dict(), as_json=False),
            processes=jobs,
        )
    if as_json:
        console.show_outcomes(outcomes)
    console.show_errors([outcome.error for outcome in outcomes if outcome.error])


def ingest(
    stream: StreamName,
    since: Annotated[
        str | None,
        typer.Option(help="Pull again from here instead of the watermark less the look-back.", metavar="T"),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="End of the window, exclusive; now when absent.", metavar="T")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pull new usage and check it.

    Good rows become versions in the history; bad rows go to quarantine with the reason.
    """
    with console.working(f"ingest {stream}"):
        from forecasting.jobs import ingest as job

        summary = job.run(read_settings(os.environ), stream, since=since, until=until)
    console.report(summary.as_dict(), as_json)


def train(
    stream: StreamName,
    origin: OriginText,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Also where models on the register are not in the models folder: they are lost."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train the model that is due at the origin.

    It is trained on what was known at the newest retrain boundary, then compared with the champion on held-back
    origins: it becomes champion when it is better by more than sampling noise. See `forecasting models list`.
    """
    with console.working(f"train {stream}"):
        from forecasting.jobs.training import train as job

        summary = job.run(read_settings(os.environ), stream, origin=origin, anew=anew)
    console.report(summary.as_dict(), as_json)


def forecast(stream: StreamName, origin: OriginText, jobs: Jobs = 1, as_json: AsJson = False) -> None:
    """Forecast from what was known at the origin, and publish."""
    with console.working(f"forecast {stream}"):
        from forecasting.jobs import forecast as job

        summary = job.run(read_settings(os.environ), stream, origin=origin, processes=jobs)
    console.report(summary.as_dict(), as_json)


def score(stream: StreamName, origin: OriginText, as_json: AsJson = False) -> None:
    """Score published forecasts by what was measured since.

    Demand counts as known at the origin; the seasonal naive is scored on the same intervals.
    """
    with console.working(f"score {stream}"):
        from forecasting.jobs import score as job

        summary = job.run(read_settings(os.environ), stream, origin=origin)
    console.report(summary.as_dict(), as_json)


@app.command("list")
def runs_list(
    stream: OneStream = None,
    most: Annotated[int, typer.Option(help="How many at most.", metavar="N")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from forecasting.jobs.upkeep import query as job

    console.show_table(job.runs(read_settings(os.environ), stream=stream, most=most), as_json)


def try_feed(
    file: Annotated[
        str | None, typer.Argument(help="CSV, Parquet or XLSX file, a folder or a pattern.", metavar="FILE")
    ] = None,
    horizon: Annotated[
        str | None, typer.Option(help="How far to forecast; a week, of days four weeks when absent.", metavar="TIME")
    ] = None,
    timezone: Annotated[str, typer.Option(help="IANA zone in which the series live.", metavar="ZONE")] = "UTC",
    database: Annotated[
        str | None,
        typer.Option("--from", help="postgres:CONNECTION, duckdb:FILE or sqlite:FILE, not a file.", metavar="DB"),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Table or view of --from.", metavar="NAME")] = None,
    query: Annotated[str | None, typer.Option(help="SELECT to ask --from in place of a table.", metavar="SQL")] = None,
    interval: Annotated[
        str | None, typer.Option(help="Length of one interval; the feed's own when absent.", metavar="TIME")
    ] = None,
    series_col: Annotated[
        list[str] | None, typer.Option(help="Column of the series' key; may repeat.", metavar="NAME")
    ] = None,
    ts_col: Annotated[
        list[str] | None, typer.Option(help="Column of the interval's start; may repeat.", metavar="NAME")
    ] = None,
    y_col: Annotated[str | None, typer.Option(help="Column of the demand.", metavar="NAME")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Order of dates: dmy, mdy or ymd; or a format.", metavar="FORMAT")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(help="The decimal mark of numbers: point or comma.", metavar="MARK")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the demand.", metavar="TEXT")] = None,
    aggregate: Annotated[
        str | None, typer.Option(help="How values add up over time: sum, mean or max.", metavar="HOW")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """See a forecast of a file in a minute; nothing is kept.

    Finds out what the columns mean, as `streams add` does, trains for seconds, scores two forecasts of the past against
    the week before, and shows the next intervals and a chart of the largest series. Ends with the command that keeps
    the stream.

    Example: forecasting try usage.csv --timezone America/Toronto
    """
    with console.working("try") as progress:
        from forecasting.jobs.streams import first_look as job
        from forecasting.jobs.streams.add import NewStream

        new = NewStream(
            name="",
            feed=file,
            horizon=horizon or "",
            timezone=timezone,
            interval=interval,
            series_column=tuple(series_col or ()),
            ts_column=tuple(ts_col or ()),
            y_column=y_col,
            unit=unit,
            aggregate=aggregate,
            date_format=date_format,
            decimal=decimal,
            database=database,
            table=table,
            query=query,
        )
        found = job.look(read_settings(os.environ), new, width=feeds.columns(), begin=progress)
    feeds.show_first_look(found, as_json)
