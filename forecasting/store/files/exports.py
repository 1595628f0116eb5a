"""Files for other tools."""

import os
from pathlib import Path

import pandas as pd

from forecasting.errors import LakeError


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write rows as CSV, whole or not at all: a reader never sees half a file. The folder is made where it is missing.

    Raises LakeError where it cannot.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(scratch, index=False)
        scratch.replace(path)
    except OSError as error:
        raise LakeError(
            f"{path}: cannot be written: {error.strerror or error}; free space or name another folder"
        ) from error
    finally:
        if scratch.exists():
            scratch.unlink()
