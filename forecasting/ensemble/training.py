"""The trained members of a stream: which there are, in what order they are trained, how they are put away.

The profile, the trees and the growth are fitted twice: once without the held-back history, to be judged on it, and once
with it, to forecast. A column is answered by the fit that had not seen what comes after it.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.config.sections import ModelsSection
from forecasting.ensemble.evidence import held_back_start
from forecasting.ensemble.mixture import mix_members
from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.growth.measure import LEAST_SEEN
from forecasting.models.growth.member import MOST_SEASON, GrowthMember, fit_growth, rebuild_growth
from forecasting.models.member import Member
from forecasting.models.neural.member import NeuralMember, rebuild_member
from forecasting.models.neural.training import Training, train_member
from forecasting.models.profile import ProfileMember, fit_profile, rebuild_profile
from forecasting.models.trees.fit import fit_trees
from forecasting.models.trees.member import TreesMember, rebuild_trees
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES, Tier

logger = logging.getLogger(__name__)

TREES_SHARE = 0.5
"""Of the budget, at most: neural members are given what is left."""
DOUBT = 0.25
"""Of its share of the budget, for a neural member that the last training left out."""
GROWTH = 1.1
"""Rounds of the trees that have seen the held-back history too, over those of the trees that have not."""

Fit = ProfileMember | TreesMember | GrowthMember
REBUILD: dict[str, Callable[[Mapping[str, Any], Mapping[str, NDArray[Any]]], Fit]] = {
    Tier.PROFILE: rebuild_profile,
    Tier.TREES: rebuild_trees,
    Tier.GROWTH: rebuild_growth,
}

Parts = tuple[dict[str, Any], dict[str, NDArray[Any]]]


@dataclass(frozen=True)
class PairedMember:
    """One kind of member, fitted without and with the newest history."""

    past: Fit | None
    """Answers columns before `since`; None where too little history lay before."""
    present: Fit
    since: np.datetime64
    """Start of the first interval that `present` has not seen, UTC."""

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7), each column from the fit that had not seen what comes after it."""
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
    if isinstance(member, NeuralMember):
        return member.config.as_dict(), member.weights()
    assert isinstance(member, PairedMember)
    return member.as_parts()


def rebuild(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Member:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing, misshapen or not finite."""
    make = REBUILD.get(config.get("kind", ""))
    if make is None:
        return rebuild_member(config, arrays)
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


def train_members(panel: Panel, settings: ModelsSection, *, parents: Mapping[str, Member]) -> dict[str, Training]:
    """Train the members of a stream, cheap ones first, within its budget.

    parents: the members of the model before, from whose weights neural ones start. A member that would carry nothing
    by the evidence of the held-back origins is left out, and its training says so.
    """
    started, budget = time.monotonic(), settings.budget.total_seconds()
    until = held_back_start(panel, length=panel.n_horizon)
    trainings: dict[str, Training] = {}
    if "growth" in settings.members:
        trainings[str(Tier.GROWTH)] = _train_growth(panel, until=until, seed=settings.seed)
    # months ahead nobody asks for a profile of slots, unless others are built on it
    if "growth" not in settings.members or "trees" in settings.members or settings.neural:
        trainings[str(Tier.PROFILE)] = _train_profile(panel, until=until, seed=settings.seed)
    if "trees" in settings.members:
        share = min(TREES_SHARE * budget, budget - (time.monotonic() - started))
        profile = trainings[str(Tier.PROFILE)].member
        trainings[str(Tier.TREES)] = _train_trees(panel, profile, until=until, seed=settings.seed, budget=share)
    trainer = settings.model_dump(include={"accelerator", "devices", "strategy"})
    for number, kind in enumerate(settings.neural):
        left = (budget - (time.monotonic() - started)) / (len(settings.neural) - number)
        parent = parents.get(kind)
        trainings[kind] = train_member(
            kind,
            panel,
            train_until=until,
            budget_seconds=left * (DOUBT if parents and parent is None else 1.0),
            seed=settings.seed,
            parent=parent if isinstance(parent, NeuralMember) else None,
            trainer=trainer,
        )
    return _leave_out(panel, trainings)


def _train_profile(panel: Panel, *, until: int, seed: int) -> Training:
    started = time.monotonic()
    present = fit_profile(panel, until=panel.n_history, seed=seed)
    if present is None:
        return Training(None, f"too little history: less than a season of {panel.season} columns to learn from")
    past = fit_profile(panel, until=until, seed=seed) if until < panel.n_history else None
    logger.info("profile: fitted in %.1f s", time.monotonic() - started)
    return Training(PairedMember(past, present, _end(panel)), n_steps=1)


def _train_growth(panel: Panel, *, until: int, seed: int) -> Training:
    if panel.season > MOST_SEASON:
        return Training(None, f"it is for intervals of a day or longer, and a week has {panel.season} of these")
    started = time.monotonic()
    present = fit_growth(panel, until=panel.n_history, seed=seed)
    if present is None:
        return Training(None, f"too little history: no series has {LEAST_SEEN} values above zero to learn from")
    past = fit_growth(panel, until=until, seed=seed) if until < panel.n_history else None
    logger.info("growth: fitted in %.1f s", time.monotonic() - started)
    return Training(PairedMember(past, present, _end(panel)), n_steps=1)


def _train_trees(panel: Panel, profiles: Member | None, *, until: int, seed: int, budget: float) -> Training:
    """Grow trees on what the two fits of the profile say."""
    if not isinstance(profiles, PairedMember):
        return Training(None, "too little history to hold any back")
    past, present = profiles.past, profiles.present
    if not isinstance(past, ProfileMember) or not isinstance(present, ProfileMember):
        return Training(None, "too little history to hold any back")
    started = time.monotonic()
    first = fit_trees(panel, past, until=until, check=True, rounds=None, seed=seed, budget=budget / 2)
    again = None
    if first is not None:
        rounds = [round(GROWTH * count) for count in first[1]]
        left = budget - (time.monotonic() - started)
        # as many rows as were planned, whatever the first fit took: equal panels train equal members
        again = fit_trees(
            panel, present, until=panel.n_history, check=False, rounds=rounds, seed=seed, budget=budget / 2, left=left
        )
    if first is None or again is None:
        return Training(None, f"too few intervals to learn from within {budget:.3g} s")
    logger.info("trees: %d rounds in %.1f s", sum(again[1]), time.monotonic() - started)
    return Training(PairedMember(first[0], again[0], _end(panel)), n_steps=sum(again[1]))


def _end(panel: Panel) -> np.datetime64:
    """Start of the first interval after the history."""
    if panel.n_horizon:
        return np.datetime64(panel.ts[panel.n_history])
    return np.datetime64(panel.ts[-1]) + np.timedelta64(1, "us")


def _leave_out(panel: Panel, trainings: dict[str, Training]) -> dict[str, Training]:
    """Take away members that carry nothing; asking them every night would cost time for no gain."""
    members = {kind: training.member for kind, training in trainings.items() if training.member is not None}
    weights = mix_members(panel, members).weights
    for kind in members:
        if kind in weights and not (weights[kind] > 0).any():
            reason = "it would carry nothing, by the held-back origins"
            logger.info("%s: %s", kind, reason)
            trainings[kind] = replace(trainings[kind], member=None, reason=reason)
    return trainings
