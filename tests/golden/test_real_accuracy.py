"""Forecasts of real calls by the cheap members alone must stay better than what planners would pick instead."""

import numpy as np
import pytest

from benchmarks.cases.load import CASES, DATA, load
from forecasting.ensemble.calibrated import forecast_panels
from forecasting.ensemble.training import train_members
from forecasting.quantiles import pinball
from forecasting.terms import MEDIAN

BANK = CASES["bank30"]


@pytest.fixture(scope="module")
def loaded():
    if not (DATA / BANK.data).exists():
        pytest.skip(f"{DATA / BANK.data} is absent")
    return load(BANK)


@pytest.fixture(scope="module")
def forecasts(loaded):
    settings = loaded.stream.models.model_copy(update={"members": ("trees", "seasonal")})
    trainings = train_members(loaded.panels[0], settings)
    members = {name: training.member for name, training in trainings.items() if training.member is not None}
    return list(forecast_panels(loaded.panels, members))


def stacked(loaded, predicted):
    quantiles = np.concatenate([block.reshape(-1, block.shape[-1]) for block in predicted]).astype(float)
    truth = np.concatenate([block.ravel() for block in loaded.truths])
    scored = np.isfinite(truth)
    return truth[scored], quantiles[scored]


def test_every_open_interval_of_the_protocol_is_scored(loaded):
    assert sum(int(np.isfinite(truth).sum()) for truth in loaded.truths) == 560


def test_the_combination_meets_its_target_without_a_neural_member(loaded, forecasts):
    y, quantiles = stacked(loaded, [forecast.quantiles for forecast in forecasts])
    assert np.abs(y - quantiles[:, MEDIAN]).sum() / y.sum() <= BANK.target.point
    assert 2 * pinball(y, quantiles).mean(axis=1).sum() / y.sum() <= BANK.target.wql


def test_the_combination_beats_the_average_of_the_last_four_weeks(loaded, forecasts):
    y, ours = stacked(loaded, [forecast.quantiles for forecast in forecasts])
    _, theirs = stacked(loaded, [forecast.member_forecasts["last_four"] for forecast in forecasts])
    assert pinball(y, ours).sum() < 0.95 * pinball(y, theirs).sum()


def test_intervals_hold_about_what_they_promise(loaded, forecasts):
    y, quantiles = stacked(loaded, [forecast.quantiles for forecast in forecasts])
    inside = (y >= quantiles[:, 1]) & (y <= quantiles[:, 5])
    assert 0.70 <= inside.mean() <= 0.90
