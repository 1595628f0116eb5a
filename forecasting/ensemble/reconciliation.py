"""Choice of how a stream's series and their sums are made to agree, by losses on held-back origins."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecasting.ensemble.calibrated import HeldBackForecasts, forecast_panel, held_back_forecasts
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.weighing import ForecastCache
from forecasting.models.member import Member
from forecasting.numerics import Floats64, Ints
from forecasting.panel.grid import Panel, take_series
from forecasting.panel.group_sums import sum_panel
from forecasting.panel.hierarchy import Hierarchy, build_hierarchy
from forecasting.quantiles import Tails, pinball
from forecasting.uncertainty.aggregates import quantiles_of_paths
from forecasting.uncertainty.agreement import errors_of, reconcile_paths, series_paths, sum_paths
from forecasting.uncertainty.dependence import Dependence
from forecasting.uncertainty.gaps import fill_gaps
from forecasting.uncertainty.mint import Mint, learn_mint
from forecasting.uncertainty.paths import RankMaker
from forecasting.uncertainty.reconcile import BOTTOM_UP, MINT, choose_method
from forecasting.uncertainty.residuals import learn_tails, normal_scores

TRIAL_PATHS = 100
"""Paths with which methods are compared."""


@dataclass(frozen=True)
class HierarchyNodes:
    """Series and groups of one hierarchy, each forecast by itself."""

    panel: Panel
    hierarchy: Hierarchy
    held: HeldBackForecasts
    """Of the series, from A held-back origins; nothing of intervals under an event, which the groups do not know."""
    origin_columns: tuple[int, ...]
    """(A,) columns of these."""
    groups_panel: Panel
    groups: PanelForecast
    groups_held: HeldBackForecasts

    @classmethod
    def of(
        cls,
        panel: Panel,
        held: HeldBackForecasts,
        origin_columns: tuple[int, ...],
        levels: tuple[str, ...],
        members: Mapping[str, Member],
        cache: ForecastCache,
    ) -> "HierarchyNodes":
        """Forecast the sums of each group with the members, as any series."""
        hierarchy = build_hierarchy(panel.attributes, levels)
        sums = sum_panel(panel, hierarchy)
        groups = forecast_panel(sums, members, cache=cache)
        held = outside_events(panel, held, origin_columns)
        return cls(panel, hierarchy, held, origin_columns, sums, groups, held_back_forecasts(sums, groups))

    def part(self, series: Ints, members: Mapping[str, Member], cache: ForecastCache) -> "HierarchyNodes":
        """The hierarchy of some of the series: their forecasts stay, their sums are forecast again."""
        held = HeldBackForecasts(self.held.y[:, series], self.held.predicted[:, series])
        return HierarchyNodes.of(
            take_series(self.panel, series), held, self.origin_columns, self.hierarchy.levels[1:], members, cache
        )

    @cached_property
    def scores(self) -> Floats64:
        """(A, N, L) normal scores of the actual values in the series' held-back windows."""
        return normal_scores(self.held.y, self.held.predicted)

    @cached_property
    def tails(self) -> tuple[Tails, Tails]:
        """Tails of the series, and of the groups."""
        groups = normal_scores(self.groups_held.y, self.groups_held.predicted)
        return learn_tails(self.scores), learn_tails(groups)

    @property
    def day(self) -> Ints:
        """(A, L) local day of each column of the held-back origins."""
        columns = np.asarray(self.origin_columns, dtype=np.int64)[:, None] + np.arange(self.panel.n_horizon)
        day: Ints = days_of(self.panel)[columns]
        return day


@dataclass(frozen=True)
class MethodChoice:
    """The method of reconciliation, and the losses by which it was chosen."""

    method: str
    mint: Mint | None
    """Its covariance of errors; None for bottom-up."""
    losses: Mapping[str, Floats64]
    """Pinball loss by method and level, the series last, over that without reconciliation; empty without evidence."""


def choose_reconciliation(
    nodes: HierarchyNodes,
    dependence: Dependence,
    members: Mapping[str, Member],
    cache: ForecastCache,
    *,
    seed: tuple[int, ...],
) -> MethodChoice:
    """Bottom-up or MinT. Without held-back origins, or with one alone, bottom-up.

    Where members were judged on some of the series only, methods are compared on the hierarchy of these. What MinT
    learned from one half of the origins is judged on the other.
    """
    known = np.isfinite(nodes.held.y)
    origins = np.flatnonzero(known.any(axis=(1, 2)))
    if len(origins) < 2:
        return MethodChoice(BOTTOM_UP, None, {})
    judged = np.flatnonzero(known.any(axis=(0, 2)))
    trial = nodes if len(judged) == nodes.panel.n_series else nodes.part(judged, members, cache)
    older, newer = np.array_split(origins, 2)
    losses: dict[str, Floats64] = {}
    for part, others in ((newer, older), (older, newer)):
        mint = _learn(trial, others)
        for origin in part:
            for method, loss in _losses(trial, int(origin), mint, dependence, seed).items():
                losses[method] = losses[method] + loss if method in losses else loss
    base = losses.pop("alone")
    method = choose_method(base, losses)
    relative = {name: loss / np.maximum(base, 1e-12) for name, loss in losses.items()}
    if method == BOTTOM_UP:
        return MethodChoice(method, None, relative)
    return MethodChoice(method, _learn(nodes, origins), relative)


def clock_of(panel: Panel) -> Ints:
    """(T + H,) local time of day at which each column starts, in the unit of `wall`."""
    clock: Ints = (panel.wall - panel.wall.astype("datetime64[D]")).astype(np.int64)
    return clock


def days_of(panel: Panel) -> Ints:
    """(T + H,) local day of each column since 1970."""
    return panel.wall.astype("datetime64[D]").astype(np.int64)


def outside_events(panel: Panel, held: HeldBackForecasts, origin_columns: tuple[int, ...]) -> HeldBackForecasts:
    """Held-back forecasts without the intervals under an event."""
    if panel.event is None or not origin_columns:
        return held
    columns = np.asarray(origin_columns)[:, None] + np.arange(panel.n_horizon)
    event = np.moveaxis(panel.event[:, columns], 1, 0)
    return HeldBackForecasts(
        np.where(event, np.float32(np.nan), held.y), np.where(event[..., None], np.float32(np.nan), held.predicted)
    )


def _learn(nodes: HierarchyNodes, origins: Ints) -> Mint:
    """Errors of all nodes on some held-back origins, a row a column of an origin."""
    rows = [
        np.moveaxis(errors_of(held.y[origins], held.predicted[origins]), 1, 2).reshape(-1, held.y.shape[1])
        for held in (nodes.held, nodes.groups_held)
    ]
    block = np.unique(nodes.day[origins], return_inverse=True)[1].ravel()
    return learn_mint(rows[0], rows[1], nodes.hierarchy.summing, block=block)


def _losses(
    nodes: HierarchyNodes, origin: int, mint: Mint, dependence: Dependence, seed: tuple[int, ...]
) -> dict[str, Floats64]:
    """(levels + 1,) pinball loss of each method from one origin, and without reconciliation, `alone`."""
    summing = nodes.hierarchy.summing
    columns = nodes.origin_columns[origin] + np.arange(nodes.panel.n_horizon)
    day, clock = days_of(nodes.panel)[columns], clock_of(nodes.panel)[columns]
    # an unobserved interval has no held-back forecast, and a sum without it would be too small
    predicted = fill_gaps(nodes.held.predicted[origin].astype(np.float64), nodes.panel.open[:, columns], clock)
    theirs = nodes.groups_held.predicted[origin].astype(np.float64)
    y = np.concatenate([nodes.groups_held.y[origin], nodes.held.y[origin]])
    series, groups = nodes.tails
    ranks = RankMaker(dependence, day, clock=clock, paths=TRIAL_PATHS, seed=(*seed, origin))
    paths = series_paths(predicted, ranks, series)
    agreed = reconcile_paths(paths, predicted, theirs, summing, mint, groups)
    by_method = {
        "alone": (theirs, predicted),
        BOTTOM_UP: (quantiles_of_paths(sum_paths(paths, summing)), predicted),
        MINT: (quantiles_of_paths(sum_paths(agreed, summing)), quantiles_of_paths(agreed)),
    }
    levels = [*nodes.hierarchy.level.tolist(), *[len(nodes.hierarchy.levels)] * nodes.panel.n_series]
    judged = np.isfinite(y) & np.isfinite(np.concatenate([theirs, predicted])).all(axis=-1)
    found = {}
    for method, quantiles in by_method.items():
        loss = np.where(judged, pinball(y, np.concatenate(quantiles)).mean(axis=-1), 0.0).sum(axis=1)
        found[method] = np.bincount(levels, weights=loss).astype(np.float64)
    return found
