"""Evaluate a stream: forecast again from past origins, as known then, and score against what was measured since."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.weighing import ForecastCache
from forecasting.errors import FeedError, InsufficientHistoryError, SettingsError
from forecasting.evaluation.backtest import MemberForecast, measure_horizon, sum_member_statistics
from forecasting.evaluation.origins import History, choose_origins, history_between, horizon_end
from forecasting.evaluation.scores import PUBLISHED, score_sums, seasonal_scale
from forecasting.evaluation.table import EvaluationReport, pool, summarize
from forecasting.jobs import ingest
from forecasting.jobs.common.panels import PanelReader
from forecasting.jobs.common.session import JobSummary, Session, open_session, wall_clock
from forecasting.jobs.training import train
from forecasting.jobs.training.bundles import LoadedModel, forecasters, newest_loaded
from forecasting.panel.calendar.calendar import floor_to_grid, resolve_origin
from forecasting.quantiles import mean_of_quantiles
from forecasting.settings import Settings
from forecasting.store.tables.events import events_as_of
from forecasting.store.tables.readings import read_extent
from forecasting.store.tables.runs import Run
from forecasting.store.tables.scores import append_backtest, known_until, read_truth
from forecasting.terms import RunKind, RunStatus, parse_duration

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found."""

    summary: JobSummary
    report: EvaluationReport
    scores: pd.DataFrame
    """Scores of every member, series and horizon bucket, pooled over origins."""

    def as_dict(self) -> dict[str, object]:
        """Everything, for JSON; what is unknown is None."""
        scores = json.loads(self.scores.to_json(orient="records"))
        return {**self.summary.as_dict(), "sentences": list(self.report.sentences), "scores": scores}


def run(
    settings: Settings,
    stream: str,
    *,
    since: str | None = None,
    until: str | None = None,
    every: str = "7d",
    begin: Progress = lambda _: None,
) -> Evaluation:
    """Score the forecasts that the stream's definition would have made from past origins; nothing is published.

    since, until: first and last origin as origin texts; every: the time between two, whole days. Without them the
    newest origins whose horizon has been measured are taken. All use the model that was due at the first of them,
    trained now unless it exists; a stream without history is ingested first. begin: called with each step's name.
    Raises SettingsError for a range that cannot be evaluated, InsufficientHistoryError for too short a history.
    """
    with open_session(settings, stream) as session:
        definition = session.definition.stream
        first, last = (resolve_origin(text, definition) if text else None for text in (since, until))
        step = _read_step(every)
        history = _history(session, begin)
        origins = choose_origins(definition, history, since=first, until=last, every=step)
        begin(f"train {stream}")
        trained = train.train_due(session, origins[0])
        with session.run(RunKind.EVALUATE, origin=origins[-1]) as record:
            model = newest_loaded(session, origins[0])
            record.model_id = model.model_id
            sums, left_out = _evaluate(session, origins, model, begin)
            reused = model.model_id and trained.status == RunStatus.UNCHANGED
            notes = (None if reused else trained.message, model.note, *left_out)
            record.message = "; ".join(note for note in notes if note) or None
            _write(session, record, sums)
            return _conclude(record, sums, every=every, counts=definition.counts)


def _read_step(every: str) -> timedelta:
    try:
        return parse_duration(every)
    except ValueError as error:
        raise SettingsError(f"every: {error}") from error


def _history(session: Session, begin: Progress) -> History:
    """The span of demand on record; of a stream that was never ingested, once its feed has been."""
    lake, stream = session.lake, session.definition.stream
    extent = read_extent(lake, stream)
    if extent.watermark is None:
        begin(f"ingest {stream.name}")
        ingest.pull(session, since=None, until=floor_to_grid(wall_clock(), stream))
        extent = read_extent(lake, stream)
    if extent.first_ts is None or extent.last_ts is None:
        raise InsufficientHistoryError(
            f"stream {stream.name}: no usage is on record, expected some; look at the feed, then run "
            f"`forecasting ingest {stream.name}`",
            have=0,
            need=1,
        )
    return history_between(stream, extent.first_ts, extent.last_ts)


def _evaluate(
    session: Session, origins: Sequence[datetime], model: LoadedModel, begin: Progress
) -> tuple[pd.DataFrame, list[str]]:
    """Sums of every member at every origin, and why an origin was left out."""
    lake, stream = session.lake, session.definition.stream
    left_out: list[str] = []
    events = events_as_of(lake, known_until(lake, stream))
    scale: dict[str, float] = {}
    tables = []

    reader, cache = PanelReader(lake, stream, origins), ForecastCache()
    for number, origin in enumerate(origins, start=1):
        begin(f"evaluate {stream.name}: origin {number} of {len(origins)}")
        try:
            panel = reader.panel(origin)
        except (FeedError, InsufficientHistoryError) as error:
            left_out.append(str(error))
            continue
        forecast = forecast_panel(panel, forecasters(stream, model), cache=cache)
        own = seasonal_scale(panel.y, season=panel.season)
        scale = {**dict(zip(panel.series_ids.tolist(), own.tolist(), strict=True)), **scale}
        demand = read_truth(lake, stream, since=origin, until=horizon_end(stream, origin))
        y = measure_horizon(stream, panel, origin=origin, demand=demand, events=events)
        if not np.isfinite(y).any():
            left_out.append(f"origin {origin.isoformat()}: nothing was measured in its horizon")
            continue
        sums = sum_member_statistics(stream, panel, y=y, forecasts=_member_forecasts(forecast), scale=scale)
        tables.append(sums.assign(origin=origin))
    if not tables:
        raise InsufficientHistoryError(
            f"stream {stream.name}: none of {len(origins)} origins can be scored: {left_out[0]}", have=0, need=1
        )
    return pd.concat(tables, ignore_index=True), left_out


def _member_forecasts(forecast: PanelForecast) -> dict[str, MemberForecast]:
    single = {
        name: MemberForecast(np.maximum(mean_of_quantiles(quantiles), 0), quantiles)
        for name, quantiles in forecast.member_forecasts.items()
    }
    return {PUBLISHED: MemberForecast(forecast.mean, forecast.quantiles), **single}


def _write(session: Session, record: Run, sums: pd.DataFrame) -> None:
    lake, stream = session.lake, session.definition.stream
    rows = score_sums(sums, by=["origin", "member"])
    scored_until = known_until(lake, stream)
    record.rows, record.status = len(rows), RunStatus.PUBLISHED

    def append() -> None:
        append_backtest(lake, rows, eval_id=record.run_id, stream=stream.name, scored_until=scored_until)
        record.finish(lake, finished_at=wall_clock())

    lake.write(append, message=f"evaluate {record.run_id}")


def _conclude(record: Run, sums: pd.DataFrame, *, every: str, counts: bool) -> Evaluation:
    stream, pooled = record.stream, pool(sums)
    origins = [origin.astimezone(stream.zone).isoformat() for origin in sorted(set(sums["origin"]))]
    logger.info("stream %s: evaluated %d origins, %d score rows", stream.name, len(origins), record.rows)
    summary = JobSummary(
        job="evaluate",
        stream=stream.name,
        status=str(record.status),
        run_id=record.run_id,
        origin=origins[-1],
        rows=record.rows or 0,
        message=record.message,
        details={"origins": origins, "every": every, "model": record.model_id},
    )
    return Evaluation(summary, summarize(sums, pooled, counts=counts), pooled)
