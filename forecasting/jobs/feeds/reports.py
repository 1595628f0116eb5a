"""What is shown of a feed before anything is written: columns, rows as they are read, counts, a line a series."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from forecasting.jobs.feeds.formats.columns import quote
from forecasting.jobs.feeds.proposals import Proposal
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.jobs.feeds.stating import zone_of
from forecasting.store.lake.lake import Lake
from forecasting.terms import format_duration

_ROWS = 5
_SERIES = 10
_SPANS = 40
_COLUMNS = 8
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class ReadRow:
    """A row as it will be read beside the row as it stands."""

    series_id: str | None
    ts: str | None
    y: str | None
    stands: dict[str, str | None]


@dataclass(frozen=True)
class Report:
    """The report of a feed. columns: each with what it was taken for; findings: what was assumed, a sentence each.

    verdicts: rows by what became of them; rejected: those that a first ingest would reject, by reason. first, last:
    local times. missing: intervals without a row between the first and the last of their series, of a large feed an
    estimate. sparks: a line each.
    """

    columns: dict[str, str]
    findings: list[str]
    rows: list[ReadRow]
    verdicts: dict[str, int]
    rejected: dict[str, int]
    first: str
    last: str
    interval: str
    aggregate: str
    series: int
    missing: int
    is_estimate: bool
    stray: int
    hours: dict[str, str]
    sparks: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report_on(lake: Lake, proposal: Proposal) -> Report:
    """The report of a proposal; the view `readings` of its sample still stands in the lake."""
    found, measured = proposal.found, proposal.measured
    zone = zone_of(found.stated)
    first, last = (stamp.astimezone(zone) for stamp in (measured.first_ts, measured.last_ts))
    return Report(
        columns=_columns(proposal),
        findings=[str(finding) for finding in found.findings],
        rows=_rows(lake, proposal),
        verdicts={name: count for name, count in measured.verdicts.items() if count},
        rejected=dict(proposal.rejected),
        first=f"{first:%Y-%m-%d %H:%M}",
        last=f"{last:%Y-%m-%d %H:%M}",
        interval=format_duration(found.grid.interval),
        aggregate=found.aggregate,
        series=measured.series,
        missing=measured.missing,
        is_estimate=not found.is_whole,
        stray=measured.stray,
        hours=dict(proposal.hours),
        sparks=_sparks(lake, first.replace(tzinfo=None), last.replace(tzinfo=None)),
    )


def _columns(proposal: Proposal) -> dict[str, str]:
    found = proposal.found
    roles = dict.fromkeys((column.name for column in found.columns), "not used")
    roles |= dict.fromkeys(found.stated.attribute_columns, "attribute")
    roles |= dict.fromkeys(found.keys, "series" if len(found.keys) == 1 else "part of the series' key")
    roles |= dict.fromkeys(found.time.columns, "time" if len(found.time.columns) == 1 else "part of the time")
    roles[found.y.name] = "demand"
    return roles


def _rows(lake: Lake, proposal: Proposal) -> list[ReadRow]:
    names = [column.name for column in proposal.found.columns][:_COLUMNS]
    columns = ", ".join(f"{quote(name)}::varchar" for name in names)
    rows = ask(lake, "templates/feed_shown.sql", None, values={"most": _ROWS}, parts={"columns": columns})
    return [
        ReadRow(series, f"{ts:%Y-%m-%d %H:%M}" if ts else None, y, dict(zip(names, stands, strict=True)))
        for series, ts, y, *stands in rows
    ]


def _sparks(lake: Lake, first: datetime, last: datetime) -> dict[str, str]:
    last = max(last, first + timedelta(minutes=1))
    values: dict[str, object] = {"first": first, "last": last, "series": _SERIES, "spans": _SPANS}
    lines: dict[str, dict[int, float]] = {}
    for series, span, y in ask(lake, "templates/feed_sparks.sql", None, values=values):
        lines.setdefault(series, {})[span] = y
    return {series: sparkline([means.get(span) for span in range(_SPANS)]) for series, means in lines.items()}


def sparkline(values: Sequence[float | None]) -> str:
    """Values from 0 to their highest as blocks; a blank where there is none."""
    known = [value for value in values if value is not None]
    top = max(known, default=0.0) or 1.0
    return "".join(
        " " if value is None else _BLOCKS[min(int(max(value, 0.0) / top * len(_BLOCKS)), len(_BLOCKS) - 1)]
        for value in values
    ).rstrip()
