"""Forecast a stream from an origin and publish it."""

import logging
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.contracts.outputs import check_forecasts
from forecasting.errors import FallbackError, FeedError, InsufficientHistoryError, SettingsError
from forecasting.jobs.answers import forecast_panel
from forecasting.jobs.bundles import newest_loaded
from forecasting.jobs.session import Summary, open_session, wall_clock
from forecasting.models.forecast import PanelForecast
from forecasting.panel.calendar import resolve_origin
from forecasting.panel.describe import describe_breaks
from forecasting.panel.grid import Panel, build_panel, horizon_rows, open_age
from forecasting.settings import Settings
from forecasting.store.forecasts import publish
from forecasting.store.lake import Lake
from forecasting.store.readings import read_as_of, read_extent
from forecasting.store.runs import Run
from forecasting.streams import Stream
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus, Tier, format_duration

logger = logging.getLogger(__name__)


def run(settings: Settings, stream: str, *, origin: str, kind: str = RunKind.MANUAL) -> Summary:
    """Forecast from `origin` with the newest model trained on nothing later, and publish.

    kind: nightly, manual or backfill. Raises SettingsError for an origin before the data, FeedError for a feed that is
    too old, FallbackError when too many series could not be carried, ModelError for a damaged model; nothing is
    published then.
    """
    with open_session(settings, stream) as session:
        instant = resolve_origin(origin, session.definition.stream)
        with session.run(RunKind(kind), origin=instant) as record:
            panel = panel_as_of(session.lake, session.definition.stream, instant)
            stale = check_age(session.definition.stream, panel, instant)
            model = newest_loaded(session, instant)
            forecast = forecast_panel(panel, model.members)
            check_fallbacks(session.definition.stream, forecast)
            rows = forecast_rows(panel, forecast)
            check_forecasts(rows, expected=rows_expected(panel))
            record.model_id = model.model_id
            notes = stale, model.note, describe_breaks(panel, zone=session.definition.stream.zone)
            record.message = "; ".join(note for note in notes if note) or None
            status = publish(session.lake, record, rows, complete=stale is None, now=wall_clock())
            return _summary(record, panel, forecast, status=status, rows=len(rows))


def panel_as_of(lake: Lake, stream: Stream, origin: datetime) -> Panel:
    """The panel that a planner standing at `origin` could have built.

    Raises InsufficientHistoryError where the stream has no history, SettingsError where the origin lies before it.
    """
    extent = read_extent(lake, stream)
    if extent.first_ts is None:
        raise InsufficientHistoryError(
            f"stream {stream.name}: no history yet; run `forecasting ingest {stream.name}` first", have=0, need=1
        )
    if origin <= extent.first_ts:
        raise SettingsError(
            f"stream {stream.name}: origin {origin.isoformat()} lies before the data, which begin at "
            f"{extent.first_ts.isoformat()}; choose a later origin or ingest older usage with --since"
        )
    readings = read_as_of(lake, stream, origin)
    if not len(readings.series):
        last = extent.last_ts.isoformat() if extent.last_ts else "never"
        raise FeedError(
            f"stream {stream.name}: no series reported in the four weeks before origin {origin.isoformat()}; "
            f"the last value on record is of {last}; ingest newer usage or choose an earlier origin"
        )
    return build_panel(stream, origin=origin, demand=readings.demand, series=readings.series, events=readings.events)


def check_age(stream: Stream, panel: Panel, origin: datetime) -> str | None:
    """A note where the feed is older than `max_age` at the origin, in open time. Raises FeedError beyond twice that."""
    age, limit = open_age(panel, interval=stream.interval), stream.source.max_age
    if age <= limit + stream.source.publication_delay:
        return None
    note = (
        f"stream {stream.name}: the newest value is {_hours(age)} of open time older than origin {origin.isoformat()}; "
        f"source.max_age is {format_duration(limit)}"
    )
    if age > 2 * limit:
        raise FeedError(
            f"{note}, and twice that is too old to forecast from; nothing was published; ingest newer usage first"
        )
    return f"{note}; forecast from the last known interval"


def check_fallbacks(stream: Stream, forecast: PanelForecast) -> None:
    """Raises FallbackError when more than `max_fallback_share` of the series had to borrow a profile."""
    fallen = int((forecast.tier == Tier.COLD_START).sum())
    share = stream.models.max_fallback_share
    if fallen > share * len(forecast.tier):
        raise FallbackError(
            f"stream {stream.name}: {fallen} of {len(forecast.tier)} series have too little history for any "
            "member, more than "
            f"models.max_fallback_share = {share}; nothing was published; ingest older usage with --since or "
            "raise the share"
        )


def forecast_rows(panel: Panel, forecast: PanelForecast) -> pd.DataFrame:
    """One row an open interval of the horizon: series_id, ts, horizon_step, mean, quantiles, tier."""
    series, column = horizon_rows(panel)
    values = forecast.quantiles[series, column].astype(np.float64)
    rows = _keys(panel, series, column)
    rows["horizon_step"] = panel.horizon_step[column].astype(np.int32)
    rows["mean"] = forecast.mean[series, column].astype(np.float64)
    rows[list(QUANTILE_COLUMNS)] = values
    rows["tier"] = pd.Categorical(forecast.tier[series], categories=[str(tier) for tier in Tier])
    return rows


def rows_expected(panel: Panel) -> pd.DataFrame:
    """series_id and ts of every open interval of the horizon."""
    return _keys(panel, *np.nonzero(panel.open[:, panel.n_history :]))


def _keys(panel: Panel, series: np.ndarray, column: np.ndarray) -> pd.DataFrame:
    starts = pd.DatetimeIndex(panel.ts[panel.n_history :][column]).tz_localize("UTC")
    ids = pd.Categorical.from_codes(series.astype(np.int64), categories=panel.series_ids.tolist())
    return pd.DataFrame({"series_id": ids, "ts": starts})


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} h"


def shares(panel: Panel, forecast: PanelForecast) -> dict[str, float]:
    """Mean weight of each member over the open intervals of the horizon, the heaviest first; those under 1% are left
    out."""
    is_open = panel.open[:, panel.n_history :]
    mean = {name: float(weight[is_open].sum()) / max(is_open.sum(), 1) for name, weight in forecast.weights.items()}
    return {name: round(mean[name], 2) for name in sorted(mean, key=lambda name: -mean[name]) if mean[name] >= 0.01}


def _summary(record: Run, panel: Panel, forecast: PanelForecast, *, status: RunStatus, rows: int) -> Summary:
    tiers, counts = np.unique(forecast.tier, return_counts=True)
    return Summary(
        job="forecast",
        stream=record.stream.name,
        status=str(status),
        run_id=record.run_id,
        origin=record.origin.isoformat() if record.origin else None,
        rows=rows,
        message=record.message,
        details={
            "series": int(counts.sum()),
            "tiers": dict(zip(tiers.tolist(), counts.tolist(), strict=True)),
            "weights": shares(panel, forecast),
        },
    )
