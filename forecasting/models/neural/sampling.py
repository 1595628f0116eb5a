"""Sampling of the windows that a module is trained and validated on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from darts.utils.data.torch_datasets.training_dataset import TorchTrainingDataset
from darts.utils.data.torch_datasets.utils import TorchTrainingBatch, TorchTrainingSample
from numpy.typing import NDArray

from forecasting.models.neural.windows import WindowShape, WindowSource, gather, gather_target
from forecasting.numerics import Ints, Mask
from forecasting.panel.grid import Panel

CHUNK = 500
MIN_OBSERVED = 0.25
"""Share of its open columns in which a usable context is observed; columns before the history count as open."""
MIN_VALUES = 8
"""Least observed columns of a usable context."""
FEW_SPANS = 8
"""Up to as many spans are counted one by one, which is faster than running sums."""
HIDDEN = 0.05
"""Share of training windows whose attributes are hidden, so that the unknown category is trained."""


@dataclass(frozen=True)
class WindowSample:
    """B windows as (series, at) pairs, and which of them hide their attributes. All (B,)."""

    series: torch.Tensor
    at: torch.Tensor
    hidden: torch.Tensor


def usable_contexts(panel: Panel, *, rows: slice, origin_columns: Ints, columns: int) -> Mask:
    """(n, A) whether enough of the `columns` before each origin column was observed."""
    first = max(int(origin_columns.min()) - columns, 0)
    start, stop = np.maximum(origin_columns - columns, 0) - first, origin_columns - first
    seen = _count(panel.observed[rows, first : int(origin_columns.max())], start, stop)
    opened = _count(panel.open[rows, first : int(origin_columns.max())], start, stop)
    return (seen >= MIN_VALUES) & (seen >= MIN_OBSERVED * (opened + np.maximum(columns - origin_columns, 0)))


def _count(mask: Mask, start: Ints, stop: Ints) -> NDArray[np.int32]:
    """(n, spans) how often a mask (n, t) is true in each span of columns."""
    if len(start) <= FEW_SPANS:
        spans = [np.count_nonzero(mask[:, a:b], axis=1) for a, b in zip(start, stop, strict=True)]
        return np.stack(spans, axis=1).astype(np.int32)
    total = np.zeros((len(mask), mask.shape[1] + 1), dtype=np.int32)
    np.cumsum(mask, axis=1, out=total[:, 1:])
    return total[:, stop] - total[:, start]


def _valid(panel: Panel, shape: WindowShape, *, origin_columns: Ints) -> Iterator[Mask]:
    """By chunks of series, (n, A) whether a window has a usable context and an observed value in its target."""
    for start in range(0, panel.n_series, CHUNK):
        rows = slice(start, start + CHUNK)
        usable = usable_contexts(panel, rows=rows, origin_columns=origin_columns, columns=shape.context_columns)
        yield usable & (_count(panel.observed[rows], origin_columns, origin_columns + shape.horizon_columns) > 0)


def target_starts(shape: WindowShape, *, since: int, until: int) -> Ints:
    """Columns from which a whole target lies in [since, until)."""
    return np.arange(max(since, 1), until - shape.horizon_columns + 1)


def count_windows(panel: Panel, shape: WindowShape, *, since: int, until: int) -> Ints:
    """Number of valid windows of each series (N,) whose targets lie in [since, until)."""
    origin_columns = target_starts(shape, since=since, until=until)
    if not len(origin_columns):
        return np.zeros(panel.n_series, dtype=np.int64)
    return np.concatenate([valid.sum(axis=1) for valid in _valid(panel, shape, origin_columns=origin_columns)])


def pick_windows(
    panel: Panel, shape: WindowShape, *, since: int, until: int, ranks: Ints
) -> tuple[torch.Tensor, torch.Tensor]:
    """The valid windows of the given ranks (R,) in the order of series and column, as (series, at).

    Windows are enumerated for one chunk of series at a time, which bounds memory.
    """
    origin_columns = target_starts(shape, since=since, until=until)
    order = np.argsort(ranks, kind="stable")
    ranked = ranks[order]
    series, at = np.empty(len(ranks), dtype=np.int64), np.empty(len(ranks), dtype=np.int64)
    passed = 0
    for chunk, valid in enumerate(_valid(panel, shape, origin_columns=origin_columns)):
        places = np.flatnonzero(valid)
        low, high = np.searchsorted(ranked, [passed, passed + len(places)])
        row, column = np.divmod(places[ranked[low:high] - passed], len(origin_columns))
        series[order[low:high]], at[order[low:high]] = chunk * CHUNK + row, origin_columns[column]
        passed += len(places)
    return torch.from_numpy(series), torch.from_numpy(at)


def draw_windows(
    panel: Panel, shape: WindowShape, *, until: int, total: int, count: int, generator: torch.Generator
) -> WindowSample:
    """`count` windows with targets before `until`, uniformly from all `total` valid ones, with replacement."""
    ranks = torch.randint(0, total, (count,), generator=generator)
    series, at = pick_windows(panel, shape, since=0, until=until, ranks=ranks.numpy())
    return WindowSample(series=series, at=at, hidden=torch.rand(count, generator=generator) < HIDDEN)


def spread_windows(panel: Panel, shape: WindowShape, *, since: int, until: int, total: int, most: int) -> WindowSample:
    """At most `most` windows with targets in [since, until), evenly spread over all `total` valid ones."""
    ranks = np.linspace(0, total - 1, min(total, most)).astype(np.int64)
    series, at = pick_windows(panel, shape, since=since, until=until, ranks=ranks)
    return WindowSample(series=series, at=at, hidden=torch.zeros(len(ranks), dtype=torch.bool))


class WindowBatch(TorchTrainingBatch):  # type: ignore[misc]
    """A batch that moves to a device in one call, which is faster than Lightning's walk through its fields."""

    def to(self, device: torch.device) -> "WindowBatch":
        if device == self.past_target.device:
            return self
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return WindowBatch(**{name: None if tensor is None else tensor.to(device) for name, tensor in fields.items()})


class WindowDataset(TorchTrainingDataset):  # type: ignore[misc]
    """Sampled windows for a darts model; a batch is gathered at once."""

    def __init__(self, source: WindowSource, sample: WindowSample) -> None:
        super().__init__()
        self.source = source
        self.sample = sample

    def __len__(self) -> int:
        return len(self.sample.series)

    def __getitems__(self, indices: list[int]) -> WindowBatch:
        chosen = torch.tensor(indices)
        series, at = self.sample.series[chosen], self.sample.at[chosen]
        windows = gather(self.source, series=series, at=at)
        target, weight = gather_target(self.source, windows, series=series, at=at)
        codes = windows.codes
        if codes is not None:
            codes = codes.masked_fill(self.sample.hidden[chosen][:, None, None], 0.0)
        return WindowBatch(
            past_target=windows.context,
            historic_future_covariates=windows.past,
            future_covariates=windows.future,
            static_covariates=codes,
            sample_weight=weight,
            future_target=target,
        )

    def __getitem__(self, index: int) -> TorchTrainingSample:
        batch = self.__getitems__([index])
        fields = ("past_target", "historic_future_covariates", "future_covariates", "static_covariates")
        tensors = {name: getattr(batch, name) for name in (*fields, "sample_weight", "future_target")}
        return TorchTrainingSample(**{name: None if x is None else x[0].numpy() for name, x in tensors.items()})
