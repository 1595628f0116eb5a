"""The days of a publication that changed most: what they are made of, and why they changed, put on record."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.ensemble.blocks.combination import Combination
from forecasting.ensemble.calibrated import ForecastStages
from forecasting.ensemble.explained.change import STEPS, ChangeSteps, Ingredients, SeriesForecaster, step_through
from forecasting.ensemble.explained.waterfall import NEWEST, REST, take_apart
from forecasting.errors import FeedError
from forecasting.jobs.common.panels import panel_of_series, population_as_of
from forecasting.jobs.common.session import Session, open_session
from forecasting.jobs.explained.context import newest_day
from forecasting.jobs.explained.inputs import panels_between
from forecasting.jobs.explained.words import name_part
from forecasting.jobs.training.bundles import forecasters, load_named
from forecasting.models.member import Member
from forecasting.numerics import Floats64, Ints
from forecasting.panel.calendar.calendar import wall_times
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.grid import Panel
from forecasting.settings import Settings
from forecasting.store.queries.reports import ask
from forecasting.store.tables.forecasts import (
    KINDS,
    append_explanations,
    combination_of,
    is_explained,
    published_rows,
)
from forecasting.store.tables.publications import newest_of
from forecasting.uncertainty.reconcile import MINT

logger = logging.getLogger(__name__)

CHANGED, APART = 20, 4
"""Series-days whose change is split, and series-days that are taken apart."""
AHEAD = timedelta(days=14)
REPRODUCED = 1e-3
"""Share of a mean that may be left when it is made again without the series beside it."""
SUMS = "agreement of sums"
COLUMNS = ("series_id", "day", "subject", "place", "part", "value")


@dataclass(frozen=True)
class _Publication:
    """The published rows of some series, and what they were made with."""

    origin: datetime
    rows: pd.DataFrame
    made: Ingredients

    @property
    def run_id(self) -> str:
        return str(self.rows["run_id"].iloc[0])


def record(settings: Settings, stream: str, *, origin: datetime, previous: datetime | None) -> bool:
    """Put on record what the days that changed most since the origin before are made of, and why they changed.

    Whether anything was written: a publication that is explained stays as it is. Raises FeedError where there is
    nothing to explain, ModelError where a model is gone.
    """
    with open_session(settings, stream, must_exist=True) as session:
        current = newest_of(session.lake, KINDS, stream=stream, origin=origin)
        if current is None or is_explained(session.lake, run_id=current.run_id, stream=stream, origin=origin):
            return False
        wanted = [] if previous is None else _wanted(session, origin, previous)
        if not wanted:
            # no day in common, or nothing changed: what the forecast is made of can be said all the same
            previous, wanted = None, _wanted(session, origin, None)
        now = _publication(session, origin, wanted, {})
        if previous is None:
            rows = _of_mean(session, now, wanted)
        else:
            members: dict[str | None, Mapping[str, Member]] = {now.made.model_id: now.made.members}
            rows = _of_change(session, now, _publication(session, previous, wanted, members), wanted)
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        return append_explanations(session.lake, frame, run_id=now.run_id, stream=stream, origin=origin)


def _wanted(session: Session, origin: datetime, previous: datetime | None) -> list[tuple[str, np.datetime64]]:
    """Series and local days, those that changed most first; of a first forecast those with most demand."""
    stream = session.definition.stream
    values = {
        "stream": stream.name,
        "origin": origin,
        "previous": previous,
        "zone": stream.stream.timezone,
        "averages": stream.stream.aggregate != "sum",
        "since": origin,
        "until": origin + (AHEAD if previous is not None else timedelta(days=2)),
    }
    if previous is not None:
        rows, _ = ask(session.lake, "reports/changes.sql", **values, most=CHANGED)
        rows = rows[rows["change"].abs() > 0]
    else:
        rows, _ = ask(session.lake, "reports/series.sql", **values, most=2 * APART)
        rows = rows.drop_duplicates("series")
    days = pd.DatetimeIndex(rows["day"]).to_numpy("datetime64[D]")
    return list(zip(rows["series"].astype(str), days, strict=True))


def _publication(
    session: Session,
    origin: datetime,
    wanted: list[tuple[str, np.datetime64]],
    loaded: dict[str | None, Mapping[str, Member]],
) -> _Publication:
    """What was published for some series. loaded: members of models that are at hand."""
    lake, stream = session.lake, session.definition.stream
    rows = published_rows(lake, stream=stream.name, origin=origin, names=_names(wanted))
    if rows.empty:
        raise FeedError(f"stream {stream.name}: nothing published from {origin.isoformat()} without hindsight")
    run_id, named = str(rows["run_id"].iloc[0]), rows["model_id"].iloc[0]
    learned = combination_of(lake, run_id=run_id, stream=stream.name, origin=origin)
    if learned is None:
        raise FeedError(f"stream {stream.name}: run {run_id} kept no weights, as runs of older versions did not")
    model_id = None if pd.isna(named) else str(named)
    if model_id not in loaded:
        loaded[model_id] = forecasters(stream, load_named(session, model_id))
    made = Ingredients(loaded[model_id], model_id, Combination.from_record(learned.combination))
    return _Publication(origin, rows, made)


def _names(wanted: list[tuple[str, np.datetime64]]) -> list[str]:
    return sorted({name for name, _ in wanted})


def _of_mean(session: Session, now: _Publication, wanted: list[tuple[str, np.datetime64]]) -> list[tuple[object, ...]]:
    """Rows of a first forecast, which has nothing to be compared with."""
    stream = session.definition.stream
    population = population_as_of(session.lake, stream, now.origin)
    place = np.flatnonzero(population.series["series_id"].astype(str).isin(_names(wanted)).to_numpy())
    panel = panel_of_series(session.lake, stream, now.origin, population, place)
    stages = SeriesForecaster((now.made, now.made)).forecast(panel, now.made, now.made.combination)
    return _mean_rows(stream, now, panel, stages, wanted)


def _of_change(
    session: Session, now: _Publication, before: _Publication, wanted: list[tuple[str, np.datetime64]]
) -> list[tuple[object, ...]]:
    stream, ids = session.definition.stream, _names(wanted)
    earlier, panels = panels_between(session.lake, stream, ids, earlier=before.origin, later=now.origin)
    steps = step_through(earlier, panels, (before.made, now.made))
    reconciled = MINT in (before.made.combination.sums, now.made.combination.sums)
    rows = _mean_rows(stream, now, panels[-1], steps.last, wanted)
    for name, day in wanted:
        rows += _change_rows(stream, panels[-1], steps, (before, now), name, day, reconciled=reconciled)
    return rows


def _change_rows(
    stream: Stream,
    panel: Panel,
    steps: ChangeSteps,
    publications: tuple[_Publication, _Publication],
    name: str,
    day: np.datetime64,
    *,
    reconciled: bool,
) -> list[tuple[object, ...]]:
    """Rows of a change: steps of the series by itself, what agreement with sums adds, and the rest."""
    row = int(np.flatnonzero(panel.series_ids == name)[0])
    published = [_of_day(stream, one.rows, name, day) for one in publications]
    columns = _columns(panel, published[1])
    means = [steps.before[row, columns], *(after[row, columns] for after in steps.after)]
    totals = [_total(stream, mean) for mean in means]
    before, now = (_total(stream, rows["mean"].to_numpy(np.float64)) for rows in published)
    parts = {step: after - earlier for step, (earlier, after) in zip(STEPS, pairwise(totals), strict=True)}
    if reconciled:
        parts[SUMS] = (now - totals[-1]) - (before - totals[0])
    parts["rest"] = (now - before) - sum(parts.values())
    return [
        (name, day.astype("datetime64[us]").item(), "change", place, part, float(value))
        for place, (part, value) in enumerate(parts.items())
    ]


def _mean_rows(
    stream: Stream,
    now: _Publication,
    panel: Panel,
    stages: ForecastStages,
    wanted: list[tuple[str, np.datetime64]],
) -> list[tuple[object, ...]]:
    """Rows of what the mean of some days is the sum of."""
    rows: list[tuple[object, ...]] = []
    for name, day in wanted[:APART]:
        own = _of_day(stream, now.rows, name, day)
        row, columns = int(np.flatnonzero(panel.series_ids == name)[0]), _columns(panel, own)
        published = own["mean"].to_numpy(np.float64)
        found = take_apart(
            panel,
            stages,
            now.made.members,
            row=row,
            columns=columns,
            reconciled=published if now.made.combination.sums == MINT else None,
            published=published,
        )
        if np.abs(found.parts[REST]).sum() > REPRODUCED * max(published.sum(), 1.0):
            # made again it is another forecast: nothing explains it
            logger.info("stream %s: %s on %s is not explained: it cannot be made again", stream.name, name, day)
            continue
        newest = newest_day(panel, columns, hours=False)
        totals = {part: _total(stream, values) for part, values in found.parts.items()}
        shown = {part: value for part, value in totals.items() if part in (NEWEST, REST) or value != 0}
        rows += [
            (
                *(name, day.astype("datetime64[us]").item(), "mean", place),
                *(name_part(part, newest=newest, tier=str(own["tier"].iloc[0])), float(value)),
            )
            for place, (part, value) in enumerate(shown.items())
        ]
    return rows


def _of_day(stream: Stream, rows: pd.DataFrame, name: str, day: np.datetime64) -> pd.DataFrame:
    own = rows[rows["series_id"].astype(str) == name]
    local = wall_times(as_utc(pd.DatetimeIndex(own["ts"])), stream.zone).astype("datetime64[D]")
    return pd.DataFrame(own[local == day])


def _columns(panel: Panel, rows: pd.DataFrame) -> Ints:
    return np.searchsorted(panel.ts[panel.n_history :], as_utc(pd.DatetimeIndex(rows["ts"])))


def _total(stream: Stream, values: Floats64) -> float:
    return float(values.sum() if stream.stream.aggregate == "sum" else values.mean())
