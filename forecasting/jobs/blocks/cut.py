"""Which streams are too large for one panel, and how they are cut into blocks."""

import itertools
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from forecasting.config.stream import Stream
from forecasting.ensemble.blocks.sums import Group, in_order_of_groups
from forecasting.ensemble.evidence import OWN_GROUPS
from forecasting.ensemble.joint import describe_findings
from forecasting.numerics import Ints
from forecasting.panel.attributes import read_attributes
from forecasting.panel.build import Population
from forecasting.panel.calendar.calendar import grid_between, history_since
from forecasting.panel.calendar.instants import aware_datetime, utc_instant
from forecasting.panel.hierarchy import Hierarchy, build_hierarchy
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.readings import count_series, first_known, read_series

MOST_CELLS = 60_000_000
"""Intervals of history and horizon of all series up to which a stream is one panel: 27,000 series of twelve weeks of
hours, 3,400 of two years. Training never reads more."""
MOST_SUMMED = 2_000_000
"""Intervals of the horizon of all series up to which a stream that sums over them is one panel: 12,000 series of a week
of hours. Sample paths of so many are in memory three times, 1.6 GB each."""
BLOCK_CELLS = 8_000_000
"""Intervals of a block, at most: less than 2 GiB at work."""
SAMPLED = 2_000
"""Series from which weights and calibration are learned, at most."""


def most_series(stream: Stream, origin: datetime, *, since: np.datetime64, cells: int) -> int:
    """How many series have at most so many intervals of history and horizon together. since: start of the history."""
    return max(cells // max(len(grid_between(stream, since, utc_instant(origin))) + stream.steps, 1), 1)


def is_large(lake: Lake, stream: Stream, origin: datetime) -> bool:
    """Whether a stream is forecast in blocks: it has more intervals than one panel holds."""
    # what is on record is counted at once; which series reported lately, and since when, takes a scan
    since = history_since(stream, utc_instant(origin))
    if count_series(lake, stream) <= _limit(stream, origin, since):
        return False
    first = first_known(lake, stream, since=aware_datetime(since), origin=origin)
    if first is not None:
        since = max(since, utc_instant(first))
    return len(read_series(lake, stream, origin)) > _limit(stream, origin, since)


def _limit(stream: Stream, origin: datetime, since: np.datetime64) -> int:
    most = stream.stream.block_series or most_series(stream, origin, since=since, cells=MOST_CELLS)
    if stream.hierarchy is not None:
        most = min(most, MOST_SUMMED // stream.steps)
    return max(most, OWN_GROUPS)


def cut_series(count: int, *, stream: Stream, origin: datetime, since: np.datetime64) -> tuple[range, ...]:
    """Places of the series of each block, in the order of series_id. since: start of their history.

    A pure function of what the stream is at an origin: blocks are the same whoever forecasts them, and however many
    workers share them.
    """
    size = stream.stream.block_series or most_series(stream, origin, since=since, cells=BLOCK_CELLS)
    number = -(-count // size)
    edges = [place * count // number for place in range(number + 1)]
    return tuple(range(first, last) for first, last in itertools.pairwise(edges))


@dataclass(frozen=True)
class Cut:
    """The blocks in which a stream is forecast."""

    blocks: tuple[Ints, ...]
    """Places of the series of each, ascending; all together hold every series once."""
    groups: tuple[frozenset[Group], ...]
    """Groups of the hierarchy of which each block has series."""
    note: str | None
    """Findings on the hierarchy for a person."""

    @property
    def spread(self) -> frozenset[Group]:
        """Groups that have series in several blocks."""
        seen: set[Group] = set()
        several: set[Group] = set()
        for groups in self.groups:
            several |= seen & groups
            seen |= groups
        return frozenset(several)


def cut_population(population: Population, *, stream: Stream, origin: datetime) -> Cut:
    """Blocks of consecutive series; of a stream with a [hierarchy] in its order, so that few groups lie in several."""
    count = len(population.series)
    ranges = cut_series(count, stream=stream, origin=origin, since=population.since)
    if stream.hierarchy is None:
        return Cut(tuple(np.arange(one.start, one.stop) for one in ranges), tuple(frozenset() for _ in ranges), None)
    attributes = read_attributes(population.series, stream_name=stream.name)
    hierarchy = build_hierarchy(attributes, stream.hierarchy.levels)
    order = in_order_of_groups(hierarchy)
    blocks = tuple(np.sort(order[one.start : one.stop]) for one in ranges)
    return Cut(blocks, tuple(_groups_of(hierarchy, block) for block in blocks), describe_findings(hierarchy))


def _groups_of(hierarchy: Hierarchy, block: Ints) -> frozenset[Group]:
    groups = np.unique(hierarchy.summing[:, block].tocoo().row)
    return frozenset((hierarchy.names[group], str(hierarchy.keys[group])) for group in groups)
