"""What needs me: at most ten things, the gravest first, each with the command that goes on."""

from collections.abc import Mapping

import pandas as pd

from forecasting.reports.blocks import Answer, PageBlock, PageSection, Table, TableColumn
from forecasting.reports.formats import Kind, is_missing
from forecasting.reports.words import command_for, explain_reason, name_need

_COLUMNS = (
    TableColumn("what", "What"),
    TableColumn("place", "Where"),
    TableColumn("by_day", "By", Kind.DATE),
    TableColumn("overdue", "Late", Kind.TEXT),
    TableColumn("amount", "Size", Kind.NUMBER),
    TableColumn("unit", "Unit"),
    TableColumn("detail", "Why"),
    TableColumn("command", "Go on with", Kind.CODE),
)
_LONGEST = 180
"""Characters of a reason; the whole text is in the lake."""


def needs(answer: Answer, days: Mapping[str, str]) -> PageSection | None:
    """answer: of `reports/needs.sql`. days: local date of each stream's origin, ISO."""
    rows = answer.rows.copy()
    if rows.empty:
        return None
    rows["what"] = [name_need(need) for need in rows["need"]]
    rows["detail"] = [_detail(need, text) for need, text in zip(rows["need"], rows["detail"], strict=True)]
    rows["overdue"] = [_late(row, days[row["stream"]]) for row in rows.to_dict("records")]
    rows["command"] = [
        command_for(
            row["need"],
            stream=row["stream"],
            place=row["place"],
            by_day="" if is_missing(row["by_day"]) else f"{pd.Timestamp(row['by_day']):%Y-%m-%d}",
            origin=days[row["stream"]],
        )
        for row in rows.to_dict("records")
    ]
    in_all, shown = int(rows["in_all"].iloc[0]), len(rows)
    lead = (
        f"{shown} {'thing' if shown == 1 else 'things'} to do."
        if in_all == shown
        else f"{in_all} things to do; these {shown} first: the largest of each kind."
    )
    table = Table(
        [column for column in _COLUMNS if column.name != "overdue" or rows["overdue"].ne("").any()],
        rows,
        {"overdue": ["bad" if text else "" for text in rows["overdue"]]},
    )
    note = (
        "Size: of an order the expected loss of a delay by a quarter, of shifts the hours without people, of a "
        "forecast its change, of data the rows."
    )
    block = PageBlock("needs-list", "First things", answer, note, table, cards=True)
    return PageSection("needs", "What needs me", lead, [block])


def _detail(need: str, text: object) -> str:
    found = "" if is_missing(text) else str(text)
    if need == "rejected":
        return f"most often: {explain_reason(found)}"
    return found if len(found) <= _LONGEST else f"{found[:_LONGEST].rstrip()} …"


def _late(row: Mapping[object, object], day: str) -> str:
    if row["need"] not in ("order", "short") or is_missing(row["by_day"]):
        return ""
    late = (pd.Timestamp(day) - pd.Timestamp(str(row["by_day"]))).days
    return f"{late} days overdue" if late > 1 else ("1 day overdue" if late == 1 else "")
