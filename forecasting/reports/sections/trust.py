"""Can I trust tonight: what was published for each stream, from when, and what to know before using it."""

from typing import Any

from forecasting.reports.blocks import Answer, PageBlock, PageSection, Table, TableColumn
from forecasting.reports.formats import Kind, is_missing

_COLUMNS = (
    TableColumn("stream", "Stream"),
    TableColumn("status", "Status"),
    TableColumn("origin", "Known until", Kind.STAMP),
    TableColumn("measured_until", "Measured until", Kind.STAMP),
    TableColumn("feed_age", "Feed age, hours", Kind.HOURS),
    TableColumn("published", "Published", Kind.STAMP),
    TableColumn("series", "Series", Kind.COUNT),
    TableColumn("fallbacks", "Without a trained method", Kind.COUNT),
    TableColumn("rejected", "Rows rejected", Kind.COUNT),
    TableColumn("rejected_share", "Share rejected", Kind.SHARE),
    TableColumn("usual_share", "Usual share", Kind.SHARE),
    TableColumn("failed_steps", "Failed steps"),
    TableColumn("new_champion", "New model"),
)
_ALARM_COLUMNS = (
    TableColumn("stream", "Stream"),
    TableColumn("detail", "What was found"),
    TableColumn("state", "State"),
    TableColumn("since", "Since", Kind.STAMP),
    TableColumn("looked_after", "Looked after by"),
    TableColumn("alarm_id", "Alarm", Kind.CODE),
)
_UNUSUAL = 3.0
"""Times the usual share of rejected rows from which a day counts as unusual."""


def trust(answer: Answer, alarms: Answer) -> PageSection:
    """answer: of `reports/trust.sql`; alarms: of `reports/alarms.sql`."""
    rows = answer.rows
    bad = [_is_bad(row) for row in rows.to_dict("records")]
    count = len(rows)
    wrong = [str(name) for name, flag in zip(rows["stream"], bad, strict=True) if flag]
    lead = (
        f"{'The stream is' if count == 1 else f'All {count} streams are'} complete."
        if not wrong
        else f"Look first at {', '.join(wrong[:5])}{f' and {len(wrong) - 5} more' if len(wrong) > 5 else ''}: "
        f"{len(wrong)} of {count} streams {'needs' if len(wrong) == 1 else 'need'} care."
    )
    marks = {
        "status": ["" if status == "complete" else "bad" for status in rows["status"]],
        "failed_steps": ["" if is_missing(one) else "bad" for one in rows["failed_steps"]],
        "fallbacks": ["warn" if int(one) else "" for one in rows["fallbacks"]],
        "rejected_share": ["warn" if _is_unusual(row) else "" for row in rows.to_dict("records")],
    }
    # columns that say nothing for any stream are left out
    columns = [
        column
        for column in _COLUMNS
        if column.name not in ("failed_steps", "new_champion") or not rows[column.name].isna().all()
    ]
    block = PageBlock(
        key="trust-streams",
        title="Streams",
        answer=answer,
        note="Local time of each stream. Known until: the forecast uses nothing later. Usual share: the median of the "
        "28 pulls before.",
        table=Table(columns, rows, marks),
    )
    called = _alarm_block(alarms)
    return PageSection("trust", "Can I trust it", f"{lead}{_calls(alarms)}", [block, *([called] if called else [])])


def _calls(alarms: Answer) -> str:
    count = int(alarms.rows["needs_person"].sum())
    return "" if not count else f" {count} {'alarm calls' if count == 1 else 'alarms call'} for a person."


def _alarm_block(alarms: Answer) -> PageBlock | None:
    rows = alarms.rows
    if rows.empty:
        return None
    marks = {"looked_after": ["bad" if one else "" for one in rows["needs_person"]]}
    return PageBlock(
        key="alarms-list",
        title="Alarms",
        answer=alarms,
        note="What deviates from the stream's own past, by weekday, further than chance does in months.",
        table=Table(_ALARM_COLUMNS, rows, marks),
    )


def _is_bad(row: dict[Any, Any]) -> bool:
    return row["status"] != "complete" or not is_missing(row["failed_steps"])


def _is_unusual(row: dict[Any, Any]) -> bool:
    share, usual = row["rejected_share"], row["usual_share"]
    return not is_missing(share) and not is_missing(usual) and share > _UNUSUAL * usual and share > 0.001
