"""The command line: the same jobs that the DAGs call, for people."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from forecasting import __version__
from forecasting.cli import console, events, history, maintenance, models, planning, runs, series, streams
from forecasting.cli.output import sound_streams
from forecasting.cli.planners import adjust, capacity, publications, rosters, scenarios
from forecasting.cli.sharing import alarms, explain, export, report, serve
from forecasting.errors import ForecastingError, surprises_named

IN_ORDER_OF_NEED = (
    *("demo", "try", "streams", "run", "report", "alarms", "plan", "adjust", "scenario", "compare", "explain"),
    *("evaluate", "backfill"),
    *("capacity", "rosters", "sql", "export", "serve"),
    *("ingest", "train", "forecast", "score", "events", "series", "surges", "quarantine", "runs"),
    *("publications", "models"),
    *("lake", "maintain", "doctor", "version"),
)
"""Commands as a person comes to need them: first steps, the daily run, its single steps, upkeep."""


class _Commands(TyperGroup):
    """Lists the commands in that order; one that is not in it comes last."""

    def list_commands(self, ctx: Any) -> list[str]:
        place = {name: number for number, name in enumerate(IN_ORDER_OF_NEED)}
        return sorted(super().list_commands(ctx), key=lambda name: place.get(name, len(place)))


app = typer.Typer(
    name="forecasting",
    cls=_Commands,
    help="Demand forecasts for telecom operators: usage history in, quantile forecasts and plans out.",
    epilog=(
        "Begin with `forecasting demo`, or with your own data: `forecasting streams add NAME --feed FILE ...`, then "
        "`forecasting run NAME --origin DATE`. Everything lives below FORECASTING_HOME (default: this folder)."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for name, group in (
    ("streams", streams.app),
    ("adjust", adjust.app),
    ("publications", publications.app),
    ("scenario", scenarios.app),
    ("capacity", capacity.app),
    ("rosters", rosters.app),
    ("events", events.app),
    ("series", series.app),
    ("surges", series.surges_app),
    ("quarantine", streams.quarantine_app),
    ("runs", runs.app),
    ("models", models.app),
    ("lake", maintenance.lake_app),
    ("explain", planning.explain_app),
    ("alarms", alarms.app),
):
    app.add_typer(group, name=name)
for command in (
    *(runs.run, runs.ingest, runs.train, runs.forecast, runs.score),
    *(report.report, export.export, serve.serve, planning.plan, scenarios.compare),
    *(history.evaluate, history.backfill),
    *(maintenance.sql, maintenance.maintain, maintenance.doctor),
):
    app.command()(command)
app.command("try")(runs.try_feed)
planning.explain_app.command("forecast")(explain.forecast)


def main() -> None:
    """Run the command line; an error is one line on stderr and its exit code."""
    with sound_streams() as output:
        code = _run()
        output.flush()
        if output.refusal is not None:
            reason = output.refusal.strerror or output.refusal
            typer.echo(
                f"error: standard output: {reason}; the command went on to its end, what it printed is not complete",
                err=True,
            )
    sys.exit(code or int(output.refusal is not None))


def _run() -> int:
    """The exit code of the command that was typed."""
    try:
        with surprises_named():
            app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except ForecastingError as error:
        logging.getLogger(__name__).info("stopped", exc_info=error)
        typer.echo(f"error: {error}", err=True)
        return error.exit_code
    return 0


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
    folder: Annotated[Path, typer.Option("--out", help="Folder of the demo's lake and feeds.", metavar="DIR")] = Path(
        "demo"
    ),
) -> None:
    """See it all at work in a folder of its own, in minutes.

    Five streams, one real and four generated, are ingested, trained, forecast and scored; one is staffed, and of one
    the links that run out of capacity are listed. Ends with the commands to try next.
    """
    with console.working("demo"):
        from forecasting.jobs import demo as job

        job.run(folder, report=typer.echo)
