"""Surges that nobody announced: list them, and say of one whether it was a surge or demand like any other."""

import logging
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.common.session import JobSummary, open_session, wall_clock
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.planners.surges import append_verdict, read_surges
from forecasting.terms import EventKind

logger = logging.getLogger(__name__)

_SHOWN = 3
"""Surges that an error names."""


def show(settings: Settings, *, stream: str | None) -> pd.DataFrame:
    """Surges of the current forecasts, newest first, with what a person said of each."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        return read_surges(lake, stream=stream)


def judge(
    settings: Settings, stream: str, *, series: str, day: str, kind: EventKind, known_at: str | None = None
) -> JobSummary:
    """Put a person's word on the surge of a series that holds a local day on record; the next forecasts follow it.

    kind: SURGE keeps it out of the forecast, whatever the rule thinks; DEMAND uses it. known_at: since when that is
    known, an origin text; now when absent. Raises SettingsError where no such surge was found.
    """
    with open_session(settings, stream) as session:
        definition = session.definition.stream
        now = wall_clock()
        since = resolve_origin(known_at, definition) if known_at else now
        surge = _find(read_surges(session.lake, stream=stream), definition.zone, stream, series=series, day=day)
        run_id = f"surges-{now:%Y%m%dT%H%M%S}"
        rows = append_verdict(session.lake, surge, kind, known_at=since, run_id=run_id)
    word = "kept out of forecasts" if kind == EventKind.SURGE else "used as demand"
    logger.info("stream %s: surge of %s on %s %s", stream, series, day, word)
    return JobSummary(
        job="surges",
        stream=stream,
        status="published" if rows else "unchanged",
        run_id=run_id,
        rows=rows,
        message=f"{series}, {_span(surge, definition.zone)}: {word} from origins after {since.isoformat()} on",
    )


def _find(surges: pd.DataFrame, zone: ZoneInfo, stream: str, *, series: str, day: str) -> "pd.Series[Any]":
    try:
        start = pd.Timestamp(date.fromisoformat(day)).tz_localize(zone, nonexistent="shift_forward", ambiguous=True)
    except ValueError:
        raise SettingsError(f"day {day!r}: expected a date such as 2024-07-31") from None
    end = start + timedelta(days=1)
    own = surges[surges["series_id"] == series]
    held = own[(own["starts_at"] < end) & (own["ends_at"] > start)]
    if len(held):
        return held.iloc[0]
    shown = own if len(own) else surges
    some = ", ".join(f"{row['series_id']} {_span(row, zone)}" for _, row in shown.head(_SHOWN).iterrows())
    raise SettingsError(
        f"stream {stream}: the current forecast found no surge of {series!r} on {day}; found: {some or 'none'}; to "
        "keep days out that no rule found, import an event of kind surge with `forecasting events import`"
    )


def _span(surge: "pd.Series[Any]", zone: ZoneInfo) -> str:
    first, last = (_local(surge[name], zone) for name in ("starts_at", "ends_at"))
    return f"{first:%Y-%m-%d} to {last - timedelta(microseconds=1):%Y-%m-%d}"


def _local(stamp: object, zone: ZoneInfo) -> datetime:
    return pd.Timestamp(str(stamp)).tz_convert(zone).to_pydatetime()
