"""`forecasting maintain` and `forecasting doctor`: the lake's upkeep, and what is wrong with an installation."""

import json
import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson
from forecasting.settings import Settings, read_settings


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
        from forecasting.jobs.upkeep import maintain as job

        settings = read_settings(os.environ)
        if dry_run:
            summary = job.foresee(settings, keep_snapshots=keep_snapshots, keep_forecasts=keep_forecasts)
        else:
            summary = job.run(settings, keep_snapshots=keep_snapshots, keep_forecasts=keep_forecasts, begin=told)
    console.report(summary.as_dict(), as_json)


def doctor(
    prove: Annotated[
        str | None,
        typer.Option(
            help="Prove on this stream, in a throw-away copy, what is promised of past nights.", metavar="STREAM"
        ),
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="First origin date of the proofs.", metavar="D")] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Last origin date of the proofs; the newest when absent.", metavar="D")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Check tables whole, not only what is recent.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look everything over: settings, folders, lake, keys, models, definitions, feeds. Nothing is written.

    Exit code 0 where nothing is wrong (warnings are not), 2 for settings, 3 for bad data. With --prove three proofs,
    which take minutes: a forecast does not change when all that was learned after its origin does; a backfill that is
    repeated, killed twenty times or run by two at once ends in the same tables; an empty extract window is an error.
    """
    settings = read_settings(os.environ)
    if prove is None:
        if since or until:
            raise typer.BadParameter("--from and --to belong to --prove STREAM")
        _examine(settings, everything=everything, as_json=as_json)
    else:
        _prove(settings, prove, since=since, until=until, as_json=as_json)


def _examine(settings: Settings, *, everything: bool, as_json: bool) -> None:
    with console.working("doctor") as told:
        from forecasting.jobs.upkeep import doctor as job

        findings = job.run(settings, everything=everything, begin=told)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{finding.verdict:<8} {finding.what}: {finding.where}: {finding.message}")
    codes = {finding.exit_code for finding in findings} - {0}
    if codes:
        raise typer.Exit(max(codes))


def _prove(settings: Settings, stream: str, *, since: str | None, until: str | None, as_json: bool) -> None:
    with console.working(f"prove {stream}") as told:
        from forecasting.jobs.proofs import run as job

        def tell(line: str) -> None:
            told(line)
            typer.echo(line, err=True)

        proofs = job.run(settings, stream, since=since, until=until, tell=tell)
    if as_json:
        typer.echo(json.dumps([proof.as_dict() for proof in proofs]))
    else:
        for proof in proofs:
            typer.echo(f"{'proved' if proof.holds else 'FAILED':<8} {proof.name}: {'; '.join(proof.told)}")
    if not all(proof.holds for proof in proofs):
        raise typer.Exit(3)
