"""What errors of the database mean: another writer was first, the server is away, the disk is full, a role may not.

DuckDB hands on what the catalog's server says as text, without its SQLSTATE; the server's own line is read out of it.
"""

import re
import shutil
from enum import StrEnum

from forecasting.settings import Settings
from forecasting.store.lake.sql import first_line


class LakeFault(StrEnum):
    """What kind of error it is, and so what is to be done about it."""

    BUSY = "busy"
    """Another process was first: trying again heals it."""
    LOST = "lost"
    """The catalog's server or the object store is away, restarting, or has no connection left: trying again a little
    later heals it."""
    BROKEN = "broken"
    """The same, and this connection answers nothing more: trying again with another one heals it."""
    FULL = "full"
    """A disk has no room."""
    DENIED = "denied"
    """The role or user may not do this: nothing heals it but a grant."""
    REFUSED = "refused"
    """The server answers, but lets nobody in under this name: the setting is wrong."""
    OTHER = "other"


_FULL = ("No space left", "disk is full", "Disk quota exceeded")
_DENIED = (
    "permission denied for",
    "must be owner",
    "in a read-only transaction",
    "attempt to write a readonly database",
)
_REFUSED = ("authentication failed", "no pg_hba.conf entry", "no password supplied", "is not permitted to log in")
_UNKNOWN = re.compile(r'(?:role|database) "[^"]*" does not exist')
_ABORTED = "Current transaction is aborted"
_LOST = (
    "server closed the connection",
    "terminating connection",
    "connection to server was lost",
    "no connection to the server",
    "could not receive data",
    "could not send data",
    "SSL connection has been closed",
    "SSL SYSCALL error",
    "Connection refused",
    "Connection reset",
    "Connection timed out",
    "timeout expired",
    "the database system is",
    "too many connections",
    "too many clients",
    "remaining connection slots",
    "Temporary failure in name resolution",
    # all that is left of a connection that broke while rows were taken, or before the commit
    _ABORTED,
    'Failed to execute query "ROLLBACK": ',
)
_BROKEN = ("Attempted to access index 0 within vector of size 0", "database has been invalidated")
"""How DuckDB ends where the server goes away while rows are read that the catalog keeps itself."""
_OF_STORE = re.compile(r"\bHTTP (?:GET|HEAD|PUT|POST|DELETE)\b|HTTP Error")
"""How DuckDB says that it talked to an object store."""
_STORE_LOST = (
    *("could not connect", "could not establish connection", "could not resolve host", "couldn't connect"),
    *("timeout", "timed out", "connection reset", "failed sending data", "failure when receiving data"),
    *("returned nothing", "empty reply", "transferred a partial file", "read error", "write error", "ssl connect"),
    *("HTTP 500", "HTTP 502", "HTTP 503", "HTTP 504", "HTTP 429", "SlowDown", "Internal Server Error"),
    *("Service Unavailable", "Bad Gateway", "connection error", "unknown error for HTTP"),
    # the marker, which every commit replaces, was replaced while it was read
    "ETag on reading file",
)
_STORE_DENIED = ("HTTP 401", "HTTP 403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden")
_BUSY = (
    "database is locked",
    "conflict",
    "could not serialize",
    "deadlock",
    "could not obtain lock",
    "lock timeout",
    # two commits at once wanted to be the same snapshot
    'unique constraint "ducklake_',
    "maximum retry count",
)
_LEAST_ROOM = 1_000_000
"""Bytes; SQLite reports an I/O error where it finds less than it needs for its journal and shared memory."""
_SERVER_LINE = re.compile(r"(?:ERROR|FATAL|PANIC):\s*(.+)")
_UNREACHABLE = re.compile(r"(?:failed: |(?=could not translate host name))(.+)")


def fault_of(error: Exception, settings: Settings) -> LakeFault:
    """The kind of an error of the database."""
    text = str(error)
    if is_full(error, settings):
        return LakeFault.FULL
    if is_of_store(error):
        lost = _has(text, _STORE_LOST)
        return LakeFault.LOST if lost else LakeFault.DENIED if _has(text, _STORE_DENIED) else LakeFault.OTHER
    if _has(text, _DENIED):
        return LakeFault.DENIED
    if _has(text, _REFUSED) or _UNKNOWN.search(text):
        return LakeFault.REFUSED
    if settings.catalog_file is None and _has(text, _BROKEN):
        return LakeFault.BROKEN
    if settings.catalog_file is None and _has(text, _LOST):
        return LakeFault.LOST
    return LakeFault.BUSY if _has(text, _BUSY) else LakeFault.OTHER


def is_of_store(error: Exception) -> bool:
    """Whether an error is the object store's, not the catalog's."""
    return bool(_OF_STORE.search(str(error)))


def is_full(error: Exception, settings: Settings) -> bool:
    """Whether a disk had no room."""
    if settings.catalog_file and _has(str(error), ("disk I/O error",)):
        return shutil.disk_usage(settings.catalog_file.parent).free < _LEAST_ROOM
    return _has(str(error), _FULL)


def cause_of(error: Exception) -> str:
    """What the server said, in one line; of another error its first line.

    The statement and the connection, which may hold a password, are left out.
    """
    text = str(error)
    found = _SERVER_LINE.search(text) or (
        _UNREACHABLE.search(text) if _has(text, _LOST) or "translate host" in text else None
    )
    if found:
        return found[1].strip()
    if _has(text, ('Failed to execute query "ROLLBACK": ', *_BROKEN)):
        return "the connection was lost"
    return first_line(error)


def full_message(settings: Settings, place: str) -> str:
    """The message of an error for a full disk."""
    return (
        f"{settings.data}: the disk is full ({place}); nothing was published and what was published before stays; "
        "free space and run again"
    )


def lost_message(settings: Settings, error: Exception, place: str) -> str:
    """The message of an error for a server that stays away."""
    server = f"{settings.data}: the object store" if is_of_store(error) else f"{settings.catalog}: the catalog's server"
    return f"{server} went away during {place}: {cause_of(error)}; what was published before stays; try again later"


def denied_message(settings: Settings, error: Exception) -> str:
    """The message of an error for a role or user that may not write, or whose keys the store does not take."""
    if is_of_store(error):
        return (
            f"{settings.data}: the object store refuses: {cause_of(error)}; nothing was written; see the keys "
            "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or a DuckDB secret), their rights on the bucket, and "
            "FORECASTING_S3_ENDPOINT and FORECASTING_S3_REGION"
        )
    if settings.catalog_file:
        return (
            f"{settings.catalog_file}: this user may not write the catalog: {cause_of(error)}; nothing was written; "
            "ask for write permission on the file and its folder"
        )
    return (
        f"{settings.catalog}: the server lets this role not write: {cause_of(error)}; nothing was written; grant it "
        "SELECT, INSERT, UPDATE and DELETE on all tables of the catalog, or name another role in FORECASTING_CATALOG"
    )


def _has(text: str, marks: tuple[str, ...]) -> bool:
    small = text.lower()
    return any(mark.lower() in small for mark in marks)
