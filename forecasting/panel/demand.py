"""Demand as known at an instant: the newest version of every interval of every series, on the stream's full grid."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.errors import ContractError
from forecasting.numerics import Times
from forecasting.panel.calendar.calendar import grid_between
from forecasting.panel.calendar.instants import as_utc

NEVER = np.iinfo(np.int64).min


class Versions(NamedTuple):
    """R values of demand as they became known, in any order."""

    series: NDArray[np.integer]
    """(R,) place among the series, -1 for any other series."""
    ts: Times
    y: NDArray[np.float64]
    """(R,) NaN where the value is unknown or was withdrawn."""
    available_at: Times
    weight: NDArray[np.float64]
    """(R,) weight of the value among its peers, such as the calls behind a mean; NaN where the feed gives none."""
    censored: NDArray[np.bool_]
    """(R,) whether the value is only a lower bound of demand."""


@dataclass(frozen=True)
class Demand:
    """Demand of M series on G intervals, as known at the end of the grid."""

    series_ids: NDArray[np.str_]
    """(M,) sorted."""
    grid: Times
    """(G,) all interval starts, ascending."""
    y: NDArray[np.float32]
    """(M, G) NaN where nothing is known."""
    weight: NDArray[np.float32] | None = None
    """(M, G) weight of each value, NaN where it has none; None where no value has any."""
    censored: NDArray[np.bool_] | None = None
    """(M, G) whether a value is only a lower bound of demand; None where none is."""


def lay_demand(
    stream: Stream,
    series_ids: NDArray[np.str_],
    *,
    since: np.datetime64,
    until: np.datetime64,
    known: Iterable[Versions],
) -> Demand:
    """Demand of [since, until) by its known versions; versions of other intervals are ignored.

    Raises ContractError on versions off the grid.
    """
    grid = grid_between(stream, since, until)
    empty = Demand(series_ids, grid, np.full((len(series_ids), len(grid)), np.nan, np.float32))
    return _place(empty, known, end=until)


def apply_updates(
    stream: Stream, demand: Demand, *, since: np.datetime64, until: np.datetime64, updates: Iterable[Versions]
) -> Demand:
    """Demand as known at `until`, from demand as known at `since` and the versions that became known in between.

    demand: its grid ends at `since`. updates: versions of intervals from `since` on, and newer versions of earlier
    ones. Raises ContractError on versions off the grid.
    """
    grid = np.concatenate([demand.grid, grid_between(stream, since, until)])
    more = len(grid) - len(demand.grid)
    weight = None if demand.weight is None else _extended(demand.weight, more)
    censored = None if demand.censored is None else np.pad(demand.censored, ((0, 0), (0, more)))
    return _place(Demand(demand.series_ids, grid, _extended(demand.y, more), weight, censored), updates, end=until)


def drop_before(demand: Demand, since: np.datetime64) -> Demand:
    """Demand without the intervals that start before an instant."""
    first = int(np.searchsorted(demand.grid, since))
    weight = None if demand.weight is None else demand.weight[:, first:]
    censored = None if demand.censored is None else demand.censored[:, first:]
    return Demand(demand.series_ids, demand.grid[first:], demand.y[:, first:], weight, censored)


def lay_frame(
    stream: Stream, frame: pd.DataFrame, series_ids: NDArray[np.str_], *, since: np.datetime64, until: np.datetime64
) -> Demand:
    """Demand of [since, until) from current values, one row an interval.

    frame: series_id (fastest as a categorical), ts (UTC), y and perhaps weight and censored. Raises ContractError on
    rows off the grid and on two rows of one interval.
    """
    key = frame["series_id"]
    if not isinstance(key.dtype, pd.CategoricalDtype):
        key = key.astype("category")
    # a missing series_id has code -1 and so takes the last position
    position = np.append(pd.Index(series_ids).get_indexer(key.cat.categories.astype(str)), -1)
    series, ts = position[key.cat.codes.to_numpy()], as_utc(frame["ts"])
    repeated = pd.DataFrame({"series": series, "ts": ts})[(series >= 0) & (ts >= since) & (ts < until)].duplicated()
    _check(int(repeated.sum()), "duplicate_key", "repeat a (series_id, ts); pass current versions only")
    y = frame["y"].to_numpy(np.float64, na_value=np.nan)
    weight = np.full(len(y), np.nan)
    if "weight" in frame:
        weight = frame["weight"].to_numpy(np.float64, na_value=np.nan)
    censored = np.zeros(len(y), bool)
    if "censored" in frame:
        censored = frame["censored"].to_numpy(bool, na_value=False)
    return lay_demand(
        stream, series_ids, since=since, until=until, known=[Versions(series, ts, y, ts, weight, censored)]
    )


def weights_at(demand: Demand, ids: pd.Index, ts: Times, *, observed: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """(N, T) weights of observed values of some series at some instants of the grid; None where no value has any.

    1 where a value has no weight, 0 where it is not observed.
    """
    if demand.weight is None:
        return None
    weight = demand.weight[_cells(demand, ids, ts)]
    given = observed & np.isfinite(weight)
    return np.where(given, weight, observed).astype(np.float32) if given.any() else None


def bounds_at(demand: Demand, ids: pd.Index, ts: Times, *, observed: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """(N, T) which observed values of some series at some instants of the grid are censored; None where none is."""
    if demand.censored is None:
        return None
    bound: NDArray[np.bool_] = observed & demand.censored[_cells(demand, ids, ts)]
    return bound if bound.any() else None


def _cells(demand: Demand, ids: pd.Index, ts: Times) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of (N, T) values; a series without demand has the last row."""
    return pd.Index(demand.series_ids).get_indexer(ids)[:, None], np.searchsorted(demand.grid, ts)


def _extended(values: NDArray[np.float32], more: int) -> NDArray[np.float32]:
    """(M, G + more) values, unknown after the first G."""
    return np.pad(values, ((0, 0), (0, more)), constant_values=np.nan)


def _place(demand: Demand, known: Iterable[Versions], *, end: np.datetime64) -> Demand:
    """The demand with the newest version of each interval written over its values, in place.

    A value of weight 0 or less is unknown: nothing was measured.
    """
    y, grid, weight, censored = demand.y, demand.grid, demand.weight, demand.censored
    if not y.size:
        return demand
    stamp, flat = np.full(y.size, NEVER), y.reshape(-1)
    off_grid = 0
    for every in known:
        inside = (every.series >= 0) & (every.ts >= grid[0]) & (every.ts < end)
        versions = every if inside.all() else Versions(*(column[inside] for column in every))
        column, fits = _columns(grid, versions.ts)
        off_grid += len(fits) - int(fits.sum())
        cell = versions.series * y.shape[1] + column
        at = versions.available_at.astype("datetime64[us]").view(np.int64)
        np.maximum.at(stamp, cell, at)
        newest = stamp[cell] == at
        usable = np.isfinite(versions.y) & ~(versions.weight <= 0)
        flat[cell[newest]] = np.where(usable, versions.y, np.nan)[newest]
        weights = np.where(np.isfinite(versions.weight), versions.weight, np.nan)
        if weight is None and np.isfinite(weights).any():
            weight = np.full(y.shape, np.nan, np.float32)
        if weight is not None:
            weight.reshape(-1)[cell[newest]] = np.where(usable, weights, np.nan)[newest]
        bound = usable & versions.censored
        if censored is None and bound.any():
            censored = np.zeros(y.shape, bool)
        if censored is not None:
            censored.reshape(-1)[cell[newest]] = bound[newest]
    _check(off_grid, "off_grid_ts", "start no interval of the stream; was its interval or time zone changed?")
    return replace(demand, weight=weight, censored=censored)


def _columns(grid: Times, ts: Times) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(R,) column that each instant lies in, and whether it is the start of the column's interval."""
    step = np.diff(grid[:2])
    if len(step) and (np.diff(grid) == step).all():  # a division is several times faster than a search
        column, rest = np.divmod((ts - grid[0]).view(np.int64), step.astype(np.int64))
        return column, rest == 0
    column = np.searchsorted(grid, ts, side="right") - 1
    return column, grid[column] == ts


def _check(failed: int, check: str, fault: str) -> None:
    if failed:
        message = f"history.demand: {failed} rows {fault}"
        raise ContractError(message, table="history.demand", check=check, failed=failed)
