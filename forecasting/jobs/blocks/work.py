"""The forecast of a large stream: what is learned from a sample of its series, and then the forecast of every block."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.outputs import check_aggregates, check_forecasts, check_paths
from forecasting.ensemble.blocks.combination import Combination, forecast_block, learn_combination
from forecasting.ensemble.blocks.sums import sum_block
from forecasting.ensemble.evidence import OWN_GROUPS
from forecasting.ensemble.joint import columns_of
from forecasting.ensemble.mixture import PanelForecast
from forecasting.errors import ForecastingError, LakeError
from forecasting.jobs.blocks.cut import BLOCK_CELLS, SAMPLED, Cut, cut_population, most_series
from forecasting.jobs.common.forecast_checks import count_tiers
from forecasting.jobs.common.forecast_rows import forecast_rows, rows_expected, surge_rows
from forecasting.jobs.common.panels import panel_of_series, population_as_of
from forecasting.jobs.common.session import Session
from forecasting.jobs.training.bundles import LoadedModel, forecasters
from forecasting.models.member import Member
from forecasting.numerics import Ints, sample_rows
from forecasting.panel.build import Population
from forecasting.panel.describe import describe_breaks, describe_suppressed
from forecasting.panel.grid import Panel, open_age
from forecasting.store.tables.blocks import (
    BlockAggregates,
    append_block,
    append_combination,
    done_blocks,
    read_combination,
)
from forecasting.store.tables.forecasts import Sampled
from forecasting.store.tables.runs import Run
from forecasting.uncertainty.periods import Columns

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What the workers of a run share."""

    population: Population
    cut: Cut
    members: Mapping[str, Member]
    combination: Combination
    columns: Columns | None = None
    """The horizon, where the stream sums over series and this worker publishes it."""


def learn(session: Session, run: Run, model: LoadedModel) -> Work:
    """Learn weights and calibration from a sample of the series, and keep them on record for all workers."""
    population, stream = _population(session, run), session.definition.stream
    assert run.origin is not None
    most = most_series(stream, run.origin, since=population.since, cells=BLOCK_CELLS)
    rows = sample_rows(len(population.series), max(min(SAMPLED, most), OWN_GROUPS + 1))
    panel = panel_of_series(session.lake, stream, run.origin, population, rows)
    members = forecasters(stream, model)
    sums = None if stream.hierarchy is None else stream
    combination = learn_combination(panel, members, stream=sums)
    sampled = Sampled(run.model_id, len(population.series), len(rows), combination.as_record())
    append_combination(session.lake, run, sampled)
    columns = None if sums is None else columns_of(stream, panel, run.origin)
    return Work(population, cut_population(population, stream=stream, origin=run.origin), members, combination, columns)


def resume(session: Session, run: Run, model: LoadedModel) -> Work:
    """The work of a run whose sample another worker has learned from."""
    population = _population(session, run)
    combination = Combination.from_record(read_combination(session.lake, run).combination)
    members = forecasters(session.definition.stream, model)
    assert run.origin is not None
    cut = cut_population(population, stream=session.definition.stream, origin=run.origin)
    return Work(population, cut, members, combination)


def forecast_blocks(session: Session, run: Run, work: Work, *, first: int = 0) -> int:
    """Forecast the blocks of a run from one of them on, all around, and write them; how many.

    Those that are there when it is their turn are left alone. One that cannot be forecast ends the work, or is left out
    by a stream that publishes without it.
    """
    stream, total = session.definition.stream, len(work.cut.blocks)
    count = 0
    for number in ((first + place) % total for place in range(total)):
        if number in done_blocks(session.lake, run):
            continue
        try:
            count += _forecast_block(session, run, work, number)
        except LakeError:
            raise
        except ForecastingError as error:
            if stream.stream.incomplete == "wait":
                raise
            logger.warning("stream %s: block %d of %d is left out: %s", stream.name, number + 1, total, error)
            continue
        logger.info("stream %s: block %d of %d forecast", stream.name, number + 1, total)
    return count


def _forecast_block(session: Session, run: Run, work: Work, number: int) -> bool:
    """Forecast a block and write it; whether it was written, because it was not there."""
    stream, rows = session.definition.stream, work.cut.blocks[number]
    assert run.origin is not None
    panel = panel_of_series(session.lake, stream, run.origin, work.population, rows)
    forecast = forecast_block(panel, work.members, work.combination)
    values = forecast_rows(panel, forecast, mean=forecast.mean)
    check_forecasts(values, expected=rows_expected(panel))
    return append_block(
        session.lake,
        run,
        number=number,
        series_ids=panel.series_ids.tolist(),
        rows=values,
        surges=surge_rows(stream, panel),
        findings=_findings(session, panel, forecast),
        sums=None if stream.hierarchy is None else _sums(stream, run.origin, work, panel, forecast, rows),
    )


def _sums(
    stream: Stream, origin: datetime, work: Work, panel: Panel, forecast: PanelForecast, rows: Ints
) -> BlockAggregates:
    if work.combination.movement is None:
        raise LakeError(
            f"stream {stream.name}: the combination on record has no movement of series; forecast the origin again"
        )
    sums = sum_block(
        stream,
        panel,
        forecast,
        work.combination.movement,
        places=rows,
        spread=work.cut.spread,
        origin=origin,
    )
    check_aggregates(sums.aggregates)
    if sums.paths is not None:
        check_paths(sums.paths, expected=rows_expected(panel))
    return BlockAggregates(
        aggregates=sums.aggregates,
        groups=[f"{level}:{key}" for level, key in sums.whole],
        parts=pd.DataFrame(
            {
                "level": [part.level for part in sums.parts],
                "group_key": [part.key for part in sums.parts],
                "is_open": [part.is_open for part in sums.parts],
                "paths": [part.paths.ravel() for part in sums.parts],
            }
        ),
        paths=sums.paths,
    )


def _population(session: Session, run: Run) -> Population:
    assert run.origin is not None
    return population_as_of(session.lake, session.definition.stream, run.origin)


def _findings(session: Session, panel: Panel, forecast: PanelForecast) -> dict[str, Any]:
    """What the end of the run needs to know of a block."""
    stream, is_open = session.definition.stream, panel.open[:, panel.n_history :]
    notes = describe_breaks(panel, zone=stream.zone), describe_suppressed(panel)
    return {
        "tiers": count_tiers(forecast),
        "weights": {name: float(weight[is_open].sum()) for name, weight in forecast.weights.items()},
        "intervals": int(is_open.sum()),
        "age": open_age(panel, interval=stream.interval).total_seconds(),
        "note": "; ".join(note for note in notes if note) or None,
    }
