"""What is published of a range of origins, and what was loaded since: what a backfill need not do again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecasting import __version__
from forecasting.store.lake import Lake
from forecasting.streams import Stream
from forecasting.terms import RunKind


@dataclass(frozen=True)
class Spoken:
    """The publication that speaks for an origin."""

    origin: datetime
    run_id: str
    kind: RunKind
    model_id: str | None
    is_current: bool
    """Whether it is complete and was made by this code for the stream's present definition."""
    snapshot_id: int
    """Of the lake, from which its run read at least."""


@dataclass(frozen=True)
class Load:
    """Rows that came into the history with one snapshot of the lake."""

    snapshot_id: int
    visible_from: datetime
    """The earliest origin that sees any of them."""


def read_spoken(lake: Lake, stream: Stream, first: datetime, last: datetime) -> dict[datetime, Spoken]:
    """What speaks for each origin from `first` to `last` that was published."""
    rows = lake.rows(
        "backfill/spoken.sql",
        stream=stream.name,
        first=first,
        last=last,
        config_hash=stream.config_hash,
        code_version=__version__,
    )
    found = (Spoken(origin, run_id, RunKind(kind), *rest) for origin, run_id, kind, *rest in rows)
    return {spoken.origin: spoken for spoken in found}


def read_loads(lake: Lake, stream: Stream, spoken: Sequence[Spoken]) -> list[Load]:
    """What was loaded since the first of some publications was begun."""
    if not spoken:
        return []
    since = min(one.snapshot_id for one in spoken)
    return [Load(*row) for row in lake.rows("backfill/loads.sql", stream=stream.name, since=since)]


def is_settled(spoken: Spoken | None, *, model_id: str | None, loads: Sequence[Load]) -> bool:
    """Whether forecasting an origin again with a model can only say what is published already."""
    if spoken is None or not spoken.is_current or spoken.model_id != model_id:
        return False
    return not any(load.snapshot_id > spoken.snapshot_id and load.visible_from <= spoken.origin for load in loads)
