"""What an adjustment does to a published forecast, in numbers and in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.jobs.common.session import Session
from forecasting.jobs.planners.factors import Base, factors_on
from forecasting.jobs.planners.plans import plan_changes
from forecasting.jobs.planners.records import in_words
from forecasting.jobs.streams.event_tables import clock
from forecasting.numerics import Mask
from forecasting.panel.event_scopes import some
from forecasting.planning.adjustments import Adjustment
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.events import events_as_of
from forecasting.store.tables.planners.adjustments import BASE
from forecasting.terms import EventKind, Operation

SMALL_RISE = 10.0
"""Percent up to which rises added no value on average (Fildes, Goodwin, Lawrence and Nikolopoulos, Effective
Forecasting and Judgmental Adjustments, International Journal of Forecasting, 2009)."""


@dataclass(frozen=True)
class Effect:
    """What an adjustment does, or did, to the forecast of its stream's newest origin."""

    adjustment_id: str
    stream: str
    status: str
    """`added`, `withdrawn`, or `not written` for a preview."""
    origin: datetime
    starts: str
    ends: str
    zone: str
    series: list[str]
    intervals: int
    """Of all series together."""
    before: float
    """Sum of the mean of these intervals, or their mean where values do not add up."""
    after: float
    unit: str
    plans: tuple[str, ...]
    """What changes in the plans that rest on it, a line a pool or link."""
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "origin": self.origin.isoformat(),
            "plans": list(self.plans),
            "notes": list(self.notes),
        }


def effect_of(
    session: Session,
    origin: datetime,
    base: Base,
    others: list[Adjustment],
    one: Adjustment,
    *,
    status: str,
    scenario: str = BASE,
) -> Effect:
    """What an adjustment changes. Raises SettingsError where that is nothing, or there is nothing to share."""
    lake, stream = session.lake, session.definition.stream
    then, now = factors_on(base, stream, others), factors_on(base, stream, [*others, one])
    cells = now.touched[-1]
    require_effect(stream, origin, base, one, cells, now.without_base[-1])
    zone = stream.zone
    totals = [_total(base, factors.factors, cells, stream) for factors in (then, now)]
    series = base.attributes.index.to_numpy(str)[cells.any(axis=1)].tolist()
    return Effect(
        adjustment_id=one.adjustment_id,
        stream=stream.name,
        status=status,
        origin=origin,
        starts=clock(one.starts_at.astimezone(zone)),
        ends=clock(one.ends_at.astimezone(zone)),
        zone=zone.key,
        series=series,
        intervals=int(cells.sum()),
        before=totals[0],
        after=totals[1],
        unit=stream.stream.unit,
        plans=tuple(
            plan_changes(session, base, then.factors, now.factors)
            if scenario == BASE
            else [f"changes once scenario {scenario} is planned: forecasting plan ... --scenario {scenario}"]
        ),
        notes=tuple(_notes(lake, stream, origin, base, others, one, cells)),
    )


def require_effect(
    stream: Stream, origin: datetime, base: Base, one: Adjustment, cells: Mask, without_base: int
) -> None:
    """Raise SettingsError where an adjustment changes nothing, or there is nothing to share.

    cells: (N, H) where it holds; without_base: intervals in which an amount is wanted and nothing is forecast.
    """
    zone = stream.zone
    if not base.in_scope(one.scope, stream.name).any():
        wanted = ", ".join(f"{key}={value}" for key, value in one.scope.items())
        known = [f"{key}: {some(sorted(set(base.attributes[key]) - {''}))}" for key in one.scope if key != "series_id"]
        known += [f"series_id: {some(base.attributes.index.tolist())}"] if "series_id" in one.scope else []
        raise SettingsError(
            f"stream {stream.name}: no series has {wanted}; there are {'; '.join(known)}; nothing was adjusted"
        )
    last = pd.Timestamp(base.ends[-1]).tz_localize("UTC").tz_convert(zone)
    span = f"{clock(one.starts_at.astimezone(zone))} to {clock(one.ends_at.astimezone(zone))}"
    if one.ends_at <= origin or one.starts_at >= last:
        raise SettingsError(
            f"stream {stream.name}: the newest forecast goes from {clock(origin.astimezone(zone))} to {clock(last)} "
            f"({zone.key}), and {span} lies outside; nothing was adjusted"
        )
    if not cells.any():
        raise SettingsError(f"stream {stream.name}: its series are closed from {span}; nothing was adjusted")
    if without_base:
        raise SettingsError(
            f"stream {stream.name}: {without_base} of the intervals have a forecast of 0, by which no amount "
            "can be shared; choose the series or hours that have one"
        )


def _total(base: Base, factors: np.ndarray, cells: Mask, stream: Stream) -> float:
    values = (base.mean * factors)[cells]
    return float(values.sum() if stream.stream.aggregate == "sum" else values.mean())


def _notes(
    lake: Lake,
    stream: Stream,
    origin: datetime,
    base: Base,
    others: list[Adjustment],
    one: Adjustment,
    cells: Mask,
) -> list[str]:
    """What a planner should know of it: what it comes on top of, and what experience says."""
    notes = []
    for other in others:
        if (base.cells(other, stream.name) & cells).any():
            words = in_words(other.operation, other.value)
            notes.append(f"comes on top of adjustment {other.adjustment_id}: {words}, {other.reason} ({other.author})")
    events = events_as_of(lake, origin)
    for row in events[events["kind"] == str(EventKind.CAMPAIGN)].to_dict("records"):
        like = Adjustment("", origin, row["scope"], row["starts_at"], row["ends_at"], Operation.PERCENT, 0.0)
        if (base.cells(like, stream.name) & cells).any():
            named = row["name"] if isinstance(row["name"], str) and row["name"] else row["event_id"]
            notes.append(f"the forecast contains campaign {named} already: say only what comes beyond it")
    if one.operation is Operation.PERCENT and 0 < one.value <= SMALL_RISE:
        notes.append(
            f"rises of up to {SMALL_RISE:g}% have made forecasts no better on average; keep it where you know the cause"
        )
    return notes
