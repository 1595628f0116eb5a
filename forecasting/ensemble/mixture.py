"""The forecast of a panel, uncalibrated: members' forecasts, mixed by weights learned on held-back origins."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.ensemble.evidence import (
    ORIGINS,
    Evidence,
    gather_evidence,
    group_series,
    held_back_columns,
)
from forecasting.ensemble.members import FALLBACK, PRIOR_WEIGHTS, UNTRAINED
from forecasting.ensemble.weights import learn_weights, mix
from forecasting.models.features.days import LEADS, lead_cells
from forecasting.models.features.slots import NAN
from forecasting.models.member import Member
from forecasting.models.pretrained.fallback import FallbackMember, may_answer
from forecasting.models.seasonal.cold_start import cold_start
from forecasting.numerics import Floats32, Floats64, Ints, Mask
from forecasting.panel.grid import Panel, cut_panel, fingerprint, take_series
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import QUANTILES, Tier

FALLBACKS = (Tier.PRETRAINED, Tier.LAST_FOUR, Tier.SEASONAL_NAIVE)
"""Members that forecast a series for which no member with weight has a forecast, the most trusted first."""
MOST_JUDGED, LEAST_JUDGED = 250_000, 50
"""Most intervals on which members are judged, and least number of series; of more series, as many are drawn."""
MOST_KEPT = 32
"""Held-back columns whose forecasts are kept: those of a few origins."""
ALONE = 0.95
"""Share of a series' forecast from which on its tier is that one member, not the ensemble."""
MOST = 0.5
"""Share of trained members in a forecast from which on seasonal ones do not take their place."""


@dataclass(frozen=True)
class PanelForecast:
    """Quantiles of every series of a panel, and their source; closed intervals hold numbers without meaning."""

    quantiles: Floats32
    """(N, H, 7) sorted and not negative."""
    tier: NDArray[np.str_]
    """(N,) values of `Tier`."""
    member_forecasts: Mapping[str, Floats32]
    """(N, H, 7) by member, NaN where it has no forecast."""
    weights: Mapping[str, Floats64]
    """(N, H) by member: its share."""
    group: Ints
    """(N,) group of each series."""
    lead: Ints
    """(H,) cell of days ahead of each column."""
    evidence: Evidence | None
    """Members' forecasts of the held-back origins; None where history is too short for any."""
    mixed: Floats32
    """(R, 7) the mixed forecast of each row of evidence, with weights learned on the other half of the origins."""
    origin_columns: tuple[int, ...]
    """Columns of the held-back origins."""
    baseline: Floats32 | None = None
    """(N, H, 7) the quantiles without the events ahead; None where there are none."""
    factors: Floats64 | None = None
    """(N, H) what the events ahead multiply each series by; None where there are none."""

    @property
    def mean(self) -> Floats32:
        """(N, H)"""
        return np.maximum(mean_of_quantiles(self.quantiles), 0.0)


class ForecastCache:
    """Forecasts of one set of members from held-back columns.

    Panels of consecutive origins have most held-back columns in common. A forecast depends only on the panel up to its
    column, by whose fingerprint it is kept, so that it is the same whether it was kept or not.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Floats32] = OrderedDict()

    def predict(self, panel: Panel, members: Mapping[str, Member], *, at: int, length: int) -> Floats32:
        """(M, N, length, 7) forecasts of all members, untrained ones first, from a column of the history."""
        before = cut_panel(panel, at=at, length=length)
        key = fingerprint(before)
        if key not in self._kept:
            self._kept[key] = np.stack(list(predict_all(before, members, at=at, length=length).values()))
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def mix_members(panel: Panel, members: Mapping[str, Member], *, cache: ForecastCache | None = None) -> PanelForecast:
    """Forecast the panel's horizon, uncalibrated.

    members: trained members by name; untrained ones always take part. A `FallbackMember` among them takes part where
    there is no other, and where history is too short to judge them; else it forecasts series that they leave. cache: of
    the same members, where several origins are forecast; it saves time and changes no number. Raises ModelError where
    a member was trained for another season or a shorter horizon.
    """
    length, at = panel.n_horizon, panel.n_history
    if not length:  # all series are closed throughout
        return _nothing(panel)
    origin_columns = held_back_columns(panel, length=length)
    members, fallback = _split(panel, members, judged=bool(origin_columns))
    now = predict_all(panel, members, at=at, length=length)
    groups, leads = group_series(panel), lead_cells(panel, at=at, length=length)
    evidence = (
        _gather(panel, members, groups, cache or ForecastCache(), origin_columns=origin_columns, length=length)
        if origin_columns
        else None
    )
    shape = (int(groups.max()) + 1, len(LEADS) + 1, len(now))
    if evidence is None or not len(evidence):
        weights = np.zeros(shape)
        weights[..., list(now).index(_most_trusted(panel, now))] = 1.0
        evidence, mixed = None, np.empty((0, len(QUANTILES)), np.float32)
    else:
        prior = np.array([PRIOR_WEIGHTS.get(name, 1.0) for name in now])
        weights = learn_weights(evidence, groups=shape[0], prior=prior)
        mixed = _cross_mixed(evidence, groups=shape[0], prior=prior)
    share = weights[groups[:, None], leads]
    predicted = [forecast.reshape(-1, len(QUANTILES)) for forecast in now.values()]
    quantiles = mix(predicted, share.reshape(-1, shape[2])).reshape(panel.n_series, length, len(QUANTILES))
    quantiles, tier = _fill_missing(panel, quantiles, now, share, fallback)
    return PanelForecast(
        quantiles=quantiles,
        tier=tier,
        member_forecasts=now,
        weights={name: share[..., place] for place, name in enumerate(now)},
        group=groups,
        lead=leads,
        evidence=evidence,
        mixed=mixed,
        origin_columns=origin_columns,
    )


def predict_all(panel: Panel, members: Mapping[str, Member], *, at: int, length: int) -> dict[str, Floats32]:
    """(N, length, 7) by member, untrained ones first: forecasts from a column."""
    predicted = {str(tier): forecast(panel, at=at, length=length) for tier, forecast in UNTRAINED.items()}
    return predicted | {
        name: member.predict_many(panel, origin_columns=(at,), length=length)[0] for name, member in members.items()
    }


def _split(
    panel: Panel, members: Mapping[str, Member], *, judged: bool
) -> tuple[dict[str, Member], FallbackMember | None]:
    """Members that take part, and the one that forecasts what they leave, if there is one.

    judged: whether there are held-back origins to judge members on.
    """
    taking_part = {name: member for name, member in members.items() if not isinstance(member, FallbackMember)}
    fallback = members.get(FALLBACK)
    if not isinstance(fallback, FallbackMember) or not may_answer(panel, length=panel.n_horizon):
        return taking_part, None
    if taking_part and judged:
        return taking_part, fallback
    return {**taking_part, str(Tier.PRETRAINED): fallback}, None


def _most_trusted(panel: Panel, names: Iterable[str]) -> Tier:
    """The member that forecasts where none can be judged: beyond half of the history."""
    if Tier.GROWTH in names:
        return Tier.GROWTH
    # a season says nothing of next year, and the networks were not judged so far ahead
    near = may_answer(panel, length=panel.n_horizon)
    return Tier.PRETRAINED if near and Tier.PRETRAINED in names else Tier.LAST_FOUR


def _gather(
    panel: Panel,
    members: Mapping[str, Member],
    groups: Ints,
    cache: ForecastCache,
    *,
    origin_columns: tuple[int, ...],
    length: int,
) -> Evidence:
    # the same number at every origin, so that consecutive runs share cached forecasts
    count = min(max(MOST_JUDGED // (ORIGINS * length), LEAST_JUDGED), panel.n_series)
    # drawn, because names often alternate: every second link may be the other direction
    series = np.sort(np.random.default_rng(count).choice(panel.n_series, count, replace=False))
    drawn = take_series(panel, series)
    predicted = np.stack([cache.predict(drawn, members, at=at, length=length) for at in origin_columns], axis=1)
    return gather_evidence(panel, predicted, origin_columns=origin_columns, series=series, groups=groups, length=length)


def _cross_mixed(evidence: Evidence, *, groups: int, prior: Floats64) -> Floats32:
    """(R, 7) each row mixed by weights that were learned on the other half of the origins, older or newer."""
    mixed = np.full((len(evidence), len(QUANTILES)), NAN, dtype=np.float32)
    newer = evidence.newer
    for part in (newer, ~newer):
        others = evidence.only(~part) if (~part).any() else evidence
        own = evidence.only(part)
        weights = learn_weights(others, groups=groups, prior=prior)
        mixed[part] = mix(own.predicted, weights[own.group, own.lead])
    return mixed


def _fill_missing(
    panel: Panel,
    quantiles: Floats32,
    member_forecasts: Mapping[str, Floats32],
    share: Floats64,
    fallback: FallbackMember | None,
) -> tuple[Floats32, NDArray[np.str_]]:
    """Quantiles with the series that the mix leaves filled, and the tier of each series."""
    closed = ~panel.open[:, panel.n_history :]
    names = np.array(list(member_forecasts))
    complete = np.stack([_is_complete(forecast, closed) for forecast in member_forecasts.values()], axis=1)
    weight = np.where(complete, share.mean(axis=1), 0.0)
    total = weight.sum(axis=1)
    most = weight.argmax(axis=1)
    alone = weight[np.arange(len(weight)), most] >= ALONE * total
    tier = np.where(alone, names[most], str(Tier.ENSEMBLE)).astype(object)
    left = ~_is_complete(quantiles, closed) | (total <= 0)
    answers = dict(member_forecasts)
    if fallback is not None:
        # seasonal members were given little weight: they are no substitute for all the others
        trained = ~np.isin(names, list(UNTRAINED))
        poor = (share.mean(axis=1)[:, trained].sum(axis=1) >= MOST) & (weight[:, trained].sum(axis=1) <= 0)
        rows = left | poor
        answers[Tier.PRETRAINED] = fallback.predict_rows(panel, rows, at=panel.n_history, length=panel.n_horizon)
        left |= poor & _is_complete(answers[Tier.PRETRAINED], closed)
    for name in (name for name in FALLBACKS if name in answers):
        able = left & _is_complete(answers[name], closed)
        quantiles[able], tier[able] = answers[name][able], str(name)
        left &= ~able
    if left.any():
        lent = cold_start(panel, at=panel.n_history, length=panel.n_horizon, rows=left)
        quantiles[left], tier[left] = lent[left], str(Tier.COLD_START)
    return np.nan_to_num(np.sort(quantiles, axis=-1)), tier.astype(np.str_)


def _is_complete(forecast: Floats32, closed: Mask) -> Mask:
    """(N,) whether a forecast covers every open interval of a series' horizon."""
    return np.asarray((np.isfinite(forecast).all(axis=2) | closed).all(axis=1))


def _nothing(panel: Panel) -> PanelForecast:
    nothing = np.zeros((panel.n_series, 0, len(QUANTILES)), np.float32)
    tier = np.full(panel.n_series, str(Tier.SEASONAL_NAIVE))
    none = np.zeros(0, dtype=np.int64)
    return PanelForecast(
        nothing, tier, {}, {}, np.zeros(panel.n_series, np.int64), none, None, np.empty((0, 7), np.float32), ()
    )
