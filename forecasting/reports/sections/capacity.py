"""Capacity: links that need an order, with their peaks and run-out dates, and what it costs by quarter."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pandas as pd

from forecasting.reports.blocks import Answer, PageBlock, Table, TableColumn
from forecasting.reports.formats import Kind, is_missing
from forecasting.reports.scope import Scope
from forecasting.reports.strips import date_strips, peak_strip


def links(scope: Scope, answer: Answer, peaks: Answer | None, *, currency: str, last_days: int) -> PageBlock | None:
    """answer: of `reports/links.sql`; peaks: of `reports/peaks.sql`. last_days: where the axis of dates ends."""
    rows = answer.rows
    if rows.empty:
        return None
    held = {} if peaks is None else {name: peak_strip(own) for name, own in peaks.rows.groupby("link", sort=False)}
    rows = rows.assign(peaks=None, runout=None, late=[_late(scope, row) for row in rows.to_dict("records")])
    money = f" ({currency})" if currency else ""
    columns = [
        TableColumn("link", "Link"),
        *([TableColumn("peaks", "Weekly peaks")] if held else []),
        TableColumn("utilisation", "Peak of capacity", Kind.PERCENT),
        TableColumn("n1_utilisation", "if a link fails", Kind.PERCENT),
        TableColumn("growth", "Growth a year", Kind.PERCENT_CHANGE),
        TableColumn("runout", "Runs out"),
        TableColumn("runout_q50", "1 in 2 by", Kind.DATE),
        TableColumn("needed_by", "Order by", Kind.DATE),
        TableColumn("late", "Overdue"),
        TableColumn("order_by", "all links up", Kind.DATE),
        TableColumn("n1_order_by", "a link down", Kind.DATE),
        TableColumn("order_step", "Step"),
        TableColumn("order_cost", f"Cost{money}", Kind.COUNT),
        TableColumn("expected_delay_loss", f"Waiting costs{money}", Kind.COUNT),
    ]
    columns = [column for column in columns if column.name in ("peaks", "runout") or not rows[column.name].isna().all()]
    ends = scope.local_day + timedelta(days=last_days)
    strips: dict[str, Sequence[Any]] = {
        "peaks": [held.get(str(link)) for link in rows["link"]],
        "runout": date_strips(rows, today=scope.local_day, last=ends),
    }
    marks = {"late": ["bad" if text else "" for text in rows["late"]]}
    return PageBlock(
        key=f"links-{scope.name}",
        title=f"{scope.name}: links to order",
        note="The most urgent first. Weekly peaks: 13 weeks measured, 13 ahead with their 80% range, as if a full link "
        f"did not hold demand back. Runs out: the bar goes from 1 case in 10 to 9 in 10, until {ends:%-d %b %Y}.",
        answer=answer,
        table=Table(columns, rows, marks, strips),
        legend=[
            ("past", "measured"),
            ("median", "ahead"),
            ("band80", "80% range, and run-out from 1 in 10 to 9 in 10"),
            ("ceiling", "ceiling"),
            ("tick", "median day"),
        ],
    )


def peaks_table(scope: Scope, answer: Answer) -> PageBlock:
    """The numbers behind the weekly peaks. answer: of `reports/peaks.sql`."""
    columns = [
        TableColumn("link", "Link"),
        TableColumn("week", "Week from the origin", Kind.WHOLE_CHANGE),
        TableColumn("peak", "Peak", Kind.NUMBER),
        TableColumn("low", "80% from", Kind.NUMBER),
        TableColumn("high", "to", Kind.NUMBER),
        TableColumn("ceiling", "Ceiling", Kind.NUMBER),
    ]
    return PageBlock(
        key=f"peaks-{scope.name}",
        title=f"{scope.name}: weekly peaks in numbers",
        note=scope.unit,
        answer=answer,
        table=Table(columns, answer.rows),
        folded=True,
    )


def budget(scope: Scope, answer: Answer, *, currency: str) -> PageBlock | None:
    """answer: of `reports/budget.sql`."""
    if answer.rows.empty:
        return None
    columns = [
        TableColumn("quarter", "Quarter"),
        TableColumn("links", "Links", Kind.COUNT),
        TableColumn("due", "of them due", Kind.COUNT),
        TableColumn("without_step", "no step is enough", Kind.COUNT),
        TableColumn("cost", f"Cost{f' ({currency})' if currency else ''}", Kind.COUNT),
    ]
    return PageBlock(
        key=f"budget-{scope.name}",
        title=f"{scope.name}: cost by quarter of the order",
        answer=answer,
        table=Table(columns, answer.rows),
    )


def _late(scope: Scope, row: dict[Any, Any]) -> str:
    if is_missing(row["needed_by"]):
        return ""
    late = (scope.local_day - pd.Timestamp(row["needed_by"]).date()).days
    return f"{late} days" if late > 1 else ("1 day" if late == 1 else "")
