"""Models on disk: weights in safetensors, everything else in JSON, each file with its checksum. Never pickle.

A bundle is a folder: `bundle.json` and one `MEMBER.safetensors` a member. It appears whole or not at all.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from forecasting import __version__
from forecasting.errors import ModelError

FORMAT = 1
MANIFEST = "bundle.json"
VERSIONED = ("darts", "lightgbm", "numpy", "safetensors", "torch")
NEXT_STEP = "restore the folder, or run `forecasting train` with --anew"

Weights = Mapping[str, NDArray[Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Bundle:
    """The trained members of one model of a stream."""

    stream: str
    model_id: str
    snapshot_id: int | None
    """Lake snapshot that the members were trained on."""
    members: Mapping[str, tuple[Mapping[str, Any], Weights]]
    """Config, plain enough for JSON, and weights of each member by its name."""


def save_bundle(folder: Path, bundle: Bundle) -> str:
    """Write a bundle to `folder` and return its checksum, which covers every file.

    A folder that holds the same bundle already is left alone; one that holds another is replaced. Equal bundles have
    equal checksums. Raises ModelError where the disk refuses.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            fresh = Path(scratch) / "bundle"
            checksum = _write(fresh, bundle)
            if not _holds(folder, checksum):
                if folder.exists():
                    folder.rename(Path(scratch) / "replaced")
                fresh.rename(folder)
                _sync(folder.parent)
    except (OSError, SafetensorError) as error:  # safetensors wraps what the disk says
        raise ModelError(f"model {bundle.model_id}: cannot write {folder}: {error}; free or repair the disk") from error
    return checksum


def _write(folder: Path, bundle: Bundle) -> str:
    folder.mkdir()
    members = {}
    for name, (config, weights) in bundle.members.items():
        file = folder / f"{name}.safetensors"
        save_file({key: np.asarray(value, order="C") for key, value in weights.items()}, file)
        _sync(file)
        members[name] = {"file": file.name, "sha256": _sha256(file), "config": config}
    manifest = {
        "format": FORMAT,
        "stream": bundle.stream,
        "model_id": bundle.model_id,
        "snapshot_id": bundle.snapshot_id,
        "versions": {"forecasting": __version__, **{package: version(package) for package in VERSIONED}},
        "members": members,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True), encoding="utf-8")
    _sync(folder / MANIFEST)
    _sync(folder)
    return _sha256(folder / MANIFEST)


def load_bundle(folder: Path, *, stream: str, model_id: str, checksum: str) -> Bundle:
    """Read a bundle back, byte for byte as it was saved.

    checksum: what `save_bundle` returned. Raises ModelError where a file is missing, damaged, of another stream, of
    another model or of another format, or lacks what a member needs.
    """
    manifest = _read_manifest(folder / MANIFEST)
    expected = {"format": FORMAT, "stream": stream, "model_id": model_id}
    for key, value in expected.items():
        if manifest.get(key) != value:
            raise ModelError(f"{folder / MANIFEST}: expected {key} {value!r}, found {manifest.get(key)!r}; {NEXT_STEP}")
    _verify(folder / MANIFEST, checksum)
    members = {}
    for name, entry in _entries(folder / MANIFEST, manifest).items():
        file = folder / entry["file"]
        _verify(file, entry["sha256"])
        try:
            members[name] = (entry["config"], load_file(file))
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file}: expected safetensors, found {error}; {NEXT_STEP}") from error
    return Bundle(stream=stream, model_id=model_id, snapshot_id=manifest.get("snapshot_id"), members=members)


def _entries(path: Path, manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Members of a manifest with file, sha256 and config of each. Raises ModelError where one of these is missing."""
    members = _typed(path, "members", manifest.get("members"), dict)
    for name, entry in members.items():
        _typed(path, f"members.{name}", entry, dict)
        for key, kind in (("file", str), ("sha256", str), ("config", dict)):
            _typed(path, f"members.{name}.{key}", entry.get(key), kind)
        if Path(entry["file"]).name != entry["file"]:
            raise ModelError(
                f"{path}: expected members.{name}.file in this folder, found {entry['file']!r}; {NEXT_STEP}"
            )
    return members


def _typed(path: Path, key: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        found = "none" if value is None else type(value).__name__
        raise ModelError(f"{path}: expected {key}, a {kind.__name__}, found {found}; {NEXT_STEP}")
    return value


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: expected a model, found {error.strerror}; {NEXT_STEP}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: expected JSON, found {error}; {NEXT_STEP}") from error
    if not isinstance(manifest, dict):
        raise ModelError(f"{path}: expected an object, found {type(manifest).__name__}; {NEXT_STEP}")
    return manifest


def _verify(path: Path, expected: str) -> None:
    try:
        found = _sha256(path)
    except OSError as error:
        raise ModelError(f"{path}: expected sha256 {expected[:12]}, found {error.strerror}; {NEXT_STEP}") from error
    if found != expected:
        raise ModelError(f"{path}: expected sha256 {expected[:12]}, found {found[:12]}; {NEXT_STEP}")


def _holds(folder: Path, checksum: str) -> bool:
    """Whether a folder holds the bundle of that checksum, undamaged."""
    try:
        _verify(folder / MANIFEST, checksum)
        for entry in _entries(folder / MANIFEST, _read_manifest(folder / MANIFEST)).values():
            _verify(folder / entry["file"], entry["sha256"])
    except ModelError:
        return False
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Have the disk keep a file or a folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
