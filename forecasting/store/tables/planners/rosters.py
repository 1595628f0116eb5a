"""Rosters as they are, imported from a workforce tool."""

from datetime import datetime

import pandas as pd

from forecasting.store.lake.lake import Lake


def append_imported(lake: Lake, rows: pd.DataFrame, *, stream: str, known_at: datetime, source: str) -> None:
    """Write rosters: pool_id, day, starts_at, ends_at, people; to be called inside `Lake.write`."""
    lake.execute(
        "rosters/insert_imported.sql",
        frames={"imported_rows": rows},
        stream=stream,
        known_at=known_at,
        source=source,
    )


def read_imported(lake: Lake, *, stream: str) -> pd.DataFrame:
    """Rosters that count now: pool_id, day, starts_at, ends_at, people."""
    return lake.frame("rosters/imported.sql", stream=stream)
