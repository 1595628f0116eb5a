import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric.plugins.environments import SLURMEnvironment

from forecasting.errors import ModelError
from forecasting.models.member import Training
from forecasting.models.neural import fitting, training
from forecasting.models.neural.config import choose_config
from forecasting.models.neural.member import NeuralMember, rebuild_member
from forecasting.models.neural.training import train_member
from forecasting.models.seasonal.member import seasonal_naive
from forecasting.panel.grid import Panel
from forecasting.quantiles import pinball
from forecasting.store.files.models import Bundle, load_bundle, save_bundle
from tests.models.factories import hide, make_panel

SEASON = 14
STEPS = {"nbeats": 150, "tft": 60}
KINDS = ["nbeats", "tft"]


def small_panel(seed: int = 0) -> Panel:
    """Half days of series whose level grows or falls steadily: what the last week alone gets wrong."""
    return make_panel(n_series=12, weeks=14, season=SEASON, gaps=0.05, noise=0.1, drift=0.06, seed=seed)


def train(kind: str, panel: Panel, *, n_steps: int | None = None, **settings: object) -> Training:
    given = {"train_until": panel.n_history - SEASON, "budget_seconds": 60.0, "seed": 1, **settings}
    return train_member(kind, panel, n_steps=n_steps or STEPS[kind], **given)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return small_panel()


@pytest.fixture(scope="module")
def trained(panel: Panel) -> dict[str, Training]:
    return {kind: train(kind, panel) for kind in KINDS}


@pytest.fixture(params=KINDS)
def member(request: pytest.FixtureRequest, trained: dict[str, Training]) -> NeuralMember:
    found = trained[request.param].member
    assert found is not None
    return found


def test_a_member_beats_the_seasonal_naive_where_there_is_something_to_learn(panel, member):
    at = panel.n_history - SEASON
    y = np.where(panel.observed[:, at:], panel.y[:, at:], np.nan)
    ours, naive = (np.nanmean(pinball(y, ask(panel, at=at, length=SEASON))) for ask in (member.predict, seasonal_naive))
    assert ours < 0.95 * naive


def test_quantiles_are_sorted_finite_and_not_negative(panel, member):
    forecast = member.predict(panel, at=panel.n_history, length=10)
    assert forecast.shape == (12, 10, 7)
    assert forecast.dtype == np.float32
    assert np.isfinite(forecast).all()
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert (forecast >= 0).all()


def test_several_origins_at_once_are_the_same_as_one_by_one(panel, member, monkeypatch):
    origin_columns = (60, 101, panel.n_history)
    together = member.predict_many(panel, origin_columns=origin_columns, length=SEASON)
    monkeypatch.setattr("forecasting.models.neural.member.SERIES_AT_ONCE", 5)
    monkeypatch.setattr("forecasting.models.neural.member.WINDOWS_AT_ONCE", {"nbeats": 3, "tft": 3})
    for block, at in zip(together, origin_columns, strict=True):
        np.testing.assert_allclose(block, member.predict(panel, at=at, length=SEASON), rtol=2e-4, atol=1e-3)


def test_nothing_at_or_after_the_column_changes_a_forecast(panel, member):
    at = 150
    y, observed = panel.y.copy(), panel.observed.copy()
    y[:, at:], observed[:, at::2] = 1e7, False
    scrambled = replace(panel, y=y, observed=observed)
    np.testing.assert_array_equal(
        member.predict(panel, at=at, length=SEASON), member.predict(scrambled, at=at, length=SEASON)
    )


def test_nothing_at_or_after_train_until_changes_the_weights(panel):
    until = panel.n_history - SEASON
    y = panel.y.copy()
    y[:, until:] = 1e7
    assert_same_weights(*(train("nbeats", one, n_steps=20) for one in (panel, replace(panel, y=y))))


def assert_same_weights(one: Training, other: Training) -> None:
    assert one.member
    assert other.member
    others = other.member.weights()
    for name, value in one.member.weights().items():
        np.testing.assert_array_equal(value, others[name])


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_and_steps_make_the_same_weights_and_another_seed_others(panel, kind):
    one = train(kind, panel, n_steps=8)
    torch.rand(3)
    assert_same_weights(train(kind, panel, n_steps=8), one)
    with pytest.raises(AssertionError):
        assert_same_weights(train(kind, panel, n_steps=8, seed=2), one)


def test_training_leaves_global_random_state_threads_and_folder_alone(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(5)
    before, legacy, threads = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()  # noqa: NPY002
    train("nbeats", panel, n_steps=5)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], legacy)  # noqa: NPY002
    assert torch.get_num_threads() == threads
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_training_resumes_no_checkpoint_that_an_interrupted_cluster_job_left_in_the_folder(
    panel, tmp_path, monkeypatch
):
    expected = train("nbeats", panel, n_steps=2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpc_ckpt_1.ckpt").write_text("no checkpoint")
    for name, value in {"NTASKS": "1", "JOB_NAME": "train", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert SLURMEnvironment.detect()
    assert_same_weights(train("nbeats", panel, n_steps=2), expected)


def test_a_member_that_was_saved_and_loaded_forecasts_bit_for_bit_the_same(panel, member, tmp_path):
    bundle = Bundle("calls", "m1", None, {member.config.kind: (member.config.as_dict(), member.weights())})
    checksum = save_bundle(tmp_path / "m1", bundle)
    loaded = load_bundle(tmp_path / "m1", stream="calls", model_id="m1", checksum=checksum)
    again = rebuild_member(*loaded.members[member.config.kind])
    assert again.config == member.config
    origin_columns = (100, panel.n_history)
    np.testing.assert_array_equal(
        again.predict_many(panel, origin_columns=origin_columns, length=SEASON),
        member.predict_many(panel, origin_columns=origin_columns, length=SEASON),
    )


def test_weights_of_another_form_are_refused(member):
    weights = member.weights()
    name = next(iter(weights))
    with pytest.raises(ModelError, match=f"weight {name}: expected shape .* found None"):
        rebuild_member(member.config.as_dict(), {key: value for key, value in weights.items() if key != name})
    with pytest.raises(ModelError, match=f"weight {name}: expected finite"):
        rebuild_member(member.config.as_dict(), {**weights, name: weights[name] * np.nan})
    with pytest.raises(ModelError, match="expected the fields of NeuralConfig"):
        rebuild_member(json.loads('{"kind": "nbeats"}'), weights)


def test_a_warm_start_begins_where_the_parent_ended(panel, trained):
    parent = trained["nbeats"].member
    cold, warm = (train("nbeats", panel, n_steps=2, parent=one) for one in (None, parent))
    assert warm.validation_loss <= trained["nbeats"].validation_loss * (1 + 1e-6) < cold.validation_loss


def test_a_parent_of_another_form_is_ignored(panel, trained, caplog):
    other = small_panel()
    other = replace(other, attributes=other.attributes.replace("r2", "r9"))
    with caplog.at_level("INFO"):
        warm = train("tft", other, n_steps=2, parent=trained["tft"].member)
    assert warm.member is not None
    assert "training from the start" in caplog.text


def test_dropout_is_on_while_training(panel, monkeypatch):
    modes = []

    def note(_guard, _trainer, module, *_):
        modes.append(module.training)

    monkeypatch.setattr(fitting.Guard, "on_train_batch_end", note)
    train("nbeats", panel, n_steps=12)
    assert modes == [True] * 12


def test_a_loss_that_is_no_number_stops_the_training(panel, monkeypatch):
    monkeypatch.setitem(fitting.LEARNING_RATE, "nbeats", 1e30)
    with pytest.raises(ModelError, match="expected a finite loss, found nan"):
        train("nbeats", panel, n_steps=20)


def test_the_budget_fixes_the_steps_before_training(panel, monkeypatch):
    planned = []

    def fit(plan, panel, *, n_steps, **_):
        planned.append(n_steps)
        return None, 0.0

    monkeypatch.setattr(training, "_measure", lambda *_, **__: (0.1, 0.5))
    monkeypatch.setattr(training, "_fit", fit)
    given = {"train_until": panel.n_history, "seed": 1}
    short = train_member("nbeats", panel, budget_seconds=30, **given)
    assert short.n_steps == planned[0]
    assert 160 < short.n_steps < 180  # 0.8 x 30 s less 12 validations of 0.5 s, in steps of 0.1 s
    assert short.step_seconds == 0.1
    assert train_member("nbeats", panel, budget_seconds=1e9, **given).n_steps < training.MOST_STEPS
    monkeypatch.setattr(training, "MOST_PASSES", 1)
    assert train_member("nbeats", panel, budget_seconds=1e9, **given).n_steps == training.FEW_STEPS


def test_a_budget_too_small_is_an_outcome_and_no_bad_model(panel):
    outcome = train_member("tft", panel, train_until=panel.n_history, budget_seconds=0.5, seed=1)
    assert outcome.member is None
    assert "too expensive: 100 steps need about" in outcome.reason


def test_too_little_history_is_an_outcome():
    panel = make_panel(n_series=2, weeks=2, season=SEASON)
    outcome = train("nbeats", panel)
    assert outcome.member is None
    assert "too little history" in outcome.reason


def test_nothing_observed_is_an_outcome(panel):
    outcome = train("nbeats", hide(panel, slice(None), slice(None)))
    assert outcome.member is None


def test_new_series_and_unseen_attributes_are_forecast(member):
    other = make_panel(n_series=30, weeks=14, season=SEASON, seed=9)
    attributes = other.attributes.copy()
    attributes["region"] = "elsewhere"
    other = replace(other, attributes=attributes)
    assert np.isfinite(member.predict(other, at=other.n_history, length=SEASON)).all()
    bare = replace(other, attributes=attributes[[]])
    assert np.isfinite(member.predict(bare, at=other.n_history, length=SEASON)).all()


def test_series_that_cannot_be_forecast_are_nan_and_disturb_no_other(panel, member):
    whole = member.predict(panel, at=panel.n_history, length=SEASON)
    y = panel.y.copy()
    y[1] = 0
    holes = hide(hide(replace(panel, y=y), 0, slice(0, panel.n_history - 5)), 4, slice(None))
    forecast = member.predict(holes, at=panel.n_history, length=SEASON)
    finite = np.isfinite(forecast).all(axis=(1, 2))
    assert finite.tolist() == [series not in (0, 1, 4) for series in range(12)]
    np.testing.assert_allclose(forecast[finite], whole[finite], rtol=2e-4, atol=1e-3)


def test_a_stale_feed_and_a_short_history_are_forecast(panel, member):
    stale = hide(panel, slice(None), slice(panel.n_history - 9, None))
    assert np.isfinite(member.predict(stale, at=panel.n_history, length=SEASON)).all()
    short = make_panel(n_series=3, weeks=2, season=SEASON)
    assert np.isfinite(member.predict(short, at=short.n_history, length=SEASON)).all()


def test_a_panel_of_another_kind_is_refused(panel, trained):
    tft = trained["tft"].member
    with pytest.raises(ModelError, match="expected a season of 14, found 28"):
        tft.predict(make_panel(season=28), at=28, length=1)
    with pytest.raises(ModelError, match="expected covariates sin_week, cos_week, found sin_week, holiday"):
        tft.predict(replace(panel, covariate_names=("sin_week", "holiday")), at=100, length=1)
    with pytest.raises(ModelError, match="expected a horizon of at most"):
        tft.predict(panel, at=100, length=999)
    with pytest.raises(ModelError, match="expected columns from 1"):
        tft.predict(panel, at=0, length=1)


@pytest.mark.parametrize(
    ("season", "horizon", "block"), [(336, 672, 12), (168, 168, 3), (140, 140, 4), (7, 365, 7), (1, 12, 1), (14, 14, 1)]
)
def test_tft_sees_long_horizons_in_blocks(season, horizon, block):
    panel = make_panel(n_series=2, weeks=8, season=season if season > 1 else 1, horizon=horizon)
    shape = choose_config("tft", panel, train_until=panel.n_history).shape
    assert shape.block == block
    assert shape.horizon <= 64
    assert shape.context <= 128
    assert shape.horizon_columns >= horizon
