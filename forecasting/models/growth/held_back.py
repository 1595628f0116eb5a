"""Forecasts of the growth model from earlier columns of the history, against what was measured after them.

They choose the parameters that move a series, and the z-scores of the quantiles: from a day up to half of the history
ahead, since parameters that are right on the next day only promise too much for the next year.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from forecasting.models.growth.kalman import filter_states, look_ahead
from forecasting.models.growth.measure import LEAST_SEEN
from forecasting.models.growth.model import YEAR, GrowthParameters
from forecasting.models.growth.pooling import Sample
from forecasting.numerics import Floats64
from forecasting.terms import QUANTILES

FIRST = 0.3
"""Share of the history before the first earlier origin, at least FIRST_DAYS."""
FIRST_DAYS = 56
ORIGINS = 6
LEADS = (1, 7, 14, 30, 60, 90, 135, 180, 270, 365, 545)
"""Days ahead at which forecasts are judged, each over a week, up to half of the history."""
FORECASTS_A_YEAR, MOST_EVIDENCE = 2.0, 60.0
"""Independent forecasts that a year of a series can judge, and of all series, which often err together."""
NORMAL, FARTHEST = 10.0, 1.0
"""Independent forecasts that the normal distribution counts for, and the most standard deviations by which others may
lie from its quantiles."""


def judge(parameters: GrowthParameters, sample: Sample) -> tuple[Floats64, Floats64]:
    """Errors of held-back forecasts in standard deviations, and these: (leads, columns of a week x origins, n).

    NaN where nothing was measured, or too little of the series was before the origin.
    """
    clock, measured = sample.clock, sample.measured
    days = clock.day
    marks = origins(days)
    states = filter_states(parameters, clock, measured, marks=marks)
    wide = 7 if parameters.weekdays else 1
    shape = (len(LEADS), wide * len(marks), len(measured.x))
    surprise, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    most = (days[-1] - days[0]) / 2
    for number, (mark, state) in enumerate(zip(marks, states, strict=True)):
        able = measured.seen[:, :mark].sum(axis=1) >= LEAST_SEEN
        for row, lead in enumerate(LEADS):
            first = int(np.searchsorted(days, state.day + lead))
            columns = np.arange(first, min(first + wide, len(days)))
            if lead > most or not len(columns):
                continue
            center, variance = look_ahead(parameters, state, clock.take(columns), measured.roughness)
            unit = np.sqrt(variance)
            scored = (measured.seen & ~measured.bound)[:, columns].T & able
            place = np.arange(len(columns)) + wide * number
            surprise[row, place] = np.where(scored, (measured.x[:, columns].T - center) / unit, np.nan)
            spread[row, place] = np.where(scored, unit, np.nan)
    return surprise, spread


def evidence(sample: Sample) -> float:
    """Approximate number of independent forecasts that the sample can judge."""
    return min(FORECASTS_A_YEAR * float(sample.span.sum()) / YEAR, MOST_EVIDENCE)


def learn_quantile_z(parameters: GrowthParameters, sample: Sample) -> Floats64:
    """(7,) z-scores of the quantiles: standard deviations from the mean at which they lie.

    Those with the right coverage on held-back forecasts, shrunk toward the normal distribution where evidence is thin.
    They are the same for all days ahead; beyond the held-back leads the model's variance alone widens the interval.
    """
    normal: Floats64 = ndtri(np.asarray(QUANTILES))
    surprise, _ = judge(parameters, sample)
    known = surprise[np.isfinite(surprise)]
    if not len(known):
        return normal
    count = evidence(sample)
    found = np.clip(np.quantile(known, QUANTILES), normal - FARTHEST, normal + FARTHEST)
    return np.asarray(np.sort(normal + count / (count + NORMAL) * (found - normal)))


def origins(days: Floats64) -> Sequence[int]:
    """Columns from which earlier forecasts are made."""
    first = max(days[0] + FIRST * (days[-1] - days[0]), days[0] + FIRST_DAYS)
    marks = np.searchsorted(days, np.linspace(first, days[-1], ORIGINS, endpoint=False))
    return sorted({int(mark) for mark in marks if 0 < mark < len(days)})
