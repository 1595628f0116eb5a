"""What each input of the trees adds to their answer: Shapley values, which LightGBM computes exactly for trees.

An answer is a base and a multiple of the noise; the multiple is the sum of what each input adds (Lundberg, Erion and
Lee, Consistent individualized feature attribution for tree ensembles, 2018). The mean is linear in the quantiles, so
that what an input adds to the mean is the same weighted sum of what it adds to each.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.models.features.rows import Rows, by_chunk, row_features
from forecasting.models.influences import Influence, tree_influences
from forecasting.models.trees.member import TreesMember, build_features
from forecasting.numerics import Floats64, Ints
from forecasting.panel.grid import Panel
from forecasting.quantiles import mean_of_quantiles, sort_quantiles


@dataclass(frozen=True)
class TreeContributions:
    """The mean of the trees' answer in C columns: `base`, all of `by_influence` and `rest` sum to it."""

    base: Floats64
    """(C,) mean of the last four values of the slot."""
    by_influence: Mapping[Influence, Floats64]
    """(C,) each, in units of demand."""
    rest: Floats64
    """(C,) what sorting the quantiles and cutting them at zero changes."""


def find_contributions(member: TreesMember, panel: Panel, columns: Ints) -> TreeContributions:
    """Contributions to the forecast of a panel of one series from its origin. columns: (C,) of the panel."""
    if panel.n_series != 1:
        raise ValueError(f"expected a panel of one series, found {panel.n_series}")
    rows = Rows(np.zeros(len(columns), np.int64), np.full(len(columns), panel.n_history), np.asarray(columns))
    ((history, part, _),) = by_chunk(panel, rows, power=member.profile.power)
    lagged = row_features(history, part)
    features = build_features(history, part, lagged, member.inputs, member.profile)
    added = np.stack([np.asarray(booster.predict(features, pred_contrib=True)) for booster in member.boosters], axis=-1)
    base, noise = lagged.base.astype(np.float64), lagged.noise.astype(np.float64)
    means = mean_of_quantiles(added) * noise[:, None]
    groups = [*tree_influences(member.inputs.names), Influence.USUAL]
    by_influence = {
        group: means[:, [place for place, own in enumerate(groups) if own == group]].sum(axis=1)
        for group in Influence
        if group in groups
    }
    answer = mean_of_quantiles(sort_quantiles(added.sum(axis=1) * noise[:, None] + base[:, None], lower=0.0))
    return TreeContributions(base, by_influence, answer - base - means.sum(axis=1))
