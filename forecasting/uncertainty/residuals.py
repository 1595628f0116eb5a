"""How a forecast's own errors move together and how far they reach, learned from held-back windows.

The errors that a model leaves are not those of a mean of four weeks, but a few windows tell little of them. So what
they say is drawn to what all of history says of that mean, the more the fewer they are.
"""

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Floats, Ints
from forecasting.quantiles import LEVEL_SCORES, LEVELS, Tails
from forecasting.uncertainty.curves import Curves
from forecasting.uncertainty.dependence import Dependence, dependence_of

CLIP = 4.0
"""Normal scores beyond this are events of their own."""
ROUNDING = 1e-6
"""Share of a value below which single precision tells nothing apart."""
EVIDENCE = 200.0
"""Series-days of held-back windows that weigh as much as the whole of history."""
NORMAL_EXCESS = float(np.exp(-(LEVEL_SCORES[-1] ** 2) / 2) / np.sqrt(2 * np.pi) / (1 - LEVELS[-1]) - LEVEL_SCORES[-1])
"""Mean excess over the outermost quantile of a normal distribution."""
EXCESS_EVIDENCE = 50.0
"""Values beyond the quantiles that weigh as much as the normal distribution: they come in clusters."""
DAY_SERIES = 10
"""Series of a stream that surprise independently on one day; more are no further evidence."""


def normal_scores(y: Floats, quantiles: Floats) -> NDArray[np.float64]:
    """(...) normal score of the probability that a forecast (..., 7) gave to what came; NaN where either is missing or
    the forecast is certain, of which nothing is drawn.

    Linear between the quantiles as `scores_at`, of which it is the inverse, and not beyond `CLIP`. What equals several
    quantiles, as no calls at night do, has the middle of their scores.
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
    """Tails of a forecast. scores: normal scores of held-back values, any shape, NaN where unknown.

    What lies at `CLIP` is known to lie there or beyond, and counts so (exponential distribution, censored).
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
    history: what `learn_dependence` says of the same stream, which stands where no window tells; clock: (A, L) time of
    day of each column, where that is to count.
    """
    most = len(history.between) - 1
    # a large stream is judged on a few of its series
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
