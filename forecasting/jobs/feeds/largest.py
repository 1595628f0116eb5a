"""The largest series of a feed, where all are more than a first look has time for."""

from dataclasses import replace

from forecasting.jobs.feeds.discover import Discovery
from forecasting.jobs.feeds.findings import Finding
from forecasting.jobs.feeds.formats.columns import literal
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.store.lake.lake import Lake


def keep_largest(lake: Lake, found: Discovery, *, most: int, series: int) -> Discovery:
    """The same feed with its largest series alone, where it has more; the view `readings` holds its sample.

    most: series that are kept; series: how many the feed has.
    """
    if series <= most:
        return found
    rows = ask(lake, "templates/feed_largest.sql", None, values={"series": most})
    named = ", ".join(literal(name) for (name,) in rows)
    kept = f"({found.series_sql})::varchar in ({named})"
    remark = Finding(
        "series", f"the {most} largest of {series} by volume", "all would take long", "streams add for all"
    )
    left_out = f"{found.left_out} and {kept}" if found.left_out else kept
    return replace(found, left_out=left_out, findings=(*found.findings, remark))
