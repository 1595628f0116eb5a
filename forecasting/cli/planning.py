"""Commands that turn forecasts into people and capacity."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, StreamName
from forecasting.settings import read_settings
from forecasting.terms import parse_duration


def plan(
    stream: StreamName,
    origin: Annotated[
        str | None,
        typer.Option("--origin", help="Plan from the forecast published from this origin.", metavar="T"),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(
            "--replay",
            help="Instead: replay the real calls of these days against the plans of their mornings.",
            metavar="FROM..TO",
        ),
    ] = None,
    lead: Annotated[
        str, typer.Option("--lead", help="With --replay: how long before each day its plan was made.", metavar="D")
    ] = "7d",
    quick: Annotated[
        bool,
        typer.Option("--quick", help="After an adjustment: plan only the pools that it touches, shifts in seconds."),
    ] = False,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="Plan this scenario, beside the plan; see `forecasting scenario`."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Also write a CSV for each pool and week into this folder.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Plan staff or capacity from a forecast, and publish.

    With [planning.staffing]: from the distribution of calls and handle times. The service level is the share of all
    offered calls that is answered within the target's seconds; abandoned calls count as not answered. `confidence` is
    the probability of meeting the target in an interval. Shrinkage is applied once, from agents to rostered. Shifts are
    planned where the definition has a catalogue. With --replay nothing is written.

    With --quick, pools whose load is that of a plan of this origin keep their rows, and the shifts of the others may
    cost up to 3% more than the best ones; a plan without it searches for longer.

    With [planning.capacity]: when each link's peak passes its ceiling, how sure, the last day of an order, the cheapest
    step that lasts and the cost of a delay, with all links up and with any parallel link failed; see
    analyst.capacity_watchlist.
    """
    if (origin is None) == (replay is None):
        raise typer.BadParameter("expected either --origin T or --replay FROM..TO")
    if scenario is not None and (quick or export is not None):
        raise typer.BadParameter("a scenario is planned in full and not exported", param_hint="--scenario")
    if replay is not None and export is not None:
        raise typer.BadParameter("a replay publishes no plan, so there is none to export", param_hint="--export")
    if replay is not None:
        _replay(stream, replay, lead, as_json)
        return
    assert origin is not None
    if scenario is not None:
        _plan_scenario(stream, origin, scenario, as_json)
        return
    if export is not None:
        from forecasting.jobs.staffing import export as exporting

        exporting.check(read_settings(os.environ), stream)
    with console.working(f"plan {stream}") as report:
        from forecasting.jobs import plan as job

        summary = job.run(
            read_settings(os.environ),
            stream,
            origin=origin,
            quick=quick,
            begin=lambda part: report(f"plan {stream}: {part}"),
        )
    console.report(summary.as_dict(), as_json)
    if export is not None:
        for path in exporting.run(read_settings(os.environ), stream, origin=origin, folder=export):
            typer.echo(str(path), err=as_json)


def _plan_scenario(stream: str, origin: str, scenario: str, as_json: bool) -> None:
    with console.working(f"plan {stream}, {scenario}") as report:
        from forecasting.jobs.scenarios import plan as job

        summary = job.run(
            read_settings(os.environ),
            stream,
            origin=origin,
            scenario=scenario,
            begin=lambda part: report(f"plan {stream}, {scenario}: {part}"),
        )
    console.report(summary.as_dict(), as_json)
    if not as_json:
        typer.echo(f"  see forecasting compare {stream} {scenario}")


def _replay(stream: str, span: str, lead: str, as_json: bool) -> None:
    since, dots, until = span.partition("..")
    if not dots:
        raise typer.BadParameter(
            f"expected two dates such as 2026-01-01..2026-01-31, found {span!r}", param_hint="--replay"
        )
    try:
        before = parse_duration(lead)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lead") from error
    with console.working(f"replay {stream}") as report:
        from forecasting.jobs.staffing import replay as job

        found = job.run(read_settings(os.environ), stream, since=since, until=until, lead=before, begin=report)
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
        return
    typer.echo(
        f"{stream}: {found.calls} calls on {found.days} days, plans made {lead} before each, target {found.target} "
        "(share of all offered calls answered in time)"
    )
    console.show_table(found.table(), as_json=False)
    typer.echo(
        "intervals: share of those with more than five calls that met the target, in percent; days: of the days of "
        "each pool as a whole"
    )


explain_app = typer.Typer(help="Explain a forecast, or one cell of a plan, step by step.", no_args_is_help=True)


@explain_app.command("staffing")
def explain_staffing(
    stream: StreamName,
    series: Annotated[str, typer.Argument(help="A pool, or a series of one.", metavar="SERIES")],
    ts: Annotated[str, typer.Argument(help="A moment of the interval, local unless it has an offset.", metavar="TS")],
    origin: Annotated[
        str | None, typer.Option("--origin", help="Origin of the plan; the newest up to TS when absent.", metavar="T")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain the agents of a pool in an interval.

    Forecast, load, formula, target, shrinkage and the rule that decided.

    Such as: forecasting explain staffing call_volume care_voice "2026-03-30 10:00"
    """
    from forecasting.jobs.staffing import explain as job

    found = job.staffing(read_settings(os.environ), stream, series=series, ts=ts, origin=origin)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), default=str))
        return
    typer.echo(f"{found.stream}, pool {found.pool}, {found.interval}\nplan {found.run_id} from {found.origin}\n")
    console.show_table(found.forecasts, as_json=False, title="forecasts")
    typer.echo()
    for line in found.lines:
        typer.echo(line)
    typer.echo()
    console.show_table(found.formula, as_json=False, title="share of all offered calls that is answered in time")


@explain_app.command("capacity")
def explain_capacity(
    stream: StreamName,
    series: Annotated[str, typer.Argument(help="A link of the plan.", metavar="SERIES")],
    origin: Annotated[
        str | None, typer.Option("--origin", help="Origin of the plan; the newest when absent.", metavar="T")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain the run-out day and the order of a link.

    Measured peaks, forecast, ceiling, lead time, catalogue and cost, and every failure of a parallel link.

    Such as: forecasting explain capacity link_traffic mtl-core-00.ge-0/0/4
    """
    from forecasting.jobs.capacity import explain as job

    found = job.capacity(read_settings(os.environ), stream, series=series, origin=origin)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), default=str))
        return
    typer.echo(f"{found.stream}, {found.series}\nplan {found.run_id} from {found.origin}\n")
    for line in found.lines:
        typer.echo(line)
    for title, table in (
        ("peaks of the last days", found.measured),
        ("peaks ahead", found.forecast),
        ("catalogue", found.steps),
        ("with all links up, and with a parallel link failed", found.failures),
    ):
        if not table.empty:
            typer.echo()
            console.show_table(table, as_json=False, title=title)
