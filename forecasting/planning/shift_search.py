"""The search for whole numbers: everywhere first, then near the linear relaxation, with CP-SAT; alike each time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model
from scipy.optimize import linprog
from scipy.sparse import csr_array

from forecasting.errors import ModelError

NEARBY = 0.25
"""Share of the limit that is spent near the relaxation."""
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


@dataclass(frozen=True)
class Found:
    """The value of every variable, by its index, and the proven bound on the objective."""

    values: Sequence[int]
    objective: float
    bound: float

    def of(self, variable: cp_model.IntVar) -> int:
        return int(self.values[variable.index])


def search(cp: cp_model.CpModel, leading: Sequence[cp_model.IntVar], effort: Effort) -> Found:
    """The best values found for a linear model of whole numbers that is to be minimised.

    leading: variables that decide most. Where the search of everything leaves a gap they are held near their relaxed
    values, which is a far smaller problem. Raises ModelError where the limit ends the search before anything is found.
    """
    relaxed, bound = _relax(cp)
    everywhere = _run(cp, effort, limit=(1 - NEARBY) * effort.limit)
    if everywhere is not None:
        bound = max(bound, everywhere.bound)
        if everywhere.objective - bound <= effort.gap * everywhere.objective:
            return Found(everywhere.values, everywhere.objective, bound)
    near = cp.clone()
    for variable in leading:
        value = relaxed[variable.index]
        inside = near.get_int_var_from_proto_index(variable.index)
        near.add_linear_constraint(inside, max(math.floor(value) - 1, 0), math.ceil(value) + 1)
    found = [one for one in (everywhere, _run(near, effort, limit=NEARBY * effort.limit)) if one is not None]
    if not found:
        raise ModelError(f"no shifts found with an effort of {effort.limit}: raise its limit")
    best = min(found, key=lambda one: one.objective)
    # what bounds the plans near the relaxation bounds no others
    return Found(best.values, best.objective, bound)


def _run(cp: cp_model.CpModel, effort: Effort, *, limit: float) -> Found | None:
    solver = cp_model.CpSolver()
    # one worker: with several, which of them comes first would decide between equal plans
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = effort.seed
    solver.parameters.relative_gap_limit = effort.gap
    solver.parameters.max_deterministic_time = limit
    if solver.solve(cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return Found(list(solver.response_proto.solution), solver.objective_value, solver.best_objective_bound)


def _relax(cp: cp_model.CpModel) -> tuple[NDArray[np.float64], float]:
    """Values that need not be whole, and their objective: no whole numbers have a lower one."""
    proto = cp.proto
    limits = np.array([list(variable.domain) for variable in proto.variables], dtype=float)
    cost = np.zeros(len(limits))
    cost[list(proto.objective.vars)] = list(proto.objective.coeffs)
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    above: list[float] = []
    for constraint in proto.constraints:
        low, high = list(constraint.linear.domain)
        for sign, edge in ((1, high), (-1, -low)):
            if edge < UNBOUNDED:
                rows.extend([len(above)] * len(constraint.linear.vars))
                columns.extend(constraint.linear.vars)
                values.extend(sign * coefficient for coefficient in constraint.linear.coeffs)
                above.append(edge)
    matrix = csr_array((values, (rows, columns)), shape=(len(above), len(cost)))
    found = linprog(cost, A_ub=matrix, b_ub=above, bounds=limits, method="highs")
    if found.x is None:
        raise ModelError(f"the relaxed shift model has no solution: {found.message}")
    # costs are whole; rounding of the linear solver must not lift the bound
    return found.x, float(math.ceil(found.fun * (1 - 1e-9) - 1e-6))
