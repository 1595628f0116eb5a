"""What lies around a forecast: the same time in past weeks, events, and what was found in the series' history."""

from datetime import date, datetime

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.ensemble.explained.usual import past_columns
from forecasting.jobs.common.session import Session
from forecasting.jobs.explained.rerun import Rerun
from forecasting.numerics import Ints
from forecasting.panel.calendar.calendar import interval_ends
from forecasting.panel.calendar.holidays import holiday_names
from forecasting.panel.cleaning.breaks import Fault
from forecasting.panel.events import in_scope
from forecasting.panel.grid import Panel
from forecasting.store.tables.events import events_as_of
from forecasting.terms import DAY

_FAULTS = {
    Fault.OUTAGE: "outage",
    Fault.LOST: "lost data",
    Fault.STUCK: "stuck counter",
    Fault.SPIKE: "absurd spike",
    Fault.SURGE: "surge, held out",
}


def find_past(rerun: Rerun, columns: Ints, stream: Stream, *, averages: bool) -> pd.DataFrame:
    """day, value, note: the same intervals in past weeks, the newest first; values as they were measured."""
    panel, row = rerun.panel, rerun.row
    names = _holidays(stream, panel)
    found = []
    for places in past_columns(panel, panel.n_history + columns).T:
        held = places[places >= 0]
        if not len(held):
            continue
        day = pd.Timestamp(panel.wall[held[0]])
        known = held[panel.observed[row, held]]
        values = panel.y[row, known].astype(np.float64)
        notes = [_FAULTS[Fault(fault)] for fault in np.unique(panel.fault[row, held]) if fault in list(_FAULTS)]
        if panel.event is not None and panel.event[row, held].any():
            notes.append("event")
        notes += [names[day.date()]] if day.date() in names else []
        if len(known) < len(places):
            notes.append(f"{len(known)} of {len(places)} intervals known" if len(places) > 1 else "not known")
        value = np.nan if not len(known) else float(values.mean() if averages else values.sum())
        found.append({"day": f"{day:%a %-d %b %Y}", "value": value, "note": ", ".join(notes)})
    return pd.DataFrame(found, columns=["day", "value", "note"])


def newest_day(panel: Panel, columns: Ints, *, hours: bool) -> str:
    """The day of the newest values of the same time of week as some columns of the horizon; hours: with the time."""
    place = past_columns(panel, panel.n_history + columns[:1], weeks=1)[0, 0]
    if place < 0:
        return "usual level"
    local = pd.Timestamp(panel.wall[place])
    return f"{local:%a %-d %b %H:%M}" if hours else f"{local:%a %-d %b}"


def find_events(session: Session, rerun: Rerun, starts: pd.Series, origin: datetime) -> pd.DataFrame:
    """what, kind, starts, ends: events of the series that touch the intervals, local, and holidays of their days."""
    stream = session.definition.stream
    known = events_as_of(session.lake, origin)
    first, last = starts.min(), interval_ends(starts, stream).max()
    attributes = rerun.panel.attributes.iloc[[rerun.row]]
    rows = []
    for event in known.to_dict("records"):
        ends = event["ends_at"]
        if event["starts_at"] >= last or (not pd.isna(ends) and ends <= first):
            continue
        if in_scope(event["scope"], attributes=attributes, stream_name=stream.name)[0]:
            rows.append(
                {
                    "what": event["name"] or event["event_id"],
                    "kind": str(event["kind"]),
                    "starts": _local(event["starts_at"], stream),
                    "ends": "" if pd.isna(ends) else _local(ends, stream),
                }
            )
    if stream.interval <= DAY:
        day = pd.Timestamp(first).tz_convert(stream.zone).date()
        for at, name in holiday_names(stream, day - DAY, day + DAY).items():
            rows.append({"what": name, "kind": "public holiday", "starts": f"{at:%Y-%m-%d}", "ends": f"{at:%Y-%m-%d}"})
    return pd.DataFrame(rows, columns=["what", "kind", "starts", "ends"])


def find_remarks(rerun: Rerun) -> list[str]:
    """Level shifts, surges and faults of the series, as they were found at the origin."""
    panel, row = rerun.panel, rerun.row
    lines = []
    if start := int(panel.level_start[row]):
        factor = 1.0 if panel.level_factor is None else float(panel.level_factor[row])
        moved = "" if factor == 1 else f"; what came before counts {factor:.2f} times"
        lines.append(f"level shift on {pd.Timestamp(panel.wall[start]):%-d %b %Y}{moved}")
    for surge in panel.surges:
        if surge.row == row:
            since = pd.Timestamp(panel.wall[surge.first])
            used = "held out" if (panel.fault[row, surge.first : surge.end] == Fault.SURGE).any() else "used as demand"
            lines.append(f"surge since {since:%-d %b %Y}, {surge.factor:.1f} times its usual volume: {used}")
    faults = int((panel.fault[row] > 0).sum())
    if faults:
        lines.append(f"{faults:,} intervals of the history are set aside as faults")
    return lines


def _holidays(stream: Stream, panel: Panel) -> dict[date, str]:
    wall = panel.wall
    return dict(holiday_names(stream, pd.Timestamp(wall[0]).date(), pd.Timestamp(wall[-1]).date()))


def _local(stamp: pd.Timestamp, stream: Stream) -> str:
    return f"{stamp.tz_convert(stream.zone):%Y-%m-%d %H:%M}"
