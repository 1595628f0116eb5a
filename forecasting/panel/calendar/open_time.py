"""Open time of a stream by its definition alone, before any series is known."""

from datetime import datetime

import numpy as np

from forecasting.config.stream import Stream
from forecasting.panel.calendar.calendar import grid_between, grid_ends, wall_times
from forecasting.panel.calendar.hours import group_series, open_mask
from forecasting.panel.calendar.instants import utc_instant

_MARGIN = np.timedelta64(2, "D")


def has_open_interval(stream: Stream, since: datetime, until: datetime) -> bool:
    """Whether [since, until) holds an interval that is open by some opening rule of the stream and its holidays."""
    start, end = utc_instant(since), utc_instant(until)
    ts = grid_between(stream, start, end)
    if not stream.calendar.hours or not len(ts):
        return len(ts) > 0
    ends = grid_ends(ts, stream)
    first, last = wall_times(np.array([ts[0], ends[-1]]), stream.zone).astype("datetime64[D]")
    days = np.arange(first - _MARGIN, last + _MARGIN)
    groups = group_series(stream, rules=np.arange(len(stream.calendar.hours)), events=(), days=days)
    return bool(open_mask(stream, groups, (), ts=ts, ends=ends, days=days).any())
