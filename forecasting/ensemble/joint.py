"""The joint forecast of a stream: paths of its series and of their sums that agree, and sums over days and weeks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.config.sections import HierarchySection
from forecasting.config.stream import Stream
from forecasting.ensemble.calibrated import held_back_forecasts
from forecasting.ensemble.factors import apply_factors
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.reconciliation import HierarchyNodes, MethodChoice, choose_reconciliation, clock_of, days_of
from forecasting.ensemble.weighing import ForecastCache
from forecasting.errors import SettingsError
from forecasting.models.member import Member
from forecasting.numerics import Floats32, Floats64, Ints
from forecasting.panel.calendar.calendar import horizon_end, whole_days
from forecasting.panel.grid import Panel, at_present_level, eventless, without_events
from forecasting.panel.hierarchy import SERIES, Hierarchy
from forecasting.quantiles import Tails
from forecasting.uncertainty.aggregates import aggregate_rows, quantiles_of_paths
from forecasting.uncertainty.agreement import Paths, reconcile_paths, series_paths, sum_paths
from forecasting.uncertainty.dependence import Dependence, learn_dependence
from forecasting.uncertainty.mint import Mint
from forecasting.uncertainty.paths import PATHS, RankMaker
from forecasting.uncertainty.periods import Columns
from forecasting.uncertainty.residuals import learn_from_errors

NAMED = 3
"""Findings that a message names; of further ones it gives the number."""


@dataclass(frozen=True)
class Joint:
    """A stream's forecast, whose series and sums agree."""

    forecast: PanelForecast
    mean: Floats32
    """(N, H)"""
    aggregates: pd.DataFrame
    """Rows of forecast.aggregates."""
    paths: pd.DataFrame | None
    """Rows of forecast.paths, where the stream keeps them."""
    origin: datetime
    nodes: HierarchyNodes
    """Series and groups, each forecast by itself."""
    choice: MethodChoice

    @property
    def note(self) -> str | None:
        """Findings on the hierarchy for a person; None where there are none."""
        return describe_findings(self.nodes.hierarchy)


def describe_findings(hierarchy: Hierarchy) -> str | None:
    """What a person should know of a hierarchy; None where there is nothing."""
    lines = [line for _, _, line in hierarchy.findings]
    more = f"; and {len(lines) - NAMED} more like these" if len(lines) > NAMED else ""
    return "; ".join(lines[:NAMED]) + more if lines else None


def join(
    stream: Stream,
    panel: Panel,
    forecast: PanelForecast,
    members: Mapping[str, Member],
    *,
    origin: datetime,
    cache: ForecastCache | None = None,
) -> Joint:
    """Paths and aggregates of a forecast; reconciled with direct forecasts of the sums where MinT did better.

    A pure function of the panel, the members and the origin. Raises SettingsError where values do not add over series.
    """
    panel = at_present_level(panel)
    hierarchy = hierarchy_of(stream, panel)
    cache = cache or ForecastCache()
    held = held_back_forecasts(panel, forecast)
    nodes = HierarchyNodes.of(panel, held, forecast.origin_columns, hierarchy.levels, members, cache)
    seed = (stream.models.seed, int(origin.timestamp()))
    dependence = dependence_of(panel, stream, nodes.scores, forecast.origin_columns)
    choice = choose_reconciliation(nodes, dependence, members, cache, seed=seed)
    is_open = without_events(panel).open[:, panel.n_history :]
    baseline = forecast.quantiles if forecast.baseline is None else forecast.baseline
    predicted = np.where(is_open[..., None], baseline, np.nan)
    day, clock = (of(panel)[panel.n_history :] for of in (days_of, clock_of))
    tails, group_tails = nodes.tails
    paths = series_paths(predicted, RankMaker(dependence, day, clock=clock, paths=PATHS, seed=seed), tails)
    layers = [] if forecast.factors is None else [forecast.factors]
    mean = forecast.mean
    if choice.mint is not None:
        paths = _reconciled(panel, nodes, choice.mint, paths, predicted, group_tails)
        quantiles = quantiles_of_paths(paths).astype(np.float32)
        mean = apply_factors(paths.mean(axis=2, dtype=np.float64).astype(np.float32), layers)
        forecast = replace(
            forecast,
            quantiles=apply_factors(quantiles, layers),
            baseline=None if forecast.baseline is None else quantiles,
        )
    paths = apply_factors(paths, layers)
    return Joint(
        forecast=forecast,
        mean=mean,
        aggregates=_aggregates(stream, nodes, paths, origin),
        paths=stored_paths(panel, paths) if hierarchy.keep_paths else None,
        origin=origin,
        nodes=nodes,
        choice=choice,
    )


def _reconciled(
    panel: Panel, nodes: HierarchyNodes, mint: Mint, paths: Paths, predicted: Floats32, tails: Tails
) -> Paths:
    """(N, H, S) paths that agree with the groups' own forecasts.

    An interval that is open only because of an event is in no group's own forecast: it is left as it is.
    """
    ahead = slice(panel.n_history, None)
    groups = np.where(nodes.groups_panel.open[:, ahead, None], nodes.groups.quantiles, np.nan)
    if panel.usual_open is None:
        return reconcile_paths(paths, predicted, groups, nodes.hierarchy.summing, mint, tails)
    special = (panel.open & ~panel.usual_open)[:, ahead, None]
    usual = np.where(special, np.float32(0), paths)
    agreed = reconcile_paths(usual, np.where(special, np.nan, predicted), groups, nodes.hierarchy.summing, mint, tails)
    return np.where(special, paths, agreed)


def dependence_of(panel: Panel, stream: Stream, scores: Floats64, origin_columns: tuple[int, ...]) -> Dependence:
    """Dependence between the forecast errors of a stream's series, as of a panel's origin.

    scores: (A, N, L) normal scores of the held-back windows that begin at the columns `origin_columns`.
    """
    day, clock = days_of(panel), clock_of(panel)
    history = learn_dependence(
        panel.y,
        eventless(panel),
        season=panel.season,
        day=day[: panel.n_history],
        clock=clock[: panel.n_history],
        noise=np.zeros(panel.y.shape),
        horizon_days=max(stream.stream.horizon // timedelta(days=1), 1),
    )
    columns = np.asarray(origin_columns, dtype=np.int64)[:, None] + np.arange(panel.n_horizon)
    return learn_from_errors(scores, day[columns], history=history, clock=clock[columns])


def hierarchy_of(stream: Stream, panel: Panel) -> HierarchySection:
    """The stream's [hierarchy]. Raises SettingsError where it has none, or values do not add over series."""
    if stream.hierarchy is None:
        raise SettingsError(f"stream {stream.name}: expected a [hierarchy] to sum by, found none")
    if stream.stream.aggregate == "max" or panel.weight is not None:
        what = "maxima" if stream.stream.aggregate == "max" else "means with weights of their own"
        raise SettingsError(
            f"stream {stream.name}: hierarchy: its values are {what}, which do not add over series; take [hierarchy] "
            "out of the definition"
        )
    return stream.hierarchy


def columns_of(stream: Stream, panel: Panel, origin: datetime) -> Columns:
    """The horizon of a panel from its origin, with the local days that lie in it whole."""
    first, midnights = whole_days(origin, horizon_end(stream, origin), stream.zone)
    return Columns(
        ts=panel.ts[panel.n_history :],
        day=days_of(panel)[panel.n_history :],
        midnights=midnights,
        first_day=first,
        interval_minutes=stream.interval // timedelta(minutes=1),
    )


def _aggregates(stream: Stream, nodes: HierarchyNodes, paths: Paths, origin: datetime) -> pd.DataFrame:
    panel, first = nodes.panel, nodes.panel.n_history
    columns = columns_of(stream, panel, origin)
    rate = stream.stream.aggregate == "mean"
    sums = aggregate_rows(
        sum_paths(paths, nodes.hierarchy.summing),
        columns,
        level=nodes.hierarchy.names,
        keys=[str(key) for key in nodes.hierarchy.keys],
        is_open=nodes.hierarchy.summing @ panel.open[:, first:].astype(np.float32) > 0,
        rate=rate,
        intervals=True,
    )
    series = aggregate_rows(
        paths,
        columns,
        level=[SERIES] * panel.n_series,
        keys=[str(one) for one in panel.series_ids],
        is_open=panel.open[:, first:],
        rate=rate,
        intervals=False,
    )
    return pd.concat([sums, series], ignore_index=True)


def stored_paths(panel: Panel, paths: Paths, rows: Ints | None = None) -> pd.DataFrame:
    """series_id, ts and a list of the values of all paths, of every open interval.

    rows: (n,) the series that paths (n, H, S) are of; all of the panel unless given.
    """
    rows = np.arange(panel.n_series) if rows is None else rows
    place, column = np.nonzero(panel.open[rows, panel.n_history :])
    starts = pd.DatetimeIndex(panel.ts[panel.n_history :][column]).tz_localize("UTC")
    ids = pd.Categorical.from_codes(rows[place].astype(np.int64), categories=panel.series_ids.tolist())
    return pd.DataFrame({"series_id": ids, "ts": starts, "y": list(paths[place, column])})
