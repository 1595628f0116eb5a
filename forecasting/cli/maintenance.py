"""Commands about the lake as a whole: queries, upkeep, and what is wrong with an installation."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson
from forecasting.errors import LakeError, SettingsError, gravest
from forecasting.redaction import redact
from forecasting.settings import Settings, read_settings

lake_app = typer.Typer(help="Make a lake, move it, and open it in other programs.", no_args_is_help=True)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.", metavar="QUERY")],
    timeout: Annotated[
        str, typer.Option(help="How long the query may take, such as 30s or 2h.", metavar="DURATION")
    ] = "10min",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Print this many rows at most; the answer says of how many.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, csv or json; with --out csv, parquet or xlsx. A table on a terminal, csv elsewhere.",
            metavar="FORMAT",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write all rows into this file instead.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Query the lake; nothing can be changed.

    It reads the lake and no other file. All tables and columns are described in analyst.dictionary. A table that is too
    wide for the terminal goes on below.

    Example: forecasting sql "select * from analyst.forecast_latest" --limit 5
    """
    from forecasting.jobs.reports import export
    from forecasting.jobs.upkeep import query as job

    settings = read_settings(os.environ)
    if out is not None:
        written = export.save(settings, query, out, form=form, timeout=timeout)
        typer.echo(f"{written.path}: {written.rows:,} rows")
        return
    if form not in (None, "table", "csv", "json"):
        raise typer.BadParameter(f"expected table, csv or json, found {form}; files need --out", param_hint="--format")
    found = job.run(settings, query, timeout=timeout)
    shown = found if limit is None else found.head(limit)
    shown.attrs = found.attrs
    if form == "table":
        console.draw_table(shown)
    elif form == "csv":
        typer.echo(shown.to_csv(index=False), nl=False)
    else:
        console.show_table(shown, as_json or form == "json")
    if len(shown) < len(found):
        typer.echo(f"{len(shown):,} of {len(found):,} rows", err=True)


@lake_app.command("init")
def lake_init(
    catalog: Annotated[
        str | None,
        typer.Option(help="postgres:CONNECTION or sqlite:FILE; FORECASTING_CATALOG when absent.", metavar="CATALOG"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the lake, and the roles of its PostgreSQL server.

    Run it as a role that may create roles, such as postgres, in a database of the lake's own. writer owns the lake's
    tables; airflow is for jobs and acts as writer; analyst reads; planner reads and may add to planners.inbox, an
    ordinary table. They have no password until you set one. What is there already stays; it can be run again.

    Example: forecasting lake init --catalog "postgres:host=db dbname=lake user=postgres"
    """
    from forecasting.jobs.upkeep import init as job

    named = {"FORECASTING_CATALOG": catalog} if catalog else {}
    made = job.run(read_settings({**os.environ, **named}))
    if not as_json:
        typer.echo(redact(f"lake in {made.catalog}, data in {made.data}"))
    if made.rights is not None:
        console.show_table(made.rights, as_json)
    else:
        typer.echo("[]" if as_json else "a catalog in a file has no roles: who may write its folder may write the lake")


@lake_app.command("move")
def lake_move(
    home: Annotated[str | None, typer.Option(help="Another home, for catalog, data and models.", metavar="DIR")] = None,
    catalog: Annotated[
        str | None, typer.Option(help="Another catalog: postgres:CONNECTION or sqlite:FILE.", metavar="CATALOG")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Folder or s3:// prefix for the data.", metavar="DATA")] = None,
    models: Annotated[
        str | None, typer.Option(help="Folder or s3:// prefix for the models; beside the data.", metavar="MODELS")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the lake to another place, and prove it equal there.

    Every table is compared by its number of rows and a hash of them all, every model by its files. The lake itself is
    only read, and stays. Stop the jobs first: what is written meanwhile is not copied. Interrupted, run it again.
    Older snapshots are not copied; older values are rows, and are. Definitions and feeds stay where they are.

    Example: forecasting lake move --catalog "postgres:host=db dbname=lake user=airflow" --data s3://bucket/lake/data
    """
    from forecasting.jobs.upkeep import move as job

    if home is None and (catalog is None or data is None):
        raise SettingsError("lake move: expected --home, or --catalog and --data, found neither; name the new place")
    place = {"CATALOG": catalog, "DATA": data, "MODELS": models, **({"HOME": home} if home else {})}
    target = {**os.environ, **{f"FORECASTING_{name}": value or "" for name, value in place.items()}}
    with console.working("lake move") as progress:
        moved = job.run(read_settings(os.environ), read_settings(target), begin=progress)
    console.show_table(moved.tables, as_json)
    if not moved.is_equal:
        raise LakeError(
            "lake move: the copy differs in the tables above; the lake itself was not changed; do not use the copy; "
            "see whether the disk or store is sound, and run it again"
        )
    if not as_json:
        typer.echo("\n".join(("all equal; the lake is at its new place with", *moved.exports)))


@lake_app.command("attach")
def lake_attach(writable: Annotated[bool, typer.Option("--writable", help="Without READ_ONLY.")] = False) -> None:
    """Print the SQL that attaches the lake in any DuckDB client."""
    from forecasting.jobs.upkeep import query as job

    typer.echo(job.attach(read_settings(os.environ), read_only=not writable))


@lake_app.command("claim")
def lake_claim(as_json: AsJson = False) -> None:
    """Confirm that FORECASTING_DATA belongs to this catalog.

    After the lake was moved or copied: the catalog then looks for its data there. After a backup of the catalog was
    restored: `forecasting maintain` then removes newer files, which the backup does not know. Run it only if no other
    catalog uses that folder.
    """
    from forecasting.jobs.upkeep import claim as job

    console.report(job.run(read_settings(os.environ)).as_dict(), as_json)


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
    """Keep the lake quick and small; safe while others work.

    Small files are merged. Removed are the rows of runs that were never published, origins older than --keep-forecasts
    in all their publications, snapshots older than --keep-snapshots, and data files that nothing has named for a day.
    No other file of FORECASTING_DATA is touched, and no data file where another catalog may need it.
    History, scores, models and the record of runs stay for good. analyst.forecast_as_of answers as before for every
    origin that stays.
    """
    with console.working("maintain") as progress:
        from forecasting.jobs.upkeep import maintain as job

        settings = read_settings(os.environ)
        if dry_run:
            summary = job.foresee(settings, keep_snapshots=keep_snapshots, keep_forecasts=keep_forecasts)
        else:
            summary = job.run(settings, keep_snapshots=keep_snapshots, keep_forecasts=keep_forecasts, begin=progress)
    console.report(summary.as_dict(), as_json)


def doctor(
    prove: Annotated[
        str | None,
        typer.Option(
            help="Prove on this stream, in a throw-away copy, what is promised of past origins.", metavar="STREAM"
        ),
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="First origin date of the proofs.", metavar="D")] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Last origin date of the proofs; the newest when absent.", metavar="D")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Check tables whole, not only what is recent.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check settings, folders, lake, models and feeds.

    Nothing is written. Exit code 0 where nothing is wrong (warnings are not), 2 for settings, 3 for bad data, 1 for
    anything else. With --prove three proofs, which take minutes. no_lookahead: a forecast does not change when all that
    became known after its origin does. idempotence: a backfill that is repeated, killed twenty times or run by two at
    once ends in the same tables. empty_window: an extract that holds no row is an error.
    """
    settings = read_settings(os.environ)
    if prove is None:
        if since or until:
            raise typer.BadParameter("--from and --to belong to --prove STREAM")
        _examine(settings, everything=everything, as_json=as_json)
    else:
        _prove(settings, prove, since=since, until=until, as_json=as_json)


def _examine(settings: Settings, *, everything: bool, as_json: bool) -> None:
    with console.working("doctor") as progress:
        from forecasting.jobs.upkeep import doctor as job

        found = job.run(settings, everything=everything, begin=progress)
    if as_json:
        typer.echo(json.dumps([one.as_dict() for one in found]))
    else:
        for one in found:
            typer.echo(f"{one.verdict:<8} {one.what}: {one.where}: {one.message}")
    if code := gravest(one.exit_code for one in found):
        raise typer.Exit(code)


def _prove(settings: Settings, stream: str, *, since: str | None, until: str | None, as_json: bool) -> None:
    with console.working(f"prove {stream}") as progress:
        from forecasting.jobs.proofs import run as job

        def report(line: str) -> None:
            progress(line)
            typer.echo(line, err=True)

        proofs = job.run(settings, stream, since=since, until=until, report=report)
    if as_json:
        typer.echo(json.dumps([proof.as_dict() for proof in proofs]))
    else:
        for proof in proofs:
            typer.echo(f"{'proved' if proof.holds else 'FAILED':<8} {proof.name}: {'; '.join(proof.messages)}")
    if not all(proof.holds for proof in proofs):
        raise typer.Exit(3)
