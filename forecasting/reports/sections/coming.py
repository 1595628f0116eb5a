"""Today and tomorrow: fans of the largest series, the chance to meet the target by hour, people beyond those needed."""

from collections.abc import Callable
from datetime import datetime

import pandas as pd

from forecasting.reports.blocks import Answer, Chart, HourGrid, PageBlock, Table, TableColumn
from forecasting.reports.fans import LEGEND, draw_fan
from forecasting.reports.formats import Kind, write
from forecasting.reports.scope import Scope


def fans(
    scope: Scope,
    answer: Answer,
    span: tuple[datetime, datetime],
    *,
    what: str,
    in_all: int | None,
    key: str = "fans",
) -> PageBlock | None:
    """answer: of `reports/fans.sql`, `group_fans.sql` or `pool_fans.sql`. what: the series, groups or pools shown."""
    rows = answer.rows
    if rows.empty:
        return None
    kind = scope.demand
    columns = [
        TableColumn("local_time", "Time", Kind.TIME),
        TableColumn("median", "Median", kind),
        TableColumn("q25", "50% from", kind),
        TableColumn("q75", "to", kind),
        TableColumn("q10", "80% from", kind),
        TableColumn("q90", "to", kind),
        TableColumn("q05", "90% from", kind),
        TableColumn("q95", "to", kind),
        TableColumn("last_week", "A week before", kind),
        TableColumn("forecast_before", "Forecast before", kind),
    ]
    empty = [name for name in ("last_week", "forecast_before") if rows[name].isna().all()]
    charts = [
        Chart(
            "fan",
            str(name),
            draw_fan(own, span, minutes=scope.minutes, zone=scope.stream.zone, weekend=scope.weekend),
            Table([column for column in columns if column.name not in empty], own),
            note="median and bands by local time; arrow keys read the values",
        )
        for name, own in rows.groupby("series", sort=False)
    ]
    missing = {"last_week": "week", "forecast_before": "before"}
    hidden = {missing[name] for name in empty}
    count = f"; the {len(charts)} largest of {in_all:,}" if in_all and in_all > len(charts) else ""
    return PageBlock(
        key=f"{key}-{scope.name}",
        title=f"{scope.name}: {what}, {_span(rows)}",
        note=f"{_capital(scope.unit)} per {interval_name(scope)}{count}. Closed hours stay empty. Point at a chart, "
        "or use the arrow keys on it, to read values.",
        answer=answer,
        charts=charts,
        legend=[(style, text) for style, text in LEGEND if style not in hidden],
    )


def series_table(scope: Scope, answer: Answer, *, in_all: int) -> PageBlock | None:
    """answer: of `reports/series.sql`."""
    rows = answer.rows
    if rows.empty:
        return None
    rows = rows.assign(against_week=rows["forecast"] / rows["last_week"].where(rows["last_week"] != 0) - 1)
    kind = scope.demand
    shown = rows["series"].nunique()
    columns = [
        TableColumn("series", "Series"),
        TableColumn("day", "Day", Kind.DAY),
        TableColumn("forecast", "Forecast", kind),
        TableColumn("last_week", "A week before", kind),
        TableColumn("against_week", "Against it", Kind.PERCENT_CHANGE),
        TableColumn("forecast_before", "Forecast before", kind),
        TableColumn("busiest", f"Busiest {interval_name(scope)}", kind),
        TableColumn("busiest_at", "at"),
        TableColumn("produced_by", "Method"),
    ]
    columns = [column for column in columns if not rows[column.name].isna().all()]
    return PageBlock(
        key=f"series-{scope.name}",
        title=f"{scope.name}: {'every series' if shown >= in_all else f'the {shown} largest of {in_all:,}'} by day",
        note=f"{'Means' if scope.averages else 'Sums'} of {scope.unit} a day.",
        answer=answer,
        table=Table(columns, rows),
        folded=True,
    )


def chances(scope: Scope, answer: Answer, *, asked_for: float) -> PageBlock | None:
    """answer: of `reports/chances.sql`. asked_for: the confidence of the plan."""
    if answer.rows.empty:
        return None

    def cell(value: float) -> tuple[str, str]:
        short = asked_for - value
        style = (
            "s2" if short <= 0 else "s1" if short < 0.05 else "r1" if short < 0.15 else "r2" if short < 0.3 else "r3"
        )
        return write(value, Kind.PERCENT), style

    return PageBlock(
        key=f"chances-{scope.name}",
        title=f"{scope.name}: chance to meet the target",
        note=f"With the agents of the plan, by pool and local hour. The plan asks for {asked_for:.0%} on the average "
        "of a day, so single hours may lie below; orange where far below.",
        answer=answer,
        grids=_grids(answer.rows, "chance", cell),
    )


def coverage(scope: Scope, answer: Answer) -> PageBlock | None:
    """answer: of `reports/coverage.sql`, by hour."""
    rows = answer.rows
    if rows.empty:
        return None

    def cell(value: float) -> tuple[str, str]:
        if value < 0:
            return write(value, Kind.WHOLE_CHANGE), "r1" if value > -2 else "r2" if value > -5 else "r3"
        return write(value, Kind.WHOLE_CHANGE), "s0" if value == 0 else "s1" if value < 5 else "s2"

    return PageBlock(
        key=f"coverage-{scope.name}",
        title=f"{scope.name}: people at work beyond those needed",
        note="By pool and local hour, the fewest of the hour. Orange: people are missing. Breaks are taken off.",
        answer=answer,
        grids=_grids(rows, "spare", cell),
    )


def interval_name(scope: Scope) -> str:
    """An interval in words."""
    minutes = scope.minutes
    names = {30: "half hour", 60: "hour", 15: "quarter of an hour", 1440: "day", 10080: "week"}
    return names.get(minutes, f"{minutes} minutes")


def _grids(rows: pd.DataFrame, value: str, cell: Callable[[float], tuple[str, str]]) -> list[HourGrid]:
    found = []
    hours = list(range(int(rows["hour"].min()), int(rows["hour"].max()) + 1))
    pools = sorted(rows["pool"].unique())
    for day, own in rows.groupby("day", sort=True):
        held = {(pool, hour): number for pool, hour, number in zip(own["pool"], own["hour"], own[value], strict=True)}
        lines = [
            (str(pool), [cell(held[pool, hour]) if (pool, hour) in held else None for hour in hours]) for pool in pools
        ]
        found.append(HourGrid(write(day, Kind.DAY), "Pool", [str(hour) for hour in hours], lines, value))
    return found


def _span(rows: pd.DataFrame) -> str:
    first, last = rows["local_time"].min(), rows["local_time"].max()
    start, end = write(first, Kind.DAY), write(last, Kind.DAY)
    return start if start == end else f"{start} and {end}" if (last - first).days < 2 else f"{start} to {end}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
