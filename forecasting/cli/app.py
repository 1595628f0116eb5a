"""The command line: the same jobs that the DAGs call, for people."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecasting import __version__
from forecasting.cli import console, history, maintenance, models, planning
from forecasting.cli.arguments import AsJson, OneStream, OriginText, StreamName
from forecasting.errors import ForecastingError
from forecasting.settings import Settings, read_settings

app = typer.Typer(
    name="forecasting",
    help="Demand forecasts for telecom operators: usage history in, quantile forecasts and plans out.",
    epilog=(
        "Begin with `forecasting demo`, or with your own data: `forecasting streams add NAME --feed FILE ...`, then "
        "`forecasting run NAME --origin DATE`. Everything lives below FORECASTING_HOME (default: this folder)."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
streams_app = typer.Typer(help="Stream definitions: what is forecast, from which feed, how far.", no_args_is_help=True)
events_app = typer.Typer(help="Holidays beyond the calendar, campaigns, closures, outages.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Rows that broke a contract.", no_args_is_help=True)
runs_app = typer.Typer(help="Executions and how they ended.", no_args_is_help=True)
lake_app = typer.Typer(help="The lake itself.", no_args_is_help=True)
app.add_typer(streams_app, name="streams")
app.add_typer(events_app, name="events")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(runs_app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(lake_app, name="lake")
app.add_typer(planning.explain_app, name="explain")
app.command()(planning.plan)
app.command()(history.backfill)
app.command()(history.evaluate)
app.command()(maintenance.maintain)
app.command()(maintenance.doctor)


def main() -> None:
    """Run the command line; a known error is one line on stderr and its exit code."""
    try:
        app()
    except ForecastingError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if logging.getLogger().isEnabledFor(logging.INFO):
            raise
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        typer.echo(f"error: unexpected: {told}; `forecasting --verbose ...` shows where it happened", err=True)
        sys.exit(1)


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="One log line a step, on stderr.")] = False,
) -> None:
    console.start_logging(verbose)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--out", help="Folder of the demo's lake and feeds.")] = Path("demo"),
) -> None:
    """The whole main job on real and generated feeds: ingest, train, forecast and score three streams."""
    with console.working("demo"):
        from forecasting.jobs import demo as job

        job.run(folder, say=typer.echo)


@app.command()
def ingest(
    stream: StreamName,
    since: Annotated[
        str | None, typer.Option(help="Pull again from here instead of the watermark less the look-back.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="End of the window, exclusive; now when absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Pull new usage: check it, keep good rows as versions and bad rows in quarantine."""
    with console.working(f"ingest {stream}"):
        from forecasting.jobs import ingest as job

        summary = job.run(_settings(), stream, since=since, until=until)
    console.report(summary.as_dict(), as_json)


@app.command()
def train(stream: StreamName, origin: OriginText, as_json: AsJson = False) -> None:
    """Train the model that is due at the origin, at the newest retrain boundary, and hold it against the champion.

    It becomes champion when it is better by more than noise on held-back origins; see `forecasting models list`.
    """
    with console.working(f"train {stream}"):
        from forecasting.jobs.training import train as job

        summary = job.run(_settings(), stream, origin=origin)
    console.report(summary.as_dict(), as_json)


@app.command()
def forecast(stream: StreamName, origin: OriginText, as_json: AsJson = False) -> None:
    """Forecast from the origin with what was known then, and publish."""
    with console.working(f"forecast {stream}"):
        from forecasting.jobs import forecast as job

        summary = job.run(_settings(), stream, origin=origin)
    console.report(summary.as_dict(), as_json)


@app.command()
def score(stream: StreamName, origin: OriginText, as_json: AsJson = False) -> None:
    """Score published forecasts against demand as known at the origin, beside the seasonal naive."""
    with console.working(f"score {stream}"):
        from forecasting.jobs import score as job

        summary = job.run(_settings(), stream, origin=origin)
    console.report(summary.as_dict(), as_json)


@app.command()
def run(
    origin: OriginText,
    streams: Annotated[
        list[str] | None, typer.Argument(help="Streams; all in use when absent.", metavar="[STREAM]...")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The whole line: ingest, train when due, forecast, plan, score. Streams that fail do not stop the others."""
    with console.working("run") as told:
        from forecasting.jobs import line
        from forecasting.jobs.streams import overview as defined

        settings = _settings()
        outcomes = line.run(
            settings,
            streams or defined.in_use(settings),
            origin=origin,
            begin=lambda job, stream: told(f"{job} {stream}"),
            report=lambda summary: None if as_json else console.report(summary.as_dict(), as_json=False),
        )
    if as_json:
        console.show_outcomes(outcomes)
    errors = [outcome.error for outcome in outcomes if outcome.error]
    for error in errors:
        typer.echo(f"error: {error}", err=True)
    if errors:
        raise typer.Exit(_worst(errors))


@app.command()
def sql(query: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.")], as_json: AsJson = False) -> None:
    """Query the lake read-only, such as: forecasting sql "select * from analyst.forecast_latest limit 5"."""
    from forecasting.jobs.upkeep import query as job

    console.show_table(job.run(_settings(), query), as_json)


@streams_app.command("list")
def streams_list(as_json: AsJson = False) -> None:
    """Streams that are defined, the package's and your own."""
    from forecasting.jobs.streams import overview as job

    console.show_table(job.overview(_settings()), as_json)


@streams_app.command("show")
def streams_show(stream: StreamName, as_json: AsJson = False) -> None:
    """A definition with its defaults filled in, and the files it is made of."""
    from forecasting.jobs.streams import overview as job

    console.show_definition(job.show(_settings(), stream), as_json)


@streams_app.command("check")
def streams_check(
    streams: Annotated[
        list[str] | None, typer.Argument(help="Streams; all when absent.", metavar="[STREAM]...")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Validate definitions and their SQL without running them; exit 2 when one is wrong."""
    from forecasting.jobs.streams import overview as job

    findings = job.check(_settings(), streams or [])
    console.show_findings([vars(finding) for finding in findings], as_json)
    if any(finding.verdict == "error" for finding in findings):
        raise typer.Exit(2)


@streams_app.command("add")
def streams_add(
    name: Annotated[str, typer.Argument(help="Name of the new stream: small letters, digits and underscores.")],
    feed: Annotated[str, typer.Option(help="Parquet or CSV file, or a pattern such as 'feeds/*.parquet'.")],
    interval: Annotated[str, typer.Option(help="Length of one interval of the feed: 5min, 30min, 1h, 1d.")],
    horizon: Annotated[str, typer.Option(help="How far to forecast: 7d, 14d.")],
    timezone: Annotated[str, typer.Option(help="IANA zone in which the series live: America/Toronto.")],
    series_col: Annotated[str | None, typer.Option(help="Column of the series' key; guessed when absent.")] = None,
    ts_col: Annotated[str | None, typer.Option(help="Column of the interval's start; guessed when absent.")] = None,
    y_col: Annotated[str | None, typer.Option(help="Column of the demand; guessed when absent.")] = None,
    attribute_col: Annotated[list[str] | None, typer.Option(help="Column that describes a series; may repeat.")] = None,
    unit: Annotated[str, typer.Option(help="Unit of the demand, for tables and plots.")] = "units",
    as_json: AsJson = False,
) -> None:
    """Bring a feed of your own: writes the stream's definition and SQL, for you to read and change."""
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
    )
    console.show_added(name, vars(job.add(_settings(), new)), as_json)


@events_app.command("import")
def events_import(
    file: Annotated[
        Path, typer.Argument(help="CSV, Parquet or JSON: event_id, kind, starts_at, ends_at[, known_at, name, scope].")
    ],
    as_json: AsJson = False,
) -> None:
    """Import events; a version is kept of each that is new or changed."""
    from forecasting.jobs.streams import events as job

    console.report(job.import_file(_settings(), file).as_dict(), as_json)


@quarantine_app.command("list")
def quarantine_list(
    stream: OneStream = None,
    rows: Annotated[bool, typer.Option("--rows", help="The rows themselves, newest first, instead of counts.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also rows that were replayed.")] = False,
    most: Annotated[int, typer.Option(help="How many rows at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Rejected rows by reason, or one by one."""
    from forecasting.jobs.streams import quarantine as job

    settings = _settings()
    if rows:
        console.show_table(job.show_rows(settings, stream=stream, every=every, most=most), as_json)
    else:
        console.show_table(job.show_reasons(settings, stream=stream, every=every), as_json)


@quarantine_app.command("replay")
def quarantine_replay(stream: StreamName, as_json: AsJson = False) -> None:
    """Pull the span of the waiting rows again, after the feed, the SQL or the definition was put right."""
    from forecasting.jobs.streams import quarantine as job

    console.report(job.replay(_settings(), stream).as_dict(), as_json)


@runs_app.command("list")
def runs_list(
    stream: OneStream = None, most: Annotated[int, typer.Option(help="How many at most.")] = 20, as_json: AsJson = False
) -> None:
    """Executions, newest first."""
    from forecasting.jobs.upkeep import query as job

    console.show_table(job.runs(_settings(), stream=stream, most=most), as_json)


@lake_app.command("attach")
def lake_attach(
    writable: Annotated[bool, typer.Option("--writable", help="Without READ_ONLY.")] = False,
) -> None:
    """Print the statements that attach the lake in any DuckDB client."""
    from forecasting.jobs.upkeep import query as job

    typer.echo(job.attach(_settings(), read_only=not writable))


def _settings() -> Settings:
    return read_settings(os.environ)


def _worst(errors: list[ForecastingError]) -> int:
    """The gravest exit code: an unexpected failure, then bad data, then a user's mistake."""
    codes = {error.exit_code for error in errors}
    return next(code for code in (1, 3, 2) if code in codes)
