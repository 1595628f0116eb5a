"""Published rows for DuckDB clients, until somebody stops it."""

import secrets
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from forecasting.errors import SettingsError
from forecasting.settings import Settings
from forecasting.store.files.exports import read_bytes
from forecasting.store.queries.served import served

HOST, PORT = "127.0.0.1", 9494
LEAST_TOKEN = 16
"""Characters of a token that others choose."""


def run(
    settings: Settings,
    *,
    host: str = HOST,
    port: int = PORT,
    token_file: Path | None = None,
    ready: Callable[[str, str | None], None],
    until: threading.Event | None = None,
) -> None:
    """Serve until interrupted, or until the event is set.

    ready: called once with the address and the token, which is None where the file holds it. Raises SettingsError for
    an address or a token that cannot be used.
    """
    own = _read_token(token_file) if token_file else None
    token = own or secrets.token_urlsafe(24)
    address = f"{_shown_host(host)}:{port}"
    _require_free(host, port, address)
    with served(settings, address=address, token=token, to_others=is_open_to_others(host)):
        ready(address, None if own else token)
        try:
            (until or threading.Event()).wait()
        except KeyboardInterrupt:
            return


def is_open_to_others(host: str) -> bool:
    """Whether an address can be reached from other machines."""
    if host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def _require_free(host: str, port: int, address: str) -> None:
    """Raise SettingsError where nobody can listen; the extension itself would share a port with another server."""
    try:
        family, kind, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise SettingsError(f"serve: {address}: {error}; expected an address of this machine that is free") from error


def _shown_host(host: str) -> str:
    if not host or any(one in host for one in "/@ '"):
        raise SettingsError(f"--host {host!r}: expected a name or an address of this machine, such as {HOST}")
    return f"[{host}]" if ":" in host else host


def _read_token(path: Path) -> str:
    held = read_bytes(path)
    if held is None:
        raise SettingsError(f"--token-file {path}: cannot be read; expected a file with one line")
    token = held.decode(errors="replace").strip()
    if len(token) < LEAST_TOKEN or not token.isprintable() or " " in token:
        raise SettingsError(
            f"--token-file {path}: expected one line of at least {LEAST_TOKEN} characters without blanks; make one "
            "with: openssl rand -hex 24"
        )
    return token
