"""`forecasting export`: published rows for other programs."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson
from forecasting.settings import read_settings


def export(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="A view of schema analyst, or one SELECT; with --to views only.", metavar="VIEW"),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="parquet, csv or xlsx.", metavar="FORMAT")] = "parquet",
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the file.", metavar="DIR")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the file; that of the view when absent.", metavar="NAME")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Instead: copy views into this PostgreSQL database.", metavar="postgres:CONNECTION"),
    ] = None,
    schema: Annotated[str, typer.Option("--schema", help="With --to: schema of the copies.")] = "forecasting",
    timeout: Annotated[
        str, typer.Option(help="How long the query may take, such as 30s or 2h.", metavar="DURATION")
    ] = "1h",
    as_json: AsJson = False,
) -> None:
    """Write published rows as files, or to PostgreSQL.

    A file is replaced as a whole. In XLSX instants are UTC. With --to the named views, or all that planners use, are
    brought up to date in one transaction: rows of new runs come, those of runs that are no longer current go.

    Such as: forecasting export staffing_latest --format xlsx --out /srv/exports
    """
    from forecasting.jobs.reports import export as job

    settings = read_settings(os.environ)
    if to is not None:
        if out is not None:
            raise typer.BadParameter("--out belongs to a file, --to to a database; expected one of them")
        with console.working("export") as _:
            copied = job.copy(settings, what or [], to=to, schema=schema)
        if as_json:
            typer.echo(json.dumps([asdict(one) for one in copied]))
            return
        for one in copied:
            typer.echo(f"{schema}.{one.view}: {one.added:,} rows added, {one.removed:,} removed")
        return
    if out is None or not what or len(what) != 1:
        raise typer.BadParameter("expected one view or query and --out DIR, or --to postgres:CONNECTION")
    with console.working("export"):
        written = job.run(settings, what[0], form=form, folder=out, name=name, timeout=timeout)
    typer.echo(json.dumps(asdict(written)) if as_json else f"{written.path}: {written.rows:,} rows")
