"""The mean of a forecast as a sum of parts, column by column.

It begins with the newest value of the same time of week and ends with what was published. Quantiles of members are
averaged, and the mean is linear in the quantiles: so each member adds its weight times its distance from the usual
value of the time of week, and the trees' part is once more a sum over their inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.ensemble.calibrated import ForecastStages
from forecasting.ensemble.explained.usual import read_usual
from forecasting.ensemble.members import PairedMember
from forecasting.models.member import Member
from forecasting.models.trees.contributions import TreeContributions, find_contributions
from forecasting.models.trees.member import TreesMember
from forecasting.numerics import Floats, Floats64, Ints
from forecasting.panel.grid import Panel, take_series
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import Tier

TOLERANCE = 1e-4
"""Relative difference of single precision up to which weighted members are the mix."""
NEWEST, LEVEL, USUAL, FILLED = "newest", "level_shift", "usual", "filled"
CALIBRATION, RECONCILIATION, EVENTS, REST = "calibration", "reconciliation", "events", "rest"
TREES, MEMBER = "trees.", "member."
"""Beginnings of the names of parts: of the trees' inputs, and of the other members."""


@dataclass(frozen=True)
class Waterfall:
    """Parts of a mean in C columns, in the order in which they are added."""

    parts: Mapping[str, Floats64]
    """(C,) by name; they sum to `published`."""
    published: Floats64
    """(C,)"""
    answers: Mapping[str, Floats64]
    """(C,) mean of each member's own answer; NaN where it has none."""
    shares: Mapping[str, Floats64]
    """(C,) share of each member in the mix; all 0 where something else stands in for them."""


def take_apart(
    panel: Panel,
    stages: ForecastStages,
    members: Mapping[str, Member],
    *,
    row: int,
    columns: Ints,
    reconciled: Floats | None,
    published: Floats64,
) -> Waterfall:
    """The parts of a published mean. panel: as known at the origin, before levels are restated.

    row: the series; columns: (C,) of the horizon, from 0. reconciled: (C,) mean after reconciliation, with the effect
    of events, None where nothing is reconciled; published: (C,).
    """
    before = _mean(stages.mixed.quantiles[row, columns])
    calibrated = _mean(stages.calibrated.quantiles[row, columns])
    factors = stages.with_events.factors
    factor = np.ones(len(columns)) if factors is None else factors[row, columns]
    final = _mean(stages.with_events.quantiles[row, columns]) if reconciled is None else reconciled.astype(np.float64)
    agreed = np.divide(final, factor, out=calibrated.copy(), where=factor > 0)
    if reconciled is None:
        agreed = calibrated
    own = take_series(stages.baseline, np.array([row]))
    usual = read_usual(take_series(panel, np.array([row])), own, panel.n_history + columns)
    answers = {name: _answer(of[row, columns]) for name, of in stages.mixed.member_forecasts.items()}
    shares = _shares({name: stages.mixed.weights[name][row, columns] for name in answers}, answers)
    parts = {NEWEST: usual.measured, LEVEL: usual.newest - usual.measured, USUAL: usual.mean - usual.newest}
    mixed = np.sum([share * np.nan_to_num(answers[name]) for name, share in shares.items()], axis=0)
    if not shares or not np.allclose(mixed, before, rtol=TOLERANCE, atol=TOLERANCE):
        # a series that the members leave is filled as a whole
        parts[FILLED] = before - usual.mean
        shares = {name: np.zeros(len(columns)) for name in shares}
    trees = _trees_of(members, own, panel.n_history + columns) if Tier.TREES in shares else None
    for name, share in sorted(shares.items(), key=lambda item: -item[1].sum()):
        if not share.any():
            continue
        if name == Tier.TREES and trees is not None:
            parts |= {f"{TREES}{group}": share * added for group, added in trees.by_influence.items()}
        else:
            parts[f"{MEMBER}{name}"] = share * (np.nan_to_num(answers[name]) - usual.mean)
    parts |= {CALIBRATION: calibrated - before, RECONCILIATION: agreed - calibrated, EVENTS: final - agreed}
    # a step that only rounds is part of the rest
    size = TOLERANCE * np.maximum(published, 1.0)
    parts = {name: values for name, values in parts.items() if name == NEWEST or (np.abs(values) > size).any()}
    parts[REST] = published - np.sum(list(parts.values()), axis=0)
    return Waterfall(parts, published, answers, shares)


def _trees_of(members: Mapping[str, Member], panel: Panel, columns: Ints) -> TreeContributions | None:
    member = members.get(Tier.TREES)
    present = member.present if isinstance(member, PairedMember) else member
    return find_contributions(present, panel, columns) if isinstance(present, TreesMember) else None


def _shares(weights: Mapping[str, Floats64], answers: Mapping[str, Floats64]) -> dict[str, Floats64]:
    """Weights of the members that have an answer, over their sum: see `mix`."""
    own = {name: np.where(np.isfinite(answers[name]), weight, 0.0) for name, weight in weights.items()}
    total = np.sum(list(own.values()), axis=0) if own else np.zeros(0)
    return {name: np.divide(weight, total, out=np.zeros_like(weight), where=total > 0) for name, weight in own.items()}


def _answer(quantiles: Floats) -> Floats64:
    return np.asarray(mean_of_quantiles(quantiles.astype(np.float64)))


def _mean(quantiles: Floats) -> Floats64:
    return np.maximum(_answer(quantiles), 0.0)
