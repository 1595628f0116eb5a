"""Backtests: the actual demand after a past origin, and the scores of each member's forecast from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.evaluation.scores import BUCKETS, PUBLISHED, horizon_buckets, sum_statistics
from forecasting.numerics import Floats
from forecasting.panel.calendar.calendar import (
    grid_ends,
    grid_from,
)
from forecasting.panel.calendar.instants import utc_instant
from forecasting.panel.demand import lay_frame
from forecasting.panel.events import read_events, touched
from forecasting.panel.grid import Panel, horizon_rows
from forecasting.terms import QUANTILE_COLUMNS, EventKind


@dataclass(frozen=True)
class MemberForecast:
    """Forecast of one member for every series and interval of a horizon."""

    mean: Floats
    """(N, H)"""
    quantiles: Floats
    """(N, H, 7) sorted, NaN where the member has no forecast."""


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
    on the intervals that it has a forecast for. Counts scatter about the published mean, where there is one.
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
    rate = forecasts[PUBLISHED].mean[series, column].astype(np.float64) if PUBLISHED in forecasts else None
    tables = []
    for member, forecast in forecasts.items():
        quantiles = forecast.quantiles[series, column].astype(np.float64)
        has_forecast = np.isfinite(quantiles).all(axis=1)
        values = dict(zip(QUANTILE_COLUMNS, quantiles[has_forecast].T, strict=True))
        mean = forecast.mean[series, column][has_forecast].astype(np.float64)
        usual = mean if rate is None else rate[has_forecast]
        rows = frame[has_forecast].assign(mean=mean, rate=usual, **values)
        tables.append(sum_statistics(rows, counts=stream.counts).assign(member=member))
    return pd.concat(tables, ignore_index=True)
