"""`forecasting scenario` and `forecasting compare`: what would be if."""

import json
import os
from typing import Annotated

import typer

from forecasting.cli import console
from forecasting.cli.arguments import AsJson, StreamName
from forecasting.settings import read_settings

app = typer.Typer(help="Suppose something and plan it beside the plan.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the scenario.", metavar="SCENARIO")]
Author = Annotated[str, typer.Option("--author", help="Who says so.", metavar="NAME")]


@app.command("create")
def scenario_create(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="What it is about.", metavar="TEXT")],
    author: Author,
    source: Annotated[
        str, typer.Option("--from", help="Begin as this scenario is; base supposes nothing.", metavar="SCENARIO")
    ] = "base",
) -> None:
    """Make a scenario; it supposes nothing until something is added.

    Demand by `forecasting adjust add ... --scenario NAME`, rules by `scenario set`, new demand by `scenario copy`. Then
    plan it with `forecasting plan STREAM --origin DATE --scenario NAME`, and look with `forecasting compare`.

    Example: forecasting scenario create promo --reason "spring campaign" --author ana
    """
    from forecasting.jobs.scenarios import manage as job

    job.create(read_settings(os.environ), name, reason=reason, author=author, source=source)
    typer.echo(f"scenario {name}: made; nothing is planned by it before `forecasting plan STREAM --scenario {name}`")


@app.command("set")
def scenario_set(
    name: Name,
    stream: StreamName,
    rules: Annotated[
        list[str],
        typer.Argument(help="Rules such as shrinkage=0.35 or target=90/10; default takes one back.", metavar="RULE..."),
    ],
    author: Author,
) -> None:
    """Plan a stream by other rules of [planning.staffing].

    target, patience, shrinkage, max_occupancy, min_agents and handle_time, as a definition writes them.

    Example: forecasting scenario set promo call_volume shrinkage=0.35 --author ana
    """
    from forecasting.jobs.scenarios import manage as job

    pairs = dict(_pair(text) for text in rules)
    for rule, value in job.change_rules(read_settings(os.environ), name, stream, pairs, author=author).items():
        typer.echo(f"scenario {name}, {stream}: {rule} {'as defined' if value is None else f'= {value}'}")


@app.command("copy")
def scenario_copy(
    name: Name,
    stream: StreamName,
    series: Annotated[str, typer.Argument(help="Series whose demand the new one is like.", metavar="SERIES")],
    copy: Annotated[str, typer.Option("--as", help="Name of the pool that answers it.", metavar="POOL")],
    percent: Annotated[float, typer.Option(help="Its level, in percent of the other's; 0 takes it away.", metavar="P")],
    starts: Annotated[str, typer.Option("--starts", help="First instant: a date or a local time.", metavar="T")],
    author: Author,
    ramp: Annotated[
        str | None, typer.Option("--ramp", help="Whole days in which it grows to that level.", metavar="D")
    ] = None,
) -> None:
    """Add demand that is like a series' own: a new site, or a new queue.

    Example: forecasting scenario copy site2 call_volume care.voice.qc --as care_voice_ns --percent 40 --starts
    2026-04-01 --ramp 7d --author ana
    """
    from forecasting.jobs.scenarios import manage as job

    job.add_copy(
        read_settings(os.environ),
        name,
        stream,
        series=series,
        copy=copy,
        percent=percent,
        starts=starts,
        ramp=ramp,
        author=author,
    )
    typer.echo(f"scenario {name}, {stream}: {copy} is {percent:g}% of {series} from {starts}")


@app.command("capacity")
def scenario_capacity(
    name: Name,
    stream: StreamName,
    series: Annotated[str, typer.Argument(help="A link.", metavar="LINK")],
    capacity: Annotated[float, typer.Argument(help="What it has then; 0 takes it back.", metavar="CAPACITY")],
    starts: Annotated[str, typer.Option("--starts", help="Local date from which it has it.", metavar="DATE")],
    author: Author,
) -> None:
    """Give a link more capacity from a date on, as if it were ordered.

    Example: forecasting scenario capacity growth link_traffic mtl-core-00.ge-0/0/4 20000 --starts 2026-09-01
    --author ben
    """
    from forecasting.jobs.scenarios import manage as job

    given = read_settings(os.environ)
    job.set_capacity(given, name, stream, series=series, capacity=capacity, starts=starts, author=author)
    typer.echo(f"scenario {name}, {stream}: {series} {f'has {capacity:g} from {starts}' if capacity else 'as it is'}")


@app.command("list")
def scenario_list(
    every: Annotated[bool, typer.Option("--all", help="Also scenarios that are closed.")] = False,
    as_json: AsJson = False,
) -> None:
    """List scenarios and how much each supposes."""
    from forecasting.jobs.scenarios import manage as job

    console.show_table(job.show(read_settings(os.environ), every=every), as_json)


@app.command("show")
def scenario_show(name: Name, as_json: AsJson = False) -> None:
    """Show what a scenario supposes."""
    from forecasting.jobs.scenarios import manage as job

    console.show_table(job.show_one(read_settings(os.environ), name), as_json)


@app.command("close")
def scenario_close(name: Name) -> None:
    """Plan a scenario no more; what was planned stays."""
    from forecasting.jobs.scenarios import manage as job

    job.close(read_settings(os.environ), name)
    typer.echo(f"scenario {name}: closed")


def compare(stream: StreamName, name: Name, as_json: AsJson = False) -> None:
    """Show what a scenario differs by from the plan.

    Both are made from the same random paths, so that a difference is the scenario and not luck; 8 of 10 differences lie
    in the range of the last column. The table is analyst.scenario_delta, day by day.

    Example: forecasting compare call_volume promo
    """
    from forecasting.jobs.scenarios import compare as job

    found = job.compare(read_settings(os.environ), stream, name)
    if as_json:
        rows = json.loads(found.rows.to_json(orient="records"))
        typer.echo(json.dumps({"stream": stream, "scenario": name, "origin": found.origin.isoformat(), "rows": rows}))
        return
    typer.echo(f"{stream}: scenario {name} beside the plan from {found.origin:%Y-%m-%d %H:%M}")
    console.show_table(found.table(), as_json=False)


def _pair(text: str) -> tuple[str, str]:
    rule, equals, value = text.partition("=")
    if not (equals and rule.strip() and value.strip()):
        raise typer.BadParameter(f"expected a rule and its value such as shrinkage=0.35, found {text!r}")
    return rule.strip(), value.strip()
