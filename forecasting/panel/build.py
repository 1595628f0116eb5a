"""Building a panel: demand, calendar, events and attributes as known at an origin, put on a regular grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.errors import InsufficientHistoryError, SettingsError
from forecasting.numerics import Times
from forecasting.panel.attributes import read_attributes
from forecasting.panel.calendar.calendar import (
    MONDAY,
    grid_between,
    grid_ends,
    grid_from,
    history_since,
    is_on_grid,
    step_of,
    wall_times,
)
from forecasting.panel.calendar.hours import (
    group_series,
    holiday_dates,
    open_mask,
    rules_of_series,
    special_mask,
)
from forecasting.panel.calendar.instants import as_utc, utc_instant
from forecasting.panel.calendar.runs import Grid
from forecasting.panel.calendar.week import most_columns, slots_a_week, week_template
from forecasting.panel.cleaning.breaks import Calendar, Fault, find_breaks
from forecasting.panel.cleaning.censoring import restore_demand
from forecasting.panel.covariates import build_covariates
from forecasting.panel.days_off import DAYS_AROUND
from forecasting.panel.demand import Demand, bounds_at, weights_at
from forecasting.panel.event_covariates import find_event_covariates
from forecasting.panel.events import Event, read_events, touched
from forecasting.panel.grid import Panel
from forecasting.terms import DAY, EventKind


@dataclass(frozen=True)
class Population:
    """All series of a stream as known at an origin, for panels that hold some of them: these have equal columns."""

    series: pd.DataFrame
    """series_id and attributes, ordered by series_id."""
    since: np.datetime64
    """Start of the first interval of which any demand is known."""


def build_panel(
    stream: Stream,
    *,
    origin: datetime,
    demand: Demand,
    series: pd.DataFrame,
    events: pd.DataFrame,
    population: Population | None = None,
) -> Panel:
    """Panel of a stream as known at an origin.

    origin: as of `resolve_origin`. demand: as known at the origin; values at or after it or in closed time are ignored.
    series: series_id and attributes. events: kind, scope, starts_at, ends_at. History goes back to `history_since`, but
    not before the first demand. population: where `series` are some of a stream's; columns and covariates are then
    those of all. Raises InsufficientHistoryError where no series has an observation, ContractError on a repeated
    series, SettingsError for an origin off the grid.
    """
    at = _instant(origin, stream)
    attributes = read_attributes(series, stream_name=stream.name)
    rules = every_rule = rules_of_series(stream, attributes)
    if population is not None:
        every_rule = rules_of_series(stream, read_attributes(population.series, stream_name=stream.name))
    template = week_template(stream, every_rule)
    known_y, since = _known(stream, demand, attributes.index, at=at, population=population)
    columns = _columns(stream, template, since=since, at=at)
    history = slice(columns.n_history)
    known = read_events(events, attributes=attributes, stream_name=stream.name)
    # an event that has not begun leaves the history as it is, also the eve of the day on which it begins
    started = tuple(event for event in known if event.starts_at < at)
    groups = group_series(stream, rules=rules, events=started, days=columns.days)
    usual_groups = group_series(stream, rules=every_rule, events=(), days=columns.days)
    is_open = _open(stream, rules, started, columns)
    if len(started) < len(known):
        is_open[:, columns.n_history :] = _open(stream, rules, known, columns)[:, columns.n_history :]
    y, outage = _observe(known_y, columns, known, is_open=is_open)
    if not np.isfinite(y).any():
        raise _no_history(stream, at)
    special = special_mask(groups, ts=columns.ts[history], days=columns.days, zone=stream.zone)
    weight = weights_at(demand, attributes.index, columns.ts[history], observed=np.isfinite(y))
    # a value with a weight was measured: a mean near zero is no silence
    explained = special if weight is None else special | (weight > 0)
    grid = Grid(columns.slot[history], columns.cycle[history], season=int(template.sum()))
    wall = wall_times(columns.ts, stream.zone)
    campaign, surge, usual = (
        touched(known, kind, n_series=len(is_open), ts=columns.ts, ends=columns.ends)
        for kind in (EventKind.CAMPAIGN, EventKind.SURGE, EventKind.DEMAND)
    )
    calendar = Calendar(
        date=wall[history].astype("datetime64[D]"),
        holiday=special,
        announced=special | campaign[:, history],
        confirmed=surge[:, history],
        rejected=usual[:, history],
    )
    breaks = find_breaks(y, grid, columns.ts[history], explained=explained, calendar=calendar)
    fault, suppressed = breaks.fault, None
    censored = bounds_at(demand, attributes.index, columns.ts[history], observed=np.isfinite(y))
    if censored is not None:
        # demand at a capacity repeats one value as a stuck counter does, also below a later, larger capacity
        fault = np.where(censored & (fault == Fault.STUCK), np.uint8(Fault.NONE), fault)
        censored &= fault == Fault.NONE
    y[fault > 0] = np.nan
    if censored is not None:
        y, suppressed = restore_demand(y, censored, grid, special=special)
    covariates, names = build_covariates(stream, usual_groups, (), ts=columns.ts, days=columns.days)
    own = find_event_covariates(
        stream,
        usual_groups,
        known,
        covariates,
        n_series=len(attributes),
        ts=columns.ts,
        days=columns.days,
        n_history=columns.n_history,
        at=at,
    )
    campaign = touched(known, EventKind.CAMPAIGN, n_series=len(is_open), ts=columns.ts, ends=columns.ends)
    event = campaign | _special_days(stream, started, known, columns, n_series=len(is_open))
    return Panel(
        series_ids=attributes.index.to_numpy(np.str_),
        attributes=attributes,
        ts=columns.ts,
        wall=wall,
        horizon_step=columns.horizon_step,
        slot=columns.slot,
        cycle=columns.cycle,
        season=int(template.sum()),
        max_horizon=max(most_columns(stream, template), len(columns.horizon_step)),
        y=y,
        observed=np.isfinite(y),
        open=is_open,
        covariates=covariates,
        covariate_names=names,
        campaign=campaign,
        fault=np.where(outage, np.uint8(Fault.OUTAGE), fault),
        level_start=breaks.level_start,
        level_factor=breaks.level_factor,
        surges=breaks.surges,
        weight=None if weight is None else np.where(fault > 0, np.float32(0), weight),
        censored=censored,
        suppressed=suppressed,
        event=event if event.any() else None,
        usual_open=_open(stream, rules, (), columns) if event.any() else None,
        event_covariates=own.covariates if own else None,
        event_row=own.row if own else None,
        event_calendar=own.calendar if own else None,
    )


@dataclass(frozen=True)
class _Columns:
    """The intervals of a panel, and which of the full grid they are."""

    history: Times
    """(G,) full grid before the origin."""
    kept: NDArray[np.bool_]
    """(G + steps,) which intervals of history and horizon have a column."""
    ts: Times
    ends: Times
    days: Times
    """Consecutive local dates of the intervals, and DAYS_AROUND more on both sides."""
    slot: NDArray[np.int32]
    cycle: NDArray[np.int32]

    @property
    def n_history(self) -> int:
        return len(self.ts) - len(self.horizon_step)

    @property
    def horizon_step(self) -> NDArray[np.int32]:
        return (np.flatnonzero(self.kept[len(self.history) :]) + 1).astype(np.int32)


def _open(stream: Stream, rules: NDArray[np.int64], events: Sequence[Event], columns: _Columns) -> NDArray[np.bool_]:
    """(N, columns) open intervals under the events."""
    groups = group_series(stream, rules=rules, events=events, days=columns.days)
    return open_mask(stream, groups, events, ts=columns.ts, ends=columns.ends, days=columns.days)


def _special_days(
    stream: Stream, started: Sequence[Event], known: Sequence[Event], columns: _Columns, *, n_series: int
) -> NDArray[np.bool_]:
    """(N, columns) under a closure, or on the date of a holiday event."""
    mask = touched(known, EventKind.CLOSURE, n_series=n_series, ts=columns.ts, ends=columns.ends)
    day = (wall_times(columns.ts, stream.zone).astype("datetime64[D]") - columns.days[0]).astype(np.int64)
    for events, part in ((started, slice(columns.n_history)), (known, slice(columns.n_history, None))):
        mask[:, part] |= holiday_dates(stream, events, n_series=n_series, days=columns.days)[:, day[part]]
    return mask


def _instant(origin: datetime, stream: Stream) -> np.datetime64:
    at = utc_instant(origin)
    if not is_on_grid(np.array([at]), stream)[0]:
        raise SettingsError(
            f"stream {stream.name}: origin {origin.isoformat()} does not start an interval of the stream; "
            "take one that resolve_origin returns"
        )
    return at


def _known(
    stream: Stream, demand: Demand, ids: pd.Index, *, at: np.datetime64, population: Population | None
) -> tuple[NDArray[np.float32], np.datetime64]:
    """(N, G) demand of the panel's series before `at`, from the start of their history on, and that instant."""
    row = pd.Index(demand.series_ids).get_indexer(ids)
    before = slice(int(np.searchsorted(demand.grid, history_since(stream, at))), int(np.searchsorted(demand.grid, at)))
    y, grid = demand.y[row, before], demand.grid[before]
    y[row < 0] = np.nan
    if population is None:
        first = np.flatnonzero(np.isfinite(y).any(axis=0))[:1]
        if not len(first):
            raise _no_history(stream, at)
        first_known = grid[first[0]]
    else:
        first_known = population.since
    since = max(first_known, as_utc(pd.DatetimeIndex([stream.first_origin()]))[0])
    return y[:, np.searchsorted(grid, since) :], since


def _no_history(stream: Stream, at: np.datetime64) -> InsufficientHistoryError:
    return InsufficientHistoryError(
        f"stream {stream.name}: no demand in open time is known before origin {at}Z, expected at least one value; "
        "ingest earlier usage or take a later origin",
        have=0,
        need=1,
    )


def _columns(stream: Stream, template: NDArray[np.bool_], *, since: np.datetime64, at: np.datetime64) -> _Columns:
    """Intervals from `since` to the end of the horizon that are open in the week's template."""
    if not template.any():
        raise SettingsError(f"stream {stream.name}: calendar.hours leave no open time in a week; expected some")
    history = grid_between(stream, since, at)
    grid = np.concatenate([history, grid_from(stream, at, steps=stream.steps)])
    position = np.arange(len(grid))
    if stream.interval <= DAY:
        position = (wall_times(grid, stream.zone) - np.datetime64(MONDAY, "us")) // step_of(stream)
    cycle, place = np.divmod(position, slots_a_week(stream))
    kept = template[place]
    ts, ends = grid[kept], grid_ends(grid[kept], stream)
    first, last = wall_times(np.array([ts[0], ends[-1]]), stream.zone).astype("datetime64[D]")
    return _Columns(
        history=history,
        kept=kept,
        ts=ts,
        ends=ends,
        days=np.arange(first - DAYS_AROUND, last + DAYS_AROUND + 1),
        slot=(np.cumsum(template) - 1)[place[kept]].astype(np.int32),
        cycle=(cycle[kept] - cycle[kept].min(initial=cycle[-1])).astype(np.int32),
    )


def _observe(
    known: NDArray[np.float32], columns: _Columns, events: Sequence[Event], *, is_open: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(N, T) demand, NaN where missing, closed or under an outage event, and which values such an event removes."""
    history = slice(columns.n_history)
    y = known[:, columns.kept[: len(columns.history)]]
    ts, ends = columns.ts[history], columns.ends[history]
    y[~is_open[:, history]] = np.nan
    outage = touched(events, EventKind.OUTAGE, n_series=len(is_open), ts=ts, ends=ends) & np.isfinite(y)
    y[outage] = np.nan
    return y, outage
