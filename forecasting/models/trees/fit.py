"""Training of the trees: sampled rows, rounds chosen by early stopping on newer rows, within a budget."""

import math
import time
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from forecasting.models.features.rows import by_chunk, draw_rows, over_mean, row_features, row_weights
from forecasting.models.profile import ProfileMember
from forecasting.models.trees.member import Inputs, TreesMember, build_features, choose_inputs
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel, take_series
from forecasting.terms import MEDIAN, QUANTILES

MOST_ROWS = 150_000
ROWS_A_SECOND = 2_000
"""Rows per second of budget: enough time for both fits of seven boosters on two cores, with a margin."""
LEAST_ROWS = 500
CHECKED_ROWS = 20_000
MOST_ROUNDS = 400
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


def fit_trees(
    panel: Panel,
    profile: ProfileMember,
    *,
    until: int,
    check: bool,
    rounds: list[int] | None,
    seed: int,
    budget: float,
    left: float = math.inf,
) -> tuple[TreesMember, list[int]] | None:
    """Fit on targets before the column `until`.

    check: find the number of rounds of each quantile on rows that are forecast from `until` on; without it, `rounds`
    are given. budget: seconds, which fix the number of rows; left: seconds that are left of them, which end the rounds
    where they are fewer. Returns the member and its rounds; None where there are too few rows.
    """
    started, rng = time.monotonic(), np.random.default_rng(seed)
    inputs, most = choose_inputs(panel), int(min(MOST_ROWS, ROWS_A_SECOND * budget))
    shape = {
        "num_leaves": int(np.clip(panel.n_series // SERIES_A_LEAF, *LEAVES)),
        "learning_rate": CAREFUL_RATE if panel.n_series < MANY_SERIES else QUICK_RATE,
    }
    if panel.n_series > MANY_SERIES:
        panel = take_series(panel, np.sort(rng.choice(panel.n_series, MANY_SERIES, replace=False)))
    rows = _training_rows(panel, profile, inputs, since=0, until=until, most=most, rng=rng)
    newer = None
    if check:
        newer = _training_rows(panel, profile, inputs, since=until, until=panel.n_history, most=CHECKED_ROWS, rng=rng)
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
    boosters: dict[int, lgb.Booster] = {}
    # the median first: if time runs short, the tails get fewer rounds
    for place in sorted(range(len(QUANTILES)), key=lambda column: abs(column - MEDIAN)):
        rest = min(budget, left) - (time.monotonic() - started)
        late = _Deadline(time.monotonic() + max(rest, 0.0) / (len(QUANTILES) - len(boosters)))
        settings = {**SETTINGS, **shape, "alpha": QUANTILES[place], "seed": seed}
        if held is None:
            count = rounds[place] if rounds is not None else MOST_ROUNDS
            boosters[place] = lgb.train(settings, data, count, callbacks=[late])
        else:
            stop = lgb.early_stopping(PATIENCE, verbose=False)
            boosters[place] = lgb.train(settings, data, MOST_ROUNDS, valid_sets=[held], callbacks=[late, stop])
    fitted = [boosters[place] for place in range(len(QUANTILES))]
    best = [max(booster.best_iteration, LEAST_ROUNDS) if check else booster.num_trees() for booster in fitted]
    return TreesMember(profile, inputs, tuple(fitted)), best


class _Deadline:
    """LightGBM callback that stops a booster after its share of the budget; rounds so far are kept."""

    # LightGBM lets a callback stop a training after a round only
    before_iteration = False

    def __init__(self, until: float) -> None:
        self.until = until

    def __call__(self, env: Any) -> None:
        if env.iteration + 1 >= LEAST_ROUNDS and time.monotonic() > self.until:
            raise lgb.callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])


def _training_rows(
    panel: Panel,
    profile: ProfileMember,
    inputs: Inputs,
    *,
    since: int,
    until: int,
    most: int,
    rng: np.random.Generator,
) -> _TrainingRows:
    rows = draw_rows(panel, since=since, until=until, most=most, rng=rng)
    features = np.empty((len(rows), len(inputs.names)), dtype=np.float32)
    target, noise = np.empty(len(rows), dtype=np.float32), np.empty(len(rows), dtype=np.float32)
    for history, part, places in by_chunk(panel, rows, power=profile.power):
        lagged = row_features(history, part, noise_until=until)
        features[places] = build_features(history, part, lagged, inputs, profile)
        target[places] = (panel.y[part.series, part.column] - lagged.base) / lagged.noise
        noise[places] = lagged.noise
    good = np.isfinite(target)
    # the pinball loss in units of demand, every series alike
    weight = over_mean(noise * row_weights(panel, rows), rows.series) if len(rows) else noise
    return _TrainingRows(features[good], target[good].clip(-ERROR_CLIP, ERROR_CLIP), weight[good])
