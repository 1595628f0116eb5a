"""Erlang B: circuits without a queue, where a call that finds all of them busy is lost (M/G/n/n; Erlang, 1917).

Blocking is the share of offered calls that are lost. ITU-T E.520 takes 1% of the mean busy hour.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from forecasting.numerics import Floats64, Ints
from forecasting.planning.queues.checks import as_floats, require, require_load, require_whole
from forecasting.planning.queues.gammas import log_inverse_blocking
from forecasting.planning.queues.search import fewest

ROUNDS = 100
"""Newton steps at most; ten are the rule."""


def erlang_b(load: ArrayLike, circuits: ArrayLike) -> Floats64:
    """Blocking of `load` Erlangs (>= 0) offered to whole numbers of circuits (>= 0); arrays that broadcast.

    No load: nothing is blocked, whatever the circuits. SettingsError: missing, negative or infinite numbers.
    """
    x, n = as_floats(load=load, circuits=circuits)
    require_load(x)
    require_whole("circuits", n)
    blocked = np.exp(-log_inverse_blocking(n.ravel(), np.where(x > 0, x, 1.0).ravel())).reshape(x.shape)
    return np.where(x > 0, blocked, 0.0)


def circuits_for(load: ArrayLike, *, blocking: ArrayLike) -> Ints:
    """Fewest circuits that block at most `blocking` (above 0, below 1) of `load` Erlangs; no load needs none.

    Blocking met to within a relative 1e-10 counts as met. SettingsError as `erlang_b`.
    """
    x, lost = as_floats(load=load, blocking=blocking)
    require_load(x)
    _require_blocking(lost)
    found = np.zeros(x.size, dtype=np.int64)
    busy = np.flatnonzero(x.ravel() > 0)
    load_, target = x.ravel()[busy], np.log(lost.ravel()[busy])
    found[busy] = fewest(
        lambda n, case: -log_inverse_blocking(n, load_[case]) - target[case],
        start=load_ * -np.expm1(target) + np.sqrt(load_),
        pace=1.5 / np.sqrt(load_),
        least=np.ones(len(busy)),
    )
    return found.reshape(x.shape)


def load_for(circuits: ArrayLike, *, blocking: ArrayLike) -> Floats64:
    """Offered Erlangs of which `circuits` (>= 0) block exactly `blocking` (above 0, below 1); 0 of no circuits.

    SettingsError as `erlang_b`.
    """
    n, lost = as_floats(circuits=circuits, blocking=blocking)
    require_whole("circuits", n)
    _require_blocking(lost)
    servers, target = np.maximum(n, 1.0).ravel(), np.log(lost).ravel()
    # log blocking rises and is concave in log load, with slope n less the carried load: from below, Newton cannot miss
    log_load = (special.gammaln(servers + 1) + target) / servers
    for _ in range(ROUNDS):
        load = np.exp(log_load)
        blocked = -log_inverse_blocking(servers, load)
        step = (target - blocked) / np.maximum(servers + load * np.expm1(blocked), np.finfo(float).eps)
        log_load += step
        if (np.abs(step) < 1e-14).all():
            break
    return np.where(n > 0, np.exp(log_load).reshape(n.shape), 0.0)


def _require_blocking(lost: Floats64) -> None:
    require("blocking", lost, (lost > 0) & (lost < 1), "a share above 0 and below 1, such as 0.01")
