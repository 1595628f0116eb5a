"""Regressions of many series, each shrunk toward one over all series, which is shrunk toward zero.

How far is chosen by cross-validation over weeks, because it differs by far: noisy queues with a few weeks of history
borrow nearly everything, steady and unlike series nearly nothing. Learners that take the answers as inputs need them as
they are for weeks that were not learned from (stacking, Wolpert 1992): answers to learned weeks are too good.

Days count, not rows: a day is the target of as many rows as there are origins before it, all one piece of evidence.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats32, Floats64, Ints, sample_rows

MOST_FOLDS, LEAST_FOLDS, FOLD_SERIES = 6, 2, 12_000
"""Weeks are dealt to so many folds in turn, to fewer the more series there are: folds times series is what it takes of
memory."""
PRIOR_DAYS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Days that the regression over all series may count for beside those of a series."""
LOOSE_DAYS = 2.0
"""Days of the prior of weights that are nearly a series' own."""
USUAL_DAYS = 30.0
"""Days of the prior where there is a single week, so that nothing can be held back."""
POOL_DAYS = 100
"""Days of the prior of no weights in the regression over all series."""
POOL_SERIES = 10
"""Series of a stream that err independently on one day; more are no further evidence."""
RIDGE = 0.2
"""Variance that is added to every regressor."""
MOST_COMPARED = 500
"""Series of which the prior is chosen; of more, as many are drawn."""


@dataclass(frozen=True)
class Shrunk:
    """Weights (N + 1, L, K) of N series; the last row is of all series."""

    weights: Floats32
    """Drawn to those of all series by the prior that was chosen."""
    loose: Floats32
    """Nearly a series' own."""
    held_out: Floats32
    """(2, F, N + 1, L, K) `weights` and `loose` as they are without the weeks of each fold: what they make of a week
    that they did not learn from."""


@dataclass(frozen=True)
class Moments:
    """What regressions need to know of the rows of F folds, N series and L cells, with K regressors."""

    square: Floats32
    """(F, N, L, K, K) sums of products of regressors."""
    product: Floats64
    """(F, N, L, K) sums of regressors times target."""
    rows: Floats64
    """(F, N, L)"""
    days: Floats64
    """(F, N, L) days of which these rows are."""

    @classmethod
    def nothing(cls, *, series: int, cells: int, regressors: int) -> "Moments":
        folds = int(np.clip(FOLD_SERIES // max(series, 1), LEAST_FOLDS, MOST_FOLDS))
        shape = (folds, series, cells)
        square = np.zeros((*shape, regressors, regressors), np.float32)
        return cls(square, np.zeros((*shape, regressors)), np.zeros(shape), np.zeros(shape))

    def add(self, series: int, cell: int, regressors: Floats32, target: Floats32, day: Ints) -> None:
        """Add rows of one series and cell; regressors: (R, K); target, day: (R,), a day belongs to one call."""
        fold = fold_of(day, len(self.rows))
        for one in np.unique(fold):
            own = fold == one
            at = (one, series, cell)
            self.square[at] += regressors[own].T @ regressors[own]
            self.product[at] += regressors[own].T @ target[own]
            self.rows[at] += own.sum()
            self.days[at] += len(np.unique(day[own]))

    def without(self, fold: int) -> "Moments":
        """Those of the other folds."""
        others = np.arange(len(self.rows)) != fold
        return Moments(self.square[others], self.product[others], self.rows[others], self.days[others])

    def of(self, series: Ints) -> "Moments":
        return Moments(self.square[:, series], self.product[:, series], self.rows[:, series], self.days[:, series])


def fold_of(day: Ints, folds: int) -> Ints:
    """Fold of each day: its week's, in turn."""
    return day // 7 % folds


def fit_shrunk(moments: Moments) -> Shrunk:
    """Weights by the prior that predicts held-back weeks best, and by hardly any."""
    priors = choose_prior(moments.of(sample_rows(moments.rows.shape[1], MOST_COMPARED))), LOOSE_DAYS
    weights, loose = (_regress(moments, prior_days=days) for days in priors)
    others = [moments.without(fold) for fold in range(len(moments.rows))]
    held_out = np.stack([[_regress(part, prior_days=days) for part in others] for days in priors])
    return Shrunk(weights, loose, held_out)


def choose_prior(moments: Moments) -> float:
    """The days of the prior that predict held-back weeks with the least squared error, over all series and cells."""
    held = [fold for fold, rows in enumerate(moments.rows) if rows.any()]
    if len(held) < 2:
        return USUAL_DAYS
    losses = np.zeros(len(PRIOR_DAYS))
    for fold in held:
        others = moments.without(fold)
        for place, prior_days in enumerate(PRIOR_DAYS):
            weights = _regress(others, prior_days=prior_days)[:-1]
            losses[place] += np.einsum("nlk,nlkm,nlm->", weights, moments.square[fold], weights, optimize=True)
            losses[place] -= 2 * np.einsum("nlk,nlk->", weights, moments.product[fold])
    return PRIOR_DAYS[int(losses.argmin())]


def _regress(moments: Moments, *, prior_days: float) -> Floats32:
    """(N + 1, L, K) weights of each series and cell, drawn to those of all series by a prior of so many days."""
    square, product = moments.square.sum(axis=0), moments.product.sum(axis=0)
    count, days = moments.rows.sum(axis=0), moments.days.sum(axis=0)
    n, cells, size = product.shape
    weights = np.zeros((n + 1, cells, size), dtype=np.float32)
    for cell in range(cells):
        total = count[:, cell].sum()
        if not total:
            continue
        every = square[:, cell].sum(axis=0, dtype=np.float64)
        typical = every / total + RIDGE * np.eye(size)
        evidence = min(days[:, cell].sum(), POOL_SERIES * days[:, cell].max())
        pool = np.linalg.solve(every + POOL_DAYS * total / evidence * np.eye(size), product[:, cell].sum(axis=0))
        rows_a_day = np.where(days[:, cell] > 0, count[:, cell] / np.maximum(days[:, cell], 1), 1.0)
        prior = prior_days * rows_a_day[:, None, None] * typical
        own = np.linalg.solve(square[:, cell] + prior, (product[:, cell] + prior @ pool)[..., None])
        weights[:n, cell], weights[n, cell] = own[..., 0], pool
    return weights
