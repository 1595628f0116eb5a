"""All series of a stream as panels: one, or one a block where the stream is too large for that."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from forecasting.config.stream import Stream
from forecasting.jobs.blocks.cut import cut_series, is_large
from forecasting.jobs.common.panels import panel_as_of, panel_of_series, population_as_of
from forecasting.panel.grid import Panel
from forecasting.store.lake.lake import Lake


def panels_as_of(lake: Lake, stream: Stream, origin: datetime) -> Iterator[Panel]:
    """Panels of equal columns that hold each series once, in the order of series_id, read one after the other."""
    if not is_large(lake, stream, origin):
        yield panel_as_of(lake, stream, origin)
        return
    population = population_as_of(lake, stream, origin)
    for block in cut_series(len(population.series), stream=stream, origin=origin, since=population.since):
        yield panel_of_series(lake, stream, origin, population, np.asarray(block))
