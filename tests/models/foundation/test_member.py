"""Public models as members, from tiny checkpoints of the published form."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from darts import TimeSeries
from darts.utils.likelihood_models.torch import QuantileRegression
from safetensors.torch import load_file, save_file

from forecasting.ensemble.members import as_parts
from forecasting.errors import ModelError
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.foundation.contexts import impute
from forecasting.models.foundation.member import FoundationMember, choose_foundation, rebuild_foundation
from forecasting.models.foundation.networks import build_network
from forecasting.models.foundation.offline import import_offline
from forecasting.models.neural.runtime import quiet
from forecasting.panel.grid import Panel
from forecasting.store.files.checkpoints import read_checkpoint_files
from tests.checkpoints import tiny_timesfm, write_chronos2, write_timesfm2p5, write_tirex2
from tests.models.factories import hide, make_panel, scramble_from
from tests.tirex_stand_in import provide_tirex2

SEASON = 28
WRITE = {"chronos2": write_chronos2, "timesfm2p5": write_timesfm2p5, "tirex2": write_tirex2}


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Ten weeks of five series, and a holiday a week before and after the origin of column 150."""
    panel = make_panel(n_series=5, weeks=10, gaps=0.03)
    holiday = np.zeros((len(panel.ts), 1), dtype=np.float32)
    for day in (slice(80, 84), slice(120, 124), slice(160, 164)):
        holiday[day] = 1
    return replace(panel, covariates=holiday, covariate_names=("holiday",))


@pytest.fixture(scope="module", autouse=True)
def _kinds() -> Iterator[None]:
    """All three kinds at hand, and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something asked the network")

    with tiny_timesfm(), pytest.MonkeyPatch.context() as patch:
        provide_tirex2(patch)
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "create_connection", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


@pytest.fixture(scope="module", params=WRITE)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return WRITE[kind](tmp_path_factory.mktemp("weights") / kind)


def read(folder: Path, kind: str) -> Checkpoint:
    return Checkpoint(kind, str(folder), read_checkpoint_files(folder, kind))


@pytest.fixture(scope="module")
def member(kind: str, folder: Path, panel: Panel) -> FoundationMember:
    return choose_foundation(read(folder, kind), panel)


def test_quantiles_are_sorted_finite_and_not_negative(panel, member):
    predicted = member.predict_many(panel, origin_columns=(2 * SEASON, panel.n_history), length=SEASON)
    assert predicted.shape == (2, panel.n_series, SEASON, 7)
    assert predicted.dtype == np.float32
    assert np.isfinite(predicted).all()
    assert (np.diff(predicted, axis=-1) >= 0).all()
    assert (predicted >= 0).all()


def test_several_columns_are_the_same_as_one_by_one(panel, member):
    several = member.predict_many(panel, origin_columns=(100, 150), length=20)
    for place, at in enumerate((100, 150)):
        alone = member.predict_many(panel, origin_columns=(at,), length=20)[0]
        np.testing.assert_allclose(several[place], alone, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_from_the_origin_on_changes_an_answer(panel, member, seed):
    at = 150
    before = member.predict_many(panel, origin_columns=(at,), length=20)
    after = member.predict_many(scramble_from(panel, at, seed=seed), origin_columns=(at,), length=20)
    np.testing.assert_array_equal(before, after)
    earlier = member.predict_many(scramble_from(panel, at - 1, seed=seed), origin_columns=(at,), length=20)
    assert (earlier != before).any()


def test_a_series_does_not_depend_on_those_beside_it(panel, member):
    other = scramble_from(panel, 0, seed=1)
    mixed = replace(panel, y=other.y.copy(), observed=other.observed.copy())
    mixed.y[2], mixed.observed[2] = panel.y[2], panel.observed[2]
    answers = [one.predict_many for one in (member, member)]
    ours, theirs = (
        answer(one, origin_columns=(150,), length=20)[0, 2] for answer, one in zip(answers, (panel, mixed), strict=True)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_a_series_without_history_is_left_to_others(panel, member):
    silent = hide(panel, 3, slice(0, panel.n_history))
    predicted = member.predict_many(silent, origin_columns=(panel.n_history,), length=10)[0]
    assert np.isnan(predicted[3]).all()
    assert np.isfinite(np.delete(predicted, 3, axis=0)).all()


def test_long_gaps_and_a_late_start_are_no_trouble(panel, member):
    gappy = hide(hide(panel, 0, slice(100, 140)), 1, slice(0, 110))
    gappy = hide(gappy, 2, slice(140, 150))
    assert np.isfinite(member.predict_many(gappy, origin_columns=(150,), length=20)).all()


def test_gaps_are_filled_for_a_model_that_cannot_read_them_and_for_no_other(panel, member, kind):
    gappy = hide(panel, slice(None), slice(120, 123))
    filled = impute(gappy, gappy.y)
    whole = replace(gappy, y=filled, observed=np.isfinite(filled))
    ours, theirs = (member.predict_many(one, origin_columns=(150,), length=20) for one in (gappy, whole))
    assert (ours == theirs).all() == (kind == "timesfm2p5")


def test_a_horizon_longer_than_an_answer_goes_on_from_the_answer(panel, kind, folder):
    short = FoundationMember(kind, "", "", build_network(read(folder, kind), context=128, ahead=8))
    predicted = short.predict_many(panel, origin_columns=(150,), length=30)
    assert predicted.shape[2] == 30
    assert np.isfinite(predicted).all()
    # to the end of the holiday ahead, so that it is a covariate of both
    first = short.predict_many(panel, origin_columns=(150,), length=14)[:, :, :8]
    np.testing.assert_allclose(predicted[:, :, :8], first, rtol=1e-4, atol=1e-3)


def test_models_that_read_covariates_are_given_holidays_ahead(panel, member, kind):
    moved = panel.covariates.copy()
    moved[160:164], moved[165:169] = 0, 1
    ours, theirs = (
        member.predict_many(one, origin_columns=(150,), length=20) for one in (panel, replace(panel, covariates=moved))
    )
    assert member.network.takes_covariates == (kind != "timesfm2p5")
    if kind == "chronos2":
        assert (ours != theirs).any()
    none = member.predict_many(replace(panel, covariates=0 * moved), origin_columns=(150,), length=20)
    assert (none != ours).any() == (kind != "timesfm2p5")


def test_a_checkpoint_answers_as_darts_own_model_does(panel, kind, folder, member):
    """`Chronos2Model` and its siblings, asked about one series with whole history and no covariate."""
    names = {"chronos2": "Chronos2Model", "timesfm2p5": "TimesFM2p5Model", "tirex2": "TiRex2Model"}
    module = import_offline(f"darts.models.forecasting.{kind}_model")
    own = member.network
    past = make_panel(n_series=1, weeks=12).y[:, -own.context :]
    series = TimeSeries.from_times_and_values(pd.date_range("2024-01-01", periods=own.context, freq="6h"), past[0])
    if kind == "timesfm2p5":
        (folder / "config.json").write_text("{}", encoding="utf-8")  # darts would download it, and read nothing of it
    theirs_alone = {
        "chronos2": {"local_dir": folder},
        "timesfm2p5": {"local_dir": folder, "use_longer_projection_head": True},
        "tirex2": {"hub_model_name": str(folder)},
    }
    with quiet():
        model = getattr(module, names[kind])(
            input_chunk_length=own.context,
            output_chunk_length=own.ahead,
            likelihood=QuantileRegression(list(own.levels)),
            pl_trainer_kwargs={"accelerator": "cpu", "enable_progress_bar": False, "logger": False},
            **theirs_alone[kind],
        )
        theirs = model.fit(series).predict(own.ahead, predict_likelihood_parameters=True, show_warnings=False).values()
    with torch.inference_mode():
        ours = own.answer(torch.from_numpy(past), None)[0].numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_a_model_keeps_where_its_weights_lie_and_which_they_were(panel, folder, kind, member):
    config, arrays = as_parts(member)
    assert not arrays
    assert (config["kind"], config["model"], config["path"]) == ("foundation", kind, str(folder))
    again = rebuild_foundation(json.loads(json.dumps(config)), read(folder, kind))
    before, after = (one.predict_many(panel, origin_columns=(150,), length=9) for one in (member, again))
    np.testing.assert_array_equal(before, after)


def test_other_weights_at_the_same_place_are_noticed(tmp_path, kind, member):
    other = WRITE[kind](tmp_path / kind, seed=1)
    with pytest.raises(ModelError, match=r"^foundation: .*expected the files that this model was made with \(sha256"):
        rebuild_foundation(as_parts(member)[0], read(other, kind))


def damage(change: Callable[[Path], None], folder: Path, kind: str, place: Path) -> Checkpoint:
    place.mkdir()
    for file in folder.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    change(place)
    return read(place, kind)


def cut_weights(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def point_elsewhere(folder: Path) -> None:
    """What a clone of a repository has without its large files."""
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\nsize 5\n", encoding="utf-8")


def lose_a_weight(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, folder / "model.safetensors")


def widen_a_weight(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = sorted(tensors)[0]
    save_file({**tensors, name: torch.zeros(3, 3, 3)}, folder / "model.safetensors")


def spoil_a_weight(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = sorted(tensors)[0]
    save_file({**tensors, name: tensors[name] * torch.nan}, folder / "model.safetensors")


@pytest.mark.parametrize("change", [cut_weights, point_elsewhere, lose_a_weight, widen_a_weight, spoil_a_weight])
def test_damaged_files_are_refused_in_one_line(change, folder, kind, tmp_path, panel):
    with pytest.raises(ModelError, match=r"^foundation: .*expected .*found") as caught:
        choose_foundation(damage(change, folder, kind, tmp_path / "damaged"), panel)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    if change in (lose_a_weight, widen_a_weight):
        assert re.search(r"weight [\w.]+ of shape .* instead of \(\d+, ?\d*", str(caught.value))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"chronos_config": {"quantiles": [0.5]}}', '{"quantiles": 3}'])
def test_a_configuration_of_another_model_is_refused_in_one_line(text, folder, kind, tmp_path, panel):
    if kind == "timesfm2p5":
        pytest.skip("it has no configuration")

    def change(place: Path) -> None:
        (place / "config.json").write_text(text, encoding="utf-8")

    with pytest.raises(ModelError, match=r"^foundation: .*expected .*found") as caught:
        choose_foundation(damage(change, folder, kind, tmp_path / "damaged"), panel)
    assert "\n" not in str(caught.value)


def test_darts_could_not_download_if_it_wanted_to():
    connector = import_offline("darts.models.components.huggingface_connector")
    with pytest.raises(ModelError, match="never downloaded"):
        connector.HuggingFaceConnector("amazon/chronos-2").load_config()


def test_tirex_2_without_its_package_says_what_to_install(panel, folder, kind, monkeypatch):
    if kind != "tirex2":
        pytest.skip("it needs no package of its own")
    monkeypatch.setitem(__import__("sys").modules, "tirex2.model", None)
    with pytest.raises(ModelError, match=r"needs the package tirex-2 .* `pip install tirex-2`"):
        choose_foundation(read(folder, kind), panel)


def test_a_column_without_history_is_refused(panel, member):
    for column in (0, panel.n_history + 1):
        with pytest.raises(ModelError, match="expected columns from 1 to"):
            member.predict_many(panel, origin_columns=(column,), length=5)


@pytest.mark.gpu
def test_a_gpu_gives_the_processors_answers(panel, member):
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    on_gpu = member.predict_many(panel, origin_columns=(150,), length=20)
    member.network.module.to("cpu")
    np.testing.assert_allclose(
        on_gpu, member.predict_many(panel, origin_columns=(150,), length=20), rtol=1e-3, atol=1e-2
    )
