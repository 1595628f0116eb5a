"""Rows that a forecast publishes."""

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.ensemble.mixture import PanelForecast
from forecasting.panel.calendar.calendar import grid_ends
from forecasting.panel.grid import Panel, horizon_rows
from forecasting.terms import QUANTILE_COLUMNS, Tier


def forecast_rows(panel: Panel, forecast: PanelForecast, *, mean: np.ndarray) -> pd.DataFrame:
    """One row an open interval of the horizon: series_id, ts, horizon_step, mean, quantiles, tier, event_factor.

    mean: (N, H).
    """
    series, column = horizon_rows(panel)
    values = forecast.quantiles[series, column].astype(np.float64)
    rows = _keys(panel, series, column)
    rows["horizon_step"] = panel.horizon_step[column].astype(np.int32)
    rows["mean"] = mean[series, column].astype(np.float64)
    rows[list(QUANTILE_COLUMNS)] = values
    if forecast.factors is not None:
        factors = forecast.factors[series, column]
        rows["event_factor"] = np.where(factors == 1, np.nan, factors)
    rows["tier"] = pd.Categorical(forecast.tier[series], categories=[str(tier) for tier in Tier])
    return rows


def surge_rows(stream: Stream, panel: Panel) -> pd.DataFrame:
    """One row a surge of the panel, in the columns of forecast.surges."""
    found = panel.surges
    first = panel.ts[[surge.first for surge in found]]
    ends = grid_ends(panel.ts[[surge.end - 1 for surge in found]], stream)
    return pd.DataFrame(
        {
            "series_id": panel.series_ids[[surge.row for surge in found]].astype(object),
            "starts_at": pd.DatetimeIndex(first).tz_localize("UTC"),
            "ends_at": pd.DatetimeIndex(ends).tz_localize("UTC"),
            "days": np.array([surge.days for surge in found], np.int32),
            "factor": np.array([surge.factor for surge in found], np.float64),
            "ongoing": np.array([surge.ongoing for surge in found], bool),
        }
    )


def rows_expected(panel: Panel) -> pd.DataFrame:
    """series_id and ts of every open interval of the horizon."""
    return _keys(panel, *np.nonzero(panel.open[:, panel.n_history :]))


def _keys(panel: Panel, series: np.ndarray, column: np.ndarray) -> pd.DataFrame:
    starts = pd.DatetimeIndex(panel.ts[panel.n_history :][column]).tz_localize("UTC")
    ids = pd.Categorical.from_codes(series.astype(np.int64), categories=panel.series_ids.tolist())
    return pd.DataFrame({"series_id": ids, "ts": starts})
