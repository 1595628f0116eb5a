"""Which members a forecast may have, and how trained ones are stored.

A member is added here, after its own code in `models`: an untrained one to UNTRAINED, a trained one to REBUILD and to
`ensemble/training.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.foundation.member import FoundationMember
from forecasting.models.growth.member import GrowthMember, rebuild_growth
from forecasting.models.member import Member
from forecasting.models.neural.member import NeuralMember, rebuild_neural
from forecasting.models.pretrained.member import PretrainedMember, rebuild_pretrained
from forecasting.models.profile import ProfileMember, rebuild_profile
from forecasting.models.seasonal.member import last_four, seasonal_naive
from forecasting.models.trees.member import TreesMember, rebuild_trees
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES, Tier

UNTRAINED = {Tier.SEASONAL_NAIVE: seasonal_naive, Tier.LAST_FOUR: last_four}
"""Functions of a panel, an origin column and a length; they take part in every forecast."""
Fit = ProfileMember | TreesMember | GrowthMember | NeuralMember
REBUILD: dict[str, Callable[[Mapping[str, Any], Mapping[str, NDArray[Any]]], Fit]] = {
    Tier.PROFILE: rebuild_profile,
    Tier.TREES: rebuild_trees,
    Tier.GROWTH: rebuild_growth,
    Tier.NBEATS: rebuild_neural,
    Tier.TFT: rebuild_neural,
}
"""By kind, how a fit is made again from stored parts."""
READS_EVENTS = (Tier.TREES,)
"""Trained members that read campaigns, holidays and closures ahead."""
FALLBACK = "fallback"
"""Name under which a `FallbackMember` is given beside trained members: it answers where they do not."""
PRIOR_WEIGHTS: dict[str, float] = {
    Tier.TREES: 6.0,
    Tier.GROWTH: 6.0,
    Tier.FOUNDATION: 4.0,
    Tier.PROFILE: 2.0,
    Tier.PRETRAINED: 1.0,
    Tier.TFT: 1.0,
    Tier.NBEATS: 1.0,
    Tier.LAST_FOUR: 0.5,
    Tier.SEASONAL_NAIVE: 0.25,
}
"""Weights of members, in proportion, before any evidence: how they fare on streams at large. A few weeks of one series
outweigh them only slowly. The three networks know the same and err together."""

Parts = tuple[dict[str, Any], dict[str, NDArray[Any]]]


@dataclass(frozen=True)
class PairedMember:
    """One kind of member, fitted without and with the newest history.

    A column is forecast by the fit that has not seen what comes after it: the past fit is judged on held-back origins,
    the present one forecasts.
    """

    past: Fit | None
    """Forecasts from columns before `since`; None where too little history lies before."""
    present: Fit
    since: np.datetime64
    """Start of the first interval that `present` has not seen, UTC."""

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from A columns."""
        starts = panel.ts[np.minimum(np.asarray(origin_columns, dtype=np.int64), len(panel.ts) - 1)]
        forecast = np.full((len(origin_columns), panel.n_series, length, len(QUANTILES)), NAN, dtype=np.float32)
        for member, own in ((self.past, starts < self.since), (self.present, starts >= self.since)):
            if member is not None and own.any():
                some = [at for at, mine in zip(origin_columns, own, strict=True) if mine]
                forecast[own] = member.predict_many(panel, origin_columns=some, length=length)
        return forecast

    def as_parts(self) -> Parts:
        """Plain data and arrays from which `rebuild` makes the member again."""
        config: dict[str, Any] = {"kind": self.present.kind, "since": str(self.since)}
        arrays: dict[str, NDArray[Any]] = {}
        for name, member in (("past", self.past), ("present", self.present)):
            if member is not None:
                config[name], own = member.as_parts()
                arrays |= {f"{name}.{key}": array for key, array in own.items()}
        return config, arrays


def as_parts(member: Member) -> Parts:
    """Plain data and arrays from which `rebuild` makes a member again."""
    assert isinstance(member, PairedMember | PretrainedMember | FoundationMember)
    return member.as_parts()


def rebuild(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Member:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing, misshapen or not finite.

    Not of a foundation member, whose weights are no part of the model: see `rebuild_foundation`.
    """
    if config.get("kind") == Tier.PRETRAINED:
        return rebuild_pretrained(config, arrays)
    make = REBUILD.get(config.get("kind", ""))
    if make is None or not any(name in config for name in ("past", "present")):
        raise ModelError(f"expected a member of kind {', '.join(REBUILD)}, found {config.get('kind')!r}; train again")
    fits: dict[str, Fit | None] = {}
    for name in ("past", "present"):
        own = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
        fits[name] = make(config[name], own) if name in config else None
    present = fits["present"]
    if present is None:
        raise ModelError(f"{config['kind']}: expected a present fit, found none; train again")
    try:
        return PairedMember(fits["past"], present, np.datetime64(str(config["since"]), "us"))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{config['kind']}: expected a time since, found {error!r}; train again") from error
