"""The step from one row of a series to its next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import gcd

from forecasting.jobs.feeds.findings import FeedQuestionError

DAY_SECONDS = 86_400
_USUAL = (
    *(60, 120, 180, 240, 300, 360, 480, 600, 720, 900, 1200, 1440, 1800, 2400, 3600, 7200, 10_800, 14_400, 21_600),
    *(28_800, 43_200, DAY_SECONDS, 7 * DAY_SECONDS),
)
"""Steps of exports: they divide a day, or are a day or a week."""
_NEAR = 0.1
"""Share of a step by which polls may come early or late."""
_MOSTLY = 0.5
_MULTIPLES = 0.9
"""Share of steps that are whole multiples of the feed's own step where rows lie on a grid."""
_TOO_LONG = {"months": (28, 31), "quarters": (90, 92), "years": (365, 366)}
"""Days of steps that no interval of whole days follows."""


@dataclass(frozen=True)
class FeedStep:
    """Seconds from one row of a series to the next. is_regular: rows lie on a grid of that step, not just near it."""

    seconds: int
    is_regular: bool


def find_step(steps: Mapping[int, int], moments: Sequence[int]) -> FeedStep | None:
    """The step of a feed's rows, or None where too few rows follow each other.

    steps: seconds from a row to the next of its series, and how often; moments: distinct times in seconds, ascending,
    for samples in which no row of a series follows another. Raises FeedQuestionError where there is no step.
    """
    total = sum(steps.values())
    if not total:
        apart = [later - moment for moment, later in pairwise(moments)]
        common = reduce(gcd, apart, 0)
        return FeedStep(common, True) if len(apart) > 1 and common >= 60 else None
    _refuse_long_steps(steps, ("years",))
    common = max(steps, key=lambda seconds: (steps[seconds], -seconds))
    whole = sum(count for seconds, count in steps.items() if seconds % common == 0)
    if common >= 60 and whole >= _MULTIPLES * total:
        return FeedStep(common, True)
    _refuse_long_steps(steps, ("months", "quarters"))
    near = {usual: _near(steps, usual) for usual in _USUAL}
    best = max(near, key=lambda usual: near[usual])
    if near[best] >= _MOSTLY * total:
        return FeedStep(best, False)
    divisor = reduce(gcd, steps, 0)
    if divisor >= 60 and divisor in _USUAL:
        return FeedStep(divisor, True)
    return None


def _refuse_long_steps(steps: Mapping[int, int], names: Sequence[str]) -> None:
    """Raises FeedQuestionError where nearly all steps are such periods of the calendar."""
    for name in names:
        first, last = (days * DAY_SECONDS for days in _TOO_LONG[name])
        if sum(count for step, count in steps.items() if first <= step <= last) > _MULTIPLES * sum(steps.values()):
            raise FeedQuestionError(
                f"the feed is in {name}; intervals are parts of a day or whole days: bring days or weeks"
            )


def _near(steps: Mapping[int, int], usual: int) -> int:
    return sum(count for seconds, count in steps.items() if abs(seconds - usual) <= _NEAR * usual)
