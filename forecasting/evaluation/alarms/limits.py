"""Control limits that a stream's own past sets: robust, by weekday, and as wide as the number of checks asks for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from forecasting.evaluation.alarms.checks import Rule, Values

FALSE_ALARMS_A_DAY = 1 / 60
"""Of all checks of all streams together: one in two months, so that what limits do not know makes it one at most."""
LEAST_ORIGINS = 14
"""Earlier values without which nothing is unusual."""
_DEGREES = 6.0
"""Of freedom of Student's t: errors of single days have heavier tails than the normal distribution."""
_WEEKDAY_WEIGHT = 1.0
"""Values that a weekday's own median counts against: with as many of its own it moves half of the way."""
_SPECIAL = 2.5
"""Times the usual scatter on holidays, days beside them and events, which forecasts know and hit less well."""
_BOTH = 2.0
"""Deviation that each of two origins in a row has where neither is enough by itself."""
_PAIR_MARGIN = 1.15
"""A mean of two has lighter tails than one value, and not those of a normal distribution."""
_ALIKE = (0.3, 0.8)
"""Correlation of two origins in a row, at least and at most."""


@dataclass(frozen=True)
class Deviation:
    """A value beside its usual one. excess: 1 where a person is needed; deviation: in units of usual scatter."""

    value: float
    usual: float
    lower: float
    upper: float
    deviation: float
    excess: float


def judge(
    values: Values, weekdays: NDArray[np.intp], special: NDArray[np.bool_], rule: Rule, *, chance: float
) -> Deviation | None:
    """The newest value against the earlier ones; None where these are too few.

    values: (n,) by origin, the newest last; weekdays, special: (n,) of the same origins. chance: of a false alarm of
    this check at an origin. One value is unusual by itself; two in a row on one side are when their mean is. Earlier
    values but the last set the limits: median and scatter around it, with the weekday's own level where it has one, as
    for charts of individual values (Rousseeuw and Croux 1993 for the scatter).
    """
    x = rule.scale(values)
    past = np.arange(len(x) - 2)
    past = past[np.isfinite(x[past]) & ~special[past]]
    if len(past) < LEAST_ORIGINS or not np.isfinite(x[-1]):
        return None
    centre = float(np.median(x[past]))
    levels = np.array([_level_of(x[past], weekdays[past], day, centre) for day in range(7)])
    rest = x[past] - levels[weekdays[past]]
    spread = max(_scatter(rest), rule.least_spread)
    widths = spread * np.where(special[-2:], _SPECIAL, 1.0) * np.sqrt(1 + 2 / len(past))
    last = (x[-2:] - levels[weekdays[-2:]]) / widths
    single = float(t.isf(chance / 2, _DEGREES))
    now = float(last[-1])
    excess = _on_side(now, rule.side) / single
    if np.isfinite(last[0]) and last[0] * now > 0 and np.abs(last).min() >= _BOTH:
        alike = float(np.clip(_correlation(rest), *_ALIKE))
        pair = float(last.sum()) / np.sqrt(2 * (1 + alike))
        excess = max(excess, _on_side(pair, rule.side) / float(norm.isf(chance / 2) * _PAIR_MARGIN))
    usual = float(rule.plain(levels[[weekdays[-1]]])[0])
    if abs(values[-1] - usual) < rule.least_excess:
        excess = min(excess, 0.0)
    edge = levels[weekdays[-1]] + np.array([-1.0, 1.0]) * single * widths[-1]
    lower, upper = rule.plain(edge)
    return Deviation(float(values[-1]), usual, float(lower), float(upper), now, excess)


def _on_side(deviation: float, side: int) -> float:
    return abs(deviation) if side == 0 else max(side * deviation, 0.0)


def _level_of(x: Values, weekdays: NDArray[np.intp], day: int, centre: float) -> float:
    own = x[weekdays == day]
    if not len(own):
        return centre
    return centre + (float(np.median(own)) - centre) * len(own) / (len(own) + _WEEKDAY_WEIGHT)


def _scatter(rest: Values) -> float:
    """Of values around 0: of the middle half, or of all but a tenth where that is wider."""
    size = np.abs(rest)
    return float(max(1.4826 * np.median(size), np.quantile(size, 0.9) / 1.645))


def _correlation(rest: Values) -> float:
    """Of neighbours, by signs, which outliers do not move (the sine of the share of equal signs)."""
    if len(rest) < LEAST_ORIGINS:
        return 0.0
    signs = np.sign(rest[1:] * rest[:-1])
    return float(np.sin(np.pi / 2 * signs.mean()))
