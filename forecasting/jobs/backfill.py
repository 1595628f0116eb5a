"""Backfill: issue the forecasts of past origins, each from what was known then."""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, partial
from itertools import groupby

from forecasting.config.stream import Stream
from forecasting.ensemble.weighing import ForecastCache
from forecasting.errors import ForecastingError, SettingsError, surprises_named
from forecasting.jobs.blocks.cut import is_large
from forecasting.jobs.blocks.processes import issue_blocks
from forecasting.jobs.common.backfills import BackfillReport, Issued, Progress, Trained
from forecasting.jobs.common.panels import PanelReader
from forecasting.jobs.common.session import JobSummary, Session, open_session
from forecasting.jobs.forecast import issue
from forecasting.jobs.training import train
from forecasting.jobs.training.bundles import LoadedModel, load_champion, newest_loaded
from forecasting.panel.calendar.calendar import resolve_origin, retrain_boundary
from forecasting.settings import Settings
from forecasting.store.tables.backfills import (
    CurrentPublication,
    HistoryBatch,
    is_settled,
    read_current_publications,
    read_history_batches,
)
from forecasting.store.tables.blocks import holds_publication
from forecasting.store.tables.decisions import champion_as_of, newest_origin
from forecasting.store.tables.registry import newest_model
from forecasting.terms import DAY, BackfillStatus, ModelChoice, RunKind, RunStatus

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Backfill:
    """A range of origins at work."""

    session: Session
    origins: Sequence[datetime]
    choice: ModelChoice
    overwrite: bool
    progress: Progress
    published: Mapping[datetime, CurrentPublication]
    batches: Sequence[HistoryBatch]
    trained: list[Trained] = field(default_factory=list)
    whole: dict[str, bool] = field(default_factory=dict)
    """Of each run that was looked at: whether the lake still holds what it published."""

    @property
    def stream(self) -> Stream:
        return self.session.definition.stream

    @cached_property
    def reader(self) -> PanelReader:
        """Reads the panels of the origins, in their order."""
        return PanelReader(self.session.lake, self.stream, self.origins)


def run(
    settings: Settings,
    stream: str,
    *,
    since: str,
    until: str,
    models: ModelChoice = ModelChoice.AS_OF,
    replace: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> BackfillReport:
    """Issue every origin date from `since` to `until`, both in.

    models: `as-of` uses the champion as of each origin and trains at the retrain boundaries that have no model yet;
    `champion` uses today's champion throughout and trains nothing; its rows are marked hindsight. An origin that a
    nightly run published is left alone unless `replace`; `champion` leaves every published origin alone then. An origin
    that was issued by this code, definition and model, and before which nothing has changed since, is not computed
    again. An error stops its origin; the others go on. dry_run: only report what would be done; the lake is read as it
    stands. Raises SettingsError for a range without a date in it, or where dry_run finds no lake.
    """
    with open_session(settings, stream, read_only=dry_run) as session:
        definition = session.definition.stream
        origins = choose_origins(definition, since, until)
        published = read_current_publications(session.lake, definition, origins[0], origins[-1])
        batches = read_history_batches(session.lake, definition, list(published.values()))
        work = _Backfill(session, origins, models, replace, progress or Progress(), published, batches)
        if work.choice is ModelChoice.CHAMPION:
            done = list(_with_champion(work, dry_run=dry_run))
        else:
            done = list(_as_of(work, dry_run=dry_run))
        return BackfillReport(stream, dry_run, done, work.trained)


def choose_origins(stream: Stream, since: str, until: str) -> list[datetime]:
    """Origins of the dates from `since` to `until`, both in, ascending. Raises SettingsError where these are none."""
    try:
        first, last = date.fromisoformat(since.strip()), date.fromisoformat(until.strip())
    except ValueError as error:
        raise SettingsError(
            f"backfill: expected --from and --to to be dates such as 2026-01-31, found {error}"
        ) from error
    if last < first:
        raise SettingsError(f"backfill: --from {first} lies after --to {last}; give the earlier date first")
    days = (first + number * DAY for number in range((last - first).days + 1))
    # an interval of several days is one origin for all of them
    return sorted({resolve_origin(day.isoformat(), stream) for day in days})


def _as_of(work: _Backfill, *, dry_run: bool) -> Iterator[Issued]:
    """Each origin with the champion as of it, trained where a boundary has no model."""
    for boundary, group in groupby(work.origins, key=lambda origin: retrain_boundary(work.stream, origin)):
        origins = list(group)
        due = [
            origin for origin in origins if _done_already(work, origin, _champion_id(work, origin, boundary)) is None
        ]
        failed: ForecastingError | None = None
        if due:
            failed = _train(work, boundary, due[0], dry_run=dry_run)
        caches: dict[str | None, ForecastCache] = {}
        for origin in origins:
            done = None if origin in due else _done_already(work, origin, _champion_id(work, origin, boundary))
            if done is not None:
                yield _report(work, done)
            elif dry_run:
                yield _report(work, _planned(work, origin))
            elif failed is not None:
                yield _report(work, _failed(origin, failed))
            else:
                yield _report(work, _issue(work, origin, partial(newest_loaded, work.session, origin), caches))


def _with_champion(work: _Backfill, *, dry_run: bool) -> Iterator[Issued]:
    """Each origin with today's champion."""
    lake = work.session.lake
    newest = newest_origin(lake, work.stream)
    champion = champion_as_of(lake, work.stream, newest) if newest else None
    if champion is None:
        raise SettingsError(
            f"stream {work.stream.name}: expected a champion, found none trained for this definition; run "
            f"`forecasting train {work.stream.name} --origin DATE` first, or use --models as-of"
        )
    model = load_champion(work.session, champion)
    caches: dict[str | None, ForecastCache] = {}
    for origin in work.origins:
        done = _done_already(work, origin, model.model_id)
        if done is not None:
            yield _report(work, done)
        elif dry_run:
            yield _report(work, _planned(work, origin))
        else:
            yield _report(work, _issue(work, origin, lambda: model, caches))


def _champion_id(work: _Backfill, origin: datetime, boundary: datetime) -> str | None:
    """Key of the model that an origin would be issued with, as far as its boundary's model exists."""
    champion = champion_as_of(work.session.lake, work.stream, origin)
    return champion.model_id if champion and train.model_of(work.session, boundary) else None


def _done_already(work: _Backfill, origin: datetime, model_id: str | None) -> Issued | None:
    """Why an origin needs no forecast, if it needs none."""
    current = work.published.get(origin)
    if current is None:
        return None
    issued = Issued(origin, BackfillStatus.SETTLED, run_id=current.run_id, model_id=current.model_id)
    settled = model_id is not None and is_settled(current, model_id=model_id, batches=work.batches)
    if settled and _is_whole(work, current):
        return issued
    if not work.overwrite and (current.kind is RunKind.NIGHTLY or work.choice is ModelChoice.CHAMPION):
        message = f"published by {current.kind} run {current.run_id}; --replace issues it anew"
        return dataclasses.replace(issued, status=BackfillStatus.KEPT, message=message)
    return None


def _is_whole(work: _Backfill, current: CurrentPublication) -> bool:
    """Whether the lake still holds what was published; rows that it lost are issued again."""
    if current.run_id not in work.whole:
        named = {"run_id": current.run_id, "stream": work.stream.name}
        work.whole[current.run_id] = holds_publication(work.session.lake, **named, origin=current.origin)
    return work.whole[current.run_id]


def _planned(work: _Backfill, origin: datetime) -> Issued:
    current = work.published.get(origin)
    if current is None:
        return Issued(origin, BackfillStatus.WOULD_PUBLISH)
    message = f"published by {current.kind} run {current.run_id}"
    return Issued(origin, BackfillStatus.WOULD_CHECK, run_id=current.run_id, model_id=current.model_id, message=message)


def _train(work: _Backfill, boundary: datetime, origin: datetime, *, dry_run: bool) -> ForecastingError | None:
    """Train the model of a boundary unless it exists; the error where that fails."""
    lake, stream = work.session.lake, work.stream
    local, before = boundary.astimezone(stream.zone), train.model_of(work.session, boundary)
    if dry_run and before is not None:
        work.trained.append(Trained(local, "exists", before.model_id))
    elif dry_run:
        parent = newest_model(lake, stream=stream.name, origin=boundary, config_hash=None)
        start = f"from the weights of {parent.model_id}" if parent else "cold"
        work.trained.append(Trained(local, "would train", start))
    if dry_run:
        return None
    work.progress.begin(f"train {stream.name} at {local:%Y-%m-%d}")
    try:
        with surprises_named(f"stream {stream.name}: train"):
            summary: JobSummary = train.train_due(work.session, origin)
    except ForecastingError as error:
        work.trained.append(Trained(local, "failed", str(error)))
        return error
    if summary.status == RunStatus.PUBLISHED:
        work.trained.append(Trained(local, "trained", summary.message))
    elif before is not None:
        work.trained.append(Trained(local, "exists", before.model_id))
    else:
        work.trained.append(Trained(local, "not trained", summary.message))
    return None


def _issue(
    work: _Backfill, origin: datetime, batch: Callable[[], LoadedModel], caches: dict[str | None, ForecastCache]
) -> Issued:
    """Forecast and publish an origin. caches: by model, its forecasts of held-back columns."""
    day = origin.astimezone(work.stream.zone)
    place = work.origins.index(origin) + 1
    work.progress.begin(f"backfill {work.stream.name}: {day:%Y-%m-%d}, {place} of {len(work.origins)}")
    try:
        where = f"stream {work.stream.name}: origin {day:%Y-%m-%d}"
        with surprises_named(where), work.session.run(RunKind.BACKFILL, origin=origin) as record:
            keep_nightly = not work.overwrite
            if is_large(work.session.lake, work.stream, origin):
                model = batch()
                summary = issue_blocks(work.session, record, model, keep_nightly=keep_nightly)
            else:
                panel, model = work.reader.panel(origin), batch()
                cache = caches.setdefault(model.model_id, ForecastCache())
                summary = issue(work.session, record, panel, model, cache=cache, keep_nightly=keep_nightly)
    except ForecastingError as error:
        return _failed(origin, error)
    return Issued(
        origin,
        BackfillStatus(summary.status),
        run_id=summary.run_id,
        model_id=model.model_id,
        rows=summary.rows,
        message=summary.message,
    )


def _failed(origin: datetime, error: ForecastingError) -> Issued:
    return Issued(origin, BackfillStatus.FAILED, message=str(error), exit_code=error.exit_code)


def _report(work: _Backfill, issued: Issued) -> Issued:
    logger.info("stream %s: origin %s %s", work.stream.name, issued.origin.isoformat(), issued.status)
    local = dataclasses.replace(issued, origin=issued.origin.astimezone(work.stream.zone))
    work.progress.issued(local)
    return local
