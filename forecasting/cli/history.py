"""Commands about the past: how good forecasts would have been, and forecasts of past origins issued again."""

import json
import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, StreamName
from forecasting.errors import gravest
from forecasting.settings import read_settings
from forecasting.terms import ModelChoice


def evaluate(
    stream: StreamName,
    since: Annotated[str | None, typer.Option("--from", help="First origin; chosen when absent.", metavar="D")] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Last origin; the newest whose horizon is measured.", metavar="D")
    ] = None,
    every: Annotated[str, typer.Option(help="Time between two origins, whole days.", metavar="TIME")] = "7d",
    as_json: AsJson = False,
) -> None:
    """Find out how good the forecasts would have been.

    Forecasts again from past origins, each from what was known then, and scores against what was measured since.
    Without a range: up to eight weekly origins, the newest whose horizon has been measured. Every origin uses the model
    that was due at the first, trained now if need be, which may take the stream's budget. Nothing is published; scores
    go to analyst.backtests. The floor is the WAPE that noise alone leaves of counts, the excess what could be avoided.
    """
    with console.working(f"evaluate {stream}") as progress:
        from forecasting.jobs import evaluate as job

        found = job.run(read_settings(os.environ), stream, since=since, until=until, every=every, begin=progress)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), default=str))
    else:
        console.show_evaluation(found.summary.as_dict(), found.report.tables, found.report.sentences)


def backfill(
    stream: StreamName,
    since: Annotated[str, typer.Option("--from", help="First origin date.", metavar="D")],
    until: Annotated[str, typer.Option("--to", help="Last origin date, in the range too.", metavar="D")],
    models: Annotated[
        ModelChoice,
        typer.Option(
            help="as-of: the champion as of each origin, trained at the retrain boundaries that have no model yet. "
            "champion: today's, which has seen later demand; its rows say hindsight."
        ),
    ] = ModelChoice.AS_OF,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Also replace what a nightly run published; the older rows stay in analyst.forecast_as_of.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained and issued; change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the forecasts of past origins, as known then.

    What is new or differs is published. The same range again publishes nothing, and an interrupted one goes on where it
    stopped: an origin is settled once this code, definition and model have issued it and nothing before it has changed
    since. What was replaced stays in analyst.forecast_as_of(t). An origin that fails does not stop the others.
    """
    with console.working(f"backfill {stream}") as progress:
        from forecasting.jobs import backfill as job
        from forecasting.jobs.common.backfills import Progress

        steps = Progress(begin=progress, issued=lambda one: None if as_json else console.show_issued(one.as_dict()))
        report = job.run(
            read_settings(os.environ),
            stream,
            since=since,
            until=until,
            models=models,
            replace=replace,
            dry_run=dry_run,
            progress=steps,
        )
    if as_json:
        typer.echo(json.dumps(report.as_dict()))
    else:
        console.show_backfill(report.as_dict())
    if code := gravest(issued.exit_code for issued in report.origins):
        raise typer.Exit(code)
