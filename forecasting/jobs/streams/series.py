"""Series of streams: which there are, and the end of those that were renamed or switched off."""

import logging
from collections.abc import Sequence
from difflib import get_close_matches

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.jobs.common.session import JobSummary, open_session, wall_clock
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.events import append_retirements
from forecasting.store.tables.readings import list_series

logger = logging.getLogger(__name__)

_SHOWN = 5
"""Series that a message names."""


def show(settings: Settings, *, stream: str | None) -> pd.DataFrame:
    """Series on record with their first and last value in local time, and since when they are retired."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        table = list_series(lake, stream=stream)
    parts = [_in_local_time(settings, str(name), rows) for name, rows in table.groupby("stream")]
    return pd.concat(parts, ignore_index=True) if parts else table


def _in_local_time(settings: Settings, stream: str, rows: pd.DataFrame) -> pd.DataFrame:
    try:
        zone = read_definition(settings, stream).stream.zone.key
    except SettingsError:  # what is on record stays when its definition is gone
        zone = "UTC"
    times = ("first_ts", "last_ts", "retired_from")
    return rows.assign(**{name: rows[name].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M") for name in times})


def retire(
    settings: Settings,
    stream: str,
    series: Sequence[str],
    *,
    on: str,
    known_at: str | None = None,
    undo: bool = False,
) -> JobSummary:
    """End series: from the local date `on` on they are not forecast and count in no sum.

    known_at: forecasts from this origin on know it, an origin text; now when absent. undo: take it back. Raises
    SettingsError for a series that the stream does not have.
    """
    with open_session(settings, stream, must_exist=True) as session:
        definition = session.definition.stream
        ends, now = resolve_origin(on, definition), wall_clock()
        since = resolve_origin(known_at, definition) if known_at else now
        known = list_series(session.lake, stream=stream)
        _check(definition, series, list(known["series_id"]))
        run_id = f"series-{now:%Y%m%dT%H%M%S%f}"
        rows = append_retirements(
            session.lake, stream, series, ends=ends, known_at=since, run_id=run_id, withdrawn=undo
        )
    done = "goes on" if undo else f"ends at {ends.astimezone(definition.zone):%Y-%m-%d %H:%M}"
    message = f"{', '.join(series)}: {done}; known to origins from {since.isoformat(timespec='seconds')} on"
    logger.info("stream %s: %s", stream, message)
    return JobSummary(
        job="series retire",
        stream=stream,
        status="published" if rows else "unchanged",
        run_id=run_id,
        rows=rows,
        message=message,
    )


def _check(stream: Stream, series: Sequence[str], known: Sequence[str]) -> None:
    for name in series:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise SettingsError(
                f"stream {stream.name}: no series {name!r}{meant}; it has {', '.join(known[:_SHOWN]) or 'none yet'}"
                f"{' ...' if len(known) > _SHOWN else ''}; see `forecasting series list {stream.name}`"
            )
