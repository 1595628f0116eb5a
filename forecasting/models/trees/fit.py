"""Training of the trees: as many sampled rows as a budget allows for, rounds chosen by early stopping on newer rows.

The clock is never asked: what a budget is worth comes from a fixed estimate of what a row costs. So equal panels and
settings make equal trees, on an idle machine and on a busy one, where they only take longer.
"""

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from forecasting.models.features.rows import by_chunk, draw_rows, over_mean, row_features, row_weights
from forecasting.models.profile import ProfileMember
from forecasting.models.trees.member import Inputs, TreesMember, build_features, choose_inputs
from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel, take_series
from forecasting.terms import QUANTILES

MOST_ROWS = 150_000
LEAST_ROWS = 500
CHECKED_ROWS = 20_000
MOST_ROUNDS = 400
ROW_NANOSECONDS, INPUT_NANOSECONDS, SPLITTING = 9.0, 0.16, 3.0
"""A row costs (ROW + INPUT x inputs) x (SPLITTING + log2 of the leaves) nanoseconds a round, on one core: measured for
2,000 to 150,000 rows, 35 and 70 inputs, 7 and 63 leaves, within a fifth."""
PREPARED_NANOSECONDS = 40_000.0
"""What it costs to compute and to bin the inputs of a row."""
CORES = 1.6
"""Cores' worth of work that two cores do."""
MARGIN = 0.6
"""Share of the budget that rows are planned for: other machines are slower, and busier."""
PATIENCE = 50
"""Rounds without gain on newer rows after which a fit stops."""
LEAST_ROUNDS = 5
ERROR_CLIP = 30.0
SETTINGS: dict[str, Any] = {
    "objective": "quantile",
    "metric": "quantile",
    # coarse bins and strong subsampling: beside its profile, demand is mostly noise
    "min_data_in_leaf": 200,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


CAREFUL_RATE, QUICK_RATE, MANY_SERIES = 0.05, 0.12, 1_000
"""Learning rates of few and of many series, and how many are many. At the quick rate there are a third of the trees and
prediction takes a third of the time, which for thousands of series is worth a percent of accuracy. Of more series, as
many are drawn for training."""
SERIES_A_LEAF, LEAVES = 6, (7, 63)
"""Series per leaf, and least and most leaves of a tree: few series need small trees."""


@dataclass(frozen=True)
class _TrainingRows:
    """Features and targets of R rows."""

    features: Floats32
    target: Floats32
    """(R,) demand less base, in units of the noise."""
    weight: Floats32
    """(R,) of the target in the loss: every series counts the same, its busy slots more."""
    series: Ints
    """(R,)"""


@dataclass(frozen=True)
class Grown:
    """Fitted trees, and what they took."""

    member: TreesMember
    rounds: list[int]
    """Of each quantile."""
    n_rows: int
    """Rows that were learned from."""
    limited: bool
    """Whether there would have been more rows to learn from within a larger budget."""


def affordable_rows(panel: Panel, *, budget: float) -> int:
    """Rows from which all rounds of all quantiles can be learned in `budget` seconds on two cores, at most MOST_ROWS.

    A smaller budget means fewer rows and not fewer rounds: trees that were stopped early have learned less than trees
    that saw less.
    """
    inputs, leaves = len(choose_inputs(panel).names), _leaves(panel)
    a_round = (ROW_NANOSECONDS + INPUT_NANOSECONDS * inputs) * (SPLITTING + np.log2(leaves))
    a_row = (len(QUANTILES) * MOST_ROUNDS * a_round + PREPARED_NANOSECONDS) * 1e-9
    return int(np.clip(MARGIN * CORES * budget / a_row, 0, MOST_ROWS))


def fit_trees(
    panel: Panel, profile: ProfileMember, *, until: int, check: bool, rounds: list[int] | None, seed: int, most: int
) -> Grown | None:
    """Fit on targets before the column `until`, on at most `most` rows; None where there are too few.

    check: find the number of rounds of each quantile on rows that are forecast from `until` on; without it, `rounds`
    are given.
    """
    rng, inputs = np.random.default_rng(seed), choose_inputs(panel)
    shape = {
        "num_leaves": _leaves(panel),
        "learning_rate": CAREFUL_RATE if panel.n_series < MANY_SERIES else QUICK_RATE,
    }
    if panel.n_series > MANY_SERIES:
        panel = take_series(panel, np.sort(rng.choice(panel.n_series, MANY_SERIES, replace=False)))
    rows = _training_rows(panel, profile, inputs, since=0, until=until, most=most, rng=rng, learned=until)
    newer = None
    if check:
        newer = _training_rows(
            panel, profile, inputs, since=until, until=panel.n_history, most=CHECKED_ROWS, rng=rng, learned=until
        )
    if len(rows.target) < LEAST_ROWS or (newer is not None and not len(newer.target)):
        return None
    data = lgb.Dataset(
        rows.features,
        rows.target,
        weight=rows.weight,
        params={"max_bin": SETTINGS["max_bin"], "verbose": -1},
        free_raw_data=False,
    )
    held = None
    if newer is not None:
        held = lgb.Dataset(newer.features, newer.target, weight=newer.weight, reference=data, free_raw_data=False)
    fitted = []
    for place, level in enumerate(QUANTILES):
        settings = {**SETTINGS, **shape, "alpha": level, "seed": seed}
        if held is None:
            fitted.append(lgb.train(settings, data, rounds[place] if rounds is not None else MOST_ROUNDS))
        else:
            stop = lgb.early_stopping(PATIENCE, verbose=False)
            fitted.append(lgb.train(settings, data, MOST_ROUNDS, valid_sets=[held], callbacks=[stop]))
    best = [max(booster.best_iteration, LEAST_ROUNDS) if check else booster.num_trees() for booster in fitted]
    return Grown(
        member=TreesMember(profile, inputs, tuple(fitted)),
        rounds=best,
        n_rows=len(rows.target),
        limited=most < MOST_ROWS and int(np.bincount(rows.series).max()) >= most // panel.n_series,
    )


def _leaves(panel: Panel) -> int:
    return int(np.clip(panel.n_series // SERIES_A_LEAF, *LEAVES))


def _training_rows(
    panel: Panel,
    profile: ProfileMember,
    inputs: Inputs,
    *,
    since: int,
    until: int,
    most: int,
    rng: np.random.Generator,
    learned: int,
) -> _TrainingRows:
    """Rows with targets in some columns; learned: the column at which the profile's training ended."""
    rows = draw_rows(panel, since=since, until=until, most=most, rng=rng)
    features = np.empty((len(rows), len(inputs.names)), dtype=np.float32)
    target, noise = np.empty(len(rows), dtype=np.float32), np.empty(len(rows), dtype=np.float32)
    for history, part, places in by_chunk(panel, rows, power=profile.power):
        lagged = row_features(history, part, noise_until=until)
        features[places] = build_features(history, part, lagged, inputs, profile, until=learned)
        target[places] = (panel.y[part.series, part.column] - lagged.base) / lagged.noise
        noise[places] = lagged.noise
    good = np.isfinite(target)
    # the pinball loss in units of demand, every series alike
    weight = over_mean(noise * row_weights(panel, rows), rows.series) if len(rows) else noise
    return _TrainingRows(features[good], target[good].clip(-ERROR_CLIP, ERROR_CLIP), weight[good], rows.series[good])
