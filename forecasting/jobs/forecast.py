"""Forecast a stream from an origin and publish it."""

import logging
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.outputs import check_aggregates, check_forecasts, check_paths
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.joint import Joint, join
from forecasting.ensemble.mixture import ForecastCache, PanelForecast
from forecasting.errors import FallbackError, FeedError
from forecasting.jobs.common.panels import panel_as_of
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.training.bundles import LoadedModel, forecasters, newest_loaded
from forecasting.panel.calendar.calendar import grid_ends, resolve_origin
from forecasting.panel.describe import describe_breaks, describe_suppressed
from forecasting.panel.grid import Panel, horizon_rows, open_age
from forecasting.settings import Settings
from forecasting.store.tables.forecasts import publish
from forecasting.store.tables.runs import Run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus, Tier, format_duration

logger = logging.getLogger(__name__)


def run(
    settings: Settings, stream: str, *, origin: str, kind: str = RunKind.MANUAL, keep_nightly: bool = False
) -> JobSummary:
    """Forecast from `origin` with the newest model trained on nothing later, and publish.

    kind: nightly, manual or backfill. keep_nightly: leave what a nightly run published. Raises SettingsError for an
    origin before the data, FeedError for a feed that is too old, FallbackError when too many series have too
    little history, ModelError for a damaged model; nothing is published then.
    """
    with open_session(settings, stream) as session:
        instant = resolve_origin(origin, session.definition.stream)
        with session.run(RunKind(kind), origin=instant) as record:
            panel = panel_as_of(session.lake, session.definition.stream, instant)
            return issue(session, record, panel, newest_loaded(session, instant), keep_nightly=keep_nightly)


def issue(
    session: Session,
    record: Run,
    panel: Panel,
    model: LoadedModel,
    *,
    cache: ForecastCache | None = None,
    keep_nightly: bool = False,
) -> JobSummary:
    """Forecast the panel of a run's origin and publish it; the run ends with it.

    cache: the members' forecasts of held-back columns, kept where several origins are issued. keep_nightly: see
    `publish`. Raises FeedError, FallbackError or ModelError; nothing is published then.
    """
    stream, origin = session.definition.stream, record.origin
    assert origin is not None
    record.model_id = model.model_id
    record.hindsight = model.trained_until is not None and model.trained_until > origin
    stale = check_age(stream, panel, origin)
    cache = cache or ForecastCache()
    members = forecasters(stream, model)
    forecast = forecast_panel(panel, members, cache=cache)
    check_fallbacks(stream, forecast)
    joint = None
    if stream.hierarchy is not None and panel.n_horizon:
        joint = join(stream, panel, forecast, members, origin=origin, cache=cache)
        forecast = joint.forecast
    rows = forecast_rows(panel, forecast, mean=joint.mean if joint else forecast.mean)
    check_forecasts(rows, expected=rows_expected(panel))
    if joint:
        check_aggregates(joint.aggregates)
    if joint and joint.paths is not None:
        check_paths(joint.paths, expected=rows_expected(panel))
    seen = f"{model.model_id} was trained on demand after this origin" if record.hindsight else None
    found = describe_breaks(panel, zone=stream.zone), describe_suppressed(panel), joint.note if joint else None
    notes = stale, model.note, seen, *found
    record.message = "; ".join(note for note in notes if note) or None
    status = publish(
        session.lake,
        record,
        rows,
        complete=stale is None,
        now=wall_clock(),
        keep_nightly=keep_nightly,
        aggregates=joint.aggregates if joint else None,
        paths=joint.paths if joint else None,
        surges=surge_rows(stream, panel),
    )
    return _summary(record, panel, forecast, joint, status=status, rows=len(rows))


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
            f"stream {stream.name}: {fallen} of {len(forecast.tier)} series have too little history for any member, "
            f"more than models.max_fallback_share = {share}; nothing was published; ingest older usage with --since or "
            "raise the share"
        )


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


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} h"


def shares(panel: Panel, forecast: PanelForecast) -> dict[str, float]:
    """Mean weight of each member over the open intervals of the horizon, heaviest first, those under 1% left out."""
    is_open = panel.open[:, panel.n_history :]
    mean = {name: float(weight[is_open].sum()) / max(is_open.sum(), 1) for name, weight in forecast.weights.items()}
    return {name: round(mean[name], 2) for name in sorted(mean, key=lambda name: -mean[name]) if mean[name] >= 0.01}


def _summary(
    record: Run, panel: Panel, forecast: PanelForecast, joint: Joint | None, *, status: RunStatus, rows: int
) -> JobSummary:
    tiers, counts = np.unique(forecast.tier, return_counts=True)
    return JobSummary(
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
            **({"aggregates": len(joint.aggregates), "sums": joint.choice.method} if joint else {}),
        },
    )
