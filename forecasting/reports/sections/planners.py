"""What planners put on the forecast, whether it helps, and what they suppose beside it."""

from forecasting.reports.blocks import Answer, PageBlock, PageSection, Table, TableColumn
from forecasting.reports.formats import Kind, write


def planners(adjustments: Answer, value: Answer, scenarios: Answer) -> PageSection | None:
    """Answers of `reports/adjustments.sql`, `adjustments_value.sql` and `scenarios.sql`."""
    blocks = [block for block in (_holding(adjustments), _worth(value), _supposed(scenarios)) if block is not None]
    if not blocks:
        return None
    return PageSection("planners", "Adjustments and scenarios", _lead(adjustments, value), blocks)


def _lead(adjustments: Answer, value: Answer) -> str:
    """How many hold, and who helps."""
    count = len(adjustments.rows)
    sentences = [f"{count} {'adjustment holds' if count == 1 else 'adjustments hold'}."] if count else []
    for verdict in ("helped", "did harm"):
        found = value.rows
        names = list(dict.fromkeys(found.loc[found["verdict"] == verdict, "author"].astype(str)))
        sentences += [f"Those of {', '.join(names[:3])} {verdict}."] if names else []
    return " ".join(sentences)


def _holding(answer: Answer) -> PageBlock | None:
    rows = answer.rows
    if rows.empty:
        return None
    rows = rows.assign(
        series=rows["series"].replace("", "all"),
        effect=[
            f"{write(change, Kind.CHANGE)} {unit}" for change, unit in zip(rows["change"], rows["unit"], strict=True)
        ],
    )
    columns = [
        TableColumn("stream", "Stream"),
        TableColumn("series", "Series"),
        TableColumn("starts_local", "From", Kind.TIME),
        TableColumn("ends_local", "To", Kind.TIME),
        TableColumn("what", "What"),
        TableColumn("effect", "Changes"),
        TableColumn("intervals", "Intervals", Kind.COUNT),
        TableColumn("reason", "Reason"),
        TableColumn("author", "Author"),
        TableColumn("adjustment_id", "Key", Kind.CODE),
    ]
    note = (
        "Where several touch an interval, each is shown with the change of all together. Take one back: forecasting "
        "adjust withdraw KEY, then forecasting plan STREAM --origin DATE --quick."
    )
    return PageBlock(
        "planners-holding", "Adjustments that hold", answer, note=note, table=Table(columns, rows), cards=True
    )


def _worth(answer: Answer) -> PageBlock | None:
    if answer.rows.empty:
        return None
    columns = [
        TableColumn("stream", "Stream"),
        TableColumn("author", "Author"),
        TableColumn("days", "Days", Kind.COUNT),
        TableColumn("statistical_wape", "Error without", Kind.SHARE),
        TableColumn("final_wape", "Error with", Kind.SHARE),
        TableColumn("saved", "Saved", Kind.WHOLE_CHANGE),
        TableColumn("saved_low", "At least", Kind.WHOLE_CHANGE),
        TableColumn("saved_high", "At most", Kind.WHOLE_CHANGE),
        TableColumn("verdict", "Verdict"),
    ]
    note = (
        "Errors of the median where demand was measured; as long as the range of what was saved holds 0 it may be luck."
    )
    return PageBlock("planners-worth", "Whether they helped", answer, note=note, table=Table(columns, answer.rows))


def _supposed(answer: Answer) -> PageBlock | None:
    if answer.rows.empty:
        return None
    columns = [
        TableColumn("stream", "Stream"),
        TableColumn("scenario", "Scenario"),
        TableColumn("reason", "About"),
        TableColumn("measure", "Measure"),
        TableColumn("base", "Plan", Kind.COUNT),
        TableColumn("scenario_value", "Scenario's", Kind.COUNT),
        TableColumn("delta", "Difference", Kind.WHOLE_CHANGE),
        TableColumn("delta_q10", "8 of 10: from", Kind.WHOLE_CHANGE),
        TableColumn("delta_q90", "to", Kind.WHOLE_CHANGE),
    ]
    note = "From the same random paths as the plan, over all whole days. By pool: forecasting compare STREAM SCENARIO."
    return PageBlock("planners-supposed", "What would be if", answer, note=note, table=Table(columns, answer.rows))
