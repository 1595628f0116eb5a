"""Probability that one interval meets its target: the service level of half an hour is a sample, not an average.

With exactly the agents that give 80% within 20 seconds in the long run, little more than half of the intervals reach
80%. The share of an interval's calls that are answered in time has the mean of the stationary queue and a variance of
two parts: fluctuation of the queue's state within the interval, and sampling noise of single calls. The first comes
from the birth-death chain of Erlang A (or C): the asymptotic variance of a function f of its state k,

    2 sum_k 1/(lambda pi_k) (sum_{j<=k} pi_j (f_j - mean))^2                      (Whitt, 1992, for birth-death chains)

spread over the interval by the relaxation time that it implies. The share is taken as beta distributed with that mean
and variance. Against long simulations of half hours, where reaching the target is more likely than not, the probability
is right within 0.03 from 3 Erlangs on, and up to 0.05 too low below, because few calls have few possible shares.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammainc

from forecasting.numerics import Floats

CELLS = 2_000_000
"""States of queues that are held at once."""


def interval_service(
    load: ArrayLike, agents: ArrayLike, *, handle: ArrayLike, within: float, patience: float, interval: float
) -> tuple[Floats, Floats]:
    """Mean and variance of the share of an interval's offered calls that is answered within `within` seconds.

    load: Erlangs; agents: whole numbers; handle: mean seconds (these three broadcast, and shape the answers). patience:
    mean seconds until a caller gives up, inf for never; interval: seconds. Abandoned calls count as not answered.
    Assumes Poisson arrivals at a constant rate, exponential handle times and patience. Without load all are served;
    without agents none is.
    """
    loads, people, handles = (
        np.asarray(one, dtype=np.float64).ravel() for one in np.broadcast_arrays(load, agents, handle)
    )
    shape = np.broadcast_shapes(np.shape(load), np.shape(agents), np.shape(handle))
    mean, variance = np.where(loads > 0, 0.0, 1.0), np.zeros(len(loads))
    lowest, width = _states(loads, people, handles, within)
    work = np.nonzero((loads > 0) & (people > 0))[0]
    work = work[np.argsort(width[work], kind="stable")]
    for some in _chunks(work, width[work]):
        states = lowest[some], int(width[some].max())
        mean[some], variance[some] = _service(
            loads[some], people[some], handles[some], states, within=within, patience=patience, interval=interval
        )
    return mean.reshape(shape), variance.reshape(shape)


def reached(mean: Floats, variance: Floats, share: float) -> Floats:
    """Probability that a share of calls with this mean and variance is at least `share`, as of a beta variable."""
    inside = mean * (1 - mean)
    narrow = np.clip(variance, 1e-9, 0.999 * inside + 1e-12)
    count = np.maximum(inside / narrow - 1, 1e-3)
    chance = 1 - betainc(np.maximum(mean * count, 1e-6), np.maximum((1 - mean) * count, 1e-6), share)
    bounded: Floats = np.clip(chance, 0.0, 1.0)
    return bounded


def _chunks(work: NDArray[np.int64], width: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The work, sorted by width, in parts of which none holds more than `CELLS` states."""
    start = 0
    while start < len(work):
        end = min(start + max(1, CELLS // int(width[start])), len(work))
        end = min(start + max(1, CELLS // int(width[end - 1])), len(work))
        yield work[start:end]
        start = end


def _states(load: Floats, agents: Floats, handle: Floats, within: float) -> tuple[Floats, NDArray[np.int64]]:
    """First state of each queue that counts, and how many do: lower ones never occur, higher ones are not in time."""
    lowest = np.maximum(np.floor(np.minimum(load, agents) - 8 * np.sqrt(load) - 10), 0)
    in_time = agents * within / handle
    highest = agents + np.ceil(2 * (in_time + 8 * np.sqrt(in_time)) + 6 * np.sqrt(agents) + 30)
    return lowest, (highest - lowest + 1).astype(np.int64)


def _service(
    load: Floats,
    agents: Floats,
    handle: Floats,
    states: tuple[Floats, int],
    *,
    within: float,
    patience: float,
    interval: float,
) -> tuple[Floats, Floats]:
    lowest, width = states
    state = lowest[:, None] + np.arange(width)
    rate = (load / handle)[:, None]
    waiting = np.maximum(state - agents[:, None], 0)
    leave = 1 / patience
    down = np.minimum(state, agents[:, None]) / handle[:, None] + waiting * leave
    steps = np.log(rate / np.where(state > 0, down, 1.0))
    steps[:, 0] = 0.0
    log = np.cumsum(steps, axis=1)
    chance = np.exp(log - log.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)

    served = _served(state, agents[:, None], handle[:, None], within, leave)
    mean = (chance * served).sum(axis=1)
    off = served - mean[:, None]
    spread = (chance * off**2).sum(axis=1)
    # states that the chain hardly ever visits add rounding, not variance
    visited = chance > 1e-14
    drift = np.where(visited, np.cumsum(chance * off, axis=1) ** 2 / np.where(visited, rate * chance, 1.0), 0.0)
    relaxation = drift.sum(axis=1) / np.maximum(spread, 1e-12)
    times = interval / np.maximum(relaxation, 1e-9)
    fluctuation = spread * 2 / times * (1 - (1 - np.exp(-times)) / times)
    calls = np.maximum(rate[:, 0] * interval, 1.0)
    noise = (chance * served * (1 - served)).sum(axis=1) / calls
    return mean, fluctuation + noise


def _served(state: Floats, agents: Floats, handle: Floats, within: float, leave: float) -> Floats:
    """Probability that a call which finds this state is answered in time and its caller is still there.

    The wait is a sum of exponential times, one for each call that must leave before; it is taken as gamma
    distributed with its mean and variance, whose part below `within`, less callers who give up,
    has a closed form.
    """
    ahead = np.maximum(state - agents, 0)
    queues = state >= agents
    step = np.where(queues, 1 / (agents / handle + ahead * leave), 0.0)
    mean, variance = np.cumsum(step, axis=1), np.cumsum(step**2, axis=1)
    shape = np.where(queues, mean**2 / np.where(queues, variance, 1.0), 1.0)
    scale = np.where(queues, variance / np.where(queues, mean, 1.0), 1.0)
    in_time = gammainc(shape, within * (1 / scale + leave)) * (1 + leave * scale) ** -shape
    return np.where(queues, in_time, 1.0)
