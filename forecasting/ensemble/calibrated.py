"""The forecast as it is published: members mixed, then calibrated, both by held-back origins."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecasting.ensemble.event_effects import with_events
from forecasting.ensemble.evidence import Evidence
from forecasting.ensemble.mixture import PanelForecast, mix_members
from forecasting.ensemble.weighing import ForecastCache, Weighing
from forecasting.models.features.days import LEADS
from forecasting.models.member import Member
from forecasting.numerics import Floats32, Floats64, Mask
from forecasting.panel.grid import Panel, at_present_level, without_events
from forecasting.quantiles import pinball
from forecasting.terms import QUANTILES, Tier
from forecasting.uncertainty.conformal import learn_factors, widen


@dataclass(frozen=True)
class HeldBackLosses:
    """Losses on A held-back origins, each half with weights and calibration that were learned on the other."""

    origin_columns: tuple[int, ...]
    loss: Floats64
    """(A, N) mean pinball loss over the quantiles, summed over the observed intervals; 0 for a series not judged, NaN
    where no member with weight has a forecast of all of them."""
    volume: Floats64
    """(A, N) sum of |y| over the same intervals."""


@dataclass(frozen=True)
class ForecastStages:
    """The forecast of a panel after each stage."""

    baseline: Panel
    """The panel at its present level and without the events ahead, which the members read."""
    mixed: PanelForecast
    factors: Floats64 | None
    """(groups, leads, 7) of calibration; None where there is no evidence."""
    calibrated: PanelForecast
    with_events: PanelForecast
    """As it is published, unless sums are reconciled; `calibrated` itself where no event lies ahead."""


def forecast_panel(panel: Panel, members: Mapping[str, Member], *, cache: ForecastCache | None = None) -> PanelForecast:
    """Quantiles of the panel's horizon, mixed and calibrated: a pure function of the panel and the members.

    Events ahead multiply the forecast without them (see `event_effects`). members: trained members by name; untrained
    ones always take part. cache: see `mix_members`. Raises ModelError where a member was trained for another season or
    a shorter horizon.
    """
    return forecast_in_stages(panel, members, cache=cache).with_events


def forecast_in_stages(
    panel: Panel, members: Mapping[str, Member], *, cache: ForecastCache | None = None
) -> ForecastStages:
    """`forecast_panel`, stage by stage."""
    panel = at_present_level(panel)
    baseline = without_events(panel)
    mixed = mix_members(baseline, members, cache=cache)
    return finish_stages(panel, baseline, mixed, members, None if mixed.evidence is None else learn_calibration(mixed))


def finish_stages(
    panel: Panel, baseline: Panel, mixed: PanelForecast, members: Mapping[str, Member], factors: Floats64 | None
) -> ForecastStages:
    """The stages after the mix. panel, baseline: at the present level, with and without the events ahead."""
    calibrated = mixed if factors is None else widen_judged(mixed, factors)
    final = calibrated if baseline is panel else with_events(panel, calibrated, members)
    return ForecastStages(baseline, mixed, factors, calibrated, final)


def learn_calibration(forecast: PanelForecast | Weighing) -> Floats64:
    """(groups, leads, 7) calibration factors from all the evidence of a forecast, which has some."""
    assert forecast.evidence is not None
    return _factors(forecast, np.ones(len(forecast.evidence), dtype=bool))


def widen_judged(forecast: PanelForecast, factors: Floats64) -> PanelForecast:
    """A forecast with its intervals stretched by factors (groups, leads, 7) that were learned for it."""
    # what filled a gap was not judged on held-back origins
    pretrained = forecast.weights.get(Tier.PRETRAINED)
    judged = (forecast.tier != Tier.PRETRAINED) | (False if pretrained is None else (pretrained > 0).any(axis=1))
    judged &= forecast.tier != Tier.COLD_START
    widened = widen(forecast.quantiles, factors[forecast.group[:, None], forecast.lead])
    return replace(forecast, quantiles=np.where(judged[:, None, None], widened, forecast.quantiles))


def forecast_panels(panels: Iterable[Panel], members: Mapping[str, Member]) -> Iterator[PanelForecast]:
    """Forecasts of several origins of one stream, one after the other, each held-back column forecast once."""
    cache = ForecastCache()
    for panel in panels:
        yield forecast_panel(panel, members, cache=cache)


def held_back_losses(panel: Panel, members: Mapping[str, Member]) -> HeldBackLosses:
    """Losses of calibrated forecasts on the panel's held-back origins."""
    panel = at_present_level(panel)
    forecast = mix_members(panel, members)
    shape = (len(forecast.origin_columns), panel.n_series)
    loss, volume = np.zeros(shape), np.zeros(shape)
    evidence = forecast.evidence
    if evidence is None:
        return HeldBackLosses(forecast.origin_columns, loss, volume)
    for part, predicted in _judged(forecast, evidence):
        scale = evidence.scale[part].astype(np.float64)
        place = (evidence.origin[part], evidence.series[part])
        np.add.at(loss, place, pinball(evidence.y[part], predicted).mean(axis=-1) * scale)
        np.add.at(volume, place, np.abs(evidence.y[part]) * scale)
    return HeldBackLosses(forecast.origin_columns, loss, volume)


@dataclass(frozen=True)
class HeldBackForecasts:
    """Calibrated forecasts of A held-back origins and the actual values. NaN where nothing was judged."""

    y: Floats32
    """(A, N, L)"""
    predicted: Floats32
    """(A, N, L, 7)"""


def held_back_forecasts(panel: Panel, forecast: PanelForecast | Weighing) -> HeldBackForecasts:
    """Held-back forecasts of a panel's series, each half of the origins mixed and calibrated by the other."""
    shape = (len(forecast.origin_columns), panel.n_series, panel.n_horizon)
    y, predicted = np.full(shape, np.nan, np.float32), np.full((*shape, len(QUANTILES)), np.nan, np.float32)
    evidence = forecast.evidence
    if evidence is not None:
        for part, mixed in _judged(forecast, evidence):
            place, scale = (evidence.origin[part], evidence.series[part], evidence.step[part]), evidence.scale[part]
            y[place], predicted[place] = evidence.y[part] * scale, mixed * scale[:, None]
    return HeldBackForecasts(y, predicted)


def _judged(forecast: PanelForecast | Weighing, evidence: Evidence) -> Iterator[tuple[Mask, Floats32]]:
    """Each half of the evidence, as a mask (R,), and its mixed forecasts, calibrated by the other half."""
    newer = evidence.newer
    for part in (newer, ~newer):
        factors = _factors(forecast, ~part if (~part).any() else part)
        yield part, widen(forecast.mixed[part], factors[evidence.group[part], evidence.lead[part]])


def _factors(forecast: PanelForecast | Weighing, rows: Mask) -> Floats64:
    """Calibration factors (groups, leads, 7) from some rows of the evidence: 1 for groups to which they are of no use.

    A group keeps its factors where those of each half of the origins make the other half's forecasts better; a group
    without evidence has the stream's, where they do so for the stream.
    """
    evidence = forecast.evidence
    assert evidence is not None
    known = rows & np.isfinite(forecast.mixed).all(axis=1)
    factors, gain = _learn(forecast, known), np.zeros(int(forecast.group.max()) + 1)
    newer = known & (evidence.origin > np.median(np.unique(evidence.origin[known]))) if known.any() else known
    for part in (newer, known & ~newer):
        other = known & ~part
        if not part.any() or not other.any():
            continue
        own, mixed = evidence.only(part), forecast.mixed[part]
        calibrated = widen(mixed, _learn(forecast, other)[own.group, own.lead])
        saved = (pinball(own.y, mixed) - pinball(own.y, calibrated)).mean(axis=1)
        gain += np.bincount(own.group, weights=saved, minlength=len(gain))
    judged = np.isin(np.arange(len(gain)), evidence.group[known])
    useful = np.where(judged, gain > 0, gain.sum() > 0)
    return np.where(useful[:, None, None], factors, 1.0)


def _learn(forecast: PanelForecast | Weighing, rows: Mask) -> Floats64:
    """Factors (groups, leads, 7) learned on rows that have a mixed forecast."""
    assert forecast.evidence is not None
    evidence = forecast.evidence.only(rows)
    return learn_factors(
        evidence.y,
        forecast.mixed[rows],
        group=evidence.group,
        lead=evidence.lead,
        series=evidence.series,
        day=evidence.day,
        shape=(int(forecast.group.max()) + 1, len(LEADS) + 1),
    )
