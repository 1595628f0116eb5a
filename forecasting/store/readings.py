"""Reading history: what was known at an origin, and nothing else."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from forecasting.store.events import events_as_of
from forecasting.store.lake import Lake
from forecasting.streams import Stream

ACTIVE_REACH = timedelta(days=28)
"""A series that reported nothing for this long before an origin is retired there."""


@dataclass(frozen=True)
class Readings:
    """Demand, series and events of a stream as known at an origin; the panel is built from these alone."""

    demand: pd.DataFrame
    """series_id (categorical), ts (UTC), y with NaN for unknown."""
    series: pd.DataFrame
    """series_id and one text column an attribute."""
    events: pd.DataFrame
    """event_id, kind, name, scope (dict), starts_at, ends_at (UTC)."""


@dataclass(frozen=True)
class Extent:
    """Span of a stream's history; all None where it has none."""

    first_ts: datetime | None
    last_ts: datetime | None
    watermark: datetime | None


def read_extent(lake: Lake, stream: Stream) -> Extent:
    """First and last interval on record and the watermark."""
    return Extent(*lake.rows("history/extent.sql", stream=stream.name)[0])


def read_as_of(lake: Lake, stream: Stream, origin: datetime) -> Readings:
    """Everything that a forecast from `origin` may use, over the stream's `models.history` before it."""
    since = origin - stream.models.history - timedelta(days=1)
    demand = lake.frame(
        "history/demand_as_of.sql", categories=["series_id"], stream=stream.name, origin=origin, since=since
    )
    series = lake.frame(
        "history/series_as_of.sql",
        stream=stream.name,
        origin=origin,
        active_since=origin - max(ACTIVE_REACH, 4 * stream.interval),
    )
    attributes = pd.DataFrame([json.loads(text) for text in series["attributes"]], index=series.index, dtype=object)
    return Readings(
        demand=demand,
        series=pd.concat([series[["series_id"]], attributes], axis=1),
        events=events_as_of(lake, origin),
    )
