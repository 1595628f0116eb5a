"""`forecasting explain forecast`: why a published number is what it is."""

import json
import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, StreamName
from forecasting.cli.sharing.terminal import cell_text, sparkline
from forecasting.settings import read_settings


def forecast(
    stream: StreamName,
    series: Annotated[str, typer.Argument(help="A series of the forecast.", metavar="SERIES")],
    ts: Annotated[
        str | None,
        typer.Argument(
            help="A local time such as '2026-03-30 10:00', or a date; its first whole day when absent.", metavar="TS"
        ),
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", help="Origin of the forecast; the newest when absent.", metavar="T")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain a published forecast of a series.

    The mean as a sum of parts: the newest value of the same time of week, what each member of the ensemble and each
    group of inputs of the trees adds, reconciliation and events. Then weights and why, the range, past weeks and
    events. The forecast is made once more, as known at its origin, and has to be the published one.

    Such as: forecasting explain forecast call_volume care_voice "2026-03-30 10:00"
    """
    with console.working(f"explain {stream}"):
        from forecasting.jobs.explained import forecast as job

        found = job.forecast(read_settings(os.environ), stream, series=series, ts=ts, origin=origin)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), default=str))
        return
    typer.echo(f"{found.sentence}\n")
    band = ""
    if found.quantiles:
        low, high = (cell_text(found.quantiles[name]) for name in ("q10", "q90"))
        band = f", 80% range {low} to {high}"
    typer.echo(f"{found.stream}, {found.series}, {found.when}: {cell_text(found.mean)} {found.unit}{band}")
    if len(found.course) > 1:
        ahead, newest = found.course["forecast"].tolist(), found.course["newest"].tolist()
        top = max([value for value in (*ahead, *newest) if value == value] or [0.0])
        times = f"{found.course['time'].iloc[0][11:]} to {found.course['time'].iloc[-1][11:]}"
        typer.echo(f"{sparkline(ahead, most=top)}  forecast, {times}")
        typer.echo(f"{sparkline(newest, most=top)}  {found.parts['part'].iloc[0]}")
    typer.echo(f"published from {found.origin} as {found.run_id}\nmodel {found.model_id or 'none'}\n")
    console.show_table(found.parts, as_json=False, title="the mean as a sum")
    typer.echo()
    console.show_table(found.members, as_json=False, title="members; loss: on held-back origins, over the best")
    for title, table in (
        ("the same time in past weeks, as measured", found.past),
        ("events and holidays", found.events),
        ("what TFT looks at", found.looks),
    ):
        if not table.empty:
            typer.echo()
            console.show_table(table, as_json=False, title=title)
    typer.echo()
    for line in found.lines:
        typer.echo(line)
