"""Standard input and output as the shell left them: closed, full, or in an encoding that lacks some letters."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Output:
    """A text stream whose writer is never stopped by its reader: what is refused is noted, and the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.refusal: OSError | None = None
        """Why something could not be written; nothing is after it."""

    def write(self, text: str) -> int:
        if self.refusal is None:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._refuse(error)
        return len(text)

    def flush(self) -> None:
        if self.refusal is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._refuse(error)

    def _refuse(self, error: OSError) -> None:
        self.refusal = error
        # what is still in the buffer would be refused again when the process ends
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def sound_streams() -> Iterator[Output]:
    """Standard streams that can be written to while a command works; yields standard output.

    A closed descriptor is opened on nothing, or the next file, such as the catalog, would take its number.
    """
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for number in closed:
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    out, err = (Output(stream or io.StringIO()) for stream in before)
    if 1 in closed:
        out.refusal = OSError(9, "it is closed")
    sys.stdout, sys.stderr = out, err
    try:
        yield out
        out.flush()
    finally:
        sys.stdout, sys.stderr = before


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
