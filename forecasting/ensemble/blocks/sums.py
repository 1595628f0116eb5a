"""Sums over the series of a stream that is too large for one panel, from the joint paths of its blocks.

What makes series move together is learned from the sample. A series' paths then depend on its own forecast and its
place among all series alone, so that paths of different blocks add up as those of one panel do. A group whose series
all lie in one block is summed there. What a block adds to any other group is handed on, path by path.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.ensemble.calibrated import HeldBackForecasts
from forecasting.ensemble.factors import apply_factors
from forecasting.ensemble.joint import columns_of, dependence_of, hierarchy_of, stored_paths
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.reconciliation import clock_of, days_of, outside_events
from forecasting.numerics import Floats64, Ints, Mask
from forecasting.panel.grid import Panel, at_present_level, without_events
from forecasting.panel.hierarchy import SERIES, Hierarchy, build_hierarchy
from forecasting.quantiles import Tails
from forecasting.uncertainty.aggregates import aggregate_rows
from forecasting.uncertainty.agreement import Paths, series_paths
from forecasting.uncertainty.dependence import Dependence
from forecasting.uncertainty.paths import PATHS, RankMaker
from forecasting.uncertainty.periods import Columns
from forecasting.uncertainty.residuals import learn_tails, normal_scores

_VALUES = 16_000_000
"""Values of paths of series that are in memory together: 64 MB."""

Group = tuple[str, str]
"""Level and key."""


@dataclass(frozen=True)
class Movement:
    """How the series of a stream move together, as learned from a sample of them."""

    dependence: Dependence
    tails: Tails

    def as_record(self) -> dict[str, Any]:
        """Plain numbers, from which `from_record` makes the same bits again."""
        curves = {name: curve.tolist() for name, curve in vars(self.dependence).items()}
        return {"dependence": curves, "tails": asdict(self.tails)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Movement":
        curves = {name: np.array(curve, dtype=np.float64) for name, curve in record["dependence"].items()}
        return cls(Dependence(**curves), Tails(**record["tails"]))


@dataclass(frozen=True)
class GroupPart:
    """What the series of one block add to a group that has others, too."""

    level: str
    key: str
    paths: Floats64
    """(H, S) sums."""
    is_open: Mask
    """(H,) where one of the series is open."""


@dataclass(frozen=True)
class BlockSums:
    """Aggregates of a block's series and of the groups that lie in it whole, and its parts of other groups."""

    aggregates: pd.DataFrame
    """Rows of forecast.aggregates."""
    whole: tuple[Group, ...]
    """The groups that have rows among them."""
    parts: tuple[GroupPart, ...]
    paths: pd.DataFrame | None
    """Rows of forecast.paths, where the stream keeps them."""


def learn_movement(stream: Stream, panel: Panel, held: HeldBackForecasts, origin_columns: tuple[int, ...]) -> Movement:
    """Dependence and tails from a panel of sampled series and their held-back forecasts.

    panel: at its present level, with its events.
    """
    held = outside_events(panel, held, origin_columns)
    scores = normal_scores(held.y, held.predicted)
    return Movement(dependence_of(panel, stream, scores, origin_columns), learn_tails(scores))


def sum_block(
    stream: Stream,
    panel: Panel,
    forecast: PanelForecast,
    movement: Movement,
    *,
    places: Ints,
    spread: Collection[Group],
    origin: datetime,
) -> BlockSums:
    """Sums from the paths of a block's series, which leave the forecast of each series as it is (bottom-up).

    places: (N,) of the panel's series among all of the stream; spread: groups that have series in other blocks, too. A
    pure function. Raises SettingsError where values do not add over series.
    """
    panel = at_present_level(panel)
    section = hierarchy_of(stream, panel)
    hierarchy = build_hierarchy(panel.attributes, section.levels)
    columns, ahead = columns_of(stream, panel, origin), slice(panel.n_history, None)
    is_open = without_events(panel).open[:, ahead]
    baseline = forecast.quantiles if forecast.baseline is None else forecast.baseline
    predicted = np.where(is_open[..., None], baseline, np.nan)
    seed = (stream.models.seed, int(origin.timestamp()))
    clock = clock_of(panel)[ahead]
    ranks = RankMaker(movement.dependence, days_of(panel)[ahead], clock=clock, paths=PATHS, seed=seed)
    rate = stream.stream.aggregate == "mean"
    sums = _Sums(stream, hierarchy, panel.open[:, ahead], columns, spread=spread)
    frames, kept = [], []
    for rows in _in_order(hierarchy, size=max(_VALUES // max(predicted[0, :, 0].size * PATHS, 1), 1)):
        paths = series_paths(predicted[rows], ranks, movement.tails, places=places[rows])
        if forecast.factors is not None:
            paths = apply_factors(paths, [forecast.factors[rows]])
        sums.add(rows, paths)
        frames.append(
            aggregate_rows(
                paths,
                columns,
                level=[SERIES] * len(rows),
                keys=[str(one) for one in panel.series_ids[rows]],
                is_open=panel.open[rows, ahead],
                rate=rate,
                intervals=False,
            )
        )
        if section.keep_paths:
            kept.append(stored_paths(panel, paths, rows))
    whole, parts = sums.end()
    return BlockSums(
        aggregates=pd.concat([*sums.frames, *frames], ignore_index=True),
        whole=tuple(whole),
        parts=tuple(parts),
        paths=pd.concat(kept, ignore_index=True) if kept else None,
    )


def add_parts(stream: Stream, parts: Sequence[GroupPart], columns: Columns) -> pd.DataFrame:
    """Rows of forecast.aggregates of groups that lie in several blocks. parts: of all blocks, in their order."""
    by_group: dict[Group, list[GroupPart]] = {}
    for part in parts:
        by_group.setdefault((part.level, part.key), []).append(part)
    frames = []
    for (level, key), own in by_group.items():
        paths = np.sum([part.paths for part in own], axis=0)[None].astype(np.float32)
        is_open = np.any([part.is_open for part in own], axis=0)[None]
        frames.append(_group_rows(stream, paths, columns, names=[(level, key)], is_open=is_open))
    if not frames:
        nothing = np.zeros((0, len(columns.ts), 1), np.float32)
        frames.append(_group_rows(stream, nothing, columns, names=[], is_open=nothing[..., 0] > 0))
    return pd.concat(frames, ignore_index=True)


def _group_rows(
    stream: Stream, paths: Paths, columns: Columns, *, names: Sequence[Group], is_open: Mask
) -> pd.DataFrame:
    return aggregate_rows(
        paths,
        columns,
        level=[level for level, _ in names],
        keys=[key for _, key in names],
        is_open=is_open,
        rate=stream.stream.aggregate == "mean",
        intervals=True,
    )


class _Sums:
    """Sums of the groups of a block, each in memory from its first series to its last."""

    def __init__(
        self, stream: Stream, hierarchy: Hierarchy, is_open: Mask, columns: Columns, *, spread: Collection[Group]
    ) -> None:
        self._stream, self._hierarchy, self._open, self._columns = stream, hierarchy, is_open, columns
        self._spread = spread
        self._groups_of = hierarchy.summing.T.tocsr()
        self._left = np.diff(hierarchy.summing.indptr)
        self._sums: dict[int, Floats64] = {}
        self._whole: list[tuple[int, Paths]] = []
        self.frames: list[pd.DataFrame] = []
        self._named: list[Group] = []
        self._parts: list[GroupPart] = []

    def add(self, rows: Ints, paths: Paths) -> None:
        for row, own in zip(rows, paths, strict=True):
            first, last = self._groups_of.indptr[row : row + 2]
            for group in self._groups_of.indices[first:last].tolist():
                if group not in self._sums:
                    self._sums[group] = np.zeros(own.shape, np.float64)
                self._sums[group] += own
                self._left[group] -= 1
                if not self._left[group]:
                    self._finish(group, self._sums.pop(group))
        self._flush(at_least=max(_VALUES // max(paths[0].size, 1), 1))

    def end(self) -> tuple[list[Group], list[GroupPart]]:
        self._flush(at_least=1)
        return self._named, self._parts

    def _finish(self, group: int, paths: Floats64) -> None:
        name = self._hierarchy.names[group], str(self._hierarchy.keys[group])
        if name in self._spread:
            self._parts.append(GroupPart(*name, paths, self._open_of(group)))
        else:
            self._whole.append((group, paths.astype(np.float32)))

    def _flush(self, *, at_least: int) -> None:
        if len(self._whole) < at_least:
            return
        groups = [group for group, _ in self._whole]
        names = [(self._hierarchy.names[group], str(self._hierarchy.keys[group])) for group in groups]
        paths, is_open = np.stack([own for _, own in self._whole]), np.stack([self._open_of(one) for one in groups])
        self.frames.append(_group_rows(self._stream, paths, self._columns, names=names, is_open=is_open))
        self._named += names
        self._whole.clear()

    def _open_of(self, group: int) -> NDArray[np.bool_]:
        first, last = self._hierarchy.summing.indptr[group : group + 2]
        opened: Mask = self._open[self._hierarchy.summing.indices[first:last]].any(axis=0)
        return opened


def _in_order(hierarchy: Hierarchy, *, size: int) -> Iterator[Ints]:
    """The series in the order of the finest groups, some at a time: a group is done before the next begins."""
    order = in_order_of_groups(hierarchy)
    for first in range(0, len(order), size):
        yield order[first : first + size]


def in_order_of_groups(hierarchy: Hierarchy) -> Ints:
    """(N,) places of the series in the order of the hierarchy, so that the series of each group follow each other."""
    level = len(hierarchy.levels) - 1
    finest = np.flatnonzero(hierarchy.level == level)
    # keys of one level are in the order of their texts, which is that of no tree: "a/b" comes after "a-c"
    ranked = sorted(finest.tolist(), key=lambda group: str(hierarchy.keys[group]).split("/"))
    indptr, indices = hierarchy.summing.indptr, hierarchy.summing.indices
    members = [np.sort(indices[indptr[group] : indptr[group + 1]]) for group in ranked]
    return np.concatenate(members).astype(np.int64)
