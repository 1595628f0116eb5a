"""When a batch is refused as a whole: what is wrong with nearly every series is wrong with the feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

NEARLY_ALL = 0.9
"""Share of the series from which on a fault is the feed's: below it, some of them are still sound and must go on."""
MAX_WITHDRAWN_SHARE = 0.5
"""A series that loses more than this share of its known values lost its source, not its values."""


@dataclass(frozen=True)
class SeriesRows:
    """Rows of a batch that name one series."""

    series_id: str
    """As the source gave it; empty where it gave none."""
    sound: int
    bad: int
    reasons: str | None


@dataclass(frozen=True)
class DoubtfulLevel:
    """A level that stands about a thousand times over or under what was usual."""

    series_id: str
    since: datetime
    values: int
    factor: float | None
    settled: bool
    """Whether it has lasted, so that it is believed."""
    passed: bool
    """Whether usual values followed: a fault that is over, or so it seems."""


def is_widespread(affected: int, series: int) -> bool:
    """Whether so many of the series are affected that it is the feed's fault."""
    return affected > 0 and affected >= NEARLY_ALL * series


def is_unit_change(shifts: Sequence[DoubtfulLevel], witnesses: int, *, accepted: int = 0) -> bool:
    """Whether nearly every series shifted, all to the same side: a unit was changed for the whole feed.

    witnesses: series with values now and before. One alone cannot say whether it is the feed or the series. accepted:
    series that shifted with them and whose level somebody accepted, which says nothing of the others.
    """
    up = sum(shift.factor is not None and shift.factor > 1 for shift in shifts)
    return witnesses + accepted > 1 and is_widespread(max(up, len(shifts) - up), witnesses)


def spoiled_series(rows: Sequence[SeriesRows], *, raw: int | None, max_bad_share: float) -> list[SeriesRows]:
    """Series of whose raw rows more than a share are bad, the most bad rows first.

    raw: raw rows of the whole batch, where several make one value; they are taken to be spread as the values are. None:
    every row is one value.
    """
    sound = sum(one.sound for one in rows)

    def raw_rows(one: SeriesRows) -> float:
        return one.sound + one.bad if raw is None else raw * one.sound / max(sound, 1)

    spoiled = [one for one in rows if one.bad > max_bad_share * raw_rows(one)]
    return sorted(spoiled, key=lambda one: (-one.bad, one.series_id))
