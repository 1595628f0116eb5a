"""Reconciliation: forecasts of series and of their sums are made to agree, path by path.

Series and groups are forecast separately, and both forecasts carry information: noise of single series averages out in
a group, and its members show what is particular to each. MinT (Wickramasuriya, Athanasopoulos and Hyndman, Optimal
Forecast Reconciliation through Trace Minimization, 2019) is the reconciliation of least variance:

    y~ = y - W C' (C W C')^-1 C y,   C = [I | -A],

where y holds the groups, then the series, A is the summing matrix and W the covariance of their errors. W is estimated
from held-back errors with correlations shrunk toward zero (Schaefer and Strimmer, A Shrinkage Approach to Large-Scale
Covariance Matrix Estimation, 2005). It is kept as a diagonal and some rows of errors, so that no system larger than the
number of groups is solved.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from forecasting.numerics import Floats
from forecasting.uncertainty.mint import Mint

SINGULAR = 1e-5
"""Pivot of the groups' correlation matrix below which a group is a linear combination of others."""
TOLERATED_LOSS = 0.01
"""Relative loss by which reconciled forecasts may be worse than the base forecasts, at any level."""
BOTTOM_UP, MINT = "bottom_up", "mint"


def find_gain(mint: Mint, summing: sparse.csr_array, *, spread: Floats | None = None) -> Floats:
    """(N, G) change of each series per unit by which a group's forecast exceeds the sum of its members.

    These are the series' rows of -W C' (C W C')^-1.
    spread: (G + N,) forecast standard deviations of the nodes in the column, groups first, 0 where closed; given if the
    mint was learned from errors divided by such. Nodes without variance are not changed. One gain serves every column
    of equal spread.
    """
    groups, kind = summing.shape[0], mint.common.dtype
    deviation = (mint.deviation if spread is None else mint.deviation * spread).astype(np.float64)
    variance = deviation**2 * mint.own
    common = mint.common * deviation.astype(kind)
    # common errors times C'
    wide = (common[:, :groups] - (summing @ common[:, groups:].T).T).astype(np.float64)
    own = sparse.csr_array(
        (summing.data * variance[groups:][summing.indices], summing.indices, summing.indptr), shape=summing.shape
    )
    inside = np.diag(variance[:groups]) + (own @ summing.T).toarray() + wide.T @ wide
    inverse = _inverse(inside)
    # the series' rows of -W C', times the inverse
    gain = -(common[:, groups:].T @ (wide @ inverse).astype(kind))
    gain += (own.T @ inverse).astype(kind)
    found: Floats = gain
    return found


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a covariance; its pseudo-inverse where groups depend on each other or have no variance."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    unit = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    # a node without variance gets a unit pivot here and zero rows below
    correlation = matrix * unit[:, None] * unit[None] + np.diag(unit == 0)
    lower, failed = linalg.lapack.dpotrf(correlation, lower=1)
    if not failed and np.diag(lower).min(initial=1.0) > SINGULAR:
        inverse = linalg.cho_solve((lower, True), np.eye(len(matrix)))
    else:
        inverse = linalg.pinvh(correlation, rtol=SINGULAR**2)
    inverted: NDArray[np.float64] = inverse * unit[:, None] * unit[None]
    return inverted


def reconcile(bottom: Floats, groups: Floats, summing: sparse.csr_array, gain: Floats) -> Floats:
    """(N, S) reconciled paths of the series in one column, not negative.

    bottom: (N, S) paths of the series; groups: (G, S), whose path s belongs to the same future as path s of the series
    (see `in_order_of`); gain: of `find_gain`. Reconciled groups are `sum_members` of the result.
    """
    excess = (groups - sum_members(bottom, summing)).astype(bottom.dtype)
    agreed: Floats = np.maximum(bottom + (gain @ excess).astype(bottom.dtype), 0)
    return agreed


def sum_members(bottom: Floats, summing: sparse.csr_array) -> Floats:
    """(G, S) sums of (N, S) over the series of each group, added in double precision."""
    sums: Floats = (summing.astype(np.float64) @ bottom.astype(np.float64)).astype(bottom.dtype)
    return sums


def in_order_of(values: Floats, like: Floats) -> Floats:
    """Values (..., S) reordered to have the ranks of `like`; ties keep the order of paths.

    This couples separately drawn paths of a group with the sums of its members: the group keeps its distribution, and
    only the difference of two distributions is reconciled, without the sampling noise of two draws (Schaake shuffle;
    Clark and others, 2004).
    """
    order = np.argsort(like, axis=-1, kind="stable")
    placed = np.empty_like(values)
    np.put_along_axis(placed, order, np.sort(values, axis=-1), axis=-1)
    return placed


def choose_method(base: Floats, losses: Mapping[str, Floats]) -> str:
    """The method with the least mean relative loss over levels on held-back origins; the first of equals.

    base: (L,) loss of the base forecasts of each level; losses: (L,) by method, of reconciled forecasts. A method that
    is worse than the base by more than `TOLERATED_LOSS` at some level is taken only if all methods are.
    """
    relative = {method: np.asarray(loss) / np.maximum(base, 1e-12) for method, loss in losses.items()}
    return min(
        relative, key=lambda method: (relative[method].max() > 1 + TOLERATED_LOSS, float(relative[method].mean()))
    )
