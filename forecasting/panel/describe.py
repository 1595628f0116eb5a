"""Messages for planners about faults, level shifts and censored demand of a panel."""

from zoneinfo import ZoneInfo

import numpy as np

from forecasting.numerics import in_full
from forecasting.panel.calendar.calendar import wall_times
from forecasting.panel.cleaning.breaks import Fault
from forecasting.panel.cleaning.surges import Surge
from forecasting.panel.grid import Panel

_NAMED = 3
"""Series that a message names; of more it gives the number."""
_REASONS = {
    Fault.OUTAGE: "under an outage event",
    Fault.LOST: "as lost data",
    Fault.STUCK: "as a stuck counter",
    Fault.SPIKE: "as an absurd spike",
}


def describe_breaks(panel: Panel, *, zone: ZoneInfo) -> str | None:
    """One line on values that were set aside and levels that shifted, with local dates; None without any."""
    parts = []
    for kind, reason in _REASONS.items():
        found = panel.fault == kind
        if total := int(found.sum()):
            names = _few([str(name) for name in panel.series_ids[found.any(axis=1)]])
            parts.append(f"{total:,} interval{'s' * (total > 1)} of {names} set aside {reason}")
    parts += describe_surges(panel, zone=zone)
    shifted = np.flatnonzero(panel.level_start)
    if len(shifted):
        dates = wall_times(panel.ts[panel.level_start[shifted]], zone).astype("datetime64[D]")
        names = _few([f"{panel.series_ids[row]} since {date}" for row, date in zip(shifted, dates, strict=True)])
        parts.append(f"{len(shifted):,} level shift{'s' * (len(shifted) > 1)}: {names}")
    return "; ".join(parts) or None


def describe_surges(panel: Panel, *, zone: ZoneInfo) -> list[str]:
    """A line on runs of days beyond the plausible that are kept out, and one on those that a person called demand."""
    out = [surge for surge in panel.surges if (panel.fault[surge.row, surge.first : surge.end] == Fault.SURGE).any()]
    parts = []
    if out:
        names = _few([_name(panel, surge, zone=zone) for surge in sorted(out, key=lambda one: -one.end)])
        parts.append(f"{len(out):,} surge{'s' * (len(out) > 1)} kept out of the forecast: {names}")
    used = len(panel.surges) - len(out)
    if used:
        parts.append(f"{used:,} surge{'s' * (used > 1)} used as demand, as a person said")
    return parts


def _name(panel: Panel, surge: Surge, *, zone: ZoneInfo) -> str:
    first, last = wall_times(panel.ts[[surge.first, surge.end - 1]], zone).astype("datetime64[D]")
    span = f"since {first}" if surge.ongoing else f"on {first}" if first == last else f"{first} to {last}"
    return f"{panel.series_ids[surge.row]} {span}, {in_full(surge.factor, digits=2)} times its usual volume"


def describe_suppressed(panel: Panel) -> str | None:
    """One line on demand that was cut off at a limit and restored; None without any."""
    if panel.censored is None or panel.suppressed is None or not panel.censored.any():
        return None
    cut, added = panel.censored, np.nan_to_num(panel.suppressed)
    measured = float((np.nan_to_num(panel.y) - added)[cut].sum())
    share = float(added[cut].sum()) / measured if measured > 0 else 0.0
    # series with the most censored intervals first
    rows = np.argsort(-cut.sum(axis=1), kind="stable")[: int(cut.any(axis=1).sum())]
    total, names = int(cut.sum()), _few([str(panel.series_ids[row]) for row in rows])
    return f"{total:,} interval{'s' * (total > 1)} of {names} cut off at a limit: {share:.1%} of demand put back"


def _few(words: list[str]) -> str:
    more = len(words) - _NAMED
    return ", ".join(words[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
