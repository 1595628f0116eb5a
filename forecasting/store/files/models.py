"""Models on disk: weights in safetensors, everything else in JSON, each file with its checksum. Never pickle.

A bundle is a folder, here or in an object store: `bundle.json` and one `MEMBER.safetensors` a member. It appears whole
or not at all.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

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


def pack(bundle: Bundle) -> dict[str, bytes]:
    """The files of a bundle by name; equal bundles have equal files. The manifest, which names the others, is last."""
    contents, members = {}, {}
    for name, (config, weights) in bundle.members.items():
        file = f"{name}.safetensors"
        contents[file] = save({key: np.asarray(value, order="C") for key, value in weights.items()})
        members[name] = {"file": file, "sha256": _sha256(contents[file]), "config": config}
    manifest = {
        "format": FORMAT,
        "stream": bundle.stream,
        "model_id": bundle.model_id,
        "snapshot_id": bundle.snapshot_id,
        "versions": {"forecasting": __version__, **{package: version(package) for package in VERSIONED}},
        "members": members,
    }
    return contents | {MANIFEST: json.dumps(manifest, indent=2, sort_keys=True).encode()}


def checksum_of_files(contents: Mapping[str, bytes]) -> str:
    """Checksum of a bundle: of its manifest, which holds that of every other file."""
    return _sha256(contents[MANIFEST])


def save_bundle(folder: Path, bundle: Bundle) -> str:
    """Write a bundle to `folder` and return its checksum, which covers every file.

    A folder that holds the same bundle already is left alone; one that holds another is replaced. Equal bundles have
    equal checksums. Raises ModelError where the disk refuses.
    """
    contents = pack(bundle)
    try:
        write_files(folder, contents)
    except OSError as error:
        raise ModelError(f"model {bundle.model_id}: cannot write {folder}: {error}; free or repair the disk") from error
    return checksum_of_files(contents)


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put a bundle's files into a folder of this machine, which has all of them or none. Raises OSError."""
    if MANIFEST in contents and _holds(folder, checksum_of_files(contents)):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        fresh = Path(scratch) / "bundle"
        fresh.mkdir()
        for name, content in contents.items():
            (fresh / name).write_bytes(content)
            _sync(fresh / name)
        _sync(fresh)
        if folder.exists():
            folder.rename(Path(scratch) / "replaced")
        fresh.rename(folder)
        _sync(folder.parent)


def load_bundle(folder: Path, *, stream: str, model_id: str, checksum: str) -> Bundle:
    """Read a bundle back, byte for byte as it was saved; errors as of `unpack`."""
    return unpack(str(folder), read_from(folder), stream=stream, model_id=model_id, checksum=checksum)


def read_from(folder: Path) -> Callable[[str], bytes]:
    """What reads a file of a bundle in a folder of this machine."""
    return lambda name: (folder / name).read_bytes()


def unpack(where: str, read: Callable[[str], bytes], *, stream: str, model_id: str, checksum: str) -> Bundle:
    """A bundle from its files.

    where: folder that messages name. read: content of a file by its name; it raises OSError where it cannot be read.
    checksum: what `checksum_of_files` returned. Raises ModelError where a file is missing, damaged, of another stream,
    of another model or of another format, or lacks what a member needs.
    """
    path = f"{where}/{MANIFEST}"
    try:
        content = read(MANIFEST)
    except OSError as error:
        raise ModelError(f"{path}: expected a model, found {error.strerror}; {NEXT_STEP}") from error
    manifest = _parse(path, content)
    expected = {"format": FORMAT, "stream": stream, "model_id": model_id}
    for key, value in expected.items():
        if manifest.get(key) != value:
            raise ModelError(f"{path}: expected {key} {value!r}, found {manifest.get(key)!r}; {NEXT_STEP}")
    _verify(path, content, checksum)
    members = {}
    for name, entry in _entries(path, manifest).items():
        file = f"{where}/{entry['file']}"
        weights = _verified(file, partial(read, entry["file"]), entry["sha256"])
        try:
            members[name] = (entry["config"], load(weights))
        except SafetensorError as error:
            raise ModelError(f"{file}: expected safetensors, found {error}; {NEXT_STEP}") from error
    return Bundle(stream=stream, model_id=model_id, snapshot_id=manifest.get("snapshot_id"), members=members)


def _entries(path: str, manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
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


def _typed(path: str, key: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        found = "none" if value is None else type(value).__name__
        raise ModelError(f"{path}: expected {key}, a {kind.__name__}, found {found}; {NEXT_STEP}")
    return value


def _parse(path: str, content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: expected JSON, found {error}; {NEXT_STEP}") from error
    if not isinstance(manifest, dict):
        raise ModelError(f"{path}: expected an object, found {type(manifest).__name__}; {NEXT_STEP}")
    return manifest


def _verified(path: str, read: Callable[[], bytes], expected: str) -> bytes:
    """The content of a file with that checksum."""
    try:
        content = read()
    except OSError as error:
        raise ModelError(f"{path}: expected sha256 {expected[:12]}, found {error.strerror}; {NEXT_STEP}") from error
    _verify(path, content, expected)
    return content


def _verify(path: str, content: bytes, expected: str) -> None:
    found = _sha256(content)
    if found != expected:
        raise ModelError(f"{path}: expected sha256 {expected[:12]}, found {found[:12]}; {NEXT_STEP}")


def _holds(folder: Path, checksum: str) -> bool:
    """Whether a folder holds the bundle of that checksum, undamaged."""
    path, read = str(folder / MANIFEST), read_from(folder)
    try:
        content = _verified(path, lambda: read(MANIFEST), checksum)
        for entry in _entries(path, _parse(path, content)).values():
            _verified(str(folder / entry["file"]), partial(read, entry["file"]), entry["sha256"])
    except ModelError:
        return False
    return True


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sync(path: Path) -> None:
    """Have the disk keep a file or a folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
