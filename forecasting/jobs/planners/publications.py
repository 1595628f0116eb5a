"""What was published: shown, and withdrawn where it is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.common.session import open_session, wall_clock
from forecasting.jobs.streams.event_tables import clock
from forecasting.jobs.streams.known import known_streams
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.planners.withdrawals import (
    append_withdrawal,
    list_publications,
    newest_valid,
    valid_of,
)

_SHOWN, _RECENT = 3, 100


@dataclass(frozen=True)
class Withdrawn:
    """A withdrawal, and what is current now."""

    stream: str
    origin: datetime
    what: str
    """`forecast`, `plan` or both."""
    current: datetime | None
    """Origin of the newest forecast that stands; None where nothing of the stream does."""

    def as_dict(self) -> dict[str, Any]:
        current = self.current.isoformat() if self.current else None
        return {**self.__dict__, "origin": self.origin.isoformat(), "current": current}


def withdraw(settings: Settings, stream: str, *, origin: str, reason: str, author: str) -> Withdrawn:
    """Withdraw the forecast and plan published from an origin: those of the origin before are current again.

    Nothing is deleted, and who asks as of an instant before it still sees them. Publishing the origin again later makes
    it current again. Raises SettingsError where nothing is published from the origin, or all of it was withdrawn.
    """
    for name, text in (("reason", reason), ("author", author)):
        if not text.strip():
            raise SettingsError(f"{name} is empty; a withdrawal says who made it and why")
    with open_session(settings, stream, must_exist=True) as session:
        lake, definition = session.lake, session.definition.stream
        instant = resolve_origin(origin, definition)

        def write() -> str:
            found = valid_of(lake, stream=stream, origin=instant)
            parts = [name for name, count in (("forecast", found.forecasts), ("plan", found.plans)) if count]
            if not parts or found.published_at is None:
                raise SettingsError(_refusal(lake, stream, instant, found.withdrawn_at))
            known_at = max(wall_clock(), found.published_at + timedelta(microseconds=1))
            append_withdrawal(
                lake,
                stream=stream,
                origin=instant,
                known_at=known_at,
                reason=reason.strip(),
                author=author.strip(),
            )
            return " and ".join(parts)

        what = lake.write(write, message=f"withdraw {stream} {instant.isoformat()}")
        current = newest_valid(lake, stream=stream)
    return Withdrawn(stream, instant, what, current)


def show(settings: Settings, *, stream: str | None = None, most: int = 20) -> pd.DataFrame:
    """Publications of the newest origins first, in local time, with what was withdrawn of them and why."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        found = list_publications(lake, stream=stream, most=most)
        streams = known_streams(settings, lake)
    if stream is not None and stream not in streams:
        raise SettingsError(f"there is no stream {stream!r}; there are {', '.join(sorted(streams))}")
    zones = [streams[name].zone if name in streams else None for name in found["stream"]]
    for name in ("origin", "published_at", "withdrawn_at"):
        pairs = zip(found[name], zones, strict=True)
        local = ["" if pd.isna(at) else clock(at.tz_convert(zone or "UTC")) for at, zone in pairs]
        found[name] = pd.Series(local, index=found.index, dtype=object)
    return found.fillna({"reason": "", "author": ""})


def _refusal(lake: Lake, stream: str, origin: datetime, withdrawn_at: datetime | None) -> str:
    at = origin.isoformat()
    if withdrawn_at is not None:
        return f"stream {stream}: what was published from {at} was withdrawn at {clock(withdrawn_at)} UTC"
    found = list_publications(lake, stream=stream, most=_RECENT)
    there = found.loc[found["withdrawn_at"].isna(), "origin"].drop_duplicates().head(_SHOWN)
    return (
        f"stream {stream}: nothing is published from {at}; the newest origins are "
        f"{', '.join(one.isoformat() for one in there) or 'none'}; see `forecasting publications list {stream}`"
    )
