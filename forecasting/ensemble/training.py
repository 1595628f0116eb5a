"""Training of a stream's members within its budget, cheap ones first.

What the budget is worth is estimated and never measured, so that equal panels and settings make equal members.

All are fitted twice: once without the held-back history, to be judged on it, and once with it, to forecast. Neural
members start from the weights of the package, and are those where there is too little of a stream to learn from.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from forecasting.config.sections import ModelsSection
from forecasting.ensemble.evidence import held_back_start
from forecasting.ensemble.members import Fit, PairedMember
from forecasting.ensemble.mixture import mix_members
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.foundation.member import choose_foundation
from forecasting.models.growth.measure import LEAST_SEEN
from forecasting.models.growth.member import MOST_SEASON, fit_growth
from forecasting.models.member import Member, Training
from forecasting.models.neural.modules import Kind
from forecasting.models.neural.training import affordable_steps, tune, tune_again
from forecasting.models.pretrained.member import LEAST_SEASON, choose_pretrained
from forecasting.models.profile import ProfileMember, fit_profile
from forecasting.models.trees.fit import affordable_rows, fit_trees
from forecasting.numerics import in_full
from forecasting.panel.grid import Panel, at_present_level
from forecasting.terms import Tier

logger = logging.getLogger(__name__)

TREES_SHARE = 0.5
"""Share of the budget for trees, at most; neural members are given what is left."""
MORE_ROUNDS = 1.1
"""Rounds of the trees that are fitted with the held-back history, over those of the trees without."""


def train_members(
    panel: Panel, settings: ModelsSection, *, foundation: Checkpoint | None = None
) -> dict[str, Training]:
    """Train the members of a stream, cheap ones first, within its budget.

    foundation: the files that `settings.foundation` names. A member that would get no weight by the evidence of the
    held-back origins is left out, with the reason in its training. Raises ModelError where the files are not those of a
    model of their kind.
    """
    panel, budget = at_present_level(panel), settings.budget.total_seconds()
    until = held_back_start(panel, length=panel.n_horizon)
    trainings: dict[str, Training] = {}
    if "growth" in settings.members:
        trainings[str(Tier.GROWTH)] = _train_growth(panel, until=until, seed=settings.seed)
    # a profile of slots is no use months ahead, unless others are built on it
    if "growth" not in settings.members or "trees" in settings.members or settings.neural:
        missing = f"less than a season of {panel.season} columns"
        trainings[str(Tier.PROFILE)] = _fit_twice(
            Tier.PROFILE, fit_profile, panel, until=until, seed=settings.seed, missing=missing
        )
    if "trees" in settings.members:
        profile, share = trainings[str(Tier.PROFILE)].member, TREES_SHARE * budget
        trainings[str(Tier.TREES)] = _train_trees(panel, profile, until=until, seed=settings.seed, budget=share)
    if "pretrained" in settings.members:
        trainings[str(Tier.PRETRAINED)] = _take_pretrained(panel, until=until)
    if foundation is not None:
        amount = f"{foundation.kind} as it is in {foundation.path}"
        trainings[str(Tier.FOUNDATION)] = Training(choose_foundation(foundation, panel), amount=amount, n_steps=1)
    trainer = settings.model_dump(include={"accelerator", "devices", "strategy"})
    for kind in settings.neural:
        share = (1 - TREES_SHARE) * budget / len(settings.neural)
        trainings[kind] = _tune(kind, panel, until=until, seed=settings.seed, budget=share, trainer=trainer)
    return _leave_out(panel, trainings)


def _fit_twice(
    kind: Tier, fit: Callable[..., Fit | None], panel: Panel, *, until: int, seed: int, missing: str
) -> Training:
    """A kind of member fitted with all history and without the held-back one; missing: why there is none."""
    started = time.monotonic()
    present = fit(panel, until=panel.n_history, seed=seed)
    if present is None:
        return Training(None, f"too little history: {missing} to learn from")
    past = fit(panel, until=until, seed=seed) if until < panel.n_history else None
    logger.info("%s: fitted in %.1f s", kind, time.monotonic() - started)
    return Training(PairedMember(past, present, _end(panel)), amount="fitted", n_steps=1)


def _train_growth(panel: Panel, *, until: int, seed: int) -> Training:
    if panel.season > MOST_SEASON:
        return Training(None, f"it is for intervals of a day or longer, and a week has {panel.season} of these")
    missing = f"no series has {LEAST_SEEN} values above zero"
    return _fit_twice(Tier.GROWTH, fit_growth, panel, until=until, seed=seed, missing=missing)


def _train_trees(panel: Panel, profiles: Member | None, *, until: int, seed: int, budget: float) -> Training:
    """Fit trees on the two fits of the profile."""
    if not isinstance(profiles, PairedMember):
        return Training(None, "too little history to hold any back")
    past, present = profiles.past, profiles.present
    if not isinstance(past, ProfileMember) or not isinstance(present, ProfileMember):
        return Training(None, "too little history to hold any back")
    started, most = time.monotonic(), affordable_rows(panel, budget=budget / 2)
    first = fit_trees(panel, past, until=until, check=True, rounds=None, seed=seed, most=most)
    again = None
    if first is not None:
        rounds = [round(MORE_ROUNDS * count) for count in first.rounds]
        again = fit_trees(panel, present, until=panel.n_history, check=False, rounds=rounds, seed=seed, most=most)
    if first is None or again is None:
        return Training(None, f"too few intervals to learn from within {in_full(budget, digits=3)} s")
    total = sum(again.rounds)
    amount = f"{total:,} rounds of {again.n_rows:,} rows{', as many as the budget allows' if again.limited else ''}"
    logger.info("trees: %s in %.1f s", amount, time.monotonic() - started)
    return Training(PairedMember(first.member, again.member, _end(panel)), amount=amount, n_steps=total)


def _tune(kind: Kind, panel: Panel, *, until: int, seed: int, budget: float, trainer: Mapping[str, Any]) -> Training:
    """N-BEATS or TFT, tuned as far as that is of use."""
    if panel.season < LEAST_SEASON:
        return Training(None, f"it is for intervals of a day or less, and a week has {panel.season} of these")
    if panel.n_history < panel.season:
        return Training(None, f"too little history: less than a season of {panel.season} columns")
    steps = affordable_steps(kind, budget=budget)
    past = tune(kind, panel, until=until, n_steps=steps, seed=seed, trainer=trainer)
    present = tune_again(kind, panel, past, seed=seed, trainer=trainer)
    if not past.share:
        why = past.reason or "tuning it gains nothing on the newest history"
        return Training(PairedMember(past.member, present, _end(panel)), amount=f"as in the package: {why}", n_steps=1)
    amount = f"{past.share:.0%} of {past.steps:,} steps, {past.gain:.1%} better on the newest history"
    return Training(PairedMember(past.member, present, _end(panel)), amount=amount, n_steps=past.steps)


def _take_pretrained(panel: Panel, *, until: int) -> Training:
    """The networks of the package, as they are: held-back origins judge them like any other member."""
    if panel.season < LEAST_SEASON:
        return Training(None, f"it is for intervals of a day or less, and a week has {panel.season} of these")
    return Training(choose_pretrained(panel, until=until), amount="as it is in the package", n_steps=1)


def _end(panel: Panel) -> np.datetime64:
    """Start of the first interval after the history."""
    if panel.n_horizon:
        return np.datetime64(panel.ts[panel.n_history])
    return np.datetime64(panel.ts[-1]) + np.timedelta64(1, "us")


def _leave_out(panel: Panel, trainings: dict[str, Training]) -> dict[str, Training]:
    """Leave out members that get no weight: forecasting with them every day would cost time for no gain."""
    members = {kind: training.member for kind, training in trainings.items() if training.member is not None}
    weights = mix_members(panel, members).weights
    for kind in members:
        if kind in weights and not (weights[kind] > 0).any():
            reason = "it would get no weight, by the held-back origins"
            logger.info("%s: %s", kind, reason)
            trainings[kind] = replace(trainings[kind], member=None, reason=reason)
    return trainings
