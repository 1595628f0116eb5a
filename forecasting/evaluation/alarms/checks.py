"""What is checked at every origin, and how much of it is too much."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

WHOLE_STREAM = "*"
"""Place of what concerns a stream as a whole; other places are groups such as region=north."""


class Check(StrEnum):
    """What is measured at an origin, of the stream or of a group of its series."""

    MISSING = "missing"
    """Share of the forecast intervals of the last day that were not measured."""
    FEED_AGE = "feed_age"
    """Hours of forecast intervals since the newest value of any series."""
    REJECTS = "rejects"
    """Share of the rows pulled since the origin before that were rejected."""
    BIAS = "bias"
    """(forecast - demand) / forecast over the last day: 0.1 where a tenth of what was forecast did not come."""
    ACCURACY = "accuracy"
    """Sum of |y - q50| over the sum of the forecast, over the last day."""
    COVERAGE = "coverage"
    """Share of the last day's values inside [q10, q90]."""
    DRIFT = "drift"
    """Energy distance of the last day's changes on four weeks to those of the weeks before."""
    FALLBACKS = "fallbacks"
    """Share of the series that are forecast without a trained method."""
    RUN_TIME = "run_time"
    """Minutes that the forecast took."""
    PUBLICATION = "publication"
    """1 where nothing is published from the origin, 0.5 where it is not complete, else 0."""


class About(StrEnum):
    """What an alarm is about: one of each stream at a time, however many checks see the same fault."""

    FEED = "feed"
    FORECAST = "forecast"
    RUN = "run"


@dataclass(frozen=True)
class Rule:
    """How a check is judged. side: 1 where only high values are bad, -1 low ones, 0 both.

    scale: what its values are compared on. least_spread: on that scale, below which usual scatter is not believed.
    least_excess: difference from the usual, in plain units, below which nobody is called.
    """

    about: About
    side: int
    scale: Callable[[Values], Values]
    plain: Callable[[Values], Values]
    """Inverse of `scale`."""
    least_spread: float
    least_excess: float


def _same(values: Values) -> Values:
    return values


def _root(values: Values) -> Values:
    return np.asarray(np.sqrt(np.maximum(values, 0.0)))


def _square(values: Values) -> Values:
    return np.maximum(values, 0.0) ** 2


_LEAST = 1e-4


def _log(values: Values) -> Values:
    return np.asarray(np.log(np.maximum(values, 0.0) + _LEAST))


def _exp(values: Values) -> Values:
    return np.maximum(np.exp(values) - _LEAST, 0.0)


RULES = {
    Check.MISSING: Rule(About.FEED, 1, _root, _square, 0.03, 0.05),
    Check.FEED_AGE: Rule(About.FEED, 1, _same, _same, 0.3, 2.0),
    Check.REJECTS: Rule(About.FEED, 1, _root, _square, 0.02, 0.01),
    Check.BIAS: Rule(About.FORECAST, 0, _same, _same, 0.008, 0.04),
    Check.ACCURACY: Rule(About.FORECAST, 1, _log, _exp, 0.08, 0.03),
    Check.COVERAGE: Rule(About.FORECAST, -1, _same, _same, 0.02, 0.1),
    Check.DRIFT: Rule(About.FORECAST, 1, _log, _exp, 0.25, 0.02),
    Check.FALLBACKS: Rule(About.RUN, 1, _same, _same, 0.01, 0.03),
    Check.RUN_TIME: Rule(About.RUN, 1, _log, _exp, 0.1, 5.0),
}
"""Of every check that has a usual value; what is published is judged as it is."""
