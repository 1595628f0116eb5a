"""What is on order for the links of a plan, as known by its origin."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.jobs.capacity.findings import Finding
from forecasting.jobs.common.outlook import Outlook, newest_origin
from forecasting.numerics import Floats64
from forecasting.planning.capacity.ordered import Ordered, nothing_ordered
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.planners.adjustments import ALWAYS
from forecasting.store.tables.planners.orders import read_orders
from forecasting.terms import SeriesFinding


def read_ordered(
    lake: Lake,
    stream: Stream,
    peaks: Outlook,
    origin: datetime,
    names: Sequence[str],
    capacity: Floats64,
    changes: pd.DataFrame,
    *,
    day: int,
) -> tuple[Ordered, list[Finding]]:
    """What is ordered for links, and a finding of each that waits.

    The newest origin knows all orders, an earlier one those that were known before the next day. An order is there, and
    counts no more, once the capacity on record changed since its day. changes: of `attribute_changes`; day: place of
    the plan's day in the horizon of the peaks.
    """
    newest = peaks.origin == newest_origin(lake, peaks.stream, ALWAYS)
    known_by = ALWAYS if newest else origin + timedelta(days=1)
    orders = read_orders(lake, stream=stream.name, known_by=known_by)
    orders = orders[orders["cancelled_at"].isna() & orders["series_id"].isin(names)]
    ordered = nothing_ordered(capacity.copy())
    if orders.empty:
        return ordered, []
    changed = {str(row["series_id"]): row["since"] for row in changes.to_dict("records")}
    today = pd.Timestamp(peaks.panel.wall[peaks.panel.n_history + day]).date()
    findings = []
    for name, own in orders.groupby("series_id", sort=True):
        since = changed.get(str(name))
        waiting = [
            row for row in own.to_dict("records") if since is None or _day(since, stream) <= row["ordered_on"].date()
        ]
        place = names.index(str(name))
        larger = [row for row in waiting if row["step_capacity"] > capacity[place]]
        if not larger:
            continue
        last = max(row["in_service_on"].date() for row in larger)
        ordered.awaited[place] = True
        ordered.day[place] = max((last - today).days, 0)
        ordered.capacity[place] = max(row["step_capacity"] for row in larger)
        findings.append((str(name), SeriesFinding.ORDERED, _in_words(str(name), larger, today)))
    return ordered, findings


def _in_words(name: str, orders: Sequence[Mapping[Any, Any]], today: date) -> str:
    parts = [
        f"{row['step']} on {_date(row['ordered_on'])} ({row['author']}), in service from {_date(row['in_service_on'])}"
        for row in orders
    ]
    late = any(pd.Timestamp(str(row["in_service_on"])).date() < today for row in orders)
    more = "; it is late: its capacity is that of before in the feed, and counts from today on" if late else ""
    return f"{name}: ordered: {'; '.join(parts)}: counted from then on{more}"


def _date(value: object) -> str:
    return str(pd.Timestamp(str(value)).date())


def _day(instant: pd.Timestamp, stream: Stream) -> date:
    """Local day of an instant."""
    return instant.to_pydatetime().astimezone(stream.zone).date()
