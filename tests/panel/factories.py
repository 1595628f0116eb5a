"""Streams, frames and panels for tests."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import grid_between, history_since, resolve_origin
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.demand import lay_frame
from forecasting.panel.grid import Panel

EVENT_COLUMNS = ["event_id", "kind", "scope", "starts_at", "ends_at"]


def make_stream(
    *,
    interval: str = "1h",
    timezone: str = "UTC",
    horizon: str = "7d",
    start: str = "2024-01-01",
    hours: Sequence[Mapping[str, Any]] = (),
    country: str | None = None,
    history: str = "28d",
    retrain: str = "7d",
    origin_time: str = "00:00",
) -> Stream:
    """A stream definition. hours: as under `[[calendar.hours]]`."""
    return Stream.model_validate(
        {
            "stream": {
                "name": "calls",
                "metric": "calls",
                "unit": "calls",
                "interval": interval,
                "timezone": timezone,
                "horizon": horizon,
                "origin_time": origin_time,
            },
            "source": {"extract": "extract/calls.sql", "start": start},
            "calendar": {"country": country, "hours": hours},
            "models": {"history": history, "retrain": retrain},
        }
    )


def make_series(*series_ids: str, **attributes: Sequence[str]) -> pd.DataFrame:
    """One row a series with its attributes."""
    return pd.DataFrame({"series_id": list(series_ids), **attributes})


def make_events(*events: tuple[str, Mapping[str, str], str, str]) -> pd.DataFrame:
    """Events of (kind, scope, starts_at, ends_at), times in UTC."""
    rows = [(f"event-{number}", *event) for number, event in enumerate(events)]
    frame = pd.DataFrame(rows, columns=EVENT_COLUMNS)
    for column in ("starts_at", "ends_at"):
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    return frame


def hours_since_1970(ts: np.ndarray) -> np.ndarray:
    """A value that identifies the instant it belongs to, exact in float32."""
    return (ts.astype("datetime64[us]").astype(np.int64) / 3_600_000_000) % 10_000


def make_demand(
    stream: Stream,
    *series_ids: str,
    since: str,
    until: str,
    value: Callable[[np.ndarray], np.ndarray] = hours_since_1970,
) -> pd.DataFrame:
    """A row on every interval of [since, until), open or not; since and until as in `resolve_origin`."""
    first, last = (as_utc(pd.DatetimeIndex([resolve_origin(edge, stream)]))[0] for edge in (since, until))
    ts = grid_between(stream, first, last)
    return pd.DataFrame(
        {
            "series_id": np.repeat(series_ids, len(ts)),
            "ts": pd.DatetimeIndex(np.tile(ts, len(series_ids))).tz_localize("UTC"),
            "y": np.tile(value(ts), len(series_ids)),
        }
    )


def make_panel(
    stream: Stream,
    *,
    origin: str,
    since: str,
    series: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    value: Callable[[np.ndarray], np.ndarray] = hours_since_1970,
) -> Panel:
    """The panel of a stream whose every interval from `since` to the origin has a row."""
    series = make_series("a") if series is None else series
    demand = make_demand(stream, *series["series_id"], since=since, until=origin, value=value)
    return build_from(stream, demand, origin=origin, series=series, events=events)


def build_from(
    stream: Stream, demand: pd.DataFrame, *, origin: str, series: pd.DataFrame, events: pd.DataFrame | None = None
) -> Panel:
    """The panel of an origin over a frame of demand: series_id, ts, y."""
    instant = resolve_origin(origin, stream)
    until = as_utc(pd.DatetimeIndex([instant]))[0]
    ids = np.unique(series["series_id"].to_numpy(dtype=str))
    laid = lay_frame(stream, demand, ids, since=history_since(stream, until), until=until)
    return build_panel(
        stream, origin=instant, demand=laid, series=series, events=make_events() if events is None else events
    )


def utc(text: str) -> datetime:
    """An aware UTC datetime."""
    return datetime.fromisoformat(f"{text}+00:00")
