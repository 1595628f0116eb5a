"""Local time: origins, retrain boundaries and the grid of intervals. No other module reads a time zone's rules.

Instants inside arrays are UTC in naive datetime64[us]; wall times are local clock readings in the same type.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.numerics import Times
from forecasting.panel.calendar.instants import as_utc, aware_datetime, utc_instant
from forecasting.terms import DAY, format_duration

MONDAY = date(1970, 1, 5)
"""Weeks, intervals of several days and retrain periods are counted from here."""
_DAY = np.timedelta64(1, "D")
_HISTORY_STEP = 28 * _DAY


def wall_times(ts: Times, zone: ZoneInfo) -> Times:
    """Local clock readings of UTC instants."""
    return pd.DatetimeIndex(ts).as_unit("us").tz_localize("UTC").tz_convert(zone).tz_localize(None).to_numpy()


def first_instants(wall: Times, zone: ZoneInfo) -> Times:
    """First UTC instant at which a local clock shows a wall time or, where clocks skip that, a later one."""
    index = pd.DatetimeIndex(wall.astype("datetime64[us]"))
    local = index.tz_localize(zone, ambiguous=np.ones(len(index), bool), nonexistent="NaT").tz_convert(None)
    instants = local.to_numpy(copy=True)
    # pandas' own shift_forward goes wrong where clocks skip anything but an hour (Lord Howe, Troll, Apia)
    for place in np.flatnonzero(np.isnat(instants) & index.notna()):
        instants[place] = _end_of_gap(index[int(place)].to_pydatetime(), zone)
    return instants


def day_starts(midnights: pd.Series, zone: ZoneInfo) -> pd.DataFrame:
    """First instants of local days by their midnights: midnight (wall time), first_instant (aware, UTC).

    A day that has no midnight begins where the clocks go on. Days that clocks skip as a whole (Apia, 2011-12-30) are
    left out.
    """
    wall = midnights.to_numpy("datetime64[us]")
    starts = first_instants(wall, zone)
    real = wall_times(starts, zone).astype("datetime64[D]") == wall.astype("datetime64[D]")
    return pd.DataFrame({"midnight": wall[real], "first_instant": pd.DatetimeIndex(starts[real], tz="UTC")})


def whole_days(since: datetime, until: datetime, zone: ZoneInfo) -> tuple[int, Times]:
    """The local days that lie whole in [since, until): the first one in days since 1970, and the UTC starts of all."""
    edges = np.array([utc_instant(since), utc_instant(until)])
    first, last = wall_times(edges, zone).astype("datetime64[D]")
    # a local day need not begin at midnight: clocks may skip it, or show it twice
    midnights = first_instants(np.arange(first, last + _DAY), zone)[:-1]
    begun = int((midnights < edges[0]).sum())
    return int(first.astype(np.int64)) + begun, midnights[begun:]


def horizon_end(stream: Stream, origin: datetime) -> datetime:
    """First instant after the horizon of an origin."""
    if stream.interval < DAY:
        return origin + stream.stream.horizon
    local = origin.astimezone(stream.zone)
    return (local.replace(tzinfo=None) + stream.stream.horizon).replace(tzinfo=stream.zone)


def resolve_origin(text: str, stream: Stream) -> datetime:
    """The UTC instant of an origin that is given as text.

    A date means local midnight plus the stream's `origin_time`. If that is inside an interval (the grid of 2h intervals
    is off local midnight in summer, a week starts on Monday), the origin is the start of the interval, which is not
    known yet. A timestamp without offset is local. Raises SettingsError where the text is unreadable, a local time does
    not exist or occurs twice, or a timestamp lies off the stream's grid.
    """
    try:
        return floor_to_grid(_origin_on(date.fromisoformat(text.strip()), stream), stream)
    except (ValueError, OverflowError):
        pass
    origin, below = _read_instant(text, stream, what="origin")
    if below != origin:
        raise SettingsError(
            f"origin {text!r} is off the grid of stream {stream.name} (every {format_duration(stream.interval)}, "
            f"{stream.stream.timezone}): take {below.astimezone(stream.zone).isoformat()}"
        )
    return origin


def interval_of(text: str, stream: Stream) -> datetime:
    """UTC start of the interval of the stream's grid that holds an instant given as text.

    A text without offset is local time. Raises SettingsError where it is unreadable, does not exist or occurs twice.
    """
    return _read_instant(text, stream, what="TS")[1]


def _read_instant(text: str, stream: Stream, *, what: str) -> tuple[datetime, datetime]:
    """The instant and the start of the interval that holds it."""
    try:
        stamp = datetime.fromisoformat(text.strip())
        instant = _read_local(stamp, stream, what=what) if stamp.tzinfo is None else stamp.astimezone(UTC)
        return instant, floor_to_grid(instant, stream)
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"{what} {text!r}: expected an ISO date or timestamp such as 2024-06-30 or 2024-06-30T06:00, found {error}"
        ) from error


def retrain_boundary(stream: Stream, origin: datetime) -> datetime:
    """Newest instant up to `origin` that lies a whole number of retrain periods of local days after MONDAY."""
    period = stream.models.retrain // DAY
    count = (origin.astimezone(stream.zone).date() - MONDAY).days // period
    # a boundary may lie on the evening before its date (flooring to the grid), or after the origin (origin_time)
    for periods in (count + 1, count, count - 1):
        boundary = floor_to_grid(_origin_on(MONDAY + timedelta(days=periods * period), stream), stream)
        if boundary <= origin:
            break
    return boundary


def grid_anchor(stream: Stream) -> tuple[np.datetime64, np.timedelta64]:
    """A start and the step of the regular UTC grid of intervals shorter than a day.

    The start is a midnight of the zone's standard time when the stream begins, so that hours are whole local hours in
    Kolkata (+05:30) too; for a feed of whole UTC hours (`grid = "utc"`) it is one of UTC. The grid does not move when
    clocks change.
    """
    if stream.stream.grid == "utc":
        return np.datetime64("1970-01-01", "us"), step_of(stream)
    noon = datetime.combine(stream.source.start, time(12), stream.zone)
    standard = (noon.utcoffset() or timedelta(0)) - (noon.dst() or timedelta(0))
    return np.datetime64("1970-01-01", "us") - np.timedelta64(standard % stream.interval), step_of(stream)


def step_of(stream: Stream) -> np.timedelta64:
    """The interval of a stream as a numpy duration."""
    return np.timedelta64(stream.interval, "us")


def is_on_grid(ts: Times | pd.Series | pd.DatetimeIndex, stream: Stream) -> NDArray[np.bool_]:
    """Whether each instant is the start of an interval of the stream; False for missing ones."""
    instants = as_utc(ts)
    return cast(NDArray[np.bool_], _floor(instants, stream) == instants)


def floor_to_grid(instant: datetime, stream: Stream) -> datetime:
    """Start of the interval that holds an aware instant, in UTC."""
    return aware_datetime(_floor(np.array([utc_instant(instant)]), stream)[0])


def grid_between(stream: Stream, since: np.datetime64, until: np.datetime64) -> Times:
    """Interval starts in [since, until), ascending."""
    if stream.interval < DAY:
        anchor, step = grid_anchor(stream)
        first, last = (int(-((anchor - edge) // step)) for edge in (since, until))
        return anchor + np.arange(first, last) * step
    edges = wall_times(np.array([since, until]), stream.zone).astype("datetime64[D]")
    dates = np.arange(_floor_dates(edges[:1], stream)[0], edges[1] + _DAY, stream.interval // DAY)
    starts = np.unique(first_instants(dates, stream.zone))
    return starts[(starts >= since) & (starts < until)]


def grid_from(stream: Stream, start: np.datetime64, *, steps: int) -> Times:
    """`steps` interval starts from `start`, itself on the grid."""
    if stream.interval < DAY:
        return start + np.arange(steps) * step_of(stream)
    first = wall_times(np.array([start]), stream.zone).astype("datetime64[D]")[0]
    return first_instants(first + np.arange(steps) * (stream.interval // DAY), stream.zone)


def grid_ends(ts: Times, stream: Stream) -> Times:
    """Ends of the intervals that start at `ts`."""
    if stream.interval < DAY:
        return ts + step_of(stream)
    dates = wall_times(ts, stream.zone).astype("datetime64[D]")
    return first_instants(dates + stream.interval // DAY, stream.zone)


def interval_ends(ts: pd.Series, stream: Stream) -> pd.Series:
    """`grid_ends` of aware instants, aware and in UTC."""
    ends = grid_ends(ts.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"), stream)
    return pd.Series(pd.DatetimeIndex(ends, tz="UTC"), index=ts.index)


def history_since(stream: Stream, at: np.datetime64) -> np.datetime64:
    """Start of the history before `at`: `models.history` earlier, floored to a block of four weeks from MONDAY.

    The start is the same for four weeks, so that panels of consecutive origins have the same columns and share work.
    """
    day = wall_times(np.array([at]), stream.zone).astype("datetime64[D]") - stream.models.history // DAY * _DAY
    monday = np.array([MONDAY], "datetime64[D]")
    return cast(np.datetime64, first_instants(day - (day - monday) % _HISTORY_STEP, stream.zone)[0])


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """First instant, naive UTC, at which clocks show a later time than a wall time that they skip."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    microsecond = timedelta(microseconds=1)

    def reading(passed: int) -> datetime:
        return (before + passed * microsecond).astimezone(zone).replace(tzinfo=None)

    passed = bisect_left(range((after - before) // microsecond), wall, key=reading)
    return (before + passed * microsecond).replace(tzinfo=None)


def _origin_on(day: date, stream: Stream) -> datetime:
    wall = np.array([datetime.combine(day, stream.stream.origin_time)], "datetime64[us]")
    return aware_datetime(first_instants(wall, stream.zone)[0])


def local_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local clock reading. Raises ValueError where clocks skip it or show it twice."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = f"{wall.isoformat()} in {zone.key}"
    if first.astimezone(zone).replace(tzinfo=None) != wall:
        raise ValueError(f"{shown} does not exist: clocks skip it; give the time before or after")
    if first != second:
        choices = " or ".join(instant.astimezone(zone).isoformat() for instant in (first, second))
        raise ValueError(f"{shown} occurs twice: clocks go back over it; take {choices}")
    return first


def _read_local(wall: datetime, stream: Stream, *, what: str) -> datetime:
    try:
        return local_instant(wall, stream.zone)
    except ValueError as error:
        raise SettingsError(f"{what} {error}") from error


def _floor(instants: Times, stream: Stream) -> Times:
    if stream.interval < DAY:
        anchor, step = grid_anchor(stream)
        return instants - (instants - anchor) % step
    return first_instants(_floor_dates(wall_times(instants, stream.zone), stream), stream.zone)


def _floor_dates(wall: Times, stream: Stream) -> Times:
    """Local date on which the interval of whole days that holds each wall time starts."""
    days = wall.astype("datetime64[D]") - np.datetime64(MONDAY, "D")
    return np.datetime64(MONDAY, "D") + days // (stream.interval // DAY) * (stream.interval // DAY)
