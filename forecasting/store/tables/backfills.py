"""What is published of a range of origins, and what history was written since: what a backfill need not do again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecasting import __version__
from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake
from forecasting.terms import RunKind


@dataclass(frozen=True)
class CurrentPublication:
    """The publication that is current for an origin."""

    origin: datetime
    run_id: str
    kind: RunKind
    model_id: str | None
    snapshot_id: int | None
    """The newest lake from which this code and definition are known to forecast the same; None where that is not known,
    or the publication is incomplete."""


@dataclass(frozen=True)
class HistoryBatch:
    """Rows that were written to the history with one snapshot of the lake."""

    snapshot_id: int
    visible_from: datetime
    """The earliest origin that sees any of them."""


def read_current_publications(
    lake: Lake, stream: Stream, first: datetime, last: datetime
) -> dict[datetime, CurrentPublication]:
    """The current publication of each origin from `first` to `last` that was published."""
    rows = lake.rows(
        "backfill/current_publications.sql",
        stream=stream.name,
        first=first,
        last=last,
        config_hash=stream.config_hash,
        code_version=__version__,
    )
    found = (CurrentPublication(origin, run_id, RunKind(kind), *rest) for origin, run_id, kind, *rest in rows)
    return {publication.origin: publication for publication in found}


def read_history_batches(lake: Lake, stream: Stream, publications: Sequence[CurrentPublication]) -> list[HistoryBatch]:
    """What was written to the history since the first of some publications was confirmed."""
    confirmed = [publication.snapshot_id for publication in publications if publication.snapshot_id is not None]
    if not confirmed:
        return []
    since = min(confirmed)
    return [HistoryBatch(*row) for row in lake.rows("backfill/history_batches.sql", stream=stream.name, since=since)]


def is_settled(
    publication: CurrentPublication | None, *, model_id: str | None, batches: Sequence[HistoryBatch]
) -> bool:
    """Whether forecasting an origin again with a model can only give what is published already."""
    if publication is None or publication.snapshot_id is None or publication.model_id != model_id:
        return False
    since = publication.snapshot_id
    return not any(batch.snapshot_id > since and batch.visible_from <= publication.origin for batch in batches)
