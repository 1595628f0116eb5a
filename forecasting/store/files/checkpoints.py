"""Files of pretrained public models, which a user puts on this machine; they are read and never fetched."""

from pathlib import Path

from forecasting.config.sections import FoundationKind
from forecasting.errors import ModelError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FILES: dict[FoundationKind, tuple[str, ...]] = {
    "chronos2": (CONFIG, WEIGHTS),
    "tirex2": (CONFIG, WEIGHTS),
    "timesfm2p5": (WEIGHTS,),
}
"""Published files of each kind that are read; TimesFM 2.5 has a single size, which needs no configuration."""


def read_checkpoint_files(folder: Path, kind: FoundationKind) -> dict[str, bytes]:
    """Contents of the files of a model, by name. Raises ModelError, in one line, where one cannot be read."""
    require_checkpoint_files(folder, kind)
    contents = {}
    for name in FILES[kind]:
        try:
            contents[name] = (folder / name).read_bytes()
        except OSError as error:
            raise ModelError(
                f"foundation: {folder / name}: expected a file that this user may read, found {error.strerror}"
            ) from error
    return contents


def require_checkpoint_files(folder: Path, kind: FoundationKind) -> None:
    """Raises ModelError where a file is missing, with what was expected there and what was found."""
    missing = [name for name in FILES[kind] if not (folder / name).is_file()]
    if not missing:
        return
    other = "a file" if folder.exists() else "no such folder"
    found = f"no {' and no '.join(missing)}" if folder.is_dir() else other
    raise ModelError(
        f"foundation: {folder}: expected a folder with {' and '.join(FILES[kind])} of a {kind} model, found {found}; "
        "copy the published files there (nothing is downloaded), or take foundation out of [models]"
    )
