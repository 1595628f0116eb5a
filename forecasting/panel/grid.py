"""The panel: what was known of a stream at an origin, as arrays on a regular grid; and parts of it."""

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.panel.cleaning.surges import Surge


@dataclass(frozen=True)
class Panel:
    """N series on T columns of history and H columns of horizon.

    Columns are the intervals in which at least one series is open by its weekly hours, so that a week of opening hours
    is one season; hours in which all series are closed have no column. An interval that is closed for some series, or
    by a holiday or a closure, keeps its column and is not open.
    """

    series_ids: NDArray[np.str_]
    """(N,) sorted."""
    attributes: pd.DataFrame
    """(N, A) text, indexed by series_id; '' where an attribute is unknown."""
    ts: NDArray[np.datetime64]
    """(T+H,) UTC interval starts, datetime64[us], ascending."""
    wall: NDArray[np.datetime64]
    """(T+H,) local clock readings at interval starts, datetime64[us]."""
    horizon_step: NDArray[np.int32]
    """(H,) 1-based step after the origin, counted on the full grid (closed intervals count)."""
    slot: NDArray[np.int32]
    """(T+H,) position in the season by local time, 0..season-1; intervals of equal slots are comparable."""
    cycle: NDArray[np.int32]
    """(T+H,) which season (local week) a column lies in, ascending from 0."""
    season: int
    """Number of slots in a season: a local week, or 1 for intervals longer than a day."""
    max_horizon: int
    """Largest number of columns of a horizon of this stream, over all origins; at least H."""
    y: NDArray[np.float32]
    """(N, T) demand, NaN where unobserved; where it is censored, the expected demand behind the measured bound."""
    observed: NDArray[np.bool_]
    """(N, T) open, known and not set aside as a fault."""
    open: NDArray[np.bool_]
    """(N, T+H) whether the series takes demand in that interval."""
    covariates: NDArray[np.float32]
    """(T+H, C) known in advance and shared by all series that no holiday and no closure of their own touches."""
    covariate_names: tuple[str, ...]
    campaign: NDArray[np.bool_]
    """(N, T+H) whether a campaign known at the origin touches the series."""
    fault: NDArray[np.uint8]
    """(N, T) a `Fault` each: why a measured value is not used. NONE where it is, and where nothing was measured."""
    level_start: NDArray[np.int64]
    """(N,) first column of each series' present level; 0 where it never shifted."""
    weight: NDArray[np.float32] | None = None
    """(N, T) weight of each observed value among its peers, such as the calls behind a mean: above 0, and 1 where the
    feed gives this value none; 0 where nothing is observed. None where the feed has no weights: all count the same."""
    censored: NDArray[np.bool_] | None = None
    """(N, T) observed values that were measured as lower bounds of demand; None where the feed flags none."""
    suppressed: NDArray[np.float32] | None = None
    """(N, T) how far `y` was restored above what was measured, 0 where it was not; None where nothing is censored."""
    level_factor: NDArray[np.float32] | None = None
    """(N,) present level over the one before `level_start`, where it is a few weeks old; 1 elsewhere."""
    surges: tuple[Surge, ...] = ()
    """Found at the origin, by row; those that a person rejected too. Parts of a panel name none."""
    event: NDArray[np.bool_] | None = None
    """(N, T+H) whether a campaign, a closure or a holiday event of the series lies on the interval; None where none
    does on any."""
    usual_open: NDArray[np.bool_] | None = None
    """(N, T+H) `open` as it would be without events; None where there are none."""
    event_covariates: NDArray[np.float32] | None = None
    """(M, C) covariates that holidays and closures change for series in their scope; None where they change none."""
    event_row: NDArray[np.int32] | None = None
    """(K, T+H) row of `event_covariates` for each set of events; -1 where `covariates` hold."""
    event_calendar: NDArray[np.int32] | None = None
    """(N,) set of events of each series."""

    @property
    def n_series(self) -> int:
        return len(self.series_ids)

    @property
    def n_history(self) -> int:
        return int(self.y.shape[1])

    @property
    def n_horizon(self) -> int:
        return len(self.ts) - self.n_history

    def covariates_of(self, series: NDArray[np.integer], column: NDArray[np.integer]) -> NDArray[np.float32]:
        """(R, C) covariates of series in columns, both (R,)."""
        values: NDArray[np.float32] = self.covariates[column]
        if self.event_covariates is not None and self.event_row is not None and self.event_calendar is not None:
            row = self.event_row[self.event_calendar[series], column]
            values[row >= 0] = self.event_covariates[row[row >= 0]]
        return values

    @property
    def masked(self) -> NDArray[np.bool_]:
        """(N, T) measured, but set aside as a fault."""
        return self.fault > 0


def take_series(panel: Panel, rows: NDArray[np.integer]) -> Panel:
    """The panel of some of its series, in ascending order."""
    own = ["y", "observed", "open", "campaign", "fault", "level_start", "series_ids"]
    own += _given(panel, "weight", "censored", "suppressed", "level_factor", "event", "usual_open", "event_calendar")
    parts = {name: getattr(panel, name)[rows] for name in own}
    return replace(panel, attributes=panel.attributes.iloc[rows], surges=(), **parts)


def at_present_level(panel: Panel) -> Panel:
    """The panel with history from before a new level restated at it, so that the forecast follows within days.

    Weekday and hourly shapes are kept; whole numbers stay whole. Levels older than a few weeks restate nothing.
    """
    if panel.level_factor is None or (panel.level_factor == 1).all():
        return panel
    before = np.arange(panel.n_history) < panel.level_start[:, None]
    moved = panel.level_factor[:, None] != 1
    whole = ~(panel.y % 1 > 0).any(axis=1, keepdims=True)
    restated = panel.y * np.where(before, panel.level_factor[:, None], np.float32(1))
    y = np.where(moved, np.where(whole, np.round(restated), restated), panel.y)
    start = np.where(moved[:, 0], 0, panel.level_start)
    return replace(panel, y=y.astype(np.float32), level_start=start, level_factor=None)


def cut_panel(panel: Panel, *, at: int, length: int) -> Panel:
    """The panel with its first `at` columns as history and the `length` behind them as horizon.

    Faults and restored demand stay as found at the panel's own origin, later history included, and so do campaigns.
    """
    history, every = slice(at), slice(at + length)
    shared = ("ts", "wall", "slot", "cycle", "covariates")
    return replace(
        panel,
        horizon_step=np.arange(1, length + 1, dtype=np.int32),
        surges=(),
        level_start=np.where(panel.level_start < at, panel.level_start, 0),
        **{name: getattr(panel, name)[every] for name in shared},
        **{
            name: getattr(panel, name)[:, every]
            for name in ("open", "campaign", *_given(panel, "event", "usual_open", "event_row"))
        },
        **{
            name: getattr(panel, name)[:, history]
            for name in ("y", "observed", "fault", *_given(panel, "weight", "censored", "suppressed"))
        },
    )


def without_events(panel: Panel) -> Panel:
    """The panel as if no event lay in its horizon or reached into it; itself where none does.

    Its history is the same. Intervals that are open only because of an event stay open, and a series that has been
    silent for a season stays closed: its usual demand is unknown.
    """
    ahead = slice(panel.n_history, None)
    is_open, rows = panel.open, panel.event_row
    changed = bool(panel.campaign[:, ahead].any())
    if panel.usual_open is not None:
        reports = np.asarray(panel.observed[:, -panel.season :].any(axis=1))
        reopened = panel.usual_open[:, ahead] & ~panel.open[:, ahead] & reports[:, None]
        if reopened.any():
            is_open, changed = is_open.copy(), True
            is_open[:, ahead] |= reopened
    if rows is not None and (rows[:, ahead] >= 0).any():
        rows, changed = rows.copy(), True
        rows[:, ahead] = -1
    if not changed:
        return panel
    campaign = panel.campaign.copy()
    campaign[:, ahead] = False
    return replace(panel, open=is_open, campaign=campaign, event_row=rows)


def eventless(panel: Panel) -> NDArray[np.bool_]:
    """(N, T) observed values under no event."""
    if panel.event is None:
        return panel.observed
    outside: NDArray[np.bool_] = panel.observed & ~panel.event[:, : panel.n_history]
    return outside


def touched_ahead(panel: Panel) -> NDArray[np.bool_]:
    """(N,) whether an event changes what is known ahead of a series."""
    ahead = slice(panel.n_history, None)
    touched: NDArray[np.bool_] = np.asarray(panel.campaign[:, ahead].any(axis=1))
    if panel.usual_open is not None:
        touched |= np.asarray((panel.usual_open[:, ahead] != panel.open[:, ahead]).any(axis=1))
    if panel.event_row is not None and panel.event_calendar is not None:
        touched |= np.asarray((panel.event_row[:, ahead] >= 0).any(axis=1))[panel.event_calendar]
    return touched


def _given(panel: Panel, *names: str) -> list[str]:
    """Those of the fields that this panel has: only some panels do."""
    return [name for name in names if getattr(panel, name) is not None]


def fingerprint(panel: Panel) -> bytes:
    """Digest of all fields of a panel: panels with equal digests are equal."""
    digest = hashlib.blake2b(digest_size=16)
    for item in fields(panel):
        value = getattr(panel, item.name)
        if isinstance(value, pd.DataFrame):
            value = value.reset_index().to_json(orient="split")
        if isinstance(value, np.ndarray):
            digest.update(f"{item.name} {value.dtype} {value.shape}".encode())
            digest.update(value.tobytes())
        else:
            digest.update(f"{item.name} {value}".encode())
    return digest.digest()


def open_age(panel: Panel, *, interval: timedelta) -> timedelta:
    """Age of the feed at the origin: open time since the newest value of any series.

    Intervals in which every series is closed do not count; values that were set aside as faults count as values.
    """
    last = int(np.flatnonzero((panel.observed | panel.masked).any(axis=0))[-1])
    since = panel.open[:, last + 1 : panel.n_history].any(axis=0)
    return int(since.sum()) * interval


def horizon_rows(panel: Panel) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Series index and horizon column (0..H-1) of every open interval of the horizon: exactly one forecast row each."""
    series, column = np.nonzero(panel.open[:, panel.n_history :])
    return series, column
