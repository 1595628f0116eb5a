"""What is missing or odd about links: those that are not planned, and numbers that need a second look."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.capacity import CapacitySection
from forecasting.numerics import in_full
from forecasting.panel.grid import Panel
from forecasting.planning.capacity.orders import QUARTER
from forecasting.planning.capacity.runout import judged_peaks
from forecasting.terms import DAY, SeriesFinding

Finding = tuple[str, SeriesFinding, str]
"""Series, kind, one line."""

SEVERAL = "(several)"
"""Stands for the series of a line that names more than one."""
SILENT = 3
"""Days without a value from which a link is said to have stopped reporting: two may be late."""
MOST_LOAD = 1.1
"""Share of its capacity up to which a link may seem to carry more than it can: clocks of pollers drift."""
COUNTER = "counter_wraps"
"""Attribute by which an extract says why it cannot read a counter."""
NAMED = 5

RETIRED = QUARTER * DAY
"""Age of the last value from which a link is taken to be gone for good."""


def no_capacity(name: str, rules: CapacitySection, given: object) -> Finding:
    found = repr(given) if isinstance(given, str) and given else "none"
    line = f"{name}: {rules.capacity} is {found}, expected a number above 0: not planned"
    return name, SeriesFinding.NO_CAPACITY, line


def capacity_changed(row: pd.Series) -> Finding:
    """row: series_id, since, before, value."""
    since = row["since"].tz_convert("UTC").date()
    line = (
        f"{row['series_id']}: capacity changed from {row['before']} to {row['value']} on {since} UTC; the newest counts"
    )
    return str(row["series_id"]), SeriesFinding.CAPACITY_CHANGED, line


def find_silent(silent: pd.DataFrame, origin: datetime) -> list[Finding]:
    """Series that reported nothing for weeks, unless they are gone for good. silent: of `read_silent_series`."""
    found: list[Finding] = []
    for row in silent.to_dict("records"):
        name, last = str(row["series_id"]), row["last_ts"]
        if pd.notna(last) and origin - last > RETIRED:
            continue
        if isinstance(row.get(COUNTER), str):
            found.append(_unreadable(name, row[COUNTER], "not planned"))
        elif pd.isna(last):
            line = f"{name}: it is in the feed, but never had a value: not planned; check its source"
            found.append((name, SeriesFinding.STOPPED_REPORTING, line))
        else:
            line = f"{name}: no value since {last:%Y-%m-%d}: not planned; check its source, or ignore it if it is gone"
            found.append((name, SeriesFinding.STOPPED_REPORTING, line))
    return found


def find_stopped(
    panel: Panel, row: Sequence[int], names: Sequence[str], counters: Mapping[str, object]
) -> list[Finding]:
    """Links that are planned, but have no value of the last days.

    row: places of the links in the panel; counters: what an extract says of their counters.
    """
    found: list[Finding] = []
    for place, name in zip(row, names, strict=True):
        known = np.flatnonzero(panel.observed[place])
        days = panel.n_history - 1 - int(known[-1]) if len(known) else panel.n_history
        if days < SILENT:
            continue
        last = f"since {panel.wall[known[-1]].astype('datetime64[D]')}" if len(known) else "yet"
        planned = "planned from what was known before"
        if isinstance(reason := counters.get(name), str) and reason:
            found.append(_unreadable(name, reason, planned))
        else:
            line = f"{name}: no value {last}, for {days} days: {planned}; check its source"
            found.append((name, SeriesFinding.STOPPED_REPORTING, line))
    return found


def find_overfull(
    measured: NDArray[np.floating],
    capacity: NDArray[np.float64],
    names: Sequence[str],
    rules: CapacitySection,
    unit: str,
) -> list[Finding]:
    """Links that carried more than they can.

    measured: (n, W) peaks of the last days, NaN where unknown; capacity: (n,).
    """
    found: list[Finding] = []
    for peaks, size, name in zip(measured, capacity, names, strict=True):
        known = peaks[np.isfinite(peaks)][-rules.persistence.window :]
        if not len(known):
            continue
        peak = float(judged_peaks(known[None, :, None], rules.persistence)[0, 0])
        if peak > MOST_LOAD * size:
            times = in_full(peak / size, digits=2)
            line = (
                f"{name}: its measured peak of {in_full(peak)} {unit} is {times} times {rules.capacity} = "
                f"{in_full(size)}: a wrong capacity, or one in another unit; planned as it stands; correct it in the "
                "feed"
            )
            found.append((name, SeriesFinding.PEAK_ABOVE_CAPACITY, line))
    return found


def find_without_failure(
    names: Sequence[str], parallel: Sequence[str], alone: Iterable[str], rules: CapacitySection
) -> list[Finding]:
    """Links for which there is no n-1: one line for all of a kind."""
    ungrouped = [name for name, group in zip(names, parallel, strict=True) if rules.group and not group]
    return [
        *_together(sorted(alone), SeriesFinding.ALONE, "no parallel link could carry its traffic: no n-1"),
        *_together(ungrouped, SeriesFinding.ORPHAN, f"no attribute {rules.group}: without parallel links, no n-1"),
    ]


def _together(names: Sequence[str], kind: SeriesFinding, line: str) -> list[Finding]:
    if len(names) < 2:
        return [(name, kind, f"{name}: {line}") for name in names]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [(SEVERAL, kind, f"{len(names)} links: {line}: {', '.join(names[:NAMED])}{more}")]


def _unreadable(name: str, reason: str, planned: str) -> Finding:
    line = f"{name}: {reason}: {planned}; poll it more often or read its 64-bit counter"
    return name, SeriesFinding.COUNTER_WRAPS, line
