"""What checks measure at origins: read from the lake as it was known then, and kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake
from forecasting.terms import DAY

_SERIES = 500
"""Series whose levels are read; more say nothing new about a whole stream."""
_FEW_SERIES = 30
"""Up to so many series, hours of them are compared instead of days."""
_MINUTE = timedelta(minutes=1)


def published_origins(lake: Lake, stream: Stream, *, since: datetime, origin: datetime) -> pd.DataFrame:
    """origin, rows: published origins of [since, origin] that have its local clock time, ascending."""
    return lake.frame("alarms/origins.sql", stream=stream.name, zone=stream.stream.timezone, since=since, origin=origin)


def origin_before(lake: Lake, stream: Stream, origin: datetime) -> datetime | None:
    """The newest published origin up to an instant."""
    ((found,),) = lake.rows("alarms/origin_before.sql", stream=stream.name, origin=origin)
    before: datetime | None = found
    return before


def streams_with_forecasts(lake: Lake) -> list[str]:
    """Names of the streams that have published a forecast."""
    return [name for (name,) in lake.rows("alarms/known_streams.sql")]


def read_quality(lake: Lake, stream: Stream, origins: Sequence[datetime], *, since: datetime) -> pd.DataFrame:
    """origin, place, due, known, forecast, difference, error, inside: sums over the day before each origin.

    since: a published origin from which on every interval of these days has a forecast.
    """
    hierarchy = stream.hierarchy
    return lake.frame(
        "alarms/quality.sql",
        categories=["place"],
        **_of(stream, origins),
        since=since,
        level=hierarchy.levels[0] if hierarchy and hierarchy.levels else "",
    )


def read_feed_ages(lake: Lake, stream: Stream, origins: Sequence[datetime], *, since: datetime) -> pd.DataFrame:
    """origin, hours: of intervals that were due and begin after the newest value of any series."""
    return lake.frame("alarms/feed_age.sql", **_of(stream, origins), since=since)


def read_rejects(lake: Lake, stream: Stream, origins: Sequence[datetime]) -> pd.DataFrame:
    """origin, share: of rejected rows among those pulled since the day before."""
    return lake.frame("alarms/rejects.sql", stream=stream.name, origins=list(origins))


def read_runs(lake: Lake, stream: Stream, origins: Sequence[datetime]) -> pd.DataFrame:
    """origin, complete, minutes, fallbacks: of the origins that are published."""
    steps = max(int(DAY / stream.interval), 1)
    return lake.frame("alarms/runs.sql", stream=stream.name, origins=list(origins), steps=steps)


def read_levels(lake: Lake, stream: Stream, *, since: datetime, until: datetime, series: int) -> pd.DataFrame:
    """(days, cells) mean demand as known at `until`, NaN where unknown; indexed by every local date in between.

    series: how many the stream has, which decides whether cells are series or hours of series.
    """
    rows = lake.frame(
        "alarms/levels.sql",
        categories=["cell"],
        stream=stream.name,
        zone=stream.stream.timezone,
        since=since,
        until=until,
        most=_SERIES,
        by_hour=series <= _FEW_SERIES and stream.interval < DAY,
    )
    first, last = (instant.astimezone(stream.zone).date() for instant in (since, until - _MINUTE))
    table = rows.pivot_table(index="day", columns="cell", values="level", observed=True)
    table.index = pd.to_datetime(table.index)
    return table.reindex(pd.date_range(first, last)).astype(np.float64)


def series_names(lake: Lake, stream: str) -> list[str]:
    """Series that a stream has ever had."""
    return [name for (name,) in lake.rows("alarms/series.sql", stream=stream)]


def event_spans(lake: Lake, stream: str, *, until: datetime) -> list[tuple[datetime, datetime, datetime]]:
    """Start, end and moment of knowing of each event that concerns a stream, as known at an instant."""
    return lake.rows("alarms/events.sql", stream=stream, until=until)


def measures_between(lake: Lake, stream: str, *, since: datetime, until: datetime) -> pd.DataFrame:
    """origin, kind, place, value on record, the newest of each."""
    return lake.frame("alarms/measures.sql", stream=stream, since=since, until=until)


def append_measures(lake: Lake, rows: pd.DataFrame, *, stream: str, measured_at: datetime) -> None:
    """rows: origin, kind, place, value; to be called inside `Lake.write`."""
    lake.execute("alarms/insert_measures.sql", frames={"measured_rows": rows}, stream=stream, measured_at=measured_at)


def _of(stream: Stream, origins: Sequence[datetime]) -> dict[str, Any]:
    return {
        "stream": stream.name,
        "origins": list(origins),
        "minutes": int(stream.interval / _MINUTE),
        "delay": int(stream.source.publication_delay / _MINUTE),
    }
