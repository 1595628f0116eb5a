"""Weights of a stream's members, learned from their forecasts of held-back origins."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.ensemble.evidence import (
    ORIGINS,
    Evidence,
    gather_evidence,
    group_series,
    held_back_columns,
)
from forecasting.ensemble.members import FALLBACK, PRIOR_WEIGHTS, UNTRAINED
from forecasting.ensemble.weights import learn_weights, mix
from forecasting.models.features.days import LEADS
from forecasting.models.features.slots import NAN
from forecasting.models.member import Member
from forecasting.models.pretrained.fallback import FallbackMember, may_answer
from forecasting.numerics import Floats32, Floats64, Ints
from forecasting.panel.grid import Panel, cut_panel, fingerprint, take_series
from forecasting.terms import QUANTILES, Tier

MOST_JUDGED, LEAST_JUDGED = 250_000, 50
"""Most intervals on which members are judged, and least number of series; of more series, as many are drawn."""
MOST_KEPT = 32
"""Held-back columns whose forecasts are kept: those of a few origins."""


@dataclass(frozen=True)
class Weighing:
    """Weights of M members in groups of series and cells of days ahead, and the evidence for them."""

    names: tuple[str, ...]
    """Of the members, untrained ones first."""
    weights: Floats64
    """(groups, cells, M)"""
    group: Ints
    """(N,) group of each series of the panel."""
    evidence: Evidence | None
    """Members' forecasts of the held-back origins; None where history is too short for any."""
    mixed: Floats32
    """(R, 7) the mixed forecast of each row of evidence, with weights learned on the other half of the origins."""
    origin_columns: tuple[int, ...]
    """Columns of the held-back origins."""


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


def weigh_members(panel: Panel, members: Mapping[str, Member], *, cache: ForecastCache | None = None) -> Weighing:
    """Weights of the members on a panel, which has a horizon. members, cache: see `mix_members`."""
    length = panel.n_horizon
    origin_columns = held_back_columns(panel, length=length)
    members, _ = split_members(panel, members, judged=bool(origin_columns))
    names = (*map(str, UNTRAINED), *members)
    groups = group_series(panel)
    shape = (int(groups.max()) + 1, len(LEADS) + 1, len(names))
    evidence = (
        _gather(panel, members, groups, cache or ForecastCache(), origin_columns=origin_columns, length=length)
        if origin_columns
        else None
    )
    if evidence is None or not len(evidence):
        weights = np.zeros(shape)
        weights[..., names.index(_most_trusted(panel, names))] = 1.0
        evidence, mixed = None, np.empty((0, len(QUANTILES)), np.float32)
    else:
        prior = np.array([PRIOR_WEIGHTS.get(name, 1.0) for name in names])
        weights = learn_weights(evidence, groups=shape[0], prior=prior)
        mixed = _cross_mixed(evidence, groups=shape[0], prior=prior)
    return Weighing(names, weights, groups, evidence, mixed, origin_columns)


def predict_all(panel: Panel, members: Mapping[str, Member], *, at: int, length: int) -> dict[str, Floats32]:
    """(N, length, 7) by member, untrained ones first: forecasts from a column."""
    predicted = {str(tier): forecast(panel, at=at, length=length) for tier, forecast in UNTRAINED.items()}
    return predicted | {
        name: member.predict_many(panel, origin_columns=(at,), length=length)[0] for name, member in members.items()
    }


def split_members(
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


def _most_trusted(panel: Panel, names: Sequence[str]) -> Tier:
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
