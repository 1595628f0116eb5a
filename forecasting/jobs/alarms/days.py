"""Days on which forecasts are known to hit less well: holidays, the days beside them, and events."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.panel.calendar.holidays import holiday_names
from forecasting.store.alarms.measures import event_spans
from forecasting.store.lake.lake import Lake
from forecasting.terms import DAY


def weekdays_of(stream: Stream, origins: Sequence[datetime]) -> NDArray[np.intp]:
    """(n,) weekday of the local day before each origin, Monday 0."""
    return np.array([day.weekday() for day in _days_before(stream, origins)], np.intp)


def special_days(lake: Lake, stream: Stream, origins: Sequence[datetime]) -> NDArray[np.bool_]:
    """(n,) whether the local day before each origin is a holiday, beside one, or has an event of the stream that was
    known at the origin."""
    days = _days_before(stream, origins)
    holidays = set(holiday_names(stream, min(days) - 2 * DAY, max(days) + 2 * DAY))
    beside = holidays | {day + DAY for day in holidays} | {day - DAY for day in holidays}
    events = event_spans(lake, stream.name, until=origins[-1])
    return np.array(
        [
            day in beside or any(_meets(event, origin) for event in events)
            for day, origin in zip(days, origins, strict=True)
        ],
        bool,
    )


def _meets(event: tuple[datetime, datetime, datetime], origin: datetime) -> bool:
    starts_at, ends_at, known_at = event
    return known_at <= origin and starts_at < origin and ends_at > origin - timedelta(days=1)


def _days_before(stream: Stream, origins: Sequence[datetime]) -> list[date]:
    return [(origin.astimezone(stream.zone).replace(tzinfo=None) - timedelta(days=1)).date() for origin in origins]
