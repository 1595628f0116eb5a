"""Write the morning page of some streams: HTML, workbook, and the index of all days."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, ForecastingError, surprises_named
from forecasting.jobs.explained.record import record
from forecasting.jobs.reports.read import Reader, is_partner
from forecasting.jobs.streams.overview import used_names
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.reports.blocks import Page, PageSection
from forecasting.reports.formats import Kind, write
from forecasting.reports.page import DayReport, render_index, render_page
from forecasting.reports.scope import Scope
from forecasting.reports.summary import lead_of, tiles_of
from forecasting.reports.workbook import render_workbook
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.exports import read_texts, write_whole
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.queries.reports import ask
from forecasting.store.tables.history import ingested_streams

logger = logging.getLogger(__name__)

FOLDER = "reports"
"""Below FORECASTING_HOME, unless another one is named."""
_INDEX = "index.html"
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ReportSummary:
    """What was written. left_out: streams without a publication, or whose definition cannot be read, and why.

    unexplained: streams whose changes could not be split, and why.
    """

    day: str
    page: str
    workbook: str
    index: str
    streams: tuple[str, ...]
    needs: int
    lead: str
    left_out: dict[str, str]
    unexplained: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "streams": list(self.streams)}


def run(
    settings: Settings,
    streams: Sequence[str],
    *,
    origin: str | None = None,
    folder: Path | None = None,
    leave_out_undefined: bool = False,
    split: bool = True,
) -> ReportSummary:
    """Write the report of some streams, of all in use where none is named.

    origin: an ISO date or timestamp, as for a forecast; each stream shows its newest published origin up to it, and its
    newest at all where it is None. folder: `reports` below the home unless given. leave_out_undefined: a named stream
    whose definition cannot be read is named on the page, as it always is where no stream is named, instead of an error.
    split: first put on record why the days that changed most did, where it is not (see `jobs/explained/record.py`).
    Files are replaced as a whole, and equal lakes give equal bytes. Raises SettingsError where there is no lake or a
    named stream is not defined, FeedError where none of the streams has published anything.
    """
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        named = list(streams) or used_names(settings, ingested_streams(lake))
        definitions, left_out = _read_definitions(settings, named, strict=bool(streams) and not leave_out_undefined)
        scopes, issued = _find_origins(lake, definitions, origin)
        left_out |= {
            stream.name: "nothing published"
            for stream in definitions
            if stream.name not in {scope.name for scope in scopes}
        }
        if not scopes:
            wanted = f" up to {origin}" if origin else ""
            raise FeedError(
                f"report: none of {', '.join(named) or 'the streams'} has a published forecast{wanted}; expected at "
                "least one; run `forecasting run` first, or name a later --origin"
            )
    unexplained = _explain(settings, scopes) if split else {}
    with open_lake_to_read(settings) as lake:
        sections = Reader(lake, scopes).sections()
    day = _day(scopes, origin, definitions)
    summary = _write(folder or settings.home / FOLDER, day, scopes, sections, issued, left_out)
    return replace(summary, unexplained=unexplained)


def _explain(settings: Settings, scopes: Sequence[Scope]) -> dict[str, str]:
    """Put explanations on record; of which streams not, and why. A page without them is still a page."""
    found = {}
    for scope in scopes:
        if is_partner(scope, scopes):
            continue
        try:
            with surprises_named(f"stream {scope.name}: explanation"):
                record(settings, scope.name, origin=scope.origin, previous=scope.previous)
        except ForecastingError as error:
            logger.warning("report: stream %s: not explained: %s", scope.name, error)
            found[scope.name] = str(error)
    return found


def _read_definitions(settings: Settings, names: Sequence[str], *, strict: bool) -> tuple[list[Stream], dict[str, str]]:
    found, left_out = [], {}
    for name in names:
        try:
            found.append(read_definition(settings, name).stream)
        except ForecastingError as error:
            if strict:
                raise
            left_out[name] = str(error)
    return found, left_out


def _find_origins(lake: Lake, streams: Sequence[Stream], origin: str | None) -> tuple[list[Scope], pd.Timestamp | None]:
    if not streams:
        return [], None
    until = [resolve_origin(origin, stream) if origin else _FAR for stream in streams]
    rows, _ = ask(lake, "reports/origins.sql", streams=[stream.name for stream in streams], until=until)
    by_name = {stream.name: stream for stream in streams}
    scopes = [
        Scope(
            by_name[row["stream"]],
            row["origin"].to_pydatetime(),
            None if pd.isna(row["previous"]) else row["previous"].to_pydatetime(),
        )
        for row in rows.to_dict("records")
    ]
    order = {stream.name: (_rank(stream), number) for number, stream in enumerate(streams)}
    scopes.sort(key=lambda scope: order[scope.name])
    return scopes, rows["published_at"].max() if len(rows) else None


def _rank(stream: Stream) -> int:
    """Streams by what a page says of them: people first, then capacity."""
    planning = stream.planning
    return 0 if planning.staffing else 1 if planning.capacity else 2


def _day(scopes: Sequence[Scope], origin: str | None, streams: Sequence[Stream]) -> date:
    """The day that a report is of: that of the origin asked for, else of the newest one."""
    if origin is not None:
        return resolve_origin(origin, streams[0]).astimezone(streams[0].zone).date()
    return max(scope.local_day for scope in scopes)


def _write(
    folder: Path,
    day: date,
    scopes: Sequence[Scope],
    sections: Sequence[PageSection],
    issued: pd.Timestamp | None,
    left_out: dict[str, str],
) -> ReportSummary:
    stem = day.isoformat()
    zone = scopes[0].stream.zone
    stamp = "" if issued is None else f"{issued.tz_convert(zone):%a %-d %b %Y %H:%M} ({zone.key})"
    lead, count = lead_of(sections)
    page = Page(
        title=f"{day:%A %-d %B %Y}",
        subtitle=_subtitle(scopes, left_out),
        issued=stamp,
        tiles=tiles_of(sections),
        sections=sections,
        workbook=f"{stem}.xlsx",
        index=_INDEX,
    )
    summary = ReportSummary(
        day=stem,
        page=str(folder / f"{stem}.html"),
        workbook=str(folder / f"{stem}.xlsx"),
        index=str(folder / _INDEX),
        streams=tuple(scope.name for scope in scopes),
        needs=count,
        lead=lead,
        left_out=left_out,
    )
    made = (issued or pd.Timestamp(scopes[0].origin)).tz_convert(zone).tz_localize(None).to_pydatetime()
    kept = {"day": stem, "title": page.title, "lead": lead, "needs": count, "streams": list(summary.streams)}
    write_whole(folder / f"{stem}.xlsx", render_workbook(page, made=made))
    write_whole(folder / f"{stem}.html", render_page(page).encode())
    write_whole(folder / f"{stem}.json", json.dumps(kept, indent=1).encode())
    write_whole(folder / _INDEX, render_index(written_reports(folder)).encode())
    return summary


def _subtitle(scopes: Sequence[Scope], left_out: dict[str, str]) -> str:
    by_day: dict[date, list[str]] = {}
    for scope in scopes:
        by_day.setdefault(scope.local_day, []).append(scope.name)
    names = ", ".join(scope.name for scope in scopes)
    if len(by_day) > 1:
        names = "; ".join(f"{', '.join(own)} from {write(of, Kind.DATE)}" for of, own in by_day.items())
    missing = f"; without a forecast: {', '.join(sorted(left_out))}" if left_out else ""
    return f"Forecasts and plans of {names}{missing}"


def written_reports(folder: Path) -> list[DayReport]:
    """The reports of a folder, by the summaries beside them; one that cannot be read is left out."""
    found = []
    for path, text in read_texts(folder, "*.json").items():
        try:
            kept = json.loads(text)
            found.append(
                DayReport(
                    date.fromisoformat(kept["day"]),
                    f"{kept['day']}.html",
                    kept["title"],
                    kept["lead"],
                    int(kept["needs"]),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("%s: no summary of a report: %s", path, error)
    return found
