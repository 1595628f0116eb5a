import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forecasting.errors import ModelError
from forecasting.store.files.models import MANIFEST, Bundle, load_bundle, save_bundle


def make_bundle(value: float = 1.0, stream: str = "calls") -> Bundle:
    weights = {"layer.weight": np.full((3, 2), value, np.float32), "steps": np.array(7)}
    return Bundle(stream, "calls-1", 42, {"nbeats": ({"kind": "nbeats", "sizes": [1, 2]}, weights)})


def load(folder: Path, checksum: str) -> Bundle:
    return load_bundle(folder, stream="calls", model_id="calls-1", checksum=checksum)


def test_bundle_comes_back_as_it_was_saved(tmp_path):
    checksum = save_bundle(tmp_path / "m", make_bundle())
    loaded = load(tmp_path / "m", checksum)
    config, weights = loaded.members["nbeats"]
    assert (loaded.stream, loaded.model_id, loaded.snapshot_id) == ("calls", "calls-1", 42)
    assert config == {"kind": "nbeats", "sizes": [1, 2]}
    np.testing.assert_array_equal(weights["layer.weight"], np.full((3, 2), 1.0, np.float32))
    assert weights["steps"].shape == ()


def test_equal_bundles_have_equal_checksums_and_are_not_written_again(tmp_path):
    checksum = save_bundle(tmp_path / "m", make_bundle())
    inode = (tmp_path / "m").stat().st_ino
    assert save_bundle(tmp_path / "m", make_bundle()) == checksum
    assert (tmp_path / "m").stat().st_ino == inode
    assert save_bundle(tmp_path / "other", make_bundle(2.0)) != checksum


def test_a_damaged_bundle_is_replaced_on_saving_it_again(tmp_path):
    checksum = save_bundle(tmp_path / "m", make_bundle())
    (tmp_path / "m" / "nbeats.safetensors").write_bytes(b"")
    assert save_bundle(tmp_path / "m", make_bundle()) == checksum
    load(tmp_path / "m", checksum)


def test_saving_leaves_nothing_else_behind(tmp_path):
    save_bundle(tmp_path / "m", make_bundle())
    save_bundle(tmp_path / "m", make_bundle(2.0))
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_failed_save_leaves_the_old_bundle_whole(tmp_path, monkeypatch):
    checksum = save_bundle(tmp_path / "m", make_bundle())

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forecasting.store.files.models._sync", refuse)
    with pytest.raises(ModelError, match="No space left"):
        save_bundle(tmp_path / "m", make_bundle(2.0))
    load(tmp_path / "m", checksum)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def truncate(folder: Path) -> None:
    file = folder / "nbeats.safetensors"
    file.write_bytes(file.read_bytes()[:-5])


def flip_a_bit(folder: Path) -> None:
    file = folder / "nbeats.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))


def edit_config(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["members"]["nbeats"]["config"]["sizes"] = [9]
    (folder / MANIFEST).write_text(json.dumps(manifest))


def other_format(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "format": 99}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, r"nbeats\.safetensors: expected sha256 \w+, found \w+; restore"),
        (flip_a_bit, r"nbeats\.safetensors: expected sha256"),
        (lambda folder: (folder / "nbeats.safetensors").unlink(), r"nbeats\.safetensors: .* found No such file"),
        (lambda folder: (folder / MANIFEST).unlink(), r"bundle\.json: expected a model, found No such file"),
        (lambda folder: (folder / MANIFEST).write_text("{"), r"bundle\.json: expected JSON"),
        (lambda folder: (folder / MANIFEST).write_text("[]"), r"bundle\.json: expected an object, found list"),
        (edit_config, r"bundle\.json: expected sha256"),
        (other_format, r"bundle\.json: expected format 1, found 99"),
    ],
)
def test_damage_is_told_in_one_line_with_file_and_next_step(tmp_path, damage, message):
    checksum = save_bundle(tmp_path / "m", make_bundle())
    damage(tmp_path / "m")
    with pytest.raises(ModelError, match=message) as caught:
        load(tmp_path / "m", checksum)
    assert "\n" not in str(caught.value)
    assert "forecasting train" in str(caught.value)


def test_a_bundle_of_another_stream_or_model_is_refused(tmp_path):
    checksum = save_bundle(tmp_path / "m", make_bundle(stream="traffic"))
    with pytest.raises(ModelError, match="expected stream 'calls', found 'traffic'"):
        load(tmp_path / "m", checksum)
    checksum = save_bundle(tmp_path / "m", make_bundle())
    with pytest.raises(ModelError, match="expected model_id 'calls-2', found 'calls-1'"):
        load_bundle(tmp_path / "m", stream="calls", model_id="calls-2", checksum=checksum)


def test_the_store_of_models_needs_no_torch():
    code = "import sys, forecasting.store.files.models; print(sorted({'torch', 'darts'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda manifest: manifest.pop("members"), "expected members, a dict, found none"),
        (lambda manifest: manifest.update(members=["nbeats"]), "expected members, a dict, found list"),
        (lambda manifest: manifest["members"].update(nbeats=None), r"expected members\.nbeats, a dict, found none"),
        (
            lambda manifest: manifest["members"]["nbeats"].pop("file"),
            r"expected members\.nbeats\.file, a str, found none",
        ),
        (lambda manifest: manifest["members"]["nbeats"].pop("sha256"), r"members\.nbeats\.sha256, a str, found none"),
        (
            lambda manifest: manifest["members"]["nbeats"].update(config=1),
            r"members\.nbeats\.config, a dict, found int",
        ),
        (lambda manifest: manifest["members"]["nbeats"].update(file="../x"), r"file in this folder, found '\.\./x'"),
    ],
)
def test_manifest_with_the_right_checksum_that_lacks_what_is_needed_is_named(tmp_path, change, message):
    save_bundle(tmp_path / "m", make_bundle())
    path = tmp_path / "m" / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=message) as failure:
        load(tmp_path / "m", hashlib.sha256(path.read_bytes()).hexdigest())
    assert str(failure.value).startswith(str(path))
    assert "\n" not in str(failure.value)
