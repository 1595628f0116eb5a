"""`forecasting report`: the morning page."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, Streams
from forecasting.settings import read_settings


def report(
    streams: Streams = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            help="Newest origin to show: an ISO date or timestamp, local; the newest of each stream when absent.",
            metavar="T",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the reports; FORECASTING_HOME/reports when absent.", metavar="DIR"),
    ] = None,
    split: Annotated[
        bool,
        typer.Option(
            "--split/--no-split", help="Whether the days that changed most are forecast again to find out why."
        ),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write the morning page as HTML and as a workbook.

    What was published, what needs a person, the coming days, what changed, errors, capacity and rejected rows, each
    with the SQL that made it. The page loads nothing from anywhere and can be sent by mail. Without a name: every
    stream in use.

    Such as: forecasting report --origin 2026-03-29 --out reports
    """
    with console.working("report"):
        from forecasting.jobs.reports import run as job

        summary = job.run(read_settings(os.environ), streams or [], origin=origin, folder=out, split=split)
    if as_json:
        typer.echo(json.dumps(summary.as_dict()))
        return
    typer.echo(f"{summary.page}\n{summary.workbook}\n{summary.index}\n{summary.lead}")
    for name, why in summary.left_out.items():
        typer.echo(f"left out: {name}: {why}")
    for name, why in summary.unexplained.items():
        typer.echo(f"changes not split: {name}: {why}")
