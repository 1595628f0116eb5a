"""Times that people write: with an offset they are instants, without one readings of a local clock."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from forecasting.panel.calendar.calendar import first_instants, local_instant
from forecasting.panel.calendar.instants import aware_datetime

_OFFSET = r"Z|[+-]\d{2}(?::?\d{2})?|[A-Za-z][\w/+-]+"
_CLOCK = rf"(\d{{1,2}}:\d{{2}})(?::(\d{{2}})(?:[.,](\d{{1,6}})\d*)?)?\s*({_OFFSET})?"
_WRITTEN = re.compile(rf"(\d{{4}}-\d{{1,2}}-\d{{1,2}})(?:[T ]+{_CLOCK})?")


def read_stamp(value: object) -> datetime:
    """An aware datetime of a time with an offset or a zone, a naive one of a local time; a date is its midnight.

    value: ISO text, or a date or datetime as a table holds it. Raises ValueError on anything else.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(0))
    match = _WRITTEN.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"expected a time such as 2024-06-03 09:00 or 2024-06-03T09:00-04:00, found {str(value)!r}")
    day, clock, seconds, fraction, zone = match.groups()
    try:
        on = date(*map(int, day.split("-")))
        hour, minute = map(int, (clock or "0:00").split(":"))
        wall = datetime.combine(on, time(hour, minute, int(seconds or 0), int((fraction or "0").ljust(6, "0"))))
        return _with_zone(wall, zone) if zone else wall
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"{str(value)!r} is no time: {error}") from error


def instant_of(wall: datetime, zones: Iterable[ZoneInfo]) -> datetime:
    """The UTC instant of a local time that several zones may have; midnight is the first instant of its day.

    Raises ValueError where the zones do not agree, there is none, or clocks skip the time or show it twice.
    """
    known = {zone.key: zone for zone in zones}
    instants = {
        key: _first_of_day(wall, zone) if wall.time() == time(0) else local_instant(wall, zone)
        for key, zone in known.items()
    }
    if len(set(instants.values())) == 1:
        return next(iter(instants.values()))
    example = f"give it an offset, such as {wall.isoformat(timespec='minutes')}-04:00"
    if not known:
        raise ValueError(f"{wall} has no offset, and no stream is known whose local time it could be; {example}")
    raise ValueError(
        f"{wall} has no offset, and it concerns streams in {' and '.join(sorted(known))}; {example}, or name one stream"
    )


def _first_of_day(midnight: datetime, zone: ZoneInfo) -> datetime:
    return aware_datetime(first_instants(np.array([midnight], "datetime64[us]"), zone)[0])


def _with_zone(wall: datetime, zone: str) -> datetime:
    if zone in ("Z", "UTC", "GMT"):
        return wall.replace(tzinfo=UTC)
    if zone[0] in "+-":
        return datetime.fromisoformat(f"{wall.isoformat()}{zone}")
    return local_instant(wall, ZoneInfo(zone))
