"""Dependence and tails of a forecast's own errors, learned from held-back windows.

The errors of a model differ from those of a mean of four weeks, which `dependence` learns from all of history; but a
few held-back windows are little evidence. What they show is shrunk toward the dependence of history, the more the fewer
they are.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import LEVEL_SCORES, LEVELS, Tails
from forecasting.uncertainty.curves import Curves
from forecasting.uncertainty.dependence import Dependence, dependence_of

CLIP = 4.0
"""Normal scores are clipped at this: beyond lie events of their own."""
ROUNDING = 1e-6
"""Share of a value below which differences are rounding of single precision."""
EVIDENCE = 200.0
"""Series-days of held-back windows that weigh as much as all of history."""
NORMAL_EXCESS = float(np.exp(-(LEVEL_SCORES[-1] ** 2) / 2) / np.sqrt(2 * np.pi) / (1 - LEVELS[-1]) - LEVEL_SCORES[-1])
"""Mean excess over the outermost quantile of a normal distribution."""
EXCESS_EVIDENCE = 50.0
"""Values beyond the quantiles that weigh as much as the normal distribution; many, because they come in clusters."""
DAY_SERIES = 10
"""Series of a stream whose errors of one day count as independent; more are no further evidence."""


def normal_scores(y: Floats, quantiles: Floats) -> NDArray[np.float64]:
    """Normal score of the probability that a forecast gave to the actual value, clipped at `CLIP`.

    y: (...) actual values; quantiles: (..., 7). Returns (...), NaN where either is missing or all quantiles are equal.
    Linear between the quantiles: the inverse of `scores_at`. A value that equals several quantiles, such as zero calls
    at night, has the middle of their scores.
    """
    known = np.isfinite(y) & (quantiles[..., -1] > quantiles[..., 0])
    actual, marks = y[known].astype(np.float64)[:, None], quantiles[known].astype(np.float64)
    tolerance = ROUNDING * np.abs(actual)
    below, upto = (marks < actual - tolerance).sum(axis=1), (marks <= actual + tolerance).sum(axis=1)
    segment = np.clip((marks < actual).sum(axis=1) - 1, 0, len(LEVELS) - 2)[:, None]
    low, high = (np.take_along_axis(marks, place, axis=1) for place in (segment, segment + 1))
    share = ((actual - low) / np.maximum(high - low, 1e-12))[:, 0]
    alone = LEVEL_SCORES[segment[:, 0]] + share * np.diff(LEVEL_SCORES)[segment[:, 0]]
    among = (LEVEL_SCORES[np.minimum(below, len(LEVELS) - 1)] + LEVEL_SCORES[np.maximum(upto - 1, 0)]) / 2
    scores = np.full(y.shape, np.nan)
    scores[known] = np.clip(np.where(upto - below > 1, among, alone), -CLIP, CLIP)
    return scores


def learn_tails(scores: Floats) -> Tails:
    """Tails of a forecast: mean excess beyond the outermost quantiles, shrunk toward that of a normal distribution.

    scores: normal scores of held-back values, any shape, NaN where unknown. Scores at `CLIP` count as censored: the
    estimate is that of a censored exponential distribution, the sum of excesses over the number below the limit.
    """
    excess = [side * scores[side * scores > LEVEL_SCORES[-1]] - LEVEL_SCORES[-1] for side in (-1, 1)]
    inside = [np.count_nonzero(of < CLIP - LEVEL_SCORES[-1]) for of in excess]
    low, high = (
        (float(of.sum()) + EXCESS_EVIDENCE * NORMAL_EXCESS) / (count + EXCESS_EVIDENCE)
        for of, count in zip(excess, inside, strict=True)
    )
    return Tails(low, high)


def learn_from_errors(scores: Floats, day: Ints, *, history: Dependence, clock: Ints | None = None) -> Dependence:
    """Dependence of a forecast's errors.

    scores: (A, N, L) normal scores of A held-back windows, NaN where unknown; day: (A, L) local day of each column;
    history: `learn_dependence` of the same stream, returned as it is where no score is known; clock: (A, L) number of
    the time of day of each column, if equal times are to count.
    """
    most = len(history.between) - 1
    # of a large stream only some series have scores
    scores = scores[:, np.isfinite(scores).any(axis=(0, 2))]
    known = np.isfinite(scores)
    error, mean = np.where(known, scores, 0.0), known.astype(np.float64)
    own = pairs = None
    for window in np.flatnonzero(known.any(axis=(1, 2))):
        of, time = day[window], None if clock is None else clock[window]
        each = Curves.of(error[window], mean[window], of, most, time)
        every = Curves.of(error[window].sum(axis=0)[None], mean[window].sum(axis=0)[None], of, most, time)
        own = each if own is None else own + each
        pairs = every - each if pairs is None else pairs + (every - each)
    if own is None or pairs is None:
        return history
    found = dependence_of(own, pairs, float(own.within.ratio[0]))
    series = min(scores.shape[1], DAY_SERIES)
    seen = np.asarray(known.any(axis=1))
    evidence_days = series * sum(len(np.unique(of[some])) for of, some in zip(day, seen, strict=True))
    return found.shrunk_toward(history, EVIDENCE / (evidence_days + EVIDENCE))
