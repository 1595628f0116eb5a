"""Files of public models: read where they lie, and missed with words that help."""

import pytest

from forecasting.errors import ModelError
from forecasting.store.files.checkpoints import read_checkpoint_files, require_checkpoint_files


def test_the_files_of_a_kind_are_read_and_no_others(tmp_path):
    for name in ("config.json", "model.safetensors", "README.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    for kind in ("chronos2", "tirex2"):
        assert read_checkpoint_files(tmp_path, kind) == {
            "config.json": b"config.json",
            "model.safetensors": b"model.safetensors",
        }
    assert read_checkpoint_files(tmp_path, "timesfm2p5") == {"model.safetensors": b"model.safetensors"}


def test_what_is_missing_is_named_with_its_place(tmp_path):
    place, words = tmp_path / "weights", "expected a folder with config.json and model.safetensors of a chronos2 model"

    def missing() -> str:
        with pytest.raises(ModelError, match=r"nothing is downloaded") as caught:
            require_checkpoint_files(place, "chronos2")
        assert str(caught.value).startswith(f"foundation: {place}: {words}, found ")
        return str(caught.value).partition("found ")[2].partition(";")[0]

    assert missing() == "no such folder"
    place.write_text("", encoding="utf-8")
    assert missing() == "a file"
    place.unlink()
    place.mkdir()
    assert missing() == "no config.json and no model.safetensors"
    (place / "config.json").write_text("{}", encoding="utf-8")
    assert missing() == "no model.safetensors"
    (place / "model.safetensors").mkdir()
    assert missing() == "no model.safetensors"
