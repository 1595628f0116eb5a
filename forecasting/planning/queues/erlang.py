"""Erlang C and A: service of a queue, and the agents that a service target needs.

Calls arrive as a Poisson process, handle times and patience are exponential, all agents are alike, and the queue has
no limit (M/M/n+M; Palm, 1957; Baccelli and Hebuterne, 1981; Zeltyn and Mandelbaum, 2005). Patience without end is
Erlang C, none at all the loss system, Erlang B (`erlang_b.py`); both are limits of the formulas here.

Three service levels are in use. The one that the product promises and reports is `served_within`: the share of ALL
offered calls that are answered within the threshold; those who gave up count as not served.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from forecasting.numerics import Floats64, Ints
from forecasting.planning.queues.checks import as_floats, require, require_load, require_whole
from forecasting.planning.queues.gammas import impatient, log_inverse_blocking
from forecasting.planning.queues.search import fewest

IMPATIENT = 1e30
"""Mean handle times over patience beyond which nobody waits at all."""
FOREVER = 1e30
"""Thresholds in mean handle times beyond which all waiting is over."""
CHUNK = 1 << 15
"""Intervals worked on at a time: they stay in the processor's cache."""
LEAST = 1e-300
"""Shares below this count as this where a logarithm is taken."""


@dataclass(frozen=True)
class Queue:
    """Steady state of queues; arrays of one shape, shares of offered calls where nothing else is given.

    waits: share that finds all agents busy, P(W > 0). served_within: the product's service level, answered within the
    threshold over all offered. served_within_of_staying: the same over those who did not give up before the threshold.
    waited_within: P(W <= threshold), W the time in queue whether it ended with an agent or with giving up. mean_wait:
    E[W] in seconds over all calls, served or not (the ASA of Erlang C); inf for a queue that grows without end, so
    tables must decide. abandoned: share that gives up. occupancy: share of agents' time spent on calls.
    """

    waits: Floats64
    served_within: Floats64
    served_within_of_staying: Floats64
    waited_within: Floats64
    mean_wait: Floats64
    abandoned: Floats64
    occupancy: Floats64


class _QueueWait(NamedTuple):
    """`waits` as in Queue; of those who wait: mean wait in handle times, share that gives up, share that still waits
    at the threshold, and of these the share that will give up."""

    waits: Floats64
    wait: Floats64
    leave: Floats64
    outlast: Floats64
    leave_later: Floats64

    @property
    def missed(self) -> Floats64:
        """Share of all calls that is not answered within the threshold; a sum, so exact where it is small."""
        return np.minimum(self.waits * (self.leave + self.outlast * (1 - self.leave_later)), 1.0)


def queue(
    load: ArrayLike, agents: ArrayLike, *, handle: ArrayLike, within: ArrayLike, patience: ArrayLike = np.inf
) -> Queue:
    """Service of queues in steady state: Erlang C where patience is inf, Erlang A elsewhere.

    load: offered Erlangs, >= 0; agents: whole numbers, >= 0; handle: mean handle time, > 0; within: threshold of the
    service levels, >= 0; patience: mean time until a waiting caller gives up, >= 0; all in seconds, and all arrays
    that broadcast. Rules: without load nothing waits, every service level is 1 and occupancy 0, whatever the agents.
    Without agents nobody is served and occupancy is 0. With endless patience and no more agents than load the queue
    grows without end: all wait, none is served in time, mean_wait is inf, occupancy 1. Patience 0: who finds all
    agents busy is lost. SettingsError: missing, negative or infinite numbers.
    """
    x, n, seconds, *_ = given = _checked(load, agents, handle, within, patience)
    found = _in_chunks(given)
    abandoned = found.waits * found.leave
    left_before = np.clip(found.waits * (found.leave - found.outlast * found.leave_later), 0.0, 1.0)
    answered = np.where(np.isinf(found.wait), np.minimum(x, n), x * (1 - abandoned))
    served, stayed = 1 - found.missed, 1 - left_before
    return Queue(
        waits=found.waits,
        served_within=served,
        served_within_of_staying=np.divide(served, stayed, out=np.zeros(x.shape), where=stayed > 0),
        waited_within=1 - found.waits * found.outlast,
        mean_wait=seconds * found.waits * found.wait,
        abandoned=abandoned,
        occupancy=np.minimum(np.divide(answered, n, out=np.zeros(x.shape), where=n > 0), 1.0),
    )


def served_within(
    load: ArrayLike, agents: ArrayLike, *, handle: ArrayLike, within: ArrayLike, patience: ArrayLike = np.inf
) -> Floats64:
    """The product's service level: share of ALL offered calls answered within the threshold, abandons not served.

    Arguments, rules and errors as `queue`, of which this is one column, in less time.
    """
    served: Floats64 = 1 - _in_chunks(_checked(load, agents, handle, within, patience)).missed
    return served


def agents_for(
    load: ArrayLike,
    *,
    handle: ArrayLike,
    within: ArrayLike,
    share: ArrayLike,
    patience: ArrayLike = np.inf,
    max_occupancy: ArrayLike = 1.0,
) -> Ints:
    """Fewest agents with which `share` of ALL offered calls is answered within `within` seconds (`served_within`) and
    agents are on calls for at most `max_occupancy` of their time.

    load, handle, within, patience as in `queue`; share: above 0 and below 1 (no finite number of agents promises
    all); max_occupancy: above 0, at most 1. Occupancy is that of answered calls: load / agents with endless patience,
    load (1 - abandoned) / agents else. Both improve with every agent, so the least number that meets both is exact;
    a target met to within 1e-10 of what it lets go counts as met. No load needs no agents. SettingsError as `queue`.
    """
    given = as_floats(
        load=load, handle=handle, within=within, share=share, patience=patience, max_occupancy=max_occupancy
    )
    x, seconds, threshold, least, patient, most = given
    _require_times(x, seconds, threshold, patient)
    require("share", least, (least > 0) & (least < 1), "above 0 and below 1, such as 0.8")
    require("max_occupancy", most, (most > 0) & (most <= 1), "above 0 and at most 1, such as 0.85")
    flat = [each.ravel() for each in given]
    found = np.zeros(x.size, dtype=np.int64)
    busy = np.flatnonzero(flat[0] > 0)
    for first in range(0, len(busy), CHUNK):
        some = busy[first : first + CHUNK]
        found[some] = _fewest_agents(*(each[some] for each in flat))
    return found.reshape(x.shape)


def _fewest_agents(
    load: Floats64, handle: Floats64, within: Floats64, share: Floats64, patience: Floats64, max_occupancy: Floats64
) -> Ints:
    """`agents_for` of 1-dimensional arrays with load above 0."""
    let_go = np.log1p(-share)
    capped = bool((max_occupancy < 1).any())

    def gap(agents: Floats64, case: Ints) -> Floats64:
        found = _queue_wait(load[case], agents, handle[case], within[case], patience[case])
        over = np.log(np.maximum(found.missed, LEAST)) - let_go[case]
        if capped:
            busy = load[case] * (1 - found.waits * found.leave) / (agents * max_occupancy[case])
            over = np.maximum(over, np.log(np.maximum(busy, LEAST)))
        return over

    endless = np.isinf(patience)
    # the fluid approximation, and a reserve for variance that shrinks with the threshold
    fluid = np.where(endless, load, load * np.maximum(share, np.exp(-within / np.maximum(patience, LEAST))))
    pace = 1.5 / np.sqrt(load) + within / handle
    start = np.maximum(fluid - let_go / pace, np.where(max_occupancy < 1, load / max_occupancy, 0.0))
    return fewest(gap, start=start, pace=pace, least=np.where(endless, np.floor(load) + 1, 1.0))


def _queue_wait(load: Floats64, agents: Floats64, handle: Floats64, within: Floats64, patience: Floats64) -> _QueueWait:
    """What happens to those who wait; checked 1-dimensional arrays."""
    with np.errstate(divide="ignore", over="ignore"):
        impatience = np.minimum(handle / patience, IMPATIENT)
    window = np.minimum(within / handle, FOREVER)
    idle, alone = load == 0, (agents == 0) & (impatience > 0)
    endless = (impatience == 0) & (agents <= load) & ~idle
    odd = idle | alone | endless
    # values that are safe to compute with, overwritten by the rules below
    x, n = np.where(odd, 1.0, load), np.where(odd, 2.0, agents)
    log_j, wait, log_p = impatient(n, x, impatience)
    waits = 1 / (1 + np.exp(np.minimum(log_inverse_blocking(n - 1, x) - np.log(x) - log_j, 700.0)))
    later = x * np.exp(-impatience * window)
    log_j_later, wait_later, log_p_later = impatient(n, later, impatience)
    outlast = np.exp(np.minimum(_log_outlast(x, n, impatience, window, log_j, log_j_later, log_p, log_p_later), 0.0))
    leave, leave_later = impatience * wait, impatience * wait_later
    if odd.any():
        waits = np.where(idle, 0.0, np.where(odd, 1.0, waits))
        wait[odd] = np.where(idle, 0.0, 1 / np.maximum(impatience, LEAST))[odd]
        wait[endless] = np.inf
        leave[odd] = leave_later[odd] = np.where(alone, 1.0, 0.0)[odd]
        outlast[odd] = np.where(idle, 0.0, np.exp(-impatience * window))[odd]
    return _QueueWait(waits, wait, np.minimum(leave, 1.0), outlast, np.minimum(leave_later, 1.0))


def _log_outlast(
    load: Floats64,
    agents: Floats64,
    impatience: Floats64,
    window: Floats64,
    log_j: Floats64,
    log_j_later: Floats64,
    log_p: Floats64,
    log_p_later: Floats64,
) -> Floats64:
    """Logarithm of P(W > threshold) of those who wait; the window is the threshold in mean handle times.

    It is exp(-impatience window) P(a, z exp(-impatience window)) / P(a, z), gamma functions as in `impatient`; where
    they were not used, the same by the integrals and what lies between them.
    """
    aged = impatience * window
    met = np.where(impatience > 0, -np.expm1(-aged) / np.maximum(impatience, LEAST), window)
    between = load * (met - window) - (agents - load) * window + log_j_later - log_j
    return np.where(np.isnan(log_p) | np.isnan(log_p_later), between, log_p_later - log_p) - aged


def _in_chunks(given: list[Floats64]) -> _QueueWait:
    """`_queue_wait` of arrays of any one shape, a processor's cache at a time."""
    flat = [each.ravel() for each in given]
    starts = range(0, max(flat[0].size, 1), CHUNK)
    parts = [np.stack(_queue_wait(*(each[first : first + CHUNK] for each in flat))) for first in starts]
    return _QueueWait(*np.concatenate(parts, axis=1).reshape(len(parts[0]), *given[0].shape))


def _checked(
    load: ArrayLike, agents: ArrayLike, handle: ArrayLike, within: ArrayLike, patience: ArrayLike
) -> list[Floats64]:
    given = as_floats(load=load, agents=agents, handle=handle, within=within, patience=patience)
    x, n, *times = given
    _require_times(x, *times)
    require_whole("agents", n)
    return given


def _require_times(load: Floats64, handle: Floats64, within: Floats64, patience: Floats64) -> None:
    require_load(load)
    require("handle", handle, (handle > 0) & np.isfinite(handle), "a mean handle time above 0 seconds")
    require("within", within, (within >= 0) & np.isfinite(within), "seconds, 0 or more")
    require("patience", patience, patience >= 0, "seconds, 0 or more, or inf for callers who never give up")
