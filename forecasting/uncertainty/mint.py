"""Covariance of forecast errors of groups and series, estimated with shrinkage for the reconciliation by MinT."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from forecasting.numerics import Floats, Ints, sample_rows

MAX_ROWS = 1_000
"""Rows of errors that are learned from; of more, as many are sampled, because neighbouring intervals are much alike."""
FEWEST_ROWS = 3
"""Known errors that a node needs for a variance of its own."""


@dataclass(frozen=True)
class Mint:
    """Covariance of the errors of K = G + N nodes, the groups first.

    It is D (diag(own) + common' common) D with D = diag(deviation).
    """

    intensity: float
    """Of the shrinkage: 0 keeps every correlation, 1 sets all to zero."""
    deviation: Floats
    """(K,) standard deviation of each node's errors."""
    own: Floats
    """(K,) share of a node's variance that it shares with no other."""
    common: Floats
    """(R, K) errors over their deviation, times the square root of (1 - intensity) / R; 0 where unknown."""


def learn_mint(
    errors_bottom: Floats, errors_groups: Floats, summing: sparse.csr_array, *, block: Ints | None = None
) -> Mint:
    """Covariance of forecast errors.

    errors_bottom: (R, N), errors_groups: (R, G), of R held-back cells, NaN where unknown; either in the unit of the
    stream, or divided by the forecast standard deviation of the cell, if `find_gain` is given those too. summing:
    (G, N). block: (R,) number of the block of dependent rows that a row belongs to (a day of an origin); each row is a
    block unless given. A series of unknown variance gets the median of the others, a group of unknown variance that of
    perfectly correlated members. The result has the errors' precision.
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
        # missing errors lower the common part; the rest of the unit variance is the node's own
        own=intensity + (1 - intensity) * (1 - share),
        common=(standard * np.sqrt((1 - intensity) / max(len(rows), 1))).astype(errors.dtype),
    )


def shrinkage(standard: Floats, block: Ints) -> float:
    """Intensity in 0..1 that shrinks correlations toward zero with the least expected squared error.

    standard: (R, K) standardised errors, 0 where unknown; block: (R,) number of the block of dependent rows. It is the
    sum of the variances of all correlations over the sum of their squares (Schaefer and Strimmer, 2005), with variances
    of a mean over blocks; 1 where there is one block.
    """
    count, blocks = len(standard), np.unique(block)
    if len(blocks) < 2:
        return 1.0
    total, own = _squares(standard)
    apart, apart_own = 0.0, 0.0
    for number in blocks:
        squares, diagonal = _squares(standard[block == number])
        apart, apart_own = apart + squares, apart_own + diagonal
    # sums over pairs of different nodes: squared products within each block, and squared products of all rows
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
