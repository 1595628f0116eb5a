"""A staged batch by series: bad rows, and values that the feed no longer holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.config.stream import Stream
from forecasting.contracts.batches import SeriesRows
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.history import Window


def bad_rows(lake: Lake, stream: Stream) -> list[SeriesRows]:
    """Sound and bad rows of the staged batch by series; a person's word on bad rows counts."""
    return [SeriesRows(*row) for row in lake.rows("ingest/bad_by_series.sql", stream=stream.name)]


@dataclass(frozen=True)
class KnownValues:
    """Values of a series that were known in a window, and how many of them the feed no longer holds."""

    series_id: str
    known: int
    withdrawn: int


def withdrawn_values(lake: Lake, window: Window) -> list[KnownValues]:
    """What the staged batch withdraws, by series."""
    return [KnownValues(*row) for row in lake.rows("ingest/withdrawn_by_series.sql", since=window.since)]


def drop_withdrawals(lake: Lake, series_ids: Sequence[str]) -> None:
    """Keep what is known of some series though the feed no longer holds it."""
    lake.execute("ingest/drop_withdrawals.sql", series=list(series_ids))
