"""Which published rows an explanation is of: a series, in an interval or on a local day, from an origin."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.session import Session
from forecasting.numerics import Ints
from forecasting.panel.calendar.calendar import interval_of, resolve_origin, wall_times
from forecasting.panel.calendar.instants import as_utc, utc_instant
from forecasting.store.tables.forecasts import KINDS, published_rows
from forecasting.terms import DAY

LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ExplainedRows:
    """Some of the published rows of a series."""

    rows: pd.DataFrame
    """All of the series, by ts."""
    chosen: Ints
    """Places of those that are meant."""
    origin: datetime
    when: str
    """What they are, in words."""
    single: bool
    """Whether they are one interval, no day of several."""


def find_target(session: Session, *, series: str, ts: str | None, origin: str | None) -> ExplainedRows:
    """The rows that are meant. Raises SettingsError for a series or an interval that the forecast does not have,
    FeedError where nothing was published."""
    stream = session.definition.stream
    asked = _origin(session, ts, origin)
    rows = published_rows(session.lake, stream=stream.name, origin=asked, between=(series, series))
    if rows.empty:
        raise _unknown(session, series, asked)
    chosen, when, single = _choose(stream, rows, ts, asked)
    return ExplainedRows(rows, chosen, asked, when, single)


def _origin(session: Session, ts: str | None, origin: str | None) -> datetime:
    stream = session.definition.stream
    if origin is not None:
        return resolve_origin(origin, stream)
    until = LATEST if ts is None else _end_of(ts, stream)
    kinds = [str(kind) for kind in KINDS]
    found: datetime | None = session.lake.rows(
        "planning/newest_origin.sql", stream=stream.name, origin=until, kinds=kinds
    )[0][0]
    if found is None:
        raise FeedError(
            f"stream {stream.name}: no forecast{'' if ts is None else f' from {ts} or before'} was published; forecast "
            f"first: forecasting run {stream.name} --origin DATE"
        )
    return found


def _end_of(ts: str, stream: Stream) -> datetime:
    day = _as_day(ts)
    return interval_of(ts, stream) if day is None else interval_of(day.isoformat(), stream)


def _as_day(ts: str) -> date | None:
    try:
        return date.fromisoformat(ts.strip())
    except ValueError:
        return None


def _choose(stream: Stream, rows: pd.DataFrame, ts: str | None, origin: datetime) -> tuple[Ints, str, bool]:
    """Places of the rows that are meant, what they are in words, and whether they are one interval."""
    starts = as_utc(pd.DatetimeIndex(rows["ts"]))
    wall = wall_times(starts, stream.zone)
    days = wall.astype("datetime64[D]")
    if stream.interval >= DAY or (ts is not None and _as_day(ts) is None):
        at = starts[0] if ts is None else utc_instant(interval_of(ts, stream))
        chosen = np.flatnonzero(starts == at)
        if not len(chosen):
            raise _closed(stream, rows, str(ts), origin)
        local = pd.Timestamp(wall[chosen[0]])
        return chosen, f"{local:%A %-d %B %Y}" if stream.interval >= DAY else f"{local:%A %-d %B %Y %H:%M}", True
    if ts is not None:
        day = np.datetime64(_as_day(ts), "D")
    else:
        opening = pd.Timestamp(origin).tz_convert(stream.zone)
        whole = opening.normalize() if opening == opening.normalize() else opening.normalize() + timedelta(days=1)
        later = days[days >= np.datetime64(whole.date(), "D")]
        day = later[0] if len(later) else days[0]
    chosen = np.flatnonzero(days == day)
    if not len(chosen):
        raise _closed(stream, rows, str(ts), origin)
    return chosen, f"{pd.Timestamp(day):%A %-d %B %Y}", False


def _unknown(session: Session, series: str, origin: datetime) -> Exception:
    stream = session.definition.stream.name
    rows = published_rows(session.lake, stream=stream, origin=origin)
    if rows.empty:
        return FeedError(
            f"stream {stream}: no forecast from {origin.isoformat()} was published; forecast first: forecasting run "
            f"{stream} --origin {origin.isoformat()}"
        )
    named = sorted(set(rows["series_id"].astype(str)))
    return SettingsError(
        f"stream {stream}: {series!r} is no series of the forecast from {origin.isoformat()}; it has {len(named)}: "
        f"{', '.join(named[:5])}{' ...' if len(named) > 5 else ''}"
    )


def _closed(stream: Stream, rows: pd.DataFrame, ts: str, origin: datetime) -> SettingsError:
    first, last = (pd.Timestamp(rows["ts"].iloc[at]).tz_convert(stream.zone) for at in (0, -1))
    return SettingsError(
        f"stream {stream.name}: the forecast from {origin.isoformat()} has nothing at {ts}; it holds open intervals "
        f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}, local time"
    )
