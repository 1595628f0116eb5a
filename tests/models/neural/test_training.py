"""Neural members: house weights, tuning on a stream, and what is kept of it."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric.plugins.environments import SLURMEnvironment

from forecasting.errors import ModelError
from forecasting.models.neural import fitting, training
from forecasting.models.neural.dataset import make_lesson
from forecasting.models.neural.member import NeuralMember, house_member, rebuild_neural
from forecasting.models.neural.modules import (
    KINDS,
    START,
    as_input,
    build_model,
    house_weights,
    run_module,
    weights_of,
)
from forecasting.models.neural.training import Tuned, affordable_steps, tune, tune_again
from forecasting.models.neural.windows import AHEAD, draw_windows
from forecasting.models.seasonal.member import last_four
from forecasting.panel.grid import Panel, cut_panel
from forecasting.quantiles import pinball
from forecasting.store.files.models import Bundle, load_bundle, save_bundle
from tests.models.factories import hide, make_panel, scramble_from, wandering_panel

SEASON = 28


def growing_panel(seed: int = 0, **changes: object) -> Panel:
    """Series whose level grows or falls steadily: what four weeks get wrong, and a network can see."""
    given = {"n_series": 8, "weeks": 16, "season": SEASON, "gaps": 0.05, "noise": 0.08, "drift": 0.02, "seed": seed}
    return make_panel(**{**given, **changes})


@pytest.fixture(scope="module")
def panel() -> Panel:
    return growing_panel()


@pytest.fixture(params=KINDS)
def member(request: pytest.FixtureRequest) -> NeuralMember:
    return house_member(request.param, power=0.75)


def tuned(kind: str, panel: Panel, *, n_steps: int = 8, **settings: object) -> Tuned:
    return tune(kind, panel, **{"until": panel.n_history, "n_steps": n_steps, "seed": 1, **settings})


@pytest.fixture
def all_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SHARES", (1.0,))
    monkeypatch.setattr(training, "LEAST_GAIN", -10.0)


def assert_same_weights(one: NeuralMember, other: NeuralMember) -> None:
    others = weights_of(other.module)
    for name, value in weights_of(one.module).items():
        np.testing.assert_array_equal(value, others[name])


def test_untuned_members_beat_the_last_four_weeks_on_demand_they_have_never_seen(member):
    panel = wandering_panel(n_series=12)
    at = panel.n_history - SEASON
    ours = member.predict_many(panel, origin_columns=(at,), length=SEASON)[0]
    usual = last_four(cut_panel(panel, at=at, length=SEASON), at=at, length=SEASON)
    y = panel.y[:, at:]
    assert pinball(y, ours).mean() < 0.9 * pinball(y, usual).mean()


def test_quantiles_are_sorted_finite_and_not_negative(panel, member):
    forecast = member.predict_many(panel, origin_columns=(panel.n_history,), length=10)[0]
    assert forecast.shape == (8, 10, 7)
    assert forecast.dtype == np.float32
    assert np.isfinite(forecast).all()
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert (forecast >= 0).all()


def test_several_origins_at_once_are_the_same_as_one_by_one(panel, member, monkeypatch):
    origin_columns = (60, 101, panel.n_history)
    together = member.predict_many(panel, origin_columns=origin_columns, length=SEASON + 3)
    monkeypatch.setattr("forecasting.models.neural.member.PREPARED_AT_ONCE", 5)
    monkeypatch.setattr("forecasting.models.neural.member.ANSWERED_AT_ONCE", 3)
    for block, at in zip(together, origin_columns, strict=True):
        one = member.predict_many(panel, origin_columns=(at,), length=SEASON + 3)[0]
        np.testing.assert_allclose(block, one, rtol=2e-4, atol=1e-3)


def test_nothing_at_or_after_the_column_changes_a_forecast(panel, member):
    at = 150
    panels = (panel, scramble_from(panel, at))
    np.testing.assert_array_equal(*(member.predict_many(p, origin_columns=(at,), length=SEASON) for p in panels))


def test_nothing_at_or_after_until_changes_what_is_tuned(panel, all_is_taken):
    until = panel.n_history - SEASON
    one, other = (tuned("nbeats", p, until=until).member for p in (panel, scramble_from(panel, until)))
    assert_same_weights(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_makes_the_same_weights_and_another_seed_others(panel, all_is_taken, kind):
    one = tuned(kind, panel).member
    torch.rand(3)
    assert_same_weights(tuned(kind, panel).member, one)
    with pytest.raises(AssertionError):
        assert_same_weights(tuned(kind, panel, seed=2).member, one)


def test_tuning_leaves_global_random_state_threads_and_folder_alone(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(5)
    before, legacy, threads = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()  # noqa: NPY002
    tuned("nbeats", panel)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], legacy)  # noqa: NPY002
    assert torch.get_num_threads() == threads
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_tuning_resumes_no_checkpoint_that_an_interrupted_cluster_job_left_in_the_folder(
    panel, all_is_taken, tmp_path, monkeypatch
):
    expected = tuned("nbeats", panel).member
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpc_ckpt_1.ckpt").write_text("no checkpoint")
    for name, value in {"NTASKS": "1", "JOB_NAME": "train", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert SLURMEnvironment.detect()
    assert_same_weights(tuned("nbeats", panel).member, expected)


def test_tuning_that_gains_nothing_on_the_newest_history_leaves_the_weights_of_the_package(panel, monkeypatch):
    monkeypatch.setattr(training, "LEAST_GAIN", 1.0)
    found = tuned("nbeats", panel)
    assert (found.share, found.gain) == (0.0, 0.0)
    assert_same_weights(found.member, house_member("nbeats", power=0.75))
    assert_same_weights(tune_again("nbeats", panel, found, seed=1), found.member)


def test_what_is_taken_is_better_on_the_newest_history_and_lies_between_the_two(panel, monkeypatch):
    monkeypatch.setattr(fitting, "LEARNING_RATE", 1e-3)
    found = tuned("nbeats", panel, n_steps=60)
    assert found.share in training.SHARES
    assert found.gain >= training.LEAST_GAIN
    monkeypatch.setattr(training, "LEAST_GAIN", -10.0)
    monkeypatch.setattr(training, "SHARES", (1.0,))
    whole = weights_of(tuned("nbeats", panel, n_steps=60).member.module)
    usual = house_weights("nbeats")
    for name, value in weights_of(found.member.module).items():
        expected = (1 - found.share) * usual[name] + found.share * whole[name]
        np.testing.assert_allclose(value, expected, atol=1e-6)


def test_the_member_that_forecasts_has_learned_from_the_newest_history_too(panel, all_is_taken):
    first = tuned("nbeats", panel, until=panel.n_history - SEASON)
    again = tune_again("nbeats", panel, first, seed=1)
    newer = scramble_from(panel, panel.n_history - 3)
    with pytest.raises(AssertionError):
        assert_same_weights(tune_again("nbeats", newer, first, seed=1), again)


@pytest.mark.parametrize(
    ("weeks", "n_steps", "reason"),
    [(16, 0, "the budget is too small"), (6, 8, "less than 6 seasons to tune it on")],
)
def test_without_budget_or_history_a_member_is_that_of_the_package(weeks, n_steps, reason):
    found = tuned("tft", growing_panel(weeks=weeks), n_steps=n_steps)
    assert found.reason.startswith(reason)
    assert_same_weights(found.member, house_member("tft", power=0.75))


def test_nothing_observed_is_nothing_to_tune_on(panel):
    assert tuned("nbeats", hide(panel, slice(None), slice(None))).reason == "too few intervals to tune it on"


def test_a_budget_is_worth_a_number_of_steps_whatever_the_clock_says():
    assert affordable_steps("nbeats", budget=6) == 100
    assert affordable_steps("tft", budget=6) == 0
    assert affordable_steps("tft", budget=1e9) == training.MOST_STEPS


def test_dropout_is_on_while_tuning(panel, monkeypatch):
    modes = []

    def note(_guard, _trainer, module, *_):
        modes.append(module.training)

    monkeypatch.setattr(fitting.Guard, "on_train_batch_end", note)
    assert not tuned("nbeats", panel).member.module.training
    assert modes == [True] * 8


def test_a_loss_that_is_no_number_stops_the_tuning(panel, monkeypatch):
    monkeypatch.setattr(fitting, "LEARNING_RATE", 1e30)
    with pytest.raises(ModelError, match=r"expected (a finite loss, found nan|finite weights)"):
        tuned("nbeats", panel, n_steps=20)


def test_a_member_that_was_saved_and_loaded_forecasts_bit_for_bit_the_same(panel, member, tmp_path):
    checksum = save_bundle(tmp_path / "m1", Bundle("calls", "m1", None, {member.kind: member.as_parts()}))
    loaded = load_bundle(tmp_path / "m1", stream="calls", model_id="m1", checksum=checksum)
    again = rebuild_neural(*loaded.members[member.kind])
    asked = {"origin_columns": (100, panel.n_history), "length": SEASON}
    np.testing.assert_array_equal(again.predict_many(panel, **asked), member.predict_many(panel, **asked))


def test_weights_of_another_form_are_refused(member):
    config, weights = member.as_parts()
    name = next(iter(weights))
    with pytest.raises(ModelError, match=f"weight {name}: expected shape .* found None"):
        rebuild_neural(config, {key: value for key, value in weights.items() if key != name})
    with pytest.raises(ModelError, match=f"weight {name}: expected finite"):
        rebuild_neural(config, {**weights, name: weights[name] * np.nan})
    with pytest.raises(ModelError, match="expected a power"):
        rebuild_neural(json.loads('{"kind": "nbeats"}'), weights)
    with pytest.raises(ModelError, match="expected a member of kind nbeats or tft, found 'prophet'"):
        rebuild_neural({"kind": "prophet", "power": 1.0}, weights)


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_before_any_training_answers_with_quantiles_of_plain_noise(panel, kind):
    module = build_model(kind, seed=3).model.eval()
    found = NeuralMember(kind, module, 0.75).predict_many(panel, origin_columns=(300,), length=AHEAD)
    assert np.isfinite(found).all()
    windows = draw_windows(panel, since=0, until=400, most=50, rng=np.random.default_rng(0))
    lesson = make_lesson(kind, panel, windows, until=400, power=0.75)
    with torch.no_grad():
        answers = run_module(module, as_input(kind, module, lesson.inputs)).mean(dim=(0, 1)).numpy()
    np.testing.assert_allclose(answers, START, atol=0.4)


def test_series_that_cannot_be_forecast_are_nan_and_disturb_no_other(panel, member):
    asked = {"origin_columns": (panel.n_history,), "length": SEASON}
    whole = member.predict_many(panel, **asked)[0]
    holes = hide(panel, 4, slice(None))
    forecast = member.predict_many(holes, **asked)[0]
    finite = np.isfinite(forecast).all(axis=(1, 2))
    assert finite.tolist() == [series != 4 for series in range(8)]
    assert np.isnan(forecast[4]).all()
    np.testing.assert_allclose(forecast[finite], whole[finite], rtol=2e-4, atol=1e-3)


def test_a_stale_feed_a_short_history_and_other_seasons_are_forecast(panel, member):
    stale = hide(panel, slice(None), slice(panel.n_history - 9, None))
    others = (
        stale,
        growing_panel(weeks=2),
        make_panel(season=7, weeks=10),
        make_panel(season=336, weeks=3, horizon=50),
    )
    for other in others:
        length = min(SEASON, other.n_horizon)
        assert np.isfinite(member.predict_many(other, origin_columns=(other.n_history,), length=length)).all()


def test_columns_outside_of_the_history_are_refused(panel, member):
    for at in (0, panel.n_history + 1):
        with pytest.raises(ModelError, match="expected columns from 1 to"):
            member.predict_many(panel, origin_columns=(at,), length=1)


def test_other_attributes_and_covariates_change_no_forecast(panel, member):
    asked = {"origin_columns": (panel.n_history,), "length": SEASON}
    other = replace(panel, attributes=panel.attributes.replace("r2", "elsewhere"))
    np.testing.assert_array_equal(member.predict_many(other, **asked), member.predict_many(panel, **asked))
