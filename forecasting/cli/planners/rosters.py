"""`forecasting rosters`: who really works when, beside the shifts of our own plans."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli.arguments import AsJson
from forecasting.settings import read_settings

app = typer.Typer(help="Take in rosters of a workforce tool; see them beside our own.", no_args_is_help=True)


@app.command("import")
def rosters_import(
    file: Annotated[Path, typer.Argument(help="CSV of shifts, or of agents an interval.", metavar="FILE.csv")],
    stream: Annotated[str, typer.Option("--stream", help="Stream of the calls.", metavar="STREAM")],
    as_json: AsJson = False,
) -> None:
    """Take in rosters as they really are.

    Columns: pool (a pool, or a group of several skills), starts_at, ends_at and agents; without agents a row is the
    time that one person is at work, without breaks. Times are local ones of the stream unless they have an offset. Of a
    pool and day the newest import counts as a whole. A bad row goes to quarantine with the reason; the rest is taken.
    analyst.coverage has them beside the people that the plan needs and those of its own shifts.

    Example: forecasting rosters import week.csv --stream call_volume
    """
    from forecasting.jobs.planners.underway import rosters as job

    taken = job.import_file(read_settings(os.environ), file, stream=stream)
    if as_json:
        typer.echo(json.dumps(taken.as_dict()))
        return
    typer.echo(
        f"rosters of {taken.source}: {taken.hours:,.1f} person-hours of {taken.days} days of pools are new or changed, "
        f"{len(taken.rejected)} rows to quarantine"
    )
    for one in taken.rejected:
        typer.echo(f"  rejected  {one.reason}")
