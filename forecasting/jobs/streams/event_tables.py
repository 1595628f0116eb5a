"""Events as tables for people: local times, and the series that each concerns in words."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from forecasting.panel.event_rows import EventRow
from forecasting.panel.event_scopes import Streams

_SHOWN = 3
"""Series that are named of each stream."""


def describe_events(events: Sequence[EventRow], streams: Streams) -> pd.DataFrame:
    """Events for people: in the local time of the streams they concern, with the series in words."""
    rows = []
    for event in events:
        concerned = list(event.series) or ([event.scope["stream"]] if "stream" in event.scope else [])
        zones = {zone.key: zone for name in concerned if name in streams and (zone := streams[name].zone) is not None}
        zone = next(iter(zones.values())) if len(zones) == 1 else None
        starts, ends = ((at.astimezone(zone) if zone else at) for at in (event.starts_at, event.ends_at))
        rows.append(
            {
                "event_id": event.event_id,
                "kind": str(event.kind),
                "name": event.name,
                "starts": clock(starts),
                "ends": clock(ends),
                "zone": zone.key if zone else "UTC",
                "series": _in_words(event),
            }
        )
    return pd.DataFrame(rows, columns=["event_id", "kind", "name", "starts", "ends", "zone", "series"])


def clock(at: datetime) -> str:
    """A time to the minute."""
    return at.strftime("%Y-%m-%d %H:%M")


def _in_words(event: EventRow) -> str:
    """`12 of sales (care, chat, desk ...)`; none yet where a stream has no history."""
    parts = []
    for stream, series in event.series.items():
        more = " ..." if len(series) > _SHOWN else ""
        parts.append(f"{len(series)} of {stream} ({', '.join(series[:_SHOWN])}{more})")
    return "; ".join(parts) or "none yet"
