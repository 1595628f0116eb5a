"""The search for whole numbers: CP-SAT, close to the linear relaxation first and then ever wider; alike each time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from forecasting.errors import ModelError

UNBOUNDED = 2**62
"""CP-SAT writes limits beyond this where there is none."""


@dataclass(frozen=True)
class Effort:
    """How long the solver tries. Equal effort gives equal plans on one machine with one version of the solvers."""

    gap: float = 0.005
    """It stops once the objective is proven within this share of the best possible one."""
    limit: float = 8.0
    """Or after so much work, in CP-SAT's own deterministic seconds, no seconds of a clock."""
    seed: int = 1


ORDINARY = Effort()
QUICK = Effort(gap=0.03, limit=1.0)
"""For a person who waits. To start from the roster of before took longer and ended worse: most starts move a little."""


@dataclass(frozen=True)
class Found:
    """The value of every variable, by its index, and the proven bound on the objective."""

    values: Sequence[int]
    objective: float
    bound: float

    def of(self, variable: cp_model.IntVar) -> int:
        return int(self.values[variable.index])


Range = Callable[[float], tuple[int, int]]


def _rounded(value: float) -> tuple[int, int]:
    return math.floor(value), math.ceil(value)


def _about(value: float) -> tuple[int, int]:
    return (max(math.floor(value) - 1, 0), math.ceil(value) + 1) if value else (0, 0)


RANGES: tuple[Range, ...] = (_rounded, _about)
"""What is searched first: the relaxed values rounded down or up, then one more or less of those that are not zero.

To round well is a far smaller problem, and seldom far from the best (relaxation enforced neighbourhood search, Berthold
2014).
"""


def search(cp: cp_model.CpModel, leading: Sequence[cp_model.IntVar], effort: Effort) -> Found:
    """The best values found for a linear model of whole numbers, of 0 or more, that is to be minimised.

    leading: variables that decide most; these are held within ranges about their relaxed values, and then nothing is.
    Each range has half of the work that is left, and goes on from the best found before. Raises ModelError where the
    limit ends the search before anything is found.
    """
    relaxed, bound = _relax(cp)
    # so that the solver stops once it is near enough to this bound, in a range too
    cp.proto.objective.domain.extend([int(bound), UNBOUNDED])
    best: Found | None = None
    left = effort.limit
    for within in (*RANGES, None):
        model = cp if within is None else _narrow(cp, leading, relaxed, within)
        found, spent = _run(model, effort, limit=left if within is None else left / 2, hint=best)
        left = max(left - spent, 0.0)
        if found is None:
            continue
        if best is None or found.objective < best.objective:
            best = found
        if within is None:
            # what bounds the plans of a range bounds no others
            bound = max(bound, found.bound)
        if best.objective - bound <= effort.gap * best.objective:
            break
    if best is None:
        raise ModelError(f"no shifts found with an effort of {effort.limit}: raise its limit")
    return Found(best.values, best.objective, bound)


def _narrow(
    cp: cp_model.CpModel, leading: Sequence[cp_model.IntVar], relaxed: NDArray[np.float64], within: Range
) -> cp_model.CpModel:
    narrow = cp.clone()
    for variable in leading:
        low, high = within(float(relaxed[variable.index]))
        narrow.add_linear_constraint(narrow.get_int_var_from_proto_index(variable.index), low, high)
    return narrow


def _run(cp: cp_model.CpModel, effort: Effort, *, limit: float, hint: Found | None) -> tuple[Found | None, float]:
    """What CP-SAT finds, and the work it spent."""
    if hint is not None:
        for index, value in enumerate(hint.values):
            cp.add_hint(cp.get_int_var_from_proto_index(index), value)
    solver = cp_model.CpSolver()
    # one worker: with several, which of them comes first would decide between equal plans
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = effort.seed
    solver.parameters.relative_gap_limit = effort.gap
    solver.parameters.max_deterministic_time = limit
    status = solver.solve(cp)
    spent = solver.response_proto.deterministic_time
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, spent
    return Found(list(solver.response_proto.solution), solver.objective_value, solver.best_objective_bound), spent


def _relax(cp: cp_model.CpModel) -> tuple[NDArray[np.float64], float]:
    """Values that need not be whole, and a bound: no whole numbers have a lower objective."""
    proto = cp.proto
    limits = np.array([list(variable.domain) for variable in proto.variables], dtype=float)
    cost = np.zeros(len(limits))
    cost[list(proto.objective.vars)] = list(proto.objective.coeffs)
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    limits_of_rows: list[list[int]] = []
    for constraint in proto.constraints:
        rows.extend([len(limits_of_rows)] * len(constraint.linear.vars))
        columns.extend(constraint.linear.vars)
        values.extend(constraint.linear.coeffs)
        limits_of_rows.append(list(constraint.linear.domain))
    matrix = csr_array((values, (rows, columns)), shape=(len(limits_of_rows), len(cost)))
    low, high = np.array(limits_of_rows, dtype=float).reshape(-1, 2).T
    equal = low == high
    below, above = ~equal & (high < UNBOUNDED), ~equal & (low > -UNBOUNDED)
    found = linprog(
        cost,
        A_ub=vstack([matrix[below], -matrix[above]]),
        b_ub=np.concatenate([high[below], -low[above]]),
        A_eq=matrix[equal],
        b_eq=low[equal],
        bounds=limits,
    )
    if found.x is None:
        raise ModelError(f"the relaxed shift model has no solution: {found.message}")
    # every objective is a multiple of this
    step = math.gcd(*proto.objective.coeffs) or 1
    # rounding errors of the linear solver must not lift the bound
    return found.x.round(6), float(step * math.ceil(found.fun * (1 - 1e-6) / step))
