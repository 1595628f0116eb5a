"""Secrets are left out of every text that leaves the process: errors, messages, findings, logs.

What is a secret is known in two ways: by its place in a text (`password=...`, `//user:...@`, `?token=...`), and by its
value, where settings, definitions or the environment held it before. A value is recognised in every form that a library
may repeat it in: percent-encoded, quoted for SQL, for libpq or for JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
_LEAST = 6
"""Characters of a secret that is recognised by its value alone; a shorter one stands in too many words."""

_WORDS = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|credentials?|hmac|key[-_]?id"
    r"|(?:api|access|private|account|subscription|shared)[-_]?key"
)
_NAME = rf"[\w.-]*(?:{_WORDS})[\w.-]*"
_EQUALS = r"\s*(?:=>|:=|=|%3D)\s*"
_VALUE = r"""(?:''(?:[^']|'''')*''|'(?:[^'\\]|\\.|'')*'|\\?"(?:[^"\\]|\\.)*"|[^\s'"&;,)}\]<>]+)"""
_ASSIGNED = re.compile(rf"(?P<name>{_NAME}{_EQUALS})(?P<value>{_VALUE})", re.IGNORECASE)
_IN_JSON = re.compile(
    rf"""(?P<name>["']{_NAME}["']\s*:\s*)(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.IGNORECASE
)
_IN_SQL = re.compile(
    r"(?P<name>\b(?:password|secret|key_id|session_token|token)\s+)(?P<value>'(?:[^']|'')*')", re.IGNORECASE
)
_IN_QUERY = re.compile(
    r"(?P<name>(?:[?&]|%3F|%26)(?:[\w.-]*(?:sig|signature|auth|authorization|credential|session|sessionid|jwt|sas)|key|code|pass)"
    r"(?:=|%3D))(?P<value>[^\s'\"&;,)<>]+)",
    re.IGNORECASE,
)
_IN_HEADER = re.compile(r"(?P<name>\b(?:bearer|basic)\s+)(?P<value>[\w.~+/=-]{8,})", re.IGNORECASE)
_BEFORE_HOST = re.compile(r"(?P<name>\w[\w+.-]*://[^\s:/@'\"?]*:)(?P<value>[^\s'\"]+)(?=@)")
_ALONE_BEFORE_HOST = re.compile(r"(?P<name>\bhttps?://)(?P<value>[^\s:/@'\"?]+)(?=@)", re.IGNORECASE)
_KEY_OF_STORE = re.compile(
    r"(?P<name>\b)(?P<value>(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,})\b"
)
_ADDRESS = re.compile(r"\bhttps?://[^\s'\"<>?]*\?[^\s'\"<>]+", re.IGNORECASE)
_ANY_VALUE = re.compile(r"(?P<name>[?&][\w.%-]+=)(?P<value>[^&;,)]{6,})")
_PLAIN_VALUE = re.compile(r"[\d:.TZ+-]*")
"""Dates and numbers."""
_PLACES = (*(_BEFORE_HOST, _ALONE_BEFORE_HOST, _IN_JSON, _IN_SQL, _ASSIGNED, _IN_QUERY, _IN_HEADER, _KEY_OF_STORE),)
_SECRET_VARIABLE = re.compile(_WORDS, re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{\w")
"""How a definition names a secret without holding it."""
_FOLDERS = frozenset(("PWD", "OLDPWD"))
_FILES = re.compile(r"(?:_?file|_?path|_?dir)$", re.IGNORECASE)

_known: dict[str, None] = {}
"""Forms of the secrets of this process, the longest first: none is left over where a shorter one is its beginning."""


def remember_secrets(text: str) -> None:
    """Keep in mind the secrets that a connection, an address or a definition holds."""
    for pattern in _PLACES:
        for match in pattern.finditer(text):
            if not _VARIABLE.match(match["value"]):
                _remember(_bare(match["value"]))


def remember_value(secret: str) -> None:
    """Keep in mind a text that is a secret as a whole."""
    _remember(secret)


def remember_environment(environment: Mapping[str, str]) -> None:
    """Keep in mind what variables such as PGPASSWORD or AWS_SECRET_ACCESS_KEY hold, and secrets within any other."""
    for name, value in environment.items():
        if _SECRET_VARIABLE.search(name) and not _FILES.search(name) and name not in _FOLDERS:
            _remember(value)
        elif "=" in value or "@" in value:
            remember_secrets(value)


def redact(text: str) -> str:
    """The text with `***` in place of every secret."""
    for pattern in _PLACES:
        text = pattern.sub(_hide, text)
    # nobody knows what every service calls its keys: of an address only dates and short values are shown
    text = _ADDRESS.sub(lambda address: _ANY_VALUE.sub(_hide_unless_plain, address[0]), text)
    for secret in _known:
        text = text.replace(secret, HIDDEN)
    return text


def known_secrets() -> tuple[str, ...]:
    """Every form of the secrets that are known by their value."""
    return tuple(_known)


def redact_values(value: object) -> object:
    """The same of every text within lists and mappings."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redact_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [redact_values(one) for one in value]
    return value


def redact_error(error: BaseException | None) -> None:
    """Redact what an exception and those that led to it say, for a traceback shows them all."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.args = tuple(redact(one) if isinstance(one, str) else one for one in error.args)
        if notes := getattr(error, "__notes__", None):
            notes[:] = [redact(note) for note in notes]
        error = error.__cause__ or error.__context__


def _hide(match: re.Match[str]) -> str:
    value = match["value"]
    if set(value.strip("'\"\\")) <= {"*"} or _VARIABLE.match(value):
        return match[0]
    quoted = next((mark for mark in ("''", '\\"', "'", '"') if value.startswith(mark)), "")
    return f"{match['name']}{quoted}{HIDDEN}{quoted}"


def _hide_unless_plain(match: re.Match[str]) -> str:
    return match[0] if _PLAIN_VALUE.fullmatch(match["value"]) else _hide(match)


def _bare(value: str) -> str:
    """A value without the quotes around it and the escapes within."""
    for mark in ("''", '\\"', "'", '"'):
        if len(value) > 2 * len(mark) - 1 and value.startswith(mark) and value.endswith(mark):
            return re.sub(r"\\(.)", r"\1", value[len(mark) : -len(mark)].replace("''", "'"))
    return value


def _remember(secret: str) -> None:
    found = {form for form in _forms(secret) if len(form) >= _LEAST} | set(_known)
    _known.clear()
    _known.update(dict.fromkeys(sorted(found, key=lambda form: (-len(form), form))))


def _forms(secret: str) -> Iterator[str]:
    for plain in {secret, unquote(secret)}:
        escaped = plain.replace("\\", "\\\\")
        yield plain
        yield quote(plain, safe="")
        yield quote(plain)
        yield quote_plus(plain)
        yield plain.replace("'", "''")
        yield escaped
        yield escaped.replace("'", "\\'")
        yield escaped.replace("'", "''")
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield repr(plain)[1:-1]
