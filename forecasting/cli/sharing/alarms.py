"""`forecasting alarms`: what needs a person, and what people say of it."""

import getpass
import json
import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, StreamName, Streams
from forecasting.settings import read_settings

NEEDS_PERSON = 4
"""Exit code where an alarm needs a person; the checks themselves went well."""
_SHOWN = ["alarm_id", "detail", "since", "needs_person", "acknowledged_by", "muted_until"]


class _CheckUnlessNamed(TyperGroup):
    """`forecasting alarms STREAM` and `forecasting alarms --json` are `forecasting alarms check ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_CheckUnlessNamed,
    help="Check whether anything needs a person, and answer. Without a command: check.",
)

Author = Annotated[
    str | None, typer.Option("--author", help="Who says so; the user of the system when absent.", metavar="NAME")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the answer.", metavar="WORDS")]


@app.command("check")
def alarms_check(
    streams: Streams = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", help="Origin to check; the newest of each stream when absent.", metavar="T"),
    ] = None,
    notify: Annotated[
        bool, typer.Option("--notify", help="Also send what is new, by webhook and mail as the settings say.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check streams against their own past.

    Of the feed: missing values, age, rejected rows. Of the forecast: bias, error, coverage, drift of the inputs. Of the
    run: nothing published, fallbacks, time. Limits are learned from eight weeks, by weekday, and so wide that chance
    calls a person once in two months at most. Exit code 4: something needs a person.

    Such as: forecasting alarms call_volume --origin 2026-03-29
    """
    settings = read_settings(os.environ)
    with console.working("alarms"):
        from forecasting.jobs.alarms import check as job
        from forecasting.jobs.alarms import notify as notices

        summary = job.run(settings, streams or [], origin=origin)
        sent = notices.run(settings, list(summary.checked)) if notify else None
    if as_json:
        typer.echo(json.dumps(summary.as_dict() | ({"sent": sent.__dict__} if sent else {}), default=str))
    else:
        typer.echo(
            f"checked {len(summary.checked)} streams: {len(summary.raised)} new alarms, {summary.needs} need a person"
        )
        if len(summary.alarms):
            console.show_table(summary.alarms[_SHOWN], as_json=False)
    for error in sent.errors if sent else ():
        typer.echo(f"error: {error}", err=True)
    console.show_errors(list(summary.errors.values()))
    if sent and sent.errors:
        raise typer.Exit(1)
    if summary.needs:
        raise typer.Exit(NEEDS_PERSON)


@app.command("list")
def alarms_list(
    streams: Streams = None,
    every: Annotated[bool, typer.Option("--all", help="Also alarms that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """List alarms as they were found last, without checking again."""
    from forecasting.jobs.alarms import listing as job

    rows = job.show(read_settings(os.environ), streams or [], every=every)
    console.show_table(rows if as_json else rows[[*_SHOWN[:3], "state", *_SHOWN[3:]]], as_json)


@app.command("ack")
def alarms_ack(
    alarm: Annotated[str, typer.Argument(help="Alarm; see `forecasting alarms list`.", metavar="ALARM")],
    reason: Reason,
    author: Author = None,
    until: Annotated[
        str | None, typer.Option("--until", help="First origin that calls again; when absent, none.", metavar="T")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say that somebody looks after an alarm; it calls nobody any more.

    Once it is over and comes again, it is a new alarm.
    """
    from forecasting.jobs.alarms import answers as job

    settings = read_settings(os.environ)
    summary = job.acknowledge(settings, alarm, author=author or getpass.getuser(), reason=reason, until=until)
    console.report(summary.as_dict(), as_json)


@app.command("mute")
def alarms_mute(
    stream: StreamName,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option("--until", help="First origin whose alarms call again.", metavar="T")
    ] = None,
    about: Annotated[
        str | None, typer.Option("--about", help="Only alarms about feed, forecast or run.", metavar="SUBJECT")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="Only those of a group, such as region=north.", metavar="GROUP")
    ] = None,
    author: Author = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back: they call again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep alarms of a stream on record without calling anybody.

    Such as: forecasting alarms mute call_volume --until 2026-04-07 --reason "move to the new switch"
    """
    from forecasting.jobs.alarms import answers as job

    summary = job.mute(
        read_settings(os.environ),
        stream,
        about=about,
        group=group,
        author=author or getpass.getuser(),
        reason=reason,
        until=until,
        undo=undo,
    )
    console.report(summary.as_dict(), as_json)
