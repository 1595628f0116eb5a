"""Evidence for weights: forecasts of the newest history, which was held back from the members' training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.models.features.days import index_days, lead_cells
from forecasting.models.features.rows import over_mean
from forecasting.numerics import Floats32, Floats64, Ints, Mask
from forecasting.panel.grid import Panel
from forecasting.terms import MEDIAN

DAY = np.timedelta64(1, "D")
ORIGINS = 8
"""Approximate number of held-back origins, where there are days enough."""
HELD_SHARE = 1 / 8
"""Share of the history that is held back, unless two horizons need more."""
MOST_SEASONS = 8
"""Most seasons that are held back; series are grouped by twice as many."""
OWN_GROUPS = 8
"""Up to this many series, each is a group of its own; more are grouped by predictability."""


def held_back_start(panel: Panel, *, length: int) -> int:
    """First column of the held-back history, on which members are compared; training targets end before it.

    It is an eighth of the history, at least two horizons and at most MOST_SEASONS seasons; none where less than half
    of the history would remain.
    """
    span = min(max(2 * length, int(panel.n_history * HELD_SHARE)), max(MOST_SEASONS * panel.season, 2 * length))
    start = panel.n_history - span
    return start if start >= panel.n_history // 2 else panel.n_history


def held_back_columns(panel: Panel, *, length: int) -> tuple[int, ...]:
    """Held-back origin columns, ascending, with `length` known columns after each.

    They lie whole days before the panel's origin, so at the same time of day, every n-th day of a fixed calendar, so
    that panels of consecutive origins have most of them in common.
    """
    start, last = held_back_start(panel, length=length), panel.n_history - length
    if start > last or start >= panel.n_history:
        return ()
    origin = panel.wall[panel.n_history] if panel.n_horizon else panel.wall[-1]
    columns = start + np.flatnonzero((origin - panel.wall[start : last + 1]) % DAY == np.timedelta64(0))
    if not len(columns):
        return ()
    days = panel.wall[columns].astype("datetime64[D]").astype(np.int64)
    stride = -(-int(days[-1] - days[0] + 1) // ORIGINS)
    stride -= stride % 7 == 0  # else all would lie on one weekday
    marks = np.arange(-(-days[0] // stride), days[-1] // stride + 1) * stride
    return tuple(int(column) for column in np.unique(columns[np.searchsorted(days, marks)]))


def group_series(panel: Panel) -> Ints:
    """(N,) group of each series: its own where there are few, else one of OWN_GROUPS by predictability."""
    if panel.n_series <= OWN_GROUPS:
        return np.arange(panel.n_series)
    order = np.argsort(np.argsort(measure_roughness(panel), kind="stable"), kind="stable")
    return np.asarray(order * OWN_GROUPS // panel.n_series, dtype=np.int64)


def measure_roughness(panel: Panel) -> Floats64:
    """(N,) predictability of each series: mean absolute change from one season to the next over the mean demand."""
    recent = panel.y[:, -2 * MOST_SEASONS * panel.season :]
    known = np.where(np.isfinite(recent), recent, 0.0)
    change = np.abs(recent[:, panel.season :] - recent[:, : -panel.season])
    seen, total = np.isfinite(change), known.sum(axis=1) / np.maximum(np.isfinite(recent).sum(axis=1), 1)
    mean = np.where(seen, change, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.asarray(np.divide(mean, total, out=np.full(panel.n_series, np.inf), where=total > 0))


@dataclass(frozen=True)
class Evidence:
    """Forecasts of M members and what was observed: R rows, each an interval of a series from a held-back origin."""

    y: Floats32
    """(R,) actual values over `scale`."""
    predicted: Floats32
    """(M, R, 7) over `scale`; NaN where a member has no forecast."""
    series: Ints
    """(R,) series of the panel."""
    group: Ints
    """(R,)"""
    lead: Ints
    """(R,) cell of days ahead."""
    origin: Ints
    """(R,) position among the held-back origins."""
    step: Ints
    """(R,) columns after the origin, from 0."""
    day: Ints
    """(R,) local day of the interval."""
    scale: Floats32
    """(R,) mean absolute error of the members on the series, over the value's relative weight where values have any."""

    def __len__(self) -> int:
        return len(self.y)

    @property
    def newer(self) -> Mask:
        """(R,) rows of the newer half of the origins; none where there is a single origin."""
        return np.asarray(self.origin > np.median(np.unique(self.origin)))

    def only(self, rows: Mask) -> "Evidence":
        """The rows of a mask (R,)."""
        return Evidence(
            y=self.y[rows],
            predicted=self.predicted[:, rows],
            series=self.series[rows],
            group=self.group[rows],
            lead=self.lead[rows],
            origin=self.origin[rows],
            step=self.step[rows],
            day=self.day[rows],
            scale=self.scale[rows],
        )


def gather_evidence(
    panel: Panel, predicted: Floats32, *, origin_columns: Sequence[int], series: Ints, groups: Ints, length: int
) -> Evidence:
    """Observed rows of the held-back origins.

    predicted: (M, A, n, length, 7); series: (n,) which of the panel's series these are; groups: (N,) of the panel.
    """
    column = np.asarray(origin_columns)[:, None] + np.arange(length)
    truth, seen = panel.y[series][:, column], panel.observed[series][:, column]
    # errors of the members' mean, so that series that are hard to forecast count no more than easy ones
    known = np.isfinite(predicted[..., MEDIAN])
    middle = np.where(known, predicted[..., MEDIAN], 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    middle = middle.transpose(1, 0, 2)
    missed = np.where(seen, np.abs(truth - middle), 0.0).sum(axis=(1, 2))
    scale = np.divide(missed, np.maximum(seen.sum(axis=(1, 2)), 1), dtype=np.float64)
    row, origin, step = np.nonzero(seen & (scale > 0)[:, None, None])
    size = scale[row].astype(np.float32)
    if panel.weight is not None:
        # the pinball loss grows with the unit: a value in half the unit counts twice
        weight = panel.weight[series][row, column[origin, step]]
        size = size / over_mean(weight, row)
    leads = np.stack([lead_cells(panel, at=at, length=length) for at in origin_columns])
    return Evidence(
        y=truth[row, origin, step] / size,
        predicted=predicted[:, origin, row, step] / size[:, None],
        series=series[row],
        group=groups[series[row]],
        lead=leads[origin, step],
        origin=origin,
        step=step,
        day=index_days(panel).day[column[origin, step]],
        scale=size,
    )
