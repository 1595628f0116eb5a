"""A published forecast made once more, stage by stage, and the proof that it is the published one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.ensemble.blocks.combination import Combination, block_in_stages
from forecasting.ensemble.calibrated import ForecastStages, forecast_in_stages
from forecasting.ensemble.joint import join
from forecasting.ensemble.weighing import ForecastCache
from forecasting.errors import FeedError, ForecastingError, LakeError, ModelError
from forecasting.jobs.blocks.cut import cut_population, is_large
from forecasting.jobs.common.panels import panel_as_of, panel_of_series, population_as_of
from forecasting.jobs.common.session import Session
from forecasting.jobs.training.bundles import forecasters, load_named
from forecasting.models.member import Member
from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel
from forecasting.store.tables.forecasts import combination_of
from forecasting.terms import QUANTILE_COLUMNS
from forecasting.uncertainty.reconcile import BOTTOM_UP

TOLERANCE = 1e-5
"""Relative difference up to which a re-run is the published forecast: numbers are published in single precision."""


@dataclass(frozen=True)
class Rerun:
    """A forecast made again. rows: what was published of one series, by ts."""

    panel: Panel
    """As known at the origin."""
    stages: ForecastStages
    members: Mapping[str, Member]
    row: int
    """The series in the panel."""
    columns: Ints
    """(R,) of the horizon, of each published row."""
    rows: pd.DataFrame
    reconciled: Floats32 | None
    """(R,) mean after reconciliation, with the effect of events; None where nothing was reconciled."""
    method: str | None
    """How sums were made to agree; None without a hierarchy."""
    weighed_on: str
    """On which series weights were learned, in words."""
    kept_losses: Mapping[str, float] | None = None
    """Held-back losses of the members in the group of the series, as they were kept; None where they are at hand."""


def run_again(session: Session, rows: pd.DataFrame, *, series: str, origin: datetime) -> Rerun:
    """Make the published forecast of a series again, as known at its origin, with the model of its publication.

    rows: published, of the series alone. Raises FeedError where the result differs from them, ModelError where the
    model is gone, each in one line.
    """
    stream = session.definition.stream
    members = _members(session, rows, origin)
    large = is_large(session.lake, stream, origin)
    losses: Mapping[str, float] | None = None
    if large:
        panel, combination, sampled = _block(session, rows, series=series, origin=origin)
        stages = block_in_stages(panel, members, combination)
    else:
        panel = panel_as_of(session.lake, stream, origin)
        cache = ForecastCache()
        stages = forecast_in_stages(panel, members, cache=cache)
    found = np.flatnonzero(panel.series_ids == series)
    if not len(found):
        raise _differs(stream.name, origin, f"{series!r} was not known at the origin by what is on record now")
    row = int(found[0])
    if large and combination.losses is not None:
        own = combination.losses[stages.mixed.group[row]].tolist()
        losses = dict(zip(combination.names, own, strict=True))
    starts = rows["ts"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    ahead = panel.ts[panel.n_history :]
    columns = np.searchsorted(ahead, starts)
    if not (columns < len(ahead)).all() or not (ahead[columns] == starts).all():
        raise _differs(stream.name, origin, "it has other intervals")
    reconciled, method = None, None if stream.hierarchy is None else BOTTOM_UP
    final = stages.with_events
    if not large and stream.hierarchy is not None:
        joint = join(stream, panel, final, members, origin=origin, cache=cache)
        final, method = joint.forecast, joint.choice.method
        reconciled = joint.mean[row, columns]
    mean = final.mean[row, columns] if reconciled is None else reconciled
    _prove(stream.name, origin, rows, mean, final.quantiles[row, columns])
    return Rerun(
        panel=panel,
        stages=stages,
        members=members,
        row=row,
        columns=columns,
        rows=rows,
        reconciled=reconciled,
        method=method,
        weighed_on=sampled if large else _weighed_on(stages),
        kept_losses=losses,
    )


def _members(session: Session, rows: pd.DataFrame, origin: datetime) -> dict[str, Member]:
    stream = session.definition.stream
    named = rows["model_id"].iloc[0]
    model_id = None if pd.isna(named) else str(named)
    try:
        model = load_named(session, model_id)
    except (ModelError, LakeError) as error:
        raise ModelError(
            f"stream {stream.name}: the forecast from {origin.isoformat()} cannot be explained, because its model is "
            f"gone: {error}"
        ) from error
    return forecasters(stream, model)


def _block(session: Session, rows: pd.DataFrame, *, series: str, origin: datetime) -> tuple[Panel, Combination, str]:
    """The block of series that holds one, what its run has learned, and from whom."""
    stream = session.definition.stream
    learned = combination_of(session.lake, run_id=str(rows["run_id"].iloc[0]), stream=stream.name, origin=origin)
    if learned is None:
        raise FeedError(
            f"stream {stream.name}: the weights of the forecast from {origin.isoformat()} are not on record any more; "
            f"forecast it again: forecasting forecast {stream.name} --origin {origin.isoformat()}"
        )
    population = population_as_of(session.lake, stream, origin)
    place = np.flatnonzero(population.series["series_id"].astype(str).to_numpy() == series)
    if not len(place):
        raise _differs(stream.name, origin, f"{series!r} was not known at the origin by what is on record now")
    blocks = cut_population(population, stream=stream, origin=origin).blocks
    block = next(one for one in blocks if int(place[0]) in one)
    panel = panel_of_series(session.lake, stream, origin, population, block)
    words = f"a sample of {learned.sampled:,} of {learned.series:,} series"
    return panel, Combination.from_record(learned.combination), words


def _weighed_on(stages: ForecastStages) -> str:
    evidence = stages.mixed.evidence
    if evidence is None:
        return "nothing yet: history is too short"
    return f"{len(stages.mixed.origin_columns)} held-back origins of {len(np.unique(evidence.series)):,} series"


def _prove(stream: str, origin: datetime, rows: pd.DataFrame, mean: Floats32, quantiles: Floats32) -> None:
    published = rows[["mean", *QUANTILE_COLUMNS]].to_numpy(np.float64)
    again = np.column_stack([mean, quantiles]).astype(np.float64)
    apart = np.abs(again - published) > TOLERANCE * np.maximum(np.abs(published), 1.0)
    if apart.any():
        at = int(np.flatnonzero(apart.any(axis=1))[0])
        raise _differs(
            stream,
            origin,
            f"at {rows['ts'].iloc[at].isoformat()} it gives a mean of {again[at, 0]:.6g} where {published[at, 0]:.6g} "
            "was published",
        )


def _differs(stream: str, origin: datetime, what: str) -> ForecastingError:
    day = origin.isoformat()
    return FeedError(
        f"stream {stream}: the forecast from {day} cannot be explained, because made again it is another one: {what}; "
        "rows that came late, the definition or this program changed since; forecast it again: forecasting forecast "
        f"{stream} --origin {day}"
    )
