"""Capacity that is ordered already."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from forecasting.store.lake.lake import Lake


def append_order(lake: Lake, version: Mapping[str, Any]) -> None:
    """Write a version of an order, a row of planning.capacity_orders; to be called inside `Lake.write`."""
    lake.execute("capacity_orders/insert.sql", **version)


def read_orders(lake: Lake, *, stream: str | None, known_by: datetime) -> pd.DataFrame:
    """Orders as known at an instant: the columns of planning.capacity_orders, dates as timestamps without a zone."""
    found = lake.frame("capacity_orders/as_of.sql", stream=stream, known_by=known_by)
    return found.assign(**{name: pd.to_datetime(found[name]) for name in ("ordered_on", "in_service_on")})
