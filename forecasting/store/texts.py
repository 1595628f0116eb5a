"""Definitions and SQL as people leave them on disk: small UTF-8 texts, read whole or refused with what is wrong."""

import json
import stat
from pathlib import Path

from forecasting.errors import ForecastingError, SettingsError

MOST_BYTES = 1_000_000
"""Ten times the longest that anybody wrote; a larger file is something else."""


def read_text(path: Path, refusal: type[ForecastingError], *, most_bytes: int = MOST_BYTES) -> str:
    """The text of a file, without a byte order mark, lines ending in a newline alone.

    refusal: what is raised, in one line that names the file, where it is no regular file that can be read, larger than
    `most_bytes`, or not UTF-8.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):  # to open a pipe would wait for ever
            found = "a folder" if stat.S_ISDIR(state.st_mode) else "something else"
            raise refusal(f"{path}: expected a file, found {found}; move it elsewhere")
        if state.st_size > most_bytes:
            raise refusal(
                f"{path}: expected a text of at most {most_bytes / 1e6:.0f} MB, found {state.st_size / 1e6:.1f} MB; "
                "move it elsewhere"
            )
        data = path.read_bytes()
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {_reason(path, error)}; put it right or remove it") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refusal(
            f"{path}:{line}: expected UTF-8, found the byte 0x{data[error.start]:02x}; save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def toml_text(value: str) -> str:
    """What stands between the quotes of a string in TOML, whose escapes are those of JSON."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SettingsError(f"{value!r}: expected UTF-8, found a byte that is none; write it another way") from error
    return json.dumps(value, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def _reason(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{reason} (a link to {path.readlink()})" if path.is_symlink() else reason
