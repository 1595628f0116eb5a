"""What is published of a range of origins, and what was loaded since: what a backfill need not do again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecasting import __version__
from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake
from forecasting.terms import RunKind


@dataclass(frozen=True)
class CurrentPublication:
    """The current publication of an origin."""

    origin: datetime
    run_id: str
    kind: RunKind
    model_id: str | None
    snapshot_id: int | None
    """The newest snapshot of the lake from which this code and definition are known to forecast the same; None where
    that is not known, or the publication is incomplete."""


@dataclass(frozen=True)
class Load:
    """Rows that one snapshot of the lake added to the history."""

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
    return {current.origin: current for current in found}


def read_loads(lake: Lake, stream: Stream, publications: Sequence[CurrentPublication]) -> list[Load]:
    """What was loaded since the first of some publications was confirmed."""
    confirmed = [one.snapshot_id for one in publications if one.snapshot_id is not None]
    if not confirmed:
        return []
    since = min(confirmed)
    return [Load(*row) for row in lake.rows("backfill/loads.sql", stream=stream.name, since=since)]


def is_settled(current: CurrentPublication | None, *, model_id: str | None, loads: Sequence[Load]) -> bool:
    """Whether forecasting an origin again with a model can only repeat what is published."""
    if current is None or current.snapshot_id is None or current.model_id != model_id:
        return False
    since = current.snapshot_id
    return not any(load.snapshot_id > since and load.visible_from <= current.origin for load in loads)
