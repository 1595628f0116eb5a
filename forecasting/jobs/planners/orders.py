"""What an adjustment of peaks does to orders, before anything is planned anew."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.jobs.capacity.links import capacity_rules, read_links
from forecasting.jobs.capacity.plan import plan_links
from forecasting.jobs.common.outlook import newest_origin
from forecasting.jobs.common.session import Session, wall_clock
from forecasting.jobs.planners.factors import Base
from forecasting.numerics import Floats64
from forecasting.panel.calendar.instants import as_utc

MOST_LINKS = 64
"""Links whose orders are worked out while a person waits."""


@dataclass(frozen=True)
class OrderChange:
    """When a link has to be ordered, the earliest over its failures; None where never within the horizon."""

    series: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.series} to be ordered by {self.before or 'no date'} -> {self.after or 'no date'}"


def order_changes(session: Session, base: Base, then: Floats64, now: Floats64) -> list[OrderChange] | None:
    """Changes of the orders of a stream of links, as planned at its newest origin; None where too many are touched.

    base: the forecast of the peaks; then, now: (N, H) factors on it without and with an adjustment.
    """
    stream = session.definition.stream
    rules = capacity_rules(stream)
    links = read_links(session, newest_origin(session.lake, stream, wall_clock()))
    peaks = links.peaks
    touched = set(base.attributes.index[(then != now).any(axis=1)].astype(str))
    places = np.flatnonzero([name in touched for name in links.series_ids])
    if len(places) > MOST_LINKS:
        return None
    column = pd.Index(as_utc(pd.Series(base.ts))).get_indexer(pd.Index(peaks.ts))
    row = pd.Index(base.attributes.index.astype(str)).get_indexer(pd.Index(peaks.series_ids))
    held = np.ix_(row >= 0, column >= 0)
    dates = []
    for factors in (then, now):
        adjusted = np.ones_like(peaks.adjusted)
        adjusted[held] = factors[np.ix_(row[row >= 0], column[column >= 0])]
        rows = plan_links(replace(links, peaks=replace(peaks, adjusted=adjusted)), rules, places)
        dates.append(rows.groupby("series_id")["order_by"].min().dt.strftime("%Y-%m-%d"))
    names = [name for name in dates[1].index if not _same(dates[0].get(name), dates[1][name])]
    return [OrderChange(str(name), _text(dates[0].get(name)), _text(dates[1][name])) for name in names]


def _same(one: object, other: object) -> bool:
    return _text(one) == _text(other)


def _text(date: object) -> str | None:
    return date if isinstance(date, str) else None
