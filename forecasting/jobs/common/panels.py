"""Panels as a planner standing at an origin could have built them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, ForecastingError, InsufficientHistoryError, SettingsError
from forecasting.numerics import Ints
from forecasting.panel.build import Population, build_panel
from forecasting.panel.calendar.calendar import history_since
from forecasting.panel.calendar.instants import aware_datetime, utc_instant
from forecasting.panel.demand import Demand, Versions, apply_updates, drop_before, lay_demand
from forecasting.panel.grid import Panel
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.events import events_as_of
from forecasting.store.tables.history import last_ingest
from forecasting.store.tables.readings import (
    Extent,
    first_known,
    read_extent,
    read_series,
    read_versions,
    series_between,
)


def panel_as_of(lake: Lake, stream: Stream, origin: datetime) -> Panel:
    """The panel of one origin; see `PanelReader`."""
    return PanelReader(lake, stream, [origin]).panel(origin)


def population_as_of(lake: Lake, stream: Stream, origin: datetime) -> Population:
    """All series of a stream as known at an origin. Raises as `PanelReader.panel` does where there are none."""
    series = read_series(lake, stream, origin)
    if series.empty:
        raise _nothing_reported(stream, origin, read_extent(lake, stream))
    since = history_since(stream, utc_instant(origin))
    first = first_known(lake, stream, since=aware_datetime(since), origin=origin)
    return Population(series, since if first is None else max(since, utc_instant(first)))


def panel_of_series(lake: Lake, stream: Stream, origin: datetime, population: Population, rows: Ints) -> Panel:
    """The panel of some series of a population, as known at its origin; rows: (n,) their places, ascending.

    It is the same, bit for bit, whatever other panels are read.
    """
    series = population.series.iloc[rows]
    ids = series["series_id"].to_numpy(np.str_)
    until = utc_instant(origin)
    since = history_since(stream, until)
    known = read_versions(lake, stream, ids.tolist(), since=aware_datetime(since), until=origin, after=None)
    demand = lay_demand(stream, ids, since=since, until=until, known=(Versions(**columns) for columns in known))
    events = events_as_of(lake, origin)
    return build_panel(stream, origin=origin, demand=demand, series=series, events=events, population=population)


class PanelReader:
    """Panels of one stream at ascending origins; each reads only what became known since the one before.

    The panel of an origin is the same, bit for bit, whatever origins were read before it.
    """

    def __init__(self, lake: Lake, stream: Stream, origins: Sequence[datetime]) -> None:
        """origins: the first and last that will be asked for, at least."""
        self._lake, self._stream = lake, stream
        self._span = min(origins), max(origins)
        self._ingests: int | None = None
        self._demand: Demand | None = None
        self._known_at: datetime | None = None

    def panel(self, origin: datetime) -> Panel:
        """The panel as of an origin, none earlier than the one before.

        Raises SettingsError where the origin lies before the history, FeedError where no series had reported lately,
        InsufficientHistoryError where none has a value in open time, or the stream has no history.
        """
        series = read_series(self._lake, self._stream, origin)
        if series.empty:
            raise _nothing_reported(self._stream, origin, read_extent(self._lake, self._stream))
        events = events_as_of(self._lake, origin)
        return build_panel(self._stream, origin=origin, demand=self.demand(origin), series=series, events=events)

    def demand(self, origin: datetime) -> Demand:
        """Demand as known at an origin: what was known at the one before, and what became known since."""
        until = utc_instant(origin)
        since = history_since(self._stream, until)
        ingests, _ = last_ingest(self._lake, self._stream)
        if self._demand is None or self._known_at is None or ingests != self._ingests:
            # an ingest may bring what was known before the last origin, which is no update since
            self._ingests = ingests
            self._series_ids = series_between(self._lake, self._stream, *self._span)
            known = self._versions(since, origin, after=None)
            ids = np.array(self._series_ids, dtype=str)
            self._demand = lay_demand(self._stream, ids, since=since, until=until, known=known)
        elif self._known_at < origin:
            before = drop_before(self._demand, since)
            updates = self._versions(since, origin, after=self._known_at)
            known_at = utc_instant(self._known_at)
            self._demand = apply_updates(self._stream, before, since=known_at, until=until, updates=updates)
        self._known_at = origin
        return self._demand

    def _versions(self, since: np.datetime64, origin: datetime, *, after: datetime | None) -> Iterator[Versions]:
        start = pd.Timestamp(since, tz="UTC").to_pydatetime()
        rows = read_versions(self._lake, self._stream, self._series_ids, since=start, until=origin, after=after)
        return (Versions(**columns) for columns in rows)


def _nothing_reported(stream: Stream, origin: datetime, extent: Extent) -> ForecastingError:
    """Why no series reported in the weeks before an origin."""
    if extent.first_ts is None or extent.last_ts is None:
        return InsufficientHistoryError(
            f"stream {stream.name}: no history yet; run `forecasting ingest {stream.name}` first", have=0, need=1
        )
    if origin <= extent.first_ts:
        return SettingsError(
            f"stream {stream.name}: origin {origin.isoformat()} lies before the data, which begin at "
            f"{extent.first_ts.isoformat()}; choose a later origin or ingest older usage with --since"
        )
    return FeedError(
        f"stream {stream.name}: no series reported in the four weeks before origin {origin.isoformat()}; "
        f"the last value on record is of {extent.last_ts.isoformat()}; ingest newer usage or choose an earlier origin"
    )
