"""Windows of a panel as tensors: a whole batch is gathered and scaled at once.

A window is a (series, at) pair: a context of columns before `at`, a target of columns from `at`.

- Every input depends on columns before `at` only, except calendar, campaigns and opening hours, which are known ahead.
- Unobserved and closed intervals of the context are imputed with the mean of the last four observed values of their
  slot in earlier weeks, else with the context's mean; never with zero. In the target their weight is zero.
- Demand is divided by the mean of its context. The target is demand less the base, the mean of the last four observed
  values of its slot, so that a network starts from a good forecast and learns corrections.

A module may see time in blocks of `block` columns: it reads block means and forecasts every column of a block at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from forecasting.models.features.slots import NAN, recent_mean, slot_grid, to_cube
from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel

CHUNK = 500
"""Series at a time while a panel is prepared, which bounds memory."""
CLIP = 30.0
"""Multiples of the context's mean at which values are cut off."""

SERIES_COVARIATES = 3
"""Number of covariates of a series' own that a window adds to the shared ones: campaign, share open, base."""


@dataclass(frozen=True)
class WindowShape:
    """Size of a window, in blocks of `block` columns."""

    context: int
    horizon: int
    block: int

    @property
    def context_columns(self) -> int:
        return self.context * self.block

    @property
    def horizon_columns(self) -> int:
        return self.horizon * self.block


@dataclass(frozen=True)
class KnownInputs:
    """Known inputs beside demand: covariates that are known for the horizon too, and static attributes."""

    covariates: torch.Tensor
    """(T+H, C) scaled."""
    codes: torch.Tensor | None
    """(N, A) category of each attribute, 0 = unknown; None where no attribute differs between series."""
    event_covariates: torch.Tensor | None = None
    """(M, C) scaled, of series under events of their own; with `event_row` and `event_calendar` of the panel."""
    event_row: NDArray[np.int32] | None = None
    event_calendar: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class WindowSource:
    """Series of a panel prepared for gathering: t columns of history from `start` on, and the horizon behind them."""

    shape: WindowShape
    start: int
    """The panel's column that is column 0 here; negative where unobserved columns are added before the first."""
    filled: torch.Tensor
    """(N, t) demand, imputed; NaN before a series' first value."""
    base: torch.Tensor
    """(N, K x S) mean of the last four observed values of a slot up to and with a cycle."""
    observed: torch.Tensor
    """(N, t)"""
    open: torch.Tensor
    """(N, t+H)"""
    campaign: torch.Tensor
    """(N, t+H), or (0, t+H) where there is none."""
    cycle: torch.Tensor
    """(t+H,) counted from the first cycle of `base`."""
    slot: torch.Tensor
    """(t+H,)"""
    column: torch.Tensor
    """(K', S) column of a cycle's slot; negative where there is none or it lies before `start`."""
    covariates: torch.Tensor | None
    """(t+H + M', C) means over the block that starts at a column, then those that events of single series change; None
    for a module that takes demand only."""
    covariate_row: torch.Tensor | None
    """(K, t+H) row of `covariates` of each set of events; None where all series share them."""
    calendar: torch.Tensor | None
    """(N,) set of events of each series."""
    codes: torch.Tensor | None
    """(N, A)"""


@dataclass(frozen=True)
class Windows:
    """A gathered batch of B windows: L context blocks, H horizon blocks of p columns."""

    context: torch.Tensor
    """(B, L, 1) scaled demand, 0 = the context's mean."""
    past: torch.Tensor | None
    """(B, L, C + KNOWN_AHEAD) covariates, campaign, share open, base."""
    future: torch.Tensor | None
    """(B, H, C + KNOWN_AHEAD)"""
    codes: torch.Tensor | None
    """(B, 1, A)"""
    base: torch.Tensor
    """(B, H, p) what an output of zero means, in units of `scale`."""
    scale: torch.Tensor
    """(B,) mean demand of the context; 0 where it is empty or zero throughout."""

    @property
    def unit(self) -> torch.Tensor:
        """(B,) divisor of demand."""
        return torch.where(self.scale > 0, self.scale, 1.0)


def prepare(
    panel: Panel, shape: WindowShape, *, known_inputs: KnownInputs | None, rows: slice, start: int
) -> WindowSource:
    """Impute the demand of the series in `rows` and lay it out for gathering.

    start: where the earliest context begins; before 0 where it is longer than the history before its `at`.
    """
    grid = slot_grid(panel)
    cycle, slot = grid.cycle - max(int(grid.cycle[max(start, 0)]) - 1, 0), grid.slot
    oldest, cycles = int(grid.cycle[0] - cycle[0]), int(grid.cycle[panel.n_history - 1]) + 2
    first, last, _ = rows.indices(panel.n_series)
    filled = np.full((last - first, panel.n_history - start), NAN, dtype=np.float32)
    base = np.empty((last - first, cycles - oldest, grid.season), dtype=np.float32)
    for chunk in range(first, last, CHUNK):
        source = slice(chunk, min(chunk + CHUNK, last))
        part = slice(source.start - first, source.stop - first)
        known = np.where(panel.observed[source], panel.y[source], NAN)
        base[part] = recent_mean(to_cube(known, grid, cycles=cycles), last=4, since=oldest)
        filled[part, max(-start, 0) :] = known[:, max(start, 0) :]
        _impute(filled[part], base[part], cycle=_from(cycle, start, 0), slot=_from(slot, start, 0))
    before = np.arange(min(start, 0), 0) + slot[0]
    covariates, covariate_row = _known_rows(known_inputs, start=start, block=shape.block)
    calendar = known_inputs.event_calendar if known_inputs and covariate_row is not None else None
    campaign = panel.campaign[rows] if panel.campaign.any() else panel.campaign[:0]
    return WindowSource(
        shape=shape,
        start=start,
        filled=torch.from_numpy(filled),
        base=torch.from_numpy(base.reshape(last - first, -1)),
        observed=torch.from_numpy(_from(panel.observed[rows], start, False)),
        open=torch.from_numpy(_from(panel.open[rows], start, False)),
        campaign=torch.from_numpy(_from(campaign, start, False)),
        cycle=torch.from_numpy(_from(cycle, start, 0)),
        slot=torch.from_numpy(np.concatenate([before % grid.season, slot[max(start, 0) :]])),
        column=torch.from_numpy(np.where(grid.column < 0, -1, grid.column - start)[oldest:]),
        covariates=covariates,
        covariate_row=covariate_row,
        calendar=torch.from_numpy(calendar[rows].astype(np.int64)) if calendar is not None else None,
        codes=known_inputs.codes[rows] if known_inputs and known_inputs.codes is not None else None,
    )


def _from(values: NDArray[Any], start: int, fill: Any) -> NDArray[Any]:
    """Values (..., columns) from column `start` on, with `fill` before column 0."""
    if start >= 0:
        return values[..., start:]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(-start, 0)], constant_values=fill)


def _impute(filled: Floats32, base: Floats32, *, cycle: Ints, slot: Ints) -> None:
    """Fill the holes of (n, t) from earlier cycles, in place; NaN stays where a slot has no earlier value."""
    row, column = np.divmod(np.flatnonzero(np.isnan(filled)), filled.shape[1])
    earlier = cycle[column] - 1
    filled[row, column] = np.where(earlier >= 0, base[row, earlier, slot[column]], NAN)


def _known_rows(
    known_inputs: KnownInputs | None, *, start: int, block: int
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Block means of the shared covariates and of those under events, and the row of each set of events' columns."""
    if known_inputs is None:
        return None, None
    shared = _block_means(known_inputs.covariates, start=start, block=block)
    if known_inputs.event_covariates is None or known_inputs.event_row is None:
        return shared, None
    table, rows = [shared], []
    for place in known_inputs.event_row:
        columns = np.flatnonzero(place >= 0)
        values = known_inputs.covariates.clone()
        values[columns] = known_inputs.event_covariates[place[columns]]
        own = _block_means(values, start=start, block=block)
        differs = (own != shared).any(dim=1)
        row = torch.arange(len(shared))
        row[differs] = sum(len(part) for part in table) + torch.arange(int(differs.sum()))
        table.append(own[differs])
        rows.append(row)
    return torch.cat(table), torch.stack(rows)


def _block_means(covariates: torch.Tensor, *, start: int, block: int) -> torch.Tensor:
    """Covariates (t+H, C) averaged over the `block` columns that start at each; edges repeat."""
    first, last = covariates[:1].expand(max(-start, 0), -1), covariates[-1:].expand(block - 1, -1)
    return torch.cat([first, covariates[max(start, 0) :], last]).unfold(0, block, 1).mean(dim=2).contiguous()


def gather(source: WindowSource, *, series: torch.Tensor, at: torch.Tensor) -> Windows:
    """Windows of (series, at) pairs, both (B,); `at` counts the panel's columns."""
    shape, at = source.shape, at - source.start
    raw = source.filled.unfold(1, shape.context_columns, 1)[series, at - shape.context_columns]
    scale = raw.nanmean(dim=1).nan_to_num_(nan=0.0)
    unit = torch.where(scale > 0, scale, 1.0)[:, None]
    context = raw.div_(unit).sub_(1).nan_to_num_(nan=0.0).clamp_(max=CLIP)
    columns = (at[:, None] + torch.arange(shape.horizon_columns)).clamp_(max=len(source.slot) - 1)
    base = _base(source, series=series, at=at, columns=columns, unit=unit).view(-1, shape.horizon, shape.block)
    past = future = None
    if source.covariates is not None:
        earlier = at[:, None] + torch.arange(-shape.context_columns, 0)
        profile = _base(source, series=series, at=at, columns=earlier, unit=unit).view(-1, shape.context, shape.block)
        past = _block_covariates(source, series=series, columns=earlier, base=profile)
        future = _block_covariates(source, series=series, columns=columns, base=base)
    return Windows(
        context=_means(context.view(-1, shape.context, shape.block))[..., None],
        past=past,
        future=future,
        codes=source.codes[series][:, None].float() if source.codes is not None else None,
        base=base,
        scale=scale,
    )


def _means(blocks: torch.Tensor) -> torch.Tensor:
    """Mean of each block (B, blocks) of (B, blocks, p)."""
    return blocks[..., 0] if blocks.shape[2] == 1 else blocks.mean(dim=2)


def _base(
    source: WindowSource, *, series: torch.Tensor, at: torch.Tensor, columns: torch.Tensor, unit: torch.Tensor
) -> torch.Tensor:
    """(B, columns) scaled mean of the last four values of each column's slot, as known at `at`; 1 where none are."""
    season = source.column.shape[1]
    cycles = source.base.shape[1] // season
    slot, cycle = source.slot[columns], source.cycle[at][:, None].clamp(max=cycles - 1)
    # the newest known cycle of a slot: that of `at` for slots that lie before `at`, else the cycle before
    newest = cycle - (source.column[cycle, slot] >= at[:, None]).long()
    value = source.base[series[:, None], newest.clamp(min=0) * season + slot] / unit
    return torch.where(newest >= 0, value, torch.nan).nan_to_num_(nan=1.0).clamp_(max=CLIP)


def _block_covariates(
    source: WindowSource, *, series: torch.Tensor, columns: torch.Tensor, base: torch.Tensor
) -> torch.Tensor:
    """Covariates of each block: shared ones, campaign, share open, base. (B, blocks, C + KNOWN_AHEAD)"""
    assert source.covariates is not None
    block = source.shape.block
    row = columns[:, ::block]
    if source.covariate_row is not None and source.calendar is not None:
        row = source.covariate_row[source.calendar[series][:, None], row]
    shared = source.covariates[row]
    blocks = (len(series), -1, block)
    opened = _means(source.open[series[:, None], columns].view(blocks).float())
    campaign = torch.zeros_like(opened)
    if source.campaign.numel():
        campaign = _means(source.campaign[series[:, None], columns].view(blocks).float())
    return torch.cat([shared, torch.stack([campaign, opened, _means(base) - 1], dim=2)], dim=2)


def gather_target(
    source: WindowSource, windows: Windows, *, series: torch.Tensor, at: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled demand less the base, and its weight in the loss: 0 where unobserved, 1 on average; both (B, H, p)."""
    shape, start = source.shape, at - source.start
    size = (-1, shape.horizon, shape.block)
    demand = source.filled.unfold(1, shape.horizon_columns, 1)[series, start].view(size)
    target = demand.div(windows.unit[:, None, None]).sub_(windows.base).nan_to_num_(nan=0.0).clamp_(-CLIP, CLIP)
    seen = source.observed.unfold(1, shape.horizon_columns, 1)[series, start].view(size)
    weight = seen & (windows.scale > 0)[:, None, None]
    weight = weight.float()
    return target, weight / weight.mean().clamp(min=1e-6)
