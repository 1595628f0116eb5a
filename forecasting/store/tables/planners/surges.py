"""Surges that forecasts found, and what a person says of them: an event of one series."""

import json
from datetime import datetime
from typing import Any

import pandas as pd

from forecasting.store.lake.lake import Lake
from forecasting.store.tables.events import append_events
from forecasting.terms import EventKind


def read_surges(lake: Lake, *, stream: str | None) -> pd.DataFrame:
    """Surges of the current forecasts, newest first: stream, series_id, starts_at, ends_at, days, factor, ongoing,
    verdict (open, confirmed or rejected), origin."""
    return lake.frame("forecast/surges.sql", stream=stream)


def append_verdict(lake: Lake, surge: "pd.Series[Any]", kind: EventKind, *, known_at: datetime, run_id: str) -> int:
    """Write a person's word on a surge, a row of `read_surges`, as a version of its event. Returns how many are new."""
    scope = {"stream": surge["stream"], "series_id": surge["series_id"]}
    start = pd.Timestamp(str(surge["starts_at"])).tz_convert("UTC")
    row = {
        "event_id": f"surge:{surge['stream']}:{surge['series_id']}:{start:%Y-%m-%dT%H:%M}Z",
        "known_at": known_at,
        "kind": str(kind),
        "name": "a person's word on a surge",
        "scope": json.dumps(scope),
        "starts_at": surge["starts_at"],
        "ends_at": surge["ends_at"],
        "withdrawn": False,
    }
    rows = pd.DataFrame([row])
    return lake.write(lambda: len(append_events(lake, rows, known_at=known_at, run_id=run_id)), message=row["event_id"])
