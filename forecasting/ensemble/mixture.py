"""The forecast of a panel, uncalibrated: members' forecasts, mixed by weights learned on held-back origins."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.ensemble.evidence import Evidence
from forecasting.ensemble.members import UNTRAINED
from forecasting.ensemble.weighing import ForecastCache, Weighing, predict_all, split_members, weigh_members
from forecasting.ensemble.weights import mix
from forecasting.models.features.days import lead_cells
from forecasting.models.member import Member
from forecasting.models.pretrained.fallback import FallbackMember
from forecasting.models.seasonal.cold_start import cold_start
from forecasting.numerics import Floats32, Floats64, Ints, Mask
from forecasting.panel.grid import Panel
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import QUANTILES, Tier

FALLBACKS = (Tier.PRETRAINED, Tier.LAST_FOUR, Tier.SEASONAL_NAIVE)
"""Members that forecast a series for which no member with weight has a forecast, the most trusted first."""
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
    by_group: Floats64 | None = None
    """(groups, cells of days ahead, M) weights in the order of `member_forecasts`; None where nothing lies ahead."""
    baseline: Floats32 | None = None
    """(N, H, 7) the quantiles without the events ahead; None where there are none."""
    factors: Floats64 | None = None
    """(N, H) what the events ahead multiply each series by; None where there are none."""

    @property
    def mean(self) -> Floats32:
        """(N, H)"""
        return np.maximum(mean_of_quantiles(self.quantiles), 0.0)


def mix_members(panel: Panel, members: Mapping[str, Member], *, cache: ForecastCache | None = None) -> PanelForecast:
    """Forecast the panel's horizon, uncalibrated.

    members: trained members by name; untrained ones always take part. A `FallbackMember` among them takes part where
    there is no other, and where history is too short to judge them; else it forecasts series that they leave. cache: of
    the same members, where several origins are forecast; it saves time and changes no number. Raises ModelError where
    a member was trained for another season or a shorter horizon.
    """
    if not panel.n_horizon:  # all series are closed throughout
        return nothing_ahead(panel)
    return mix_weighed(panel, members, weigh_members(panel, members, cache=cache))


def mix_weighed(
    panel: Panel, members: Mapping[str, Member], weighing: Weighing, *, answers: Mapping[str, Floats32] | None = None
) -> PanelForecast:
    """Forecast the panel's horizon, uncalibrated, with weights that are known.

    members: as in `mix_members`; those that are not among the weighed ones take no part. answers: (N, H, 7) of the
    members that take part, where they were asked before.
    """
    length, at = panel.n_horizon, panel.n_history
    members, fallback = split_members(panel, members, judged=bool(weighing.origin_columns))
    now = predict_all(panel, members, at=at, length=length) if answers is None else dict(answers)
    leads = lead_cells(panel, at=at, length=length)
    by_group = weighing.weights[..., [weighing.names.index(name) for name in now]]
    share = by_group[weighing.group[:, None], leads]
    predicted = [forecast.reshape(-1, len(QUANTILES)) for forecast in now.values()]
    quantiles = mix(predicted, share.reshape(-1, len(now))).reshape(panel.n_series, length, len(QUANTILES))
    quantiles, tier = _fill_missing(panel, quantiles, now, share, fallback)
    return PanelForecast(
        quantiles=quantiles,
        tier=tier,
        member_forecasts=now,
        weights={name: share[..., place] for place, name in enumerate(now)},
        group=weighing.group,
        lead=leads,
        evidence=weighing.evidence,
        mixed=weighing.mixed,
        origin_columns=weighing.origin_columns,
        by_group=by_group,
    )


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


def nothing_ahead(panel: Panel) -> PanelForecast:
    """The forecast of a panel without a horizon."""
    nothing = np.zeros((panel.n_series, 0, len(QUANTILES)), np.float32)
    tier = np.full(panel.n_series, str(Tier.SEASONAL_NAIVE))
    none = np.zeros(0, dtype=np.int64)
    return PanelForecast(
        nothing, tier, {}, {}, np.zeros(panel.n_series, np.int64), none, None, np.empty((0, 7), np.float32), ()
    )
