"""Means of few and of many values: the number behind a value decides how much it counts."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.models.profile import fit_profile
from forecasting.models.trees import fit
from forecasting.models.trees.fit import fit_trees
from forecasting.models.trees.member import choose_inputs
from forecasting.panel.grid import Panel
from forecasting.terms import MEDIAN
from tests.models.factories import make_panel

SEASON = 28


def means_of_few_and_many(seed: int, *, weeks: int = 24) -> tuple[Panel, np.ndarray]:
    """A panel of means of 1 or 60 values, and the means without the luck of the few in its horizon (N, H)."""
    rng = np.random.default_rng(seed)
    truth = make_panel(n_series=4, weeks=weeks + 1, season=SEASON, horizon=SEASON, noise=0.05, seed=seed)
    history = weeks * SEASON
    weight = rng.choice([1.0, 60.0], (4, history)).astype(np.float32)
    y = (truth.y[:, :history] * np.exp(0.8 * rng.normal(size=weight.shape) / np.sqrt(weight))).astype(np.float32)
    total = history + SEASON
    panel = replace(
        truth,
        y=y,
        weight=weight,
        observed=np.ones(y.shape, bool),
        fault=truth.fault[:, :history],
        **{name: getattr(truth, name)[:total] for name in ("ts", "wall", "slot", "cycle", "covariates")},
        **{name: getattr(truth, name)[:, :total] for name in ("open", "campaign")},
    )
    return panel, truth.y[:, history:]


def errors(panel: Panel, truth: np.ndarray) -> dict[str, float]:
    """Mean absolute error of the medians of the members that learn."""
    profile = fit_profile(panel, until=panel.n_history, seed=1)
    rounds = [40] * 7
    trees = fit_trees(panel, profile, until=panel.n_history, check=False, rounds=rounds, seed=1, most=40_000).member
    predicted = {
        m.kind: m.predict_many(panel, origin_columns=(panel.n_history,), length=SEASON)[0] for m in (profile, trees)
    }
    return {kind: float(np.abs(quantiles[..., MEDIAN] - truth).mean()) for kind, quantiles in predicted.items()}


@pytest.mark.parametrize("seed", [0, 1])
def test_members_that_know_what_lies_behind_a_mean_forecast_better(seed):
    panel, truth = means_of_few_and_many(seed)
    knowing, blind = errors(panel, truth), errors(replace(panel, weight=None), truth)
    for kind in knowing:
        assert knowing[kind] < 0.75 * blind[kind], kind


def test_errors_of_the_profile_count_by_their_weight():
    panel, _ = means_of_few_and_many(2)
    widths = []
    for each in (panel, replace(panel, weight=None)):
        member = fit_profile(each, until=each.n_history, seed=1)
        quantiles = member.predict_many(each, origin_columns=(each.n_history,), length=SEASON)[0]
        widths.append((quantiles[..., 5] - quantiles[..., 1]).mean())
    assert widths[0] < 0.4 * widths[1]


def test_what_has_next_to_nothing_behind_it_teaches_the_profile_nothing():
    panel, _ = means_of_few_and_many(3)
    light = np.broadcast_to(np.arange(panel.n_history) >= panel.n_history - SEASON, panel.y.shape)
    weight = np.where(light, np.float32(1e-4), panel.weight)
    members = []
    for factor in (0.2, 4.0):
        y = np.where(light, panel.y * np.float32(factor), panel.y)
        members.append(fit_profile(replace(panel, y=y, weight=weight), until=panel.n_history, seed=1))
    np.testing.assert_allclose(members[0].weights, members[1].weights, atol=0.01)


def test_a_lesson_of_the_trees_counts_by_its_weight():
    panel, _ = means_of_few_and_many(4)
    profile = fit_profile(panel, until=panel.n_history, seed=1)
    spans = []
    for each in (panel, replace(panel, weight=None)):
        lesson = fit._training_rows(
            each,
            profile,
            choose_inputs(each),
            since=0,
            until=each.n_history,
            most=2_000,
            rng=np.random.default_rng(0),
            learned=each.n_history,
        )
        spans.append(lesson.weight.max() / lesson.weight.min())
    assert spans[0] > 40 > 20 > spans[1]
