"""Reconciliation: forecasts of parts and of their sums made to agree, path by path.

Parts and groups are forecast apart and both know something: a group's own forecast sees through the noise of its
members, which see what is special to each. MinT (Wickramasuriya, Athanasopoulos and Hyndman, 2019) is the agreement of
least variance: y~ = y - W C' (C W C')^-1 C y with C = [I | -A], where y are the groups, then the series, A says which
series each group sums, and W is the covariance of their errors. W is learned from held-back errors, its correlations
shrunk toward none (Schaefer and Strimmer, 2005), and kept as a diagonal and some rows of errors: nothing larger than a
system of the groups is ever solved.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from forecasting.numerics import Floats, Ints, sample_rows

MAX_ROWS = 1_000
"""Rows of errors that are learned from; of more, as many are drawn: intervals side by side say much the same."""
FEWEST_ROWS = 3
"""Rows that must tell of a node for its variance to be its own."""
SINGULAR = 1e-5
"""Pivot of the groups' correlation below which some group says nothing that others do not."""
TOLERATED_LOSS = 0.01
"""Share by which reconciled forecasts may be worse than those they came from, at any level."""

BOTTOM_UP, MINT = "bottom_up", "mint"


@dataclass(frozen=True)
class Mint:
    """Covariance of the errors of K = G + N nodes, the groups first: diag(deviation) (diag(own) + common' common)
    diag(deviation)."""

    intensity: float
    """Of the shrinkage: 0 believes every correlation, 1 none."""
    deviation: Floats
    """(K,) standard deviation of each node's errors."""
    own: Floats
    """(K,) share of its variance that a node has to itself."""
    common: Floats
    """(R, K) errors over their deviation, times the square root of (1 - intensity) / R; 0 where unknown."""


def learn_mint(
    errors_bottom: Floats, errors_groups: Floats, summing: sparse.csr_array, *, block: Ints | None = None
) -> Mint:
    """Covariance of forecast errors, in the type of these.

    errors_bottom: (R, N), errors_groups: (R, G), of R held-back cells, NaN where unknown; either in the unit of the
    stream, or all divided by the standard deviation that was forecast for the cell, where `find_gain` is given those
    too. summing: (G, N). block: (R,) number of the block that a row belongs to, rows of one block being like each other
    (a day of an origin); each row its own unless given. A group of unknown variance has that of members that err
    together, a series of unknown variance that of its median like.
    """
    rows = sample_rows(len(errors_bottom), MAX_ROWS)
    errors = np.concatenate([errors_groups[rows], errors_bottom[rows]], axis=1)
    known = np.isfinite(errors)
    errors = np.where(known, errors, 0)
    count = known.sum(axis=0)
    enough = count >= FEWEST_ROWS
    variance = (errors.astype(np.float64) ** 2).sum(axis=0) / np.maximum(count, 1)
    deviation = np.sqrt(np.where(enough, variance, 0.0))
    groups = summing.shape[0]
    own, members = enough[groups:], deviation[groups:]
    members[~own] = np.median(members[own]) if own.any() else 1.0
    deviation[:groups] = np.where(enough[:groups], deviation[:groups], summing.astype(np.float64) @ members)
    unit = np.where(enough & (deviation > 0), deviation, np.inf)
    standard = (errors / unit).astype(errors.dtype)
    intensity = shrinkage(standard, np.arange(len(rows)) if block is None else block[rows])
    share = (standard.astype(np.float64) ** 2).sum(axis=0) / max(len(rows), 1)
    return Mint(
        intensity=intensity,
        deviation=deviation,
        # what errors that are missing leave of the unit variance is the node's own
        own=intensity + (1 - intensity) * (1 - share),
        common=(standard * np.sqrt((1 - intensity) / max(len(rows), 1))).astype(errors.dtype),
    )


def shrinkage(standard: Floats, block: Ints) -> float:
    """Intensity that shrinks the correlations of standardised errors (R, K) toward none with the least expected error.

    The sum of the variances of all correlations over the sum of their squares, within 0..1, as in Schaefer and
    Strimmer (2005), the variances being those of a mean of blocks of rows. block: (R,). 1 where there is one block.
    """
    count, blocks = len(standard), np.unique(block)
    if len(blocks) < 2:
        return 1.0
    total, own = _squares(standard)
    apart, apart_own = 0.0, 0.0
    for number in blocks:
        squares, diagonal = _squares(standard[block == number])
        apart, apart_own = apart + squares, apart_own + diagonal
    # sums over pairs of different nodes: of squared products of each block, and of squared products of all rows
    within, between = apart - apart_own, total - own
    if between <= 0:
        return 1.0
    correction = len(blocks) / (len(blocks) - 1)
    variances = correction * (within - between / len(blocks)) / count**2
    return float(np.clip(variances / (between / count**2), 0.0, 1.0))


def _squares(standard: Floats) -> tuple[float, float]:
    """Sum over all pairs of nodes of their squared products, and the part of it of nodes with themselves."""
    rows, nodes = standard.shape
    gram = standard @ standard.T if rows <= nodes else standard.T @ standard
    own = (standard.astype(np.float64) ** 2).sum(axis=0)
    return float((gram.astype(np.float64) ** 2).sum()), float((own**2).sum())


def find_gain(mint: Mint, summing: sparse.csr_array, *, spread: Floats | None = None) -> Floats:
    """(N, G) what each unit by which a group's forecast exceeds the sum of its members adds to each series.

    spread: (G + N,) forecast standard deviations of the nodes in the column, groups first, 0 where closed, if the mint
    was learned from errors divided by such. What does not vary is left as it is. Nothing depends on paths: one gain
    serves every column of equal spread.
    """
    groups, kind = summing.shape[0], mint.common.dtype
    deviation = (mint.deviation if spread is None else mint.deviation * spread).astype(np.float64)
    variance = deviation**2 * mint.own
    common = mint.common * deviation.astype(kind)
    # C times the square root of the common part, transposed
    wide = (common[:, :groups] - (summing @ common[:, groups:].T).T).astype(np.float64)
    own = sparse.csr_array(
        (summing.data * variance[groups:][summing.indices], summing.indices, summing.indptr), shape=summing.shape
    )
    inside = np.diag(variance[:groups]) + (own @ summing.T).toarray() + wide.T @ wide
    inverse = _inverse(inside)
    # -W C' for the series
    gain = -(common[:, groups:].T @ (wide @ inverse).astype(kind))
    gain += (own.T @ inverse).astype(kind)
    found: Floats = gain
    return found


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of a covariance; its pseudo-inverse where groups repeat each other or nothing varies."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    unit = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    # nothing passes through what does not vary
    correlation = matrix * unit[:, None] * unit[None] + np.diag(unit == 0)
    lower, failed = linalg.lapack.dpotrf(correlation, lower=1)
    if not failed and np.diag(lower).min(initial=1.0) > SINGULAR:
        inverse = linalg.cho_solve((lower, True), np.eye(len(matrix)))
    else:
        inverse = linalg.pinvh(correlation, rtol=SINGULAR**2)
    inverted: NDArray[np.float64] = inverse * unit[:, None] * unit[None]
    return inverted


def reconcile(bottom: Floats, groups: Floats, summing: sparse.csr_array, gain: Floats) -> Floats:
    """(N, S) paths of the series in one column that agree with those of the groups as far as the gain says.

    bottom: (N, S); groups: (G, S) whose path s belongs to the same future as the series' path s, see `in_order_of`.
    Never negative; what groups have then is `sum_members` of the result.
    """
    excess = (groups - sum_members(bottom, summing)).astype(bottom.dtype)
    agreed: Floats = np.maximum(bottom + (gain @ excess).astype(bottom.dtype), 0)
    return agreed


def sum_members(bottom: Floats, summing: sparse.csr_array) -> Floats:
    """(G, S) sums of (N, S) over the series of each group, added in double precision."""
    sums: Floats = (summing.astype(np.float64) @ bottom.astype(np.float64)).astype(bottom.dtype)
    return sums


def in_order_of(values: Floats, like: Floats) -> Floats:
    """Values (..., S) in the order of others: the lowest where the other is lowest. Ties keep the order of paths.

    Paths of a group that were drawn by themselves come so to belong to the futures of its members' sums: the groups
    keep their distribution, and what is reconciled is where two distributions differ, not the luck of two drawings.
    """
    order = np.argsort(like, axis=-1, kind="stable")
    placed = np.empty_like(values)
    np.put_along_axis(placed, order, np.sort(values, axis=-1), axis=-1)
    return placed


def choose_method(base: Floats, losses: Mapping[str, Floats]) -> str:
    """Which method loses least on held-back origins.

    base: (L,) loss of the forecasts of each level by themselves; losses: (L,) by method once they agree. By the mean
    over levels of the loss relative to the base; a method that is worse than the base by more than `TOLERATED_LOSS` at some
    level is taken only where all are. The first of equals.
    """
    relative = {method: np.asarray(loss) / np.maximum(base, 1e-12) for method, loss in losses.items()}
    return min(
        relative, key=lambda method: (relative[method].max() > 1 + TOLERATED_LOSS, float(relative[method].mean()))
    )
