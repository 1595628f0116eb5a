"""A published forecast laid back on the grid of its origin, beside the history it was made from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.errors import FeedError
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.grid import Panel
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.forecasts import KINDS, published_rows
from forecasting.store.tables.planners.adjustments import ids_of, read_adjusted
from forecasting.terms import DAY, MEDIAN, QUANTILE_COLUMNS, format_duration

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Outlook:
    """A published forecast of N series on the H columns of a horizon, and the panel it was made from."""

    stream: Stream
    origin: datetime
    run_id: str
    panel: Panel
    """As of the origin."""
    quantiles: NDArray[np.float64]
    """(N, H, 7) NaN where a series is closed."""
    mean: NDArray[np.float64]
    """(N, H) 0 where a series is closed."""
    factors: NDArray[np.float64]
    """(N, H) what events multiply each series by, which the quantiles contain; 1 where there is no effect."""
    adjusted: NDArray[np.float64]
    """(N, H) what planners multiply each series by, which the quantiles do not contain; 1 where they say nothing."""
    adjustments: tuple[str, ...]
    """Keys of their adjustments."""

    @property
    def series_ids(self) -> list[str]:
        return [str(series) for series in self.panel.series_ids]

    @property
    def median(self) -> NDArray[np.float64]:
        """(N, H) with the planners' adjustments; 0 where a series is closed."""
        own: NDArray[np.float64] = np.nan_to_num(self.quantiles[..., MEDIAN]) * self.adjusted
        return own

    @property
    def ts(self) -> NDArray[np.datetime64]:
        """(H,) UTC starts."""
        return self.panel.ts[self.panel.n_history :]

    @property
    def day(self) -> Ints:
        """(T + H,) number of each column's local day since 1970."""
        return self.panel.wall.astype("datetime64[D]").astype(np.int64)

    @property
    def horizon_day(self) -> Ints:
        """(H,) the same of the horizon."""
        return self.day[self.panel.n_history :]

    @property
    def seed(self) -> tuple[int, int]:
        """Of the paths of this origin: the same forecast gives the same plan."""
        return self.stream.models.seed, int(self.origin.timestamp())


PanelSource = Callable[[Stream, datetime], Panel]
"""Where panels as of an origin come from."""


def read_outlook(
    lake: Lake, stream: Stream, origin: datetime, *, panels: PanelSource, partial: bool = False
) -> Outlook:
    """The published forecast of a stream from an origin.

    partial: leave what it lacks to the caller. Raises FeedError where nothing was published from the origin, or an open
    interval has no row.
    """
    rows = published_rows(lake, stream=stream.name, origin=origin)
    if rows.empty:
        raise FeedError(
            f"stream {stream.name}: no forecast from {origin.isoformat()} was published, so there is nothing to plan "
            f"from; forecast first: forecasting forecast {stream.name} --origin {origin.isoformat()}"
        )
    panel = panels(stream, origin)
    ts = panel.ts[panel.n_history :]
    series, starts = rows["series_id"].to_numpy(dtype=str), as_utc(rows["ts"])
    row = np.minimum(np.searchsorted(panel.series_ids, series), panel.n_series - 1)
    column = np.minimum(np.searchsorted(ts, starts), len(ts) - 1)
    found = (panel.series_ids[row] == series) & (ts[column] == starts)
    quantiles = np.full((panel.n_series, len(ts), len(QUANTILE_COLUMNS)), np.nan)
    quantiles[row[found], column[found]] = rows.loc[found, list(QUANTILE_COLUMNS)].to_numpy(np.float64)
    mean = np.zeros(quantiles.shape[:2])
    mean[row[found], column[found]] = rows.loc[found, "mean"].to_numpy(np.float64)
    factors = np.ones(quantiles.shape[:2])
    factors[row[found], column[found]] = rows.loc[found, "event_factor"].fillna(1.0).to_numpy(np.float64)
    run_id = str(rows["run_id"].iloc[0])
    held = read_adjusted(lake, stream=stream.name, origin=origin, run_id=run_id)
    adjusted = np.ones(quantiles.shape[:2])
    own_row = np.minimum(np.searchsorted(panel.series_ids, held["series_id"].to_numpy(dtype=str)), panel.n_series - 1)
    own_column = np.minimum(np.searchsorted(ts, as_utc(held["ts"])), len(ts) - 1)
    adjusted[own_row, own_column] = held["factor"].to_numpy(np.float64)
    lacking = panel.open[:, panel.n_history :] & np.isnan(quantiles[..., 0])
    if lacking.any() and not partial:
        first_row, first_column = np.argwhere(lacking)[0]
        raise FeedError(
            f"stream {stream.name}: the forecast from {origin.isoformat()} lacks {int(lacking.sum())} open intervals, "
            f"first {panel.series_ids[first_row]} at {ts[first_column]}Z; expected every open interval of "
            f"{format_duration(stream.steps * stream.interval) if stream.interval < DAY else stream.steps}; forecast "
            f"again: forecasting forecast {stream.name} --origin {origin.isoformat()}"
        )
    return Outlook(stream, origin, run_id, panel, quantiles, mean, factors, adjusted, tuple(ids_of(held)))


def newest_origin(lake: Lake, stream: Stream, origin: datetime) -> datetime:
    """Newest origin up to `origin` with a published forecast. Raises FeedError where there is none."""
    kinds = [str(kind) for kind in KINDS]
    rows = lake.rows("planning/newest_origin.sql", stream=stream.name, origin=origin, kinds=kinds)
    found: datetime | None = rows[0][0]
    if found is None:
        raise FeedError(
            f"stream {stream.name}: no forecast from {origin.isoformat()} or before was published; forecast first: "
            f"forecasting run {stream.name} --origin {origin.isoformat()}"
        )
    return found
