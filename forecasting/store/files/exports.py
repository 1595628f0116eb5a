"""Files for other tools: each is written aside and moved to its place, so that a reader never sees half of one."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from forecasting.errors import LakeError


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write rows as CSV, whole or not at all. The folder is made where it is missing. Raises LakeError if it cannot."""
    write_with(path, lambda scratch: rows.to_csv(scratch, index=False))


def write_whole(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all. The folder is made where it is missing. Raises LakeError where it cannot."""
    write_with(path, lambda scratch: scratch.write_bytes(content))


def read_texts(folder: Path, pattern: str) -> dict[Path, str]:
    """Texts of the files of a folder whose names match, by path, in name order; one that cannot be read is left out."""
    found = {}
    for path in sorted(folder.glob(pattern)):
        try:
            found[path] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def read_bytes(path: Path) -> bytes | None:
    """Content of a file; None where there is none that can be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return None


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` write a file aside, and move it to its place.

    Raises LakeError where that cannot be done.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(scratch)
        scratch.replace(path)
    except OSError as error:
        raise LakeError(
            f"{path}: cannot be written: {error.strerror or error}; free space or name another folder"
        ) from error
    finally:
        if scratch.exists():
            scratch.unlink()
