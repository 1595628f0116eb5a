"""Ceilings of links and of trunk groups: the peak that a capacity carries within its grade of service.

Of a link: a share of its capacity. Of circuits: the Erlangs of which they block no more than a grade (Erlang B,
ITU-T E.520), for the usual busy hour and, more loosely, for the five busiest days.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.config.capacity import CapacitySection
from forecasting.planning.queues.checks import as_floats
from forecasting.planning.queues.erlang_b import circuits_for, erlang_b, load_for

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

EPSILON = 1e-9
"""100 circuits times 1.15 are 115, though floating point makes it a hair less."""


def ceilings(capacity: Floats, rules: CapacitySection) -> Floats:
    """(n,) peaks that must not be passed: `threshold` of the capacity or, with `grade`, Erlangs of so many circuits.

    capacity: (n,) in the peak's unit, or circuits, of which parts of one carry nothing. SettingsError: circuits that
    are missing or negative.
    """
    return rules.threshold * capacity if rules.grade is None else load_for(_whole(capacity), blocking=rules.grade)


def heavy_ceilings(circuits: Floats, rules: CapacitySection) -> Floats:
    """(n,) Erlangs that the mean of the five busiest days must not pass: E.520's second rule, at `heavy_grade`."""
    return load_for(_whole(circuits), blocking=rules.heavy_grade)


def circuits_needed(usual: ArrayLike, heavy: ArrayLike, *, grade: float = 0.01, heavy_grade: float = 0.07) -> Ints:
    """Fewest circuits within both rules of E.520.

    usual: Erlangs in the mean busy hour; heavy: Erlangs, mean of the five busiest days; arrays that broadcast.
    SettingsError: loads that are missing, negative or infinite, grades not between 0 and 1.
    """
    return np.maximum(circuits_for(usual, blocking=grade), circuits_for(heavy, blocking=heavy_grade))


def improvement(load: ArrayLike, circuits: ArrayLike) -> Floats:
    """Erlangs that one circuit more would carry: A (B(n) - B(n + 1)), what ITU-T E.522 weighs against its cost.

    load: offered Erlangs, A; circuits: present number, n; arrays that broadcast. It falls with every circuit.
    SettingsError as `erlang_b`.
    """
    offered, present = as_floats(load=load, circuits=circuits)
    return offered * (erlang_b(offered, present) - erlang_b(offered, present + 1))


def _whole(circuits: Floats) -> Floats:
    whole: Floats = np.floor(np.asarray(circuits, dtype=np.float64) + EPSILON)
    return whole
