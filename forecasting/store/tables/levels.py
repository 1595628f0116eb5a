"""Levels that are not believed at once: found in a staged batch, held back, and accepted when they have lasted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forecasting.config.stream import Stream
from forecasting.contracts.batches import Shift, is_unit_change
from forecasting.store.lake.lake import Lake

COMPARED = timedelta(days=28)
"""How far back a level is compared with what was usual; of longer intervals four of them."""
LASTING = timedelta(days=2)
"""How long a new level must last to be believed, and two values at least: so a series is back on the third day, one day
late rows included, and a unit that is wrong for a day is not believed."""


@dataclass(frozen=True)
class Levels:
    """What a batch says of levels."""

    shifts: tuple[Shift, ...] = ()
    unit_changed: bool = False
    """Whether a unit was changed for the whole feed; then none of the shifts is believed."""


def judge_levels(lake: Lake, stream: Stream, *, since: datetime, until: datetime, learned_at: datetime) -> Levels:
    """Reject the staged versions whose level is not believed; all in temporary tables."""
    span: dict[str, Any] = {"stream": stream.name, "since": since, "until": until}
    compared, zone = max(COMPARED, 4 * stream.interval), stream.stream.timezone
    lake.execute("ingest/find_suspects.sql", **span, compared=compared, zone=zone)
    lake.execute("ingest/find_shifts.sql", interval=stream.interval, lasting=LASTING)
    shifts = tuple(Shift(*row) for row in lake.rows("ingest/shifts.sql"))
    if not shifts:
        return Levels()
    witnesses = int(lake.rows("ingest/witnesses.sql", stream=stream.name, since=since, compared=compared)[0][0])
    changed = is_unit_change(shifts, witnesses)
    lake.execute("ingest/reject_suspects.sql", whole=changed)
    lake.execute("ingest/stamp_believed.sql", stream=stream.name, learned_at=learned_at)
    return Levels(shifts, changed)


def append_lasting(lake: Lake, stream: Stream, *, learned_at: datetime, run_id: str, now: datetime) -> None:
    """Record the levels that the staged batch accepts, and release their waiting rows; inside `Lake.write`."""
    lake.execute("quarantine/insert_lasting.sql", stream=stream.name, learned_at=learned_at, run_id=run_id, now=now)
    lake.execute("quarantine/release_lasting.sql", stream=stream.name, now=now)
