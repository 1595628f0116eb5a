"""Weights of members by group of series and days ahead, learned on held-back origins.

Quantiles are averaged level by level. The weights minimise the pinball loss on held-back origins. With little evidence
they are shrunk toward the level above: a cell (group, days ahead) toward its group, a group toward the stream, the
stream toward the prior weights.
"""

from collections.abc import Sequence

import numpy as np

from forecasting.ensemble.evidence import Evidence
from forecasting.models.features.days import LEADS
from forecasting.models.features.slots import NAN
from forecasting.numerics import Floats, Floats32, Floats64, Mask, sample_rows
from forecasting.terms import QUANTILES

EVIDENCE = 100.0
"""Series-days of evidence that count as much as the level above."""
DAY_SERIES = 10
"""Series of a stream that err independently on one day; more are no further evidence."""
SHARPNESS = 32.0
"""Power of the relative loss by which prior weights fall, at full credibility; at none they stay as they are."""
LEAST_COVERED = 0.5
"""Share of the evidence that a member must have forecast to be given weight."""
LEAST_WEIGHT = 0.05
"""A member whose mean weight over groups and days ahead is below this is left out."""
ROUNDS = 80
"""Steps of the descent; the second half of them is averaged."""
LEAST_START = 1e-3
"""Least weight of a member at the start of the descent, whose steps are factors: zero would stay zero."""
MOST_ROWS = 4_000
"""Rows of evidence that the descent uses; of more, as many are drawn."""
LEVELS = np.asarray(QUANTILES, dtype=np.float32)


def learn_weights(evidence: Evidence, *, groups: int, prior: Floats64 | None = None) -> Floats64:
    """(groups, cells, M) weights that sum to one over members; the stream's where a cell has no evidence.

    prior: (M,) weights before any evidence, in proportion; equal unless given.
    """
    members, cells = evidence.predicted.shape[0], len(LEADS) + 1
    covered: Mask = np.asarray(np.isfinite(evidence.predicted).all(axis=2))
    able: Mask = np.asarray(covered.mean(axis=1) >= LEAST_COVERED)
    evidence = evidence.only(np.asarray(covered[able].all(axis=0)))
    if not able.any() or not len(evidence):
        equal = _normal(able.astype(float) if able.any() else np.ones(members))
        return np.broadcast_to(equal, (groups, cells, members)).copy()
    odds = np.ones(members) if prior is None else prior
    stream, usual = _weigh(evidence, _normal(np.where(able, odds, 0.0)), np.ones(members))
    weights = np.broadcast_to(stream, (groups, cells, members)).copy()
    for group in np.unique(evidence.group):
        own = evidence.only(evidence.group == group)
        near, group_losses = _weigh(own, stream, usual)
        weights[group] = near
        for lead in np.unique(own.lead):
            weights[group, lead], _ = _weigh(own.only(own.lead == lead), near, group_losses)
    # by group, as a member that is best for a single queue is worth its cost
    useful = weights[np.unique(evidence.group)].mean(axis=(0, 1)) >= LEAST_WEIGHT
    weights = np.where(useful, weights, 0.0)
    total = weights.sum(axis=2, keepdims=True)
    alike = _normal(np.where(useful, stream + 1e-9, 0.0))
    return np.where(total > 0, np.divide(weights, total, out=np.zeros_like(weights), where=total > 0), alike)


def _weigh(evidence: Evidence, prior: Floats64, usual: Floats64) -> tuple[Floats64, Floats64]:
    """Weights (M,) from some evidence, and the members' losses (M,) on it.

    prior: weights of the level above, zero for members that get none; usual: losses there. The result lies between the
    weights of least loss and the prior weights, which are lowered for members that lose more here than they usually do.
    """
    inside, share = prior > 0, _credibility(evidence)
    losses = np.array(
        [
            _loss(evidence.y, predicted) if own else np.inf
            for predicted, own in zip(evidence.predicted, inside, strict=True)
        ]
    )
    if losses.min() > 0:
        relative = np.where(inside, losses / losses.min(), 1.0) / np.where(inside, usual / usual[inside].min(), 1.0)
        prior = _normal(prior * relative ** (-SHARPNESS * share))
    thin = sample_rows(len(evidence), MOST_ROWS)
    start = _normal(np.where(inside, np.maximum(prior, LEAST_START), 0.0))
    best = _descend(evidence.y[thin], evidence.predicted[:, thin], start)
    return share * best + (1 - share) * prior, losses


def _credibility(evidence: Evidence) -> float:
    """Credibility of evidence, 0 to 1: n / (n + EVIDENCE) for n series-days (Buehlmann 1967, Experience rating and
    credibility), where a day counts for DAY_SERIES series at most, since series of a stream err together."""
    seen = np.zeros((int(evidence.series.max(initial=0)) + 1, int(evidence.day.max(initial=0)) + 1), dtype=bool)
    seen[evidence.series, evidence.day] = True
    days, own = int(seen.any(axis=0).sum()), int(seen.sum())
    count = min(own, DAY_SERIES * days)
    return count / (count + EVIDENCE)


def _descend(y: Floats32, predicted: Floats32, start: Floats64) -> Floats64:
    """Weights on the simplex that minimise the mean pinball loss: exponentiated gradient (Kivinen, Warmuth 1997)."""
    # members without weight never get any, and may lack forecasts
    inside = start > 0
    flat = np.ascontiguousarray(predicted[inside].reshape(int(inside.sum()), -1))
    truth, levels = np.repeat(y, len(LEVELS)), np.tile(LEVELS, len(y))
    weights, learned = start[inside], np.zeros_like(start)
    total = np.zeros_like(weights)
    spread = max(float(np.abs(flat - flat.mean(axis=0)).mean()), 1e-9)
    for number in range(ROUNDS):
        mixed = weights.astype(np.float32) @ flat
        slope = (truth < mixed) - levels
        gradient = (flat @ slope).astype(np.float64) / slope.size
        weights = _normal(weights * np.exp(-(gradient - gradient.min()) / spread))
        total = total + weights * (number >= ROUNDS // 2)
    learned[inside] = _normal(total)
    return learned


def _normal(weights: Floats64) -> Floats64:
    normal: Floats64 = weights / weights.sum()
    return normal


def _loss(y: Floats32, predicted: Floats32) -> float:
    error = y[:, None] - predicted
    return float(np.maximum(LEVELS * error, (LEVELS - 1) * error).mean())


def mix(predicted: Sequence[Floats32] | Floats32, weights: Floats) -> Floats32:
    """(R, 7) weighted mean of members' quantiles, over those that have a forecast; NaN where none with weight has.

    predicted: of each of M members (R, 7), NaN where it has no forecast. weights: (R, M).
    """
    total = np.zeros((len(weights), 1), dtype=np.float32)
    mixed = np.zeros((len(weights), len(QUANTILES)), dtype=np.float32)
    for forecast, share in zip(predicted, weights.T.astype(np.float32), strict=True):
        if share.any():
            own = np.where(np.isfinite(forecast[:, 0]), share, 0.0)[:, None]
            mixed += own * np.nan_to_num(forecast)
            total += own
    mean: Floats32 = np.divide(mixed, total, out=np.full_like(mixed, NAN), where=total > 0)
    return mean
