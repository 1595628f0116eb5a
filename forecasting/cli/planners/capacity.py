"""`forecasting capacity order`: what is ordered already, so that plans do not ask for it again."""

import json
import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, OneStream, StreamName
from forecasting.settings import read_settings

app = typer.Typer(help="Say which capacity is ordered already.", no_args_is_help=True)
order_app = typer.Typer(help="Put orders on record; plans count them and ask for no more.", no_args_is_help=True)
app.add_typer(order_app, name="order")


@order_app.command("add")
def order_add(
    stream: StreamName,
    series: Annotated[str, typer.Argument(help="Link, or group of trunks.", metavar="SERIES")],
    step: Annotated[str, typer.Option("--step", help="Step of the catalogue.", metavar="NAME")],
    in_service: Annotated[
        str, typer.Option("--in-service", help="Local day from which it is expected in service.", metavar="DATE")
    ],
    author: Annotated[str, typer.Option("--author", help="Who says so.", metavar="NAME")],
    ordered: Annotated[
        str | None, typer.Option("--ordered", help="Local day of the order; today when absent.", metavar="DATE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put an order of capacity on record.

    From the day on which it is expected in service plans count its capacity; until then no further order would change
    anything, so that none is demanded. It is done once the feed says another capacity. Plan again to see it.

    Example: forecasting capacity order add link_traffic core-1.ge-0/0/1 --step 100G --in-service 2024-09-01
    --author ana
    """
    from forecasting.jobs.planners.underway import capacity_orders as job

    order = job.add(
        read_settings(os.environ),
        stream,
        series=series,
        step=step,
        in_service=in_service,
        author=author,
        ordered=ordered,
    )
    if as_json:
        typer.echo(json.dumps(order, default=str))
    else:
        typer.echo(
            f"order {order['order_id']} of {stream}: {step} for {series}, to {order['step_capacity']:g}, ordered "
            f"{order['ordered_on']}, in service from {order['in_service_on']}"
        )


@order_app.command("list")
def order_list(
    stream: OneStream = None,
    every: Annotated[bool, typer.Option("--all", help="Also orders that were cancelled.")] = False,
    as_json: AsJson = False,
) -> None:
    """List orders by link."""
    from forecasting.jobs.planners.underway import capacity_orders as job

    console.show_table(job.show(read_settings(os.environ), stream=stream, every=every), as_json)


@order_app.command("cancel")
def order_cancel(
    order_id: Annotated[
        str, typer.Argument(help="Key of the order; see `forecasting capacity order list`.", metavar="KEY")
    ],
    as_json: AsJson = False,
) -> None:
    """Cancel an order: plans are without it."""
    from forecasting.jobs.planners.underway import capacity_orders as job

    stream = job.cancel(read_settings(os.environ), order_id)
    if as_json:
        typer.echo(json.dumps({"order_id": order_id, "stream": stream, "status": "cancelled"}))
    else:
        typer.echo(f"order {order_id} of {stream}: cancelled")
