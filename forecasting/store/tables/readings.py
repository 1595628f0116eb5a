"""Reading history: what was known at an origin, and nothing else."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake

ACTIVE_WITHIN = timedelta(days=28)
"""A series that reported nothing for this long before an origin is retired there."""


@dataclass(frozen=True)
class Extent:
    """Span of a stream's history; all None where it has none."""

    first_ts: datetime | None
    last_ts: datetime | None
    watermark: datetime | None


def read_extent(lake: Lake, stream: Stream) -> Extent:
    """First and last interval on record and the watermark."""
    return Extent(*lake.rows("history/extent.sql", stream=stream.name)[0])


def count_series(lake: Lake, stream: Stream) -> int:
    """How many series are on record, silent and retired ones too."""
    count: int = lake.rows("history/count_series.sql", stream=stream.name)[0][0]
    return count


def first_known(lake: Lake, stream: Stream, *, since: datetime, origin: datetime) -> datetime | None:
    """Start of the first interval from `since` on with demand that was known at an origin; None without any."""
    first: datetime | None = lake.rows("history/first_known.sql", stream=stream.name, since=since, origin=origin)[0][0]
    return first


def read_series(lake: Lake, stream: Stream, origin: datetime) -> pd.DataFrame:
    """Series that reported lately, as known at an origin: series_id and one text column an attribute."""
    series = lake.frame(
        "history/series_as_of.sql", stream=stream.name, origin=origin, active_since=_active_since(stream, origin)
    )
    return pd.concat([series[["series_id"]], _attributes(series)], axis=1)


def read_silent_series(lake: Lake, stream: Stream, origin: datetime) -> pd.DataFrame:
    """Series on record that `read_series` leaves out, as known at an origin.

    series_id, last_ts (NaT without any value), and one text column an attribute.
    """
    series = lake.frame(
        "history/silent_series.sql", stream=stream.name, origin=origin, active_since=_active_since(stream, origin)
    )
    return pd.concat([series[["series_id", "last_ts"]], _attributes(series)], axis=1)


def list_series(lake: Lake, *, stream: str | None) -> pd.DataFrame:
    """Series on record: stream, series_id, first_ts, last_ts, values, retired_from (NaT unless retired), attributes."""
    return lake.frame("history/series_list.sql", stream=stream)


def _attributes(series: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([json.loads(text) for text in series["attributes"]], index=series.index, dtype=object)


def series_between(lake: Lake, stream: Stream, first: datetime, last: datetime) -> list[str]:
    """Every series that `read_series` may find at an origin between two, sorted."""
    rows = lake.rows("history/series_between.sql", stream=stream.name, since=_active_since(stream, first), until=last)
    return [series_id for (series_id,) in rows]


def read_versions(
    lake: Lake, stream: Stream, series_ids: Sequence[str], *, since: datetime, until: datetime, after: datetime | None
) -> Iterator[dict[str, NDArray[Any]]]:
    """Versions of demand from `since` on that were known at `until`: series (place among the ids), ts, y, available_at,
    weight and censored, many rows at a time.

    after: leave out what was known at that earlier instant already.
    """
    return lake.batches(
        "history/versions.sql",
        stream=stream.name,
        series_ids=list(series_ids),
        since=since,
        until=until,
        after=after or since,
        all=after is None,
    )


def _active_since(stream: Stream, origin: datetime) -> datetime:
    return origin - max(ACTIVE_WITHIN, 4 * stream.interval)


def attribute_changes(lake: Lake, stream: Stream, origin: datetime, *, attribute: str) -> pd.DataFrame:
    """The newest change of an attribute of each series that ever changed, as known at an origin: series_id, since,
    before, value."""
    return lake.frame("history/attribute_changes.sql", stream=stream.name, origin=origin, attribute=attribute)
