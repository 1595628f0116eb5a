"""The forecast of a large stream: what is learned from a sample of its series, and then the forecast of every block."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.contracts.outputs import check_forecasts
from forecasting.ensemble.blocks import Combination, forecast_block, learn_combination
from forecasting.ensemble.evidence import OWN_GROUPS
from forecasting.ensemble.mixture import PanelForecast
from forecasting.jobs.blocks.cut import BLOCK_CELLS, SAMPLED, cut_series, most_series
from forecasting.jobs.common.forecast_checks import count_tiers
from forecasting.jobs.common.forecast_rows import forecast_rows, rows_expected, surge_rows
from forecasting.jobs.common.panels import panel_of_series, population_as_of
from forecasting.jobs.common.session import Session
from forecasting.jobs.training.bundles import LoadedModel, forecasters
from forecasting.models.member import Member
from forecasting.numerics import sample_rows
from forecasting.panel.build import Population
from forecasting.panel.describe import describe_breaks, describe_suppressed
from forecasting.panel.grid import Panel, open_age
from forecasting.store.tables.blocks import (
    Sampled,
    append_block,
    append_combination,
    done_blocks,
    read_combination,
)
from forecasting.store.tables.runs import Run

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What the workers of a run share."""

    population: Population
    blocks: tuple[range, ...]
    members: Mapping[str, Member]
    combination: Combination


def learn(session: Session, run: Run, model: LoadedModel) -> Work:
    """Learn weights and calibration from a sample of the series, and keep them on record for all workers."""
    population, stream = _population(session, run), session.definition.stream
    assert run.origin is not None
    most = most_series(stream, run.origin, since=population.since, cells=BLOCK_CELLS)
    rows = sample_rows(len(population.series), max(min(SAMPLED, most), OWN_GROUPS + 1))
    panel = panel_of_series(session.lake, stream, run.origin, population, rows)
    members = forecasters(stream, model)
    combination = learn_combination(panel, members)
    sampled = Sampled(run.model_id, len(population.series), len(rows), combination.as_record())
    append_combination(session.lake, run, sampled)
    return Work(population, _cut(session, run, population), members, combination)


def resume(session: Session, run: Run, model: LoadedModel) -> Work:
    """The work of a run whose sample another worker has learned from."""
    population = _population(session, run)
    combination = Combination.from_record(read_combination(session.lake, run).combination)
    members = forecasters(session.definition.stream, model)
    return Work(population, _cut(session, run, population), members, combination)


def forecast_blocks(session: Session, run: Run, work: Work, *, first: int = 0) -> int:
    """Forecast the blocks of a run from one of them on, all around, and write them; how many.

    Those that are there when it is their turn are left alone.
    """
    stream, total = session.definition.stream, len(work.blocks)
    assert run.origin is not None
    count = 0
    for number in ((first + place) % total for place in range(total)):
        if number in done_blocks(session.lake, run):
            continue
        rows = np.asarray(work.blocks[number])
        panel = panel_of_series(session.lake, stream, run.origin, work.population, rows)
        forecast = forecast_block(panel, work.members, work.combination)
        values = forecast_rows(panel, forecast, mean=forecast.mean)
        check_forecasts(values, expected=rows_expected(panel))
        count += append_block(
            session.lake,
            run,
            number=number,
            series_ids=panel.series_ids.tolist(),
            rows=values,
            surges=surge_rows(stream, panel),
            findings=_findings(session, panel, forecast),
        )
        logger.info("stream %s: block %d of %d forecast", stream.name, number + 1, total)
    return count


def _population(session: Session, run: Run) -> Population:
    assert run.origin is not None
    return population_as_of(session.lake, session.definition.stream, run.origin)


def _cut(session: Session, run: Run, population: Population) -> tuple[range, ...]:
    assert run.origin is not None
    stream = session.definition.stream
    return cut_series(len(population.series), stream=stream, origin=run.origin, since=population.since)


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
