"""Rejected data: why, one example, and the command that looks further."""

import json

from forecasting.redaction import redact
from forecasting.reports.blocks import Answer, PageBlock, PageSection, Table, TableColumn
from forecasting.reports.formats import Kind
from forecasting.reports.words import command_for, explain_reason
from forecasting.terms import Reason

_LONGEST = 300
"""Characters of an example; the whole row is in the quarantine."""


def rejects(answer: Answer) -> PageSection | None:
    """answer: of `reports/rejects.sql`."""
    rows = answer.rows
    if rows.empty:
        return None
    rows = rows.assign(
        why=[explain_reason(reason) for reason in rows["reason"]],
        example=[_shortened(redact(_spaced(str(raw)))) for raw in rows["example"]],
        command=[
            command_for(_repair_of(reason), stream=name, place=name, by_day="", origin="")
            for name, reason in zip(rows["stream"], rows["reason"], strict=True)
        ],
    )
    columns = [
        TableColumn("stream", "Stream"),
        TableColumn("why", "Why"),
        TableColumn("waiting", "Rows", Kind.COUNT),
        TableColumn("series", "Series", Kind.COUNT),
        TableColumn("example", "Example", Kind.CODE),
        TableColumn("command", "Then", Kind.CODE),
    ]
    block = PageBlock(
        key="rejects-list",
        title="Rows that wait",
        note="Rows themselves: forecasting quarantine list STREAM --rows. Correct the feed, its SQL or the definition "
        "first; the command then pulls the span again. Rows that are to stay out: forecasting quarantine accept "
        "STREAM.",
        answer=answer,
        table=Table(columns, rows),
        cards=True,
    )
    total = int(rows["waiting"].sum())
    lead = (
        f"{total:,} rows of {rows['stream'].nunique()} {'stream' if rows['stream'].nunique() == 1 else 'streams'} wait."
    )
    return PageSection("rejects", "Rejected data", lead, [block])


def _repair_of(reason: str) -> str:
    """What settles a reason: a level may be right as it is, anything else is put right and pulled again."""
    return "believe" if reason == Reason.UNIT_SCALE else "repair"


def _spaced(raw: str) -> str:
    """A row with blanks between its values, where lines may end; a text that is no JSON as it stands."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False)
    except ValueError:
        return raw


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
