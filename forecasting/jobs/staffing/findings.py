"""What a plan of shifts leaves open: hours without a shift, shifts that do not fit, and the hours before the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.numerics import Ints, Times
from forecasting.planning.shifts.plan import HOUR, ShiftPlan
from forecasting.terms import SeriesFinding


@dataclass(frozen=True)
class PoolWeek:
    """The shifts of one pool and local week. ts: (n,) UTC starts of all its intervals."""

    pool: str
    monday: date
    ts: Times
    plan: ShiftPlan


def find_open_hours(stream: Stream, weeks: Sequence[PoolWeek]) -> pd.DataFrame:
    """Rows of planning.findings: one a pool and kind, whose note holds local times and the people who are missing.

    weeks: of one pool after another, each in the order of time.
    """
    rows: dict[tuple[str, SeriesFinding], list[str]] = {}
    before: PoolWeek | None = None
    for week in weeks:
        for name, why in week.plan.left_out.items():
            rows.setdefault((week.pool, SeriesFinding.SHIFT_LEFT_OUT), []).append(f"{name} in {week.monday}: {why}")
        missing = np.where(week.plan.uncovered, week.plan.required, 0)
        rows.setdefault((week.pool, SeriesFinding.UNCOVERED), []).extend(_spans(stream, week, missing))
        follows = before is not None and before.pool == week.pool
        kind = SeriesFinding.SHORT_AFTER_SUNDAY if follows else SeriesFinding.WEEK_BEFORE
        carried = before.plan.overhang if before is not None and follows else np.zeros(1, np.int64)
        rows.setdefault((week.pool, kind), []).extend(_spans(stream, week, _early(week.plan, carried)))
        before = week
    table = [
        {"series_id": pool, "finding": str(kind), "note": f"pool {pool}: {WORDS[kind]}: {'; '.join(found)}"}
        for (pool, kind), found in rows.items()
        if found
    ]
    return pd.DataFrame(table, columns=["series_id", "finding", "note"])


WORDS = {
    SeriesFinding.UNCOVERED: "no shift covers",
    SeriesFinding.SHIFT_LEFT_OUT: "left out of the shifts",
    SeriesFinding.WEEK_BEFORE: (
        "the first hours belong to shifts of the week before, which this plan does not hold; nobody of it covers"
    ),
    SeriesFinding.SHORT_AFTER_SUNDAY: "the shifts of the Sunday before leave open",
}


def _early(plan: ShiftPlan, carried: Ints) -> Ints:
    """(n,) people missing in the hours that the week's own last shifts were counted for.

    A week is planned as a cycle; its first hours belong to people who began in the week before. carried: those people,
    from the first interval on.
    """
    own = plan.overhang
    there = plan.coverage - own
    length = min(len(carried), len(there))
    there[:length] += carried[:length]
    return np.where(own > 0, np.maximum(plan.required - np.maximum(there, 0), 0), 0)


def _spans(stream: Stream, week: PoolWeek, missing: Ints) -> list[str]:
    """Runs of intervals with the same number of people missing, in local time."""
    found = []
    interval = np.timedelta64(int(stream.interval.total_seconds()), "s")
    change = np.flatnonzero(np.diff(missing, prepend=0, append=0))
    for first, beyond in pairwise(change):
        people = int(missing[first])
        if people:
            begin, end = (
                pd.Timestamp(at).tz_localize("UTC").tz_convert(stream.zone)
                for at in (week.ts[first], week.ts[beyond - 1] + interval)
            )
            hours = people * (int(beyond) - int(first)) * (stream.interval / HOUR)
            found.append(f"{begin:%a %Y-%m-%d %H:%M}-{end:%H:%M}, {people} missing ({hours:g} person-hours)")
    return found
