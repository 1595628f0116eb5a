"""Past origins to evaluate: which instants of a history leave enough of it before and a measured horizon after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from forecasting.config.stream import Stream
from forecasting.errors import InsufficientHistoryError, SettingsError
from forecasting.panel.calendar.calendar import (
    first_instants,
    floor_to_grid,
    grid_ends,
    grid_from,
    resolve_origin,
    wall_times,
)
from forecasting.panel.calendar.instants import aware_datetime, utc_instant
from forecasting.panel.calendar.open_time import has_open_interval
from forecasting.terms import DAY, format_duration

MOST_ORIGINS = 8
"""Origins of an evaluation whose first origin is not given."""


@dataclass(frozen=True)
class History:
    """The span of demand on record."""

    first_ts: datetime
    measured_until: datetime
    """End of the newest interval."""


def history_between(stream: Stream, first_ts: datetime, last_ts: datetime) -> History:
    """The span of demand from the start of its first interval to the end of its last."""
    return History(first_ts, aware_datetime(grid_ends(np.array([utc_instant(last_ts)]), stream)[0]))


def horizon_end(stream: Stream, origin: datetime) -> datetime:
    """End of the last interval of a forecast from the origin."""
    return aware_datetime(grid_ends(grid_from(stream, utc_instant(origin), steps=stream.steps)[-1:], stream)[0])


def choose_origins(
    stream: Stream, history: History, *, since: datetime | None, until: datetime | None, every: timedelta
) -> list[datetime]:
    """Origins to evaluate, ascending.

    since, until: first and last origin, both included. every: whole local days between origins. Without `until` the
    last origin is the newest whose whole horizon has been measured. Without `since` there are at most MOST_ORIGINS, all
    in the second half of the history. Raises SettingsError for a range outside the history, InsufficientHistoryError
    where no origin leaves half of the history before it.
    """
    if every < DAY or every % DAY:
        raise SettingsError(f"every: expected whole days such as 7d, found {format_duration(every)}")
    for origin in (since, until):
        if origin is not None and not history.first_ts < origin < history.measured_until:
            raise SettingsError(
                f"stream {stream.name}: origin {origin.isoformat()} cannot be evaluated: expected one after the first "
                f"value, {history.first_ts.isoformat()}, and before the end of the last, "
                f"{history.measured_until.isoformat()}"
            )
    if since is not None:
        last = until or max(_newest_measured(stream, history) or since, since)
        if last < since:
            raise SettingsError(
                f"stream {stream.name}: the first origin, {since.isoformat()}, lies after the last, {last.isoformat()}"
            )
        return _steps(stream, since, range(int((last - since) / every) + 2), every=every, until=last)
    middle = history.first_ts + (history.measured_until - history.first_ts) / 2
    last_measured = until or _newest_measured(stream, history)
    if last_measured is None or (until is None and last_measured < middle):
        raise _too_short(stream, history)
    back = _steps(stream, last_measured, range(1 - MOST_ORIGINS, 1), every=every, until=last_measured)
    return [origin for origin in back if origin >= middle] or [last_measured]


def _newest_measured(stream: Stream, history: History) -> datetime | None:
    """The newest origin of a local day whose horizon holds no open interval that is not measured yet."""
    measured, horizon = history.measured_until, stream.stream.horizon
    newest = (measured - horizon).astimezone(stream.zone).date()
    # closed days may end a horizon after the last measurement; intervals of several days start before their date
    for days in range(7, -(stream.interval // DAY + 3), -1):
        origin = resolve_origin((newest + days * DAY).isoformat(), stream)
        unmeasured = has_open_interval(stream, measured, horizon_end(stream, origin))
        if history.first_ts < origin < measured and not unmeasured:
            return origin
    return None


def _steps(stream: Stream, start: datetime, places: range, *, every: timedelta, until: datetime) -> list[datetime]:
    """Origins so many times `every` after `start` on the local calendar, or before it where negative, up to `until`.

    Where `start` is the origin of a date, the others are those of dates: the start of an interval that holds the
    stream's `origin_time`, which clock changes move. Else they are at the wall time of `start`.
    """
    today = start.astimezone(stream.zone).date()
    # intervals that are off local midnight in summer begin on the evening before their date
    day = next((day for day in (today, today + DAY) if resolve_origin(day.isoformat(), stream) == start), None)
    if day is not None:
        found = {resolve_origin((day + place * every).isoformat(), stream) for place in places}
    else:
        wall = wall_times(np.array([utc_instant(start)]), stream.zone)
        later = wall + np.array([place for place in places if place]) * np.timedelta64(every // DAY, "D")
        found = {floor_to_grid(aware_datetime(instant), stream) for instant in first_instants(later, stream.zone)}
        found.add(start)
    return sorted(origin for origin in found if origin <= until)


def _too_short(stream: Stream, history: History) -> InsufficientHistoryError:
    have, need = (history.measured_until - history.first_ts) // DAY, 2 * (stream.stream.horizon // DAY) + 1
    return InsufficientHistoryError(
        f"stream {stream.name}: {have} days of history, expected about {need}: a horizon of "
        f"{format_duration(stream.stream.horizon)} to score and as much before it; ingest older usage with --since, or "
        "choose the origin yourself with --from",
        have=have,
        need=need,
    )
