"""What a public model reads of a panel: the newest columns of a series, and covariates that say something ahead."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from forecasting.models.features.slots import NAN, recent_mean, slot_grid, to_cube
from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel

COVARIATES = ("holiday", "before_holiday", "after_holiday", "bridge", "open_share", "month_start", "month_end")
"""Covariates of a panel that a model is given. It sees time of day and weekday in the demand itself; time of year goes
round once in more than it reads."""
ROWS_AT_ONCE = 128
"""Most rows of a batch; each covariate of a series is one more."""
SERIES_AT_ONCE = 128
"""Series whose contexts are made together, which bounds memory."""
LEAST_SEEN = 16
"""Observed values of a context without which a series is left to other members."""


@dataclass(frozen=True)
class Contexts:
    """B pairs of a series and an origin that are given the same covariates."""

    series: Ints
    """(B,)"""
    place: Ints
    """(B,) among the origin columns."""
    past: torch.Tensor
    """(B, context) demand, NaN where unobserved or before the first column."""
    known: torch.Tensor | None
    """(B, context + length, F) covariates, NaN before the first column; None where none is given."""


def gather(
    panel: Panel, *, origin_columns: Sequence[int], context: int, length: int, with_covariates: bool, fill: bool
) -> Iterator[Contexts]:
    """Contexts of all series from all origin columns, in batches; each from columns before its origin, and covariates.

    A covariate is given where it differs within the context, and within the horizon from what it usually is: else it
    explains nothing ahead, and costs as much as one more series. fill: impute what is unobserved, see `impute`. Series
    with fewer than LEAST_SEEN values in the context are left out.
    """
    starts = np.asarray(origin_columns, dtype=np.int64)
    groups = _by_covariates(panel, starts, context=context, length=length, with_covariates=with_covariates)
    for first in range(0, panel.n_series, SERIES_AT_ONCE):
        rows = np.arange(first, min(first + SERIES_AT_ONCE, panel.n_series))
        y = np.where(panel.observed[rows, : starts.max()], panel.y[rows, : starts.max()], NAN)
        y = impute(panel, y) if fill else y
        padded = np.concatenate([np.full((len(rows), context), NAN, dtype=np.float32), y], axis=1)
        contexts = np.lib.stride_tricks.sliding_window_view(padded, context, axis=1)
        for channels, members in groups.items():
            series, place, entry = _pairs(members, rows)
            past = contexts[series - first, starts[place]]
            known = np.stack([one.known for one in members]) if channels else None
            count = max(ROWS_AT_ONCE // (1 + len(channels)), 1)
            usable = np.flatnonzero(np.isfinite(past).sum(axis=1) >= LEAST_SEEN)
            for part in (usable[at : at + count] for at in range(0, len(usable), count)):
                yield Contexts(
                    series=series[part],
                    place=place[part],
                    past=torch.from_numpy(past[part]),
                    known=None if known is None else torch.from_numpy(known[entry[part]]),
                )


@dataclass(frozen=True)
class _Shared:
    """Covariates that series share from an origin."""

    place: int
    series: Ints
    known: Floats32
    """(context + length, F)"""


def _by_covariates(
    panel: Panel, starts: Ints, *, context: int, length: int, with_covariates: bool
) -> dict[tuple[int, ...], list[_Shared]]:
    """Which series share what from each origin, by the covariates that are given."""
    names = COVARIATES if with_covariates else ()
    candidates = np.array([panel.covariate_names.index(name) for name in names if name in panel.covariate_names], int)
    calendar = panel.event_calendar
    if calendar is None or not len(candidates):
        calendar = np.zeros(panel.n_series, dtype=np.int32)
    groups: dict[tuple[int, ...], list[_Shared]] = defaultdict(list)
    for place, at in enumerate(starts):
        column = np.arange(at - context, at + length)
        inside = (column >= 0) & (column < len(panel.ts))
        for events in np.unique(calendar):
            series = np.flatnonzero(calendar == events)
            values = np.full((len(column), len(candidates)), NAN, dtype=np.float32)
            values[inside] = panel.covariates_of(np.full(int(inside.sum()), series[0]), column[inside])[:, candidates]
            given = np.flatnonzero([_says_something(one, context) for one in values.T])
            groups[tuple(candidates[given])].append(_Shared(place, series, values[:, given]))
    return groups


def _says_something(covariate: Floats32, context: int) -> bool:
    """Whether a covariate (context + length,) differs within the context, and from its median in the horizon."""
    past, ahead = (part[np.isfinite(part)] for part in np.split(covariate, [context]))
    return len(past) > 0 and bool((past != past[0]).any() and (ahead != np.median(past)).any())


def _pairs(members: Sequence[_Shared], rows: Ints) -> tuple[Ints, Ints, Ints]:
    """(B,) series, place of the origin and number of the entry, for all series of an entry that are among `rows`."""
    own = [np.intersect1d(one.series, rows) for one in members]
    counts = [len(series) for series in own]
    place = np.repeat([one.place for one in members], counts)
    return np.concatenate(own), place, np.repeat(np.arange(len(members)), counts)


def impute(panel: Panel, y: Floats32) -> Floats32:
    """(n, t) demand of the first t columns without gaps: the mean of the last four observed values of the slot in
    earlier weeks, else the last value. What lies before the first value stays NaN, and none depends on later ones.
    """
    grid, columns = slot_grid(panel), slice(y.shape[1])
    cycle, slot = grid.cycle[columns], grid.slot[columns]
    mean = recent_mean(to_cube(y, grid, cycles=int(cycle[-1]) + 1), last=4)
    before = np.concatenate([np.full_like(mean[:, :1], NAN), mean[:, :-1]], axis=1)
    begun = np.maximum.accumulate(np.isfinite(y), axis=1)
    filled = np.where(np.isfinite(y) | ~begun, y, before[:, cycle, slot])
    newest = np.maximum.accumulate(np.where(np.isfinite(filled), np.arange(y.shape[1]), 0), axis=1)
    carried: Floats32 = np.take_along_axis(filled, newest, axis=1)
    return carried
