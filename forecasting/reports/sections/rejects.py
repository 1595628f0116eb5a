"""Rejected data: why, one example, and the command that looks further."""

from forecasting.redaction import redact
from forecasting.reports.blocks import Answer, PageBlock, PageSection, Table, TableColumn
from forecasting.reports.formats import Kind
from forecasting.reports.words import command_for, explain_reason

_LONGEST = 300
"""Characters of an example; the whole row is in the quarantine."""


def rejects(answer: Answer) -> PageSection | None:
    """answer: of `reports/rejects.sql`."""
    rows = answer.rows
    if rows.empty:
        return None
    rows = rows.assign(
        why=[explain_reason(reason) for reason in rows["reason"]],
        example=[_shortened(redact(str(raw))) for raw in rows["example"]],
        command=[command_for("rejected", stream=name, place=name, by_day="", origin="") for name in rows["stream"]],
    )
    columns = [
        TableColumn("stream", "Stream"),
        TableColumn("why", "Why"),
        TableColumn("waiting", "Rows", Kind.COUNT),
        TableColumn("series", "Series", Kind.COUNT),
        TableColumn("example", "Example", Kind.CODE),
        TableColumn("command", "Go on with", Kind.CODE),
    ]
    block = PageBlock(
        key="rejects-list",
        title="Rows that wait",
        note="Correct the feed or its SQL, then take the rows in: forecasting quarantine replay STREAM.",
        answer=answer,
        table=Table(columns, rows),
    )
    total = int(rows["waiting"].sum())
    lead = (
        f"{total:,} rows of {rows['stream'].nunique()} {'stream' if rows['stream'].nunique() == 1 else 'streams'} wait."
    )
    return PageSection("rejects", "Rejected data", lead, [block])


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
