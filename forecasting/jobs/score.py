"""Score published forecasts against what was measured since, beside the seasonal naive."""

import logging
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.evaluation.scores import (
    ALL_BUCKETS,
    ALL_SERIES,
    NO_COUNTS,
    PUBLISHED,
    horizon_buckets,
    score_sums,
    seasonal_scale,
    sum_statistics,
)
from forecasting.jobs.blocks.panels import panels_as_of
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.models.seasonal.member import seasonal_naive
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.calendar.instants import as_utc, utc_instant
from forecasting.panel.grid import Panel
from forecasting.quantiles import mean_of_quantiles
from forecasting.settings import Settings
from forecasting.store.tables.forecasts import published_rows
from forecasting.store.tables.runs import Run
from forecasting.store.tables.scores import append_scores, origins_to_score
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus, Tier

logger = logging.getLogger(__name__)


def run(settings: Settings, stream: str, *, origin: str) -> JobSummary:
    """Score each origin before `origin` whose published intervals were newly measured, by demand as known then."""
    with open_session(settings, stream, must_exist=True) as session:
        definition = session.definition.stream
        instant = resolve_origin(origin, definition)
        origins = origins_to_score(session.lake, definition, scored_until=instant)
        with session.run(RunKind.SCORE, origin=instant) as record:
            tables = _score_origins(session, origins, instant) if origins else {}
            session.lake.write(lambda: _write(session, record, tables, instant), message=f"score {record.run_id}")
    logger.info("stream %s: scored %d origins until %s", stream, len(tables), instant.isoformat())
    return JobSummary(
        job="score",
        stream=stream,
        status=str(record.status),
        run_id=record.run_id,
        origin=instant.isoformat(),
        rows=record.rows or 0,
        message=record.message,
        details={"origins": [scored.isoformat() for scored in tables]},
    )


def _score_origins(session: Session, origins: list[datetime], scored_until: datetime) -> dict[datetime, pd.DataFrame]:
    """Scores by origin, in the columns of `score_rows` and member; of origins of which something can be scored."""
    stream = session.definition.stream
    sums: dict[datetime, list[pd.DataFrame]] = {origin: [] for origin in origins}
    for panel in panels_as_of(session.lake, stream, scored_until):
        between = str(panel.series_ids[0]), str(panel.series_ids[-1])
        for origin in origins:
            published = published_rows(session.lake, stream=stream.name, origin=origin, between=between)
            sums[origin] += sum_published(stream, panel, published, origin=origin)
    return {
        origin: score_sums(pd.concat(parts, ignore_index=True), by=["member"])
        for origin, parts in sums.items()
        if parts
    }


def sum_published(stream: Stream, panel: Panel, published: pd.DataFrame, *, origin: datetime) -> list[pd.DataFrame]:
    """Sums for the scores of published rows and of the seasonal naive on the same intervals, by member.

    panel: demand as known when scoring; intervals that it does not hold yet, or whose demand is unknown, are not
    scored. Empty where nothing can be scored.
    """
    at = int(np.searchsorted(panel.ts[: panel.n_history], utc_instant(origin)))
    series = np.searchsorted(panel.series_ids, published["series_id"].to_numpy(dtype=str))
    column = np.searchsorted(panel.ts[: panel.n_history], as_utc(published["ts"]))
    series, column = np.minimum(series, panel.n_series - 1), np.minimum(column, panel.n_history - 1)
    known = (panel.series_ids[series] == published["series_id"].to_numpy(dtype=str)) & (
        panel.ts[column] == as_utc(published["ts"])
    )
    rows, series, column = published[known], series[known], column[known]
    if at == 0 or not panel.observed[series, column].any():
        return []
    frame = pd.DataFrame(
        {
            "series_id": rows["series_id"].to_numpy(dtype=str),
            "horizon_bucket": horizon_buckets(rows["horizon_step"].to_numpy(), interval=stream.interval),
            "y": panel.y[series, column].astype(np.float64),
            "scale": seasonal_scale(panel.y[:, :at], season=panel.season)[series],
        }
    )
    naive = seasonal_naive(panel, at=at, length=panel.n_history - at)[series, column - at]
    answered = np.isfinite(naive).all(axis=1)
    values = rows[["mean", *QUANTILE_COLUMNS]].to_numpy(np.float64)
    reference = np.column_stack([mean_of_quantiles(naive), naive]).astype(np.float64)
    # counts scatter about one rate, whoever forecasts them
    frame["rate"] = values[:, 0]
    return [
        _sum(stream, frame, values).assign(member=PUBLISHED),
        _sum(stream, frame[answered], reference[answered]).assign(member=str(Tier.SEASONAL_NAIVE)),
    ]


def _sum(stream: Stream, frame: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    rows = frame.assign(**dict(zip(("mean", *QUANTILE_COLUMNS), values.T, strict=True)))
    return sum_statistics(rows, counts=stream.counts)


def _deny(scores: pd.DataFrame) -> bool:
    """Whether scores of what the definition calls counts say that they are none."""
    total = scores[(scores["series_id"] == ALL_SERIES) & (scores["horizon_bucket"] == ALL_BUCKETS)]
    return bool(total["wape"].notna().any() and total["noise_floor"].isna().all())


def _write(session: Session, record: Run, tables: dict[datetime, pd.DataFrame], scored_until: datetime) -> None:
    for origin, rows in tables.items():
        append_scores(
            session.lake,
            rows,
            eval_id=record.run_id,
            stream=session.definition.stream.name,
            origin=origin,
            scored_until=scored_until,
        )
    record.rows = sum(len(rows) for rows in tables.values())
    record.status = RunStatus.PUBLISHED if tables else RunStatus.UNCHANGED
    if session.definition.stream.counts and any(_deny(rows) for rows in tables.values()):
        record.message = NO_COUNTS
    record.finish(session.lake, finished_at=wall_clock())
