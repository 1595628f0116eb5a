"""The next two weeks: days by group and by pool with their ranges, events, agent-hours and hours without people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape

import pandas as pd

from forecasting.reports.blocks import Answer, Chart, PageBlock, Table, TableColumn
from forecasting.reports.charts import draw_day_ranges
from forecasting.reports.formats import Kind, is_missing, write
from forecasting.reports.scope import Scope

MOST = 24
"""Charts of a block."""
_LEGEND = (("median", "median day"), ("band80", "80% of all cases"), ("occasion", "event or holiday"))


@dataclass(frozen=True)
class Happening:
    """An event or holiday. series: those that it concerns, None for all."""

    name: str
    days: tuple[str, ...]
    """Local dates, ISO."""
    series: frozenset[str] | None


def read_happenings(rows: pd.DataFrame) -> list[Happening]:
    """rows: of `reports/occasions.sql`."""
    found = []
    for row in rows.to_dict("records"):
        start, end = pd.Timestamp(row["starts"]), pd.Timestamp(row["ends"])
        days = pd.date_range(start.normalize(), max(start, end - pd.Timedelta(seconds=1)), freq="D")
        series = None if row["series_ids"] is None or is_missing(row["series_ids"]) else frozenset(row["series_ids"])
        found.append(Happening(str(row["name"]), tuple(f"{day:%Y-%m-%d}" for day in days), series))
    return found


def days_of(happenings: Sequence[Happening], patterns: Sequence[str] | None = None) -> dict[str, str]:
    """What happens by ISO date, to series whose names match one of the patterns, or to any."""
    found: dict[str, list[str]] = {}
    for one in happenings:
        if patterns is not None and one.series is not None and not _match(one.series, patterns):
            continue
        for day in one.days:
            found.setdefault(day, []).append(one.name)
    return {day: "; ".join(names) for day, names in found.items()}


def _match(series: Iterable[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in series for pattern in patterns)


def occasions(scope: Scope, answer: Answer) -> PageBlock | None:
    """answer: of `reports/occasions.sql`."""
    if answer.rows.empty:
        return None
    columns = [
        TableColumn("name", "What"),
        TableColumn("kind", "Kind"),
        TableColumn("series", "Series concerned", Kind.COUNT),
        TableColumn("starts", "From", Kind.TIME),
        TableColumn("ends", "Until", Kind.TIME),
    ]
    return PageBlock(
        f"occasions-{scope.name}", f"{scope.name}: events and holidays ahead", answer, "", Table(columns, answer.rows)
    )


def group_days(scope: Scope, answer: Answer, happenings: Sequence[Happening], *, stat: str) -> PageBlock | None:
    """answer: of `reports/group_days.sql`. stat: what a day is of."""
    columns = [
        TableColumn("day", "Day", Kind.DAY),
        TableColumn("median", "Median", scope.demand),
        TableColumn("q10", "80% from", scope.demand),
        TableColumn("q90", "to", scope.demand),
        TableColumn("q05", "90% from", scope.demand),
        TableColumn("q95", "to", scope.demand),
    ]
    happens = days_of(happenings)
    charts = _charts(scope, answer.rows, "group_name", columns, lambda _: happens)
    if not charts:
        return None
    return PageBlock(
        key=f"groups-{scope.name}",
        title=f"{scope.name}: days by group",
        note=f"{stat} of {scope.unit} a day, from joint sample paths: ranges of groups are not sums of their parts.",
        answer=answer,
        charts=charts,
        legend=_legend(charts),
    )


def pool_days(
    scope: Scope, answer: Answer, happenings: Sequence[Happening], pools: Mapping[str, Sequence[str]]
) -> PageBlock | None:
    """answer: of `reports/pool_days.sql`. pools: patterns of the series of each; a pool that it lacks is a series."""
    columns = [
        TableColumn("day", "Day", Kind.DAY),
        TableColumn("median", "Calls", Kind.COUNT),
        TableColumn("q10", "80% from", Kind.COUNT),
        TableColumn("q90", "to", Kind.COUNT),
        TableColumn("agent_hours", "Agent-hours", Kind.HOURS),
        TableColumn("rostered_hours", "Hours to roster", Kind.HOURS),
        TableColumn("service_level", "Service level", Kind.PERCENT),
        TableColumn("chance", "Chance to meet the target", Kind.PERCENT),
    ]
    charts = _charts(
        scope,
        answer.rows,
        "pool",
        columns,
        lambda pool: days_of(happenings, pools.get(pool, [escape(pool)])),
        lambda own: f"{write(own['agent_hours'].sum(), Kind.COUNT)} agent-hours",
    )
    if not charts:
        return None
    hours = answer.rows.groupby("pool", sort=False)["agent_hours"].sum()
    return PageBlock(
        key=f"pools-{scope.name}",
        title=f"{scope.name}: days by pool, {hours.sum():,.0f} agent-hours in all",
        note="Calls offered a day with their range, agent-hours of all days. The tables have agent-hours, hours to "
        "roster and expected service.",
        answer=answer,
        charts=charts,
        legend=_legend(charts),
    )


def short_days(scope: Scope, answer: Answer) -> PageBlock | None:
    """Hours without people by pool and day. answer: of `reports/coverage.sql`, by day."""
    rows = answer.rows
    if rows.empty:
        return None
    columns = [
        TableColumn("pool", "Pool"),
        TableColumn("day", "Day", Kind.DAY),
        TableColumn("first_time", "From"),
        TableColumn("last_time", "Until"),
        TableColumn("short_hours", "Person-hours without people", Kind.HOURS),
        TableColumn("spare", "Fewest against the need", Kind.WHOLE_CHANGE),
    ]
    return PageBlock(
        key=f"short-{scope.name}",
        title=f"{scope.name}: where the shifts leave gaps",
        note="Days on which fewer people are at work than the plan needs, the largest gap first.",
        answer=answer,
        table=Table(columns, rows),
    )


def _charts(
    scope: Scope,
    rows: pd.DataFrame,
    by: str,
    columns: list[TableColumn],
    happens: Callable[[str], Mapping[str, str]],
    beside: Callable[[pd.DataFrame], str] = lambda _: "",
) -> list[Chart]:
    """A chart for each name in the column `by`. happens: of a name; beside: what stands beside it, of its rows."""
    if rows.empty:
        return []
    span = pd.Timestamp(rows["day"].min()), pd.Timestamp(rows["day"].max())
    return [
        Chart(
            "days",
            str(name),
            draw_day_ranges(own, span, occasions=happens(str(name)), weekend=scope.weekend),
            Table(columns, own),
            beside=beside(own),
        )
        for name, own in rows.groupby(by, sort=False)
    ][:MOST]


def _legend(charts: list[Chart]) -> list[tuple[str, str]]:
    marked = any(bar.mark for chart in charts for bar in chart.drawing.bars)
    return [(style, text) for style, text in _LEGEND if style != "occasion" or marked]
