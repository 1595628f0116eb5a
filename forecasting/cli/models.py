"""`forecasting models ...`: which models there are, which is champion, and the way back to an older one."""

import os
import sys
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream
from forecasting.settings import read_settings

ON_A_TERMINAL = ("model_id", "champion_since", "verdict", "gain", "noise")
"""Columns that fit beside each other there; all go into a pipe or JSON."""

app = typer.Typer(help="See which model is champion; choose another.", no_args_is_help=True)


@app.command("list")
def models_list(stream: OneStream = None, as_json: AsJson = False) -> None:
    """List trained models, newest first, and the champions.

    Shows which is champion and since which origin, and how each fared as a challenger. gain is the share of WQL that a
    challenger saved on held-back origins, noise how much sampling alone brings in one contest of ten. Verdicts:
    first (no champion yet), promoted (gain above noise), aged (not measurably worse than a champion of four retrain
    periods), uncontested (the champion's files were damaged), manual (a person's choice), kept (the champion stays).
    """
    from forecasting.jobs.upkeep import query as job

    models = job.models(read_settings(os.environ), stream=stream)
    narrow = sys.stdout.isatty() and not as_json
    console.show_table(models[list(ON_A_TERMINAL)] if narrow else models, as_json)


@app.command("card")
def models_card(as_json: AsJson = False) -> None:
    """Show the card of the pretrained networks.

    What they learned from, and how they score on generated demand that they did not learn from. loss is the scaled
    quantile loss, relative is loss over that of the mean of the last four weeks. The table has the share of values that
    each interval holds, by days ahead, and the factors by which intervals of a stream's first forecast are stretched.
    """
    from forecasting.jobs.training import card as job

    console.show_card(*job.run(), as_json=as_json)


@app.command("promote")
def models_promote(
    model_id: Annotated[str, typer.Argument(help="Key of a model; see `forecasting models list`.", metavar="MODEL_ID")],
    origin: Annotated[
        str | None,
        typer.Option(
            help="Origin from which it forecasts; when absent the newest that was published or decided at.", metavar="T"
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.", metavar="TEXT")] = None,
    by: Annotated[str, typer.Option(help="Who decides, for the record.", envvar="USER", metavar="NAME")] = "a person",
    as_json: AsJson = False,
) -> None:
    """Make a model champion: the way back from a worse one.

    It forecasts from the origin on, until a training promotes one that is better than it. What was published stays as
    it is; to issue the last origin again: forecasting forecast STREAM --origin DATE.

    Example: forecasting models promote call_volume-20240205-5be1d2f0a9c3 --reason "Monday far too high"
    """
    with console.working(f"promote {model_id}"):
        from forecasting.jobs.training import promote as job

        summary = job.run(read_settings(os.environ), model_id, by=by, origin=origin, reason=reason)
    console.report(summary.as_dict(), as_json)
