"""How a stream's series and their sums are made to agree, by what did best on held-back origins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.jobs.answers import Held, forecast_panel, held_back_answers
from forecasting.models.forecast import Member, PanelForecast, PastAnswers
from forecasting.panel.grid import Panel, take_series
from forecasting.panel.group_sums import sum_panel
from forecasting.panel.hierarchy import Hierarchy, build_hierarchy
from forecasting.quantiles import pinball
from forecasting.uncertainty.aggregates import quantiles_of_paths
from forecasting.uncertainty.agreement import agree, errors_of, series_paths, sum_paths
from forecasting.uncertainty.dependence import Dependence
from forecasting.uncertainty.paths import RankMaker
from forecasting.uncertainty.reconcile import BOTTOM_UP, MINT, Mint, choose_method, learn_mint

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

TRIAL_PATHS = 100
"""Paths by which methods are compared."""


@dataclass(frozen=True)
class Nodes:
    """Series and groups of one hierarchy, forecast by themselves."""

    panel: Panel
    hierarchy: Hierarchy
    series: PanelForecast
    groups_panel: Panel
    groups: PanelForecast

    @classmethod
    def of(
        cls,
        panel: Panel,
        series: PanelForecast,
        levels: tuple[str, ...],
        members: Mapping[str, Member],
        past: PastAnswers,
    ) -> "Nodes":
        """Ask the members about the sums of each group, as about any series."""
        hierarchy = build_hierarchy(panel.attributes, levels)
        sums = sum_panel(panel, hierarchy)
        return cls(panel, hierarchy, series, sums, forecast_panel(sums, members, past=past))


@dataclass(frozen=True)
class Choice:
    """What the held-back origins say of a hierarchy."""

    method: str
    mint: Mint | None
    """What it learned of errors; None for bottom-up."""
    losses: Mapping[str, NDArray[np.float64]]
    """Pinball loss by method and level, the series last, over that of forecasts by themselves; empty without
    evidence."""


def choose(
    nodes: Nodes, dependence: Dependence, members: Mapping[str, Member], past: PastAnswers, *, seed: tuple[int, ...]
) -> Choice:
    """Bottom-up or MinT. Without held-back origins, or with one alone, bottom-up.

    Where members were judged on some of the series only, methods are compared on the hierarchy of these. What MinT
    learned from one half of the origins is judged on the other.
    """
    told = np.isfinite(held_back_answers(nodes.panel, nodes.series).y)
    if told.shape[0] < 2 or not told.any():
        return Choice(BOTTOM_UP, None, {})
    judged = np.flatnonzero(told.any(axis=(0, 2)))
    trial = nodes if len(judged) == nodes.panel.n_series else _part(nodes, judged, members, past)
    series, groups = held_back_answers(trial.panel, trial.series), held_back_answers(trial.groups_panel, trial.groups)
    half = np.arange(len(series.y)) >= len(series.y) / 2
    losses: dict[str, NDArray[np.float64]] = {}
    for part in (half, ~half):
        mint = _learn(trial, series, groups, ~part)
        for origin in np.flatnonzero(part):
            for method, loss in _losses(trial, series, groups, int(origin), mint, dependence, seed).items():
                losses[method] = losses[method] + loss if method in losses else loss
    base = losses.pop("alone")
    method = choose_method(base, losses)
    relative = {name: loss / np.maximum(base, 1e-12) for name, loss in losses.items()}
    if method == BOTTOM_UP:
        return Choice(method, None, relative)
    everything = np.ones(len(told), dtype=bool)
    own = held_back_answers(nodes.panel, nodes.series), held_back_answers(nodes.groups_panel, nodes.groups)
    return Choice(method, _learn(nodes, *own, everything), relative)


def _part(nodes: Nodes, judged: Ints, members: Mapping[str, Member], past: PastAnswers) -> Nodes:
    """The hierarchy of some of the series: what these were forecast to be stays, their sums are forecast anew."""
    forecast = nodes.series
    assert forecast.evidence is not None
    own = replace(
        forecast,
        quantiles=forecast.quantiles[judged],
        tier=forecast.tier[judged],
        answers={name: answer[judged] for name, answer in forecast.answers.items()},
        weights={name: share[judged] for name, share in forecast.weights.items()},
        group=forecast.group[judged],
        evidence=replace(forecast.evidence, series=np.searchsorted(judged, forecast.evidence.series)),
    )
    return Nodes.of(take_series(nodes.panel, judged), own, nodes.hierarchy.levels[1:], members, past)


def _learn(nodes: Nodes, series: Held, groups: Held, origins: NDArray[np.bool_]) -> Mint:
    """Errors of all nodes on some held-back origins, a row a column of an origin."""
    rows = [
        np.moveaxis(errors_of(held.y[origins], held.said[origins]), 1, 2).reshape(-1, held.y.shape[1])
        for held in (series, groups)
    ]
    day = _days(nodes, len(series.y))[origins]
    return learn_mint(rows[0], rows[1], nodes.hierarchy.summing, block=np.unique(day, return_inverse=True)[1].ravel())


def _days(nodes: Nodes, origins: int) -> Ints:
    """(A, L) local day of each column of the held-back origins."""
    day = nodes.panel.wall.astype("datetime64[D]").astype(np.int64)
    columns = np.asarray(nodes.series.ats)[:origins, None] + np.arange(nodes.panel.n_horizon)
    return day[columns]


def _losses(
    nodes: Nodes,
    series: Held,
    groups: Held,
    origin: int,
    mint: Mint,
    dependence: Dependence,
    seed: tuple[int, ...],
) -> dict[str, NDArray[np.float64]]:
    """(levels + 1,) pinball loss of each method from one origin, and of the forecasts by themselves, `alone`."""
    summing = nodes.hierarchy.summing
    said, truth = series.said[origin].astype(np.float64), (groups.y[origin], series.y[origin])
    theirs = groups.said[origin].astype(np.float64)
    day = _days(nodes, len(series.y))[origin]
    paths = series_paths(said, RankMaker(dependence, day, paths=TRIAL_PATHS, seed=(*seed, origin)))
    agreed = agree(paths, said, theirs, summing, mint)
    told = {
        "alone": (theirs, said),
        BOTTOM_UP: (quantiles_of_paths(sum_paths(paths, summing)), said),
        MINT: (quantiles_of_paths(sum_paths(agreed, summing)), quantiles_of_paths(agreed)),
    }
    levels = [*nodes.hierarchy.level.tolist(), *[len(nodes.hierarchy.levels)] * nodes.panel.n_series]
    y = np.concatenate(truth)
    judged = np.isfinite(y) & np.isfinite(np.concatenate([theirs, said])).all(axis=-1)
    found = {}
    for method, quantiles in told.items():
        loss = np.where(judged, pinball(y, np.concatenate(quantiles)).mean(axis=-1), 0.0).sum(axis=1)
        found[method] = np.bincount(levels, weights=loss).astype(np.float64)
    return found
