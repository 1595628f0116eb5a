"""The forecast of a whole panel: every member answers, the best on held-back origins carries each series."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.models.cold_start import cold_start
from forecasting.models.combine import held_back_columns, mean_losses, select_members
from forecasting.models.neural import NeuralMember
from forecasting.models.seasonal import last_four, seasonal_naive
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES, Tier

Floats = NDArray[np.float32]
SEASONAL = {Tier.SEASONAL_NAIVE: seasonal_naive, Tier.LAST_FOUR: last_four}


@dataclass(frozen=True)
class PanelForecast:
    """Quantiles of every series of a panel and what carried each."""

    quantiles: Floats
    """(N, H, 7) sorted and not negative; closed intervals hold numbers without meaning."""
    tier: NDArray[np.str_]
    """(N,) values of `Tier`."""
    losses: dict[str, NDArray[np.float64]]
    """(N,) mean pinball loss of each member on the held-back origins."""
    held_back: int
    """Number of held-back origins that the members were compared on."""


def forecast_panel(panel: Panel, members: Mapping[str, NeuralMember]) -> PanelForecast:
    """Forecast the panel's horizon.

    members: trained members by tier; the seasonal ones always take part. Raises ModelError where a member was trained
    for another season or a shorter horizon.
    """
    length, at = panel.n_horizon, panel.n_history
    if not length:  # everyone is closed throughout: there is nothing to carry
        nothing = np.zeros((panel.n_series, 0, len(QUANTILES)), np.float32)
        return PanelForecast(nothing, np.full(panel.n_series, str(Tier.SEASONAL_NAIVE)), {}, 0)
    ats = held_back_columns(panel, length=length)
    losses: dict[str, NDArray[np.float64]] = {}
    answers: dict[str, Floats] = {}
    for tier, seasonal in SEASONAL.items():
        name = str(tier)
        past = [seasonal(panel, at=column, length=length) for column in ats]
        losses[name] = _losses(panel, past, ats)
        answers[name] = seasonal(panel, at=at, length=length)
    for name, member in members.items():
        every = member.predict_many(panel, ats=(*ats, at), length=length)
        losses[name] = _losses(panel, list(every[:-1]), ats)
        answers[name] = every[-1]
    carried = {name: _carries(panel, answer) for name, answer in answers.items()}
    tiers = select_members(losses, carried)
    return PanelForecast(_pick(panel, answers, tiers), tiers, losses, len(ats))


def _losses(panel: Panel, past: list[Floats], ats: tuple[int, ...]) -> NDArray[np.float64]:
    if not ats:
        return np.full(panel.n_series, np.nan)
    return mean_losses(panel, np.stack(past), ats=ats)


def _carries(panel: Panel, answer: Floats) -> NDArray[np.bool_]:
    """Whether a member answers every open interval of a series' horizon."""
    told = np.isfinite(answer).all(axis=2) | ~panel.open[:, panel.n_history :]
    return np.asarray(told.all(axis=1))


def _pick(panel: Panel, answers: Mapping[str, Floats], tier: NDArray[np.str_]) -> Floats:
    picked = np.zeros((panel.n_series, panel.n_horizon, len(QUANTILES)), np.float32)
    for name, answer in answers.items():
        picked[tier == name] = answer[tier == name]
    rest = tier == Tier.COLD_START
    if rest.any():
        picked[rest] = cold_start(panel, at=panel.n_history, length=panel.n_horizon, rows=rest)[rest]
    return picked
