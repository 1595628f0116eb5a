"""`forecasting serve`: published rows for DuckDB clients."""

import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.settings import read_settings


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; only this machine by default.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen at.", min=1, max=65535)] = 9494,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", help="File with the token; a new one is made and printed when absent.", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Serve published rows to DuckDB clients, read-only.

    For people who cannot reach the lake's files. They need the same DuckDB version, its extension quack and the token,
    and may send one SELECT on schema analyst at a time. Ends with Ctrl-C. The extension is experimental; it comes with
    pip install 'forecasting[serve]'.

    Such as: forecasting serve --token-file /etc/forecasting/token
    """
    from forecasting.jobs.reports import serve as job

    if job.is_open_to_others(host):
        typer.echo("warning: the traffic is not encrypted; put a proxy with TLS before it", err=True)

    def ready(address: str, token: str | None) -> None:
        typer.echo(f"serving at quack:{address}; Ctrl-C ends it. Clients:")
        typer.echo(f"  load quack; create secret (type quack, token '{token or 'TOKEN'}');")
        typer.echo(f"  attach 'quack:{address}' as lake;")
        typer.echo("  from lake.query('from analyst.streams');")

    job.run(read_settings(os.environ), host=host, port=port, token_file=token_file, ready=ready)
