"""Every failure that a user, a schedule or a retry rule can meet.

The text of each says what went wrong, where, what was expected against what was found, and the next step.
`exit_code` is what the command line returns: 2 a user's mistake, 3 bad data, 1 anything else.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from forecasting.redaction import redact

GRAVEST_FIRST = (1, 3, 2)


def gravest(codes: Iterable[int]) -> int:
    """The exit code of several outcomes: 1 or any unknown code, before 3, before 2; 0 where none failed.

    An unexpected failure may hide anything, bad data concern one stream, and a user's mistake is the easiest to put
    right.
    """
    found = {code if code in GRAVEST_FIRST else 1 for code in codes if code}
    return next((code for code in GRAVEST_FIRST if code in found), 0)


class ForecastingError(Exception):
    """Base of all errors that this project raises on purpose. No secret is in its text, whoever reads it."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(redact(message))


class SettingsError(ForecastingError):
    """A setting, a stream definition or an argument is wrong."""

    exit_code = 2


class QueryError(ForecastingError):
    """A SQL file is missing, does not parse, or names other parameters than it is given."""

    exit_code = 2


class FeedError(ForecastingError):
    """A feed is missing, empty, damaged, too old or not of the shape that its extract expects."""

    exit_code = 3


class ContractError(ForecastingError):
    """Rows broke a contract beyond what the stream allows."""

    exit_code = 3

    def __init__(self, message: str, *, table: str, check: str, failed: int) -> None:
        super().__init__(message)
        self.table = table
        self.check = check
        self.failed = failed


class FallbackError(ForecastingError):
    """More series fell back to the last tier than the stream allows."""

    exit_code = 3


class InsufficientHistoryError(ForecastingError):
    """There is too little history to do what was asked."""

    exit_code = 3

    def __init__(self, message: str, *, have: int, need: int) -> None:
        super().__init__(message)
        self.have = have
        self.need = need


class ModelError(ForecastingError):
    """A model cannot be trained, saved, loaded or asked."""


class LakeError(ForecastingError):
    """The lake cannot be opened, read or written."""


class LakeBusyError(LakeError):
    """Other writers kept the lake busy for longer than a writer waits. Trying again later is safe."""


class NoticeError(ForecastingError):
    """A person could not be notified."""


class UnexpectedError(ForecastingError):
    """A fault of this program or of a library, in the words of `in_one_line`."""


_NO_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
"""What the system says of a place that cannot be written."""


def in_one_line(error: BaseException) -> str:
    """An error for people: its own words where it was raised on purpose, else its kind and first line.

    A file or folder that nobody can write is named with the reason.
    """
    text = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, ForecastingError):
        return text
    if isinstance(error, OSError) and error.errno in _NO_PLACE and error.filename is not None:
        return f"{error.filename}: {error.strerror}; expected a place that this user may write and that has room"
    return f"unexpected: {type(error).__name__}: {text}" if text else f"unexpected: {type(error).__name__}"


@contextmanager
def surprises_named(where: str = "") -> Iterator[None]:
    """Raise whatever goes wrong inside as a ForecastingError, so that who goes on with the next stream needs to know
    no other kind. The first error stays its cause; where: the stream and the step, for the message.
    """
    try:
        yield
    except (ForecastingError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of a library in Rust is no Exception
        raise UnexpectedError(
            f"{f'{where}: ' if where else ''}{in_one_line(error)}; `forecasting --verbose ...` shows where it happened"
        ) from error
