"""Ceilings of links and of trunk groups: the peak that a capacity carries within its grade of service.

Of a link: a share of its capacity. Of circuits: the Erlangs of which they block no more than a grade (Erlang B,
ITU-T E.520), for the usual busy hour and, more loosely, for the five busiest days.
"""

import numpy as np

from forecasting.config.capacity import CapacitySection
from forecasting.numerics import Floats
from forecasting.planning.queues.erlang_b import load_for

EPSILON = 1e-9
"""100 circuits times 1.15 are 115, though floating point makes it slightly less."""


def ceilings(capacity: Floats, rules: CapacitySection) -> Floats:
    """(n,) peaks that must not be passed: `threshold` of the capacity or, with `grade`, Erlangs of so many circuits.

    capacity: (n,) in the peak's unit, or circuits, of which fractions do not count. SettingsError: circuits that
    are missing or negative.
    """
    return rules.threshold * capacity if rules.grade is None else load_for(_whole(capacity), blocking=rules.grade)


def heavy_ceilings(circuits: Floats, rules: CapacitySection) -> Floats:
    """(n,) Erlangs that the mean of the five busiest days must not pass: E.520's second rule, at `heavy_grade`."""
    return load_for(_whole(circuits), blocking=rules.heavy_grade)


def _whole(circuits: Floats) -> Floats:
    whole: Floats = np.floor(np.asarray(circuits, dtype=np.float64) + EPSILON)
    return whole
