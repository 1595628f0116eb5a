"""A staged batch by series: levels that are not believed until they have lasted, bad rows, and values withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forecasting.config.stream import Stream
from forecasting.contracts.batches import DoubtfulLevel, SeriesRows, is_unit_change
from forecasting.store.lake.lake import Lake

COMPARED = timedelta(days=28)
"""How far back a level is compared with what was usual; of longer intervals four of them."""
LASTING = timedelta(days=2)
"""How long a new level must last to be believed, and two values at least: so a series is back on the third day, one day
late rows included, and a unit that is wrong for a day is not believed."""


@dataclass(frozen=True)
class Levels:
    """What a batch says of levels."""

    shifts: tuple[DoubtfulLevel, ...] = ()
    unit_changed: bool = False
    """Whether a unit was changed for the whole feed; then none of the shifts is believed."""
    accepted: int = 0
    """Series whose level somebody accepted at about the time of these shifts: the feed must go on for them."""


def judge_levels(lake: Lake, stream: Stream, *, since: datetime, until: datetime, learned_at: datetime) -> Levels:
    """Reject the staged versions whose level is not believed; all in temporary tables."""
    span: dict[str, Any] = {"stream": stream.name, "since": since, "until": until}
    compared, zone = max(COMPARED, 4 * stream.interval), stream.stream.timezone
    lake.execute("ingest/find_suspects.sql", **span, compared=compared, zone=zone)
    lake.execute("ingest/find_shifts.sql", interval=stream.interval, lasting=LASTING)
    shifts = tuple(DoubtfulLevel(*row) for row in lake.rows("ingest/shifts.sql"))
    if not shifts:
        return Levels()
    past: dict[str, Any] = {"since": since, "compared": compared, "lasting": LASTING}
    ((witnesses, accepted),) = lake.rows("ingest/witnesses.sql", stream=stream.name, **past)
    changed = is_unit_change(shifts, witnesses, accepted=accepted)
    if changed:
        lake.execute("ingest/doubt_shifts.sql")
    lake.execute("ingest/reject_suspects.sql")
    lake.execute("ingest/stamp_believed.sql", stream=stream.name, learned_at=learned_at)
    return Levels(shifts, changed, accepted)


def append_lasting(lake: Lake, stream: Stream, *, learned_at: datetime, run_id: str, now: datetime) -> None:
    """Record the levels that the staged batch accepts, and release their waiting rows; inside `Lake.write`."""
    lake.execute("quarantine/insert_lasting.sql", stream=stream.name, learned_at=learned_at, run_id=run_id, now=now)
    lake.execute("quarantine/release_lasting.sql", stream=stream.name, now=now)


def bad_rows(lake: Lake, stream: Stream) -> list[SeriesRows]:
    """Sound and bad rows of the staged batch by series; a person's word on bad rows counts."""
    return [SeriesRows(*row) for row in lake.rows("ingest/bad_by_series.sql", stream=stream.name)]


@dataclass(frozen=True)
class KnownValues:
    """Values of a series that were known in a window, and how many of them the feed no longer holds."""

    series_id: str
    known: int
    withdrawn: int


def vanished_series(lake: Lake) -> list[tuple[str, int]]:
    """Series of which the feed holds no row in the window, with the number of their values that are withdrawn."""
    return [(series_id, int(values)) for series_id, values in lake.rows("ingest/vanished_series.sql")]


def withdrawn_values(lake: Lake, since: datetime) -> list[KnownValues]:
    """What the staged batch withdraws from an instant on, by series."""
    return [KnownValues(*row) for row in lake.rows("ingest/withdrawn_by_series.sql", since=since)]


def drop_withdrawals(lake: Lake, series_ids: Sequence[str]) -> None:
    """Keep what is known of some series though the feed no longer holds it."""
    lake.execute("ingest/drop_withdrawals.sql", series=list(series_ids))
