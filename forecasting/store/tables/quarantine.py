"""Reading rejected rows."""

from datetime import datetime

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake


def list_rows(lake: Lake, *, stream: str | None, every: bool, most: int) -> pd.DataFrame:
    """Rejected rows, newest first; those already replayed only where `every` is set."""
    return lake.frame("quarantine/list.sql", stream=stream, every=every, most=most)


def count_reasons(lake: Lake, *, stream: str | None, every: bool) -> pd.DataFrame:
    """Rejected rows by stream and reason."""
    return lake.frame("quarantine/reasons.sql", stream=stream, every=every)


def waiting_rows(lake: Lake, stream: Stream) -> tuple[int, datetime | None]:
    """Number of unresolved rows, and the earliest instant that they may belong to."""
    ((rows, since),) = lake.rows("quarantine/unresolved.sql", stream=stream.name, first=stream.first_origin())
    return int(rows), since
