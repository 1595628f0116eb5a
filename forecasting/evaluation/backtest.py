"""Backtests: which past origins to forecast from, and the scores of each member's forecasts from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.errors import InsufficientHistoryError, SettingsError
from forecasting.evaluation.scores import BUCKETS, horizon_buckets, sum_statistics
from forecasting.numerics import Floats
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
from forecasting.panel.demand import lay_frame
from forecasting.panel.events import read_events, touched
from forecasting.panel.grid import Panel, horizon_rows
from forecasting.terms import DAY, QUANTILE_COLUMNS, EventKind, format_duration

MOST_ORIGINS = 8
"""Origins of an evaluation whose first origin is not given."""


@dataclass(frozen=True)
class History:
    """The span of demand on record."""

    first_ts: datetime
    measured_until: datetime
    """End of the newest interval."""


@dataclass(frozen=True)
class MemberForecast:
    """Forecast of one member for every series and interval of a horizon."""

    mean: Floats
    """(N, H)"""
    quantiles: Floats
    """(N, H, 7) sorted, NaN where the member has no forecast."""


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


def measure_horizon(
    stream: Stream, panel: Panel, *, origin: datetime, demand: pd.DataFrame, events: pd.DataFrame
) -> NDArray[np.float32]:
    """(N, H) actual demand after an origin, NaN where it is unknown or does not count because of an event.

    panel: as known at the origin. demand (series_id, ts, y) and events: as known now; outages and closures that became
    known after the origin leave their intervals out of the scores.
    """
    grid = grid_from(stream, utc_instant(origin), steps=stream.steps)
    kept = np.zeros(len(grid), bool)
    kept[panel.horizon_step - 1] = True
    ts, ends = grid[kept], grid_ends(grid[kept], stream)
    until = grid_ends(grid[-1:], stream)[0]
    y = lay_frame(stream, demand, panel.series_ids, since=grid[0], until=until).y[:, kept]
    known = read_events(events, attributes=panel.attributes, stream_name=stream.name)
    for kind in (EventKind.OUTAGE, EventKind.CLOSURE):
        y[touched(known, kind, n_series=panel.n_series, ts=ts, ends=ends)] = np.nan
    return y


def sum_member_statistics(
    stream: Stream, panel: Panel, *, y: Floats, forecasts: Mapping[str, MemberForecast], scale: Mapping[str, float]
) -> pd.DataFrame:
    """Rows of `sum_statistics` with member, over the open, measured intervals of one origin's horizon.

    y: (N, H) as of `measure_horizon`; forecasts: by member; scale: of `seasonal_scale`, by series. A member is scored
    on the intervals that it has a forecast for.
    """
    series, column = horizon_rows(panel)
    measured = np.isfinite(y[series, column])
    series, column = series[measured], column[measured]
    bucket = horizon_buckets(panel.horizon_step[column], interval=stream.interval)
    scales = np.array([scale.get(str(key), np.nan) for key in panel.series_ids])
    frame = pd.DataFrame(
        {
            "series_id": pd.Categorical.from_codes(series.astype(np.int64), categories=panel.series_ids.tolist()),
            "horizon_bucket": pd.Categorical(bucket, categories=list(BUCKETS)),
            "y": y[series, column].astype(np.float64),
            "scale": scales[series],
        }
    )
    tables = []
    for member, forecast in forecasts.items():
        quantiles = forecast.quantiles[series, column].astype(np.float64)
        has_forecast = np.isfinite(quantiles).all(axis=1)
        values = dict(zip(QUANTILE_COLUMNS, quantiles[has_forecast].T, strict=True))
        mean = forecast.mean[series, column][has_forecast].astype(np.float64)
        tables.append(sum_statistics(frame[has_forecast].assign(mean=mean, **values)).assign(member=member))
    return pd.concat(tables, ignore_index=True)


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
    """Origins at the wall time of `start`, so many times `every` later or, where negative, earlier."""
    first = wall_times(np.array([utc_instant(start)]), stream.zone)
    wall = first + np.array(places) * np.timedelta64(every // DAY, "D")
    found = {floor_to_grid(aware_datetime(instant), stream) for instant in first_instants(wall, stream.zone)}
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
