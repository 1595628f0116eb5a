"""`forecasting publications`: what is current of an origin, and what not any more."""

import json
import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream, StreamName
from forecasting.settings import read_settings

app = typer.Typer(help="List what was published; withdraw what is wrong.", no_args_is_help=True)


@app.command("list")
def publications_list(
    stream: OneStream = None,
    most: Annotated[int, typer.Option(help="How many at most.", metavar="N", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List forecasts and plans that were published, newest origin first."""
    from forecasting.jobs.planners import publications as job

    console.show_table(job.show(read_settings(os.environ), stream=stream, most=most), as_json)


@app.command("withdraw")
def publications_withdraw(
    stream: StreamName,
    origin: Annotated[str, typer.Argument(help="Origin: an ISO date (local midnight) or timestamp.", metavar="ORIGIN")],
    reason: Annotated[str, typer.Option("--reason", help="Why.", metavar="TEXT")],
    author: Annotated[str, typer.Option("--author", help="Who says so.", envvar="USER", metavar="NAME")] = "a person",
    as_json: AsJson = False,
) -> None:
    """Withdraw the forecast and plan of an origin.

    Those of the origin before are current again. Nothing is deleted: views as of an instant before the withdrawal still
    show them, as does the list of publications. Forecast and plan the origin again, and it is current again.

    Example: forecasting publications withdraw sales 2024-06-04 --reason "feed was half empty" --author ana
    """
    from forecasting.jobs.planners import publications as job

    done = job.withdraw(read_settings(os.environ), stream, origin=origin, reason=reason, author=author)
    if as_json:
        typer.echo(json.dumps(done.as_dict()))
        return
    current = f"the forecast from {done.current.isoformat()} is current again" if done.current else "none is current"
    typer.echo(f"{done.what} of {stream} from {done.origin.isoformat()}: withdrawn; {current}")
