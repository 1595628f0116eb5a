"""Orders: by which day, which step of the catalogue, and what a delay of a quarter costs.

Days are counted from the origin's day, 0, on which an order is placed at the earliest; what is ordered on day d is in
service from day d + lead_time on. Whatever lies beyond the D days of the paths is not seen: days late end there, and a
step is judged by the days that are left.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.config.capacity import CapacitySection
from forecasting.errors import SettingsError
from forecasting.numerics import Floats, Ints
from forecasting.planning.capacity.runout import EPSILON, date_quantiles, run_out
from forecasting.terms import DAY, CapacityRule

Days = NDArray[np.int32]

QUARTER = 91
YEAR = 365


@dataclass(frozen=True)
class StepChoice:
    """(n,) arrays: index of the step among the rules' (-1: none), capacity with it and its cost (NaN: none), rule."""

    step: Ints
    capacity: Floats
    cost: Floats
    rule: NDArray[np.object_]


@dataclass(frozen=True)
class DelayCost:
    """(n,) arrays on ordering a quarter later rather than today.

    wait_cost: expected cost of ordering later less that of ordering today; negative where the delay saves money.
    expected_delay_loss: the expected loss over the paths on which the delay costs more, 0 on the others. Both are NaN
    without a step. late_now, late_later: expected days above the ceiling until what is ordered today, or a quarter
    later, is in service.
    """

    wait_cost: Floats
    expected_delay_loss: Floats
    late_now: Floats
    late_later: Floats


def order_by(first_exceedance: Days, rules: CapacitySection, *, horizon: int) -> Days:
    """(n,) last days for an order to be in service, with probability `confidence`, before the link runs out.

    It is the 1 - confidence quantile of the run-out day less the lead time: 0 is due today, below 0 so many days late;
    `horizon` (D) where that quantile is beyond it. first_exceedance: (n, S) of `run_out`.
    """
    soonest = date_quantiles(first_exceedance, (1 - rules.confidence,))[:, 0]
    return np.where(soonest < horizon, soonest - rules.lead_time // DAY, horizon).astype(np.int32)


def choose_step(paths: Floats, capacity: Floats, deadline: Days, rules: CapacitySection) -> StepChoice:
    """The cheapest step for each link that needs one within the quarter; the smaller one where two cost the same.

    paths: (n, D, S) peaks; capacity: (n,) at present; deadline: (n,) of `order_by`. A link whose deadline lies a
    quarter (91 days) ahead or later is NOT_NEEDED: the next plan is early enough. Otherwise a step is sufficient if it
    adds capacity and, ordered today, the link runs out with probability 1 - confidence at most within `lasting` of its
    first day in service. No step changes what happens before that day, so the windows of the rules begin with it. Where
    the horizon ends before `lasting` does, the step is judged until there. SettingsError: the horizon ends before a
    step is in service.
    """
    count, horizon = len(paths), paths.shape[1]
    lead, lasting = rules.lead_time // DAY, rules.lasting // DAY
    if lead >= horizon:
        raise SettingsError(
            f"planning.capacity: expected a horizon of {rules.peak_stream} beyond lead_time, found {horizon} days "
            f"against {lead}; forecast further ahead or shorten lead_time"
        )
    in_service = paths[:, lead : lead + lasting]
    cost = np.array([step.cost for step in rules.steps])
    after = np.array([[step.capacity_after(present) for step in rules.steps] for present in capacity.tolist()])
    after = after.reshape(count, len(rules.steps))
    cheapest = np.lexsort((after, np.broadcast_to(cost, after.shape)), axis=1)
    needed = deadline < min(QUARTER, horizon)
    chosen: Ints = np.full(count, -1, dtype=np.int64)
    for step in cheapest.T:
        with_it = after[np.arange(count), step]
        asked = np.flatnonzero(needed & (chosen < 0) & (with_it > capacity))
        first_exceedance = run_out(in_service[asked], with_it[asked], rules)
        passed = (first_exceedance < in_service.shape[1]).mean(axis=1)
        enough = asked[passed <= 1 - rules.confidence + EPSILON]
        chosen[enough] = step[enough]
    taken = np.flatnonzero(chosen >= 0)
    new, price = np.full((2, count), np.nan)
    new[taken], price[taken] = after[taken, chosen[taken]], cost[chosen[taken]]
    none = CapacityRule.NO_SUFFICIENT_STEP if rules.steps else CapacityRule.NO_CATALOGUE
    rule = np.full(count, CapacityRule.NOT_NEEDED, dtype=object)
    rule[needed] = none
    rule[taken] = CapacityRule.SUFFICIENT
    return StepChoice(chosen, new, price, rule)


def delay_cost(paths: Floats, ceiling: Floats, cost: Floats, rules: CapacitySection) -> DelayCost:
    """Cost of ordering a quarter (91 days) later, against ordering today.

    paths: (n, D, S) peaks; ceiling: (n,) of `ceilings` at present; cost: (n,) of the step, NaN where there is none. A
    path costs the step and `overload_cost` a day above the ceiling until it is in service; what is spent a quarter
    later saves a quarter of `capital_rate`. Once in service a step is taken to suffice, early or late.
    """
    lead = rules.lead_time // DAY
    above = paths[:, : lead + QUARTER] > np.asarray(ceiling, dtype=paths.dtype)[:, None, None]
    now = above[:, :lead].sum(axis=1, dtype=np.int32)
    meanwhile = above[:, lead:].sum(axis=1, dtype=np.int32)
    saved = np.asarray(cost, dtype=np.float64) * rules.capital_rate * QUARTER / YEAR
    dearer = rules.overload_cost * meanwhile - saved[:, None]
    late_now = now.mean(axis=1)
    return DelayCost(
        wait_cost=dearer.mean(axis=1),
        expected_delay_loss=np.maximum(dearer, 0.0).mean(axis=1),
        late_now=late_now,
        late_later=late_now + meanwhile.mean(axis=1),
    )
