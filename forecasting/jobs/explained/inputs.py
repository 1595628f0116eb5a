"""What two origins knew of some series, and panels between the two."""

from datetime import datetime

import numpy as np

from forecasting.config.stream import Stream
from forecasting.jobs.common.panels import population_as_of
from forecasting.numerics import Mask
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import history_since
from forecasting.panel.calendar.instants import aware_datetime, utc_instant
from forecasting.panel.demand import Versions, apply_updates, drop_before, lay_demand
from forecasting.panel.grid import Panel
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.events import events_as_of
from forecasting.store.tables.readings import read_versions


def panels_between(
    lake: Lake, stream: Stream, ids: list[str], *, earlier: datetime, later: datetime
) -> tuple[Panel, tuple[Panel, Panel, Panel]]:
    """Panels of some series as known at an earlier origin, and at a later one: with new demand alone, with revised
    demand too, and with the events known by then.

    ids: sorted; series that both origins know.
    """
    populations = [population_as_of(lake, stream, origin) for origin in (earlier, later)]
    series = [population.series[population.series["series_id"].astype(str).isin(ids)] for population in populations]
    events = [events_as_of(lake, origin) for origin in (earlier, later)]
    names = np.array(ids, dtype=np.str_)
    since, until = utc_instant(earlier), utc_instant(later)
    start = history_since(stream, since)
    known = list(_versions(lake, stream, ids, since=start, until=earlier, after=None))
    updates = list(_versions(lake, stream, ids, since=history_since(stream, until), until=later, after=earlier))
    before = lay_demand(stream, names, since=start, until=since, known=known)
    panel = build_panel(
        stream, origin=earlier, demand=before, series=series[0], events=events[0], population=populations[0]
    )
    after = drop_before(before, history_since(stream, until))
    new = [_only(one, np.asarray(one.ts >= since)) for one in updates]
    demands = [apply_updates(stream, after, since=since, until=until, updates=some) for some in (new, updates)]
    panels = [
        build_panel(stream, origin=later, demand=demand, series=series[1], events=happening, population=populations[1])
        for demand, happening in ((demands[0], events[0]), (demands[1], events[0]), (demands[1], events[1]))
    ]
    return panel, (panels[0], panels[1], panels[2])


def _versions(
    lake: Lake, stream: Stream, ids: list[str], *, since: np.datetime64, until: datetime, after: datetime | None
) -> list[Versions]:
    rows = read_versions(lake, stream, ids, since=aware_datetime(since), until=until, after=after)
    return [Versions(**columns) for columns in rows]


def _only(versions: Versions, rows: Mask) -> Versions:
    return Versions(**{name: column[rows] for name, column in versions._asdict().items()})
