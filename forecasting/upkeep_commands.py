"""`forecasting maintain`: the lake's upkeep."""

import os
from typing import Annotated

import typer

from forecasting import console
from forecasting.arguments import AsJson
from forecasting.settings import read_settings


def maintain(
    keep_snapshots: Annotated[
        str, typer.Option(help="Age of the oldest snapshot that stays, at least 1d.", metavar="AGE")
    ] = "30d",
    keep_forecasts: Annotated[
        str, typer.Option(help="How far before a stream's newest origin its forecasts stay.", metavar="AGE")
    ] = "800d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the lake quick and small: merge small files, remove what nobody may see any more. Safe while others work.

    Removed are the rows of runs that were never published, origins older than --keep-forecasts in all their
    publications, snapshots older than --keep-snapshots, and files that nothing names since a day. History, scores,
    models and the record of runs stay for good. analyst.forecast_as_of answers as before for every origin that stays.
    """
    with console.working("maintain") as told:
        from forecasting.jobs import maintain as job

        settings = read_settings(os.environ)
        if dry_run:
            summary = job.foresee(settings, keep_snapshots=keep_snapshots, keep_forecasts=keep_forecasts)
        else:
            summary = job.run(settings, keep_snapshots=keep_snapshots, keep_forecasts=keep_forecasts, begin=told)
    console.report(summary.as_dict(), as_json)
