"""Champion and challenger: how much better one is on held-back origins, and whether that is more than noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from forecasting.numerics import Floats
from forecasting.terms import Verdict

CONFIDENCE = 0.9
"""One-sided confidence of the noise: without any difference, one contest of ten exceeds it."""
LONGEST_TENURE = 4
"""Retrain periods after which a champion goes to a challenger that is not measurably worse."""
SHARED = 0.1
"""Correlation assumed between the errors of two series where a single origin cannot show it."""


@dataclass(frozen=True)
class Contest:
    """Comparison of two models on the same held-back origins of the same panel; NaN where there is no evidence."""

    gain: float
    """WQL that the challenger saves, relative to the champion's; negative where it loses more."""
    noise: float
    """Gain that sampling noise alone exceeds in one contest of ten."""
    wql_challenger: float
    wql_champion: float
    origins: int
    """Held-back origins that counted."""
    series: int
    """Series that counted."""


NO_CONTEST = Contest(math.nan, math.nan, math.nan, math.nan, 0, 0)


@dataclass(frozen=True)
class Decision:
    """A verdict and the reason that is shown to a person."""

    verdict: Verdict
    reason: str


def hold_contest(
    challenger: Floats, champion: Floats, volume: Floats, *, origin_columns: Sequence[int], length: int
) -> Contest:
    """Compare two models by their paired losses.

    challenger, champion: (A, N) mean pinball loss of each series, summed over the window of each held-back origin;
    volume: (A, N) sum of |y| over the same intervals; NaN, or all zero, where nothing can be compared. origin_columns:
    columns of the origins; length: columns of a window.

    The gain is pooled over all series and origins, so that a series counts by its loss. Its noise is the larger of two
    standard errors of the paired differences, each a delete-one jackknife times Student's quantile for the number of
    pieces:

    - over origins, all series of one origin together, because series share their shocks. Overlapping windows hold
      mostly the same data: the variance is multiplied by 1 + A rho / (1 - rho), rho being the mean overlap of two
      windows (Nadeau and Bengio, Inference for the Generalization Error, 2003);
    - over series, all origins of one series together, so that the noise of one series is no gain of the stream. A
      single origin does not show what series share: the variance is multiplied by 1 + (N - 1) SHARED, the design effect
      of Kish (Survey Sampling, 1965).

    With one origin of one series the noise is NaN.
    """
    happened = (volume > 0) | (challenger > 0) | (champion > 0)
    counts = happened & np.isfinite(challenger) & np.isfinite(champion) & np.isfinite(volume)
    origins, series = np.flatnonzero(counts.any(axis=1)), np.flatnonzero(counts.any(axis=0))
    seen = np.ix_(origins, series)
    ours, theirs, demand = (np.where(counts, part, 0.0)[seen] for part in (challenger, champion, volume))
    total = demand.sum()
    if not total:
        return NO_CONTEST
    saved, weight = theirs - ours, theirs + ours  # relative to the sum, so that both sides are treated alike
    overlap = _mean_overlap(np.asarray(origin_columns)[origins], length)
    widened = 1 + len(origins) * overlap / (1 - overlap)
    over_origins = _standard_error(saved.sum(axis=1), weight.sum(axis=1)) * math.sqrt(widened)
    shared = 1 + (len(series) - 1) * SHARED if len(origins) == 1 else 1.0
    over_series = _standard_error(saved.sum(axis=0), weight.sum(axis=0)) * math.sqrt(shared)
    scale = theirs.sum() or ours.sum() or 1.0
    return Contest(
        gain=float(saved.sum() / scale),
        noise=float(np.fmax(over_origins, over_series) * weight.sum() / scale),
        wql_challenger=float(2 * ours.sum() / total),
        wql_champion=float(2 * theirs.sum() / total),
        origins=len(origins),
        series=len(series),
    )


def judge(contest: Contest, *, tenure: int) -> Decision:
    """Whether the challenger becomes champion.

    tenure: whole retrain periods since the champion was decided. A gain larger than its noise promotes. After
    LONGEST_TENURE periods, so does a difference within the noise: the champion's data are old, and nothing speaks
    against the newer model. A champion that is measurably better stays, however old it is.
    """
    gain, noise = contest.gain, contest.noise
    shown = _describe(contest)
    if gain > noise:
        return Decision(Verdict.PROMOTED, f"{shown}: more than noise")
    if gain < -noise:
        return Decision(Verdict.KEPT, f"{shown}: measurably worse")
    if tenure >= LONGEST_TENURE:
        return Decision(
            Verdict.AGED,
            f"{shown}: no measurable difference, and the champion is {tenure} retrain periods old; after "
            f"{LONGEST_TENURE} it is replaced unless it is measurably better",
        )
    return Decision(Verdict.KEPT, f"{shown}: no measurable difference")


def _describe(contest: Contest) -> str:
    if math.isnan(contest.gain):
        return "no held-back origin to compare them on"
    noise = "unknown" if math.isnan(contest.noise) else f"{contest.noise:.1%}"
    return (
        f"WQL {contest.wql_challenger:.4g} against {contest.wql_champion:.4g}, gain {contest.gain:+.1%} with noise "
        f"{noise}, on {contest.origins} held-back origins of {contest.series} series"
    )


def _mean_overlap(origin_columns: NDArray[np.integer], length: int) -> float:
    """Mean share of a window that another window covers too; 0 for a single window."""
    count = len(origin_columns)
    if count < 2:
        return 0.0
    shares = np.clip(1 - np.abs(np.subtract.outer(origin_columns, origin_columns)) / length, 0, None)
    return float((shares.sum() - count) / (count * (count - 1)))


def _standard_error(saved: Floats, weight: Floats) -> float:
    """Delete-one jackknife error of sum saved / sum weight, times Student's quantile; NaN of a single piece."""
    count, rest = len(saved), weight.sum() - weight
    if count < 2 or not rest.all():
        return math.nan
    without = (saved.sum() - saved) / rest
    variance = (count - 1) / count * ((without - without.mean()) ** 2).sum()
    return float(stdtrit(count - 1, CONFIDENCE) * math.sqrt(variance))
